//! Runs in and out of the store.
//!
//! A run is verified against our own hash before it, compared with what is known
//! of the same places, and then inserted once; where it differs, a branch begins. An
//! entry of our own that is not here says that this store was copied or set back. What
//! cannot be taken is set aside with its reason and blocks nothing. Entries of a revoked
//! device after the last that counts are kept as evidence.

use super::ahead::{self, Ahead};
use super::insert::{self, New, ends_a_group};
use super::memory::Memory;
use super::parts::Part;
use super::tx::Tx;
use super::{Fault, findings, folded, incarnation, parts};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::journal::kind::counts;
use tidegate_core::journal::{Entry, EntryRef, MAX_RUN_ENTRIES, Run, RunFault, Verified};
use tidegate_core::seal::{Hash, Sig};
use tidegate_core::sync::{
    Head, Lack, MAX_BRANCHES, MAX_INCARNATIONS, MAX_JOURNALS, MAX_TRACES, Rejected, Segment, Trace, Vector, lack,
    points,
};
use tidegate_core::trial::{Bug, planted};
use tidegate_core::trust::{Identity, TrustFault};

/// Takes runs in; gives those that were not taken, with the reason.
pub fn take(tx: &mut Tx<'_>, source: &str, runs: &[Run]) -> Result<Vec<Rejected>, Fault> {
    let mut rejected = Vec::new();
    ahead::beside(tx, runs, |tx, run, ahead| {
        if let Err(fault) = take_one(tx, run, ahead)? {
            tracing::warn!(source, journal = %run.journal, first = run.first, code = fault.code(), "run set aside");
            // What goes on from entries that are not here is no evidence of anything: they are asked for.
            if !matches!(fault, RunFault::Gap | RunFault::Astray) {
                tx.set_aside(source, fault.code(), &minicbor::to_vec(run).unwrap_or_default())?;
            }
            rejected.push(Rejected { journal: run.journal, first: run.first, code: fault.code().into() });
        }
        Ok(())
    })?;
    Ok(rejected)
}

fn take_one(tx: &mut Tx<'_>, run: &Run, ahead: Option<Ahead>) -> Result<Result<(), RunFault>, Fault> {
    let identity = match author(tx, run) {
        Ok(identity) => identity,
        Err(fault) => return Ok(Err(fault)),
    };
    let known = tx.memory.parts(&run.journal);
    let from = match parts::anchor(tx.connection, tx.enrolment.event(), &known, run)? {
        Ok(place) => place,
        Err(fault) => return Ok(Err(fault)),
    };
    let verified = match ahead.filter(|ahead| ahead.is_of(&identity.key, from.hash)) {
        Some(ahead) => ahead.verified,
        None => run.verify(tx.enrolment.event(), &identity.key, from.hash),
    };
    let verified = match verified {
        Ok(verified) => verified,
        Err(fault) => return Ok(Err(fault)),
    };
    let ids: Vec<EntryRef> = verified.iter().map(|entry| entry.id).collect();
    let (at, here) = parts::follow(tx.connection, &known, from, &ids)?;
    let new = &verified[here..];
    if planted(Bug::AddOnReceipt) {
        for ticket in verified[..here].iter().filter_map(|known| known.entry.as_ref()?.kind.ticket()) {
            let state = tx.state(&tx.acts(ticket)?);
            tx.refold(ticket, &Default::default(), &state)?;
        }
    }
    let Some(first) = new.first() else { return Ok(Ok(())) };
    let parts_here = known.get(at.part).is_some_and(|part| part.segment.last > at.sequence);
    if planted(Bug::ForkIgnored) && parts_here {
        return Ok(Ok(()));
    }
    if known.len() >= MAX_BRANCHES && known.get(at.part).is_some_and(|part| part.segment.last != at.sequence) {
        return Ok(Err(RunFault::Branches));
    }
    if run.journal == tx.memory.own && !planted(Bug::BehindGoesOn) {
        // Nobody else writes under our key: this store was copied, or set back.
        tracing::error!(journal = %run.journal, first = first.id.sequence, "an entry of ours that is not here");
        incarnation::begin_again(tx, &first.id.hash.0)?;
    }
    tx.author_row(run.journal, &run.certificate, &identity)?;
    let (row, branched) = parts::continuing(tx, at, &first.id)?;
    if branched {
        folded::recount(tx, [run.journal])?;
    }
    insert(tx, row, at.hash, new, &identity, &run.signature)?;
    if branched {
        findings::tell_fork(tx, &run.journal, row)?;
    }
    Ok(Ok(()))
}

