//! Badges of staff: signed when they are asked for, never stored.
//!
//! A signature is the same each time, so the counter alone is kept; a new badge
//! raises it, and agents refuse the ones before.

use super::{StaffPath, missing};
use crate::api::{By, Made, Shared, made};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::Path;
use crate::keys::{self, Purpose};
use crate::store::{Tx, staff};
use crate::{qr, scope};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use tidegate_core::badge;
use tidegate_core::catalogue::Staff;
use tidegate_core::feed::Change;
use tidegate_core::id::EventId;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A badge.
#[derive(Serialize, ToSchema)]
pub struct BadgeView {
    /// The text of its code.
    code: String,
    /// Its holder's sign-in name.
    name: String,
    /// Which badge of theirs it is; the ones before are refused.
    counter: u16,
}

/// Issues a badge, which replaces the one before.
#[utoipa::path(post, path = "/v1/staff/{event}/{name}/badge", tag = "staff",
    params(("event" = String, Path, description = "Of which event, `evt_…`"), ("name" = String, Path, description = "Their sign-in name")),
    responses((status = 201, body = BadgeView), (status = "default", body = Problem)))]
pub async fn issue(
    State(app): Shared,
    Extension(caller): By,
    Path((event, name)): Path<StaffPath>,
) -> Made<BadgeView> {
    made(app.write(move |tx, app| Box::pin(next(tx, app, caller, event, name))).await?)
}

async fn next(tx: &mut Tx, app: &App, caller: Caller, event: String, name: String) -> Result<BadgeView, Fault> {
    let event = scope::event(tx, &caller, &event).await?;
    let before = staff::get(tx, event.id, &name).await?.ok_or_else(missing)?.row.badge_counter;
    if before == u16::MAX {
        return Err(Fault::conflict("too_many_badges", "This name has used up its badges")
            .action("Add the person under another sign-in name"));
    }
    staff::raise_badge(tx, event.id, &name).await?;
    let row = staff::get(tx, event.id, &name).await?.ok_or_else(missing)?.row;
    let code = sign(tx, app, event.id, &row).await?;
    let view = BadgeView { code, name: row.name.clone(), counter: row.badge_counter };
    tx.publish(event.id, Change::Staff(row));
    Ok(view)
}

async fn sign(tx: &mut Tx, app: &App, event: EventId, staff: &Staff) -> Result<String, Fault> {
    let key = keys::load(tx, &app.vault, Purpose::Feed(event)).await?;
    badge::issue(&key, event, &staff.name, staff.badge_counter).map_err(|e| Fault::invalid(e.to_string()))
}

/// Draws a person's newest badge as PNG.
#[utoipa::path(get, path = "/v1/staff/{event}/{name}/badge.png", tag = "staff",
    params(("event" = String, Path, description = "Of which event, `evt_…`"), ("name" = String, Path, description = "Their sign-in name")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 409, body = Problem),
        (status = "default", body = Problem)))]
pub async fn png(
    State(app): Shared,
    Extension(caller): By,
    Path((event, name)): Path<StaffPath>,
) -> Result<Response, Fault> {
    qr::png_answer(&newest(&app, caller, event, name).await?, None)
}

/// Draws a person's newest badge as SVG.
#[utoipa::path(get, path = "/v1/staff/{event}/{name}/badge.svg", tag = "staff",
    params(("event" = String, Path, description = "Of which event, `evt_…`"), ("name" = String, Path, description = "Their sign-in name")),
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = 409, body = Problem),
        (status = "default", body = Problem)))]
pub async fn svg(
    State(app): Shared,
    Extension(caller): By,
    Path((event, name)): Path<StaffPath>,
) -> Result<Response, Fault> {
    qr::svg_answer(&newest(&app, caller, event, name).await?, None)
}

async fn newest(app: &Arc<App>, caller: Caller, event: String, name: String) -> Result<String, Fault> {
    let signed = app.read(move |tx, app| {
        Box::pin(async move {
            let event = scope::event(tx, &caller, &event).await?;
            let staff = staff::get(tx, event.id, &name).await?.ok_or_else(missing)?.row;
            match staff.badge_counter {
                0 => Err(Fault::conflict("no_badge", "No badge was issued for this person")
                    .action("Issue one: POST to badge")),
                _ => sign(tx, app, event.id, &staff).await,
            }
        })
    });
    signed.await
}
