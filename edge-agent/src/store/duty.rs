//! Who is on duty: signed in on this agent, and named by every entry it writes.
//!
//! It is kept in the store, so that a restart does not lose it, and ends with a
//! sign-out, another sign-in, a shift's length, or the feed: whoever is taken off
//! the staff list, or signed in by a badge that was replaced, is off duty at once.
//! Nothing waits for somebody to be on duty.

use super::Fault;
use super::memory::Memory;
use super::tx::Tx;
use crate::time::Reading;
use minicbor::{Decode, Encode};
use std::time::Duration;
use tidegate_core::catalogue::{Catalogue, Staff};
use tidegate_core::clock::Quality;
use tidegate_core::journal::kind::MAX_TEXT_BYTES;
use tidegate_core::time::Timestamp;

/// The longest shift: whoever forgets to sign out does not sign tomorrow's entries.
const SHIFT: Duration = Duration::from_secs(14 * 3_600);
const KEY: &str = "duty";

/// Somebody on duty.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Duty {
    /// Their sign-in name.
    #[n(0)]
    name: String,
    /// When they signed in.
    #[n(1)]
    since: Timestamp,
    /// The counter of the badge they signed in with.
    #[n(2)]
    badge: Option<u16>,
    /// The same on this boot's clock, while no better one has told the time: a board without a
    /// clock battery is off by days until the cloud answers.
    #[cbor(skip)]
    begun: Option<Duration>,
    /// Whether `since` is of such a clock.
    #[n(3)]
    #[cbor(default)]
    wild: bool,
}

impl Duty {
    /// As it was kept, by a program that starts at `uptime`.
    pub(super) fn read(bytes: &[u8], uptime: Duration) -> Option<Self> {
        let duty: Self = minicbor::decode(bytes).ok()?;
        // How long it lasts already nobody knows: it counts from this start.
        Some(Self { begun: duty.wild.then_some(uptime), ..duty })
    }

    fn lasts(&self, reading: &Reading) -> bool {
        match self.begun {
            Some(begun) => reading.uptime.saturating_sub(begun) < SHIFT,
            // A clock that was moved back by more than a shift ends it too.
            None => u128::from(reading.now.since_us(self.since).unsigned_abs()) < SHIFT.as_micros(),
        }
    }

    fn stands(&self, catalogue: &Catalogue) -> bool {
        let staff = catalogue.staff.get(&self.name);
        staff.is_some_and(|staff| self.badge.is_none_or(|counter| counter >= staff.badge_counter))
    }
}

impl Memory {
    /// Who is on duty at the time that was read.
    pub fn on_duty(&self, reading: &Reading) -> Option<&str> {
        self.duty.as_ref().filter(|duty| duty.lasts(reading)).map(|duty| duty.name.as_str())
    }
}

/// Puts somebody on duty, by their PIN or by the badge of that counter; whoever was is off duty.
/// `false` where their row is no longer the one that was looked at.
pub fn sign_on(tx: &mut Tx<'_>, staff: &Staff, badge: Option<u16>) -> Result<bool, Fault> {
    let Reading { now: since, quality, uptime, .. } = tx.time.read();
    let wild = quality == Quality::Wild;
    let duty = Duty { name: staff.name.clone(), since, badge, begun: wild.then_some(uptime), wild };
    let catalogue = &tx.memory.catalogue;
    let same = catalogue.staff.get(&staff.name) == Some(staff) && duty.stands(catalogue);
    if !same || duty.name.len() > MAX_TEXT_BYTES {
        return Ok(false);
    }
    note(tx, Some(duty)).map(|()| true)
}

/// Takes whoever is on duty off it.
pub fn sign_off(tx: &mut Tx<'_>) -> Result<(), Fault> {
    note(tx, None)
}

/// The feed changed: ends a duty that the staff list no longer bears.
pub(super) fn review(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let ended = tx.memory.duty.as_ref().is_some_and(|duty| !duty.stands(&tx.memory.catalogue));
    if ended { note(tx, None) } else { Ok(()) }
}

/// The time became known: a duty that began under a wild clock began so long before it.
pub(super) fn rebase(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let Some(duty) = tx.memory.duty.clone() else { return Ok(()) };
    let Reading { now, quality, uptime, .. } = tx.time.read();
    match duty.begun.filter(|_| quality != Quality::Wild) {
        Some(begun) => {
            let before_us = i64::try_from(uptime.saturating_sub(begun).as_micros()).unwrap_or(i64::MAX);
            let since = Timestamp(now.0.saturating_sub(before_us));
            note(tx, Some(Duty { since, begun: None, wild: false, ..duty }))
        }
        None => Ok(()),
    }
}

fn note(tx: &mut Tx<'_>, duty: Option<Duty>) -> Result<(), Fault> {
    match &duty {
        Some(duty) => tx.set_meta(KEY, &minicbor::to_vec(duty).unwrap_or_default())?, // to a vector: cannot fail
        None => drop(tx.connection.execute("DELETE FROM meta WHERE key = ?1", [KEY])?),
    }
    tx.memory.duty = duty;
    Ok(())
}