fn author(tx: &Tx<'_>, run: &Run) -> Result<Identity, RunFault> {
    if planted(Bug::AnyAuthor)
        && let Ok(identity) = run.certificate.open(&tx.enrolment.ca)
    {
        return Ok(identity);
    }
    if let Some(author) = tx.memory.authors.get(&run.journal) {
        return Ok(author.identity.clone());
    }
    let lives = tx.memory.authors.keys().filter(|journal| journal.device == run.journal.device).count();
    if tx.memory.authors.len() >= MAX_JOURNALS || lives >= MAX_INCARNATIONS {
        return Err(RunFault::Journals);
    }
    let identity = run.certificate.open(&tx.enrolment.ca)?;
    match identity {
        _ if identity.event != tx.enrolment.event() => Err(RunFault::Certificate(TrustFault::Event)),
        _ if identity.device != run.journal.device => Err(RunFault::Author),
        identity => Ok(identity),
    }
}

fn insert(
    tx: &mut Tx<'_>,
    row: i64,
    previous: Hash,
    new: &[Verified],
    author: &Identity,
    signature: &Sig,
) -> Result<(), Fault> {
    let Some(Verified { id: last, .. }) = new.last() else { return Ok(()) };
    let (last, journal) = (*last, last.journal);
    let ends_a_group = |new: &Verified| new.entry.as_ref().is_some_and(|entry| ends_a_group(&entry.kind));
    let mut previous = previous;
    for group in new.split_inclusive(ends_a_group) {
        let device = tx.memory.catalogue.devices.get(&author.device);
        let ends = tx.memory.ends(&journal);
        let judged = group.iter().map(|Verified { id, bytes, entry }| {
            let entry = entry.as_ref();
            let counts = entry.is_some_and(|e| counts(author, &e.kind, (journal, id.sequence), device, ends));
            New { id: *id, bytes, entry, signature: (last == *id).then_some(&signature.0[..]), counts }
        });
        let judged: Vec<New<'_>> = judged.collect();
        insert::together(tx, row, &previous, &judged)?;
        previous = group.last().map_or(previous, |last| last.id.hash);
    }
    Ok(())
}

/// Which journals a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Every journal: the periodic exchange repairs and relays.
    All,
    /// One only: our own, pushed at once.
    Only(JournalId),
    /// Every journal but these, which come by others.
    But(&'a BTreeSet<JournalId>),
}

impl Whose<'_> {
    fn holds(self, journal: &JournalId) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == *journal,
            Self::But(left) => !left.contains(journal),
        }
    }
}

/// What somebody lacks, as far as it fits.
#[derive(Debug, Default)]
pub struct Lacking {
    /// The runs.
    pub runs: Vec<Run>,
    /// Whether more are left.
    pub more: bool,
    /// Points of journals of which they know another history.
    pub traces: Vec<Trace>,
}

/// Runs that somebody lacks who has `theirs` and named the points of `traces`, at most `limit` entries.
pub fn lacking(
    connection: &Connection,
    memory: &Memory,
    theirs: &Vector,
    traces: &[Trace],
    whose: Whose<'_>,
    limit: usize,
) -> Result<Lacking, Fault> {
    let (mut found, mut room) = (Lacking::default(), limit);
    // Our own first: whoever asks several of us at once would get the same from all, if all gave in one order.
    let (before, own_and_after) = (memory.vector.0.range(..memory.own), memory.vector.0.range(memory.own..));
    let ours = own_and_after.chain(before).filter(|(journal, heads)| theirs.0.get(journal) != Some(heads));
    for (journal, _) in ours.filter(|(journal, _)| whose.holds(journal)) {
        let parts = memory.parts(journal);
        let segments: Vec<Segment> = parts.iter().map(|part| part.segment).collect();
        let find = |point: &Head| parts::find(connection, &parts, point);
        match lack(&segments, theirs.0.get(journal), points(traces, *journal), find)? {
            Lack::Astray if found.traces.len() < MAX_TRACES => {
                found.traces.push(Trace { journal: *journal, points: parts::points(connection, &parts)? });
            }
            Lack::Astray => {}
            Lack::After(after) => {
                for (part, after) in after {
                    room = fill(connection, memory, (*journal, &parts[part]), after, room, &mut found.runs)?;
                }
            }
        }
    }
    found.more = room == 0;
    Ok(found)
}

