//! Keys of scans and servings that the cloud itself recorded, with their answers.

use super::{Json, StoreError, Tx};
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
    /// The place in the cloud's journal.
    pub place: u64,
}

/// What stands under a key.
pub async fn get(
    tx: &mut Tx,
    event: EventId,
    operation: Operation,
    key: &str,
) -> Result<Option<ActRecord>, StoreError> {
    let sql = "SELECT content, answer, ticket, place FROM acts
        WHERE event = $1 AND operation = $2 AND request_key = $3";
    let found = tx.first(sql, params![event, operation.as_str(), key]).await?;
    let act = found.map(|mut row| {
        let content = row.take()?;
        let Json(answer): Json<Answer> = row.take()?;
        Ok(ActRecord { content, answer, ticket: row.take()?, place: row.take()? })
    });
    act.transpose()
}

/// Keeps an act under its key.
pub async fn add(
    tx: &mut Tx,
    event: EventId,
    (operation, key): (Operation, &str),
    act: &ActRecord,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO acts (event, operation, request_key, content, answer, ticket, place)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let answer = Json(act.answer.clone());
    let params = params![event, operation.as_str(), key, act.content, answer, act.ticket, act.place];
    tx.later(sql, params).await
}
