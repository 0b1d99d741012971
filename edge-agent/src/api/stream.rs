//! The stream: answers, conflicts and troubles as they happen, and the state of
//! everything at least once a second.

use super::problem;
use crate::agent::Agent;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::api::StreamMessage;
use tidegate_link::problem::Problem;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Between two states where nothing happens.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// An event of the stream: its name, and its content as JSON. Together they are a `StreamMessage`.
#[derive(utoipa::ToSchema)]
#[allow(dead_code)] // a shape for the document alone
struct StreamEvent {
    /// `answer`, `same`, `trouble`, `status`, `conflict` or `finding`.
    event: String,
    /// The content, as JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

struct Listening {
    agent: Arc<Agent>,
    messages: Receiver<StreamMessage>,
    tick: Interval,
    /// An act happened since the last state was told.
    stale: bool,
}

/// Server-sent events; the event's name is the message's, its data the content.
#[utoipa::path(get, path = "/v1/stream", tag = "state", responses(
    (status = 200, content_type = "text/event-stream", body = StreamEvent),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub async fn stream(
    State(agent): State<Arc<Agent>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    agent.status().await.map_err(|fault| problem(&fault))?;
    let mut tick = interval(STATUS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listening = Listening { messages: agent.store.messages().subscribe(), agent, tick, stale: false };
    let events = stream::unfold(listening, |mut listening| async move {
        let message = listening.next().await?;
        Some((Ok(event(&message)), listening))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Listening {
    async fn next(&mut self) -> Option<StreamMessage> {
        loop {
            if self.stale && self.messages.is_empty() {
                self.stale = false;
                self.tick.reset();
                return self.status().await;
            }
            tokio::select! {
                _ = self.tick.tick() => return self.status().await,
                message = self.messages.recv() => match message {
                    Ok(message) => {
                        self.stale = true;
                        return Some(message);
                    }
                    // A screen that lagged misses some lines; the state that follows is whole.
                    Err(RecvError::Lagged(_)) => self.stale = true,
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    async fn status(&self) -> Option<StreamMessage> {
        match self.agent.status().await {
            Ok(status) => Some(StreamMessage::Status(Box::new(status))),
            Err(fault) => Some(StreamMessage::Trouble { code: fault.code().into(), what: fault.to_string() }),
        }
    }
}

fn event(message: &StreamMessage) -> Event {
    let json = serde_json::to_value(message).unwrap_or_default(); // our own types always serialise
    let name = json.get("event").and_then(|name| name.as_str()).unwrap_or("message");
    Event::default().event(name).data(json.get("data").map(ToString::to_string).unwrap_or_default())
}
