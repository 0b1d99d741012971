//! Taking back what was scanned or served at the cloud's own desk.

use crate::api::{By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::desk::{Attendant, Desk};
use crate::fault::Fault;
use crate::json::{Body, Instant, Path};
use crate::scope;
use crate::store::Tx;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use tidegate_core::api::Answer;
use tidegate_core::decide::key::Operation;
use tidegate_core::language::Language;
use tidegate_link::language::Preferred;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// Which operation a key belongs to.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyOf {
    /// A scan.
    Scan,
    /// A serving.
    Serving,
}

/// What is to be taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// The idempotency key of the act.
    key: String,
    /// Which operation the key belongs to.
    operation: KeyOf,
    /// The undo's own trusted time.
    at: Option<Instant>,
}

/// Takes an act of the cloud's own desk back.
#[utoipa::path(post, path = "/v1/events/{id}/undo", tag = "desk", request_body = UndoRequest,
    params(Preferred),
    responses((status = 200, body = Answer), (status = "default", body = Problem)))]
pub async fn undo(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Preferred(language): Preferred,
    Body(request): Body<UndoRequest>,
) -> Result<Json<Answer>, Fault> {
    let language = language.unwrap_or_default();
    let event = id.parse().map_err(|_| Fault::missing("event"))?;
    let undone =
        app.write_books(event, move |tx, app| Box::pin(take_back(tx, app, (caller, id), request, language)));
    undone.await.map(Json)
}

async fn take_back(
    tx: &mut Tx,
    app: &App,
    (caller, id): (Caller, String),
    request: UndoRequest,
    language: Language,
) -> Result<Answer, Fault> {
    let event = scope::event(tx, &caller, &id).await?;
    let operation = match request.operation {
        KeyOf::Scan => Operation::Scan,
        KeyOf::Serving => Operation::Serving,
    };
    let mut desk = Desk::open(tx, app, event.id).await?;
    desk.turn_to(Attendant { staff: Some(caller.name), language, unattended: false });
    let answer = desk.take_back(tx, (operation, &request.key), request.at.map(|at| at.0)).await?;
    desk.close(tx).await?;
    Ok(answer)
}
