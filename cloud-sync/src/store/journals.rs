//! Journals and their entries: kept as they were signed, each once.

use super::{Row, StoreError, Tx};
use crate::params;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};
use tidegate_core::journal::EntryRef;
use tidegate_core::seal::{Hash, Sig};
use tidegate_core::time::Timestamp;

/// A journal, as far as it is here.
#[derive(Clone)]
pub struct JournalRecord {
    /// Whose.
    pub id: JournalId,
    /// How many entries.
    pub entries: u64,
    /// How many of them count.
    pub counted: u64,
    /// The hash of the last one, or of the beginning.
    pub hash: Hash,
    /// The clock of the last one.
    pub clock: Timestamp,
    /// Its author's certificate.
    pub certificate: Vec<u8>,
}

/// An entry.
#[derive(Clone)]
pub struct EntryRecord {
    /// Its name.
    pub id: EntryRef,
    /// Its bytes, as they were signed.
    pub body: Vec<u8>,
    /// Its author's signature over this head, where there is one.
    pub signature: Option<Sig>,
    /// The ticket it is about, where it has an effect on one.
    pub ticket: Option<TicketId>,
    /// Whether it counts; evidence does not.
    pub counts: bool,
}

macro_rules! journal_columns {
    () => {
        "device, incarnation, entries, counted, hash, clock, certificate"
    };
}

macro_rules! entry_columns {
    () => {
        "device, incarnation, place, hash, body, signature, ticket, counts"
    };
}

/// An event's journals, by device and incarnation.
pub async fn of_event(tx: &mut Tx, event: EventId) -> Result<Vec<JournalRecord>, StoreError> {
    let sql =
        concat!("SELECT ", journal_columns!(), " FROM journals WHERE event = $1 ORDER BY device, incarnation");
    tx.query(sql, params![event]).await?.into_iter().map(journal).collect()
}

/// A journal.
pub async fn get(tx: &mut Tx, event: EventId, id: JournalId) -> Result<Option<JournalRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        journal_columns!(),
        " FROM journals WHERE event = $1 AND device = $2 AND incarnation = $3"
    );
    tx.first(sql, params![event, id.device, id.incarnation]).await?.map(journal).transpose()
}

/// Writes a journal's place.
pub async fn put(tx: &mut Tx, event: EventId, j: &JournalRecord) -> Result<(), StoreError> {
    let sql = "INSERT INTO journals (event, device, incarnation, entries, counted, hash, clock, certificate)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (event, device, incarnation) DO UPDATE
        SET entries = excluded.entries, counted = excluded.counted, hash = excluded.hash, clock = excluded.clock";
    let (device, incarnation) = (j.id.device, j.id.incarnation);
    let params = params![event, device, incarnation, j.entries, j.counted, j.hash, j.clock, &j.certificate[..]];
    tx.later(sql, params).await
}

/// Adds entries at the end of their journal.
pub async fn add(tx: &mut Tx, event: EventId, entries: &[EntryRecord]) -> Result<(), StoreError> {
    let sql =
        concat!("INSERT INTO entries (event, ", entry_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    let values = entries.iter().map(|entry| {
        let JournalId { device, incarnation } = entry.id.journal;
        let EntryRef { sequence, hash, .. } = entry.id;
        let (body, signature) = (&entry.body[..], entry.signature);
        params![event, device, incarnation, sequence, hash, body, signature, entry.ticket, entry.counts].to_vec()
    });
    tx.later_each(sql, &values.collect::<Vec<_>>()).await
}

/// Writes the signature over the head that an entry is.
pub async fn sign(tx: &mut Tx, event: EventId, id: &EntryRef, signature: Sig) -> Result<(), StoreError> {
    let sql = "UPDATE entries SET signature = $5
        WHERE event = $1 AND device = $2 AND incarnation = $3 AND place = $4";
    let JournalId { device, incarnation } = id.journal;
    tx.later(sql, params![event, device, incarnation, id.sequence, Some(signature)]).await
}

/// The hash of one entry.
pub async fn hash_at(
    tx: &mut Tx,
    event: EventId,
    journal: JournalId,
    place: u64,
) -> Result<Option<Hash>, StoreError> {
    let sql = "SELECT hash FROM entries WHERE event = $1 AND device = $2 AND incarnation = $3 AND place = $4";
    let found = tx.first(sql, params![event, journal.device, journal.incarnation, place]).await?;
    found.map(|mut row| row.take()).transpose()
}

/// One entry.
pub async fn entry_at(
    tx: &mut Tx,
    event: EventId,
    journal: JournalId,
    place: u64,
) -> Result<Option<EntryRecord>, StoreError> {
    let found = after(tx, event, journal, place.saturating_sub(1), 1).await?;
    Ok(found.into_iter().find(|entry| entry.id.sequence == place))
}

/// Entries of a journal after a place, in order.
pub async fn after(
    tx: &mut Tx,
    event: EventId,
    journal: JournalId,
    place: u64,
    limit: u64,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND device = $2 AND incarnation = $3 AND place > $4 ORDER BY place LIMIT $5"
    );
    let params = params![event, journal.device, journal.incarnation, place, limit];
    tx.query(sql, params).await?.into_iter().map(entry).collect()
}

