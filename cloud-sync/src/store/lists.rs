//! Check-in lists of an event.

use super::{Json, Row, StoreError, Tx};
use crate::params;
use std::collections::HashMap;
use tidegate_core::catalogue::CheckInList;
use tidegate_core::id::{EventId, ListId, ProductId};
use tidegate_core::rule::Rules;

/// A check-in list as the office keeps it.
#[derive(Clone)]
pub struct ListRecord {
    /// `lst_…`.
    pub id: String,
    /// Of which event.
    pub event: EventId,
    /// What agents read.
    pub row: CheckInList,
}

macro_rules! columns {
    () => {
        "id, event, number, name, products, date_number, multiple_entries, reentry_after_exit, accept_unpaid, \
         ask_unlisted, addon_match, auto_exit_at, rules, zone_number"
    };
}

fn numbers(list: &CheckInList) -> Option<Json<Vec<u16>>> {
    list.products.as_ref().map(|products| Json(products.iter().map(|p| p.0).collect()))
}

fn text(list: &CheckInList) -> Option<String> {
    list.rules.as_ref().map(|rules| rules.text().to_owned())
}

/// Adds a list.
pub async fn add(tx: &mut Tx, list: &ListRecord) -> Result<(), StoreError> {
    let sql = concat!(
        "INSERT INTO lists (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    let ListRecord { id, event, row } = list;
    let params = params![
        id,
        *event,
        row.id,
        &row.name,
        numbers(row),
        row.date,
        row.multiple_entries,
        row.reentry_after_exit,
        row.accept_unpaid,
        row.ask_unlisted,
        row.addon_match,
        row.auto_exit_at,
        text(row),
        row.zone,
    ];
    tx.execute(sql, params).await.map(drop)
}

/// The numbers of an event's lists by their ids.
pub async fn numbers_of(tx: &mut Tx, event: EventId) -> Result<HashMap<String, ListId>, StoreError> {
    let rows = tx.query("SELECT id, number FROM lists WHERE event = $1", params![event]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// Writes what may change of a list.
pub async fn update(tx: &mut Tx, list: &ListRecord) -> Result<(), StoreError> {
    let sql = "UPDATE lists SET name = $2, products = $3, date_number = $4, multiple_entries = $5,
        reentry_after_exit = $6, accept_unpaid = $7, ask_unlisted = $8, addon_match = $9,
        auto_exit_at = $10, rules = $11, zone_number = $12 WHERE id = $1";
    let row = &list.row;
    let params = params![
        &list.id,
        &row.name,
        numbers(row),
        row.date,
        row.multiple_entries,
        row.reentry_after_exit,
        row.accept_unpaid,
        row.ask_unlisted,
        row.addon_match,
        row.auto_exit_at,
        text(row),
        row.zone,
    ];
    tx.execute(sql, params).await.map(drop)
}

/// A list.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ListRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM lists WHERE id = $1");
    tx.first(sql, params![id]).await?.map(list).transpose()
}

/// An event's lists after number `after`.
pub async fn of_event(tx: &mut Tx, event: EventId, after: u16, limit: u32) -> Result<Vec<ListRecord>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM lists WHERE event = $1 AND number > $2 ORDER BY number LIMIT $3");
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(list).collect()
}

/// How many lists an event has; the next number is one more.
pub async fn count(tx: &mut Tx, event: EventId) -> Result<u32, StoreError> {
    let row = tx.first("SELECT COUNT(*) FROM lists WHERE event = $1", params![event]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

fn list(mut row: Row) -> Result<ListRecord, StoreError> {
    let (id, event, number) = (row.take()?, row.take()?, row.take()?);
    Ok(ListRecord {
        id,
        event,
        row: CheckInList {
            name: row.take()?,
            products: row
                .take::<Option<Json<Vec<u16>>>>()?
                .map(|Json(numbers)| numbers.into_iter().map(ProductId).collect()),
            date: row.take()?,
            multiple_entries: row.take()?,
            reentry_after_exit: row.take()?,
            accept_unpaid: row.take()?,
            ask_unlisted: row.take()?,
            addon_match: row.take()?,
            auto_exit_at: row.take()?,
            rules: row.take::<Option<String>>()?.map(Rules::new),
            zone: row.take()?,
            ..CheckInList::unnamed(number)
        },
    })
}
