//! Journals as parts without a fork in them: a trunk, and branches off another part.
//!
//! Almost every journal is a trunk alone, and its end stands in the vector. Where an
//! author wrote two histories, each goes on as a part of its own under the hash of
//! its first entry, so that both are kept and relayed. Which of them came first here
//! makes no difference to anything that is folded or sent.

use super::Fault;
use super::memory::{Author, Memory};
use super::tx::Tx;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;
use tidegate_core::id::{EventId, JournalId};
use tidegate_core::journal::kind::Ends;
use tidegate_core::journal::{EntryRef, Run, RunFault, genesis};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Head, Heads, Segment};
use tidegate_core::trial::{Bug, planted};

/// A part of a forked journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number in the database.
    pub row: i64,
    /// Where it goes off, and how far it goes.
    pub segment: Segment,
    /// The hash of its last entry.
    pub end: Hash,
}

/// Where something stands: a part, and the point in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which part, in [`Memory::parts`].
    pub part: usize,
    /// Up to here; 0 at the beginning.
    pub sequence: u64,
    /// The hash there.
    pub hash: Hash,
}

impl Author {
    /// The last entry before its author wrote two histories.
    pub fn forked_after(&self) -> Option<u64> {
        self.parts.iter().filter(|part| part.segment.parent.is_some()).map(|part| part.segment.base).min()
    }

    /// The numbers in the database of all its parts.
    pub fn rows(&self) -> Vec<i64> {
        if self.parts.is_empty() { vec![self.row] } else { self.parts.iter().map(|part| part.row).collect() }
    }

    /// The ends of all its histories.
    pub fn heads(&self) -> Heads {
        let end = |part: &Part| Head { sequence: part.segment.last, hash: part.end };
        Heads::of(self.parts.iter().map(end).collect())
    }
}

impl Memory {
    /// The parts of a journal; one where it was never forked, none where it is not here.
    pub fn parts(&self, journal: &JournalId) -> Vec<Part> {
        let Some(author) = self.authors.get(journal) else { return Vec::new() };
        match (author.parts.is_empty(), self.vector.head(journal)) {
            (true, Some(head)) => {
                let segment = Segment { parent: None, base: 0, last: head.sequence };
                vec![Part { row: author.row, segment, end: head.hash }]
            }
            (true, None) => Vec::new(),
            (false, _) => author.parts.clone(),
        }
    }

    /// Where a journal ends, for some or all of what it says.
    pub fn ends(&self, journal: &JournalId) -> Ends {
        Ends {
            forked_after: self.authors.get(journal).and_then(Author::forked_after),
            retired_after: self.rights.retired_by(*journal).map(|(_, last)| last),
        }
    }
}

/// The hash at a place of a part.
pub fn hash_at(connection: &Connection, row: i64, sequence: u64) -> Result<Option<Hash>, Fault> {
    let mut query = connection.prepare_cached("SELECT hash FROM entries WHERE journal = ?1 AND sequence = ?2")?;
    Ok(query.query_row(params![row, sequence], |r| r.get(0)).optional()?.map(Hash))
}

