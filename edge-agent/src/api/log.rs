//! The log, and the story of one ticket.

use super::input::bad;
use super::problem;
use crate::agent::Agent;
use crate::store::log::{self, Asked, MAX_PAGE, Only, Place};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::LogPage;
use tidegate_core::id::TicketId;
use tidegate_link::problem::{Path, Problem, Query};
use utoipa::{IntoParams, ToSchema};

/// Items on a page where none are asked for.
const PAGE: usize = 50;

/// Which entries are asked for.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnlyKind {
    /// People who went in.
    Entries,
    /// People who came out.
    Exits,
    /// Who was refused or asked.
    Refusals,
    /// What was served.
    Servings,
    /// What was taken back.
    Undone,
    /// What a supervisor decided.
    Overrides,
}

/// What is asked of the log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// How many items; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<String>,
    /// A name, an order, a gate, a device, a list, a product, a reason: part of what an entry says.
    #[param(max_length = 100)]
    find: Option<String>,
    /// Only these.
    #[param(inline)]
    kind: Option<OnlyKind>,
}

/// Everything that the journals here say, newest first. A page may hold less than `limit`, also
/// nothing, where much had to be looked through: read on while there is a `next`.
#[utoipa::path(get, path = "/v1/log", tag = "state", params(LogQuery), responses(
    (status = 200, body = LogPage),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn log(
    State(agent): State<Arc<Agent>>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>, Problem> {
    let (limit, before) = part(query.limit, query.before.as_deref())?;
    let find = query.find.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if find.as_ref().is_some_and(|text| text.chars().count() > 100) {
        return Err(bad("bad_search", "A search takes at most 100 letters"));
    }
    let only = query.kind.map(|kind| match kind {
        OnlyKind::Entries => Only::Entries,
        OnlyKind::Exits => Only::Exits,
        OnlyKind::Refusals => Only::Refusals,
        OnlyKind::Servings => Only::Servings,
        OnlyKind::Undone => Only::Undone,
        OnlyKind::Overrides => Only::Overrides,
    });
    let (memory, asked) = (agent.store.memory(), Asked { limit, before, only, find });
    let page = agent.store.read(move |connection| log::page(connection, &memory, &asked)).await;
    page.map(Json).map_err(|fault| problem(&fault))
}

/// How much is asked for, and after which page.
fn part(limit: Option<usize>, before: Option<&str>) -> Result<(usize, Option<Place>), Problem> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(bad("bad_limit", format!("limit is 1 to {MAX_PAGE}")));
    }
    let unknown = || bad("bad_place", "before is no place in this log").action("Give next of the page before");
    Ok((limit, before.map(|text| Place::read(text).ok_or_else(unknown)).transpose()?))
}

/// Which part of a ticket's story is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StoryQuery {
    /// How many items; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<String>,
}

/// The story of one ticket, newest first; empty where nothing happened with it yet.
#[utoipa::path(get, path = "/v1/tickets/{id}/log", tag = "tickets",
    params(("id" = String, Path, description = "The ticket, `tkt_…`"), StoryQuery),
    responses(
        (status = 200, body = LogPage),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn story(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    Query(query): Query<StoryQuery>,
) -> Result<Json<LogPage>, Problem> {
    let id: TicketId = id.parse().map_err(|e| bad("bad_ticket", format!("{e}")))?;
    let part = part(query.limit, query.before.as_deref())?;
    let memory = agent.store.memory();
    let story = agent.store.read(move |connection| log::story(connection, &memory, id, part)).await;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_ticket", "Nothing here knows that ticket");
    story.map_err(|fault| problem(&fault))?.map(Json).ok_or_else(unknown)
}
