//! Journals as parts without a fork in them: a trunk, and branches off another part.
//!
//! Almost every journal is a trunk alone. Which of several histories came first, and is
//! the trunk, differs from database to database; nothing that is folded or sent depends
//! on it. A part's place in a list is the number of its branch; the trunk's is 0.

use super::journals::JournalRecord;
use super::{Row, StoreError, Tx};
use crate::params;
use std::collections::BTreeMap;
use tidegate_core::id::{EventId, JournalId};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Head, Segment};

/// A part of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it goes off, and how far it goes.
    pub segment: Segment,
    /// The hash of its last entry.
    pub hash: Hash,
}

impl Part {
    /// The trunk of a journal.
    pub fn trunk(journal: &JournalRecord) -> Self {
        let segment = Segment { parent: None, base: 0, last: journal.entries };
        Self { segment, hash: journal.hash }
    }

    /// Its last entry.
    pub fn end(&self) -> Head {
        Head { sequence: self.segment.last, hash: self.hash }
    }

    /// Whether an entry with this sequence stands in it.
    pub fn holds(&self, sequence: u64) -> bool {
        sequence > self.segment.base && sequence <= self.segment.last
    }
}

/// Where something goes on from: a part of a journal, and a point in it.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Which part.
    pub part: usize,
    /// Up to here; 0 at the beginning.
    pub sequence: u64,
    /// The hash there.
    pub hash: Hash,
}

impl Point {
    /// The end of a journal's trunk.
    pub fn end(journal: &JournalRecord) -> Self {
        Self { part: 0, sequence: journal.entries, hash: journal.hash }
    }
}

/// The parts of all journals that are here.
pub async fn of_all(
    tx: &mut Tx,
    event: EventId,
    journals: &[JournalRecord],
) -> Result<BTreeMap<JournalId, Vec<Part>>, StoreError> {
    let mut parts: BTreeMap<_, _> =
        journals.iter().map(|journal| (journal.id, vec![Part::trunk(journal)])).collect();
    if journals.iter().any(|journal| journal.forked_after.is_some()) {
        let sql = "SELECT device, incarnation, parent, base, entries, hash FROM branches WHERE event = $1
            ORDER BY device, incarnation, branch";
        for mut row in tx.query(sql, params![event]).await? {
            let journal = JournalId { device: row.take()?, incarnation: row.take()? };
            let part = part(row)?;
            parts.entry(journal).or_default().push(part);
        }
    }
    Ok(parts)
}

/// The parts of one journal.
pub async fn of(tx: &mut Tx, event: EventId, journal: &JournalRecord) -> Result<Vec<Part>, StoreError> {
    let mut parts = vec![Part::trunk(journal)];
    if journal.forked_after.is_some() {
        let sql = "SELECT parent, base, entries, hash FROM branches
            WHERE event = $1 AND device = $2 AND incarnation = $3 ORDER BY branch";
        for row in tx.query(sql, params![event, journal.id.device, journal.id.incarnation]).await? {
            parts.push(part(row)?);
        }
    }
    Ok(parts)
}

fn part(mut row: Row) -> Result<Part, StoreError> {
    let parent: u32 = row.take()?;
    let segment = Segment { parent: Some(parent as usize), base: row.take()?, last: row.take()? };
    Ok(Part { segment, hash: row.take()? })
}

/// Writes how far a branch has come.
pub async fn put(
    tx: &mut Tx,
    event: EventId,
    (journal, branch): (JournalId, u32),
    part: &Part,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO branches (event, device, incarnation, branch, parent, base, entries, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (event, device, incarnation, branch) DO UPDATE
        SET entries = excluded.entries, hash = excluded.hash";
    let JournalId { device, incarnation } = journal;
    let Segment { parent, base, last } = part.segment;
    let parent = parent.unwrap_or(0) as u64;
    tx.later(sql, params![event, device, incarnation, branch, parent, base, last, part.hash]).await
}

/// A place of a part of a journal.
pub type Place = (JournalId, u32, u64);

/// The hashes at these places, each where there is an entry.
pub async fn hashes(tx: &mut Tx, event: EventId, places: &[Place]) -> Result<Vec<Option<Hash>>, StoreError> {
    let sql = "SELECT hash FROM entries
        WHERE event = $1 AND device = $2 AND incarnation = $3 AND branch = $4 AND place = $5";
    let values = places.iter().map(|(journal, branch, place)| {
        params![event, journal.device, journal.incarnation, *branch, *place].to_vec()
    });
    let found = tx.query_each(sql, &values.collect::<Vec<_>>()).await?;
    found.into_iter().map(|rows| rows.into_iter().next().map(|mut row| row.take()).transpose()).collect()
}

/// Somebody's points of a journal.
pub type Points<'a> = (JournalId, &'a [Part], Vec<Head>);

/// In which part each of these points stands, if it is here.
pub async fn find(
    tx: &mut Tx,
    event: EventId,
    asked: &[Points<'_>],
) -> Result<BTreeMap<(JournalId, Head), usize>, StoreError> {
    let (mut found, mut open, mut places) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (journal, parts, points) in asked {
        for point in points {
            if let Some(part) = parts.iter().position(|part| part.end() == *point) {
                found.insert((*journal, *point), part);
                continue;
            }
            for (part, _) in parts.iter().enumerate().filter(|(_, part)| part.holds(point.sequence)) {
                open.push((*journal, *point, part));
                places.push((*journal, part as u32, point.sequence));
            }
        }
    }
    for (hash, (journal, point, part)) in hashes(tx, event, &places).await?.into_iter().zip(open) {
        if hash == Some(point.hash) {
            found.insert((journal, point), part);
        }
    }
    Ok(found)
}
