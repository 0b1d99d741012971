//! Beginning with a start: one transaction from what was here to what it says.
//!
//! Small rows are replaced, marked tickets are written and those of an epoch that was left
//! taken out; rows of plain tickets stay until the new ones come. Entries are nobody's
//! epoch: they stay as they are, and what is folded from them is folded anew where the
//! rows say otherwise than before.

use super::{Heard, damaged, forget, note, part};
use crate::store::Fault;
use crate::store::replica;
use crate::store::small::{Seen, put_small};
use crate::store::tickets;
use crate::store::tx::Tx;
use rusqlite::Connection;
use std::sync::Arc;
use tidegate_core::feed::{Change, Cursor, Row};
use tidegate_core::seal::Hash;
use tidegate_core::start::{About, MAX_PARTS, Part, Pieces, Place};
use tidegate_core::sync::Vector;

/// Begins with a start whose parts are all here, unless they are not its contents.
pub(super) fn begin(tx: &mut Tx<'_>, about: About) -> Result<(), Fault> {
    let hashes: Vec<Hash> =
        parts(tx.connection, &about)?.map(|part| part.map(|part| part.hash())).collect::<Result<_, _>>()?;
    if about.name(&hashes) != about.contents {
        tracing::warn!("a start does not have the contents that it names");
        return forget(tx, about.contents);
    }
    leave(tx, &about);
    let seen = Seen::replace(tx)?;
    let (mut pieces, mut frontier, mut codes) = (Pieces::default(), Vector::default(), Vec::new());
    for part in parts(tx.connection, &about)? {
        let content = part?.content().map_err(|_| damaged())?;
        pieces.add(&content);
        frontier = content.frontier.unwrap_or(frontier);
        codes.extend(content.codes);
        content.rows.iter().try_for_each(|row| put(tx, row, about.revision))?;
    }
    tickets::drop_marked(tx)?;
    seen.settle(tx)?;
    for code in codes {
        tx.keep_code(&code)?;
    }
    let uses = pieces.uses().map_err(|_| damaged())?;
    tx.memory.start.heard = Some(Arc::new(Heard { uses, frontier }));
    go_on(tx, &about)
}

/// The parts of a start, one after the other.
fn parts<'a>(
    connection: &'a Connection,
    about: &About,
) -> Result<impl Iterator<Item = Result<Part, Fault>> + use<'a>, Fault> {
    let contents = about.contents;
    Ok((0..about.parts.min(MAX_PARTS)).map(move |number| part(connection, contents, number)))
}

/// Leaves the life of the cloud that was here, if it is another one.
fn leave(tx: &mut Tx<'_>, about: &About) {
    let memory = &mut tx.memory;
    if memory.cursor == Cursor::default() || memory.cursor.epoch == about.epoch {
        return;
    }
    tracing::warn!("another life of the cloud: its feed begins anew");
    let noted = &mut memory.start.noted;
    noted.left.push(memory.cursor.epoch);
    let surplus = noted.left.len().saturating_sub(super::MAX_LEFT);
    noted.left.drain(..surplus);
    noted.generation += 1;
    memory.start.generation = noted.generation;
}

fn put(tx: &mut Tx<'_>, row: &Row, revision: u64) -> Result<(), Fault> {
    match Change::of(row) {
        Some(Change::Ticket(ticket)) => {
            tickets::put(tx, &ticket, row.body.as_deref().map_or(&[], |body| body), revision)
        }
        Some(change) => put_small(tx, row, change),
        None => Ok(()), // of a later version
    }
}

/// Goes on from it: the feed after its revision, rows behind, and whoever asks gets its parts.
fn go_on(tx: &mut Tx<'_>, about: &About) -> Result<(), Fault> {
    let others: Vec<Hash> = tx.memory.start.gathered.iter().map(|(about, _)| about.contents).collect();
    let before = tx.memory.start.noted.kept;
    for contents in others.into_iter().chain(before).filter(|contents| *contents != about.contents) {
        forget(tx, contents)?;
    }
    let start = &mut tx.memory.start;
    start.gathered.clear();
    start.wanted = false;
    start.noted.kept = Some(about.contents);
    start.noted.told = about.told;
    start.noted.rows = Some(Place { epoch: about.epoch, since: about.revision, after: None });
    start.noted.unheard = true;
    note(tx)?;
    replica::stand_at(tx, Cursor { epoch: about.epoch, revision: about.revision }, about.cloud_time)?;
    replica::become_ready(tx)?;
    super::look(tx)
}

/// The digest of the start that was begun with, and its frontier.
pub(super) fn heard(connection: &Connection, kept: Hash) -> Result<Heard, Fault> {
    let about = part(connection, kept, 0)?.about;
    let (mut pieces, mut frontier) = (Pieces::default(), Vector::default());
    for part in parts(connection, &about)? {
        let content = part?.content().map_err(|_| damaged())?;
        pieces.add(&content);
        frontier = content.frontier.unwrap_or(frontier);
    }
    Ok(Heard { uses: pieces.uses().map_err(|_| damaged())?, frontier })
}
