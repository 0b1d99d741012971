//! The device's time: the machine's clock, corrected by the cloud's, never below the floor.
//!
//! A board without a clock battery boots in the past. The floor on disk is the
//! latest time that was trusted; below it the machine's clock is wild. A cloud
//! that we asked over our own link tells its time and makes ours trusted for this
//! boot. A time outside the calendar is nobody's. Nothing is refused because of a
//! bad clock; near a window's edge an untrusted one asks. Clocks are read from a
//! [`Machine`], here and nowhere in the store, so that time can be an argument.

use data_encoding::HEXLOWER;
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegate_core::clock::Quality;
use tidegate_core::time::{SECOND_US, Timestamp};

/// What a machine knows of time by itself.
pub trait Machine: Send + Sync {
    /// The machine's clock.
    fn wall(&self) -> Timestamp;
    /// Microseconds since this boot, on a clock that setting the time does not move (and that runs
    /// during suspend where the system has one).
    fn boot_us(&self) -> i64;
    /// Names this boot; another one after every restart of the machine.
    fn boot(&self) -> [u8; 16];
}

/// The machine that this program runs on.
#[derive(Clone, Copy, Debug)]
pub struct SystemMachine {
    boot: [u8; 16],
}

/// Where Linux names the boot, as the text of a UUID.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// The clock of this boot: on Linux it counts the time that the machine slept.
#[cfg(target_os = "linux")]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

impl SystemMachine {
    /// This machine. Where the system does not name its boots, every start of this program is one.
    pub fn new() -> Self {
        let named = std::fs::read_to_string(BOOT_ID).ok();
        let bytes = named.and_then(|text| HEXLOWER.decode(text.trim().replace('-', "").as_bytes()).ok());
        Self { boot: bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_else(rand::random) }
    }
}

impl Default for SystemMachine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for SystemMachine {
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(0))
    }

    fn boot_us(&self) -> i64 {
        let since = clock_gettime(BOOT_CLOCK);
        since.tv_sec * SECOND_US + since.tv_nsec / 1_000 // seconds of one boot: far from overflowing
    }

    fn boot(&self) -> [u8; 16] {
        self.boot
    }
}

/// A reading of the device's time.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The time.
    pub now: Timestamp,
    /// What it rests on.
    pub quality: Quality,
    /// How far it may be off, milliseconds; absent where unknown.
    pub uncertain_ms: Option<u32>,
    /// The same moment on the clock of this boot.
    pub uptime: Duration,
}

struct State {
    /// The clock of this boot when this was set, and what it means.
    anchor: Duration,
    anchored: Timestamp,
    quality: Quality,
    uncertain_ms: Option<u32>,
    /// By how much the clock was off when it was first compared in this boot.
    shift_us: i64,
}

/// The device's time; clones share it.
#[derive(Clone)]
pub struct DeviceTime {
    machine: Arc<dyn Machine>,
    state: Arc<Mutex<State>>,
}

impl DeviceTime {
    /// Starts from the machine's clock, shifted by `offset_s`. A clock below the floor, or past the
    /// certificate's expiry, is wild: time then goes on from what this boot's clock said `before` the
    /// program started again, else it starts at the floor, until the cloud tells it.
    pub fn start(
        machine: Arc<dyn Machine>,
        (floor, before): (Timestamp, Option<Timestamp>),
        expires: Timestamp,
        offset_s: i64,
    ) -> Self {
        let wall = machine.wall().plus_secs(offset_s);
        let believed = (floor..=expires).contains(&wall) && Timestamp::in_range(wall.0).is_some();
        let wild = before.map_or(floor, |before| before.max(floor));
        let (anchored, quality) = if believed { (wall, Quality::Unsure) } else { (wild, Quality::Wild) };
        let state = State { anchor: uptime(&*machine), anchored, quality, uncertain_ms: None, shift_us: 0 };
        Self { machine, state: Arc::new(Mutex::new(state)) }
    }

