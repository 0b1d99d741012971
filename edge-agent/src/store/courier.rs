//! Blocks of a file for a stick, out of the store and into it.
//!
//! Out: who we are, then every journal we know with all its branches, then the start that we began
//! with, the rows behind it and the feed's pages after it, one bounded block after the other, from one committed
//! state. In: the very same ways as over a
//! link; what is known already changes nothing, what cannot be taken is set aside with its
//! evidence, and the rest flows. A stick is nobody who was heard.

use super::journal::{self, run_after};
use super::memory::Memory;
use super::start::rows;
use super::tx::Tx;
use super::{Fault, exposure, replica, rights, start};
use crate::courier::{About, BLOCK_ENTRIES, Content, Damaged, End, MAGIC, SignedAbout, encode};
use crate::store::identity::Enrolment;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_core::api::{Imported, NewEntries};
use tidegate_core::feed::{Cursor, SignedPage};
use tidegate_core::id::JournalId;
use tidegate_core::journal::{Run, RunFault};
use tidegate_core::start::{Place, SignedPart, SignedShelf};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Rights;

/// Which journals a file carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Every journal known here, and the feed.
    Everything,
    /// This device's own journals alone.
    Own,
}

/// A file as it is written, block by block.
pub struct Outbound {
    memory: Arc<Memory>,
    about: SignedAbout,
    carries: Carries,
    journals: Vec<JournalId>,
    step: Step,
    wrote: End,
}

enum Step {
    About,
    /// Of this journal, this part, after this entry.
    Runs(usize, usize, u64),
    /// This part of the start.
    Start(u32),
    /// The rows behind it, after this place.
    Shelves(Place),
    Pages(Cursor),
    End,
    Done,
}

impl Outbound {
    /// The file of the state in `memory`, made at `now`.
    pub fn new(memory: Arc<Memory>, enrolment: &Enrolment, now: Timestamp, carries: Carries) -> Self {
        let about = About {
            event: enrolment.event(),
            device: enrolment.identity.device,
            name: enrolment.identity.name.clone(),
            made: now,
            ca: enrolment.ca,
            feed_key: enrolment.feed_key,
            vector: memory.vector.clone(),
            cursor: memory.cursor,
        };
        let about = SignedAbout::sign(&enrolment.key, &enrolment.certificate, &about);
        let ours = |id: &&JournalId| carries == Carries::Everything || id.device == memory.own.device;
        let journals = memory.authors.keys().filter(ours).copied().collect();
        Self { memory, about, carries, journals, step: Step::About, wrote: End::default() }
    }

    /// The next bytes of the file; none at its end.
    pub fn next_bytes(&mut self, connection: &Connection) -> Result<Option<Vec<u8>>, Fault> {
        let Some(content) = self.content(connection)? else { return Ok(None) };
        let raw = encode(self.wrote.blocks, &content);
        let first = self.wrote.blocks == 0;
        self.wrote.blocks += 1;
        Ok(Some(if first { [&MAGIC[..], &raw].concat() } else { raw }))
    }

    /// What was given so far.
    pub fn wrote(&self) -> End {
        self.wrote
    }

    fn content(&mut self, connection: &Connection) -> Result<Option<Content>, Fault> {
        loop {
            match self.step {
                Step::About => {
                    self.step = Step::Runs(0, 0, 0);
                    return Ok(Some(Content::About(Box::new(self.about.clone()))));
                }
                Step::Runs(journal, part, after) => {
                    let runs = self.runs(connection, (journal, part, after))?;
                    if !runs.is_empty() {
                        self.wrote.entries += runs.iter().map(|run| run.entries.len() as u64).sum::<u64>();
                        return Ok(Some(Content::Runs(runs)));
                    }
                    self.step = match self.carries {
                        Carries::Everything => Step::Start(0),
                        Carries::Own => Step::End,
                    };
                }
                Step::Start(number) => match start::kept_part(connection, &self.memory, number)? {
                    Some(part) => {
                        self.step = Step::Start(number + 1);
                        self.wrote.pages += 1;
                        return Ok(Some(Content::Start(vec![part])));
                    }
                    None => {
                        let base = start::base(connection, &self.memory)?;
                        self.step = base.map_or(Step::Pages(Cursor::default()), Step::Shelves);
                    }
                },
                Step::Shelves(place) => {
                    let pages = Step::Pages(Cursor { epoch: place.epoch, revision: place.since });
                    let Some((shelf, next)) = rows::shelf_after(connection, place)? else {
                        self.step = pages;
                        continue;
                    };
                    self.step = next.map_or(pages, Step::Shelves);
                    self.wrote.pages += 1;
                    return Ok(Some(Content::Shelves(vec![shelf])));
                }
                Step::Pages(cursor) => match self.page(connection, cursor)? {
                    Some(page) => {
                        self.wrote.pages += 1;
                        return Ok(Some(Content::Pages(vec![page])));
                    }
                    None => self.step = Step::End,
                },
                Step::End => {
                    self.step = Step::Done;
                    return Ok(Some(Content::End(self.wrote)));
                }
                Step::Done => return Ok(None),
            }
        }
    }

    /// The runs of one block, from this place on.
    fn runs(&mut self, connection: &Connection, from: (usize, usize, u64)) -> Result<Vec<Run>, Fault> {
        let (mut journal, mut part, mut after) = from;
        let (mut runs, mut entries) = (Vec::new(), 0);
        while let Some(id) = self.journals.get(journal).filter(|_| entries < BLOCK_ENTRIES) {
            let parts = self.memory.parts(id);
            let Some(found) = parts.get(part) else {
                (journal, part, after) = (journal + 1, 0, 0);
                continue;
            };
            let after_base = after.max(found.segment.base);
            match run_after(connection, &self.memory, (*id, found), after_base)? {
                // What was written since the state we stand on belongs to the next file.
                Some(run) if after_base < found.segment.last => {
                    after = run.last();
                    entries += run.entries.len();
                    runs.push(run);
                }
                Some(_) | None => (part, after) = (part + 1, 0),
            }
        }
        self.step = Step::Runs(journal, part, after);
        Ok(runs)
    }

