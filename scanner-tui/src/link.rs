//! The agent's HTTP API, as far as this screen needs it.
//!
//! Follows the event stream and connects again for ever; asks what the screen wants asked,
//! once, and repeats nothing by itself: a repeated undo takes back something else. Kept true: the
//! token comes from a file read anew at each connection, leaves only towards the
//! configured address, and no redirect is followed. Nothing here draws or decides.

mod ask;
pub mod fault;
pub mod news;
pub mod refusal;
pub mod sse;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tidegate_core::api::{Status, StreamMessage};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use crate::model::SILENCE_MS;
use crate::model::request::{Replied, Request};
use fault::Fault;

pub use news::News;
pub use refusal::Refusal;

/// A venue network answers in milliseconds; two seconds is a dead address.
const CONNECT: Duration = Duration::from_secs(2);
/// An agent answers from its own disk; three seconds is a fault worth showing.
const REQUEST: Duration = Duration::from_secs(3);
/// The same where the agent asks others first, each for up to five seconds.
const LONG_REQUEST: Duration = Duration::from_secs(8);
/// The first wait before connecting again; doubled up to [`RETRY_MOST`].
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// The longest wait: a restarted agent is back on the screen within this.
const RETRY_MOST: Duration = Duration::from_secs(2);
/// News that wait to be drawn; beyond that the agent's own buffer takes over.
pub const NEWS_WAITING: usize = 256;
/// A token is a line; whatever is longer is not one.
const TOKEN_BYTES: usize = 4_096;
/// An agent at an address.
#[derive(Clone, Debug)]
pub struct Agent {
    client: Client,
    base: Url,
    token_file: Option<PathBuf>,
    /// Tells the keys of this run from those of any other.
    run: String,
}

impl Agent {
    /// Prepares to speak with the agent; connects to nobody yet.
    pub fn new(base: Url, token_file: Option<PathBuf>) -> anyhow::Result<Self> {
        let builder = match base.scheme() {
            "http" => Client::builder().tls_backend_preconfigured(trusting_nobody()?),
            _ => Client::builder(),
        };
        let client = builder
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("scanner-tui/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = format!("tui-{:x}-{:x}", since.as_nanos(), std::process::id());
        Ok(Self { client, base, token_file, run })
    }

    /// The state of everything.
    pub async fn status(&self) -> Result<Status, Fault> {
        let request = self.client.get(self.url("v1/status")).timeout(REQUEST);
        let response = accepted(self.send(request).await?)?;
        response.json().await.map_err(|_| Fault::NotAnAgent)
    }

    /// Asks once. An act is known to the agent by its key: the same key is the same act.
    pub async fn ask(&self, request: &Request, key: u64) -> Replied {
        let key = format!("{}-{key}", self.run);
        let built = ask::request(&self.client, &self.base, request, &key);
        let response = self.send(built).await.map_err(Refusal::NotReached)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|_| Refusal::NotReached(Fault::Closed))?;
        ask::reply(request, status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Follows the stream until it ends or nobody listens; says which fault ended it, and whether it had begun.
    async fn follow_once(&self, tell: &Sender<News>) -> (Fault, Begun) {
        let stream = match self.open().await {
            Ok(stream) => stream,
            Err(fault) => return (fault, Begun::No),
        };
        let status = match self.status().await {
            Ok(status) => status,
            Err(fault) => return (fault, Begun::No),
        };
        let first = News::Said(Box::new(StreamMessage::Status(Box::new(status))));
        for news in [News::Connected, first] {
            if tell.send(news).await.is_err() {
                return (Fault::Closed, Begun::Yes);
            }
        }
        (relay(stream, tell).await, Begun::Yes)
    }

    async fn open(&self) -> Result<Response, Fault> {
        let request = self.client.get(self.url("v1/stream"));
        let request = request.header("accept", "text/event-stream");
        let sent = tokio::time::timeout(REQUEST, self.send(request)).await;
        accepted(sent.map_err(|_| Fault::Silent)??)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let request = match self.token()? {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.map_err(|error| if error.is_timeout() { Fault::Silent } else { Fault::NoAnswer })
    }

    /// Read anew each time, so that a renewed token needs no restart.
    fn token(&self) -> Result<Option<String>, Fault> {
        let Some(path) = &self.token_file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|_| Fault::TokenFile)?;
        let token = text.trim();
        let usable =
            !token.is_empty() && token.len() <= TOKEN_BYTES && token.bytes().all(|b| b.is_ascii_graphic());
        usable.then(|| Some(token.to_owned())).ok_or(Fault::TokenFile)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// Plain http needs no roots, and a machine without any could not build the usual client.
fn trusting_nobody() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Whether a connection came to say anything.
enum Begun {
    Yes,
    No,
}

/// Follows the agent until nobody listens any more.
pub async fn follow(agent: Agent, tell: Sender<News>) {
    let mut attempts: u32 = 0;
    while !tell.is_closed() {
        let (fault, begun) = agent.follow_once(&tell).await;
        attempts = match begun {
            Begun::Yes => 1,
            Begun::No => attempts.saturating_add(1),
        };
        tracing::info!(fault.code = fault.code(), link.attempts = attempts, "agent not reached");
        if tell.send(News::Lost { fault, attempts }).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait(attempts)) => {}
            () = tell.closed() => return,
        }
    }
}

/// How long to wait after so many failed attempts.
pub fn wait(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(8);
    RETRY_FIRST.saturating_mul(1 << doublings).min(RETRY_MOST)
}

async fn relay(stream: Response, tell: &Sender<News>) -> Fault {
    let mut parser = sse::Parser::default();
    let mut bytes = stream.bytes_stream();
    let mut heard = Instant::now();
    loop {
        let chunk = match tokio::time::timeout_at(heard + silence(), bytes.next()).await {
            Err(_) => return Fault::Silent,
            Ok(None | Some(Err(_))) => return Fault::Closed,
            Ok(Some(Ok(chunk))) => chunk,
        };
        if heard.elapsed() > silence() {
            return Fault::Silent; // this process slept: what waited in the socket is old
        }
        let Ok(events) = parser.feed(&chunk) else {
            return Fault::NotAnAgent;
        };
        heard = Instant::now();
        let news = events.iter().filter_map(news::of);
        for news in std::iter::once(News::Alive).chain(news) {
            if tell.send(news).await.is_err() {
                return Fault::Closed;
            }
        }
    }
}

fn silence() -> Duration {
    Duration::from_millis(SILENCE_MS)
}

fn accepted(response: Response) -> Result<Response, Fault> {
    match response.status().as_u16() {
        200..=299 => Ok(response),
        status @ (401 | 403) => Err(Fault::Denied(status)),
        status => Err(Fault::Http(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_stays_short_enough_for_a_door() {
        let waits = [1, 2, 3, 4, 5, 4_000_000_000].map(|n| wait(n).as_millis());
        assert_eq!(waits, [250, 500, 1_000, 2_000, 2_000, 2_000]);
    }
}
