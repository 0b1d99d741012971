//! What is kept beside the entries: totals, conflicts, codes that journals carried,
//! and what was set aside. All but the last can be recomputed from the entries.

use super::{StoreError, Tx};
use crate::params;
use std::collections::BTreeMap;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;

/// Adds to a total.
pub async fn add_total(tx: &mut Tx, event: EventId, name: &str, change: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO totals (event, name, amount) VALUES ($1, $2, $3)
        ON CONFLICT (event, name) DO UPDATE SET amount = totals.amount + excluded.amount";
    tx.later(sql, params![event, name, change]).await
}

/// Forgets all totals of an event.
pub async fn clear_totals(tx: &mut Tx, event: EventId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM totals WHERE event = $1", params![event]).await.map(drop)
}

/// All totals of an event that are not zero.
pub async fn totals(tx: &mut Tx, event: EventId) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT name, amount FROM totals WHERE event = $1 AND amount <> 0 ORDER BY name";
    let rows = tx.query(sql, params![event]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// The totals of an event whose names begin with `prefix`, which ends with a slash.
pub async fn totals_under(tx: &mut Tx, event: EventId, prefix: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT name, amount FROM totals WHERE event = $1 AND name >= $2 AND name < $3";
    let beyond = format!("{}0", prefix.trim_end_matches('/')); // the character after the slash
    let rows = tx.query(sql, params![event, prefix, beyond]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// A conflict as it is kept: enough to find its ticket again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConflictRecord {
    /// `entry/<list>` or `credit/<product>`.
    pub subject: String,
    /// The entry that was one too many.
    pub excess: String,
    /// Units too many.
    pub units: i64,
}

/// Writes the conflicts of a ticket instead of those it had.
pub async fn put_conflicts(
    tx: &mut Tx,
    event: EventId,
    ticket: TicketId,
    conflicts: &[ConflictRecord],
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.later("DELETE FROM conflicts WHERE event = $1 AND ticket = $2", params![event, ticket]).await?;
    let sql = "INSERT INTO conflicts (event, ticket, subject, excess, units, found_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    for conflict in conflicts {
        let params = params![event, ticket, &conflict.subject, &conflict.excess, conflict.units, at];
        tx.later(sql, params).await?;
    }
    Ok(())
}

/// All conflicts of an event, by ticket and in their order.
pub async fn conflicts(
    tx: &mut Tx,
    event: EventId,
) -> Result<BTreeMap<TicketId, Vec<ConflictRecord>>, StoreError> {
    let sql = "SELECT ticket, subject, excess, units FROM conflicts WHERE event = $1";
    let mut conflicts: BTreeMap<TicketId, Vec<ConflictRecord>> = BTreeMap::new();
    for mut row in tx.query(sql, params![event]).await? {
        let ticket = row.take()?;
        let conflict = ConflictRecord { subject: row.take()?, excess: row.take()?, units: row.take()? };
        conflicts.entry(ticket).or_default().push(conflict);
    }
    conflicts.values_mut().for_each(|of_ticket| of_ticket.sort());
    Ok(conflicts)
}

/// Tickets with conflicts after `after`, by id.
pub async fn tickets_in_conflict(
    tx: &mut Tx,
    event: EventId,
    after: i64,
    limit: u32,
) -> Result<Vec<TicketId>, StoreError> {
    let sql = "SELECT DISTINCT ticket FROM conflicts WHERE event = $1 AND ticket > $2 ORDER BY ticket LIMIT $3";
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(|mut row| row.take()).collect()
}

/// How many conflicts an event has, by subject: `entry/<list>` or `credit/<product>`.
pub async fn conflict_counts(tx: &mut Tx, event: EventId) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT subject, COUNT(*) FROM conflicts WHERE event = $1 GROUP BY subject ORDER BY subject";
    let rows = tx.query(sql, params![event]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// Keeps a genuine code that a journal carried, if it is the newest of its ticket.
pub async fn carry_code(
    tx: &mut Tx,
    event: EventId,
    (ticket, counter): (TicketId, u16),
    code: &[u8],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO carried_codes (event, ticket, counter, code) VALUES ($1, $2, $3, $4)
        ON CONFLICT (event, ticket) DO UPDATE SET counter = excluded.counter, code = excluded.code
        WHERE carried_codes.counter < excluded.counter";
    tx.later(sql, params![event, ticket, counter, code]).await
}

/// Asks for the newest code of an event's ticket that a journal carried.
pub(super) const CARRIED: &str = "SELECT code FROM carried_codes WHERE event = $1 AND ticket = $2";

/// The newest code of a ticket that a journal carried.
pub async fn carried_code(tx: &mut Tx, event: EventId, ticket: TicketId) -> Result<Option<Vec<u8>>, StoreError> {
    tx.first(CARRIED, params![event, ticket]).await?.map(|mut row| row.take()).transpose()
}

/// The same of several tickets.
pub async fn carried_codes(
    tx: &mut Tx,
    event: EventId,
    tickets: &[TicketId],
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let sql = "SELECT code FROM carried_codes WHERE event = $1 AND ticket = $2";
    let values: Vec<_> = tickets.iter().map(|ticket| params![event, *ticket].to_vec()).collect();
    let found = tx.query_each(sql, &values).await?;
    found.into_iter().map(|rows| rows.into_iter().next().map(|mut row| row.take()).transpose()).collect()
}

/// Something that was not taken.
pub struct AsideRecord {
    /// The hash of its bytes: the same thing is kept once.
    pub digest: Hash,
    /// Whose journal it claims.
    pub journal: JournalId,
    /// From where.
    pub first: u64,
    /// Why it was not taken.
    pub code: &'static str,
    /// Who brought it.
    pub brought_by: DeviceId,
    /// Its bytes.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// How many things an event has set aside.
pub async fn aside_count(tx: &mut Tx, event: EventId) -> Result<u64, StoreError> {
    let found = tx.first("SELECT COUNT(*) FROM set_aside WHERE event = $1", params![event]).await?;
    found.map_or(Ok(0), |mut row| row.take())
}

/// Sets something aside.
pub async fn set_aside(tx: &mut Tx, event: EventId, aside: &AsideRecord) -> Result<(), StoreError> {
    let sql = "INSERT INTO set_aside (event, digest, device, incarnation, first, code, brought_by, body, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (event, digest) DO NOTHING";
    let JournalId { device, incarnation } = aside.journal;
    let (code, by) = (aside.code, aside.brought_by);
    let params =
        params![event, aside.digest, device, incarnation, aside.first, code, by, &aside.body[..], aside.at];
    tx.later(sql, params).await
}

/// What was set aside: journal, first place, code and when, oldest first.
pub async fn aside(
    tx: &mut Tx,
    event: EventId,
    limit: u32,
) -> Result<Vec<(JournalId, u64, String, Timestamp)>, StoreError> {
    let sql = "SELECT device, incarnation, first, code, at FROM set_aside WHERE event = $1 ORDER BY at LIMIT $2";
    let rows = tx.query(sql, params![event, limit]).await?;
    rows.into_iter()
        .map(|mut row| {
            let journal = JournalId { device: row.take()?, incarnation: row.take()? };
            Ok((journal, row.take()?, row.take()?, row.take()?))
        })
        .collect()
}
