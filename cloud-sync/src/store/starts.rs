//! What a start is made of, read without reading what it leaves out: marked tickets by an index of
//! their own, uses from where they were read to last, codes that say more than a ticket's row.

use super::tickets::{self, TicketRecord};
use super::{Row, StoreError, Tx};
use crate::params;
use std::collections::BTreeMap;
use tidegate_core::feed::Row as FeedRow;
use tidegate_core::id::{EventId, JournalId, TicketId};
use tidegate_core::start::marks::Marks;

/// Rows read at once: some megabytes.
pub const CHUNK: u64 = 5_000;

/// How many tickets of an event have which marks.
pub async fn marked_count(tx: &mut Tx, event: EventId) -> Result<BTreeMap<u8, u64>, StoreError> {
    let sql = "SELECT marks, COUNT(*) FROM tickets WHERE event = $1 AND marks > 0 GROUP BY marks";
    let rows = tx.query(sql, params![event]).await?;
    rows.into_iter().map(|mut row| Ok((marks(row.take()?), row.take()?))).collect()
}

/// A combination of marks as it is stored.
fn marks(stored: u64) -> u8 {
    u8::try_from(stored).unwrap_or(u8::MAX)
}

/// Tickets of an event with exactly these marks after `after`, by id.
pub async fn marked(
    tx: &mut Tx,
    event: EventId,
    Marks(marks): Marks,
    after: i64,
) -> Result<Vec<TicketRecord>, StoreError> {
    tx.query(tickets::MARKED, params![event, marks, after, CHUNK])
        .await?
        .into_iter()
        .map(tickets::ticket)
        .collect()
}

/// Genuine codes that journals carried with a higher counter than the ticket has here.
pub async fn newer_codes(tx: &mut Tx, event: EventId) -> Result<Vec<Vec<u8>>, StoreError> {
    let sql = "SELECT c.code FROM carried_codes c LEFT JOIN tickets t ON t.id = c.ticket AND t.event = c.event
        WHERE c.event = $1 AND c.counter > COALESCE(t.counter, 0) ORDER BY c.ticket";
    tx.query(sql, params![event]).await?.into_iter().map(|mut row| row.take()).collect()
}

/// Where an entry stands in its journal: on which part, and its place there.
pub type OnPart = (u32, u64);

/// The bytes of a journal's entries about tickets after a place, with theirs, part by part in order.
pub async fn acts_after(
    tx: &mut Tx,
    event: EventId,
    journal: JournalId,
    (part, place): OnPart,
) -> Result<Vec<(OnPart, Vec<u8>)>, StoreError> {
    let sql = "SELECT branch, place, body FROM entries WHERE event = $1 AND device = $2 AND incarnation = $3
        AND (branch, place) > ($4, $5) AND ticket IS NOT NULL ORDER BY branch, place LIMIT $6";
    let params = params![event, journal.device, journal.incarnation, part, place, CHUNK];
    let rows = tx.query(sql, params).await?;
    rows.into_iter().map(|mut row| Ok(((row.take()?, row.take()?), row.take()?))).collect()
}

/// The feed's rows of an event's tickets after one of them, by id.
pub async fn shelf(
    tx: &mut Tx,
    event: EventId,
    after: Option<TicketId>,
    limit: u64,
) -> Result<Vec<FeedRow>, StoreError> {
    // 7 is the kind of tickets, for ever; the empty key is before all of theirs.
    let sql = "SELECT row_key, body FROM feed_rows WHERE event = $1 AND kind = 7 AND row_key > $2
        ORDER BY row_key LIMIT $3";
    let after = after.map(|ticket| ticket.to_bytes().to_vec()).unwrap_or_default();
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(row).collect()
}

fn row(mut found: Row) -> Result<FeedRow, StoreError> {
    let (key, body): (Vec<u8>, Option<Vec<u8>>) = (found.take()?, found.take()?);
    Ok(FeedRow { kind: 7, key: key.into(), body: body.map(Into::into) })
}
