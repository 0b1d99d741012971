//! Turns at an event's books, before a connection is taken.
//!
//! Who writes in an event's books waits for whoever holds them, and would hold a
//! database connection meanwhile. A few of one event wait there and the others here,
//! so that an event that stands still leaves the connections to the others.

use crate::store::StoreError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tidegate_core::id::EventId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Writers of one event at once: half of a server's connections. They take turns in the database
/// anyway; more than one, so that the next is there when one has done.
const AT_ONCE: usize = 4;
/// How long one waits for a turn: as long as for a connection or a lock.
const WAIT: Duration = Duration::from_secs(5);
/// Events that are remembered; beyond it those are forgotten at which nobody writes.
const MAX_EVENTS: usize = 1_024;

/// Who may write at which event.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<EventId, Arc<Semaphore>>>);

/// A turn, until it is dropped.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits for a turn at an event.
    pub async fn take(&self, event: EventId) -> Result<Turn, StoreError> {
        match tokio::time::timeout(WAIT, self.of(event).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(StoreError::Busy("too many wait for one event".into())),
        }
    }

    fn of(&self, event: EventId) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_EVENTS {
            all.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        all.entry(event).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
    }
}
