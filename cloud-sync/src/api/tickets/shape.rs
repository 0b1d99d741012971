//! A ticket as it is shown: who may see its code is decided here.

use crate::api::products::{CreditShape, Products};
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::json::Instant;
use crate::store::Tx;
use crate::store::events::EventRecord;
use crate::store::tickets::TicketRecord;
use serde::Serialize;
use tidegate_core::catalogue::TicketStatus;
use utoipa::ToSchema;

/// A ticket.
#[derive(Serialize, ToSchema)]
pub struct TicketView {
    /// `tkt_…`.
    pub id: String,
    event: String,
    order: String,
    /// The order's code.
    order_code: String,
    /// `prd_…`.
    product: String,
    /// `paid`, `pending`, `cancelled`.
    status: &'static str,
    price_minor: i64,
    /// How often its code was replaced; lower ones are revoked.
    counter: u16,
    /// Its code; customers see it once it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Instant>,
    /// Prepaid units in all, ever.
    credits: Vec<CreditShape>,
    /// Why it is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<String>,
    needs_approval: bool,
    valid_if_pending: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// How a caller sees an event's tickets.
pub struct Shown {
    products: Products,
    role: Role,
}

impl Shown {
    /// For this caller.
    pub async fn of(tx: &mut Tx, caller: &Caller, event: &EventRecord) -> Result<Self, Fault> {
        Ok(Self { products: Products::of(tx, event.id).await?, role: caller.role })
    }

    /// A ticket.
    pub fn view(&self, ticket: &TicketRecord) -> TicketView {
        let row = &ticket.row;
        TicketView {
            id: row.id.to_string(),
            event: ticket.event.to_string(),
            order: ticket.order.clone(),
            order_code: row.order.clone().unwrap_or_default(),
            product: self.products.id(row.product),
            status: status(row.status),
            price_minor: ticket.price_minor,
            counter: row.counter,
            code: Some(ticket.code.clone()).filter(|_| may_see_code(self.role, ticket)),
            date: row.date.map(|date| date.0),
            valid_from: row.window.from.map(Instant),
            valid_until: row.window.until.map(Instant),
            credits: self.products.credits(&row.credits),
            blocked: row.blocked.clone(),
            needs_approval: row.needs_approval,
            valid_if_pending: row.valid_if_pending,
            cancelled_at: row.cancelled_at.map(Instant),
            holder: row.holder.clone(),
            note: row.note.clone(),
        }
    }
}

/// Customers see a code once it would be let in; those who work here always do.
pub fn may_see_code(role: Role, ticket: &TicketRecord) -> bool {
    let good = match ticket.row.status {
        TicketStatus::Paid => true,
        TicketStatus::Pending => ticket.row.valid_if_pending,
        TicketStatus::Cancelled => false,
    };
    good || role != Role::Customer
}

fn status(status: TicketStatus) -> &'static str {
    match status {
        TicketStatus::Paid => "paid",
        TicketStatus::Pending => "pending",
        TicketStatus::Cancelled => "cancelled",
    }
}
