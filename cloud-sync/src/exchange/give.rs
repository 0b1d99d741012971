//! What a device gets: where we stand, the runs it lacks, the feed after its cursor.
//!
//! Runs are cut at heads that their author signed: the signature is kept with the
//! entry it was made over. Where a device has another history of a journal, it is told
//! points of ours, and gets what follows the last common one. All of it comes from one
//! snapshot.

use crate::app::App;
use crate::fault::Fault;
use crate::feed;
use crate::start;
use crate::store::Tx;
use crate::store::journals::{self, EntryRecord, JournalRecord};
use crate::store::parts::{self, Part, Place};
use std::collections::BTreeMap;
use tidegate_core::id::{EventId, JournalId};
use tidegate_core::journal::{MAX_RUN_ENTRIES, Run, RunFault};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{
    Head, Heads, Lack, MAX_MESSAGE_ENTRIES, MAX_TRACE_POINTS, MAX_TRACES, Rejected, Request, Response, Segment,
    Trace, Vector, lack, points, trace,
};
use tidegate_core::trust::Certificate;

/// Points of others that are looked up for one answer: the ends of all journals, and of some dozens of them
/// every point that is traced. Whoever names more gets what it may have.
const MAX_POINTS: usize = 16_384;

/// All journals with their parts.
type All = BTreeMap<JournalId, (JournalRecord, Vec<Part>)>;

/// Answers a request whose runs were taken, but for the `rejected` ones.
pub async fn give(tx: &mut Tx, app: &App, request: Request, rejected: Vec<Rejected>) -> Result<Response, Fault> {
    let all = all(tx, request.event).await?;
    let vector = vector(&all);
    let digest = vector.digest();
    let lacking = lacking(tx, &all, &request).await?;
    let (runs, more_runs) = runs(tx, request.event, &all, &lacking.parts).await?;
    let astray = rejected.iter().filter(|rejected| rejected.code == RunFault::Astray.code());
    let astray = lacking.astray.into_iter().chain(astray.map(|rejected| rejected.journal));
    let traces = traces(tx, request.event, &all, astray).await?;
    let (pages, more_pages) = match request.feed {
        Some(cursor) => feed::pages(tx, app, request.event, cursor).await?,
        None => (Vec::new(), false),
    };
    let (shelves, more_shelves) = match request.start.and_then(|asked| asked.rows) {
        Some(place) => start::shelves(tx, app, request.event, place).await?,
        None => (Vec::new(), false),
    };
    Ok(Response {
        digest,
        vector: Some(vector).filter(|_| digest != request.digest),
        runs,
        pages,
        rejected,
        more: more_runs || more_pages || more_shelves,
        now: app.now(),
        device: None,
        traces,
        lease_s: None,
        quality: None,
        start: Vec::new(),
        shelves,
    })
}

/// Where an event's journals end.
pub async fn frontier(tx: &mut Tx, event: EventId) -> Result<Vector, Fault> {
    Ok(vector(&all(tx, event).await?))
}

fn vector(all: &All) -> Vector {
    Vector(all.iter().map(|(id, (_, parts))| (*id, heads(parts))).collect())
}

async fn all(tx: &mut Tx, event: EventId) -> Result<All, Fault> {
    let journals = journals::of_event(tx, event).await?;
    let mut parts = parts::of_all(tx, event, &journals).await?;
    let begun = journals.into_iter().filter(|journal| journal.entries > 0);
    let all = begun.filter_map(|journal| Some((journal.id, (parts.remove(&journal.id)?, journal))));
    Ok(all.map(|(id, (parts, journal))| (id, (journal, parts))).collect())
}

fn heads(parts: &[Part]) -> Heads {
    Heads::of(parts.iter().map(Part::end).collect())
}

/// What somebody lacks.
#[derive(Default)]
struct Lacking {
    /// After these places.
    parts: Vec<Place>,
    /// Of these journals they know another history.
    astray: Vec<JournalId>,
}

