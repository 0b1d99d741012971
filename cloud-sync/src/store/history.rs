//! A ticket with everything that a decision about it rests on, in one round trip.

use super::journals::{self, EntryRecord};
use super::tickets::{self, TicketRecord};
use super::{Query, Row, StoreError, Tx, Value, books};
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
    let values = of_ticket(event, id);
    let found = tx.query_several(&queries(&values)).await?;
    read(event, &mut found.into_iter())
}

/// What the queries of a ticket are asked with.
pub fn of_ticket(event: EventId, id: TicketId) -> [Value; 3] {
    [event.into(), id.into(), id.into()]
}

/// The queries of a ticket, asked with these values; [`read`] reads what they find.
pub fn queries(values: &[Value; 3]) -> [Query<'_>; 3] {
    let (of_event, by_id) = values.split_at(2);
    [(tickets::BY_ID, by_id), (books::CARRIED, of_event), (journals::OF_TICKET, of_event)]
}

/// What the queries of a ticket found, in their order.
pub fn read(event: EventId, found: &mut impl Iterator<Item = Vec<Row>>) -> Result<History, StoreError> {
    let mut next = || found.next().ok_or(StoreError::Shape("one answer for each query"));
    let (ticket, carried, entries) = (next()?, next()?, next()?);
    let ticket = ticket.into_iter().next().map(tickets::ticket).transpose()?;
    Ok(History {
        ticket: ticket.filter(|ticket| ticket.event == event),
        carried: carried.into_iter().next().map(|mut row| row.take()).transpose()?,
        entries: entries.into_iter().map(journals::entry).collect::<Result<_, _>>()?,
    })
}
