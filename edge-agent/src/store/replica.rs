//! The replica: the feed's pages into rows.
//!
//! Pages are taken in order, each under its signature; rows, cursor and the page
//! itself are written in one transaction. A device that turns out to be revoked
//! has its later entries taken out of the folds, here as everywhere.

use super::memory::Memory;
use super::tx::Tx;
use super::{Fault, duty, folded, index};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::catalogue::{Catalogue, TicketRow};
use tidegate_core::feed::{Change, Cursor, Epoch, FeedFault, Page, Row, SignedPage};
use tidegate_core::fold::totals::Total;
use tidegate_core::fold::{Act, Does};
use tidegate_core::id::{JournalId, ListId, TicketId};
use tidegate_core::journal::Entry;
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::trial::{Bug, planted};

/// Pages given in one answer: what a slow link carries in a few seconds.
const MAX_PAGES: usize = 3;

/// Takes pages in; stops at the first that does not follow, which is set aside.
pub fn take(tx: &mut Tx<'_>, source: &str, pages: &[SignedPage]) -> Result<Option<FeedFault>, Fault> {
    for signed in pages {
        match signed.open(&tx.enrolment.feed_key, tx.enrolment.event(), tx.memory.cursor) {
            Ok(page) => apply(tx, signed, page)?,
            Err(fault) => {
                tracing::warn!(source, code = fault.code(), "feed page refused");
                tx.set_aside(source, fault.code(), &minicbor::to_vec(signed).unwrap_or_default())?;
                return Ok(Some(fault));
            }
        }
    }
    Ok(None)
}

fn apply(tx: &mut Tx<'_>, signed: &SignedPage, page: Page) -> Result<(), Fault> {
    let mut catalogue = (*tx.memory.catalogue).clone();
    let (mut devices, mut keys) = (Vec::new(), false);
    let small = page.rows.iter().any(|row| Change::of(row).is_some_and(|c| c.ticket().is_none()));
    for row in page.rows.iter().take(if planted(Bug::HalfPage) { page.rows.len().div_ceil(2) } else { usize::MAX })
    {
        match Change::of(row) {
            Some(Change::Ticket(ticket)) => put_ticket(tx, &ticket, row)?,
            Some(change) => {
                put_row(tx.connection, row)?;
                match &change {
                    Change::Device(device) => devices.push(device.clone()),
                    Change::Key(_) => keys = true,
                    _ => {}
                }
                change.enter(&mut catalogue);
            }
            None => tracing::info!(kind = row.kind, "a row of a later version was skipped"),
        }
    }
    if small {
        let before = std::mem::replace(&mut tx.memory.catalogue, Arc::new(catalogue));
        duty::review(tx)?;
        refold_changed(tx, &before)?;
    }
    let of_them = |journal: &&JournalId| devices.iter().any(|device| device.id == journal.device);
    let journals: Vec<JournalId> = tx.memory.authors.keys().filter(of_them).copied().collect();
    folded::recount(tx, journals)?;
    if keys {
        renote_codes(tx)?;
    }
    if small {
        reconcile_all(tx)?;
    }
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
    if page.cursor() != tx.memory.cursor {
        tx.memory.cursor = page.cursor();
        tx.set_meta("cursor", &minicbor::to_vec(page.cursor()).unwrap_or_default())?;
    }
    if !tx.memory.ready && page.to == page.newest && tx.memory.catalogue.event.is_some() {
        tx.memory.ready = true;
        tx.set_meta("ready", b"1")?;
    }
    if let (true, None, Some(only)) = (tx.memory.ready, tx.memory.only_list, only_list(&tx.memory.catalogue)) {
        tx.memory.only_list = Some(only);
        tx.set_meta("only_list", &only.0.to_be_bytes())?;
    }
    if tx.memory.cloud_time.is_none_or(|seen| page.cloud_time > seen) {
        tx.memory.cloud_time = Some(page.cloud_time);
        tx.set_meta("cloud_time", &page.cloud_time.0.to_be_bytes())?;
    }
    Ok(())
}

