//! What organizers read: attendance, conflicts, journals.

use super::{Answer, By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Instant, Page, Paging, Query, bad_cursor};
use crate::ledger::Books;
use crate::report::{Attendance, attendance, chart, table};
use crate::scope;
use crate::store::{Tx, books};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tidegate_core::api::ConflictReport;
use tidegate_core::id::TicketId;
use tidegate_link::problem::Problem;
use utoipa::{IntoParams, ToSchema};

/// Things set aside that one answer names.
const MAX_ASIDE: u32 = 256;

/// As what a report is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON.
    Json,
    /// A table.
    Csv,
    /// The arrivals as a picture.
    Svg,
}

/// How a report is given.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct As {
    /// The format; else what `Accept` asks for, else JSON.
    format: Option<Format>,
}

/// Tells what happened at an event, as JSON, CSV or a picture of the arrivals.
#[utoipa::path(get, path = "/v1/events/{id}/attendance", tag = "reports", params(As),
    responses((status = 200, content((Attendance = "application/json"), (String = "text/csv"), (String = "image/svg+xml"))),
        (status = "default", body = Problem)))]
pub async fn attendance_report(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Query(wanted): Query<As>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let found = app.read(move |tx, app| {
        Box::pin(async move {
            let event = scope::event(tx, &caller, &id).await?;
            attendance(tx, app, &event).await
        })
    });
    let report = found.await?;
    Ok(match wanted.format.unwrap_or_else(|| accepted(&headers)) {
        Format::Json => Json(report).into_response(),
        Format::Csv => ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table::csv(&report)).into_response(),
        Format::Svg => ([(header::CONTENT_TYPE, "image/svg+xml")], chart::svg(&report)).into_response(),
    })
}

fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match accept {
        accept if accept.contains("text/csv") => Format::Csv,
        accept if accept.contains("image/svg+xml") => Format::Svg,
        _ => Format::Json,
    }
}

/// Lists the acts too many, by ticket, as they are folded now.
#[utoipa::path(get, path = "/v1/events/{id}/conflicts", tag = "reports", params(Paging),
    responses((status = 200, body = Page<ConflictReport>), (status = "default", body = Problem)))]
pub async fn conflicts(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer<Page<ConflictReport>> {
    app.read(move |tx, app| Box::pin(conflict_page(tx, app, caller, id, paging))).await.map(Json)
}

async fn conflict_page(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    id: String,
    paging: Paging,
) -> Result<Page<ConflictReport>, Fault> {
    let event = scope::event(tx, &caller, &id).await?;
    let after: Option<TicketId> =
        paging.after.as_ref().map(|a| a.parse()).transpose().map_err(|_| bad_cursor())?;
    let after = after.map_or(-1, TicketId::as_i64);
    let tickets = books::tickets_in_conflict(tx, event.id, after, paging.limit()).await?;
    let books = Books::open(tx, app, event.id).await?;
    let mut items = Vec::new();
    for ticket in &tickets {
        let found = books.conflicts(tx, *ticket).await?;
        items.extend(found.iter().map(|conflict| conflict.report(&books.catalogue)));
    }
    let full = tickets.len() >= paging.limit() as usize;
    Ok(Page { items, next: tickets.last().filter(|_| full).map(TicketId::to_string) })
}

/// The journals of an event.
#[derive(Serialize, ToSchema)]
pub struct Journals {
    /// By device and incarnation.
    items: Vec<JournalView>,
    /// What was not taken, oldest first.
    set_aside: Vec<AsideView>,
}

/// A journal, as far as it is here.
#[derive(Serialize, ToSchema)]
pub struct JournalView {
    /// `dev_…:incarnation`.
    journal: String,
    /// `dev_…`.
    device: String,
    /// What people call it.
    name: String,
    incarnation: u32,
    /// How many entries are here.
    entries: u64,
    /// How many of them count; the others are evidence.
    counted: u64,
    /// The hash of the last one, hex.
    head: String,
}

/// A run that was not taken.
#[derive(Serialize, ToSchema)]
pub struct AsideView {
    /// Whose journal it claims, `dev_…:incarnation`.
    journal: String,
    /// From where.
    first: u64,
    /// Why: `journal_gap`, `bad_signature`, `journal_fork`, …
    code: String,
    at: Instant,
}

/// Lists an event's journals, and what was set aside.
#[utoipa::path(get, path = "/v1/events/{id}/journals", tag = "reports",
    responses((status = 200, body = Journals), (status = "default", body = Problem)))]
pub async fn journals(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<Journals> {
    app.read(move |tx, app| Box::pin(journal_list(tx, app, caller, id))).await.map(Json)
}

async fn journal_list(tx: &mut Tx, app: &App, caller: Caller, id: String) -> Result<Journals, Fault> {
    let event = scope::event(tx, &caller, &id).await?;
    let books = Books::open(tx, app, event.id).await?;
    let items = books.journals.values().map(|journal| JournalView {
        journal: journal.id.to_string(),
        device: journal.id.device.to_string(),
        name: books.catalogue.device_name(journal.id.device),
        incarnation: journal.id.incarnation,
        entries: journal.entries,
        counted: journal.counted,
        head: HEXLOWER.encode(&journal.hash.0),
    });
    let aside = books::aside(tx, event.id, MAX_ASIDE).await?;
    let aside = aside.into_iter().map(|(journal, first, code, at)| AsideView {
        journal: journal.to_string(),
        first,
        code,
        at: Instant(at),
    });
    Ok(Journals { items: items.collect(), set_aside: aside.collect() })
}