    /// The time now. It runs on the clock of this boot: setting the machine's clock does not move it.
    pub fn read(&self) -> Reading {
        let state = self.state();
        let uptime = uptime(&*self.machine);
        let elapsed_us = i64::try_from(uptime.saturating_sub(state.anchor).as_micros()).unwrap_or(i64::MAX);
        let now = Timestamp(state.anchored.0.saturating_add(elapsed_us));
        Reading { now, quality: state.quality, uncertain_ms: state.uncertain_ms, uptime }
    }

    /// The cloud answered: it was `cloud` somewhere within the round trip that ended now.
    pub fn trust(&self, cloud: Timestamp, round_trip: Duration) {
        let half_us = i64::try_from(round_trip.as_micros() / 2).unwrap_or(0);
        let Some(told) = Timestamp::in_range(cloud.0.saturating_add(half_us)) else {
            return tracing::warn!(cloud = cloud.0, "the cloud tells a time outside the calendar");
        };
        let before = self.read().now;
        let mut state = self.state();
        if state.quality != Quality::Trusted {
            state.shift_us = told.since_us(before);
        }
        state.anchor = uptime(&*self.machine);
        state.anchored = told;
        state.quality = Quality::Trusted;
        state.uncertain_ms = Some(u32::try_from(half_us / 1_000).unwrap_or(u32::MAX).saturating_add(1));
    }

    /// By how much the clock was off when it was first compared in this boot, microseconds.
    pub fn shift_us(&self) -> i64 {
        self.state().shift_us
    }

    /// Names this boot of the machine.
    pub fn boot(&self) -> [u8; 16] {
        self.machine.boot()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a machine has been up.
pub(crate) fn uptime(machine: &dyn Machine) -> Duration {
    Duration::from_micros(u64::try_from(machine.boot_us()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Timestamp = Timestamp(i64::MAX);
    const NOW: Timestamp = Timestamp(1_800_000_000 * SECOND_US);

    /// A machine that stands still.
    struct Still;

    impl Machine for Still {
        fn wall(&self) -> Timestamp {
            NOW
        }

        fn boot_us(&self) -> i64 {
            7 * SECOND_US
        }

        fn boot(&self) -> [u8; 16] {
            [1; 16]
        }
    }

    fn start(floor: Timestamp, expires: Timestamp, offset_s: i64) -> DeviceTime {
        DeviceTime::start(Arc::new(Still), (floor, None), expires, offset_s)
    }

    #[test]
    fn a_machine_that_boots_in_the_past_starts_at_the_floor_and_is_wild() {
        let floor = NOW.plus_secs(1_000);
        let reading = start(floor, NEVER, 0).read();
        assert_eq!((reading.now, reading.quality), (floor, Quality::Wild));
    }

    #[test]
    fn the_clouds_time_is_trusted_and_may_lower_ours() {
        let time = start(Timestamp(0), NEVER, 1_000_000);
        let cloud = Timestamp::from_secs(1_000);
        time.trust(cloud, Duration::from_millis(10));
        let reading = time.read();
        assert_eq!(reading.quality, Quality::Trusted);
        assert_eq!((reading.now.since_us(cloud), reading.uncertain_ms), (5_000, Some(6)));
    }

    #[test]
    fn a_jump_past_the_certificates_expiry_or_the_calendar_is_not_believed() {
        let (floor, expires) = (NOW.plus_secs(-1_000), NOW.plus_secs(1_000));
        for offset_s in [2_000, i64::MAX, i64::MIN] {
            let reading = start(floor, expires, offset_s).read();
            assert_eq!((reading.now, reading.quality), (floor, Quality::Wild), "{offset_s}");
        }
        let time = start(floor, expires, 0);
        time.trust(Timestamp(i64::MAX), Duration::ZERO);
        assert_eq!(time.read().quality, Quality::Unsure);
    }

    #[test]
    fn a_real_machine_names_its_boot_and_its_clock_of_the_boot_never_falls() {
        let machine = SystemMachine::new();
        let (first, second) = (machine.boot_us(), machine.boot_us());
        assert!(0 < first && first <= second, "{first} {second}");
        if std::path::Path::new(BOOT_ID).exists() {
            assert_eq!(machine.boot(), SystemMachine::new().boot());
        }
        assert_ne!(machine.boot(), [0; 16]);
    }
}
