//! The clock of this boot that nobody has compared, remembered while the program starts again.
//!
//! The first entry that was written by it is noted with what it said, so that after a restart of the
//! program the same clock goes on, and one clock entry places all entries of the boot. Another boot,
//! another incarnation, or a clock that somebody set in between is another clock: what it wrote before
//! stays where it is.

use super::Fault;
use super::memory::Memory;
use super::tx::Tx;
use crate::time::{DeviceTime, Machine, Reading, uptime};
use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension};
use std::time::Duration;
use tidegate_core::time::{SECOND_US, Timestamp};

const KEY: &str = "uncompared";
/// Two readings of one clock differ by less: a start takes no second of its own time.
const SAME_US: i64 = SECOND_US;

#[derive(Clone, Copy, Encode, Decode)]
struct Noted {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    boot: [u8; 16],
    #[n(1)]
    incarnation: u32,
    #[n(2)]
    since: u64,
    #[n(3)]
    uptime_us: u64,
    #[n(4)]
    now: Timestamp,
}

impl Noted {
    /// What the clock says at `uptime`.
    fn at(&self, uptime: Duration) -> Timestamp {
        let elapsed = uptime.saturating_sub(Duration::from_micros(self.uptime_us)).as_micros();
        Timestamp(self.now.0.saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX)))
    }
}

/// Notes the first entry of this boot that is written by a clock which nobody has compared.
pub(super) fn note(tx: &mut Tx<'_>, sequence: u64, reading: &Reading) -> Result<(), Fault> {
    if tx.memory.unsure_since.is_some() {
        return Ok(());
    }
    tx.memory.unsure_since = Some(sequence);
    let noted = Noted {
        boot: tx.time.boot(),
        incarnation: tx.memory.own.incarnation,
        since: sequence,
        uptime_us: u64::try_from(reading.uptime.as_micros()).unwrap_or(u64::MAX),
        now: reading.now,
    };
    tx.set_meta(KEY, &minicbor::to_vec(noted).unwrap_or_default()) // to a vector: cannot fail
}

/// The time is known, or the journal was left: there is nothing more to be placed.
pub(super) fn forget(tx: &mut Tx<'_>) -> Result<(), Fault> {
    tx.memory.unsure_since = None;
    tx.connection.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([KEY])?;
    Ok(())
}

fn noted(connection: &Connection, boot: [u8; 16]) -> Result<Option<Noted>, Fault> {
    let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let bytes: Option<Vec<u8>> = query.query_row([KEY], |row| row.get(0)).optional()?;
    Ok(bytes.and_then(|bytes| minicbor::decode::<Noted>(&bytes).ok()).filter(|noted| noted.boot == boot))
}

/// What the clock says now that was read before the program started again in this boot.
pub(super) fn goes_on(connection: &Connection, machine: &dyn Machine) -> Result<Option<Timestamp>, Fault> {
    Ok(noted(connection, machine.boot())?.map(|noted| noted.at(uptime(machine))))
}

/// The first entry that was written by the clock which `time` reads, where it is the one that was noted.
pub(super) fn since(connection: &Connection, memory: &Memory, time: &DeviceTime) -> Result<Option<u64>, Fault> {
    let Reading { now, uptime, .. } = time.read();
    let same = |noted: &Noted| {
        noted.incarnation == memory.own.incarnation && now.since_us(noted.at(uptime)).abs() < SAME_US
    };
    Ok(noted(connection, time.boot())?.filter(same).map(|noted| noted.since))
}
