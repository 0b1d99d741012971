//! A scan at the cloud's own desk.

use super::{Given, key};
use crate::api::{By, Shared};
use crate::app::App;
use crate::desk::{Desk, Key, Mode, pin};
use crate::fault::Fault;
use crate::json::{Body, Instant, maybe_text, text};
use crate::scope;
use crate::store::Tx;
use crate::store::events::EventRecord;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use tidegate_core::api::{Answer, Direction};
use tidegate_core::decide::Scan;
use tidegate_core::id::ListId;
use tidegate_core::journal::kind::Override;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A supervisor's decision, with their PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// Their sign-in name.
    supervisor: String,
    /// Why.
    reason: String,
    /// Their PIN.
    pin: String,
}

/// A code that was read, or a ticket that was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// The text of the code.
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`.
    ticket: Option<String>,
    /// The check-in list, `lst_…`.
    list: String,
    /// Which way.
    #[serde(default)]
    direction: Direction,
    /// The scan's own trusted time.
    at: Option<Instant>,
    /// The gate's name.
    gate: Option<String>,
    /// Idempotency key.
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

struct Asked {
    given: Given,
    list: ListId,
    direction: Direction,
    at: Option<Instant>,
    gate: Option<String>,
    confirm_unpaid: bool,
    overriding: Option<Override>,
    key: Option<Key>,
    mode: Mode,
}

/// Decides a scan by the same law as at a door, and records it in the cloud's journal.
#[utoipa::path(post, path = "/v1/events/{id}/scans", tag = "desk", request_body = ScanRequest,
    responses((status = 200, body = Answer), (status = "default", body = Problem)))]
pub async fn scan(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(request): Body<ScanRequest>,
) -> Result<Json<Answer>, Fault> {
    let list = request.list.clone();
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let event = scope::event(tx, &caller, &id).await?;
            let (list, of) = scope::list(tx, &caller, &list).await?;
            if of.id == event.id { Ok((event, list.row.id)) } else { Err(Fault::missing("list")) }
        })
    });
    let (event, list) = found.await?;
    let overriding = match &request.overriding {
        Some(by) => {
            let reason = text("reason", &by.reason)?;
            pin::check(&app, event.id, by.supervisor.clone(), by.pin.clone()).await?;
            Some(Override { supervisor: by.supervisor.clone(), reason })
        }
        None => None,
    };
    let asked = asked(request, list, overriding)?;
    app.write(move |tx, app| Box::pin(decide(tx, app, event, asked))).await.map(Json)
}

fn asked(request: ScanRequest, list: ListId, overriding: Option<Override>) -> Result<Asked, Fault> {
    let gate = maybe_text("gate", request.gate.as_ref())?;
    let parts = [
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &list.to_string(),
        if request.direction == Direction::Exit { "exit" } else { "entry" },
        gate.as_deref().unwrap_or(""),
        if request.confirm_unpaid { "confirmed" } else { "" },
        overriding.as_ref().map_or("", |by| &by.supervisor),
    ];
    let key = key(request.key, &parts)?;
    Ok(Asked {
        given: Given::of(request.code, request.ticket.as_deref())?,
        list,
        direction: request.direction,
        at: request.at,
        gate,
        confirm_unpaid: request.confirm_unpaid,
        overriding,
        key,
        mode: if request.dry_run { Mode::DryRun } else { Mode::Record },
    })
}

async fn decide(tx: &mut Tx, app: &App, event: EventRecord, asked: Asked) -> Result<Answer, Fault> {
    let mut desk = Desk::open(tx, app, &event).await?;
    let scan = Scan {
        shown: asked.given.shown(&desk.catalogue(), event.id),
        direction: asked.direction,
        at: asked.at.map(|at| at.0),
        gate: asked.gate,
        confirm_unpaid: asked.confirm_unpaid,
        overriding: asked.overriding,
    };
    desk.scan(tx, (&scan, asked.list), asked.key.as_ref(), asked.mode).await
}
