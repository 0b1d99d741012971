//! Drawing, signing and changing tickets; every change reaches the feed.
//!
//! An id is 48 random bits, unique in the installation and drawn again on
//! collision. Whatever takes something away raises the counter, which revokes the
//! codes before; what only adds keeps it.

use crate::app::App;
use crate::fault::Fault;
use crate::keys;
use crate::store::Tx;
use crate::store::tickets::{self, TicketRecord};
use axum::http::StatusCode;
use ed25519_dalek::SigningKey;
use tidegate_core::feed::Change;
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::ticket::{EncodeError, issue};

/// Tries at a free ticket id: with ten million tickets sold the second one always has done.
const MAX_TRIES: usize = 16;

/// Whether a new code revokes the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Something was taken away: the codes before no longer count.
    Raise,
    /// Nothing was taken away.
    Keep,
}

/// Draws an id for a ticket, signs it, keeps it and tells the agents.
pub async fn draw(tx: &mut Tx, key: &SigningKey, template: &TicketRecord) -> Result<TicketRecord, Fault> {
    for _ in 0..MAX_TRIES {
        let mut ticket = template.clone();
        ticket.row.id = TicketId::from_bytes(rand::random());
        ticket.code = sign(key, &ticket)?;
        if tickets::add(tx, &ticket).await? {
            tx.publish(ticket.event, Change::Ticket(Box::new(ticket.row.clone())));
            return Ok(ticket);
        }
    }
    Err(Fault::internal("no free ticket id was found"))
}

/// Keeps a changed ticket and tells the agents.
pub async fn keep(tx: &mut Tx, ticket: &TicketRecord) -> Result<(), Fault> {
    tickets::update(tx, ticket).await?;
    tx.publish(ticket.event, Change::Ticket(Box::new(ticket.row.clone())));
    Ok(())
}

/// Signs a ticket anew with its event's current key, and keeps it.
pub async fn sign_anew(
    tx: &mut Tx,
    app: &App,
    mut ticket: TicketRecord,
    counter: Counter,
) -> Result<TicketRecord, Fault> {
    if counter == Counter::Raise {
        let raised = ticket.row.counter.checked_add(1);
        ticket.row.counter =
            raised.ok_or_else(|| Fault::conflict("too_many_codes", "The ticket has had all codes it can have"))?;
    }
    let key = keys::signing_key(tx, &app.vault, ticket.event).await?;
    ticket.code = sign(&key, &ticket)?;
    keep(tx, &ticket).await?;
    Ok(ticket)
}

/// Whether what a ticket grants would fit a code.
pub fn fits(key: &SigningKey, event: EventId, ticket: &TicketRecord) -> Result<(), Fault> {
    issue(key, event, &ticket.granted()).map(drop).map_err(unfit)
}

fn sign(key: &SigningKey, ticket: &TicketRecord) -> Result<String, Fault> {
    issue(key, ticket.event, &ticket.granted()).map_err(unfit)
}

fn unfit(error: EncodeError) -> Fault {
    Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "does_not_fit_code", "The ticket does not fit a code")
        .why(error.to_string())
}
