//! Orders: placed with their tickets drawn and signed, then moved by the machine in
//! [`crate::orders`], with one audit row per move.

pub mod add_ons;
pub mod create;
pub mod moves;
pub mod read;
pub mod refund;

use crate::api::tickets::shape::{Shown, TicketView};
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::Instant;
use crate::store::events::EventRecord;
use crate::store::orders::OrderRecord;
use crate::store::{Tx, orders, tickets};
use serde::Serialize;
use utoipa::ToSchema;

/// An order with its tickets.
#[derive(Serialize, ToSchema)]
pub struct OrderView {
    /// `ord_…`.
    pub id: String,
    event: String,
    /// What stands on tickets and screens.
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// `pending`, `paid`, `cancelled`, `expired`, `refunded`.
    state: String,
    total_minor: i64,
    refunded_minor: i64,
    currency: String,
    created_at: Instant,
    /// Its tickets; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<Vec<TicketView>>,
    /// What was done to it; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    moves: Option<Vec<MoveView>>,
}

/// Something that was done to an order.
#[derive(Serialize, ToSchema)]
pub struct MoveView {
    at: Instant,
    /// `place`, `approve`, `pay`, `decline`, `cancel`, `expire`, `refund_part`, `refund`.
    action: String,
    /// The state it led to.
    state: String,
}

impl OrderView {
    /// An order without its tickets, for lists.
    pub fn short(order: &OrderRecord, event: &EventRecord) -> Self {
        Self {
            id: order.id.clone(),
            event: order.event.to_string(),
            code: order.code.clone(),
            email: order.email.clone(),
            state: order.state.as_str().into(),
            total_minor: order.total_minor,
            refunded_minor: order.refunded_minor,
            currency: event.currency.clone(),
            created_at: Instant(order.created_at),
            tickets: None,
            moves: None,
        }
    }

    /// An order with its tickets, as this caller may see them.
    pub async fn full(
        tx: &mut Tx,
        caller: &Caller,
        order: &OrderRecord,
        event: &EventRecord,
    ) -> Result<Self, Fault> {
        let shown = Shown::of(tx, caller, event).await?;
        let tickets = tickets::of_order(tx, &order.id).await?.iter().map(|ticket| shown.view(ticket)).collect();
        let moves = orders::moves(tx, &order.id).await?;
        let moves = moves.into_iter().map(|(at, action, state)| MoveView { at: Instant(at), action, state });
        Ok(Self { tickets: Some(tickets), moves: Some(moves.collect()), ..Self::short(order, event) })
    }
}
