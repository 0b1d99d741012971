//! What this device may use up alone: counted, borrowed, lent and paid.
//!
//! What is left is what the journals say that it holds, less what its own entries
//! used. It asks before it needs, gives what it does not need, at most once for a
//! request, and pays what others are short of. Where the office has shared out what
//! there is, a device that was given none asks when somebody wants it there, or tries
//! whether there is one. Everything here happens in the transaction of an exchange; no
//! decision waits for it.

use super::Fault;
use super::contact;
use super::memory::Memory;
use super::tx::Tx;
use crate::time::Reading;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::allotment::lend::{MAX_WANTS, Pace, Want, give, pay, want};
use tidegate_core::clock::Quality;
use tidegate_core::decide::Room;
use tidegate_core::exposure::Limit;
use tidegate_core::fold::totals::{Total, occupied};
use tidegate_core::id::{JournalId, ListId, ProductId};
use tidegate_core::journal::kind::{Accepted, Kind, Resource, Transfer};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::time::Timestamp;
use tidegate_core::trial::{Bug, planted};
use tidegate_core::trust::Rights;

/// What journals used of one resource.
pub struct Used(BTreeMap<JournalId, i64>);

impl Used {
    /// Reads it. Places are free again at closing time.
    pub fn of(connection: &Connection, of: Resource, now: Timestamp) -> Result<Self, Fault> {
        let prefix = match of {
            Resource::Product(product) => format!("served/{product}/"),
            Resource::Zone(zone) => format!("occupied/{zone}/"),
        };
        let mut query =
            connection.prepare_cached("SELECT key, amount FROM totals WHERE key >= ?1 AND key < ?1 || 'e'")?;
        let rows = query.query_map([&prefix], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        let stored: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
        Ok(Self(match of {
            Resource::Zone(zone) => occupied(zone, stored.iter().map(|(key, amount)| (&key[..], *amount)), now),
            Resource::Product(_) => {
                let journal = |key: &str| key.strip_prefix(&prefix)?.parse().ok();
                stored.iter().filter_map(|(key, amount)| Some((journal(key)?, *amount))).collect()
            }
        }))
    }

    /// Units used by a journal.
    pub fn by(&self, journal: JournalId) -> i64 {
        self.0.get(&journal).copied().unwrap_or(0)
    }

    /// Everybody who used some, in order.
    pub fn journals(&self) -> impl Iterator<Item = JournalId> + '_ {
        self.0.keys().copied()
    }

    /// Units used by all journals.
    pub fn all(&self) -> i64 {
        self.0.values().sum()
    }
}

/// What journals used of everything that rights are counted of: read once by whoever looks at all of it.
pub struct UsedUp(BTreeMap<Resource, Used>);

impl UsedUp {
    /// Reads it.
    pub fn read(connection: &Connection, memory: &Memory, now: Timestamp) -> Result<Self, Fault> {
        let each = resources(memory).into_iter().map(|of| Ok((of, Used::of(connection, of, now)?)));
        Ok(Self(each.collect::<Result<_, Fault>>()?))
    }

    /// Of one of them.
    pub fn of(&self, of: Resource) -> &Used {
        static NOTHING: Used = Used(BTreeMap::new());
        self.0.get(&of).unwrap_or(&NOTHING)
    }

    /// Of each.
    pub fn each(&self) -> impl Iterator<Item = (Resource, &Used)> {
        self.0.iter().map(|(of, used)| (*of, used))
    }
}

/// Who is short of what they used: also whoever used some and never held any, as where a supervisor overdraws
/// at a bar that was given nothing.
pub fn deficits(memory: &Memory, of: Resource, used: &Used) -> BTreeMap<JournalId, i64> {
    let mut short = memory.rights.deficits_of(of, &|_, by| used.by(by));
    for journal in used.journals().filter(|journal| memory.rights.held(of, *journal) == 0) {
        let offered = memory.rights.offered_to(journal).filter(|(_, transfer)| transfer.of == of);
        let offered: i64 = offered.map(|(_, transfer)| i64::from(transfer.quantity)).sum();
        let left = memory.rights.left(of, journal, &|_, by| used.by(by)) + offered;
        if left < 0 {
            short.insert(journal, -left);
        }
    }
    short
}

