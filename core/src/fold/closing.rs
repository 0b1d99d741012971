//! Closing time: at a list's hour, everybody inside has left.
//!
//! Nobody writes these exits. They follow from the admissions and the list alone,
//! so that however many devices see a closing time, each person leaves once, at
//! the due time, and the same everywhere.

use crate::time::{Timestamp, Zone};

/// A list's closing times: a first one, then daily at that hour on the venue's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    first: Timestamp,
    zone: Zone,
}

impl Closing {
    /// Closing times that begin with `first`.
    pub fn new(first: Timestamp, zone: Zone) -> Self {
        Self { first, zone }
    }

    /// The first closing time after `at`: when somebody who comes in at `at` and stays is taken to
    /// have left. Whoever comes in at the very moment is in until the next.
    pub fn after(&self, at: Timestamp) -> Timestamp {
        if at < self.first {
            return self.first;
        }
        // Two days reach over any change of the clocks, whichever way it goes.
        let days = self.zone.days_between(self.first, at);
        let due = (days - 1..=days + 2).map(|day| self.zone.same_hour(self.first, day)).find(|due| *due > at);
        due.unwrap_or_else(|| at.plus_secs(24 * 60 * 60)) // beyond the years that have a calendar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &str, at: &str, expect: &str) {
        let instant = |text: &str| Timestamp::parse(text).unwrap();
        let closing = Closing::new(instant(first), Zone::parse("Europe/Berlin").unwrap());
        assert_eq!(closing.after(instant(at)), instant(expect), "{first} after {at}");
    }

    #[test]
    fn closing_times_come_daily_at_the_same_local_hour() {
        let first = "2020-01-02T03:00:00+01:00";
        check(first, "2020-01-01T10:00:00+01:00", first);
        check(first, "2020-01-02T02:59:59+01:00", first);
        check(first, "2020-01-02T03:00:00+01:00", "2020-01-03T03:00:00+01:00");
        check(first, "2020-01-05T12:00:00+01:00", "2020-01-06T03:00:00+01:00");
    }

    #[test]
    fn the_hour_stays_when_the_clocks_change() {
        let first = "2020-03-20T03:30:00+01:00";
        check(first, "2020-03-30T12:00:00+02:00", "2020-03-31T03:30:00+02:00");
        check("2020-10-20T03:30:00+02:00", "2020-10-26T12:00:00+01:00", "2020-10-27T03:30:00+01:00");
    }

    #[test]
    fn an_hour_that_the_clocks_skip_comes_later_that_night_and_is_back_the_next() {
        let first = "2020-03-20T02:30:00+01:00";
        check(first, "2020-03-28T12:00:00+01:00", "2020-03-29T03:30:00+02:00");
        check(first, "2020-03-29T03:30:00+02:00", "2020-03-30T02:30:00+02:00");
    }

    #[test]
    fn an_hour_that_comes_twice_closes_the_first_time() {
        let first = "2020-10-20T02:30:00+02:00";
        check(first, "2020-10-24T12:00:00+02:00", "2020-10-25T02:30:00+02:00");
        check(first, "2020-10-25T02:30:00+02:00", "2020-10-26T02:30:00+01:00");
    }
}
