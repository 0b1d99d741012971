//! The entries of all journals in one order, newest first, read as they are asked for.
//!
//! Every history of a journal that was forked is read, each as a journal of its own, and each
//! in bounded pieces. Where a piece holds nothing that is asked for, its end stands in the order
//! like an entry, so that every page gets somewhere, and says where.

use super::super::parts::Part;
use super::{Fault, Memory, Place};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use tidegate_core::id::JournalId;
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::seal::Hash;
use tidegate_core::sync::Segment;

/// Entries read of a journal at a time.
const CHUNK: usize = 64;
/// Entries passed over in a journal at a time, where none of them is of the kind that is asked for.
const WINDOW: u64 = 1_024;

/// An entry as it was read.
pub(super) struct Read {
    pub id: EntryRef,
    pub entry: Entry,
    pub counts: bool,
}

impl Read {
    pub fn place(&self) -> Place {
        Place { clock: self.entry.clock.0, journal: self.id.journal, sequence: self.id.sequence }
    }
}

/// What comes next in a journal.
pub(super) enum Seen {
    /// An entry of a kind that is asked for.
    Entry(Box<Read>),
    /// None down to here: a place to go on from, in the order of all journals.
    Nothing(Place),
}

impl Seen {
    pub fn place(&self) -> Place {
        match self {
            Self::Entry(read) => read.place(),
            Self::Nothing(place) => *place,
        }
    }
}

/// Entries of all journals, newest first.
pub(super) struct Merged {
    /// By number in the database: a journal that was forked has several.
    parts: BTreeMap<i64, Behind>,
    /// The newest of each part that was not given yet.
    pub heads: BinaryHeap<(Place, i64)>,
    kinds: &'static str,
    /// Entries read or passed over since the first of each journal were there.
    pub looked_at: u64,
}

/// What is left of one journal, or of one part of it.
struct Behind {
    journal: JournalId,
    row: i64,
    /// The last sequence before it.
    base: u64,
    /// The next sequence to read, downwards; `base` at the end.
    next: u64,
    seen: VecDeque<Seen>,
}

impl Merged {
    pub fn from(
        connection: &Connection,
        memory: &Memory,
        before: Option<Place>,
        kinds: &'static str,
    ) -> Result<Self, Fault> {
        let mut merged = Self { parts: BTreeMap::new(), heads: BinaryHeap::new(), kinds, looked_at: 0 };
        for journal in memory.authors.keys() {
            for Part { row, segment: Segment { base, last, .. }, .. } in memory.parts(journal) {
                let next = match before {
                    Some(before) => last_before(connection, row, *journal, (base, last), before)?,
                    None => last,
                };
                merged.parts.insert(row, Behind { journal: *journal, row, base, next, seen: VecDeque::new() });
                merged.offer(connection, row)?;
            }
        }
        merged.looked_at = 0;
        Ok(merged)
    }

    pub fn next(&mut self, connection: &Connection) -> Result<Option<Seen>, Fault> {
        let Some((_, row)) = self.heads.pop() else { return Ok(None) };
        let seen = self.parts.get_mut(&row).and_then(|behind| behind.seen.pop_front());
        self.offer(connection, row)?;
        Ok(seen)
    }

    /// Puts what comes next in a part among the heads.
    fn offer(&mut self, connection: &Connection, row: i64) -> Result<(), Fault> {
        let Some(behind) = self.parts.get_mut(&row) else { return Ok(()) };
        if behind.seen.is_empty() && behind.next > behind.base {
            let from = behind.next;
            behind.fill(connection, self.kinds)?;
            self.looked_at += from - behind.next;
        }
        self.heads.extend(behind.seen.front().map(|seen| (seen.place(), row)));
        Ok(())
    }
}

impl Behind {
    /// Reads on, over a bounded piece; leaves something to give where more is behind it.
    fn fill(&mut self, connection: &Connection, kinds: &str) -> Result<(), Fault> {
        let journal = self.journal;
        let mut query = connection.prepare_cached(&format!(
            "SELECT sequence, hash, bytes, counts FROM entries
             WHERE journal = ?1 AND sequence <= ?2 AND sequence > ?3 {kinds} ORDER BY sequence DESC LIMIT ?4"
        ))?;
        let end = self.next.saturating_sub(WINDOW).max(self.base);
        let mut rows = query.query(params![self.row, self.next, end, CHUNK as i64])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            let id = EntryRef { journal, sequence: row.get(0)?, hash: Hash(row.get(1)?) };
            (found, self.next) = (found + 1, id.sequence - 1); // sequences count from 1
            // What no version can read has nothing to tell.
            let entry = Entry::from_bytes(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
            let counts = row.get(3)?;
            self.seen.extend(entry.map(|entry| Seen::Entry(Box::new(Read { id, entry, counts }))));
        }
        if found < CHUNK {
            self.next = end;
        }
        if self.seen.is_empty() && self.next > self.base {
            let sequence = self.next + 1;
            let clock = clock_at(connection, self.row, sequence)?;
            self.seen.push_back(Seen::Nothing(Place { clock, journal, sequence }));
        }
        Ok(())
    }
}

/// The last sequence of a part, from after its base to its last, that lies before a place: its clock
/// never falls.
fn last_before(
    connection: &Connection,
    row: i64,
    journal: JournalId,
    (base, last): (u64, u64),
    before: Place,
) -> Result<u64, Fault> {
    let (mut low, mut high) = (base, last);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let clock = clock_at(connection, row, middle)?;
        match (Place { clock, journal, sequence: middle }) < before {
            true => low = middle,
            false => high = middle - 1,
        }
    }
    Ok(low)
}

/// The clock of an entry, or of the last one before it that can be read.
fn clock_at(connection: &Connection, row: i64, sequence: u64) -> Result<i64, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT bytes FROM entries WHERE journal = ?1 AND sequence <= ?2 ORDER BY sequence DESC",
    )?;
    let mut rows = query.query(params![row, sequence])?;
    while let Some(row) = rows.next()? {
        if let Some(entry) = Entry::from_bytes(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?) {
            return Ok(entry.clock.0);
        }
    }
    Ok(i64::MIN)
}
