//! Drawing, signing and changing tickets; every change reaches the feed.
//!
//! An id is 48 random bits, unique in the installation and drawn again on
//! collision. Whatever takes something away raises the counter, which revokes the
//! codes before; what only adds keeps it.

use crate::app::App;
use crate::fault::Fault;
use crate::store::events::EventRecord;
use crate::store::tickets::{self, TicketRecord};
use crate::store::{StoreError, Tx};
use crate::{keys, lots};
use axum::http::StatusCode;
use ed25519_dalek::SigningKey;
use tidegate_core::feed::Change;
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::ticket::{EncodeError, Sealed, issue};

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

/// Draws ids for tickets, signs them, keeps them and tells the agents.
pub async fn draw(tx: &mut Tx, key: &SigningKey, template: &TicketRecord, quantity: u32) -> Result<(), Fault> {
    let mut missing = quantity;
    for _ in 0..MAX_TRIES {
        let drawn: Vec<TicketRecord> = (0..missing).map(|_| drawn(key, template)).collect::<Result<_, _>>()?;
        let added = tickets::add(tx, &drawn).await?;
        missing = 0;
        for (ticket, added) in drawn.into_iter().zip(added) {
            match added {
                true => tx.publish(ticket.event, Change::Ticket(Box::new(ticket.row))),
                false => missing += 1,
            }
        }
        if missing == 0 {
            return Ok(());
        }
    }
    Err(Fault::internal("no free ticket id was found"))
}

fn drawn(key: &SigningKey, template: &TicketRecord) -> Result<TicketRecord, Fault> {
    let mut ticket = template.clone();
    ticket.row.id = TicketId::from_bytes(lots::draw());
    sign(key, &mut ticket)?;
    Ok(ticket)
}

/// Keeps changed tickets and tells the agents.
pub async fn keep(tx: &mut Tx, changed: &[TicketRecord]) -> Result<(), Fault> {
    tickets::update(tx, changed).await?;
    for ticket in changed {
        tx.publish(ticket.event, Change::Ticket(Box::new(ticket.row.clone())));
    }
    Ok(())
}

/// Signs a ticket anew with its event's current key, and keeps it.
pub async fn sign_anew(
    tx: &mut Tx,
    (app, event): (&App, &EventRecord),
    mut ticket: TicketRecord,
    counter: Counter,
) -> Result<TicketRecord, Fault> {
    if counter == Counter::Raise {
        let raised = ticket.row.counter.checked_add(1);
        ticket.row.counter =
            raised.ok_or_else(|| Fault::conflict("too_many_codes", "The ticket has had all codes it can have"))?;
    }
    let key = keys::signing_key(tx, &app.vault, event).await?;
    sign(&key, &mut ticket)?;
    keep(tx, std::slice::from_ref(&ticket)).await?;
    Ok(ticket)
}

/// Whether what a ticket grants would fit a code.
pub fn fits(key: &SigningKey, event: EventId, ticket: &TicketRecord) -> Result<(), Fault> {
    issue(key, event, &ticket.granted()).map(drop).map_err(unfit)
}

fn sign(key: &SigningKey, ticket: &mut TicketRecord) -> Result<(), Fault> {
    ticket.code = issue(key, ticket.event, &ticket.granted()).map_err(unfit)?;
    ticket.row.spoken = spoken(ticket);
    Ok(())
}

/// The short code of a ticket's newest code.
fn spoken(ticket: &TicketRecord) -> Option<Spoken> {
    let sealed = Sealed::read(&ticket.code).ok()?;
    Some(Spoken::of(ticket.event, sealed.as_bytes()))
}

/// Tickets that get their short codes in one transaction: half a second of writing.
const AT_ONCE: u32 = 1_000;

/// Draws the short codes of tickets that were sold before there were any, and tells the agents
/// what rows say today. Gives where to go on, until there are none.
pub async fn complete(tx: &mut Tx, after: i64) -> Result<Option<i64>, StoreError> {
    let mut last = None;
    let mut without = tickets::without_spoken(tx, after, AT_ONCE).await?;
    for ticket in &mut without {
        last = Some(ticket.row.id.as_i64());
        ticket.row.spoken = spoken(ticket);
    }
    tickets::update(tx, &without).await?;
    for ticket in without {
        tx.publish(ticket.event, Change::Ticket(Box::new(ticket.row)));
    }
    Ok(last)
}

fn unfit(error: EncodeError) -> Fault {
    Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "does_not_fit_code", "The ticket does not fit a code")
        .why(error.to_string())
}
