//! What is derived from rows and entries, derived anew by a program that reads more in them.
//!
//! Rows and entries are kept as the bytes they came in. An older program kept fields that it could
//! not read and moved its cursor past them, so that what it derived, the columns that tickets are
//! found by, the totals and the conflicts, knows nothing of them and no page brings them again. The
//! database names the derivation that it holds; under another one all of it is made again, once, at
//! the start.

use super::identity::Enrolment;
use super::memory::Memory;
use super::tx::{Tx, ticket_row};
use super::{Fault, folded, index, small, tickets};
use crate::time::DeviceTime;
use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::catalogue::TicketRow;
use tidegate_core::id::{JournalId, TicketId};
use tidegate_core::journal::Entry;

/// Counts up whenever a row or an entry is read otherwise than before.
const DERIVATION: u8 = 4;
const KEY: &str = "derivation";

/// Derives everything anew where another derivation is held; gives whether it did.
pub(super) fn renew(
    connection: &Connection,
    enrolment: &Enrolment,
    time: &DeviceTime,
    memory: &Memory,
) -> Result<bool, Fault> {
    let held: Option<Vec<u8>> =
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [KEY], |row| row.get(0)).optional()?;
    if held.as_deref() == Some(&[DERIVATION]) {
        return Ok(false);
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    // Conflicts that come to light are told by the state, not by a stream that nobody hears yet.
    let mut tx = Tx::new(connection, enrolment, time, memory.clone());
    let done = all(&mut tx).and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    if done.is_err() {
        let _ = connection.execute_batch("ROLLBACK"); // may have happened already
    }
    done.map(|()| true)
}

fn all(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let ids: Vec<i64> = {
        let mut query = tx.connection.prepare("SELECT id FROM tickets")?;
        query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for id in ids.into_iter().filter_map(TicketId::from_i64) {
        if let Some(row) = ticket_row(tx.connection, id)? {
            put_keys(tx.connection, &row)?;
            index::note(tx.connection, id)?;
        }
    }
    reread(tx)?;
    small::fold_anew(tx)?;
    tx.set_meta(KEY, &[DERIVATION])
}

/// Reads again what could not be read, and decides again which entries count. No kind that was added
/// since the first release is about a ticket.
fn reread(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let unread: Vec<(i64, u64, Vec<u8>)> = {
        let mut query = tx
            .connection
            .prepare("SELECT journal, sequence, bytes FROM entries WHERE kind IN ('unknown', 'unreadable')")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut name = tx.connection.prepare("UPDATE entries SET kind = ?3 WHERE journal = ?1 AND sequence = ?2")?;
    for (journal, sequence, bytes) in unread {
        if let Some(entry) = Entry::from_bytes(&bytes) {
            name.execute(params![journal, sequence, entry.kind.name()])?;
        }
    }
    let journals: Vec<JournalId> = tx.memory.authors.keys().copied().collect();
    folded::recount(tx, journals)
}

/// Writes the columns beside a stored ticket's row, as when it arrives.
fn put_keys(connection: &Connection, ticket: &TicketRow) -> Result<(), Fault> {
    let mut put = connection.prepare_cached("UPDATE tickets SET addon_to = ?2, marked = ?3 WHERE id = ?1")?;
    let main = ticket.addon_to.map(TicketId::as_i64);
    put.execute(params![ticket.id.as_i64(), main, tickets::is_marked(ticket)])?;
    Ok(())
}
