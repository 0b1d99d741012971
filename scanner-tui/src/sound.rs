//! The bell: one ring come in, two used, three stop, two and two wait.
//!
//! Rings are spaced, because terminals merge bells that come together; a new verdict
//! silences the rest of the last one. Told the time, never waiting.

use crate::model::Millis;

/// Rings closer than this are heard as one on the terminals tried.
const APART_MS: Millis = 180;
/// Between two pairs: long enough that nobody counts to four.
const PAIRS_APART_MS: Millis = 500;
/// So many rings come as two pairs.
const TWO_PAIRS: u8 = 4;

/// Rings still to come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bells {
    all: u8,
    left: u8,
    at: Millis,
}

impl Bells {
    /// Begins a rhythm, the first ring at once.
    pub fn ring(&mut self, times: u8, now: Millis) {
        *self = Self { all: times, left: times, at: now };
    }

    /// Whether to ring now.
    pub fn due(&mut self, now: Millis) -> bool {
        if self.left == 0 || now < self.at {
            return false;
        }
        self.left -= 1;
        let between_pairs = self.all == TWO_PAIRS && self.left == TWO_PAIRS / 2;
        self.at = now + if between_pairs { PAIRS_APART_MS } else { APART_MS };
        true
    }

    /// When the next ring is due.
    pub fn next(&self) -> Option<Millis> {
        (self.left > 0).then_some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(times: u8, expect: &[Millis]) {
        let mut bells = Bells::default();
        bells.ring(times, 100);
        let mut rung = Vec::new();
        while let Some(at) = bells.next() {
            assert!(bells.due(at));
            assert!(!bells.due(at));
            rung.push(at);
        }
        assert_eq!(rung, expect, "{times}");
    }

    #[test]
    fn three_rings_are_three_rings_apart_and_four_are_two_pairs() {
        check(3, &[100, 280, 460]);
        check(4, &[100, 280, 780, 960]);
    }

    #[test]
    fn a_new_verdict_silences_the_last_one() {
        let mut bells = Bells::default();
        bells.ring(3, 0);
        assert!(bells.due(0));
        bells.ring(1, 50);
        assert!(bells.due(50));
        assert_eq!(bells.next(), None);
    }
}
