//! Whether the server is there, and whether it can work: for whoever starts and watches it. They need no token.

use super::Shared;
use crate::fault::Fault;
use crate::store::tokens;
use axum::extract::State;
use tidegate_link::problem::Problem;

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it reaches its database.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = String), (status = "default", body = Problem)))]
pub async fn readyz(State(app): Shared) -> Result<&'static str, Fault> {
    app.read(|tx, _| Box::pin(async move { Ok(tokens::any_admin(tx).await?) })).await?;
    Ok("ready\n")
}
