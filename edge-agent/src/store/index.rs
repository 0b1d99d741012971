//! The index of words, built behind the replica.
//!
//! Whatever writes a ticket notes it in `unindexed` in the same transaction; the writer takes
//! those in, some at a time, when no job waits. So a start is not delayed and an older database
//! gets its index. A search looks at some of the noted tickets themselves, so that a change is
//! found at once; while there are more of them, as in the first minutes with a large event, it may
//! leave people out, and the status says `indexing`.

use super::Fault;
use super::tx::ticket_row;
use super::words::{MAX_WORDS, pieces, words, words_and_joined};
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use tidegate_core::catalogue::TicketRow;
use tidegate_core::id::TicketId;
use tidegate_core::ticket::spoken::Spoken;

/// Tickets taken in at a time: a scan that comes meanwhile waits some 10 ms, once in an event.
const CHUNK: i64 = 256;
/// Noted tickets that a search looks at itself.
pub const MAX_NOTED: i64 = 400;

/// The words that a ticket is found by.
pub fn words_of(row: &TicketRow) -> Vec<String> {
    let text = |text: &Option<String>| text.as_deref().map(words_and_joined).unwrap_or_default();
    let email = row.email.as_deref().map(words).unwrap_or_default();
    let mut all = [text(&row.order), text(&row.holder), email].concat();
    all.truncate(MAX_WORDS * 2);
    all
}

/// What a short code is found by: no word of a name has this sign.
pub fn token(spoken: Spoken) -> String {
    format!("§{:x}", spoken.as_i64())
}

/// Notes that a ticket's words may have changed.
pub fn note(connection: &Connection, ticket: TicketId) -> Result<(), Fault> {
    let mut put =
        connection.prepare_cached("INSERT INTO unindexed (ticket) VALUES (?1) ON CONFLICT DO NOTHING")?;
    put.execute([ticket.as_i64()])?;
    Ok(())
}

/// Whether tickets were noted and not taken in yet.
pub fn is_behind(connection: &Connection) -> Result<bool, Fault> {
    Ok(connection.prepare_cached("SELECT 1 FROM unindexed LIMIT 1")?.exists([])?)
}

/// Whether more tickets are noted than a search looks at itself: who is asked for may be among them.
pub fn lags(connection: &Connection) -> Result<bool, Fault> {
    Ok(connection.prepare_cached("SELECT 1 FROM unindexed LIMIT 1 OFFSET ?1")?.exists([MAX_NOTED])?)
}

/// Tickets with exactly this word or token: those of the index, and all noted ones that a search looks at itself.
pub fn candidates(connection: &Connection, token: &str) -> Result<Vec<TicketId>, Fault> {
    let mut query = connection.prepare_cached("SELECT rowid FROM ticket_words WHERE ticket_words MATCH ?1")?;
    let rows = query.query_map([format!("\"{token}\"")], |row| row.get(0))?;
    let mut ids: Vec<i64> = rows.collect::<Result<_, _>>()?;
    ids.extend(noted(connection, MAX_NOTED)?.into_iter().map(TicketId::as_i64));
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.into_iter().filter_map(TicketId::from_i64).collect())
}

/// Takes some of the noted tickets in, in a transaction of its own; gives whether there were any.
pub fn take_some(connection: &Connection) -> Result<bool, Fault> {
    if !is_behind(connection)? {
        return Ok(false);
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let taken = take(connection).and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    if taken.is_err() {
        let _ = connection.execute_batch("ROLLBACK"); // may have happened already
    }
    taken.map(|()| true)
}

fn take(connection: &Connection) -> Result<(), Fault> {
    let ids = noted(connection, CHUNK)?;
    let mut out = connection.prepare_cached("DELETE FROM ticket_words WHERE rowid = ?1")?;
    let mut put = connection.prepare_cached("INSERT INTO ticket_words (rowid, words) VALUES (?1, ?2)")?;
    let mut new = BTreeSet::new();
    // In the order of their ids: the index writes one segment then, and not one a ticket.
    for id in &ids {
        out.execute([id.as_i64()])?;
        if let Some(row) = ticket_row(connection, *id)? {
            let words = words_of(&row);
            let all: Vec<String> = words.iter().cloned().chain(row.spoken.map(token)).collect();
            put.execute(params![id.as_i64(), all.join(" ")])?;
            new.extend(words);
        }
    }
    new.iter().try_for_each(|word| learn(connection, word))?;
    if let Some(last) = ids.last() {
        connection.prepare_cached("DELETE FROM unindexed WHERE ticket <= ?1")?.execute([last.as_i64()])?;
    }
    Ok(())
}

/// Puts a word under its pieces, if it is not there.
fn learn(connection: &Connection, word: &str) -> Result<(), Fault> {
    let mut put =
        connection.prepare_cached("INSERT INTO pieces (piece, word) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for piece in pieces(word) {
        if put.execute(params![piece, word])? == 0 {
            break; // known, then under all of them
        }
    }
    Ok(())
}

/// Tickets that were noted and not taken in yet, by id.
pub fn noted(connection: &Connection, most: i64) -> Result<Vec<TicketId>, Fault> {
    let mut query = connection.prepare_cached("SELECT ticket FROM unindexed ORDER BY ticket LIMIT ?1")?;
    let ids: Vec<i64> = query.query_map([most], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids.into_iter().filter_map(TicketId::from_i64).collect())
}
