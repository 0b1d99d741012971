//! Taking everything in anew, into a store of a device that has written nothing.
//!
//! What a run or a page does not pass there is named by the code it would be refused with over a link.
//! Entries that go on from others that are missing may come from another source: they are named
//! only if, once everything was taken, they still cannot be.

use super::Progress;
use super::report::{Found, Report, SourceReport};
use super::source::{Given, Source};
use crate::courier::{Block, Blocks, Content, End, Piece};
use crate::store::evidence::{Evidence, Unreadable};
use crate::store::identity::Enrolment;
use crate::store::ledger::{Ledger, Place};
use crate::store::{Fault, Settings, courier, journal, replica, start};
use crate::time::SystemMachine;
use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tidegate_core::feed::{Cursor, FeedFault, SignedPage};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::journal::Run;
use tidegate_core::journal::RunFault;
use tidegate_core::journal::fork::Proof;
use tidegate_core::start::{SignedPart, SignedShelf};
use tidegate_core::sync::Rejected;
use tidegate_core::time::{SECOND_US, Timestamp};
use tidegate_core::trust::{Certificate, Identity, Rights, Role};

/// Entries taken in at once.
const AT_ONCE: usize = 4_096;
/// Far beyond any night: whoever only looks is never too late.
const EXPIRES: Timestamp = Timestamp(4_102_444_800 * SECOND_US);

/// Runs that were refused: where, with which code, of whose journal; from which entry, and how many.
type Refused = BTreeMap<(String, String, JournalId), (u64, u64)>;

/// The store that everything is taken into.
pub struct Replay<'g> {
    pub(super) given: &'g Given,
    pub(super) ledger: Ledger,
    pub(super) report: Report,
    pub(super) evidence: Vec<(String, Evidence)>,
    refused: Refused,
    runs: Vec<Run>,
    _folder: TempDir,
}

impl<'g> Replay<'g> {
    /// Nothing taken in yet.
    pub fn new(given: &'g Given) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = Place { folder: folder.path().to_owned(), vfs: None, fingerprint: None };
        let settings = Settings { can_ask: false, clock_offset_s: 0 };
        let ledger = Ledger::open(&place, auditor(given), settings, Arc::new(SystemMachine::new()))?;
        // What is lost with the power is made anew.
        let fast = ledger.connection().pragma_update(None, "synchronous", "OFF");
        fast.map_err(Fault::from)?;
        let report = Report {
            event: given.event.to_string(),
            ca: HEXLOWER.encode(&given.ca.0),
            ca_from: if given.ca_given { "given" } else { "inside" }.into(),
            ..Report::default()
        };
        let (evidence, refused, runs) = (Vec::new(), Refused::new(), Vec::new());
        Ok(Self { given, ledger, report, evidence, refused, runs, _folder: folder })
    }

    /// Takes all of a source in.
    pub fn take(&mut self, source: &Source, progress: Progress<'_>) -> anyhow::Result<()> {
        let path = source.path().display().to_string();
        self.report.sources.push(SourceReport { path, kind: source.kind().into(), ..SourceReport::default() });
        match source {
            Source::Folder(folder) => self.folder(folder, progress)?,
            Source::File(file) => self.file(file, progress)?,
            Source::Proof(proof) => self.proof(proof)?,
        }
        self.flush()
    }

    /// Whether something waits for entries that another source may have.
    pub fn is_waiting(&self) -> bool {
        self.refused.keys().any(|(_, code, _)| waits(code))
    }

    /// Takes a source in once more: entries that waited go on from what has come since.
    pub fn take_again(&mut self, source: &Source, progress: Progress<'_>) -> anyhow::Result<()> {
        self.refused.retain(|(_, code, _), _| !waits(code));
        let (report, evidence) = (self.report.clone(), std::mem::take(&mut self.evidence));
        self.take(source, progress)?;
        (self.report, self.evidence) = (report, evidence);
        Ok(())
    }

    /// Names what was refused.
    pub fn name_refused(&mut self) {
        for ((source, code, journal), (first, runs)) in std::mem::take(&mut self.refused) {
            let more = if runs > 1 { format!(", and {} more runs of it", runs - 1) } else { String::new() };
            let what = format!("entries from {first} on were not taken{more}: {}", meaning(&code));
            let found = Found::broken(&code, what).at(&source).of(journal).entry(format!("{journal}:{first}"));
            self.report.found.push(found);
        }
    }

    fn at(&self) -> String {
        self.report.sources.last().map(|source| source.path.clone()).unwrap_or_default()
    }

    fn note(&mut self, found: Found) {
        let found = found.at(&self.at());
        self.report.found.push(found);
    }