/// What a journal may still use.
pub fn left(
    connection: &Connection,
    memory: &Memory,
    of: Resource,
    journal: JournalId,
    now: Timestamp,
) -> Result<i64, Fault> {
    let used = Used::of(connection, of, now)?;
    Ok(memory.rights.left(of, journal, &|_, by| used.by(by)))
}

/// Units of a product that this device may still sell alone.
pub fn stock_here(tx: &Tx<'_>, product: ProductId) -> Result<i64, Fault> {
    left(tx.connection, &tx.memory, Resource::Product(product), tx.memory.own, tx.time.read().now)
}

/// Free places that this device may fill, where the list counts any, at a time that is named or now.
pub fn room(tx: &Tx<'_>, list: ListId, named: Option<Timestamp>) -> Result<Option<Room>, Fault> {
    let Some(zone) = tx.memory.catalogue.zone_of(list) else { return Ok(None) };
    let left = |at| left(tx.connection, &tx.memory, Resource::Zone(zone), tx.memory.own, at);
    let reading = tx.time.read();
    let (certain, by_clock) = match named {
        Some(at) => (at, at),
        None => (come(&tx.memory, &reading), reading.now),
    };
    let places = left(certain)?;
    Ok(Some(Room { certain: places, by_clock: if certain == by_clock { places } else { left(by_clock)? } }))
}

/// The latest time that has come for certain: now, where the clock is trusted, else the cloud's last word. What
/// only a clock that is not sure says is over may still be going on.
pub(super) fn come(memory: &Memory, reading: &Reading) -> Timestamp {
    match reading.quality {
        Quality::Trusted => reading.now,
        _ if planted(Bug::ClosedByAnyClock) => reading.now,
        Quality::Unsure | Quality::Wild => memory.cloud_time.unwrap_or(Timestamp(i64::MIN)).min(reading.now),
    }
}

/// Notes what an own entry used, so that more is asked for in time.
pub(super) fn note_use(memory: &mut Memory, entry: &Entry, uptime: Duration) {
    let of = match &entry.kind {
        Kind::Serving(serving) => Some((Resource::Product(serving.product), u32::from(serving.quantity))),
        Kind::Admission(admission) => {
            memory.catalogue.zone_of(admission.list).map(|zone| (Resource::Zone(zone), 1))
        }
        _ => None,
    };
    if let Some((of, units)) = of {
        Arc::make_mut(&mut memory.pace).note(of, units, uptime);
    }
}

/// Notes that somebody wanted what was not there, or looked whether it is: the device asks for it as if it
/// had been used.
pub(super) fn note_wanted(tx: &mut Tx<'_>, of: Resource, units: u32) {
    let uptime = tx.time.read().uptime;
    Arc::make_mut(&mut tx.memory.pace).note(of, units, uptime);
}

/// Whether this device may hold rights to it.
fn holds(tx_rights: Rights, of: Resource) -> bool {
    tx_rights.holds(match of {
        Resource::Product(_) => Rights::SERVE,
        Resource::Zone(_) => Rights::ADMIT,
    })
}

/// Everything that rights are counted of.
pub(super) fn resources(memory: &Memory) -> Vec<Resource> {
    let products = memory.catalogue.products.values().filter(|product| product.consumption);
    let products = products.map(|product| Resource::Product(product.id));
    products.chain(memory.catalogue.zones.keys().map(|zone| Resource::Zone(*zone))).collect()
}

/// What this device would like to have.
pub fn wants(
    connection: &Connection,
    memory: &Memory,
    own: Rights,
    reading: &Reading,
) -> Result<Vec<Want>, Fault> {
    let (mut wants, come) = (Vec::new(), come(memory, reading));
    for of in resources(memory) {
        // Of what never came into being there is nothing to be had.
        if !holds(own, of) || memory.rights.minted(of) <= 0 || wants.len() == MAX_WANTS {
            continue;
        }
        let used = memory.pace.used(of, reading.uptime);
        if used == 0 && memory.rights.is_shared_out(of) && !held_before(memory, of) {
            continue;
        }
        let pace = Pace { used, left: left(connection, memory, of, memory.own, come)? };
        wants.extend(want(of, pace, memory.own, memory.vector.head(&memory.own)));
    }
    Ok(wants)
}

