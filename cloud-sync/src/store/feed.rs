//! Feed rows by revision.
//!
//! A row stands once, at its newest revision. Revisions are taken by [`flush`] in
//! the last statements of a transaction: whoever takes one holds the event's
//! counter until the commit, so revisions become visible in their order.

use super::{StoreError, Tx};
use crate::params;
use std::collections::BTreeMap;
use tidegate_core::feed::{Change, Epoch, Row};
use tidegate_core::id::EventId;

/// How far an event's feed has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revisions {
    /// The newest revision.
    pub newest: u64,
    /// The newest of a row that is no ticket.
    pub small: u64,
}

/// Numbers and writes what the transaction published, event by event in one order.
pub(super) async fn flush(tx: &mut Tx) -> Result<(), StoreError> {
    let mut by_event: BTreeMap<EventId, Vec<Change>> = BTreeMap::new();
    for (event, change) in std::mem::take(&mut tx.published) {
        by_event.entry(event).or_default().push(change);
    }
    for (event, changes) in by_event {
        let rows = last_of_each(&changes);
        let small = rows.iter().any(|(_, is_small)| *is_small);
        let sql = "UPDATE feeds SET revision = revision + $2,
            small_revision = CASE WHEN $3 = 1 THEN revision + $2 ELSE small_revision END
            WHERE event = $1 RETURNING revision";
        let counted = tx.first(sql, params![event, rows.len() as u64, small]).await?;
        let newest: u64 = counted.ok_or(StoreError::Shape("an event with a feed"))?.take()?;
        let first = newest + 1 - rows.len() as u64;
        put(tx, event, (first..).zip(rows.into_iter().map(|(row, _)| row))).await?;
    }
    Ok(())
}

/// Of several changes of one row the last one stands.
fn last_of_each(changes: &[Change]) -> Vec<(Row, bool)> {
    let mut rows: BTreeMap<(u8, Vec<u8>), (usize, Row, bool)> = BTreeMap::new();
    for (place, change) in changes.iter().enumerate() {
        let row = change.to_row();
        rows.insert((row.kind, row.key.to_vec()), (place, row, change.ticket().is_none()));
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_key(|(place, ..)| *place);
    rows.into_iter().map(|(_, row, small)| (row, small)).collect()
}

async fn put(tx: &mut Tx, event: EventId, rows: impl Iterator<Item = (u64, Row)>) -> Result<(), StoreError> {
    let sql = "INSERT INTO feed_rows (event, kind, row_key, revision, body) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (event, kind, row_key) DO UPDATE SET revision = excluded.revision, body = excluded.body";
    let values = rows.map(|(revision, row)| {
        let body = row.body.map(Vec::from);
        params![event, row.kind, Vec::from(row.key), revision, body].to_vec()
    });
    tx.later_each(sql, &values.collect::<Vec<_>>()).await
}

/// How far an event's feed has come; nothing where there is no such event.
pub async fn revisions(tx: &mut Tx, event: EventId) -> Result<Option<Revisions>, StoreError> {
    let found = tx.first("SELECT revision, small_revision FROM feeds WHERE event = $1", params![event]).await?;
    found.map(|mut row| Ok(Revisions { newest: row.take()?, small: row.take()? })).transpose()
}

/// Which edition of the small rows there is: the epoch, and the newest revision of one of them.
pub async fn edition(tx: &mut Tx, event: EventId) -> Result<Option<(Epoch, u64)>, StoreError> {
    let sql =
        "SELECT i.content, f.small_revision FROM feeds f, installation i WHERE f.event = $1 AND i.name = 'epoch'";
    let Some(mut row) = tx.first(sql, params![event]).await? else { return Ok(None) };
    let epoch: Vec<u8> = row.take()?;
    let epoch = Epoch(epoch.try_into().map_err(|_| StoreError::Shape("an epoch"))?);
    Ok(Some((epoch, row.take()?)))
}

/// Rows after a revision, in order, with theirs.
pub async fn after(tx: &mut Tx, event: EventId, after: u64, limit: u64) -> Result<Vec<(u64, Row)>, StoreError> {
    let sql = "SELECT revision, kind, row_key, body FROM feed_rows
        WHERE event = $1 AND revision > $2 ORDER BY revision LIMIT $3";
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(row).collect()
}

/// All rows of an event that are no tickets.
pub async fn small(tx: &mut Tx, event: EventId) -> Result<Vec<Row>, StoreError> {
    // 7 is the kind of tickets, for ever.
    let sql = "SELECT revision, kind, row_key, body FROM feed_rows WHERE event = $1 AND kind < 7
        UNION ALL SELECT revision, kind, row_key, body FROM feed_rows WHERE event = $1 AND kind > 7";
    tx.query(sql, params![event]).await?.into_iter().map(|found| row(found).map(|(_, row)| row)).collect()
}

fn row(mut found: super::Row) -> Result<(u64, Row), StoreError> {
    let (revision, kind) = (found.take()?, found.take()?);
    let (key, body): (Vec<u8>, Option<Vec<u8>>) = (found.take()?, found.take()?);
    Ok((revision, Row { kind, key: key.into(), body: body.map(Into::into) }))
}
