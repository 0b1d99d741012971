//! Tickets as rows: written wherever they come from, by a page, a start or a shelf.
//!
//! They come in any order from several sides, so each row says which revision it is as new
//! as; an older one never replaces it. A row of an epoch that was left is replaced by
//! whatever the new one says.

use super::tx::Tx;
use super::{Fault, index};
use rusqlite::{Connection, params};
use tidegate_core::catalogue::TicketRow;
use tidegate_core::id::TicketId;
use tidegate_core::start::marks::Marks;

/// Writes a ticket as it was at `revision`, unless a newer row is here.
pub(super) fn put(tx: &mut Tx<'_>, ticket: &TicketRow, body: &[u8], revision: u64) -> Result<(), Fault> {
    let id = ticket.id.as_i64();
    let main = ticket.addon_to.map(TicketId::as_i64);
    let (marked, generation) = (is_marked(ticket), tx.memory.start.generation);
    let mut add = tx.connection.prepare_cached(
        "INSERT INTO tickets (id, addon_to, marked, generation, revision, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?;
    if add.execute(params![id, main, marked, generation, revision, body])? > 0 {
        tx.memory.tickets += 1;
    } else {
        let mut change = tx.connection.prepare_cached(
            "UPDATE tickets SET addon_to = ?2, marked = ?3, generation = ?4, revision = ?5, body = ?6
             WHERE id = ?1 AND (generation, revision) <= (?4, ?5)",
        )?;
        if change.execute(params![id, main, marked, generation, revision, body])? == 0 {
            return Ok(());
        }
    }
    index::note(tx.connection, ticket.id)?;
    // Only servings are held against what a row grants.
    let mut served =
        tx.connection.prepare_cached("SELECT 1 FROM entries WHERE ticket = ?1 AND kind = 'serving'")?;
    if served.exists([id])? { tx.reconcile_known(ticket.id) } else { Ok(()) }
}

/// Whether a ticket's code does not say everything: such a row does not outlive its epoch.
pub(super) fn is_marked(ticket: &TicketRow) -> bool {
    Marks::of(ticket) != Marks::default()
}

/// Takes out the marked tickets of epochs that were left: the new one has told all that there are.
pub(super) fn drop_marked(tx: &mut Tx<'_>) -> Result<(), Fault> {
    drop_those(tx, "SELECT id FROM tickets WHERE marked = 1 AND generation < ?1 AND id > ?2 AND id <= ?3", ALL)
}

/// Takes out the tickets of epochs that were left, after one and up to another.
pub(super) fn drop_between(tx: &mut Tx<'_>, range: (i64, i64)) -> Result<(), Fault> {
    drop_those(tx, "SELECT id FROM tickets WHERE generation < ?1 AND id > ?2 AND id <= ?3", range)
}

/// Before the first ticket, and the last there can be.
const ALL: (i64, i64) = (-1, i64::MAX);

fn drop_those(tx: &mut Tx<'_>, which: &str, (after, until): (i64, i64)) -> Result<(), Fault> {
    if tx.memory.start.generation == 0 {
        return Ok(()); // no epoch was left
    }
    let ids: Vec<i64> = {
        let mut query = tx.connection.prepare_cached(which)?;
        let rows = query.query_map(params![tx.memory.start.generation, after, until], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut out = tx.connection.prepare_cached("DELETE FROM tickets WHERE id = ?1")?;
    for id in ids {
        out.execute([id])?;
        tx.memory.tickets = tx.memory.tickets.saturating_sub(1);
        if let Some(ticket) = TicketId::from_i64(id) {
            index::note(tx.connection, ticket)?;
        }
    }
    Ok(())
}

/// How many there are; counted once, and kept in memory from then on.
pub(super) fn count(connection: &Connection) -> Result<u64, Fault> {
    Ok(connection.query_row("SELECT COUNT(*) FROM tickets", [], |row| row.get(0))?)
}
