//! Staff of an event, with what verifies their PIN and slows down guessing.
//!
//! Whoever left keeps a row without a verifier, and with a counter above their
//! badge's: if somebody of the same name comes later, the old badge is not theirs.

use super::{Row, StoreError, Tx};
use crate::params;
use tidegate_core::catalogue::Staff;
use tidegate_core::id::EventId;
use tidegate_core::time::Timestamp;

/// A member of staff as the office keeps it.
#[derive(Clone)]
pub struct StaffRecord {
    /// What agents read.
    pub row: Staff,
    /// Wrong PINs in a row.
    pub failures: u32,
    /// No PIN is looked at before this.
    pub blocked_until: Timestamp,
}

/// Adds a member of staff, or gives the one of that name another PIN; a badge stays as it was.
pub async fn put(tx: &mut Tx, event: EventId, staff: &Staff) -> Result<(), StoreError> {
    let sql = "INSERT INTO staff (event, name, pin_hash, may_override, failures, blocked_until)
        VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT (event, name) DO UPDATE
        SET pin_hash = excluded.pin_hash, may_override = excluded.may_override, failures = 0, blocked_until = 0";
    let params = params![event, &staff.name, &staff.pin_hash, staff.may_override];
    tx.execute(sql, params).await.map(drop)
}

/// Takes a member of staff out; `false` where there is none of that name.
pub async fn remove(tx: &mut Tx, event: EventId, name: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE staff SET pin_hash = '', may_override = 0, badge_counter =
            CASE WHEN badge_counter BETWEEN 1 AND 65534 THEN badge_counter + 1 ELSE badge_counter END
        WHERE event = $1 AND name = $2 AND pin_hash <> ''";
    Ok(tx.execute(sql, params![event, name]).await? == 1)
}

/// Counts a new badge, which replaces the one before.
pub async fn raise_badge(tx: &mut Tx, event: EventId, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE staff SET badge_counter = badge_counter + 1
        WHERE event = $1 AND name = $2 AND badge_counter < 65535";
    tx.execute(sql, params![event, name]).await.map(drop)
}

/// Notes how often a PIN was wrong, and until when no other is looked at.
pub async fn note(tx: &mut Tx, event: EventId, staff: &StaffRecord) -> Result<(), StoreError> {
    let sql = "UPDATE staff SET failures = $3, blocked_until = $4 WHERE event = $1 AND name = $2";
    tx.execute(sql, params![event, &staff.row.name, staff.failures, staff.blocked_until]).await.map(drop)
}

/// A member of staff.
pub async fn get(tx: &mut Tx, event: EventId, name: &str) -> Result<Option<StaffRecord>, StoreError> {
    let sql = "SELECT name, pin_hash, may_override, badge_counter, failures, blocked_until FROM staff
        WHERE event = $1 AND name = $2 AND pin_hash <> ''";
    tx.first(sql, params![event, name]).await?.map(staff).transpose()
}

/// An event's staff after `after`, by name.
pub async fn of_event(
    tx: &mut Tx,
    event: EventId,
    after: &str,
    limit: u32,
) -> Result<Vec<StaffRecord>, StoreError> {
    let sql = "SELECT name, pin_hash, may_override, badge_counter, failures, blocked_until FROM staff
        WHERE event = $1 AND name > $2 AND pin_hash <> '' ORDER BY name LIMIT $3";
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(staff).collect()
}

fn staff(mut row: Row) -> Result<StaffRecord, StoreError> {
    Ok(StaffRecord {
        row: Staff {
            name: row.take()?,
            pin_hash: row.take()?,
            may_override: row.take()?,
            badge_counter: row.take()?,
        },
        failures: row.take()?,
        blocked_until: row.take()?,
    })
}
