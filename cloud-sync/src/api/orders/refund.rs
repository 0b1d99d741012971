//! Giving money back, for a whole order or some of its tickets, which are cancelled.

use super::OrderView;
use super::moves::{advance, cancelled, charge};
use crate::api::{Answer, By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, Path};
use crate::orders::{Action, State};
use crate::pay::{Outcome, PaymentProvider, TestProvider};
use crate::store::orders::OrderRecord;
use crate::store::tickets::TicketRecord;
use crate::store::{Tx, tickets};
use crate::{scope, tickets as signing};
use axum::extract::State as Extract;
use axum::{Extension, Json};
use serde::Deserialize;
use std::collections::BTreeSet;
use tidegate_core::id::TicketId;
use tidegate_core::money;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// What is given back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// The tickets, `tkt_…`; all that were not given back if absent.
    tickets: Option<Vec<String>>,
}

/// Gives back the money of an order or of some of its tickets.
///
/// Repeating it is harmless: a ticket's money is given back once.
#[utoipa::path(post, path = "/v1/orders/{id}/refund", tag = "orders", request_body = Refund,
    responses((status = 200, body = OrderView), (status = "default", body = Problem)))]
pub async fn refund(
    Extract(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(refund): Body<Refund>,
) -> Answer<OrderView> {
    app.write(move |tx, app| Box::pin(give_back(tx, app, caller, id, refund))).await.map(Json)
}

async fn give_back(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    id: String,
    refund: Refund,
) -> Result<OrderView, Fault> {
    let (order, event) = scope::order_to_change(tx, &caller, &id).await?;
    let all = tickets::of_order(tx, &order.id).await?;
    let (chosen, rest) = choose(all, refund.tickets.as_deref())?;
    let action = if rest { Action::RefundPart } else { Action::Refund };
    super::moves::next(&order, action)?;
    let amount = money::sum(chosen.iter().map(|ticket| ticket.price_minor));
    let amount = amount.ok_or_else(|| Fault::internal("an order's prices do not add up"))?;
    // The test provider moves no money, so it may be asked inside the transaction.
    let Outcome::Succeeded(reference) =
        (TestProvider { declines: false }).refund(&charge(&order, &event, amount)?)
    else {
        return Err(Fault::conflict("refund_declined", "The provider gave no money back"));
    };
    let refunded_minor = order.refunded_minor + amount; // at most the total, which is bounded
    let order = OrderRecord { refunded_minor, ..order };
    let order = advance(tx, (&caller, app.now()), order, (action, &format!("{reference} {amount}"))).await?;
    let given_back = chosen.into_iter().map(|ticket| {
        let row = cancelled(ticket.row.clone(), app.now());
        TicketRecord { row, refunded_at: Some(app.now()), ..ticket }
    });
    signing::keep(tx, &given_back.collect::<Vec<_>>()).await?;
    debug_assert!(order.state != State::Refunded || order.refunded_minor <= order.total_minor);
    OrderView::full(tx, &caller, &order, &event).await
}

/// The tickets to give back, and whether others stay paid.
fn choose(all: Vec<TicketRecord>, named: Option<&[String]>) -> Result<(Vec<TicketRecord>, bool), Fault> {
    let wanted = match named {
        None => None,
        Some(named) => {
            let parsed: Result<BTreeSet<TicketId>, _> = named.iter().map(|id| id.parse()).collect();
            let ids = parsed.map_err(|_| Fault::invalid("tickets are ids of the form tkt_…"))?;
            if !ids.iter().all(|id| all.iter().any(|ticket| ticket.row.id == *id)) {
                return Err(Fault::missing("ticket").why("It is not of this order"));
            }
            Some(ids)
        }
    };
    let open = all.into_iter().filter(|ticket| ticket.refunded_at.is_none());
    let (chosen, rest): (Vec<_>, Vec<_>) =
        open.partition(|ticket| wanted.as_ref().is_none_or(|ids| ids.contains(&ticket.row.id)));
    match chosen.is_empty() {
        true => Err(Fault::conflict("already_refunded", "The money of these tickets was given back already")),
        false => Ok((chosen, !rest.is_empty())),
    }
}
