//! A serving at the cloud's own desk, from the stock that the cloud itself holds.

use crate::api::{By, Shared};
use crate::auth::Caller;
use crate::desk::given::{Given, key};
use crate::desk::group::{self, Act};
use crate::desk::{Attendant, Desk, Key, Mode};
use crate::fault::Fault;
use crate::json::{Body, Instant, Path};
use crate::scope;
use crate::store::Tx;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::Answer;
use tidegate_core::decide::key::Operation;
use tidegate_core::language::Language;
use tidegate_core::serve::{MAX_QUANTITY, Order};
use tidegate_core::time::Timestamp;
use tidegate_link::language::Preferred;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// An order at a bar.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServingRequest {
    /// The text of the code, or the short code under it.
    #[schema(max_length = 4_096)]
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`.
    ticket: Option<String>,
    /// The product, `prd_…`.
    product: String,
    /// How many units, 1 to 500.
    #[schema(minimum = 1, maximum = 500)]
    quantity: u16,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// The order's own trusted time.
    at: Option<Instant>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

/// Decides an order by the same law as at a bar; takes credit and stock together, or neither.
#[utoipa::path(post, path = "/v1/events/{id}/servings", tag = "desk", request_body = ServingRequest,
    params(Preferred),
    responses((status = 200, body = Answer), (status = "default", body = Problem)))]
pub async fn serving(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Preferred(language): Preferred,
    Body(request): Body<ServingRequest>,
) -> Result<Json<Answer>, Fault> {
    if !(1..=MAX_QUANTITY).contains(&request.quantity) {
        return Err(Fault::invalid(format!("quantity is 1 to {MAX_QUANTITY}")));
    }
    let parts = [
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &request.product,
        &request.quantity.to_string(),
    ];
    let key = key(request.key, &parts)?;
    let given = Given::of(request.code, request.ticket.as_deref())?;
    let (event, product) = (scope::desk(&app, &caller, &id).await?, request.product);
    let (quantity, at) = (request.quantity, request.at.map(|at| at.0));
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Record };
    let language = language.unwrap_or_default();
    let asked = Arc::new(Asked { given, product, quantity, at, key, mode, caller, language });
    let wants = asked.given.wants(Operation::Serving, asked.key.as_ref().map(|key| key.key.as_str()));
    let act = Act::new(wants, move |tx, desk| Box::pin(decide(tx, desk, asked.clone())));
    group::act(&app, event, act).await.map(Json)
}

struct Asked {
    given: Given,
    product: String,
    quantity: u16,
    at: Option<Timestamp>,
    key: Option<Key>,
    mode: Mode,
    caller: Caller,
    language: Language,
}

async fn decide(tx: &mut Tx, desk: &mut Desk<'_>, asked: Arc<Asked>) -> Result<Answer, Fault> {
    desk.turn_to(Attendant {
        staff: Some(asked.caller.name.clone()),
        language: asked.language,
        unattended: false,
    });
    if let Some(recorded) = desk.recorded(tx, Operation::Serving, asked.key.as_ref()).await? {
        return Ok(recorded);
    }
    let shown = desk.shown(tx, &asked.given, &asked.caller).await?;
    let product = desk.product(tx, &asked.product).await?;
    let order = Order { shown, product, quantity: asked.quantity, at: asked.at, overriding: None };
    desk.serving(tx, &order, asked.key.as_ref(), asked.mode).await
}
