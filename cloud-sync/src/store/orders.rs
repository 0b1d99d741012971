//! Orders, and every move they made.

use super::{Row, StoreError, Tx};
use crate::orders::{Action, State};
use crate::params;
use tidegate_core::id::EventId;
use tidegate_core::time::Timestamp;

/// An order.
#[derive(Clone)]
pub struct OrderRecord {
    /// `ord_…`.
    pub id: String,
    /// Of which event.
    pub event: EventId,
    /// What stands on tickets and screens.
    pub code: String,
    /// The token that placed it.
    pub owner: String,
    /// Where tickets are sent.
    pub email: Option<String>,
    /// Where it stands.
    pub state: State,
    /// What it costs, in minor units.
    pub total_minor: i64,
    /// What was given back, in minor units.
    pub refunded_minor: i64,
    /// When it was placed.
    pub created_at: Timestamp,
}

/// One move of an order.
pub struct MoveRecord<'a> {
    /// When.
    pub at: Timestamp,
    /// By which token.
    pub token: &'a str,
    /// What was done.
    pub action: Action,
    /// From where.
    pub before: State,
    /// To where.
    pub after: State,
    /// A payment's reference, an amount: never a name.
    pub detail: &'a str,
}

macro_rules! columns {
    () => {
        "id, event, code, owner, email, state, total_minor, refunded_minor, created_at"
    };
}

/// Adds an order; `false` where its code is taken.
pub async fn add(tx: &mut Tx, order: &OrderRecord) -> Result<bool, StoreError> {
    let sql = concat!(
        "INSERT INTO orders (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (code) DO NOTHING"
    );
    let params = params![
        &order.id,
        order.event,
        &order.code,
        &order.owner,
        order.email.clone(),
        order.state.as_str(),
        order.total_minor,
        order.refunded_minor,
        order.created_at,
    ];
    Ok(tx.execute(sql, params).await? == 1)
}

/// Moves an order and writes down that it did.
pub async fn advance(tx: &mut Tx, order: &OrderRecord, step: &MoveRecord<'_>) -> Result<(), StoreError> {
    let sql = "UPDATE orders SET state = $2, refunded_minor = $3 WHERE id = $1";
    tx.later(sql, params![&order.id, step.after.as_str(), order.refunded_minor]).await?;
    let sql = "INSERT INTO order_moves (order_id, place, at, token, action, before, after, detail)
        SELECT $1, COALESCE(MAX(place), 0) + 1, $2, $3, $4, $5, $6, $7 FROM order_moves WHERE order_id = $1";
    let (action, before, after) = (step.action.as_str(), step.before.as_str(), step.after.as_str());
    tx.later(sql, params![&order.id, step.at, step.token, action, before, after, step.detail]).await
}

/// An order.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<OrderRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM orders WHERE id = $1");
    tx.first(sql, params![id]).await?.map(order).transpose()
}

/// An event's orders after `after`, by id.
pub async fn of_event(
    tx: &mut Tx,
    event: EventId,
    after: &str,
    limit: u32,
) -> Result<Vec<OrderRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM orders WHERE event = $1 AND id > $2 ORDER BY id LIMIT $3");
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(order).collect()
}

/// What one token ordered of an event, after `after`, by id.
pub async fn of_owner(
    tx: &mut Tx,
    event: EventId,
    owner: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<OrderRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM orders WHERE event = $1 AND owner = $2 AND id > $3 ORDER BY id LIMIT $4"
    );
    tx.query(sql, params![event, owner, after, limit]).await?.into_iter().map(order).collect()
}

/// The actions that were taken on an order, in order.
pub async fn moves(tx: &mut Tx, id: &str) -> Result<Vec<(Timestamp, String, String)>, StoreError> {
    let sql = "SELECT at, action, after FROM order_moves WHERE order_id = $1 ORDER BY place";
    let rows = tx.query(sql, params![id]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?, row.take()?))).collect()
}

fn order(mut row: Row) -> Result<OrderRecord, StoreError> {
    Ok(OrderRecord {
        id: row.take()?,
        event: row.take()?,
        code: row.take()?,
        owner: row.take()?,
        email: row.take()?,
        state: State::parse(&row.take::<String>()?).ok_or(StoreError::Shape("an order state"))?,
        total_minor: row.take()?,
        refunded_minor: row.take()?,
        created_at: row.take()?,
    })
}
