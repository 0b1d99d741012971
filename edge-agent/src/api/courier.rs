//! Files for a stick, over HTTP: the whole of one as a stream, and one block at a time back in.
//!
//! Whoever carries the stick reads and writes it; the agent never touches it. A block is bounded, is
//! taken in one transaction, and is on disk before it is answered.

use super::input::bad;
use super::problem;
use crate::agent::{Agent, fits};
use crate::courier::{Block, Content, MAX_BLOCK_BYTES};
use crate::store::courier::{self, Carries, Outbound};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::Imported;
use tidegate_link::problem::{Problem, Query};
use utoipa::IntoParams;

/// What a block's request may hold.
pub const MAX_BODY_BYTES: usize = MAX_BLOCK_BYTES;

/// What a file is to carry.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// This device's own journals alone; everything that is known here if absent.
    #[serde(default)]
    own: bool,
}

/// A file for a stick: every journal known here with its branches, and the feed. It ends with a block that
/// says how much it holds; a stream that ends without one was cut short.
#[utoipa::path(get, path = "/v1/export", tag = "courier", params(ExportQuery), responses(
    (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn export(State(agent): State<Arc<Agent>>, Query(query): Query<ExportQuery>) -> Response {
    let carries = if query.own { Carries::Own } else { Carries::Everything };
    let now = agent.store.time().read().now;
    let outbound = Outbound::new(agent.store.memory(), &agent.enrolment, now, carries);
    let blocks = stream::try_unfold((agent, outbound), |(agent, mut outbound)| async move {
        let next = agent.store.read(move |connection| {
            let raw = outbound.next_bytes(connection)?;
            Ok(raw.map(|raw| (raw, outbound)))
        });
        Ok::<_, crate::store::Fault>(next.await?.map(|(raw, outbound)| (Bytes::from(raw), (agent, outbound))))
    });
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::from_stream(blocks)).into_response()
}

/// Where a block comes from.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The file's name, for evidence.
    #[param(min_length = 1, max_length = 200)]
    source: String,
}

/// Takes one block of such a file. What is known already changes nothing; what cannot be taken is set aside
/// with its evidence and holds nothing up.
#[utoipa::path(post, path = "/v1/import", tag = "courier", params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 200, body = Imported),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was taken"),
))]
pub async fn import(
    State(agent): State<Arc<Agent>>,
    Query(query): Query<ImportQuery>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Imported>, Problem> {
    if !fits(&query.source) {
        return Err(bad("bad_name", "source takes 1 to 200 bytes and no control characters"));
    }
    let too_large = |_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "A block is not as large as that")
            .action("Send one block of a file at a time: edge-agent sync import-usb does")
    };
    let raw = body.map_err(too_large)?;
    if raw.is_empty() {
        return Err(bad("no_block", "Nothing was sent").action("Send one block of a file at a time"));
    }
    let source = format!("stick: {}", query.source);
    let decoded = tokio::task::spawn_blocking(move || (Block::decode(&raw), raw)).await;
    let (decoded, raw) = decoded.map_err(|_| Problem::internal("a block could not be looked at"))?;
    let taken = match decoded {
        Ok(Block { content, .. }) => {
            check_event(&agent, &content)?;
            agent.store.write(move |tx| courier::take(tx, &source, &content)).await
        }
        Err(why) => agent.store.write(move |tx| courier::keep_damaged(tx, &source, why, &raw)).await,
    };
    taken.map(Json).map_err(|fault| problem(&fault))
}

/// A file of another event has nothing for us: told at its first block, before each of its runs is set aside.
fn check_event(agent: &Agent, content: &Content) -> Result<(), Problem> {
    let Content::About(about) = content else { return Ok(()) };
    match about.read() {
        Some(about) if about.event != agent.enrolment.event() => {
            Err(Problem::new(StatusCode::CONFLICT, "wrong_event", "That file is of another event")
                .why(format!("It was written by {} for {}", about.name, about.event))
                .action("Bring it to a device of that event"))
        }
        Some(_) | None => Ok(()),
    }
}
