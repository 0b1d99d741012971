//! Everything that a screen shows of the store, read in one go.

use super::exposure::{self, Open, Tally};
use super::memory::Memory;
use super::read::{self, Counters};
use super::rights::UsedUp;
use super::{Fault, contact, findings};
use crate::time::{DeviceTime, Reading};
use rusqlite::Connection;
use tidegate_core::api::{Deficit, Exposure, RightsStatus, StockStatus};
use tidegate_core::exposure::Usable;
use tidegate_core::id::ListId;
use tidegate_core::journal::kind::Resource;
use tidegate_core::trust::Identity;

/// What was read.
#[derive(Debug)]
pub struct Look {
    /// The counters.
    pub counters: Counters,
    /// Stock of what is served.
    pub stock: Vec<StockStatus>,
    /// The zone that the list lets into, where it counts.
    pub zone: Option<ZoneLook>,
    /// What could have gone wrong, and what could.
    pub exposure: Exposure,
    /// Who is short of what they used.
    pub deficits: Vec<Deficit>,
    /// How many findings there are.
    pub findings: u64,
}

/// A zone.
#[derive(Clone, Copy, Debug)]
pub struct ZoneLook {
    /// How many people it holds.
    pub capacity: i64,
    /// How many places are taken, all devices known.
    pub occupied: i64,
    /// How many this device may fill alone.
    pub room_here: i64,
}

/// Reads it, for scans on this list.
pub fn look(
    connection: &Connection,
    memory: &Memory,
    tally: &mut Tally,
    own: &Identity,
    list: Option<ListId>,
    reading: Reading,
) -> Result<Look, Fault> {
    let counters = read::counters(connection, memory, memory.own, list, reading.now)?;
    let open = Open { list, tickets: counters.tickets, inside: counters.inside };
    let used = UsedUp::read(connection, memory, reading.now)?;
    let deficits = findings::deficits(memory, &used);
    Ok(Look {
        stock: read::stock(memory, &used),
        zone: zone(memory, list, &used),
        exposure: exposure::of(connection, memory, tally, own, (reading, &used), open)?,
        findings: findings::count(connection, memory, &deficits)?,
        deficits,
        counters,
    })
}

fn zone(memory: &Memory, list: Option<ListId>, used: &UsedUp) -> Option<ZoneLook> {
    let zone = memory.catalogue.zones.get(&memory.catalogue.zone_of(list?)?)?;
    let of = Resource::Zone(zone.id);
    let used = used.of(of);
    let room_here = memory.rights.left(of, memory.own, &|_, by| used.by(by));
    Some(ZoneLook { capacity: zone.capacity.into(), occupied: used.all(), room_here })
}

/// Whether this device may use the rights that it holds.
pub fn rights(memory: &Memory, time: &DeviceTime) -> RightsStatus {
    let state = match contact::usable(memory, time, time.read().uptime) {
        Usable::Yes => "ok",
        Usable::Unconfirmed => "unconfirmed",
        Usable::LeaseEnded => "lease_ended",
        Usable::Withdrawn => "withdrawn",
    };
    let lease_until = memory.contact.lease.map(|lease| lease.until.to_string());
    RightsStatus { state: state.to_owned(), lease_until, incarnation: memory.own.incarnation }
}
