//! The small rows of the feed: written, replaced as a whole, and what is folded by them.
//!
//! Most of them change nothing that is folded. A device that was revoked has its later entries
//! taken out, a key vouches for codes that journals carried before it, a list that closes at
//! another hour or lets into another zone moves those who came by it; nobody else is touched.

use super::tx::Tx;
use super::{Fault, duty, folded};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::catalogue::{Catalogue, Counts};
use tidegate_core::feed::{Change, Row};
use tidegate_core::fold::totals::Total;
use tidegate_core::fold::{Act, Does};
use tidegate_core::id::{DeviceId, JournalId, ListId, TicketId};
use tidegate_core::journal::Entry;
use tidegate_core::trial::{Bug, planted};

/// Which small rows are others than before, as far as something is folded by them.
#[derive(Debug, Default)]
pub(super) struct Changed {
    any: bool,
    devices: BTreeSet<DeviceId>,
    keys: bool,
}

impl Changed {
    /// Notes a change.
    pub(super) fn note(&mut self, change: &Change) {
        self.any = true;
        match change {
            Change::Device(device) => drop(self.devices.insert(device.id)),
            Change::Key(_) => self.keys = true,
            Change::Event(_)
            | Change::Product(_)
            | Change::List(_)
            | Change::KeyGone(_)
            | Change::Staff(_)
            | Change::StaffGone(_)
            | Change::Zone(_)
            | Change::Policy(_)
            | Change::Ticket(_) => {}
        }
    }

    /// Folds anew what is folded by them.
    pub(super) fn settle(self, tx: &mut Tx<'_>, before: &Arc<Catalogue>) -> Result<(), Fault> {
        if !self.any {
            return Ok(());
        }
        duty::review(tx)?;
        refold_changed(tx, before)?;
        let after = tx.memory.catalogue.clone();
        let of_them = |journal: &&JournalId| {
            self.devices.contains(&journal.device) && revocation(before, journal) != revocation(&after, journal)
        };
        let journals: Vec<JournalId> = tx.memory.authors.keys().filter(of_them).copied().collect();
        folded::recount(tx, journals)?;
        if self.keys {
            renote_codes(tx)?;
        }
        reconcile_changed(tx, before)
    }
}

/// What decides which entries of a device count: the last ones, where it was revoked.
fn revocation<'a>(catalogue: &'a Catalogue, journal: &JournalId) -> Option<&'a [Counts]> {
    let device = catalogue.devices.get(&journal.device)?;
    device.revoked_at.map(|_| &device.counts_until[..])
}

/// Writes a small row, and enters it in the catalogue.
pub(super) fn put_small(tx: &mut Tx<'_>, row: &Row, change: Change) -> Result<(), Fault> {
    put_row(tx.connection, row)?;
    change.enter(Arc::make_mut(&mut tx.memory.catalogue));
    Ok(())
}

/// The small rows, before all of them are replaced.
pub(super) struct Seen {
    catalogue: Arc<Catalogue>,
    rows: Small,
}

/// Small rows: what names each, and what it says.
type Small = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

impl Seen {
    /// As they are now; none of them stays.
    pub(super) fn replace(tx: &mut Tx<'_>) -> Result<Self, Fault> {
        let seen = Self { catalogue: tx.memory.catalogue.clone(), rows: small(tx.connection)? };
        tx.connection.execute("DELETE FROM rows", [])?;
        tx.memory.catalogue = Arc::default();
        Ok(seen)
    }

    /// Folds anew what is folded by rows that are others now.
    pub(super) fn settle(self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let now = small(tx.connection)?;
        let mut changed = Changed::default();
        for (name, body) in now.iter().chain(&self.rows) {
            if now.get(name) != self.rows.get(name) {
                changed.any = true;
                let row = Row { kind: name.0, key: name.1.clone().into(), body: Some(body.clone().into()) };
                Change::of(&row).iter().for_each(|change| changed.note(change));
            }
        }
        changed.settle(tx, &self.catalogue)
    }
}

fn small(connection: &Connection) -> Result<Small, Fault> {
    let mut query = connection.prepare_cached("SELECT kind, key, body FROM rows")?;
    let rows = query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
        if !same && !planted(Bug::ListNotRefolded) && is_counted(tx.connection, *list)? {
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

/// Names changed, and with them how conflicts read; or lists did, and with them which entries are too many.
fn reconcile_changed(tx: &mut Tx<'_>, before: &Catalogue) -> Result<(), Fault> {
    let mut tickets: BTreeSet<i64> = {
        let mut query = tx.connection.prepare_cached("SELECT ticket FROM conflicts")?;
        query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    if takes_one_entry_otherwise(tx, before)? {
        let mut query = tx.connection.prepare_cached(
            "SELECT ticket FROM entries WHERE ticket IS NOT NULL AND kind = 'admission'
             GROUP BY ticket HAVING COUNT(*) > 1",
        )?;
        for ticket in query.query_map([], |row| row.get(0))? {
            tickets.insert(ticket?);
        }
    }
    tickets.into_iter().filter_map(TicketId::from_i64).try_for_each(|ticket| tx.reconcile_known(ticket))
}

/// Whether a list by which somebody came takes one entry of a ticket now, and took several before, or the other way
/// round. Otherwise the entries are not looked through: at the end of an evening that takes a while.
fn takes_one_entry_otherwise(tx: &Tx<'_>, before: &Catalogue) -> Result<bool, Fault> {
    let after = &tx.memory.catalogue;
    let takes_one = |of: &Catalogue, list| of.lists.get(list).map(|list| !list.multiple_entries);
    for list in before.lists.keys().chain(after.lists.keys()) {
        if takes_one(before, list) != takes_one(after, list) && is_counted(tx.connection, *list)? {
            return Ok(true);
        }
    }
    Ok(false)
}
