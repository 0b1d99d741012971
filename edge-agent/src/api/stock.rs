//! Stock and places over HTTP: what came, what broke, what was counted, and how the books stand.
//!
//! A device that may not bring in or count by itself does so with an open supervisor session, shown
//! like an override. Every refusal has a stable code, says why and what to do.

use super::acts::OverrideRequest;
use super::input::{self, bad};
use super::problem;
use crate::agent::Agent;
use crate::store::acts::{Key, is_recorded};
use crate::store::stock::{self, Change, Decides, Refused};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{StockAnswer, StockLine};
use tidegate_core::decide::key::Operation;
use tidegate_core::journal::kind::Resource;
use tidegate_link::problem::{Body, Problem};
use utoipa::ToSchema;

/// The most units in one act: a lorry of beer, or the gates of a stadium; more is a typing error.
const MAX_UNITS: u32 = 1_000_000;

/// Units that came or went.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockRequest {
    /// Name of a product that is served; or give `zone`.
    product: Option<String>,
    /// Name of a zone, whose places are meant.
    zone: Option<String>,
    /// How many units, or places.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u32,
    /// Why, where it is worth a word: at most 200 bytes.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// A supervisor decides, where this device may not by itself, or has less left.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
}

/// What was counted in the whole venue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StocktakeRequest {
    /// Name of a product that is served; or give `zone`.
    product: Option<String>,
    /// Name of a zone, whose free places are meant.
    zone: Option<String>,
    /// Units that are left in the whole venue, at every bar together.
    #[schema(minimum = 0, maximum = 1_000_000)]
    counted: u32,
    /// It stands although a device that hands it out is not heard: what that one sold meanwhile is then
    /// charged twice, until it is counted again.
    #[serde(default)]
    anyway: bool,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// A supervisor decides, where this device may not by itself.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
}

/// A crate came, or places were opened: rights come into being here.
#[utoipa::path(post, path = "/v1/stock/restock", tag = "stock", request_body = StockRequest, responses(
    (status = 200, body = StockAnswer),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn restock(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<StockRequest>,
) -> Result<Json<StockAnswer>, Problem> {
    if request.reason.is_some() {
        return Err(
            bad("no_reason", "A restock takes no reason").action("Leave reason out; an override has its own")
        );
    }
    let of = resource(&agent, request.product.as_deref(), request.zone.as_deref())?;
    let change = Change::Restock(units(request.quantity)?);
    decide(agent, of, change, request.key, request.overriding).await
}

/// Units that will not be used: broken, spilt, or places that are closed.
#[utoipa::path(post, path = "/v1/stock/waste", tag = "stock", request_body = StockRequest, responses(
    (status = 200, body = StockAnswer),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn waste(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<StockRequest>,
) -> Result<Json<StockAnswer>, Problem> {
    let of = resource(&agent, request.product.as_deref(), request.zone.as_deref())?;
    let reason = input::name("reason", request.reason)?;
    let change = Change::Waste(units(request.quantity)?, reason);
    decide(agent, of, change, request.key, request.overriding).await
}

/// Everything was counted: what is missing, or more, is put right; what is missing beyond this device's
/// own is paid by the others as they hear of it.
#[utoipa::path(post, path = "/v1/stock/stocktake", tag = "stock", request_body = StocktakeRequest, responses(
    (status = 200, body = StockAnswer),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn stocktake(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<StocktakeRequest>,
) -> Result<Json<StockAnswer>, Problem> {
    let of = resource(&agent, request.product.as_deref(), request.zone.as_deref())?;
    if request.counted > MAX_UNITS {
        return Err(bad("bad_quantity", format!("counted is 0 to {MAX_UNITS}")));
    }
    let change = Change::Stocktake { counted: request.counted, anyway: request.anyway };
    decide(agent, of, change, request.key, request.overriding).await
}

