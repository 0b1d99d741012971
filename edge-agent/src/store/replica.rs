//! The replica: the feed's pages into rows.
//!
//! Pages are taken in order, each under its signature; rows, cursor and the page
//! itself are written in one transaction. What small rows change beside themselves
//! is in [`small`](super::small); a start ([`start`]) moves the same place.

use super::memory::Memory;
use super::small::{Changed, put_small};
use super::tx::Tx;
use super::{Fault, start, tickets};
use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::catalogue::Catalogue;
use tidegate_core::feed::{Change, Cursor, Epoch, FeedFault, Page, SignedPage};
use tidegate_core::id::{JournalId, ListId};
use tidegate_core::time::Timestamp;
use tidegate_core::trial::{Bug, planted};

/// Bytes of pages given in one answer, before compression: what a slow link carries in a few seconds. A night's
/// pages are many and small.
const ANSWER_BYTES: usize = 1 << 20;

/// Takes pages in; stops at the first that does not follow, which is set aside. A page of another life of the
/// cloud is no fault: where it is a later one, its start is asked for.
pub fn take(tx: &mut Tx<'_>, source: &str, pages: &[SignedPage]) -> Result<Option<FeedFault>, Fault> {
    for signed in pages {
        match signed.open(&tx.enrolment.feed_key, tx.enrolment.event(), tx.memory.cursor) {
            Ok(page) => apply(tx, signed, page)?,
            Err(FeedFault::Epoch) => {
                let page = signed.open_any(&tx.enrolment.feed_key, tx.enrolment.event());
                page.into_iter().for_each(|page| start::heard_of(tx, page.epoch, page.cloud_time));
                return Ok(Some(FeedFault::Epoch));
            }
            // Another peer gave it meanwhile, and more.
            Err(FeedFault::Gap) if ends_before(tx, signed) => {}
            Err(fault) => {
                tracing::warn!(source, code = fault.code(), "feed page refused");
                tx.set_aside(source, fault.code(), &minicbor::to_vec(signed).unwrap_or_default())?;
                return Ok(Some(fault));
            }
        }
    }
    Ok(None)
}

/// Whether a page is over what this device knows already, and no more.
fn ends_before(tx: &Tx<'_>, signed: &SignedPage) -> bool {
    let cursor = tx.memory.cursor;
    signed.range().is_some_and(|(epoch, _, to)| epoch == cursor.epoch && to < cursor.revision)
}

fn apply(tx: &mut Tx<'_>, signed: &SignedPage, page: Page) -> Result<(), Fault> {
    let before = tx.memory.catalogue.clone();
    let mut changed = Changed::default();
    let written = if planted(Bug::HalfPage) { page.rows.len().div_ceil(2) } else { page.rows.len() };
    for row in &page.rows[..written] {
        match Change::of(row) {
            Some(Change::Ticket(ticket)) => {
                tickets::put(tx, &ticket, row.body.as_deref().map_or(&[], |body| body), page.to)?;
            }
            Some(change) => {
                changed.note(&change);
                put_small(tx, row, change)?;
            }
            None => tracing::info!(kind = row.kind, "a row of a later version was skipped"),
        }
    }
    changed.settle(tx, &before)?;
    advance(tx, signed, &page)
}

