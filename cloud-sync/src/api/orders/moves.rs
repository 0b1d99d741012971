//! Moving an order: paid, given up, expired, approved.
//!
//! The machine says whether it may; the move, what it does to the tickets and the
//! audit row are one transaction.

use super::OrderView;
use crate::api::{Answer, By, Shared};
use crate::app::App;
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::json::{Body, Path};
use crate::orders::{Action, State};
use crate::pay::{Charge, Outcome, PaymentProvider, TestProvider};
use crate::store::events::EventRecord;
use crate::store::orders::{self, MoveRecord, OrderRecord};
use crate::store::tickets::TicketRecord;
use crate::store::{Tx, tickets};
use crate::{scope, tickets as signing};
use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tidegate_core::catalogue::{TicketRow, TicketStatus};
use tidegate_core::money::Currency;
use tidegate_core::time::Timestamp;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// How an order is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Who takes the money.
    provider: Provider,
    /// What the test provider is to answer.
    #[serde(default)]
    outcome: TestOutcome,
}

/// Who takes the money.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Nobody: for trying out.
    Test,
}

/// What the test provider is to answer.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// Paid.
    #[default]
    Succeed,
    /// Not paid.
    Decline,
}

/// Where an action leads from where the order stands.
pub fn next(order: &OrderRecord, action: Action) -> Result<State, Fault> {
    order.state.after(action).ok_or_else(|| {
        let what = format!("An order that is {} cannot be moved by {}", order.state.as_str(), action.as_str());
        Fault::conflict("order_state", what)
    })
}

/// Moves an order and its audit trail.
pub async fn advance(
    tx: &mut Tx,
    (caller, now): (&Caller, Timestamp),
    order: OrderRecord,
    (action, detail): (Action, &str),
) -> Result<OrderRecord, Fault> {
    let (before, after) = (order.state, next(&order, action)?);
    let step = MoveRecord { at: now, token: &caller.token, action, before, after, detail };
    orders::advance(tx, &order, &step).await?;
    Ok(OrderRecord { state: after, ..order })
}

/// Pays an order.
#[utoipa::path(post, path = "/v1/orders/{id}/pay", tag = "orders", request_body = Payment,
    responses((status = 200, body = OrderView), (status = 402, body = Problem), (status = "default", body = Problem)))]
pub async fn pay(
    Extract(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(payment): Body<Payment>,
) -> Answer<OrderView> {
    let (by, of) = (caller.clone(), id.clone());
    let (order, event) = app.read(move |tx, _| Box::pin(async move { scope::order(tx, &by, &of).await })).await?;
    next(&order, Action::Pay)?;
    let Provider::Test = payment.provider;
    if caller.role == Role::Customer && !app.test_payments {
        return Err(Fault::forbidden(
            "test_payments_off",
            "Customers cannot pay by the provider that moves no money",
        )
        .action("Staff who took the money may; or start the cloud with --test-payments to try it out"));
    }
    let provider = TestProvider { declines: payment.outcome == TestOutcome::Decline };
    let outcome = provider.charge(&charge(&order, &event, order.total_minor)?);
    let action = match &outcome {
        Outcome::Succeeded(_) => Action::Pay,
        Outcome::Declined => Action::Decline,
    };
    let detail = match outcome {
        Outcome::Succeeded(reference) => reference,
        Outcome::Declined => provider.name().to_owned(),
    };
    let view = app.write(move |tx, app| Box::pin(settle(tx, app, caller, id, (action, detail)))).await?;
    match action {
        Action::Pay => Ok(Json(view)),
        _ => Err(Fault::new(StatusCode::PAYMENT_REQUIRED, "payment_declined", "The payment was declined")
            .action("Try again, or pay otherwise")),
    }
}

/// What a provider is asked to move for an order.
pub fn charge(order: &OrderRecord, event: &EventRecord, amount_minor: i64) -> Result<Charge, Fault> {
    let currency = Currency::parse(&event.currency).ok_or_else(|| Fault::internal("an event without currency"))?;
    Ok(Charge { reference: order.id.clone(), amount_minor, currency })
}

async fn settle(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    id: String,
    (action, detail): (Action, String),
) -> Result<OrderView, Fault> {
    let (order, event) = scope::order_to_change(tx, &caller, &id).await?;
    let order = advance(tx, (&caller, app.now()), order, (action, &detail)).await?;
    if action == Action::Pay {
        change_tickets(tx, &order, |row| match row.status {
            TicketStatus::Pending => TicketRow { status: TicketStatus::Paid, ..row },
            TicketStatus::Paid | TicketStatus::Cancelled => row,
        })
        .await?;
    }
    OrderView::full(tx, &caller, &order, &event).await
}

/// Gives up an order that was not paid.
#[utoipa::path(post, path = "/v1/orders/{id}/cancel", tag = "orders",
    responses((status = 200, body = OrderView), (status = "default", body = Problem)))]
pub async fn cancel(Extract(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<OrderView> {
    app.write(move |tx, app| Box::pin(end(tx, app, caller, id, Action::Cancel))).await.map(Json)
}

/// Ends an order whose time to be paid is over.
#[utoipa::path(post, path = "/v1/orders/{id}/expire", tag = "orders",
    responses((status = 200, body = OrderView), (status = "default", body = Problem)))]
pub async fn expire(Extract(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<OrderView> {
    app.write(move |tx, app| Box::pin(end(tx, app, caller, id, Action::Expire))).await.map(Json)
}

async fn end(tx: &mut Tx, app: &App, caller: Caller, id: String, action: Action) -> Result<OrderView, Fault> {
    let (order, event) = scope::order_to_change(tx, &caller, &id).await?;
    let now = app.now();
    let order = advance(tx, (&caller, now), order, (action, "")).await?;
    change_tickets(tx, &order, |row| cancelled(row, now)).await?;
    OrderView::full(tx, &caller, &order, &event).await
}

/// Approves an order's tickets that wait for it.
#[utoipa::path(post, path = "/v1/orders/{id}/approve", tag = "orders",
    responses((status = 200, body = OrderView), (status = "default", body = Problem)))]
pub async fn approve(Extract(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<OrderView> {
    app.write(move |tx, app| Box::pin(approve_tickets(tx, app, caller, id))).await.map(Json)
}

async fn approve_tickets(tx: &mut Tx, app: &App, caller: Caller, id: String) -> Result<OrderView, Fault> {
    let (order, event) = scope::order_to_change(tx, &caller, &id).await?;
    let order = advance(tx, (&caller, app.now()), order, (Action::Approve, "")).await?;
    change_tickets(tx, &order, |row| TicketRow { needs_approval: false, ..row }).await?;
    OrderView::full(tx, &caller, &order, &event).await
}

/// A ticket that is cancelled from now on, if it was not before.
pub fn cancelled(row: TicketRow, now: Timestamp) -> TicketRow {
    let cancelled_at = row.cancelled_at.or(Some(now));
    TicketRow { status: TicketStatus::Cancelled, cancelled_at, ..row }
}

async fn change_tickets(
    tx: &mut Tx,
    order: &OrderRecord,
    change: impl Fn(TicketRow) -> TicketRow,
) -> Result<(), Fault> {
    let mut changed = Vec::new();
    for ticket in tickets::of_order(tx, &order.id).await? {
        let row = change(ticket.row.clone());
        if row != ticket.row {
            changed.push(TicketRecord { row, ..ticket });
        }
    }
    signing::keep(tx, &changed).await
}
