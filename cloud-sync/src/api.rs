//! The REST handlers, one folder or file a noun, one function a verb.
//!
//! Each extracts, finds the thing in the caller's scope, does one thing in one
//! transaction and gives a typed answer. Who may call it stands in [`crate::auth`].

pub mod allotments;
pub mod answers;
pub mod desk;
pub mod devices;
pub mod enrol;
pub mod entries;
pub mod events;
pub mod exchange;
pub mod grants;
pub mod health;
pub mod keys;
pub mod lists;
pub mod orders;
pub mod organizers;
pub mod products;
pub mod reports;
pub mod staff;
pub mod tickets;
pub mod tokens;
pub mod zones;

use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::scope::Named;
use crate::store::requests::{self, Answered};
use crate::store::{Lock, Tx, Work};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use std::sync::Arc;
use tidegate_core::decide::key;
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;

/// The application, as handlers get it.
pub type Shared = State<Arc<App>>;
/// The caller, as handlers get it from the guard.
pub type By = Extension<Caller>;
/// An answer.
pub type Answer<T> = Result<Json<T>, Fault>;
/// An answer about something that was made.
pub type Made<T> = Result<(StatusCode, Json<T>), Fault>;

/// Says that something was made.
pub fn made<T>(thing: T) -> Made<T> {
    Ok((StatusCode::CREATED, Json(thing)))
}

/// Runs `work`, which writes in an event's books, when it is its turn there; see [`crate::turns`]. Of which event is
/// found before, because nobody waits for a turn with a connection in hand; where nothing is named, no books are touched.
pub async fn in_turn<T, F>(app: &Arc<App>, (caller, named): (Caller, Option<Named>), work: F) -> Result<T, Fault>
where
    F: for<'a> FnOnce(&'a mut Tx, &'a App) -> Work<'a, T, Fault> + Send + 'static,
    T: Send + 'static,
{
    let Some(named) = named else { return app.write(work).await };
    let event = app.read(move |tx, _| Box::pin(async move { named.event(tx, &caller).await })).await?;
    app.write_books(event, work).await
}

/// A request that may be repeated: whose, for what, under which key, with what content.
pub struct Keyed {
    operation: &'static str,
    owner: String,
    key: String,
    content: Hash,
}

impl Keyed {
    /// The key of a request with this content.
    pub fn new(operation: &'static str, caller: &Caller, key: String, content: &impl Serialize) -> Self {
        let text = serde_json::to_string(content).unwrap_or_default(); // our own request types always can
        Self { operation, owner: caller.token.clone(), key, content: key::content(&[&text]) }
    }

    /// The answer that was given, if the request is a repeated one.
    pub async fn repeated(&self, tx: &mut Tx) -> Result<Option<String>, Fault> {
        tx.lock(Lock::Request(self.operation, &self.owner, &self.key)).await?;
        match requests::get(tx, self.operation, &self.owner, &self.key).await? {
            None => Ok(None),
            Some(answered) if answered.content == self.content => Ok(Some(answered.answer)),
            Some(_) => Err(Fault::conflict("key_reused", "This Idempotency-Key stands for another request")
                .action("Use a fresh key for a new request")),
        }
    }

    /// Keeps the answer in the transaction that had the effect.
    pub async fn keep(&self, tx: &mut Tx, answer: &impl Serialize, now: Timestamp) -> Result<String, Fault> {
        let answer = serde_json::to_string(answer).map_err(|e| Fault::internal(&e))?;
        let answered = Answered { content: self.content, answer };
        requests::add(tx, (self.operation, &self.owner, &self.key), &answered, now).await?;
        Ok(answered.answer)
    }
}