/// How the books of every product that is served and every zone stand on this device.
#[utoipa::path(get, path = "/v1/stock", tag = "stock", responses(
    (status = 200, body = Vec<StockLine>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn books(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<StockLine>>, Problem> {
    let (memory, now) = (agent.store.memory(), agent.store.time().read().now);
    let lines = agent.store.read(move |connection| stock::lines(connection, &memory, now)).await;
    lines.map(Json).map_err(|fault| problem(&fault))
}

async fn decide(
    agent: Arc<Agent>,
    of: Resource,
    change: Change,
    key: Option<String>,
    overriding: Option<OverrideRequest>,
) -> Result<Json<StockAnswer>, Problem> {
    let key = self::key(key, of, &change, overriding.as_ref())?;
    let overriding = overriding.map(OverrideRequest::read).transpose()?;
    let (deciding, name) = (agent.clone(), agent.store.memory().catalogue.resource_name(of));
    let decided = agent.store.write(move |tx| {
        // A repeat needs nobody's right: it is answered after their session ended.
        let repeated = is_recorded(tx, Operation::Stock, key.as_ref())?;
        let decides = match overriding.filter(|_| !repeated).map(|by| by.decides(&deciding, tx)).transpose() {
            Ok(None) => Decides::Device,
            Ok(Some(by)) => Decides::Supervisor(by),
            Err(problem) => return Ok(Err(problem)),
        };
        Ok(stock::change(tx, of, &change, decides, key.as_ref())?.map_err(|why| refused(&why, &name)))
    });
    decided.await.map_err(|fault| problem(&fault))?.map(Json)
}

/// Hash of all that is asked, for its key; not of who decided.
fn key(
    key: Option<String>,
    of: Resource,
    change: &Change,
    overriding: Option<&OverrideRequest>,
) -> Result<Option<Key>, Problem> {
    let (verb, count, more) = match change {
        Change::Restock(quantity) => ("restock", *quantity, ""),
        Change::Waste(quantity, reason) => ("waste", *quantity, reason.as_deref().unwrap_or_default()),
        Change::Stocktake { counted, anyway } => ("stocktake", *counted, if *anyway { "anyway" } else { "" }),
    };
    let by = overriding.map_or("", OverrideRequest::reason);
    input::key(key, &[verb, &of.to_string(), &count.to_string(), more, by])
}

fn units(quantity: u32) -> Result<u32, Problem> {
    match (1..=MAX_UNITS).contains(&quantity) {
        true => Ok(quantity),
        false => Err(bad("bad_quantity", format!("quantity is 1 to {MAX_UNITS}"))),
    }
}

/// What is meant: a product that is served, or a zone.
fn resource(agent: &Agent, product: Option<&str>, zone: Option<&str>) -> Result<Resource, Problem> {
    let catalogue = &agent.store.memory().catalogue;
    let unknown = |code: &str, what: &str, known: Vec<&str>| {
        let action =
            if known.is_empty() { "Ask the office".into() } else { format!("Use one of: {}", known.join(", ")) };
        Problem::new(StatusCode::NOT_FOUND, code, what).action(action)
    };
    match (product, zone) {
        (Some(name), None) => {
            let served = || catalogue.products.values().filter(|product| product.consumption);
            let found = served().find(|product| product.name == name).map(|product| Resource::Product(product.id));
            let known = || served().map(|product| product.name.as_str()).collect();
            found.ok_or_else(|| unknown("unknown_product", "Nothing of that name is served", known()))
        }
        (None, Some(name)) => {
            let found =
                catalogue.zones.values().find(|zone| zone.name == name).map(|zone| Resource::Zone(zone.id));
            let known = || catalogue.zones.values().map(|zone| zone.name.as_str()).collect();
            found.ok_or_else(|| unknown("unknown_zone", "No zone of that name is counted", known()))
        }
        (None, None) | (Some(_), Some(_)) => Err(bad("product_or_zone", "Give either product or zone")),
    }
}

fn refused(why: &Refused, name: &str) -> Problem {
    let new = |status, code: &str, what: String| Problem::new(status, code, what);
    match why {
        Refused::KeyReused => {
            new(StatusCode::CONFLICT, "key_reused", "This key was used for another change".into())
                .action("Send every new request with a key of its own")
        }
        Refused::NeedsSupervisor => new(
            StatusCode::FORBIDDEN,
            "session_needed",
            "This device may not do that by itself".into(),
        )
        .why("Its certificate does not give the right")
        .action(
            "Let a supervisor decide: --supervisor NAME --why TEXT; through the API sign in, and send override",
        ),
        Refused::NotThisDevice => {
            new(StatusCode::FORBIDDEN, "not_allowed", format!("{name} is not this device's to change"))
                .why("It does not hand that out")
                .action("Use a device that does")
        }
        Refused::Withdrawn => {
            new(StatusCode::FORBIDDEN, "device_revoked", "The office has withdrawn this device".into())
                .action("Use another device; give this one to the office")
        }
        Refused::NotHere { left } => {
            new(StatusCode::CONFLICT, "not_here", format!("Only {} of {name} are left here", (*left).max(0)))
                .why("What others hold is theirs to write off")
                .action("Write off what is here, or let a supervisor decide: the others then pay")
        }
        Refused::Unheard(devices) => {
            new(StatusCode::CONFLICT, "devices_unheard", format!("{} cannot be heard", devices.join(", ")))
                .why("What they handed out meanwhile would be charged twice")
                .action("Connect them first, or send anyway and count again later")
        }
        Refused::Never => new(StatusCode::CONFLICT, "nothing_to_count", format!("There never was any {name}"))
            .action("Restock it first"),
    }
}
