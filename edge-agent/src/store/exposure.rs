//! Exposure: what nobody else is known to have, and what others may have done meanwhile.
//!
//! What each of the others has of our journals is what they said themselves, over a link of
//! ours, and is kept, so that a restart does not forget it. Whoever never spoke to us counts as
//! knowing nothing: the numbers are upper bounds. A store that was set back keeps what was known
//! then, which is less. Nothing here decides; limits are [`Reach`](tidegate_core::exposure::Reach)'s.

use super::Fault;
use super::contact::is_silent;
use super::memory::Memory;
use super::parts;
use super::rights::UsedUp;
use super::tx::Tx;
use crate::time::Reading;
use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::api::{Exposure, Limits, Silent};
use tidegate_core::catalogue::DeviceRow;
use tidegate_core::exposure::{Other, Policy, Worst};
use tidegate_core::id::{DeviceId, JournalId, ListId};
use tidegate_core::journal::Entry;
use tidegate_core::journal::kind::{Kind, Resource};
use tidegate_core::sync::Vector;
use tidegate_core::trust::{Identity, Rights, Role};

const KEY: &str = "known";
/// What is known is written this seldom: it saves the numbers over a restart, and no act waits for it.
const KEEP_EVERY: Duration = Duration::from_secs(60);

/// What somebody is known to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// When it was heard last, on this boot's clock.
    pub heard: Option<Duration>,
    /// Its last entry of each journal of this device, by incarnation.
    pub has: BTreeMap<u32, u64>,
}

#[derive(Encode, Decode)]
struct Kept {
    #[n(0)]
    device: Option<DeviceId>,
    #[n(1)]
    has: BTreeMap<u32, u64>,
}

/// What was known when it was last written.
pub(super) fn kept(connection: &Connection) -> Result<BTreeMap<Option<DeviceId>, Known>, Fault> {
    let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let bytes: Option<Vec<u8>> = query.query_row([KEY], |row| row.get(0)).optional()?;
    let all: Vec<Kept> = bytes.and_then(|bytes| minicbor::decode(&bytes).ok()).unwrap_or_default();
    Ok(all.into_iter().map(|Kept { device, has }| (device, Known { heard: None, has })).collect())
}

/// Somebody was heard, and perhaps said what they have.
pub(super) fn met(tx: &mut Tx<'_>, who: Option<DeviceId>, theirs: Option<&Vector>) -> Result<(), Fault> {
    let uptime = tx.time.read().uptime;
    note(tx, who, theirs, Some(uptime))
}

/// Somebody said what they have, at some time before: they were not heard.
pub(super) fn told(tx: &mut Tx<'_>, who: Option<DeviceId>, theirs: &Vector) -> Result<(), Fault> {
    note(tx, who, Some(theirs), None)
}

fn note(
    tx: &mut Tx<'_>,
    who: Option<DeviceId>,
    theirs: Option<&Vector>,
    heard: Option<Duration>,
) -> Result<(), Fault> {
    let before = tx.memory.contact.others.get(&who).cloned().unwrap_or_default();
    let mut known = Known { heard: heard.or(before.heard), has: before.has.clone() };
    let device = tx.memory.own.device;
    let ours = theirs.into_iter().flat_map(|theirs| &theirs.0).filter(|(journal, _)| journal.device == device);
    for (journal, heads) in ours {
        let parts = tx.memory.parts(journal);
        for head in heads.all() {
            // An end that is not here is of another history: what of ours is before it nobody said.
            if parts::find(tx.connection, &parts, head)?.is_some() {
                let has = known.has.entry(journal.incarnation).or_default();
                *has = head.sequence.max(*has);
            }
        }
    }
    let changed = known.has != before.has;
    Arc::make_mut(&mut tx.memory.contact.others).insert(who, known);
    let (unkept, kept) = tx.memory.contact.unkept;
    let uptime = tx.time.read().uptime;
    let due = kept.is_none_or(|at| uptime.saturating_sub(at) >= KEEP_EVERY);
    tx.memory.contact.unkept.0 = changed || unkept;
    if due && (changed || unkept) { keep(tx, uptime) } else { Ok(()) }
}

