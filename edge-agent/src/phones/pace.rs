//! How often a phone may ask: a bucket that fills with time.
//!
//! Time enters as an argument.

use std::time::{Duration, Instant};

/// A bucket of permissions.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    most: f64,
    left: f64,
    since: Option<Instant>,
}

impl Pace {
    /// So many a second, and at most so many at once.
    pub fn new(per_second: f64, most: f64) -> Self {
        Self { per_second, most, left: most, since: None }
    }

    /// Takes one; else says how long until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = self.since.replace(now).map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.left = (self.left + passed.as_secs_f64() * self.per_second).min(self.most);
        if self.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.left) / self.per_second));
        }
        self.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_too_often_waits_and_what_was_not_asked_is_saved_up_to_a_limit() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(10.0, 2.0);
        let mut check = |ms, expect: bool| assert_eq!(pace.take(at(ms)).is_ok(), expect, "{ms}");
        check(0, true);
        check(0, true);
        check(0, false);
        check(100, true);
        check(150, false);
        check(60_000, true);
        check(60_000, true);
        check(60_000, false);
        assert_eq!(pace.take(at(60_000)), Err(Duration::from_millis(100)));
    }
}
