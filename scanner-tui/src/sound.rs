//! The bell: one ring come in, two used, three stop.
//!
//! Rings are spaced, because terminals merge bells that come together; a new verdict
//! silences the rest of the last one. Told the time, never waiting.

use crate::model::Millis;

/// Rings closer than this are heard as one on the terminals tried.
const APART_MS: Millis = 180;

/// Rings still to come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bells {
    left: u8,
    at: Millis,
}

impl Bells {
    /// Begins a rhythm, the first ring at once.
    pub fn ring(&mut self, times: u8, now: Millis) {
        *self = Self { left: times, at: now };
    }

    /// Whether to ring now.
    pub fn due(&mut self, now: Millis) -> bool {
        if self.left == 0 || now < self.at {
            return false;
        }
        self.left -= 1;
        self.at = now + APART_MS;
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

    #[test]
    fn three_rings_are_three_rings_apart() {
        let mut bells = Bells::default();
        bells.ring(3, 100);
        let mut rung = Vec::new();
        while let Some(at) = bells.next() {
            assert!(bells.due(at));
            assert!(!bells.due(at));
            rung.push(at);
        }
        assert_eq!(rung, [100, 280, 460]);
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
