//! A ticket's code as a picture, with its short code beneath.

use super::shape::may_see_code;
use crate::api::{By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::Path;
use crate::{qr, scope};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;
use tidegate_core::ticket::spoken::Spoken;
use tidegate_link::problem::Problem;

/// Draws a ticket's code as PNG, with its short code beneath.
#[utoipa::path(get, path = "/v1/tickets/{id}/qr.png", tag = "tickets",
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 409, body = Problem),
        (status = "default", body = Problem)))]
pub async fn png(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Result<Response, Fault> {
    let (code, under) = code(&app, caller, id).await?;
    qr::png_answer(&code, under)
}

/// Draws a ticket's code as SVG, with its short code beneath.
#[utoipa::path(get, path = "/v1/tickets/{id}/qr.svg", tag = "tickets",
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = 409, body = Problem),
        (status = "default", body = Problem)))]
pub async fn svg(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Result<Response, Fault> {
    let (code, under) = code(&app, caller, id).await?;
    qr::svg_answer(&code, under)
}

async fn code(app: &Arc<App>, caller: Caller, id: String) -> Result<(String, Option<Spoken>), Fault> {
    let role = caller.role;
    let found = app.read(move |tx, _| Box::pin(async move { scope::ticket(tx, &caller, &id).await })).await?;
    match may_see_code(role, &found.0) {
        true => Ok((found.0.code, found.0.row.spoken)),
        false => Err(Fault::conflict("not_paid", "The code is shown once the ticket is paid")),
    }
}