fn put_row(connection: &Connection, row: &Row) -> Result<(), Fault> {
    match &row.body {
        Some(body) => connection
            .prepare_cached(
                "INSERT INTO rows (kind, key, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![row.kind, &row.key[..], &body[..]])?,
        None => connection
            .prepare_cached("DELETE FROM rows WHERE kind = ?1 AND key = ?2")?
            .execute(params![row.kind, &row.key[..]])?,
    };
    Ok(())
}

fn put_ticket(tx: &mut Tx<'_>, ticket: &TicketRow, row: &Row) -> Result<(), Fault> {
    let body = row.body.as_deref().map_or(&[][..], |b| b);
    let mut put = tx.connection.prepare_cached(
        "INSERT INTO tickets (id, holder, code, addon_to, spoken, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, code = excluded.code,
         addon_to = excluded.addon_to, spoken = excluded.spoken, body = excluded.body",
    )?;
    let (main, spoken) = (ticket.addon_to.map(TicketId::as_i64), ticket.spoken.map(Spoken::as_i64));
    put.execute(params![ticket.id.as_i64(), ticket.holder, ticket.order, main, spoken, body])?;
    index::note(tx.connection, ticket.id)?;
    let mut used = tx.connection.prepare_cached("SELECT 1 FROM entries WHERE ticket = ?1 LIMIT 1")?;
    if used.exists([ticket.id.as_i64()])? { tx.reconcile_known(ticket.id) } else { Ok(()) }
}

/// A key came: codes that journals carried before it are known to be genuine only now.
fn renote_codes(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let carried: Vec<(i64, Vec<u8>)> = {
        let sql =
            "SELECT ticket, bytes FROM entries WHERE ticket IS NOT NULL AND kind <> 'annul' AND kind <> 'void'";
        let mut query = tx.connection.prepare_cached(sql)?;
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
    };
    for (ticket, bytes) in carried {
        let learned = Entry::from_bytes(&bytes).map_or(Ok(false), |entry| tx.note_code(&entry))?;
        if let Some(ticket) = TicketId::from_i64(ticket).filter(|_| learned) {
            tx.reconcile_known(ticket)?;
        }
    }
    Ok(())
}

/// Counts every total anew, and finds every conflict anew.
pub(super) fn fold_anew(tx: &mut Tx<'_>) -> Result<(), Fault> {
    tx.connection.execute("DELETE FROM totals", [])?;
    used(tx)?.into_iter().try_for_each(|ticket| {
        let state = tx.state(&tx.acts(ticket)?);
        tx.refold(ticket, &BTreeMap::new(), &state)
    })
}

/// Where a list's closing times or its zone changed, who came by it stays until another time, or takes a
/// place elsewhere. A list by which nobody came is passed over, as is every list that stayed as it was.
fn refold_changed(tx: &mut Tx<'_>, before: &Arc<Catalogue>) -> Result<(), Fault> {
    let after = tx.memory.catalogue.clone();
    let mut changed = BTreeSet::new();
    for list in before.lists.keys().chain(after.lists.keys()) {
        let same = before.closing(*list) == after.closing(*list) && before.zone_of(*list) == after.zone_of(*list);
        if !same && is_counted(tx.connection, *list)? {
            changed.insert(*list);
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let by_one_of_them = |act: &Act| match &act.does {
        Does::Admit { list, .. } | Does::Leave { list, .. } => changed.contains(list),
        Does::Serve { .. } | Does::Undo { .. } => false,
    };
    let mut tickets = BTreeSet::new();
    for ticket in used(tx)? {
        if tx.acts(ticket)?.iter().any(by_one_of_them) {
            tickets.insert(ticket);
        }
    }
    tx.memory.catalogue = before.clone();
    folded::around(tx, tickets, |tx| {
        tx.memory.catalogue = after;
        Ok(())
    })
}

/// Whether anybody came or left by a list.
fn is_counted(connection: &Connection, list: ListId) -> Result<bool, Fault> {
    let mut query = connection.prepare_cached("SELECT 1 FROM totals WHERE key IN (?1, ?2)")?;
    Ok(query.exists([Total::Entries(list).to_string(), Total::Exits(list).to_string()])?)
}

/// Every ticket with an act that counts.
fn used(tx: &Tx<'_>) -> Result<Vec<TicketId>, Fault> {
    let sql = "SELECT DISTINCT ticket FROM entries WHERE ticket IS NOT NULL AND counts = 1";
    let mut query = tx.connection.prepare_cached(sql)?;
    let tickets: Vec<i64> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(tickets.into_iter().filter_map(TicketId::from_i64).collect())
}

/// Lists or names changed: with them which entries are too many, and how conflicts read.
fn reconcile_all(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let tickets: Vec<i64> = {
        let mut query = tx.connection.prepare_cached(
            "SELECT ticket FROM entries WHERE ticket IS NOT NULL AND kind = 'admission'
             GROUP BY ticket HAVING COUNT(*) > 1 UNION SELECT ticket FROM conflicts",
        )?;
        query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    tickets.into_iter().filter_map(TicketId::from_i64).try_for_each(|ticket| tx.reconcile_known(ticket))
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
    let (mut pages, mut at) = (Vec::new(), cursor.revision);
    while pages.len() < MAX_PAGES {
        let found: Option<(Vec<u8>, u64)> =
            query.query_row(params![epoch.0, at, at], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((signed, last)) = found else { return Ok((pages, false)) };
        let damaged = |_| Fault::Corrupt("a page of the feed".into());
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
