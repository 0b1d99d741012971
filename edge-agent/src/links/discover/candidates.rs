//! Which announced addresses are tried, and which of them a link is kept over.
//!
//! A value: what is heard, what came of a try and whom links reach go in with the
//! time, what to do comes out. Announcements prove nothing, so they buy nothing but
//! a bounded number of tries: a place is given to another only after its try failed,
//! or to a device of the roster before a stranger, and never while its device was
//! reached lately. A device has one link, whatever the number of its addresses.
//! Nothing here knows sockets, certificates or mDNS.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tidegate_core::id::DeviceId;

/// Devices found at once. A link costs a socket and an exchange a second at both ends; entries travel on
/// from peer to peer, so that the devices of a larger venue are served later, not left out.
pub const MAX_FOUND: usize = 64;
/// Addresses of one device: two interfaces, each in both families.
pub const MAX_ADDRESSES: usize = 4;
/// Tries at once, each a socket: an address that swallows everything holds its place for three seconds.
pub const MAX_TRIES: usize = 8;
/// The pause after an address failed, doubled up to the longest: a network that let nobody through and was
/// put right is used within a minute.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A device that was reached keeps its place this long without being reached: a new battery, a restart, a
/// round of the yard with the scanner.
const KEPT: Duration = Duration::from_secs(600);

/// An address, under the device it was announced for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Who is said to be there.
    pub device: DeviceId,
    /// Where.
    pub at: SocketAddr,
}

/// What the feed says of a device. Its id is no secret on the network, so this only says who comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In the event's roster.
    Listed,
    /// Not there, or not any more, or not yet.
    Stranger,
}

/// Whom links reach now.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Over addresses of the settings.
    pub by_settings: BTreeSet<DeviceId>,
    /// Over addresses that were found.
    pub by_finding: BTreeSet<DeviceId>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Addresses to try now.
    pub tries: Vec<Spot>,
    /// Devices whose found link ends.
    pub ends: Vec<DeviceId>,
}

/// The addresses that were announced, and what came of them.
pub struct Candidates {
    own: DeviceId,
    found: BTreeMap<DeviceId, Found>,
}

struct Found {
    standing: Standing,
    addresses: Vec<Address>,
    /// When a link last reached the device, if that is not long ago.
    reached: Option<Instant>,
}

struct Address {
    at: SocketAddr,
    announced: bool,
    failures: u32,
    not_before: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Tried,
    Linked,
}

impl Reached {
    fn holds(&self, device: &DeviceId) -> bool {
        self.by_settings.contains(device) || self.by_finding.contains(device)
    }
}

impl Candidates {
    /// Nothing found yet; `own` is never tried.
    pub fn new(own: DeviceId) -> Self {
        Self { own, found: BTreeMap::new() }
    }

    /// A device is announced at these addresses, and at no others any more.
    pub fn announced(&mut self, device: DeviceId, standing: Standing, addresses: &[SocketAddr], now: Instant) {
        if device == self.own || addresses.is_empty() || !self.has_place(&device, standing) {
            return;
        }
        let found = self.found.entry(device).or_insert_with(|| Found::new(standing));
        found.standing = standing;
        found.addresses.iter_mut().for_each(|known| known.announced = addresses.contains(&known.at));
        addresses.iter().for_each(|at| found.learn(*at, now));
    }

    /// A device is announced no more.
    pub fn gone(&mut self, device: &DeviceId) {
        if let Some(found) = self.found.get_mut(device) {
            found.unannounced();
        }
    }

    /// Nobody listens to announcements any more: who is still there will be heard again.
    pub fn all_gone(&mut self) {
        self.found.values_mut().for_each(Found::unannounced);
    }

    /// What is due. Whatever is to be tried counts as tried from here on, until [`Self::met`] or [`Self::failed`].
    pub fn turn(&mut self, now: Instant, reached: &Reached) -> Turn {
        let mut ends = Vec::new();
        for (device, found) in &mut self.found {
            found.look(reached.holds(device), now);
            let needless = reached.by_settings.contains(device) || found.reached.is_none();
            if needless && found.unlink(now) {
                ends.push(*device);
            }
            found.forget();
        }
        self.found.retain(|_, found| !found.addresses.is_empty());
        Turn { tries: self.tries(now, reached), ends }
    }

    /// A try ended without the device.
    pub fn failed(&mut self, spot: Spot, now: Instant) {
        if let Some(address) = self.tried(spot) {
            address.fail(now);
        }
    }

    /// A try reached the device, by its certificate. Whether a link is kept over it, instead of the one that was
    /// kept before; where another link reaches the device, this address goes quiet.
    pub fn met(&mut self, spot: Spot, now: Instant, reached: &Reached) -> bool {
        let wanted = !reached.holds(&spot.device);
        let Some(found) = self.found.get_mut(&spot.device) else { return false };
        found.reached = Some(now);
        if wanted {
            found.unlink(now);
        }
        let Some(address) = self.tried(spot) else { return false };
        address.failures = 0;
        address.not_before = now;
        address.state = if wanted { State::Linked } else { State::Waiting };
        wanted
    }

