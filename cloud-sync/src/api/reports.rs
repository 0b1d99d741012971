//! What organizers read: attendance, conflicts, journals.

use super::{Answer, By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Instant, Page, Paging, Path, Query, bad_cursor};
use crate::ledger::Books;
use crate::report::Attendance;
use crate::report::export::{self, Format, Wanted};
use crate::report::rows::Grouping;
use crate::scope;
use crate::store::parts::{self, Part};
use crate::store::{Tx, books};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::io::Seek;
use tidegate_core::api::ConflictReport;
use tidegate_core::id::TicketId;
use tidegate_link::problem::Problem;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};

/// Things set aside that one answer names.
const MAX_ASIDE: u32 = 256;

/// How a report is given.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct As {
    /// The format; else what `Accept` asks for, else JSON.
    format: Option<Format>,
    /// What is counted apart; else `all` as JSON and CSV, `gate` as a workbook or picture.
    by: Option<Grouping>,
    /// One check-in list alone, `lst_…`.
    list: Option<String>,
}

/// A report in a file that is gone once it was read.
struct Spooled {
    file: std::fs::File,
    length: u64,
    name: String,
}

/// Tells what happened at an event: counted anew from the entries, by five minutes.
///
/// As JSON, as CSV (`by=scan` gives every scan, `by=total` one number a row), as a
/// workbook, or as a picture of the arrivals. All give the same numbers.
#[utoipa::path(get, path = "/v1/events/{id}/attendance", tag = "reports", params(As),
    responses((status = 200, content((Attendance = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "image/svg+xml"))),
        (status = 304, description = "Nothing has changed since the ETag given in If-None-Match"),
        (status = "default", body = Problem)))]
pub async fn attendance_report(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Query(asked): Query<As>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let format = asked.format.unwrap_or_else(|| accepted(&headers));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (tag, made) =
        app.read(move |tx, app| Box::pin(spool(tx, app, caller, (id, format, asked), known))).await?;
    let tag = [(header::ETAG, tag), (header::CACHE_CONTROL, "private, no-cache".into())];
    let Some(Spooled { file, length, name }) = made else {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    };
    let shown = matches!(format, Format::Json | Format::Svg);
    let disposition = format!("{}; filename=\"{name}\"", if shown { "inline" } else { "attachment" });
    let about = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((tag, about, Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)))).into_response())
}

/// The report's tag, and the report unless that is known. A slow reader holds a file, not the database.
async fn spool(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    (id, format, asked): (String, Format, As),
    known: Option<String>,
) -> Result<(String, Option<Spooled>), Fault> {
    let event = scope::event(tx, &caller, &id).await?;
    let list = match &asked.list {
        Some(list) => Some(export::list_of(tx, &event, list).await?),
        None => None,
    };
    let wanted = Wanted::new(format, asked.by, list)?;
    let tag = export::tag(tx, app, &event, &wanted).await?;
    if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        return Ok((tag, None));
    }
    let mut file = tempfile::tempfile().map_err(|e| Fault::internal(&e))?;
    export::write(tx, app, &event, &wanted, &mut file).await?;
    let length = file.stream_position().and_then(|length| file.rewind().map(|()| length));
    let length = length.map_err(|e| Fault::internal(&e))?;
    let name = wanted.file_name(&event);
    Ok((tag, Some(Spooled { file, length, name })))
}

fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asks = |format: &Format| accept.contains(format.media_type().split(';').next().unwrap_or_default());
    [Format::Csv, Format::Xlsx, Format::Svg].into_iter().find(asks).unwrap_or(Format::Json)
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
    /// The hash of the last one, hex; of the longest history, where there are several.
    head: String,
    /// The last entry before its author wrote several histories.
    #[serde(skip_serializing_if = "Option::is_none")]
    forked_after: Option<u64>,
    /// The last entry by which rights move, where the device was given up as lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_after: Option<u64>,
}

/// A run that was not taken.
#[derive(Serialize, ToSchema)]
pub struct AsideView {
    /// Whose journal it claims, `dev_…:incarnation`.
    journal: String,
    /// From where.
    first: u64,
    /// Why: `bad_signature`, `too_many_branches`, …
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
    let journals: Vec<_> = books.journals.into_values().collect();
    let parts = parts::of_all(tx, event.id, &journals).await?;
    let longest = |id| parts.get(id).and_then(|parts| parts.iter().map(Part::end).max());
    let items = journals.iter().map(|journal| JournalView {
        journal: journal.id.to_string(),
        device: journal.id.device.to_string(),
        name: books.catalogue.device_name(journal.id.device),
        incarnation: journal.id.incarnation,
        entries: journal.all(),
        counted: journal.counted,
        head: HEXLOWER.encode(&longest(&journal.id).map_or(journal.hash, |head| head.hash).0),
        forked_after: journal.forked_after,
        retired_after: journal.retired_after,
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
