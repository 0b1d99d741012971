//! A ticket with everything that a decision about it rests on, in one round trip.

use super::journals::{self, EntryRecord};
use super::tickets::{self, TicketRecord};
use super::{StoreError, Tx, Value, books};
use crate::params;
use tidegate_core::id::{EventId, TicketId};

/// What is kept of one ticket.
pub struct History {
    /// The ticket, where it was sold here.
    pub ticket: Option<TicketRecord>,
    /// The newest code of it that a journal carried.
    pub carried: Option<Vec<u8>>,
    /// The entries that count and have an effect on it.
    pub entries: Vec<EntryRecord>,
}

/// What is kept of a ticket at an event.
pub async fn of(tx: &mut Tx, event: EventId, id: TicketId) -> Result<History, StoreError> {
    let (by_id, of_event): (&[Value], &[Value]) = (params![id], params![event, id]);
    let asked = [(tickets::BY_ID, by_id), (books::CARRIED, of_event), (journals::OF_TICKET, of_event)];
    let [ticket, carried, entries] = tx.query_all(asked).await?;
    let ticket = ticket.into_iter().next().map(tickets::ticket).transpose()?;
    Ok(History {
        ticket: ticket.filter(|ticket| ticket.event == event),
        carried: carried.into_iter().next().map(|mut row| row.take()).transpose()?,
        entries: entries.into_iter().map(journals::entry).collect::<Result<_, _>>()?,
    })
}
