//! What a device brings: each run verified from what is here, each entry taken once.
//!
//! A run goes on from a point that its sender names by the hash there. Where that is
//! not the end of anything here, or an entry differs from what is here, its author has
//! written several histories: all of them are kept, as branches of the journal.

use super::{MAX_BRANCHES, MAX_INCARNATIONS};
use crate::app::App;
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::Tx;
use crate::store::books::{self, AsideRecord};
use crate::store::journals::JournalRecord;
use crate::store::parts::{self, Part, Point};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tidegate_core::fold::Act;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};
use tidegate_core::journal::{Run, RunFault, Verified, genesis};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Head, MAX_JOURNALS, Rejected};
use tidegate_core::trust::{Identity, Role, TrustFault};

/// Things set aside in one event: enough to see what somebody tries, not to fill a disk.
const MAX_ASIDE: u64 = 256;

/// Takes runs that `brought_by` sent; gives those that were not taken. The books are still to be closed.
pub async fn take(
    tx: &mut Tx,
    (app, books): (&App, &mut Books<'_>),
    brought_by: DeviceId,
    mut runs: Vec<Run>,
) -> Result<Vec<Rejected>, Fault> {
    runs.sort_by_key(|run| (run.journal, run.first));
    let (mut fresh, mut rejected) = (Vec::new(), Vec::new());
    for run in runs {
        match admit(tx, app, books, &run).await? {
            Ok(acts) => fresh.extend(acts),
            Err(Refused { code, evidence }) => {
                tracing::warn!(journal = %run.journal, first = run.first, code, "run not taken");
                if evidence {
                    set_aside(tx, app, (books.event, brought_by), &run, code).await?;
                }
                rejected.push(Rejected { journal: run.journal, first: run.first, code: code.into() });
            }
        }
    }
    books.fold(tx, fresh).await?;
    Ok(rejected)
}

/// Why a run is not taken.
struct Refused {
    code: &'static str,
    evidence: bool,
}

impl From<RunFault> for Refused {
    /// What goes on from entries that are not here is no evidence of anything: they come by whoever has them.
    fn from(fault: RunFault) -> Self {
        Self { code: fault.code(), evidence: !matches!(fault, RunFault::Gap | RunFault::Astray) }
    }
}

impl Refused {
    fn beyond(code: &'static str) -> Self {
        Self { code, evidence: true }
    }
}

type Taken = Result<Vec<(TicketId, Act)>, Refused>;

async fn admit(tx: &mut Tx, app: &App, books: &mut Books<'_>, run: &Run) -> Result<Taken, Fault> {
    let author = match author(app, books.event, run) {
        Ok(author) => author,
        Err(fault) => return Ok(Err(fault.into())),
    };
    let journal = match books.journals.get(&run.journal).cloned() {
        Some(journal) => journal,
        None if !may_begin(books, run.journal) => return Ok(Err(Refused::beyond("too_many_journals"))),
        None => books.begin(tx, run.journal, run.certificate.to_bytes()).await?,
    };
    let parts = books.parts(tx, &journal).await?;
    let (at, entries) = match fresh_part(tx, books.event, (&journal, &parts), &author, run).await? {
        Ok((_, entries)) if entries.is_empty() => return Ok(Ok(Vec::new())),
        Ok(fresh) => fresh,
        Err(fault) => return Ok(Err(fault.into())),
    };
    let branches_off = parts.get(at.part).is_some_and(|part| part.segment.last != at.sequence);
    if branches_off && parts.len() >= MAX_BRANCHES {
        return Ok(Err(Refused::beyond("too_many_branches")));
    }
    // What the cloud wrote and is not here was written by another life of it, which may go on elsewhere.
    let closed = journal.closed || author.role == Role::Cloud;
    let journal = JournalRecord { closed, ..journal };
    books.insert(tx, (journal, at), &author, (entries, Some(run.signature))).await.map(Ok)
}

fn author(app: &App, event: EventId, run: &Run) -> Result<Arc<Identity>, RunFault> {
    let author = app.identity(&run.certificate)?;
    if author.event != event {
        return Err(TrustFault::Event.into());
    }
    if author.device != run.journal.device { Err(RunFault::Author) } else { Ok(author) }
}

/// Whether entries of a journal are taken: of one that is here, or where there are not too many.
pub fn may_begin(books: &Books<'_>, journal: JournalId) -> bool {
    let own = books.journals.keys().filter(|known| known.device == journal.device);
    let room = books.journals.len() < MAX_JOURNALS && own.count() < MAX_INCARNATIONS;
    room || books.journals.contains_key(&journal)
}

/// The entries of a run that are not here yet, and where they go on from.
async fn fresh_part(
    tx: &mut Tx,
    event: EventId,
    (journal, parts): (&JournalRecord, &[Part]),
    author: &Identity,
    run: &Run,
) -> Result<Result<(Point, Vec<Verified>), RunFault>, Fault> {
    let points = match anchors(tx, event, (journal, parts), run).await? {
        Ok(points) => points,
        Err(RunFault::Astray) => return Ok(Err(astray(event, author, run))),
        Err(fault) => return Ok(Err(fault)),
    };
    let mut fits = Err(RunFault::Gap);
    for from in points {
        fits = run.verify(event, &author.key, from.hash).map(|entries| (from, entries));
        if fits.is_ok() {
            break;
        }
    }
    match fits {
        Ok(fitting) => Ok(Ok(follow(tx, event, (journal, parts), fitting).await?)),
        Err(fault) => Ok(Err(fault)),
    }
}

/// Where a run may go on from: one point, unless its sender knows of no branches and there are several.
async fn anchors(
    tx: &mut Tx,
    event: EventId,
    (journal, parts): (&JournalRecord, &[Part]),
    run: &Run,
) -> Result<Result<Vec<Point>, RunFault>, Fault> {
    let Some(before) = run.first.checked_sub(1) else { return Ok(Err(RunFault::Size)) };
    if before == 0 {
        return Ok(Ok(vec![Point { part: 0, sequence: 0, hash: genesis(event, journal.id) }]));
    }
    if parts.iter().all(|part| part.segment.last < before) {
        return Ok(Err(RunFault::Gap));
    }
    if let Some(hash) = run.previous {
        let point = Head { sequence: before, hash };
        let found = parts::find(tx, event, &[(journal.id, parts, vec![point])]).await?;
        let part = found.get(&(journal.id, point)).copied();
        return Ok(part.map(|part| vec![Point { part, sequence: before, hash }]).ok_or(RunFault::Astray));
    }
    let holding: Vec<usize> = (0..parts.len()).filter(|part| parts[*part].holds(before)).collect();
    let places: Vec<_> = holding.iter().map(|part| (journal.id, *part as u32, before)).collect();
    let hashes = parts::hashes(tx, event, &places).await?.into_iter().zip(holding);
    Ok(Ok(hashes.filter_map(|(hash, part)| Some(Point { part, sequence: before, hash: hash? })).collect()))
}

/// Whether a run that goes on from what is not here is at least its author's.
fn astray(event: EventId, author: &Identity, run: &Run) -> RunFault {
    let previous = run.previous.unwrap_or(Hash([0; 32])); // who names none is never astray
    run.verify(event, &author.key, previous).err().unwrap_or(RunFault::Astray)
}

/// Goes on over entries that are here already.
async fn follow(
    tx: &mut Tx,
    event: EventId,
    (journal, parts): (&JournalRecord, &[Part]),
    (from, mut entries): (Point, Vec<Verified>),
) -> Result<(Point, Vec<Verified>), Fault> {
    let longest = parts.iter().map(|part| part.segment.last).max().unwrap_or(0);
    let point = |entry: &Verified| Head { sequence: entry.id.sequence, hash: entry.id.hash };
    let points: Vec<Head> = entries.iter().map(point).take_while(|point| point.sequence <= longest).collect();
    // The chain makes one hash speak for all before it, and mostly the last one does.
    let last = points.last().copied().into_iter().collect();
    let mut found = parts::find(tx, event, &[(journal.id, parts, last)]).await?;
    if found.is_empty() {
        found = parts::find(tx, event, &[(journal.id, parts, points.clone())]).await?;
    }
    let known = points.iter().enumerate().rev();
    let here = known.filter_map(|(place, point)| Some((place, point, found.get(&(journal.id, *point))?))).next();
    Ok(match here {
        Some((place, Head { sequence, hash }, part)) => {
            (Point { part: *part, sequence: *sequence, hash: *hash }, entries.split_off(place + 1))
        }
        None => (from, entries),
    })
}

async fn set_aside(
    tx: &mut Tx,
    app: &App,
    (event, brought_by): (EventId, DeviceId),
    run: &Run,
    code: &'static str,
) -> Result<(), Fault> {
    if books::aside_count(tx, event).await? >= MAX_ASIDE {
        return Ok(());
    }
    let body = minicbor::to_vec(run).unwrap_or_default(); // to a vector: cannot fail
    let aside = AsideRecord {
        digest: Hash(Sha256::digest(&body).into()),
        journal: run.journal,
        first: run.first,
        code,
        brought_by,
        body,
        at: app.now(),
    };
    Ok(books::set_aside(tx, event, &aside).await?)
}