/// Whether this device ever held some of it, under whichever incarnation, or the one did whose place it took.
fn held_before(memory: &Memory, of: Resource) -> bool {
    let devices = &memory.catalogue.devices;
    let name = devices.get(&memory.own.device).map(|row| &row.name);
    let replaced = |by: &JournalId| {
        devices.get(&by.device).is_some_and(|row| row.revoked_at.is_some() && Some(&row.name) == name)
    };
    memory.rights.holders_of(of).any(|by| by.device == memory.own.device || replaced(&by))
}

/// Gives somebody what they asked for, as far as it is not needed here.
pub fn lend(tx: &mut Tx<'_>, to: JournalId, wants: &[Want]) -> Result<(), Fault> {
    if !may_use(tx)? {
        return Ok(());
    }
    for wanted in wants.iter().take(MAX_WANTS) {
        let own = tx.memory.own;
        let mine = holds(tx.enrolment.identity.all_rights(), wanted.of);
        if !mine || tx.memory.rights.answered(own, &wanted.id) {
            continue;
        }
        let reading = tx.time.read();
        let left = left(tx.connection, &tx.memory, wanted.of, own, come(&tx.memory, &reading))?;
        let quantity = give(wanted, Pace { used: tx.memory.pace.used(wanted.of, reading.uptime), left });
        if quantity > 0 {
            let share = Transfer { want: Some(wanted.id), ..Transfer::share(wanted.of, quantity, to) };
            tx.append(Kind::Transfer(share), None)?;
        }
    }
    Ok(())
}

/// Accepts transfers to this journal that it has not accepted yet. What a giver does not have, by all
/// that is known here, is not taken; it may be once more is known.
pub fn accept_offers(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let come = come(&tx.memory, &tx.time.read());
    let device = tx.memory.catalogue.devices.get(&tx.memory.own.device);
    if device.is_some_and(|row| row.revoked_at.is_some()) {
        return Ok(()); // what it writes has no effect any more: it would accept for ever
    }
    let offers: Vec<(EntryRef, Resource)> =
        tx.memory.rights.offered_to(tx.memory.own).map(|(id, transfer)| (*id, transfer.of)).collect();
    for (transfer, of) in offers {
        let used = Used::of(tx.connection, of, come)?;
        if tx.memory.rights.covers(of, transfer.journal, &|_, by| used.by(by)) {
            tx.append(Kind::Accepted(Accepted { transfer }), None)?;
        }
    }
    Ok(())
}

/// Pays what others are short of, with what is left here.
pub fn pay_deficits(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let (own, come) = (tx.memory.own, come(&tx.memory, &tx.time.read()));
    for of in resources(&tx.memory) {
        if !holds(tx.enrolment.identity.all_rights(), of) || tx.memory.rights.minted(of) <= 0 {
            continue;
        }
        let used = Used::of(tx.connection, of, come)?;
        let short = deficits(&tx.memory, of, &used);
        let mut left = tx.memory.rights.left(of, own, &|_, by| used.by(by));
        for (to, deficit) in short {
            let quantity = pay(deficit, left);
            if to == own || quantity == 0 || !may_use(tx)? {
                continue;
            }
            left -= i64::from(quantity);
            tx.append(Kind::Transfer(Transfer::share(of, quantity, to)), None)?;
        }
    }
    Ok(())
}

fn may_use(tx: &Tx<'_>) -> Result<bool, Fault> {
    let policy = tx.memory.catalogue.policy(tx.enrolment.identity.role);
    let limit: Option<Limit> = contact::reach(tx.connection, &tx.memory, tx.time, policy)?.rights();
    Ok(limit.is_none())
}

/// What a journal used, as it stands under its key.
pub fn served(connection: &Connection, product: ProductId, journal: JournalId) -> Result<i64, Fault> {
    let mut query = connection.prepare_cached("SELECT SUM(amount) FROM totals WHERE key = ?1")?;
    let key = Total::Served(product, journal).to_string();
    Ok(query.query_row([key], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
}
