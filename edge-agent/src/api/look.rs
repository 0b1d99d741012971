//! Looking: people, state, conflicts, health. Nothing here changes anything.

use super::input::bad;
use super::problem;
use crate::agent::Agent;
use crate::store::words::stands_alone;
use crate::store::{find, findings, read};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{ConflictReport, Findings, FoundTicket, LinkStatus, Status};
use tidegate_link::problem::{Problem, Query};
use utoipa::IntoParams;

/// A search.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Names, an order's code or an e-mail, in part and with typos; two letters at least, or one
    /// Chinese character, kana or hangul.
    #[param(min_length = 1, max_length = 100)]
    find: String,
}

/// Finds tickets by holder, order, e-mail or id, in any case, with or without accents, with few
/// typos; best first, at most 50. While the status says `indexing`, people may be missing.
#[utoipa::path(get, path = "/v1/tickets", tag = "tickets", params(Find), responses(
    (status = 200, body = Vec<FoundTicket>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn find(
    State(agent): State<Arc<Agent>>,
    Query(query): Query<Find>,
) -> Result<Json<Vec<FoundTicket>>, Problem> {
    let letters = query.find.trim().chars().count();
    let enough = letters >= 2 || query.find.trim().chars().any(stands_alone);
    if !enough || letters > 100 {
        return Err(bad("bad_search", "A search takes 2 to 100 letters"));
    }
    let memory = agent.store.memory();
    let now = agent.store.time().read().now;
    let text = query.find.trim().to_owned();
    let found = agent.store.read(move |connection| find::find(connection, &memory, &text, now)).await;
    found.map(Json).map_err(|fault| problem(&fault))
}

/// The state of everything, with the age of every number.
#[utoipa::path(get, path = "/v1/status", tag = "state", responses(
    (status = 200, body = Status),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn status(State(agent): State<Arc<Agent>>) -> Result<Json<Status>, Problem> {
    agent.status().await.map(Json).map_err(|fault| problem(&fault))
}

/// Entries and servings that were one too many, with both signed sides.
#[utoipa::path(get, path = "/v1/conflicts", tag = "state", responses(
    (status = 200, body = Vec<ConflictReport>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn conflicts(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<ConflictReport>>, Problem> {
    agent.store.read(read::conflicts).await.map(Json).map_err(|fault| problem(&fault))
}

/// What the journals say that should not be, with the evidence: entries without effect and why, journals
/// with two histories and the proof, who is short of what they used, and what could not be taken.
#[utoipa::path(get, path = "/v1/findings", tag = "state", responses(
    (status = 200, body = Findings),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn findings(State(agent): State<Arc<Agent>>) -> Result<Json<Findings>, Problem> {
    let (memory, now, ca) = (agent.store.memory(), agent.store.time().read().now, agent.enrolment.ca);
    let all = agent.store.read(move |connection| findings::all(connection, &memory, &ca, now)).await;
    all.map(Json).map_err(|fault| problem(&fault))
}

/// Asks everybody at once, and answers when each has answered or could not be reached.
#[utoipa::path(post, path = "/v1/sync", tag = "state", responses(
    (status = 200, body = Vec<LinkStatus>, description = "The links afterwards: the cloud first, then the peers"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
pub async fn sync(State(agent): State<Arc<Agent>>) -> Json<Vec<LinkStatus>> {
    agent.links.hurry(&agent.store).await;
    let memory = agent.store.memory();
    Json(agent.links.status(&memory, memory.own))
}

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether it can admit.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, body = String),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn readyz(State(agent): State<Arc<Agent>>) -> Result<&'static str, Problem> {
    match agent.store.memory().ready {
        true => Ok("ready"),
        false => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", "The list is still coming in")
            .retry_after(1)),
    }
}
