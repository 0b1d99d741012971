//! Journals and their entries: kept as they were signed, each once.

use super::parts::Place;
use super::{Row, StoreError, Tx};
use crate::params;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};
use tidegate_core::journal::kind::Ends;
use tidegate_core::journal::{EntryRef, genesis};
use tidegate_core::seal::{Hash, Sig};
use tidegate_core::time::Timestamp;

/// A journal, as far as it is here.
#[derive(Clone)]
pub struct JournalRecord {
    /// Whose.
    pub id: JournalId,
    /// The last entry of its trunk.
    pub entries: u64,
    /// How many more stand on branches.
    pub branched: u64,
    /// How many of all count.
    pub counted: u64,
    /// By how many of all rights move.
    pub rights: u64,
    /// How many of all say what time it was.
    pub clocks: u64,
    /// The hash of its trunk's last entry, or of the beginning.
    pub hash: Hash,
    /// The latest clock of all.
    pub clock: Timestamp,
    /// Its author's certificate.
    pub certificate: Vec<u8>,
    /// The last entry before its branches, where it was forked.
    pub forked_after: Option<u64>,
    /// The last entry by which rights move, where it was retired.
    pub retired_after: Option<u64>,
    /// Whether the cloud goes on in another one.
    pub closed: bool,
}

impl JournalRecord {
    /// A journal of which nothing is here yet.
    pub fn new(event: EventId, id: JournalId, certificate: Vec<u8>) -> Self {
        Self {
            id,
            entries: 0,
            branched: 0,
            counted: 0,
            rights: 0,
            clocks: 0,
            hash: genesis(event, id),
            clock: Timestamp(0),
            certificate,
            forked_after: None,
            retired_after: None,
            closed: false,
        }
    }

    /// How many entries are here.
    pub fn all(&self) -> u64 {
        self.entries + self.branched
    }

    /// Where it ends, for some or all of what it says.
    pub fn ends(&self) -> Ends {
        Ends { forked_after: self.forked_after, retired_after: self.retired_after }
    }
}

/// An entry.
#[derive(Clone)]
pub struct EntryRecord {
    /// Its name.
    pub id: EntryRef,
    /// On which branch of its journal; 0 on the trunk.
    pub branch: u32,
    /// Its bytes, as they were signed.
    pub body: Vec<u8>,
    /// Its author's signature over this head, where there is one.
    pub signature: Option<Sig>,
    /// The ticket it is about, where it has an effect on one if it counts.
    pub ticket: Option<TicketId>,
    /// Whether it has an effect; evidence does not, nor what its author may not write.
    pub counts: bool,
}

impl EntryRecord {
    /// Where it stands.
    pub fn place(&self) -> Place {
        (self.id.journal, self.branch, self.id.sequence)
    }
}

macro_rules! journal_columns {
    () => {
        "device, incarnation, entries, branched, counted, rights, clocks, hash, clock, certificate, forked_after, \
         retired_after, closed"
    };
}

macro_rules! entry_columns {
    () => {
        "device, incarnation, branch, place, hash, body, signature, ticket, counts"
    };
}
pub(super) use entry_columns;

/// An event's journals, by device and incarnation.
pub async fn of_event(tx: &mut Tx, event: EventId) -> Result<Vec<JournalRecord>, StoreError> {
    let sql =
        concat!("SELECT ", journal_columns!(), " FROM journals WHERE event = $1 ORDER BY device, incarnation");
    tx.query(sql, params![event]).await?.into_iter().map(journal).collect()
}

/// Writes a journal's place. What is closed stays closed.
pub async fn put(tx: &mut Tx, event: EventId, j: &JournalRecord) -> Result<(), StoreError> {
    let sql = concat!(
        "INSERT INTO journals (event, ",
        journal_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (event, device, incarnation) DO UPDATE
        SET entries = excluded.entries, branched = excluded.branched, counted = excluded.counted,
        rights = excluded.rights, clocks = excluded.clocks, hash = excluded.hash, clock = excluded.clock,
        forked_after = excluded.forked_after, retired_after = excluded.retired_after"
    );
    let params = params![
        event,
        j.id.device,
        j.id.incarnation,
        j.entries,
        j.branched,
        j.counted,
        j.rights,
        j.clocks,
        j.hash,
        j.clock,
        &j.certificate[..],
        j.forked_after,
        j.retired_after,
        j.closed,
    ];
    tx.later(sql, params).await
}

/// Closes the cloud's own journals of all events: they may go on elsewhere.
pub async fn close_own(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "UPDATE journals SET closed = 1 WHERE device IN (SELECT journal_device FROM events)";
    tx.execute(sql, &[]).await.map(drop)
}