fn keep(tx: &mut Tx<'_>, uptime: Duration) -> Result<(), Fault> {
    tx.memory.contact.unkept = (false, Some(uptime));
    let others = tx.memory.contact.others.iter();
    let all: Vec<Kept> = others.map(|(device, known)| Kept { device: *device, has: known.has.clone() }).collect();
    tx.set_meta(KEY, &minicbor::to_vec(all).unwrap_or_default()) // to a vector: cannot fail
}

/// Own acts up to each entry, so that what somebody lacks is a subtraction. Grows with the journals,
/// eight bytes an entry.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<JournalId, Vec<Sums>>);

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    admissions: u32,
    units: u32,
}

impl Tally {
    /// Reads on from where it was.
    fn read_on(&mut self, connection: &Connection, memory: &Memory) -> Result<(), Fault> {
        for (journal, author) in memory.authors.iter().filter(|(id, _)| id.device == memory.own.device) {
            let sums = self.0.entry(*journal).or_default();
            let mut query = connection.prepare_cached(
                "SELECT kind, CASE kind WHEN 'serving' THEN bytes END FROM entries
                 WHERE journal = ?1 AND sequence > ?2 ORDER BY sequence",
            )?;
            let mut rows = query.query(params![author.row, sums.len() as u64])?;
            while let Some(row) = rows.next()? {
                let (kind, bytes): (String, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
                let mut next = sums.last().copied().unwrap_or_default();
                next.admissions += u32::from(kind == "admission");
                if let Some(Kind::Serving(serving)) = bytes.and_then(|b| Entry::from_bytes(&b)).map(|e| e.kind) {
                    next.units = next.units.saturating_add(serving.quantity.into());
                }
                sums.push(next);
            }
        }
        Ok(())
    }

    /// Admissions and units that somebody who has `has` lacks.
    fn lacking(&self, has: &BTreeMap<u32, u64>) -> (u64, u64) {
        let (mut admissions, mut units) = (0, 0);
        for (journal, sums) in &self.0 {
            let has = has.get(&journal.incarnation).copied().unwrap_or(0);
            let before = usize::try_from(has).ok().and_then(|has| sums.get(has.checked_sub(1)?));
            let (before, all) = (before.copied().unwrap_or_default(), sums.last().copied().unwrap_or_default());
            // Whoever is known to have more than there is has all of it.
            let lacks = has < sums.len() as u64;
            admissions += u64::from(lacks) * u64::from(all.admissions - before.admissions);
            units += u64::from(lacks) * u64::from(all.units - before.units);
        }
        (admissions, units)
    }

    fn admissions_after(&self, journal: JournalId, after: u64) -> u64 {
        let Some(sums) = self.0.get(&journal) else { return 0 };
        let at = |place: u64| place.checked_sub(1).and_then(|place| sums.get(usize::try_from(place).ok()?));
        let admissions = |sums: Option<&Sums>| sums.map_or(0, |sums| u64::from(sums.admissions));
        admissions(sums.last()) - admissions(at(after.min(sums.len() as u64)))
    }

    fn entries(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.0.iter().map(|(journal, sums)| (journal.incarnation, sums.len() as u64))
    }
}

/// What is counted of tickets for the numbers ahead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open {
    /// Which list scans without one use.
    pub list: Option<ListId>,
    /// Tickets in the replica.
    pub tickets: u64,
    /// Tickets that are inside on the list: no other door admits them, once it knows.
    pub inside: i64,
}

impl Open {
    /// Tickets that a door may still admit, at most.
    fn count(self, memory: &Memory) -> u64 {
        let list = self.list.and_then(|list| memory.catalogue.lists.get(&list));
        // Where a ticket may come in again and again, no entry is one too many.
        match list.is_some_and(|list| list.multiple_entries) {
            true => 0,
            false => self.tickets.saturating_sub(self.inside.max(0).unsigned_abs()),
        }
    }
}

