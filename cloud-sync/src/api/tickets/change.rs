//! Changing one ticket: re-issued, blocked, cancelled, its holder or validity changed.
//!
//! Whatever takes something away raises the counter, which revokes the codes before.

use super::shape::{Shown, TicketView};
use crate::api::lists::date_of;
use crate::api::orders::create::{variation_of, window};
use crate::api::orders::moves::cancelled;
use crate::api::products::Products;
use crate::api::{Answer, By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, Instant, Line, Path, maybe_text, present, text};
use crate::scope;
use crate::store::Tx;
use crate::store::events::EventRecord;
use crate::store::tickets::TicketRecord;
use crate::tickets::{Counter, keep, sign_anew};
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use tidegate_core::catalogue::TicketRow;
use tidegate_core::time::Window;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// Why a ticket is blocked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Said at the door.
    #[schema(value_type = Line)]
    reason: String,
}

/// What is to be changed of a ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketPatch {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Line>)]
    holder: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Line>)]
    note: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    valid_from: Option<Option<Instant>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    valid_until: Option<Option<Instant>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u16>)]
    date: Option<Option<u16>>,
    /// Another ticket product, `prd_…`.
    product: Option<String>,
    /// The number of the product's variation; none where the product changes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u16>)]
    variation: Option<Option<u16>>,
}

/// What is done to one ticket.
enum Change {
    Reissue,
    Block(String),
    Unblock,
    Cancel,
    Patch(TicketPatch),
}

/// Replaces a ticket's code: the one before is revoked.
#[utoipa::path(post, path = "/v1/tickets/{id}/reissue", tag = "tickets",
    responses((status = 200, body = TicketView), (status = "default", body = Problem)))]
pub async fn reissue(app: Shared, by: By, Path(id): Path<String>) -> Answer<TicketView> {
    change(app, by, id, Change::Reissue).await
}

/// Blocks a ticket.
#[utoipa::path(post, path = "/v1/tickets/{id}/block", tag = "tickets", request_body = Block,
    responses((status = 200, body = TicketView), (status = "default", body = Problem)))]
pub async fn block(app: Shared, by: By, Path(id): Path<String>, Body(block): Body<Block>) -> Answer<TicketView> {
    change(app, by, id, Change::Block(text("reason", &block.reason)?)).await
}

/// Lets a blocked ticket count again.
#[utoipa::path(post, path = "/v1/tickets/{id}/unblock", tag = "tickets",
    responses((status = 200, body = TicketView), (status = "default", body = Problem)))]
pub async fn unblock(app: Shared, by: By, Path(id): Path<String>) -> Answer<TicketView> {
    change(app, by, id, Change::Unblock).await
}

/// Cancels this ticket alone, without giving money back.
#[utoipa::path(post, path = "/v1/tickets/{id}/cancel", tag = "tickets",
    responses((status = 200, body = TicketView), (status = "default", body = Problem)))]
pub async fn cancel(app: Shared, by: By, Path(id): Path<String>) -> Answer<TicketView> {
    change(app, by, id, Change::Cancel).await
}

/// Changes a ticket; what takes something away revokes its code.
#[utoipa::path(patch, path = "/v1/tickets/{id}", tag = "tickets", request_body = TicketPatch,
    responses((status = 200, body = TicketView), (status = "default", body = Problem)))]
pub async fn patch(
    app: Shared,
    by: By,
    Path(id): Path<String>,
    Body(patch): Body<TicketPatch>,
) -> Answer<TicketView> {
    change(app, by, id, Change::Patch(patch)).await
}

async fn change(State(app): Shared, Extension(caller): By, id: String, change: Change) -> Answer<TicketView> {
    app.write(move |tx, app| Box::pin(apply(tx, app, caller, id, change))).await.map(Json)
}

