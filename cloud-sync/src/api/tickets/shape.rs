//! A ticket as it is shown: who may see its code is decided here.

use crate::api::answers::Answers;
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
    /// The short code under it, which finds the ticket where the code cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    short_code: Option<String>,
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
    /// The number of the product's variation.
    #[serde(skip_serializing_if = "Option::is_none")]
    variation: Option<u16>,
    /// The ticket that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    addon_to: Option<String>,
    /// What was answered when it was bought, by the question's id.
    #[serde(skip_serializing_if = "Answers::is_empty")]
    answers: Answers,
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
        let (row, seen) = (&ticket.row, may_see_code(self.role, ticket));
        TicketView {
            id: row.id.to_string(),
            event: ticket.event.to_string(),
            order: ticket.order.clone(),
            order_code: row.order.clone().unwrap_or_default(),
            product: self.products.id(row.product),
            status: status(row.status),
            price_minor: ticket.price_minor,
            counter: row.counter,
            code: Some(ticket.code.clone()).filter(|_| seen),
            short_code: row.spoken.map(|spoken| spoken.to_string()).filter(|_| seen),
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
            variation: row.variation.map(|variation| variation.0),
            addon_to: row.addon_to.map(|main| main.to_string()),
            answers: row.answers.iter().map(|a| (a.question.clone(), a.text.clone())).collect(),
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