/// What could have gone wrong by now, and what could if the lines went down now.
pub fn of(
    connection: &Connection,
    memory: &Memory,
    tally: &mut Tally,
    own: &Identity,
    (reading, used): (Reading, &UsedUp),
    open: Open,
) -> Result<Exposure, Fault> {
    tally.read_on(connection, memory)?;
    let others = others(connection, memory, own, reading)?;
    let zone = open.list.and_then(|list| memory.catalogue.zone_of(list)).map(Resource::Zone);
    let each: Vec<Other> = others.iter().map(|other| other.weigh(memory, tally, zone, (reading, used))).collect();
    let policy = memory.catalogue.policy(own.role);
    let serves = own.all_rights().holds(Rights::SERVE).then_some(policy);
    let worst = Worst::of(unsynced(memory, tally), open.count(memory), serves, &each);
    let heard = memory.contact.heard;
    Ok(Exposure {
        cut_off: is_silent(heard, reading.uptime),
        unsynced: worst.unsynced,
        unverified: tally.admissions_after(memory.own, memory.contact.shared),
        double_entries: worst.double_entries,
        double_servings: worst.double_servings,
        doors: each.iter().filter(|other| other.admits).count() as u64,
        bars: each.iter().filter(|other| other.serves).count() as u64,
        entries_ahead: worst.entries_ahead,
        servings_ahead: worst.servings_ahead,
        silent: silent(connection, memory, &others, reading)?,
        limits: limits(policy),
    })
}

fn limits(policy: Policy) -> Limits {
    let Policy { role: _, oldest_update_s, unverified_soft, unverified_hard, share_percent, before_confirmed: _ } =
        policy;
    Limits { oldest_update_s, unverified_soft, unverified_hard, share_percent }
}

fn unsynced(memory: &Memory, tally: &Tally) -> u64 {
    let best = |incarnation: u32| {
        let known = memory.contact.others.values().filter_map(|known| known.has.get(&incarnation)).max();
        known.copied().unwrap_or(0)
    };
    tally.entries().map(|(incarnation, entries)| entries.saturating_sub(best(incarnation))).sum()
}

/// Another device of the event that may admit or serve, or the cloud where its desk does.
struct Neighbour {
    /// As whom it is known; none for the cloud.
    who: Option<DeviceId>,
    name: String,
    role: Role,
    rights: Rights,
    known: Known,
    journals: Vec<JournalId>,
}

fn others(
    connection: &Connection,
    memory: &Memory,
    own: &Identity,
    reading: Reading,
) -> Result<Vec<Neighbour>, Fault> {
    let enrolled =
        |row: &&DeviceRow| row.certificate.is_some() && row.revoked_at.is_none() && row.id != own.device;
    let mut others = Vec::new();
    for row in memory.catalogue.devices.values().filter(enrolled) {
        let journals: Vec<JournalId> = memory.authors.keys().filter(|id| id.device == row.id).copied().collect();
        let identity = journals.first().and_then(|journal| memory.authors.get(journal)).map(|a| &a.identity);
        let role = Identity { role: row.role, rights: Rights::default(), ..own.clone() };
        let rights = identity.unwrap_or(&role).all_rights();
        if row.role == Role::Cloud && !hands_out(connection, memory, &journals)? {
            continue; // an office that lets nobody in doubles nothing
        }
        let who = (row.role != Role::Cloud).then_some(row.id);
        let known = memory.contact.others.get(&who).cloned().unwrap_or_default();
        others.push(Neighbour { who, name: row.name.clone(), role: row.role, rights, known, journals });
    }
    others.sort_by_key(|other| {
        other.known.heard.map_or(Duration::MAX, |heard| reading.uptime.saturating_sub(heard))
    });
    others.reverse();
    Ok(others)
}

