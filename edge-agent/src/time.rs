//! The device's time: the machine's clock, corrected by the cloud's, never below the floor.
//!
//! A board without a clock battery boots in the past. The floor on disk is the
//! latest time that was trusted; below it the machine's clock is wild. A cloud
//! that we asked over our own link tells its time and makes ours trusted for this
//! boot. A time outside the calendar is nobody's. Nothing is refused because of a
//! bad clock; near a window's edge an untrusted one asks.

use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tidegate_core::clock::Quality;
use tidegate_core::time::Timestamp;

/// A reading of the device's time.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The time.
    pub now: Timestamp,
    /// What it rests on.
    pub quality: Quality,
    /// How far it may be off, milliseconds; absent where unknown.
    pub uncertain_ms: Option<u32>,
}

struct State {
    /// The machine's clock when this was set, and what it means.
    anchor: Instant,
    anchored: Timestamp,
    quality: Quality,
    uncertain_ms: Option<u32>,
}

/// The device's time; clones share it.
#[derive(Clone)]
pub struct DeviceTime(Arc<Mutex<State>>);

impl DeviceTime {
    /// Starts from the machine's clock, shifted by `offset_s`. A clock below the floor, or past the
    /// certificate's expiry, is wild: time then starts at the floor, until the cloud tells it.
    pub fn start(floor: Timestamp, expires: Timestamp, offset_s: i64) -> Self {
        let machine = machine_time().plus_secs(offset_s);
        let believed = (floor..=expires).contains(&machine) && Timestamp::in_range(machine.0).is_some();
        let (anchored, quality) = if believed { (machine, Quality::Unsure) } else { (floor, Quality::Wild) };
        Self(Arc::new(Mutex::new(State { anchor: Instant::now(), anchored, quality, uncertain_ms: None })))
    }

    /// The time now. It runs on the boot-time clock: setting the machine's clock does not move it.
    pub fn read(&self) -> Reading {
        let state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let elapsed_us = i64::try_from(state.anchor.elapsed().as_micros()).unwrap_or(i64::MAX);
        let now = Timestamp(state.anchored.0.saturating_add(elapsed_us));
        Reading { now, quality: state.quality, uncertain_ms: state.uncertain_ms }
    }

    /// The cloud answered: it was `cloud` somewhere within the round trip that ended now.
    pub fn trust(&self, cloud: Timestamp, round_trip: std::time::Duration) {
        let half_us = i64::try_from(round_trip.as_micros() / 2).unwrap_or(0);
        let Some(told) = Timestamp::in_range(cloud.0.saturating_add(half_us)) else {
            return tracing::warn!(cloud = cloud.0, "the cloud tells a time outside the calendar");
        };
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.anchor = Instant::now();
        state.anchored = told;
        state.quality = Quality::Trusted;
        state.uncertain_ms = Some(u32::try_from(half_us / 1_000).unwrap_or(u32::MAX).saturating_add(1));
    }
}

fn machine_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NEVER: Timestamp = Timestamp(i64::MAX);

    #[test]
    fn a_machine_that_boots_in_the_past_starts_at_the_floor_and_is_wild() {
        let floor = machine_time().plus_secs(1_000);
        let reading = DeviceTime::start(floor, NEVER, 0).read();
        assert!(reading.now >= floor);
        assert_eq!(reading.quality, Quality::Wild);
    }

    #[test]
    fn the_clouds_time_is_trusted_and_may_lower_ours() {
        let time = DeviceTime::start(Timestamp(0), NEVER, 1_000_000);
        let cloud = Timestamp::from_secs(1_000);
        time.trust(cloud, Duration::from_millis(10));
        let reading = time.read();
        assert_eq!(reading.quality, Quality::Trusted);
        assert!(reading.now.since_us(cloud) < 60_000_000, "{reading:?}");
    }

    #[test]
    fn a_jump_past_the_certificates_expiry_or_the_calendar_is_not_believed() {
        let (floor, expires) = (machine_time().plus_secs(-1_000), machine_time().plus_secs(1_000));
        for offset_s in [2_000, i64::MAX, i64::MIN] {
            let reading = DeviceTime::start(floor, expires, offset_s).read();
            assert_eq!(reading.quality, Quality::Wild, "{offset_s}");
            assert!(reading.now.since_us(floor) < 60_000_000, "{offset_s}: {reading:?}");
        }
        let time = DeviceTime::start(floor, expires, 0);
        time.trust(Timestamp(i64::MAX), Duration::ZERO);
        assert_eq!(time.read().quality, Quality::Unsure);
    }
}