    fn page(&mut self, connection: &Connection, cursor: Cursor) -> Result<Option<SignedPage>, Fault> {
        let (pages, _) = replica::pages_after(connection, cursor)?;
        let Some(page) = pages.into_iter().next() else { return Ok(None) };
        let damaged = || Fault::Corrupt("a page of the feed".into());
        let (epoch, _, revision) = page.range().ok_or_else(damaged)?;
        self.step = Step::Pages(Cursor { epoch, revision });
        Ok(Some(page))
    }
}

/// Takes in what a block holds.
pub fn take(tx: &mut Tx<'_>, source: &str, content: &Content) -> Result<Imported, Fault> {
    let mut told = Imported { block: content.name().into(), ..Imported::default() };
    match content {
        Content::About(about) => hear_of(tx, about)?,
        Content::Runs(runs) => take_runs(tx, source, runs, &mut told)?,
        Content::Start(parts) => take_start(tx, source, parts, &mut told)?,
        Content::Shelves(shelves) => take_shelves(tx, source, shelves, &mut told)?,
        Content::Pages(pages) => take_pages(tx, source, pages, &mut told)?,
        Content::End(_) => {}
    }
    Ok(told)
}

/// Keeps what could not be read of a file.
pub fn keep_damaged(tx: &Tx<'_>, source: &str, why: Damaged, bytes: &[u8]) -> Result<Imported, Fault> {
    tx.set_aside(source, why.code(), bytes)?;
    Ok(Imported { block: "damaged".into(), set_aside: vec![why.code().into()], ..Imported::default() })
}

/// What the writer had when it wrote the file, where it says so itself: so much of ours is not here alone.
/// It confirms no rights: what it has heard since nobody knows.
fn hear_of(tx: &mut Tx<'_>, about: &SignedAbout) -> Result<(), Fault> {
    match about.open(&tx.enrolment.ca) {
        Ok(about) if about.device != tx.enrolment.identity.device => {
            exposure::told(tx, Some(about.device), &about.vector)
        }
        Ok(_) | Err(_) => Ok(()), // what it brings is believed for its own signatures
    }
}

fn take_runs(tx: &mut Tx<'_>, source: &str, runs: &[Run], told: &mut Imported) -> Result<(), Fault> {
    let known = |tx: &Tx<'_>| {
        let count = |id: &JournalId| tx.memory.parts(id).iter().map(|p| p.segment.last - p.segment.base).sum();
        runs.iter().map(|run| (run.journal, count(&run.journal))).collect::<BTreeMap<JournalId, u64>>()
    };
    let before = known(tx);
    for rejected in journal::take(tx, source, runs)? {
        let waits = [RunFault::Gap, RunFault::Astray].iter().any(|fault| fault.code() == rejected.code);
        match waits {
            true => told.waiting += 1,
            false => told.set_aside.push(rejected.code),
        }
    }
    for (journal, entries) in known(tx) {
        let entries = entries - before.get(&journal).copied().unwrap_or(0);
        let device = tx.memory.catalogue.device_name(journal.device);
        let new = NewEntries { journal: journal.to_string(), device, entries };
        told.new.extend((entries > 0).then_some(new));
    }
    let rights = tx.enrolment.identity.all_rights();
    if !told.new.is_empty() && (rights.holds(Rights::SERVE) || rights.holds(Rights::ADMIT)) {
        rights::accept_offers(tx)?;
        rights::pay_deficits(tx)?;
    }
    Ok(())
}

/// A start is for whoever has not begun, or with an earlier life of the cloud.
fn take_start(tx: &mut Tx<'_>, source: &str, parts: &[SignedPart], told: &mut Imported) -> Result<(), Fault> {
    for part in parts {
        let before = tx.memory.start.progress();
        let refused = start::take(tx, source, std::slice::from_ref(part))?;
        told.set_aside.extend(refused.map(|fault| fault.code().into()));
        told.pages += u64::from(tx.memory.start.progress() != before);
    }
    start::look(tx)
}

fn take_shelves(tx: &mut Tx<'_>, source: &str, shelves: &[SignedShelf], told: &mut Imported) -> Result<(), Fault> {
    for shelf in shelves {
        match rows::take(tx, shelf)? {
            Ok(led_on) => told.pages += u64::from(led_on),
            Err(fault) => {
                tx.set_aside(source, fault.code(), &minicbor::to_vec(shelf).unwrap_or_default())?;
                told.set_aside.push(fault.code().into());
            }
        }
    }
    Ok(())
}

fn take_pages(tx: &mut Tx<'_>, source: &str, pages: &[SignedPage], told: &mut Imported) -> Result<(), Fault> {
    for page in pages {
        if !is_ahead(tx.memory.cursor, page) {
            continue;
        }
        match replica::take(tx, source, std::slice::from_ref(page))? {
            None => told.pages += 1,
            Some(fault) => told.set_aside.push(fault.code().into()),
        }
    }
    Ok(())
}

/// Whether a page may bring something: what is behind us, or of another life of the cloud, is no fault of
/// whoever brings it.
pub fn is_ahead(cursor: Cursor, page: &SignedPage) -> bool {
    let fresh = cursor == Cursor::default();
    page.range().is_none_or(|(epoch, _, to)| fresh || (epoch == cursor.epoch && to > cursor.revision))
}