    fn tried(&mut self, spot: Spot) -> Option<&mut Address> {
        let addresses = &mut self.found.get_mut(&spot.device)?.addresses;
        addresses.iter_mut().find(|address| address.at == spot.at && address.state == State::Tried)
    }

    fn has_place(&mut self, device: &DeviceId, standing: Standing) -> bool {
        if self.found.len() < MAX_FOUND || self.found.contains_key(device) {
            return true;
        }
        let yields = |found: &Found| found.is_spent() || (found.is_idle() && found.standing > standing);
        let yielding = self.found.iter().filter(|(_, found)| yields(found));
        match yielding.max_by_key(|(_, found)| found.worth()).map(|(device, _)| *device) {
            Some(device) => self.found.remove(&device).is_some(),
            None => false,
        }
    }

    /// Those of the roster first, then those that failed least; one of each device that nobody reaches.
    fn tries(&mut self, now: Instant, reached: &Reached) -> Vec<Spot> {
        let running = self.found.values().filter(|found| found.has(State::Tried)).count();
        let unreached = self.found.iter_mut().filter(|(device, _)| !reached.holds(device));
        let idle = unreached.filter(|(_, found)| !found.has(State::Tried));
        let due = idle.filter_map(|(device, found)| Some((found.standing, *device, found.due(now)?)));
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(standing, _, address)| (*standing, address.failures, address.not_before));
        due.truncate(MAX_TRIES.saturating_sub(running));
        let spots = due.into_iter().map(|(_, device, address)| {
            address.state = State::Tried;
            Spot { device, at: address.at }
        });
        spots.collect()
    }
}

impl Found {
    fn new(standing: Standing) -> Self {
        Self { standing, addresses: Vec::new(), reached: None }
    }

    fn has(&self, state: State) -> bool {
        self.addresses.iter().any(|address| address.state == state)
    }

    fn learn(&mut self, at: SocketAddr, now: Instant) {
        if self.addresses.iter().any(|known| known.at == at) {
            return;
        }
        let fresh = Address { at, announced: true, failures: 0, not_before: now, state: State::Waiting };
        if self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push(fresh);
            return;
        }
        let spent = self.addresses.iter_mut().filter(|known| known.is_spent());
        if let Some(worst) = spent.max_by_key(|known| (!known.announced, known.failures)) {
            *worst = fresh;
        }
    }

    fn unannounced(&mut self) {
        self.addresses.iter_mut().for_each(|address| address.announced = false);
    }

    fn look(&mut self, reached: bool, now: Instant) {
        if reached {
            self.reached = Some(now);
        } else if self.reached.is_some_and(|at| now.saturating_duration_since(at) > KEPT) {
            self.reached = None;
        }
    }

    /// Whether there was a link that ends.
    fn unlink(&mut self, now: Instant) -> bool {
        let linked = self.addresses.iter_mut().find(|address| address.state == State::Linked);
        linked.map(|address| address.fail(now)).is_some()
    }

    /// Drops addresses that are announced no more, after the try that each of them has.
    fn forget(&mut self) {
        let lately = self.reached.is_some();
        self.addresses.retain(|address| lately || address.announced || !address.is_spent());
    }

    fn due(&mut self, now: Instant) -> Option<&mut Address> {
        let waiting = self.addresses.iter_mut().filter(|address| address.state == State::Waiting);
        waiting.filter(|address| address.not_before <= now).min_by_key(|address| address.failures)
    }

    /// Every one of its addresses was tried for nothing: another may take its place.
    fn is_spent(&self) -> bool {
        self.reached.is_none() && self.addresses.iter().all(Address::is_spent)
    }

    fn is_idle(&self) -> bool {
        self.reached.is_none() && self.addresses.iter().all(|address| address.state == State::Waiting)
    }

    /// The greater, the sooner another takes its place: strangers, what failed most, what failed longest ago.
    fn worth(&self) -> (Standing, Option<(u32, Reverse<Instant>)>) {
        let failed = self.addresses.iter().map(|address| (address.failures, Reverse(address.not_before)));
        (self.standing, failed.min())
    }
}

impl Address {
    fn is_spent(&self) -> bool {
        self.state == State::Waiting && self.failures > 0
    }

    fn fail(&mut self, now: Instant) {
        let doubled = 1 << self.failures.min(6); // 64 seconds are beyond the longest
        self.failures = self.failures.saturating_add(1);
        self.not_before = now + (FIRST_PAUSE * doubled).min(LONGEST_PAUSE);
        self.state = State::Waiting;
    }
}

#[cfg(test)]
mod tests;