async fn lacking(tx: &mut Tx, all: &All, request: &Request) -> Result<Lacking, Fault> {
    let mut lacking = Lacking::default();
    let Some(theirs) = &request.vector else { return Ok(lacking) };
    let differ = |id: &JournalId, parts: &[Part]| theirs.0.get(id).is_none_or(|theirs| *theirs != heads(parts));
    let ours: Vec<_> = all.iter().filter(|(id, (_, parts))| differ(id, parts)).collect();
    let mut room = MAX_POINTS;
    let asked = ours.iter().map(|(id, (_, parts))| {
        let said = theirs.0.get(id).map(Heads::all).unwrap_or_default().iter();
        let said: Vec<Head> = said.chain(points(&request.traces, **id)).take(room).copied().collect();
        room -= said.len();
        (**id, &parts[..], said)
    });
    let found = parts::find(tx, request.event, &asked.collect::<Vec<_>>()).await?;
    for (id, (_, parts)) in ours {
        let segments: Vec<Segment> = parts.iter().map(|part| part.segment).collect();
        let find = |point: &Head| Ok::<_, Fault>(found.get(&(*id, *point)).copied());
        match lack(&segments, theirs.0.get(id), points(&request.traces, *id), find)? {
            Lack::Astray => lacking.astray.push(*id),
            Lack::After(after) => lacking.parts.extend(after.into_iter().map(|(part, at)| (*id, part as u32, at))),
        }
    }
    Ok(lacking)
}

/// The runs after these places, as far as they fit into one message, and whether there are more.
async fn runs(tx: &mut Tx, event: EventId, all: &All, after: &[Place]) -> Result<(Vec<Run>, bool), Fault> {
    let (mut runs, mut left) = (Vec::new(), MAX_MESSAGE_ENTRIES as u64);
    let before: Vec<Place> = after.iter().map(|place| standing(all, *place)).collect();
    let previous = parts::hashes(tx, event, &before).await?;
    for (place, previous) in after.iter().zip(previous) {
        let Some((journal, _)) = all.get(&place.0) else { continue };
        let entries = journals::after(tx, event, *place, left).await?;
        let cut = cut(journal, entries, previous);
        left -= cut.iter().map(|run| run.entries.len() as u64).sum::<u64>();
        runs.extend(cut);
        if left == 0 {
            return Ok((runs, true));
        }
    }
    Ok((runs, false))
}

/// Where the entry stands after which something of a part is given: for its first ones on another part.
fn standing(all: &All, (journal, part, sequence): Place) -> Place {
    let parts = all.get(&journal).map(|(_, parts)| &parts[..]).unwrap_or_default();
    let of = |part: u32| parts.get(part as usize).map(|part| part.segment);
    let mut part = part;
    // Every branch goes off from a part before it.
    while let Some(parent) = of(part).filter(|part| part.base >= sequence).and_then(|part| part.parent) {
        part = parent as u32;
    }
    (journal, part, sequence)
}

/// Cuts entries in a row into runs that each end at a signed head.
fn cut(journal: &JournalRecord, entries: Vec<EntryRecord>, mut previous: Option<Hash>) -> Vec<Run> {
    let Ok(certificate) = Certificate::from_bytes(&journal.certificate) else { return Vec::new() };
    let mut runs = Vec::new();
    let mut rest = &entries[..];
    while let Some(first) = rest.first() {
        let window = &rest[..rest.len().min(MAX_RUN_ENTRIES)];
        let signed = window.iter().enumerate().rev().find_map(|(place, e)| Some((place, e.signature?)));
        let Some((place, signature)) = signed else { break };
        let (run, after) = rest.split_at(place + 1);
        runs.push(Run {
            journal: journal.id,
            first: first.id.sequence,
            entries: run.iter().map(|entry| entry.body.clone().into()).collect(),
            signature,
            certificate: certificate.clone(),
            previous,
        });
        previous = run.last().map(|last| last.id.hash);
        rest = after;
    }
    runs
}

/// Points of these journals, to find where another history parts from ours.
async fn traces(
    tx: &mut Tx,
    event: EventId,
    all: &All,
    journals: impl Iterator<Item = JournalId>,
) -> Result<Vec<Trace>, Fault> {
    let mut asked: Vec<JournalId> = journals.filter(|journal| all.contains_key(journal)).collect();
    asked.sort();
    asked.dedup();
    asked.truncate(MAX_TRACES);
    let mut traces = Vec::with_capacity(asked.len());
    for journal in asked {
        let parts = all.get(&journal).map(|(_, parts)| &parts[..]).unwrap_or_default();
        let of = |(branch, part): (u32, &Part)| {
            let sequences: Vec<u64> = trace(part.segment.last).filter(|at| part.holds(*at)).collect();
            sequences.into_iter().map(move |sequence| (journal, branch, sequence))
        };
        let places: Vec<Place> = (0..).zip(parts).flat_map(of).take(MAX_TRACE_POINTS).collect();
        let hashes = parts::hashes(tx, event, &places).await?;
        let points = places
            .iter()
            .zip(hashes)
            .filter_map(|((.., sequence), hash)| Some(Head { sequence: *sequence, hash: hash? }));
        traces.push(Trace { journal, points: points.collect() });
    }
    Ok(traces)
}
