//! Keys of scans and servings that the cloud itself recorded, with their answers.

use super::{Json, Row, StoreError, Tx, Value};
use crate::params;
use tidegate_core::api::Answer;
use tidegate_core::decide::key::Operation;
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::seal::Hash;

/// What stands under a key.
pub struct ActRecord {
    /// The hash of the request's content.
    pub content: Hash,
    /// The answer that was given.
    pub answer: Answer,
    /// The ticket.
    pub ticket: TicketId,
    /// In which life of the cloud's journal.
    pub incarnation: u32,
    /// The place there.
    pub place: u64,
}

/// Asks for what stands under a key.
pub const BY_KEY: &str = "SELECT content, answer, ticket, incarnation, place FROM acts
    WHERE event = $1 AND operation = $2 AND request_key = $3";

/// What [`BY_KEY`] is asked with.
pub fn by_key(event: EventId, operation: Operation, key: &str) -> [Value; 3] {
    [event.into(), operation.as_str().into(), key.into()]
}

/// What [`BY_KEY`] gives.
pub fn act(mut row: Row) -> Result<ActRecord, StoreError> {
    let content = row.take()?;
    let Json(answer): Json<Answer> = row.take()?;
    Ok(ActRecord { content, answer, ticket: row.take()?, incarnation: row.take()?, place: row.take()? })
}

/// What stands under a key.
pub async fn get(
    tx: &mut Tx,
    event: EventId,
    operation: Operation,
    key: &str,
) -> Result<Option<ActRecord>, StoreError> {
    tx.first(BY_KEY, &by_key(event, operation, key)).await?.map(act).transpose()
}

/// Keeps an act under its key.
pub async fn add(
    tx: &mut Tx,
    event: EventId,
    (operation, key): (Operation, &str),
    act: &ActRecord,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO acts (event, operation, request_key, content, answer, ticket, incarnation, place)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let answer = Json(act.answer.clone());
    let params =
        params![event, operation.as_str(), key, act.content, answer, act.ticket, act.incarnation, act.place];
    tx.later(sql, params).await
}
