//! Acts over HTTP: scan, serve, undo, sign in.

use super::input::{self, bad};
use super::problem;
use crate::agent::Agent;
use crate::sessions::{SESSION, SignIn};
use crate::store::acts::{self, Mode, Which};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidegate_core::api::{Answer, Direction};
use tidegate_core::decide::Scan;
use tidegate_core::decide::key::Operation;
use tidegate_core::journal::kind::Override;
use tidegate_core::serve::{MAX_QUANTITY, Order};
use tidegate_link::problem::{Body, Problem};
use utoipa::ToSchema;

/// A supervisor's decision, by an open session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// From `POST /v1/sessions`.
    session: String,
    /// Why.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// A code that was read, or a ticket that was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// The text of the code.
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`.
    ticket: Option<String>,
    /// Name of the check-in list; this device's own if absent.
    list: Option<String>,
    /// Which way.
    #[serde(default)]
    direction: Direction,
    /// The scan's own trusted time, RFC 3339.
    at: Option<String>,
    /// The gate's name.
    gate: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// An unpaid ticket was settled.
    #[serde(default)]
    confirm_unpaid: bool,
    /// A supervisor decides.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

/// Decides a scan and records it.
#[utoipa::path(post, path = "/v1/scans", request_body = ScanRequest, responses(
    (status = 200, body = Answer, description = "The verdict; a refusal is one too"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn scan(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<ScanRequest>,
) -> Result<Json<Answer>, Problem> {
    let shown = input::shown(&agent, request.code.as_deref(), request.ticket.as_deref())?;
    let list = input::list(&agent, request.list.as_deref())?;
    let overriding = overriding(&agent, request.overriding)?;
    let gate = input::name("gate", request.gate)?.or_else(|| agent.config.gate.clone());
    let direction = if request.direction == Direction::Exit { "exit" } else { "entry" };
    let supervisor = overriding.as_ref().map_or("", |o| &o.supervisor);
    let parts = [
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &list.to_string(),
        direction,
        gate.as_deref().unwrap_or(""),
        if request.confirm_unpaid { "confirmed" } else { "" },
        supervisor,
    ];
    let key = input::key(request.key, &parts)?;
    let at = input::instant(request.at.as_deref())?;
    let scan =
        Scan { shown, direction: request.direction, at, gate, confirm_unpaid: request.confirm_unpaid, overriding };
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Record };
    let decided = agent.store.write(move |tx| acts::scan(tx, &scan, list, key.as_ref(), mode)).await;
    decided.map(Json).map_err(|fault| problem(&fault))
}

fn overriding(agent: &Agent, request: Option<OverrideRequest>) -> Result<Option<Override>, Problem> {
    let Some(request) = request else { return Ok(None) };
    let Some(supervisor) = agent.sessions.supervisor(&request.session) else {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "no_session",
            "No supervisor is signed in with that session",
        )
        .action("Sign in again: a session lasts two minutes"));
    };
    let reason = input::name("reason", Some(request.reason))?.unwrap_or_default();
    Ok(Some(Override { supervisor, reason }))
}

/// An order at a bar.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServingRequest {
    /// The text of the code.
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`.
    ticket: Option<String>,
    /// Name of the product.
    product: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 500)]
    quantity: u16,
    /// The order's own trusted time, RFC 3339.
    at: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

/// Decides an order at a bar; takes credit and stock together, or neither.
#[utoipa::path(post, path = "/v1/servings", request_body = ServingRequest, responses(
    (status = 200, body = Answer, description = "The verdict; a refusal is one too"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn serve(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<ServingRequest>,
) -> Result<Json<Answer>, Problem> {
    let shown = input::shown(&agent, request.code.as_deref(), request.ticket.as_deref())?;
    if !(1..=MAX_QUANTITY).contains(&request.quantity) {
        return Err(bad("bad_quantity", format!("quantity is 1 to {MAX_QUANTITY}")));
    }
    let parts = [
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &request.product,
        &request.quantity.to_string(),
    ];
    let key = input::key(request.key, &parts)?;
    let order = Order {
        shown,
        product: input::product(&agent, &request.product)?,
        quantity: request.quantity,
        at: input::instant(request.at.as_deref())?,
    };
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Record };
    let decided = agent.store.write(move |tx| acts::serving(tx, &order, key.as_ref(), mode)).await;
    decided.map(Json).map_err(|fault| problem(&fault))
}

/// Which operation a key belongs to.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyOf {
    /// A scan.
    #[default]
    Scan,
    /// A serving.
    Serving,
}

/// What is to be taken back: exactly one of `key`, `entry`, `last`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// The idempotency key of the act.
    key: Option<String>,
    /// Which operation the key belongs to.
    #[serde(default)]
    operation: KeyOf,
    /// The act's entry, `dev_…:incarnation:sequence`.
    entry: Option<String>,
    /// This device's last act that stands.
    #[serde(default)]
    last: bool,
    /// The undo's own trusted time, RFC 3339.
    at: Option<String>,
}

/// Takes an act of this device back.
#[utoipa::path(post, path = "/v1/undo", request_body = UndoRequest, responses(
    (status = 200, body = Answer, description = "`annulled`, `voided`, or a refusal with its code"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
))]
pub async fn undo(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<UndoRequest>,
) -> Result<Json<Answer>, Problem> {
    let operation = match request.operation {
        KeyOf::Scan => Operation::Scan,
        KeyOf::Serving => Operation::Serving,
    };
    let which = match (request.key, request.entry, request.last) {
        (Some(key), None, false) => Which::Key(operation, key),
        (None, Some(entry), false) => Which::Entry(entry),
        (None, None, true) => Which::Last,
        _ => return Err(bad("one_of", "Give exactly one of key, entry or last")),
    };
    let at = input::instant(request.at.as_deref())?;
    let undone = agent.store.write(move |tx| acts::take_back(tx, &which, at)).await;
    undone.map(Json).map_err(|fault| problem(&fault))
}

/// Somebody who may decide signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// Their sign-in name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their PIN.
    #[schema(min_length = 1, max_length = 64)]
    pin: String,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Shown with an override.
    session: String,
    /// Seconds it lasts.
    expires_in: u64,
}

/// Signs a supervisor in for two minutes.
#[utoipa::path(post, path = "/v1/sessions", request_body = SignInRequest, responses(
    (status = 200, body = Session),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn sign_in(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<SignInRequest>,
) -> Result<Json<Session>, Problem> {
    let name = input::name("name", Some(request.name))?.unwrap_or_default();
    let refused = |code, what: &str| Problem::new(StatusCode::FORBIDDEN, code, what);
    match agent.sessions.sign_in(&agent.store, &name, request.pin).await {
        Ok(session) => Ok(Json(Session { session, expires_in: SESSION.as_secs() })),
        Err(SignIn::Wrong) => Err(refused("wrong_pin", "The name or the PIN is wrong")),
        Err(SignIn::NoRight) => Err(refused("no_right", "This person may not decide against the rule")),
        Err(SignIn::Wait(seconds)) => {
            let what = "Too many wrong PINs for that name";
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", what).retry_after(seconds))
        }
        Err(SignIn::Failed(fault)) => Err(problem(&fault)),
    }
}
