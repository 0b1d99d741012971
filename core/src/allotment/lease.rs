//! Leases: how long a device may use the rights it holds without being heard.
//!
//! The cloud says how long, counted by the holder from the moment it asked and by
//! the cloud from the moment it answered, so that the holder always stops first.
//! The holder counts on a clock that nobody can set; [`MARGIN`] covers that two
//! such clocks do not run alike. A restart takes that clock away, and with it the
//! lease, until somebody who knows the time says that it still runs.

use crate::time::{SECOND_US, Timestamp};
use minicbor::{Decode, Encode};

/// How long rights last after an event's end, seconds, so that a bar that never hears of the cloud
/// again sells to the last guest of a long night.
pub const AFTER_EVENT_S: i64 = 12 * 3600;
/// How long they last where nobody said when the event ends, seconds: a festival.
pub const WITHOUT_END_S: i64 = 7 * 24 * 3600;
/// One in this many parts is taken off the holder's time: 5 %, far beyond the drift of any clock that runs.
pub const MARGIN: i64 = 20;

/// A lease as its holder keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Lease {
    /// The boot in which it was given.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub boot: [u8; 16],
    /// Until when, on that boot's clock, microseconds.
    #[n(1)]
    pub until_boot_us: i64,
    /// Until when on the clock of whoever gave it.
    #[n(2)]
    pub until: Timestamp,
}

impl Lease {
    /// The lease that an answer gives: `seconds` from the moment that the holder asked, at `asked_us`
    /// of this boot. `now` is the answerer's time.
    pub fn given(seconds: u32, boot: [u8; 16], asked_us: i64, now: Timestamp) -> Self {
        let us = i64::from(seconds) * SECOND_US;
        let until_boot_us = asked_us.saturating_add(us - us / MARGIN);
        Self { boot, until_boot_us, until: now.plus_secs(i64::from(seconds)) }
    }

    /// Whether it runs at `boot_us` of `boot`.
    pub fn runs(&self, boot: [u8; 16], boot_us: i64) -> bool {
        self.boot == boot && boot_us < self.until_boot_us
    }

    /// The same lease after a restart, once somebody who knows the time said that it is `now`.
    #[must_use]
    pub fn resumed(&self, boot: [u8; 16], asked_us: i64, now: Timestamp) -> Self {
        let rest = self.until.since_us(now).max(0);
        Self { boot, until_boot_us: asked_us.saturating_add(rest - rest / MARGIN), until: self.until }
    }
}

/// How long a device may use its rights from `now`, seconds: until twelve hours after the event's end.
pub fn seconds(ends: Option<Timestamp>, now: Timestamp) -> u32 {
    let left = ends.map_or(WITHOUT_END_S, |ends| ends.since_us(now) / SECOND_US + AFTER_EVENT_S);
    u32::try_from(left.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: [u8; 16] = [1; 16];

    #[test]
    fn the_holder_stops_before_whoever_gave_it_counts_it_ended_even_with_a_slow_clock() {
        let lease = Lease::given(1_000, BOOT, 500 * SECOND_US, Timestamp::from_secs(90_000));
        assert!(lease.runs(BOOT, 500 * SECOND_US + 949 * SECOND_US));
        assert!(!lease.runs(BOOT, 500 * SECOND_US + 950 * SECOND_US));
        assert_eq!(lease.until, Timestamp::from_secs(91_000));
    }

    #[test]
    fn a_restart_ends_it_until_the_time_is_known_and_does_not_make_it_longer() {
        let lease = Lease::given(1_000, BOOT, 0, Timestamp::from_secs(0));
        let other = [2; 16];
        assert!(!lease.runs(other, 1));
        let resumed = lease.resumed(other, 7, Timestamp::from_secs(400));
        assert_eq!(resumed.until_boot_us, 7 + 570 * SECOND_US);
        assert!(!lease.resumed(other, 7, Timestamp::from_secs(1_000)).runs(other, 7));
    }

    #[test]
    fn rights_last_until_twelve_hours_after_the_end() {
        let ends = Some(Timestamp::from_secs(100));
        assert_eq!(seconds(ends, Timestamp::from_secs(40)), 60 + 12 * 3600);
        assert_eq!(seconds(ends, Timestamp::from_secs(200_000)), 0);
        assert_eq!(seconds(None, Timestamp(5)), 7 * 24 * 3600);
    }
}
