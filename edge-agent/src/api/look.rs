//! Looking: people, state, conflicts, health. Nothing here changes anything.

use super::input::bad;
use super::problem;
use crate::agent::Agent;
use crate::store::read::{self, Found};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{ConflictReport, Status};
use tidegate_link::problem::{Problem, Query};
use utoipa::IntoParams;

/// A search.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Part of a name or of an order's code, two letters at least.
    #[param(min_length = 2, max_length = 100)]
    find: String,
}

/// Finds tickets by holder or order; at most 50.
#[utoipa::path(get, path = "/v1/tickets", params(Find), responses(
    (status = 200, body = Vec<Found>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn find(
    State(agent): State<Arc<Agent>>,
    Query(query): Query<Find>,
) -> Result<Json<Vec<Found>>, Problem> {
    let letters = query.find.trim().chars().count();
    if !(2..=100).contains(&letters) {
        return Err(bad("bad_search", "A search takes 2 to 100 letters"));
    }
    let memory = agent.store.memory();
    let text = query.find.trim().to_owned();
    let found = agent.store.read(move |connection| read::find(connection, &memory, &text)).await;
    found.map(Json).map_err(|fault| problem(&fault))
}

/// The state of everything, with the age of every number.
#[utoipa::path(get, path = "/v1/status", responses(
    (status = 200, body = Status),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn status(State(agent): State<Arc<Agent>>) -> Result<Json<Status>, Problem> {
    agent.status().await.map(Json).map_err(|fault| problem(&fault))
}

/// Entries and servings that were one too many, with both signed sides.
#[utoipa::path(get, path = "/v1/conflicts", responses(
    (status = 200, body = Vec<ConflictReport>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn conflicts(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<ConflictReport>>, Problem> {
    agent.store.read(read::conflicts).await.map(Json).map_err(|fault| problem(&fault))
}

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", security(()), responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// Whether it can admit.
#[utoipa::path(get, path = "/readyz", security(()), responses(
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