/// In which part a point stands, if it is here.
pub fn find(connection: &Connection, parts: &[Part], point: &Head) -> Result<Option<usize>, Fault> {
    for (place, part) in parts.iter().enumerate() {
        let within = point.sequence > part.segment.base && point.sequence <= part.segment.last;
        let at_end = point.sequence == part.segment.last && point.hash == part.end;
        if at_end || (within && hash_at(connection, part.row, point.sequence)? == Some(point.hash)) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Where a run goes on from; why it cannot be taken where that is not here.
pub fn anchor(
    connection: &Connection,
    event: EventId,
    parts: &[Part],
    run: &Run,
) -> Result<Result<Place, RunFault>, Fault> {
    let longest = parts.iter().map(|part| part.segment.last).max().unwrap_or(0);
    let Some(before) = run.first.checked_sub(1) else { return Ok(Err(RunFault::Size)) };
    if before == 0 {
        return Ok(Ok(Place { part: 0, sequence: 0, hash: genesis(event, run.journal) }));
    }
    if before > longest && planted(Bug::GapTaken) && run.previous.is_some() && !parts.is_empty() {
        return Ok(Ok(Place { part: 0, sequence: before, hash: run.previous.unwrap_or(Hash([0; 32])) }));
    }
    if before > longest {
        return Ok(Err(RunFault::Gap));
    }
    if let Some(hash) = run.previous {
        let found = find(connection, parts, &Head { sequence: before, hash })?;
        return Ok(found.map(|part| Place { part, sequence: before, hash }).ok_or(RunFault::Astray));
    }
    // Its sender knows of no branches: the one history that reaches so far, if there is but one.
    let mut reaching = parts.iter().enumerate().filter(|(_, part)| part.segment.last >= before);
    match (reaching.next(), reaching.next()) {
        (Some((part, found)), None) if found.segment.base < before => {
            let hash = hash_at(connection, found.row, before)?;
            Ok(hash.map(|hash| Place { part, sequence: before, hash }).ok_or(RunFault::Gap))
        }
        _ => Ok(Err(RunFault::Astray)),
    }
}

/// Goes on from a place over entries that are here already; gives where the first that is new goes on from.
pub fn follow(
    connection: &Connection,
    parts: &[Part],
    from: Place,
    entries: &[EntryRef],
) -> Result<(Place, usize), Fault> {
    let longest = parts.iter().map(|part| part.segment.last).max().unwrap_or(0);
    let place = |entry: &EntryRef| -> Result<Option<Place>, Fault> {
        let EntryRef { sequence, hash, .. } = *entry;
        let part = if sequence > longest { None } else { find(connection, parts, &Head { sequence, hash })? };
        Ok(part.map(|part| Place { part, sequence, hash }))
    };
    // Where the last one is here, so is everything that its hash is chained to.
    if let Some(at) = entries.last().map(place).transpose()?.flatten() {
        return Ok((at, entries.len()));
    }
    let mut at = from;
    for (known, entry) in entries.iter().enumerate() {
        match place(entry)? {
            Some(next) => at = next,
            None => return Ok((at, known)),
        }
    }
    Ok((at, entries.len()))
}

/// The number in the database of the part that goes on from a place, made where the place is not the end
/// of one: another history begins there. Gives also whether it does.
pub fn continuing(tx: &mut Tx<'_>, at: Place, first: &EntryRef) -> Result<(i64, bool), Fault> {
    let (journal, parts) = (first.journal, tx.memory.parts(&first.journal));
    let Some(part) = parts.get(at.part) else {
        let row = tx.memory.authors.get(&journal).map(|author| author.row);
        return row.map(|row| (row, false)).ok_or_else(|| Fault::Failed(format!("no journal {journal}")));
    };
    if part.segment.last == at.sequence || (planted(Bug::GapTaken) && part.segment.last < at.sequence) {
        return Ok((part.row, false));
    }
    tx.connection.execute(
        "INSERT INTO journals (device, incarnation, certificate, parent, base, branch)
         SELECT device, incarnation, certificate, id, ?2, ?3 FROM journals WHERE id = ?1",
        params![part.row, at.sequence, first.hash.0],
    )?;
    let row = tx.connection.last_insert_rowid();
    let segment = Segment { parent: Some(at.part), base: at.sequence, last: at.sequence };
    let authors = Arc::make_mut(&mut tx.memory.authors);
    if let Some(author) = authors.get_mut(&journal) {
        author.parts = parts;
        author.parts.push(Part { row, segment, end: at.hash });
    }
    Ok((row, true))
}

/// Notes the last of some entries that were written at the end of a part, after the one with the hash `previous`.
pub fn note(tx: &mut Tx<'_>, row: i64, id: &EntryRef, previous: &Hash) {
    tx.memory.vector.note(id, Some(previous));
    if tx.memory.authors.get(&id.journal).is_none_or(|author| author.parts.is_empty()) {
        return;
    }
    let authors = Arc::make_mut(&mut tx.memory.authors);
    let parts = authors.get_mut(&id.journal).map(|author| &mut author.parts);
    if let Some(part) = parts.and_then(|parts| parts.iter_mut().find(|part| part.row == row)) {
        part.segment.last = id.sequence;
        part.end = id.hash;
    }
}

/// Points of a journal, to find where another history of it parts from those here.
pub fn points(connection: &Connection, parts: &[Part]) -> Result<Vec<Head>, Fault> {
    let mut points = Vec::new();
    for part in parts {
        for sequence in tidegate_core::sync::trace(part.segment.last) {
            if sequence <= part.segment.base {
                break;
            }
            points.extend(hash_at(connection, part.row, sequence)?.map(|hash| Head { sequence, hash }));
        }
    }
    points.truncate(tidegate_core::sync::MAX_TRACE_POINTS);
    Ok(points)
}