/// Adds entries at the end of their part of their journal.
pub async fn add(tx: &mut Tx, event: EventId, entries: &[EntryRecord]) -> Result<(), StoreError> {
    let sql = concat!(
        "INSERT INTO entries (event, ",
        entry_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let values = entries.iter().map(|e| {
        let JournalId { device, incarnation } = e.id.journal;
        let (sequence, hash, body) = (e.id.sequence, e.id.hash, &e.body[..]);
        params![event, device, incarnation, e.branch, sequence, hash, body, e.signature, e.ticket, e.counts]
            .to_vec()
    });
    tx.later_each(sql, &values.collect::<Vec<_>>()).await
}

/// Writes the signature over the head that an entry of a trunk is.
pub async fn sign(tx: &mut Tx, event: EventId, id: &EntryRef, signature: Sig) -> Result<(), StoreError> {
    let sql = "UPDATE entries SET signature = $5
        WHERE event = $1 AND device = $2 AND incarnation = $3 AND branch = 0 AND place = $4";
    let JournalId { device, incarnation } = id.journal;
    tx.later(sql, params![event, device, incarnation, id.sequence, Some(signature)]).await
}

/// Writes of entries whether they count.
pub async fn judge(tx: &mut Tx, event: EventId, judged: &[(EntryRef, u32, bool)]) -> Result<(), StoreError> {
    let sql = "UPDATE entries SET counts = $6
        WHERE event = $1 AND device = $2 AND incarnation = $3 AND branch = $4 AND place = $5";
    let values = judged.iter().map(|(id, branch, counts)| {
        let JournalId { device, incarnation } = id.journal;
        params![event, device, incarnation, *branch, id.sequence, *counts].to_vec()
    });
    tx.later_each(sql, &values.collect::<Vec<_>>()).await
}

/// Writes of entries what they are about and whether they count.
pub async fn read_again(tx: &mut Tx, event: EventId, entries: &[EntryRecord]) -> Result<(), StoreError> {
    let sql = "UPDATE entries SET ticket = $6, counts = $7
        WHERE event = $1 AND device = $2 AND incarnation = $3 AND branch = $4 AND place = $5";
    let values = entries.iter().map(|entry| {
        let JournalId { device, incarnation } = entry.id.journal;
        params![event, device, incarnation, entry.branch, entry.id.sequence, entry.ticket, entry.counts].to_vec()
    });
    tx.later_each(sql, &values.collect::<Vec<_>>()).await
}

/// One entry of a trunk.
pub async fn entry_at(
    tx: &mut Tx,
    event: EventId,
    journal: JournalId,
    place: u64,
) -> Result<Option<EntryRecord>, StoreError> {
    let found = after(tx, event, (journal, 0, place.saturating_sub(1)), 1).await?;
    Ok(found.into_iter().find(|entry| entry.id.sequence == place))
}

/// Entries of one part of a journal after a place of it, in order.
pub async fn after(
    tx: &mut Tx,
    event: EventId,
    (journal, branch, place): Place,
    limit: u64,
) -> Result<Vec<EntryRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM entries WHERE event = $1 AND device = $2 AND incarnation = $3 AND branch = $4 AND place > $5
          ORDER BY place LIMIT $6"
    );
    let params = params![event, journal.device, journal.incarnation, branch, place, limit];
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
    each(tx, OF_TICKET, event, tickets).await
}

/// The same with those that would have an effect if they counted.
pub async fn of_tickets_all(
    tx: &mut Tx,
    event: EventId,
    tickets: &[TicketId],
) -> Result<Vec<Vec<EntryRecord>>, StoreError> {
    let sql = concat!("SELECT ", entry_columns!(), " FROM entries WHERE event = $1 AND ticket = $2");
    each(tx, sql, event, tickets).await
}

async fn each(
    tx: &mut Tx,
    sql: &'static str,
    event: EventId,
    tickets: &[TicketId],
) -> Result<Vec<Vec<EntryRecord>>, StoreError> {
    let values: Vec<_> = tickets.iter().map(|ticket| params![event, *ticket].to_vec()).collect();
    let found = tx.query_each(sql, &values).await?;
    found.into_iter().map(|rows| rows.into_iter().map(entry).collect()).collect()
}

fn journal(mut row: Row) -> Result<JournalRecord, StoreError> {
    Ok(JournalRecord {
        id: JournalId { device: row.take()?, incarnation: row.take()? },
        entries: row.take()?,
        branched: row.take()?,
        counted: row.take()?,
        rights: row.take()?,
        clocks: row.take()?,
        hash: row.take()?,
        clock: row.take()?,
        certificate: row.take()?,
        forked_after: row.take()?,
        retired_after: row.take()?,
        closed: row.take()?,
    })
}

pub(super) fn entry(mut row: Row) -> Result<EntryRecord, StoreError> {
    let device: DeviceId = row.take()?;
    let journal = JournalId { device, incarnation: row.take()? };
    let branch = row.take()?;
    Ok(EntryRecord {
        id: EntryRef { journal, sequence: row.take()?, hash: row.take()? },
        branch,
        body: row.take()?,
        signature: row.take()?,
        ticket: row.take()?,
        counts: row.take()?,
    })
}