    fn folder(&mut self, folder: &Path, progress: Progress<'_>) -> anyhow::Result<()> {
        let evidence = match Evidence::open(folder) {
            Ok(evidence) => evidence,
            Err(fault) => {
                self.note(Found::broken("database_damaged", fault.to_string()));
                return Ok(());
            }
        };
        if let Err(fault) = self.database(&evidence, progress) {
            // What SQLite cannot read is damage; what we cannot do is not.
            let fault = fault.downcast::<Fault>()?;
            self.note(Found::broken("database_damaged", fault.to_string()));
        }
        let at = self.at();
        self.evidence.push((at, evidence));
        Ok(())
    }

    fn database(&mut self, evidence: &Evidence, progress: Progress<'_>) -> anyhow::Result<()> {
        progress("reading the database", 0);
        for line in evidence.integrity()? {
            self.note(Found::broken("database_damaged", line));
        }
        evidence.start(|part| match part {
            Some(part) => self.part(&part),
            None => self.unreadable_feed("a part of a start"),
        })?;
        evidence.shelves(|shelf| match shelf {
            Some(shelf) => self.shelf(&shelf),
            None => self.unreadable_feed("a shelf of tickets"),
        })?;
        evidence.pages(|page| {
            match page {
                Some(page) => self.page(&page)?,
                None => self.unreadable_feed("a page of the feed")?,
            }
            progress("pieces of the feed", self.report.sources.last().map_or(0, |source| source.pages));
            Ok(())
        })?;
        evidence.runs(|run| {
            match run {
                Ok(run) => self.run(run)?,
                Err(unreadable) => self.unreadable(&unreadable),
            }
            progress("entries", self.report.sources.last().map_or(0, |source| source.entries));
            Ok(())
        })?;
        Ok(())
    }

    fn unreadable(&mut self, Unreadable { code, journal, first }: &Unreadable) {
        let what = match *code {
            "journal_gap" => format!("entry {first} is missing"),
            "unsigned_end" => format!("entries from {first} on are under no signature"),
            _ => "its author's certificate cannot be read".to_owned(),
        };
        self.note(Found::broken(code, what).of(journal).entry(format!("{journal}:{first}")));
    }

