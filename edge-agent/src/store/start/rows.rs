//! The rows behind a start: taken in some at a time, so that nobody at a door waits for them.
//!
//! A shelf is opened off the writer; its rows are written in small transactions, and the last
//! of them moves the place on and keeps the shelf for peers. Whatever interrupts it, the
//! shelf comes again. Only once everything is here do people's words get indexed.

use super::note;
use crate::store::tickets;
use crate::store::tx::Tx;
use crate::store::{Connection, Fault};
use rusqlite::{OptionalExtension, params};
use tidegate_core::catalogue::TicketRow;
use tidegate_core::feed::{Change, FeedFault, Row};
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::seal::PublicKey;
use tidegate_core::start::{Place, Shelf, SignedShelf};
use tidegate_link::body;

/// Rows in one transaction: some 5 ms.
const AT_ONCE: usize = 500;
/// Shelves in one answer: about a megabyte.
const ANSWER_SHELVES: usize = 4;
/// Before the first ticket, as a key.
const BEFORE_ALL: i64 = -1;

/// A shelf whose signature was looked at.
pub struct Opened {
    shelf: Shelf,
    tickets: Vec<(TicketRow, Row)>,
    packed: Vec<u8>,
}

impl Opened {
    /// What a shelf says, if it leads on from `place`.
    pub fn of(
        signed: &SignedShelf,
        (feed_key, event): (&PublicKey, EventId),
        place: Place,
    ) -> Result<Self, FeedFault> {
        let mut shelf = signed.open(feed_key, event, place)?;
        let rows = std::mem::take(&mut shelf.rows);
        let ticket = |row: Row| match Change::of(&row) {
            Some(Change::Ticket(ticket)) => Some((*ticket, row)),
            _ => None, // of a later version, which asks for it again
        };
        Ok(Self { tickets: rows.into_iter().filter_map(ticket).collect(), shelf, packed: body::encode(signed) })
    }

    /// Where somebody stands who has it.
    pub fn place(&self, since: u64) -> Option<Place> {
        let after = Some(self.shelf.until?);
        Some(Place { epoch: self.shelf.epoch, since, after })
    }
}

/// Takes in a whole shelf, for whom nobody waits; gives whether it led on.
pub(crate) fn take(tx: &mut Tx<'_>, signed: &SignedShelf) -> Result<Result<bool, FeedFault>, Fault> {
    let Some(place) = tx.memory.start.noted.rows else { return Ok(Ok(false)) };
    let opened = match Opened::of(signed, (&tx.enrolment.feed_key, tx.enrolment.event()), place) {
        Ok(opened) => opened,
        Err(FeedFault::Epoch | FeedFault::Gap) => return Ok(Ok(false)),
        Err(fault) => return Ok(Err(fault)),
    };
    let mut from = Some(0);
    while let Some(at) = from {
        from = put(tx, &opened, at)?;
    }
    Ok(Ok(true))
}

/// Writes some rows of a shelf from `from` on; gives where to go on. Nothing is written of a shelf that no longer
/// leads on.
pub fn put(tx: &mut Tx<'_>, opened: &Opened, from: usize) -> Result<Option<usize>, Fault> {
    let Opened { shelf, tickets, packed } = opened;
    let leads_on =
        |place: &Place| place.epoch == shelf.epoch && shelf.revision >= place.since && shelf.after <= place.after;
    let Some(place) = tx.memory.start.noted.rows.filter(leads_on) else { return Ok(None) };
    let until = tickets.len().min(from + AT_ONCE);
    for (ticket, row) in &tickets[from.min(until)..until] {
        tickets::put(tx, ticket, row.body.as_deref().map_or(&[], |body| body), shelf.revision)?;
    }
    if until < tickets.len() {
        return Ok(Some(until));
    }
    let (after, last) = (key(shelf.after), shelf.until.map_or(i64::MAX, TicketId::as_i64));
    tickets::drop_between(tx, (after, last))?;
    let mut keep = tx.connection.prepare_cached(
        "INSERT INTO shelves (epoch, after, until, revision, signed) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (epoch, after) DO UPDATE SET until = excluded.until, revision = excluded.revision,
         signed = excluded.signed",
    )?;
    keep.execute(params![shelf.epoch.0, after, last, shelf.revision, packed])?;
    tx.memory.start.noted.rows = shelf.until.map(|until| Place { after: Some(until), ..place });
    note(tx)?;
    Ok(None)
}

fn key(after: Option<TicketId>) -> i64 {
    after.map_or(BEFORE_ALL, TicketId::as_i64)
}

/// The shelf that is kept here and leads on from a place, and where it leads to, if it is not the last one.
pub fn shelf_after(connection: &Connection, place: Place) -> Result<Option<(SignedShelf, Option<Place>)>, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT signed, until FROM shelves WHERE epoch = ?1 AND after <= ?2 AND until > ?2 AND revision >= ?3
         ORDER BY after DESC LIMIT 1",
    )?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?));
    let found = query.query_row(params![place.epoch.0, key(place.after), place.since], row).optional()?;
    let Some((packed, until)) = found else { return Ok(None) };
    let shelf = body::decode(&packed).map_err(|_| Fault::Corrupt("a shelf of tickets".into()))?;
    let after = TicketId::from_i64(until); // beyond the last one there is no ticket
    Ok(Some((shelf, after.map(|until| Place { after: Some(until), ..place }))))
}

/// Shelves that are kept here and lead on from a place, and whether there are more.
pub fn shelves_after(connection: &Connection, place: Place) -> Result<(Vec<SignedShelf>, bool), Fault> {
    let (mut shelves, mut at) = (Vec::new(), place);
    while shelves.len() < ANSWER_SHELVES {
        let Some((shelf, next)) = shelf_after(connection, at)? else { return Ok((shelves, false)) };
        shelves.push(shelf);
        let Some(next) = next else { return Ok((shelves, false)) };
        at = next;
    }
    Ok((shelves, true))
}