/// Asks for the entries that count and have an effect on an event's ticket.
pub(super) const OF_TICKET: &str =
    concat!("SELECT ", entry_columns!(), " FROM entries WHERE event = $1 AND ticket = $2 AND counts = 1");

/// The entries that count and have an effect on each of these tickets.
pub async fn of_tickets(
    tx: &mut Tx,
    event: EventId,
    tickets: &[TicketId],
) -> Result<Vec<Vec<EntryRecord>>, StoreError> {
    let values: Vec<_> = tickets.iter().map(|ticket| params![event, *ticket].to_vec()).collect();
    let found = tx.query_each(OF_TICKET, &values).await?;
    found.into_iter().map(|rows| rows.into_iter().map(entry).collect()).collect()
}

/// Notes that stock moves by an entry.
pub async fn add_right(tx: &mut Tx, event: EventId, id: &EntryRef) -> Result<(), StoreError> {
    let sql = "INSERT INTO right_entries (event, device, incarnation, place) VALUES ($1, $2, $3, $4)";
    let JournalId { device, incarnation } = id.journal;
    tx.later(sql, params![event, device, incarnation, id.sequence]).await
}

/// The entries by which stock moves.
pub async fn rights(tx: &mut Tx, event: EventId) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = "SELECT e.device, e.incarnation, e.place, e.hash, e.body, e.signature, e.ticket, e.counts
        FROM right_entries r JOIN entries e ON e.event = r.event AND e.device = r.device
        AND e.incarnation = r.incarnation AND e.place = r.place
        WHERE r.event = $1 ORDER BY e.device, e.incarnation, e.place";
    tx.query(sql, params![event]).await?.into_iter().map(entry).collect()
}

fn journal(mut row: Row) -> Result<JournalRecord, StoreError> {
    Ok(JournalRecord {
        id: JournalId { device: row.take()?, incarnation: row.take()? },
        entries: row.take()?,
        counted: row.take()?,
        hash: row.take()?,
        clock: row.take()?,
        certificate: row.take()?,
    })
}

pub(super) fn entry(mut row: Row) -> Result<EntryRecord, StoreError> {
    let device: DeviceId = row.take()?;
    let journal = JournalId { device, incarnation: row.take()? };
    Ok(EntryRecord {
        id: EntryRef { journal, sequence: row.take()?, hash: row.take()? },
        body: row.take()?,
        signature: row.take()?,
        ticket: row.take()?,
        counts: row.take()?,
    })
}

/// An event's entries after one of them, journal by journal.
pub async fn page(
    tx: &mut Tx,
    event: EventId,
    (journal, place): (JournalId, u64),
    limit: u32,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND (device, incarnation, place) > ($2, $3, $4)
         ORDER BY device, incarnation, place LIMIT $5"
    );
    let params = params![event, journal.device, journal.incarnation, place, limit];
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
type TicketPlace = (i64, JournalId, u64);

impl ByTicket {
    /// From an event's first ticket on.
    pub fn of(event: EventId) -> Self {
        let journal = JournalId { device: DeviceId::default(), incarnation: 0 };
        Self { event, place: (-1, journal, 0), held: Vec::new(), ended: false }
    }

    /// The next tickets, each with all its entries; none after the last.
    pub async fn next(&mut self, tx: &mut Tx) -> Result<Vec<(TicketId, Vec<EntryRecord>)>, StoreError> {
        let mut tickets = Vec::new();
        while tickets.is_empty() && !self.ended {
            let records = by_ticket(tx, self.event, self.place, CHUNK).await?;
            self.ended = records.len() < CHUNK as usize;
            for record in records {
                let Some(ticket) = record.ticket else { continue };
                self.place = (ticket.as_i64(), record.id.journal, record.id.sequence);
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
    (ticket, journal, place): TicketPlace,
    limit: u32,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND ticket IS NOT NULL AND counts = 1
         AND (ticket, device, incarnation, place) > ($2, $3, $4, $5)
         ORDER BY ticket, device, incarnation, place LIMIT $6"
    );
    let params = params![event, ticket, journal.device, journal.incarnation, place, limit];
    tx.query(sql, params).await?.into_iter().map(entry).collect()
}

/// The entries that count and have no effect on a ticket, after one of them, journal by journal.
pub async fn without_ticket(
    tx: &mut Tx,
    event: EventId,
    (journal, place): (JournalId, u64),
    limit: u32,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND ticket IS NULL AND counts = 1
         AND (device, incarnation, place) > ($2, $3, $4) ORDER BY device, incarnation, place LIMIT $5"
    );
    let params = params![event, journal.device, journal.incarnation, place, limit];
    tx.query(sql, params).await?.into_iter().map(entry).collect()
}