    fn file(&mut self, path: &Path, progress: Progress<'_>) -> anyhow::Result<()> {
        let mut blocks = Blocks::new(BufReader::new(File::open(path)?));
        let (mut expected, mut seen, mut end) = (0, End::default(), None);
        while let Some(piece) = blocks.next_piece()? {
            let raw = match piece {
                Piece::Block(raw) => raw,
                Piece::Damaged { at, length, .. } => {
                    let what = format!("{length} bytes from byte {at} on are damaged, or cut short");
                    self.note(Found::broken("block_damaged", what));
                    continue;
                }
            };
            let Ok(Block { number, content }) = Block::decode(&raw) else {
                self.note(Found::broken("block_of_later_version", "a block was written by a later version"));
                expected += 1;
                continue;
            };
            if number != expected {
                self.note(Found::broken(
                    "block_missing",
                    format!("block {expected} is not there, {number} follows"),
                ));
            }
            (expected, seen.blocks) = (number.saturating_add(1), seen.blocks + 1);
            if !self.content(content, &mut seen, &mut end)? {
                return Ok(());
            }
            progress("entries", seen.entries);
        }
        match end {
            None => self.note(Found::broken("file_cut_short", "the file has no end: what came last is missing")),
            Some(said) if (said.entries, said.pages) != (seen.entries, seen.pages) => {
                let what = format!("{} of {} entries are there", seen.entries, said.entries);
                self.note(Found::broken("file_incomplete", what));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Takes what a block holds; `false` where the rest of the file is nothing for us.
    fn content(&mut self, content: Content, seen: &mut End, end: &mut Option<End>) -> anyhow::Result<bool> {
        match content {
            Content::About(about) => match about.open(&self.given.ca) {
                Ok(about) if about.event != self.given.event => {
                    self.note(Found::broken("wrong_event", format!("the file is of {}", about.event)));
                    return Ok(false);
                }
                Ok(_) => {}
                Err(fault) => {
                    self.note(Found::broken(fault.code(), format!("whoever wrote the file is unknown: {fault}")));
                }
            },
            Content::Runs(runs) => {
                for run in runs {
                    seen.entries += run.entries.len() as u64;
                    self.run(run)?;
                }
            }
            Content::Start(parts) => {
                seen.pages += parts.len() as u64;
                parts.iter().try_for_each(|part| self.part(part))?;
            }
            Content::Shelves(shelves) => {
                seen.pages += shelves.len() as u64;
                shelves.iter().try_for_each(|shelf| self.shelf(shelf))?;
            }
            Content::Pages(pages) => {
                for page in pages {
                    seen.pages += 1;
                    self.page(&page)?;
                }
            }
            Content::End(said) => *end = Some(said),
        }
        Ok(true)
    }

    fn proof(&mut self, path: &Path) -> anyhow::Result<()> {
        let proof = Proof::from_bytes(&std::fs::read(path)?);
        let proof = proof.map(|proof| proof.verify(&self.given.ca).map(|forked| (forked, proof)));
        let found = match proof {
            None => Found::broken("proof_unreadable", "the proof cannot be read"),
            Some(Err(why)) => Found::broken(why.code(), format!("it proves nothing: {why}")),
            Some(Ok((forked, proof))) => {
                let (name, after) = (&forked.author.name, forked.after);
                let what = format!("it holds: {name} signed two histories after its entry {after}");
                let report = crate::store::findings::report(&proof, &forked);
                Found { fork: Some(report), ..Found::noted("fork_proven", what).of(forked.journal) }
            }
        };
        self.note(found);
        Ok(())
    }

    fn part(&mut self, part: &SignedPart) -> Result<(), Fault> {
        self.count_feed();
        let refused = self.ledger.run(|tx| start::take(tx, "auditor", std::slice::from_ref(part)))?;
        refused.into_iter().for_each(|fault| self.refused_feed("a part of a start", fault));
        Ok(())
    }

    fn shelf(&mut self, shelf: &SignedShelf) -> Result<(), Fault> {
        self.count_feed();
        let refused = self.ledger.run(|tx| start::rows::take(tx, shelf))?.err();
        refused.into_iter().for_each(|fault| self.refused_feed("a shelf of tickets", fault));
        Ok(())
    }

    fn count_feed(&mut self) {
        if let Some(source) = self.report.sources.last_mut() {
            source.pages += 1;
        }
    }

    fn unreadable_feed(&mut self, what: &str) -> Result<(), Fault> {
        self.note(Found::broken("feed_unreadable", format!("{what} cannot be read")));
        Ok(())
    }

    fn refused_feed(&mut self, what: &str, fault: FeedFault) {
        let told = format!("{what} was not taken: {fault}");
        self.note(match fault {
            // Whoever began later has no pages from before: then what changed between is not known, and nobody did wrong.
            FeedFault::Gap => Found::noted(fault.code(), told),
            _ => Found::broken(fault.code(), told),
        });
    }

    fn page(&mut self, page: &SignedPage) -> Result<(), Fault> {
        self.count_feed();
        // Each is under its own signature, also one that brings nothing any more.
        let alone = page.range().map(|(epoch, from, _)| Cursor { epoch, revision: from }).unwrap_or_default();
        let signed = page.open(&self.given.feed_key, self.given.event, alone).map(drop);
        let refused = match signed {
            Ok(()) if courier::is_ahead(self.ledger.memory().cursor, page) => {
                self.ledger.run(|tx| replica::take(tx, "auditor", std::slice::from_ref(page)))?
            }
            Ok(()) => None,
            Err(fault) => Some(fault),
        };
        refused.into_iter().for_each(|fault| self.refused_feed("a page of the feed", fault));
        Ok(())
    }

    fn run(&mut self, run: Run) -> Result<(), Fault> {
        if let Some(source) = self.report.sources.last_mut() {
            source.entries += run.entries.len() as u64;
        }
        self.runs.push(run);
        let waiting: usize = self.runs.iter().map(|run| run.entries.len()).sum();
        if waiting >= AT_ONCE { self.flush_runs() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.flush_runs()?)
    }

    fn flush_runs(&mut self) -> Result<(), Fault> {
        let (runs, at) = (std::mem::take(&mut self.runs), self.at());
        let refused = self.ledger.run(|tx| journal::take(tx, "auditor", &runs))?;
        for Rejected { journal, first, code } in refused {
            let (from, count) = self.refused.entry((at.clone(), code, journal)).or_insert((first, 0));
            (*from, *count) = ((*from).min(first), *count + 1);
        }
        Ok(())
    }
}

fn waits(code: &str) -> bool {
    [RunFault::Gap, RunFault::Astray].iter().any(|fault| fault.code() == code)
}

/// What a run's code means to an auditor.
fn meaning(code: &str) -> &'static str {
    match code {
        "journal_gap" | "journal_astray" => "entries before them are missing, or were changed",
        "bad_signature" => "they are not what their author signed",
        "untrusted_device" => "their author was not enrolled by this installation",
        "wrong_event" => "their author worked for another event",
        "wrong_author" => "the certificate is another device's",
        "run_size" => "no author writes as much at once",
        _ => "they would be refused over any link",
    }
}

/// A device that has written nothing and never will: only what it is pinned to matters.
fn auditor(given: &Given) -> Enrolment {
    let key = SigningKey::from_bytes(&rand::random());
    let identity = Identity {
        event: given.event,
        device: DeviceId(rand::random()),
        key: key.verifying_key().into(),
        role: Role::Kiosk,
        rights: Rights::default(),
        name: "auditor".into(),
        issued: Timestamp(0),
        expires: EXPIRES,
    };
    let certificate = Certificate::issue(&key, &identity);
    Enrolment { identity, certificate, key, ca: given.ca, feed_key: given.feed_key, cloud: String::new() }
}
