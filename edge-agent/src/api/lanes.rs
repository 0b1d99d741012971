//! Lanes over HTTP: which there are, and phones that become some.
//!
//! Lanes of the settings are only told here; phones are invited, named and revoked. A phone is called by the name
//! that people gave it, with `phone:` before it or without.

use super::input::{self, bad};
use super::problem;
use crate::agent::Agent;
use crate::phones::acts::refused;
use crate::phones::pairing::GOOD_FOR;
use crate::store::phones::Purpose;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{Direction, Invitation, SourceStatus};
use tidegate_link::problem::{Body, Path, Problem};
use utoipa::ToSchema;

/// Every lane, with its list, its gate and what is wrong with it.
#[utoipa::path(get, path = "/v1/lanes", tag = "lanes", responses(
    (status = 200, body = Vec<SourceStatus>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn all(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<SourceStatus>>, Problem> {
    agent.status().await.map(|status| Json(status.sources)).map_err(|fault| problem(&fault))
}

/// What a phone that is to be paired is for; what is left out is the agent's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LaneRequest {
    /// What people call it; `phone 1` and so on if absent.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Name of the check-in list of its scans.
    list: Option<String>,
    /// The gate in its entries.
    #[schema(min_length = 1, max_length = 200)]
    gate: Option<String>,
    /// Which way its scans go; `entry` if absent.
    direction: Option<Direction>,
    /// At a bar: the product that its codes pay for.
    serves: Option<String>,
}

/// Makes a one-time code by which one phone becomes a lane, on the page that this agent serves to phones.
#[utoipa::path(post, path = "/v1/lanes", tag = "lanes", request_body = LaneRequest, responses(
    (status = 200, body = Invitation),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn add(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<LaneRequest>,
) -> Result<Json<Invitation>, Problem> {
    let (name, gate) = (input::name("name", request.name)?, input::name("gate", request.gate)?);
    if request.list.is_some() && request.serves.is_some() {
        return Err(bad("list_or_serves", "A lane lets in by a list, or serves a product"));
    }
    if let Some(list) = &request.list {
        input::list(&agent, Some(list))?;
    }
    if let Some(product) = &request.serves {
        served(&agent, product)?;
    }
    let name = name.unwrap_or_else(|| agent.phones.free_name());
    let (list, direction, serves) = (request.list, request.direction, request.serves);
    let purpose = Purpose { name: name.clone(), list, gate, direction, serves };
    let invited = agent.phones.invite(purpose).map_err(|why| refused(&why))?;
    let expires_in = GOOD_FOR.as_secs();
    let (code, addresses, fingerprint) = (invited.code, invited.addresses, invited.fingerprint);
    Ok(Json(Invitation { name, code, expires_in, addresses, fingerprint }))
}

fn served(agent: &Agent, name: &str) -> Result<(), Problem> {
    let memory = agent.store.memory();
    let served = memory.catalogue.products.values().filter(|product| product.consumption);
    let known: Vec<&str> = served.map(|product| product.name.as_str()).collect();
    if !memory.ready || known.contains(&name) {
        return Ok(());
    }
    let known = known.join(", ");
    Err(Problem::new(StatusCode::NOT_FOUND, "unknown_product", "No product for bars has that name")
        .why(format!("known here: {known}"))
        .action(format!("Use one of: {known}")))
}

/// A phone's new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameRequest {
    /// What people call it from now on.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Gives a phone another name.
#[utoipa::path(patch, path = "/v1/lanes/{lane}", tag = "lanes", request_body = NameRequest,
    params(("lane" = String, Path, description = "The phone's name")), responses(
    (status = 204, description = "It is called so"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn name(
    State(agent): State<Arc<Agent>>,
    Path(lane): Path<String>,
    Body(request): Body<NameRequest>,
) -> Result<StatusCode, Problem> {
    let to = input::name("name", Some(request.name))?.unwrap_or_default();
    let named = agent.phones.rename(&agent.store, bare(&lane), to).await;
    named.map(|()| StatusCode::NO_CONTENT).map_err(|why| refused(&why))
}

/// Revokes a phone: its next word is refused, also a frame that is being read.
#[utoipa::path(delete, path = "/v1/lanes/{lane}", tag = "lanes",
    params(("lane" = String, Path, description = "The phone's name")), responses(
    (status = 204, description = "It is paired no more"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn revoke(State(agent): State<Arc<Agent>>, Path(lane): Path<String>) -> Result<StatusCode, Problem> {
    let revoked = agent.phones.revoke(&agent.store, bare(&lane)).await;
    revoked.map(|()| StatusCode::NO_CONTENT).map_err(|why| refused(&why))
}

/// The name as people gave it.
fn bare(lane: &str) -> String {
    lane.strip_prefix("phone:").unwrap_or(lane).to_owned()
}
