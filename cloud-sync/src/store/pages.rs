//! Entries of an event read in pages: journal by journal, or ticket by ticket.

use super::journals::{EntryRecord, entry, entry_columns};
use super::parts::Place;
use super::{StoreError, Tx};
use crate::params;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};

/// Before the first entry of any journal.
pub fn start() -> Place {
    (JournalId { device: DeviceId::default(), incarnation: 0 }, 0, 0)
}

/// An event's entries after one of them, journal by journal.
pub async fn page(
    tx: &mut Tx,
    event: EventId,
    (journal, branch, place): Place,
    limit: u32,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND (device, incarnation, branch, place) > ($2, $3, $4, $5)
         ORDER BY device, incarnation, branch, place LIMIT $6"
    );
    let params = params![event, journal.device, journal.incarnation, branch, place, limit];
    tx.query(sql, params).await?.into_iter().map(entry).collect()
}

/// Entries read at once: some megabytes.
pub const CHUNK: u32 = 5_000;

/// Reads the entries that count and have an effect on a ticket, ticket by ticket, in few round trips.
pub struct ByTicket {
    event: EventId,
    place: TicketPlace,
    /// Of the ticket in the middle of which the last chunk ended.
    held: Vec<EntryRecord>,
    ended: bool,
}

/// The ticket, then the entry.
type TicketPlace = (i64, Place);

impl ByTicket {
    /// From an event's first ticket on.
    pub fn of(event: EventId) -> Self {
        Self { event, place: (-1, start()), held: Vec::new(), ended: false }
    }

    /// The next tickets, each with all its entries; none after the last.
    pub async fn next(&mut self, tx: &mut Tx) -> Result<Vec<(TicketId, Vec<EntryRecord>)>, StoreError> {
        let mut tickets = Vec::new();
        while tickets.is_empty() && !self.ended {
            let records = by_ticket(tx, self.event, self.place, CHUNK).await?;
            self.ended = records.len() < CHUNK as usize;
            for record in records {
                let Some(ticket) = record.ticket else { continue };
                self.place = (ticket.as_i64(), record.place());
                if self.held.last().is_some_and(|held| held.ticket != record.ticket) {
                    tickets.extend(self.taken());
                }
                self.held.push(record);
            }
            if self.ended {
                tickets.extend(self.taken());
            }
        }
        Ok(tickets)
    }

    fn taken(&mut self) -> Option<(TicketId, Vec<EntryRecord>)> {
        let entries = std::mem::take(&mut self.held);
        let ticket = entries.first()?.ticket?;
        Some((ticket, entries))
    }
}

async fn by_ticket(
    tx: &mut Tx,
    event: EventId,
    (ticket, (journal, branch, place)): TicketPlace,
    limit: u32,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND ticket IS NOT NULL AND counts = 1
         AND (ticket, device, incarnation, branch, place) > ($2, $3, $4, $5, $6)
         ORDER BY ticket, device, incarnation, branch, place LIMIT $7"
    );
    let params = params![event, ticket, journal.device, journal.incarnation, branch, place, limit];
    tx.query(sql, params).await?.into_iter().map(entry).collect()
}

/// The entries that count and have no effect on a ticket, after one of them, journal by journal.
pub async fn without_ticket(
    tx: &mut Tx,
    event: EventId,
    (journal, branch, place): Place,
    limit: u32,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND ticket IS NULL AND counts = 1
         AND (device, incarnation, branch, place) > ($2, $3, $4, $5)
         ORDER BY device, incarnation, branch, place LIMIT $6"
    );
    let params = params![event, journal.device, journal.incarnation, branch, place, limit];
    tx.query(sql, params).await?.into_iter().map(entry).collect()
}