/// Adds runs of a part after `after` while there is room; gives the room that is left.
fn fill(
    connection: &Connection,
    memory: &Memory,
    (journal, part): (JournalId, &Part),
    after: u64,
    room: usize,
    runs: &mut Vec<Run>,
) -> Result<usize, Fault> {
    let (mut after, mut room) = (after, room);
    while room > 0 {
        let Some(run) = run_after(connection, memory, (journal, part), after)? else { break };
        after = run.last();
        room = room.saturating_sub(run.entries.len());
        runs.push(run);
    }
    Ok(room)
}

/// The longest run after `after` that ends at a signed head.
pub(super) fn run_after(
    connection: &Connection,
    memory: &Memory,
    (journal, part): (JournalId, &Part),
    after: u64,
) -> Result<Option<Run>, Fault> {
    let Some(author) = memory.authors.get(&journal) else { return Ok(None) };
    let mut head = connection.prepare_cached(
        "SELECT sequence, signature FROM entries
         WHERE journal = ?1 AND sequence > ?2 AND sequence <= ?3 AND signature IS NOT NULL
         ORDER BY sequence DESC LIMIT 1",
    )?;
    let reach = after + MAX_RUN_ENTRIES as u64;
    let signed: Option<(u64, [u8; 64])> =
        head.query_row(params![part.row, after, reach], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((last, signature)) = signed else { return Ok(None) };
    let mut entries = connection.prepare_cached(
        "SELECT bytes FROM entries WHERE journal = ?1 AND sequence > ?2 AND sequence <= ?3 ORDER BY sequence",
    )?;
    let rows = entries.query_map(params![part.row, after, last], |row| row.get::<_, Vec<u8>>(0))?;
    let entries = rows.map(|bytes| bytes.map(Into::into)).collect::<Result<_, _>>()?;
    let previous = previous(connection, memory, (journal, part), after)?;
    let certificate = author.certificate.clone();
    Ok(Some(Run { journal, first: after + 1, entries, signature: Sig(signature), certificate, previous }))
}

/// The hash before a run: in its part, or at the end of what its part goes off from.
pub(super) fn previous(
    connection: &Connection,
    memory: &Memory,
    (journal, part): (JournalId, &Part),
    after: u64,
) -> Result<Option<Hash>, Fault> {
    match part.segment.parent {
        _ if after == 0 => Ok(None),
        Some(parent) if after == part.segment.base => {
            let parts = memory.parts(&journal);
            let found = parts.get(parent).map(|parent| previous(connection, memory, (journal, parent), after));
            found.unwrap_or(Ok(None))
        }
        Some(_) | None => parts::hash_at(connection, part.row, after),
    }
}

/// Every entry of every journal in a store, for reports: journal, sequence, hash, bytes, whether it counts.
pub fn all(connection: &Connection) -> Result<Vec<(Verified, bool)>, Fault> {
    let mut query = connection.prepare(
        "SELECT j.device, j.incarnation, e.sequence, e.hash, e.bytes, e.counts
         FROM entries e JOIN journals j ON j.id = e.journal ORDER BY j.device, j.incarnation, e.sequence",
    )?;
    let rows = query.query_map([], |row| {
        let journal = JournalId { device: DeviceId(row.get(0)?), incarnation: row.get(1)? };
        let id = EntryRef { journal, sequence: row.get(2)?, hash: Hash(row.get(3)?) };
        let bytes: Vec<u8> = row.get(4)?;
        let entry = Entry::from_bytes(&bytes);
        Ok((Verified { id, bytes, entry }, row.get(5)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
