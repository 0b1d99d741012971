//! Acts at one event's desk that come together go through one transaction.
//!
//! An event's entries form one chain under one lock. Whoever comes while it is
//! held waits here, and goes into the next transaction with all who waited: they
//! are decided one after the other, each sees those before it, and one commit makes
//! them durable before any of them is answered. A fault of one takes nothing from the
//! others: where it had changed something, all is rolled back and done again without it.

use super::Desk;
use super::ahead::Wants;
use crate::app::App;
use crate::fault::Fault;
use crate::store::{StoreError, Tx};
use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_core::api::Answer;
use tidegate_core::id::EventId;
use tokio::sync::oneshot;

/// Acts in one transaction: the lock is held for some dozens of milliseconds, and a commit is shared by enough.
const MAX_TOGETHER: usize = 64;
/// Acts of one event that wait in one server: about what it does in the time that a caller waits.
const MAX_WAITING: usize = 4_096;

type Work = dyn for<'a> Fn(&'a mut Tx, &'a mut Desk<'_>) -> BoxFuture<'a, Result<Answer, Fault>> + Send + Sync;

/// What somebody wants done at a desk. It may be asked again, after a transaction that was rolled back.
#[derive(Clone)]
pub struct Act {
    /// What it will ask the database for.
    wants: Wants,
    work: Arc<Work>,
}

impl Act {
    /// Something to do, and what it will ask for first.
    pub fn new<F>(wants: Wants, work: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a mut Desk<'_>) -> BoxFuture<'a, Result<Answer, Fault>>
            + Send
            + Sync
            + 'static,
    {
        Self { wants, work: Arc::new(work) }
    }
}

/// Those who wait at the desks of one server; an event is here while somebody serves it.
#[derive(Default)]
pub struct Groups(Mutex<HashMap<EventId, VecDeque<Waiting>>>);

struct Waiting {
    act: Act,
    answer: oneshot::Sender<Result<Answer, Fault>>,
}

/// What ended a transaction of several.
enum Ended {
    /// The act at this place; nothing was saved.
    By(usize, Fault),
    /// What all of them rest on.
    All(Fault),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::All(error.into())
    }
}

/// Does an act at an event's desk; durable when this returns.
pub async fn act(app: &Arc<App>, event: EventId, act: Act) -> Result<Answer, Fault> {
    let (answer, told) = oneshot::channel();
    if app.desks.enter(event, Waiting { act, answer })? {
        tokio::spawn(serve(app.clone(), event));
    }
    // Somebody serves until nobody waits; what panics is given up by the store and told.
    told.await.unwrap_or_else(|_| Err(StoreError::Lost.into()))
}

async fn serve(app: Arc<App>, event: EventId) {
    while let Some(mut group) = app.desks.next(event) {
        group.retain(|waiting| !waiting.answer.is_closed()); // who has gone gets nothing done
        while !group.is_empty() {
            let acts: Vec<Act> = group.iter().map(|waiting| waiting.act.clone()).collect();
            let done = app.write_books(event, move |tx, app| Box::pin(all(tx, app, event, acts)));
            match done.await {
                Ok(answers) => {
                    for (waiting, answer) in group.drain(..).zip(answers) {
                        drop(waiting.answer.send(answer));
                    }
                }
                Err(Ended::By(place, fault)) if !of_the_database(&fault) => {
                    let waiting = group.remove(place);
                    drop(waiting.answer.send(Err(fault)));
                }
                Err(Ended::By(_, fault) | Ended::All(fault)) => tell(&mut group, &fault),
            }
        }
    }
}

/// What one act failed with because of the database, all the others would.
fn of_the_database(fault: &Fault) -> bool {
    fault.status() == StatusCode::SERVICE_UNAVAILABLE
}

fn tell(group: &mut Vec<Waiting>, fault: &Fault) {
    for waiting in group.drain(..) {
        drop(waiting.answer.send(Err(fault.clone())));
    }
}

type Answers = Vec<Result<Answer, Fault>>;

async fn all(tx: &mut Tx, app: &App, event: EventId, acts: Vec<Act>) -> Result<Answers, Ended> {
    let mut desk = Desk::open(tx, app, event).await.map_err(Ended::All)?;
    desk.look_ahead(tx, acts.iter().map(|act| &act.wants)).await.map_err(Ended::All)?;
    let mut answers = Vec::with_capacity(acts.len());
    for (place, act) in acts.iter().enumerate() {
        let written = tx.written();
        match (act.work)(tx, &mut desk).await {
            Err(fault) if fault.status().is_server_error() || tx.written() > written => {
                return Err(Ended::By(place, fault));
            }
            answer => answers.push(answer),
        }
    }
    desk.close(tx).await.map_err(Ended::All)?;
    Ok(answers)
}

impl Groups {
    /// Takes a place; whether nobody serves this event yet.
    fn enter(&self, event: EventId, waiting: Waiting) -> Result<bool, Fault> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !all.contains_key(&event);
        let queue = all.entry(event).or_default();
        if queue.len() >= MAX_WAITING {
            return Err(StoreError::Busy("too many wait at this desk".into()).into());
        }
        queue.push_back(waiting);
        Ok(first)
    }

    /// Those whose turn it is; nobody, and then whoever comes next is the first again.
    fn next(&self, event: EventId) -> Option<Vec<Waiting>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = all.get_mut(&event).filter(|queue| !queue.is_empty());
        match queue {
            Some(queue) => Some(queue.drain(..queue.len().min(MAX_TOGETHER)).collect()),
            None => {
                all.remove(&event);
                None
            }
        }
    }
}
