//! Answers by idempotency key, saved in the transaction that had the effect.

use super::{StoreError, Tx};
use crate::params;
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;

/// What was answered under a key.
pub struct Answered {
    /// The hash of the request's content.
    pub content: Hash,
    /// The answer, as JSON.
    pub answer: String,
}

/// The answer under a key of `owner` for `operation`.
pub async fn get(tx: &mut Tx, operation: &str, owner: &str, key: &str) -> Result<Option<Answered>, StoreError> {
    let sql = "SELECT content, answer FROM requests WHERE operation = $1 AND owner = $2 AND request_key = $3";
    let found = tx.first(sql, params![operation, owner, key]).await?;
    found.map(|mut row| Ok(Answered { content: row.take()?, answer: row.take()? })).transpose()
}

/// Saves an answer.
pub async fn add(
    tx: &mut Tx,
    (operation, owner, key): (&str, &str, &str),
    answered: &Answered,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO requests (operation, owner, request_key, content, answer, at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let params = params![operation, owner, key, answered.content, &answered.answer, at];
    tx.later(sql, params).await
}