/// Whether journals have let somebody in, or served.
fn hands_out(connection: &Connection, memory: &Memory, journals: &[JournalId]) -> Result<bool, Fault> {
    let mut query = connection
        .prepare_cached("SELECT 1 FROM entries WHERE journal = ?1 AND kind IN ('admission', 'serving') LIMIT 1")?;
    for author in journals.iter().filter_map(|journal| memory.authors.get(journal)) {
        if query.exists([author.row])? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Neighbour {
    fn weigh(
        &self,
        memory: &Memory,
        tally: &Tally,
        zone: Option<Resource>,
        (reading, used): (Reading, &UsedUp),
    ) -> Other {
        let (admissions, units) = tally.lacking(&self.known.has);
        let serves = self.rights.holds(Rights::SERVE);
        let products = memory.catalogue.products.values().filter(|product| product.consumption && serves);
        Other {
            admits: self.rights.holds(Rights::ADMIT),
            serves,
            heard: !is_silent(self.known.heard, reading.uptime),
            admissions,
            units,
            room: zone.map(|zone| self.left(memory, zone, used)),
            stock: products.map(|product| self.left(memory, Resource::Product(product.id), used)).sum(),
            policy: memory.catalogue.policy(self.role),
        }
    }

    fn left(&self, memory: &Memory, of: Resource, used: &UsedUp) -> u64 {
        let left = |journal: &JournalId| memory.rights.left(of, *journal, &|of, by| used.of(of).by(by));
        self.journals.iter().map(left).map(|left| left.max(0).unsigned_abs()).sum()
    }
}

/// Who was not heard lately, the longest silent first.
fn silent(
    connection: &Connection,
    memory: &Memory,
    others: &[Neighbour],
    reading: Reading,
) -> Result<Vec<Silent>, Fault> {
    let mut silent = Vec::new();
    let of_devices = others.iter().filter(|other| other.who.is_some());
    for other in of_devices.filter(|other| is_silent(other.known.heard, reading.uptime)) {
        let ago = other.known.heard.map(|heard| reading.uptime.saturating_sub(heard).as_millis() as u64);
        silent.push(Silent {
            device: other.name.clone(),
            role: other.role.as_str().to_owned(),
            heard_ms_ago: ago,
            newest_at: newest(connection, memory, &other.journals)?,
        });
    }
    Ok(silent)
}

/// When the newest entry of these journals was written.
fn newest(connection: &Connection, memory: &Memory, journals: &[JournalId]) -> Result<Option<String>, Fault> {
    let mut query = connection
        .prepare_cached("SELECT bytes FROM entries WHERE journal = ?1 ORDER BY sequence DESC LIMIT 1")?;
    let mut newest = None;
    for author in journals.iter().filter_map(|journal| memory.authors.get(journal)) {
        let bytes: Option<Vec<u8>> = query.query_row([author.row], |row| row.get(0)).optional()?;
        newest = newest.max(bytes.and_then(|bytes| Entry::from_bytes(&bytes)).map(|entry| entry.happened_at()));
    }
    Ok(newest.map(|at| at.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(acts: &[(u32, &[(u32, u32)])]) -> Tally {
        let journal = |incarnation| JournalId { device: DeviceId([1; 16]), incarnation };
        let sums = |acts: &[(u32, u32)]| {
            let add = |sum: &mut Sums, (admissions, units): &(u32, u32)| {
                *sum = Sums { admissions: sum.admissions + admissions, units: sum.units + units };
                Some(*sum)
            };
            acts.iter().scan(Sums::default(), add).collect()
        };
        Tally(acts.iter().map(|(incarnation, acts)| (journal(*incarnation), sums(acts))).collect())
    }

    #[test]
    fn what_somebody_lacks_is_what_comes_after_their_last_entry_of_each_journal() {
        let tally = tally(&[(1, &[(1, 0), (0, 3), (1, 0)]), (7, &[(1, 0)])]);
        let check = |has: &[(u32, u64)], expect: (u64, u64)| {
            assert_eq!(tally.lacking(&has.iter().copied().collect()), expect, "{has:?}");
        };
        check(&[], (3, 3));
        check(&[(1, 1)], (2, 3));
        check(&[(1, 2)], (2, 0));
        check(&[(1, 3)], (1, 0));
        check(&[(1, 3), (7, 1)], (0, 0));
        check(&[(1, 99), (7, 99), (8, 1)], (0, 0)); // a store that was set back
    }
}
