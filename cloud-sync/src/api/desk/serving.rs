//! A serving at the cloud's own desk, from the stock that the cloud itself holds.

use super::{Given, key};
use crate::api::{By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::desk::{Desk, Mode};
use crate::fault::Fault;
use crate::json::{Body, Instant};
use crate::scope;
use crate::store::Tx;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use tidegate_core::api::Answer;
use tidegate_core::id::ProductId;
use tidegate_core::serve::{MAX_QUANTITY, Order};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// An order at a bar.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServingRequest {
    /// The text of the code.
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`.
    ticket: Option<String>,
    /// The product, `prd_…`.
    product: String,
    /// How many units, 1 to 500.
    quantity: u16,
    /// Idempotency key.
    key: Option<String>,
    /// The order's own trusted time.
    at: Option<Instant>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

/// A number that no product has: they count from 1. What no feed has named is a
/// verdict, not a fault of the request.
const UNKNOWN_PRODUCT: ProductId = ProductId(0);

/// Decides an order by the same law as at a bar; takes credit and stock together, or neither.
#[utoipa::path(post, path = "/v1/events/{id}/servings", tag = "desk", request_body = ServingRequest,
    responses((status = 200, body = Answer), (status = "default", body = Problem)))]
pub async fn serving(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(request): Body<ServingRequest>,
) -> Result<Json<Answer>, Fault> {
    app.write(move |tx, app| Box::pin(decide(tx, app, caller, id, request))).await.map(Json)
}

async fn decide(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    id: String,
    request: ServingRequest,
) -> Result<Answer, Fault> {
    if !(1..=MAX_QUANTITY).contains(&request.quantity) {
        return Err(Fault::invalid(format!("quantity is 1 to {MAX_QUANTITY}")));
    }
    let event = scope::event(tx, &caller, &id).await?;
    let parts = [
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &request.product,
        &request.quantity.to_string(),
    ];
    let key = key(request.key, &parts)?;
    let given = Given::of(request.code, request.ticket.as_deref())?;
    let product = scope::product_of(tx, event.id, &request.product).await;
    let mut desk = Desk::open(tx, app, &event).await?;
    let order = Order {
        shown: given.shown(&desk.catalogue(), event.id),
        product: product.map_or(UNKNOWN_PRODUCT, |product| product.number),
        quantity: request.quantity,
        at: request.at.map(|at| at.0),
    };
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Record };
    desk.serving(tx, &order, key.as_ref(), mode).await
}
