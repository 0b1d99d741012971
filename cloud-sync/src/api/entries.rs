//! The entries themselves, as they were signed: for auditors, and for whoever wants to count again.

use super::{Answer, By, Shared};
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Page, Paging, Path, Query, bad_cursor};
use crate::scope;
use crate::store::Tx;
use crate::store::journals::EntryRecord;
use crate::store::pages;
use crate::store::parts::Place;
use axum::extract::State;
use axum::{Extension, Json};
use data_encoding::HEXLOWER;
use serde::Serialize;
use tidegate_core::id::JournalId;
use tidegate_core::journal::Entry;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// An entry of a journal.
#[derive(Serialize, ToSchema)]
pub struct EntryView {
    /// `dev_…`.
    device: String,
    incarnation: u32,
    /// Which of several histories that its author wrote, a number of this installation; absent on the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<u32>,
    /// Its place, from 1.
    sequence: u64,
    /// Its chain hash, hex.
    hash: String,
    /// Its bytes as they were chained, hex.
    bytes: String,
    /// The author's signature over this head, hex, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    /// `admission`, `exit`, `serving`, …; absent where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Who was on duty, or what the token was called; absent where nobody was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<String>,
    /// Whether it counts: evidence does not, nor what its author may not write.
    counts: bool,
}

/// Lists an event's entries, journal by journal.
#[utoipa::path(get, path = "/v1/events/{id}/entries", tag = "reports", params(Paging),
    responses((status = 200, body = Page<EntryView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer<Page<EntryView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, id, paging))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, id: String, paging: Paging) -> Result<Page<EntryView>, Fault> {
    let event = scope::event(tx, &caller, &id).await?;
    let after = paging.after.as_deref().map(cursor).transpose()?;
    let found = pages::page(tx, event.id, after.unwrap_or(pages::start()), paging.limit()).await?;
    let items = found.iter().map(view).collect();
    let cursor =
        |e: &EntryView| format!("{}:{}:{}:{}", e.device, e.incarnation, e.branch.unwrap_or_default(), e.sequence);
    Ok(Page::new(items, paging.limit(), cursor))
}

fn cursor(text: &str) -> Result<Place, Fault> {
    let place = |text: &str| {
        let (rest, place) = text.rsplit_once(':')?;
        let (journal, branch) = rest.rsplit_once(':')?;
        Some((journal.parse().ok()?, branch.parse().ok()?, place.parse().ok()?))
    };
    place(text).ok_or_else(bad_cursor)
}

fn view(record: &EntryRecord) -> EntryView {
    let JournalId { device, incarnation } = record.id.journal;
    let entry = Entry::from_bytes(&record.body);
    EntryView {
        device: device.to_string(),
        incarnation,
        branch: Some(record.branch).filter(|branch| *branch > 0),
        sequence: record.id.sequence,
        hash: HEXLOWER.encode(&record.id.hash.0),
        bytes: HEXLOWER.encode(&record.body),
        signature: record.signature.map(|signature| HEXLOWER.encode(&signature.0)),
        kind: entry.as_ref().map(|entry| entry.kind.name()),
        staff: entry.and_then(|entry| entry.staff),
        counts: record.counts,
    }
}