async fn apply(tx: &mut Tx, app: &App, caller: Caller, id: String, change: Change) -> Result<TicketView, Fault> {
    let (ticket, event) = scope::ticket_to_change(tx, &caller, &id).await?;
    let row = ticket.row.clone();
    let changed = match change {
        Change::Reissue => sign_anew(tx, (app, &event), ticket, Counter::Raise).await?,
        Change::Block(reason) => kept(tx, ticket, TicketRow { blocked: Some(reason), ..row }).await?,
        Change::Unblock => kept(tx, ticket, TicketRow { blocked: None, ..row }).await?,
        Change::Cancel => kept(tx, ticket, cancelled(row, app.now())).await?,
        Change::Patch(patch) => patched(tx, app, &event, ticket, patch).await?,
    };
    Ok(Shown::of(tx, &caller, &event).await?.view(&changed))
}

async fn kept(tx: &mut Tx, ticket: TicketRecord, row: TicketRow) -> Result<TicketRecord, Fault> {
    let ticket = TicketRecord { row, ..ticket };
    keep(tx, std::slice::from_ref(&ticket)).await?;
    Ok(ticket)
}

async fn patched(
    tx: &mut Tx,
    app: &App,
    event: &EventRecord,
    ticket: TicketRecord,
    patch: TicketPatch,
) -> Result<TicketRecord, Fault> {
    let was = ticket.row.clone();
    let end = |given: Option<Option<Instant>>, was| given.unwrap_or(Option::map(was, Instant));
    let named = match &patch.product {
        None => Products::of(tx, event.id).await?.id(was.product),
        Some(id) => id.clone(),
    };
    let product = Some(scope::product_of(tx, event.id, &named).await?)
        .filter(|product| !product.consumption)
        .ok_or_else(|| Fault::invalid("A ticket is of a product that lets somebody in"))?;
    let kept = was.variation.map(|variation| variation.0).filter(|_| product.number == was.product);
    let variation = variation_of(&product.variations, patch.variation.unwrap_or(kept))?;
    let row = TicketRow {
        product: product.number,
        variation,
        date: patch.date.map_or(Ok(was.date), |date| date_of(event, date))?,
        window: window(end(patch.valid_from, was.window.from), end(patch.valid_until, was.window.until))?,
        holder: patch.holder.map_or(Ok(was.holder.clone()), |h| maybe_text("holder", h.as_ref()))?,
        note: patch.note.map_or(Ok(was.note.clone()), |n| maybe_text("note", n.as_ref()))?,
        ..was.clone()
    };
    let ticket = TicketRecord { row, ..ticket };
    match taken_away(&was, &ticket.row) {
        Some(counter) => sign_anew(tx, (app, event), ticket, counter).await,
        None => {
            keep(tx, std::slice::from_ref(&ticket)).await?;
            Ok(ticket)
        }
    }
}

/// Whether a change needs another code, and whether that revokes the one before.
fn taken_away(was: &TicketRow, is: &TicketRow) -> Option<Counter> {
    let moved = was.product != is.product || was.date != is.date;
    match (moved || narrower(was.window, is.window), was.window != is.window) {
        (true, _) => Some(Counter::Raise),
        (false, true) => Some(Counter::Keep),
        (false, false) => None,
    }
}

fn narrower(was: Window, is: Window) -> bool {
    let later = is.from.is_some_and(|from| was.from.is_none_or(|was| from > was));
    let earlier = is.until.is_some_and(|until| was.until.is_none_or(|was| until < was));
    later || earlier
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::time::Timestamp;

    #[test]
    fn a_window_is_narrower_where_either_end_moves_in() {
        let at = |from: Option<i64>, until: Option<i64>| Window {
            from: from.map(Timestamp),
            until: until.map(Timestamp),
        };
        assert!(narrower(at(None, None), at(Some(1), None)));
        assert!(narrower(at(Some(1), Some(9)), at(Some(1), Some(8))));
        assert!(!narrower(at(Some(2), Some(8)), at(Some(1), Some(9))));
        assert!(!narrower(at(Some(2), None), at(None, None)));
    }
}
