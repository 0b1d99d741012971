//! Counted areas of an event, as the office made them.
//!
//! How many places anybody holds is not kept here: that is in the journals.

use super::{Row, StoreError, Tx};
use crate::params;
use std::collections::BTreeMap;
use tidegate_core::catalogue::Zone;
use tidegate_core::id::{EventId, ZoneId};

/// A zone as the office keeps it.
#[derive(Clone)]
pub struct ZoneRecord {
    /// `zon_…`.
    pub id: String,
    /// Of which event.
    pub event: EventId,
    /// What agents read.
    pub row: Zone,
}

macro_rules! columns {
    () => {
        "id, event, number, name, capacity"
    };
}

/// Adds a zone.
pub async fn add(tx: &mut Tx, zone: &ZoneRecord) -> Result<(), StoreError> {
    let sql = concat!("INSERT INTO zones (", columns!(), ") VALUES ($1, $2, $3, $4, $5)");
    let ZoneRecord { id, event, row } = zone;
    tx.execute(sql, params![id, *event, row.id, &row.name, row.capacity]).await.map(drop)
}

/// Writes what may change of a zone.
pub async fn update(tx: &mut Tx, zone: &ZoneRecord) -> Result<(), StoreError> {
    let sql = "UPDATE zones SET name = $2, capacity = $3 WHERE id = $1";
    tx.execute(sql, params![&zone.id, &zone.row.name, zone.row.capacity]).await.map(drop)
}

/// A zone.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ZoneRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM zones WHERE id = $1");
    tx.first(sql, params![id]).await?.map(zone).transpose()
}

/// An event's zones after number `after`.
pub async fn of_event(tx: &mut Tx, event: EventId, after: u16, limit: u32) -> Result<Vec<ZoneRecord>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM zones WHERE event = $1 AND number > $2 ORDER BY number LIMIT $3");
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(zone).collect()
}

/// The ids of an event's zones by their numbers.
pub async fn ids_of(tx: &mut Tx, event: EventId) -> Result<BTreeMap<ZoneId, String>, StoreError> {
    let rows = tx.query("SELECT number, id FROM zones WHERE event = $1", params![event]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// How many zones an event has; the next number is one more.
pub async fn count(tx: &mut Tx, event: EventId) -> Result<u32, StoreError> {
    let row = tx.first("SELECT COUNT(*) FROM zones WHERE event = $1", params![event]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

fn zone(mut row: Row) -> Result<ZoneRecord, StoreError> {
    let (id, event) = (row.take()?, row.take()?);
    Ok(ZoneRecord { id, event, row: Zone { id: row.take()?, name: row.take()?, capacity: row.take()? } })
}
