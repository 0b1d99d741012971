//! Reading orders: staff see an event's, customers their own.

use super::OrderView;
use crate::api::{Answer, By, Shared};
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::json::{EventPaging, Page, Path, Query};
use crate::scope;
use crate::store::{Tx, orders};
use axum::extract::State;
use axum::{Extension, Json};
use tidegate_link::problem::Problem;

/// Lists an event's orders, without their tickets.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(EventPaging),
    responses((status = 200, body = Page<OrderView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<OrderView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, query))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, query: EventPaging) -> Result<Page<OrderView>, Fault> {
    let event = scope::event(tx, &caller, &query.event).await?;
    let limit = query.paging().limit();
    let after = query.after.unwrap_or_default();
    let found = match caller.role {
        Role::Customer => orders::of_owner(tx, event.id, &caller.token, &after, limit).await?,
        Role::Admin | Role::Organizer | Role::Employee => orders::of_event(tx, event.id, &after, limit).await?,
    };
    let items = found.iter().map(|order| OrderView::short(order, &event)).collect();
    Ok(Page::new(items, limit, |order: &OrderView| order.id.clone()))
}

/// Gives an order with its tickets.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders",
    responses((status = 200, body = OrderView), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<OrderView> {
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let (order, event) = scope::order(tx, &caller, &id).await?;
            OrderView::full(tx, &caller, &order, &event).await
        })
    });
    found.await.map(Json)
}
