//! Entries by which rights move or times become known, few among many: numbered as they
//! came, so that whoever has read them reads on where they ended.

use super::journals::{self, EntryRecord};
use super::{StoreError, Tx};
use crate::params;
use tidegate_core::id::{EventId, JournalId};
use tidegate_core::journal::EntryRef;

/// Notes that an entry is one of them.
pub async fn add(
    tx: &mut Tx,
    event: EventId,
    number: u64,
    (id, branch): (&EntryRef, u32),
) -> Result<(), StoreError> {
    let sql = "INSERT INTO right_entries (event, number, device, incarnation, branch, place)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let JournalId { device, incarnation } = id.journal;
    tx.later(sql, params![event, number, device, incarnation, branch, id.sequence]).await
}

/// Forgets which they are.
pub async fn clear(tx: &mut Tx, event: EventId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM right_entries WHERE event = $1", params![event]).await.map(drop)
}

/// Those after one number and up to another, in the order in which they came.
pub async fn between(
    tx: &mut Tx,
    event: EventId,
    (after, last): (u64, u64),
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = "SELECT e.device, e.incarnation, e.branch, e.place, e.hash, e.body, e.signature, e.ticket, e.counts
        FROM right_entries r JOIN entries e ON e.event = r.event AND e.device = r.device
        AND e.incarnation = r.incarnation AND e.branch = r.branch AND e.place = r.place
        WHERE r.event = $1 AND r.number > $2 AND r.number <= $3 ORDER BY r.number";
    tx.query(sql, params![event, after, last]).await?.into_iter().map(journals::entry).collect()
}
