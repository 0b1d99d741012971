//! Reading tickets: staff see an event's, customers their own.

use super::shape::{Shown, TicketView};
use crate::api::{Answer, By, Shared};
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::json::{Page, Paging, Path, Query, bad_cursor, within};
use crate::scope;
use crate::store::Tx;
use crate::store::tickets::{self, TicketRecord};
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use tidegate_core::id::TicketId;
use tidegate_link::problem::Problem;
use utoipa::IntoParams;

/// Which tickets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of an event, `evt_…`.
    event: Option<String>,
    /// Of an order, `ord_…`.
    order: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, at most 1000.
    #[serde(default, deserialize_with = "within")]
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
}

/// Lists the tickets of an event or an order.
#[utoipa::path(get, path = "/v1/tickets", tag = "tickets", params(Which),
    responses((status = 200, body = Page<TicketView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(which): Query<Which>,
) -> Answer<Page<TicketView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, which))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, which: Which) -> Result<Page<TicketView>, Fault> {
    let limit = Paging { after: None, limit: which.limit }.limit();
    let after: Option<TicketId> = which.after.map(|a| a.parse()).transpose().map_err(|_| bad_cursor())?;
    let after = after.map_or(-1, TicketId::as_i64);
    let (event, found) = match (which.event, which.order) {
        (None, Some(order)) => {
            let (order, event) = scope::order(tx, &caller, &order).await?;
            let all = tickets::of_order(tx, &order.id).await?;
            let later = all.into_iter().filter(|ticket| ticket.row.id.as_i64() > after);
            (event, later.take(limit as usize).collect::<Vec<TicketRecord>>())
        }
        (Some(event), None) => {
            let event = scope::event(tx, &caller, &event).await?;
            let found = match caller.role {
                Role::Customer => tickets::of_owner(tx, event.id, &caller.token, after, limit).await?,
                Role::Admin | Role::Organizer | Role::Employee => {
                    tickets::of_event(tx, event.id, after, limit).await?
                }
            };
            (event, found)
        }
        (Some(_), Some(_)) | (None, None) => return Err(Fault::invalid("Name an event or an order")),
    };
    let shown = Shown::of(tx, &caller, &event).await?;
    let items = found.iter().map(|ticket| shown.view(ticket)).collect();
    Ok(Page::new(items, limit, |ticket: &TicketView| ticket.id.clone()))
}

/// Gives a ticket.
#[utoipa::path(get, path = "/v1/tickets/{id}", tag = "tickets",
    responses((status = 200, body = TicketView), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<TicketView> {
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let (ticket, event) = scope::ticket(tx, &caller, &id).await?;
            Ok(Shown::of(tx, &caller, &event).await?.view(&ticket))
        })
    });
    found.await.map(Json)
}
