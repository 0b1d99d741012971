//! The hybrid clock that orders entries, and how much a device's time is worth.
//!
//! A [`Clock`] never falls within a journal: each stamp is the later of the
//! device's time and one microsecond past the last stamp seen. Stamps of peers
//! are merged so that an answer sorts after what it answers, except wild ones:
//! a peer more than [`MAX_LEAD_US`] ahead of a trusted clock does not move ours.
//! (After Kulkarni et al., "Logical Physical Clocks", 2014, in one integer.)

use crate::time::{SECOND_US, Timestamp};
use minicbor::{Decode, Encode};

/// How far a peer's stamp may lead a device's time and still move its clock: a
/// minute is far above drift over a night and far below any window of an event.
pub const MAX_LEAD_US: i64 = 60 * SECOND_US;

/// What a device's time rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Quality {
    /// Compared with a signed cloud time in this boot.
    #[n(0)]
    Trusted,
    /// The machine's own clock, never compared.
    #[n(1)]
    Unsure,
    /// Known to be wrong: below the floor on disk, or past the certificate's expiry.
    #[n(2)]
    Wild,
}

/// The hybrid clock of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Clock {
    last: Timestamp,
}

impl Clock {
    /// The clock of a journal whose newest stamp is `last`.
    pub fn resume(last: Timestamp) -> Self {
        Self { last }
    }

    /// The stamp of an entry written when the device's time is `now`.
    pub fn stamp(&mut self, now: Timestamp) -> Timestamp {
        self.last = now.max(Timestamp(self.last.0.saturating_add(1)));
        self.last
    }

    /// Merges a peer's stamp. One that is far ahead leaves this clock alone, unless the peer's time is
    /// trusted and ours is not: then ours is the wrong one, and must sort after what it answers.
    pub fn merge(&mut self, theirs: Timestamp, their_quality: Quality, now: Timestamp, quality: Quality) {
        let surer = their_quality == Quality::Trusted && quality != Quality::Trusted;
        if surer || theirs.since_us(now) <= MAX_LEAD_US {
            self.last = self.last.max(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_never_fall_when_the_machines_time_does() {
        let mut clock = Clock::default();
        assert_eq!(clock.stamp(Timestamp(100)), Timestamp(100));
        assert_eq!(clock.stamp(Timestamp(50)), Timestamp(101));
        assert_eq!(clock.stamp(Timestamp(200)), Timestamp(200));
    }

    #[test]
    fn an_answer_sorts_after_what_it_answers_but_a_wild_peer_moves_nothing() {
        let mut clock = Clock::default();
        clock.merge(Timestamp(500), Quality::Unsure, Timestamp(100), Quality::Trusted);
        assert_eq!(clock.stamp(Timestamp(100)), Timestamp(501));
        clock.merge(Timestamp(MAX_LEAD_US + 1_000), Quality::Trusted, Timestamp(100), Quality::Trusted);
        assert_eq!(clock.stamp(Timestamp(100)), Timestamp(502));
    }

    #[test]
    fn a_clock_that_is_not_trusted_follows_one_that_is_and_no_wild_one() {
        let mut clock = Clock::default();
        clock.merge(Timestamp(MAX_LEAD_US * 99), Quality::Wild, Timestamp(100), Quality::Unsure);
        clock.merge(Timestamp(MAX_LEAD_US * 9), Quality::Trusted, Timestamp(100), Quality::Wild);
        assert_eq!(clock.stamp(Timestamp(100)), Timestamp(MAX_LEAD_US * 9 + 1));
    }
}