fn advance(tx: &mut Tx<'_>, signed: &SignedPage, page: &Page) -> Result<(), Fault> {
    if page.to > tx.memory.cursor.revision || !page.rows.is_empty() {
        let mut put = tx.connection.prepare_cached(
            "INSERT INTO pages (epoch, last, first, signed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?;
        let bytes = minicbor::to_vec(signed).unwrap_or_default(); // to a vector: cannot fail
        put.execute(params![page.epoch.0, page.to, page.from, bytes])?;
    }
    stand_at(tx, page.cursor(), page.cloud_time)?;
    if !tx.memory.ready && page.to == page.newest && tx.memory.catalogue.event.is_some() {
        become_ready(tx)?;
        start::forget_gathered(tx)?;
    }
    keep_only_list(tx)
}

/// Moves the place in the feed.
pub(super) fn stand_at(tx: &mut Tx<'_>, cursor: Cursor, cloud_time: Timestamp) -> Result<(), Fault> {
    if cursor != tx.memory.cursor {
        tx.memory.cursor = cursor;
        tx.set_meta("cursor", &minicbor::to_vec(cursor).unwrap_or_default())?;
    }
    if tx.memory.cloud_time.is_none_or(|seen| cloud_time > seen) {
        tx.memory.cloud_time = Some(cloud_time);
        tx.set_meta("cloud_time", &cloud_time.0.to_be_bytes())?;
    }
    Ok(())
}

/// From now on this device decides.
pub(super) fn become_ready(tx: &mut Tx<'_>) -> Result<(), Fault> {
    if !tx.memory.ready {
        tx.memory.ready = true;
        tx.set_meta("ready", b"1")?;
    }
    keep_only_list(tx)
}

fn keep_only_list(tx: &mut Tx<'_>) -> Result<(), Fault> {
    if let (true, None, Some(only)) = (tx.memory.ready, tx.memory.only_list, only_list(&tx.memory.catalogue)) {
        tx.memory.only_list = Some(only);
        tx.set_meta("only_list", &only.0.to_be_bytes())?;
    }
    Ok(())
}

/// Pages that follow a peer's cursor, as they came from the cloud; also whether more are left.
pub fn pages_after(connection: &Connection, cursor: Cursor) -> Result<(Vec<SignedPage>, bool), Fault> {
    let epoch = match cursor == Cursor::default() {
        true => newest_epoch(connection)?,
        false => Some(cursor.epoch),
    };
    let Some(epoch) = epoch else { return Ok((Vec::new(), false)) };
    let mut query = connection.prepare_cached(
        "SELECT signed, last FROM pages WHERE epoch = ?1 AND last > ?2 AND first <= ?3 ORDER BY last LIMIT 1",
    )?;
    let (mut pages, mut at, mut bytes) = (Vec::new(), cursor.revision, 0);
    while bytes < ANSWER_BYTES {
        let found: Option<(Vec<u8>, u64)> =
            query.query_row(params![epoch.0, at, at], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((signed, last)) = found else { return Ok((pages, false)) };
        let damaged = |_| Fault::Corrupt("a page of the feed".into());
        bytes += signed.len();
        pages.push(minicbor::decode(&signed).map_err(damaged)?);
        at = last;
    }
    Ok((pages, true))
}

fn newest_epoch(connection: &Connection) -> Result<Option<Epoch>, Fault> {
    let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = 'cursor'")?;
    let cursor: Option<Vec<u8>> = query.query_row([], |row| row.get(0)).optional()?;
    Ok(cursor.and_then(|bytes| minicbor::decode::<Cursor>(&bytes).ok()).map(|cursor| cursor.epoch))
}

/// The list that scans without one use: the one configured, else the only one there is or was, else none.
pub fn default_list(memory: &Memory, configured: Option<&str>) -> Option<ListId> {
    let lists = &memory.catalogue.lists;
    match configured {
        Some(name) => lists.values().find(|list| list.name == name).map(|list| list.id),
        None => only_list(&memory.catalogue).or(memory.only_list.filter(|list| lists.contains_key(list))),
    }
}

fn only_list(catalogue: &Catalogue) -> Option<ListId> {
    catalogue.lists.keys().next().copied().filter(|_| catalogue.lists.len() == 1)
}

/// Whose journal an entry's text `device:incarnation:sequence` names.
pub fn parse_entry(text: &str) -> Option<(JournalId, u64)> {
    let (journal, sequence) = text.rsplit_once(':')?;
    Some((journal.parse().ok()?, sequence.parse().ok()?))
}
