//! SAME: one code staying in front of one lane is one scan.
//!
//! Keeps true: a code is the same while it stays in view and for `SAME_FOR` after it was last
//! seen on this lane; each sighting prolongs it. Time enters as an argument. It knows one lane and
//! nothing of verdicts: what a second scan means is the decision's business.

use std::time::{Duration, Instant};

/// How long after its last sighting a code still counts as the one that was there.
pub const SAME_FOR: Duration = Duration::from_secs(5);
/// Codes remembered at once; a lane sees a few in five seconds, a hostile picture many.
const MAX_HELD: usize = 64;

/// The codes in front of one lane.
#[derive(Debug, Default)]
pub struct Same {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    text: String,
    first: Instant,
    last: Instant,
}

impl Same {
    /// Notes a sighting. `None` for a code that is new here, otherwise how long ago it came.
    pub fn sight(&mut self, text: &str, now: Instant) -> Option<Duration> {
        self.held.retain(|h| now.saturating_duration_since(h.last) <= SAME_FOR);
        if let Some(held) = self.held.iter_mut().find(|h| h.text == text) {
            held.last = now;
            return Some(now.saturating_duration_since(held.first));
        }
        if self.held.len() >= MAX_HELD {
            self.held.remove(0);
        }
        self.held.push(Held { text: text.to_owned(), first: now, last: now });
        None
    }

    /// Whether a code is still the one that was there.
    pub fn holds(&self, text: &str, now: Instant) -> bool {
        self.held.iter().any(|h| h.text == text && now.saturating_duration_since(h.last) <= SAME_FOR)
    }

    /// Makes the next sighting of a code a scan again, as after an undo.
    pub fn forget(&mut self, text: &str) {
        self.held.retain(|h| h.text != text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        use std::sync::LazyLock;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        *START + Duration::from_millis(ms)
    }

    #[test]
    fn a_code_is_new_once_and_then_the_same_while_it_stays() {
        let mut same = Same::default();
        assert_eq!(same.sight("A", at(0)), None);
        for ms in (100..60_000).step_by(4_900) {
            assert_eq!(same.sight("A", at(ms)), Some(Duration::from_millis(ms)));
        }
    }

    #[test]
    fn five_seconds_after_it_was_last_seen_it_is_new() {
        let mut same = Same::default();
        same.sight("A", at(0));
        same.sight("A", at(3_000));
        assert!(same.sight("A", at(8_000)).is_some());
        assert_eq!(same.sight("A", at(13_001)), None);
    }

    #[test]
    fn another_code_in_between_does_not_make_the_first_new() {
        let mut same = Same::default();
        same.sight("A", at(0));
        assert_eq!(same.sight("B", at(1_000)), None);
        assert!(same.sight("A", at(2_000)).is_some());
    }

    #[test]
    fn a_forgotten_code_is_new() {
        let mut same = Same::default();
        same.sight("A", at(0));
        same.forget("A");
        assert_eq!(same.sight("A", at(1)), None);
    }

    #[test]
    fn it_holds_no_more_than_its_limit() {
        let mut same = Same::default();
        for i in 0..1_000 {
            same.sight(&i.to_string(), at(0));
        }
        assert_eq!(same.held.len(), MAX_HELD);
        assert!(same.sight("999", at(1)).is_some());
    }

    #[test]
    fn a_clock_that_steps_back_makes_nothing_new() {
        let mut same = Same::default();
        same.sight("A", at(9_000));
        assert_eq!(same.sight("A", at(1_000)), Some(Duration::ZERO));
    }
}
