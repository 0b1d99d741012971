//! Days, weekdays and times of day on the venue's clock.
//!
//! A time that a spring day skips moves forward by the gap; one that an autumn
//! day has twice is the first of the two.

use super::{RANGE_US, Timestamp, Zone};
use jiff::civil;

/// A calendar day at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDay(civil::Date);

/// A time of day, whichever day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(civil::Time);

/// A day and a time on the venue's clock, without saying which zone that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(civil::DateTime);

/// Years whose every local time is an instant that we can name.
const LOCAL_YEARS: std::ops::Range<i16> = 1901..2199;

impl TimeOfDay {
    /// Parses `HH:MM` or `HH:MM:SS`.
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.as_bytes().get(2) == Some(&b':');
        text.parse().ok().filter(|_| shaped).map(Self)
    }
}

impl LocalTime {
    /// Parses `YYYY-MM-DDTHH:MM:SS`, seconds or the whole time left out or not; `None` outside 1901 to 2198.
    pub fn parse(text: &str) -> Option<Self> {
        let time: civil::DateTime = text.parse().ok()?;
        LOCAL_YEARS.contains(&time.year()).then_some(Self(time))
    }

    /// The instant at which the zone's clocks show it.
    pub fn instant(self, zone: &Zone) -> Timestamp {
        let found = zone.0.to_ambiguous_timestamp(self.0).compatible();
        Timestamp(found.map_or(0, |instant| instant.as_microsecond())) // inside LOCAL_YEARS there always is one
    }
}

impl Timestamp {
    /// The day it is at the venue.
    pub fn local_day(self, zone: &Zone) -> LocalDay {
        LocalDay(self.zoned(zone).date())
    }

    /// The weekday at the venue, 1 (Monday) to 7.
    pub fn iso_weekday(self, zone: &Zone) -> u8 {
        self.zoned(zone).weekday().to_monday_one_offset().unsigned_abs()
    }

    /// This time of day on the day it is at the venue.
    pub fn at_time_of_day(self, time: TimeOfDay, zone: &Zone) -> Self {
        LocalTime(self.zoned(zone).date().to_datetime(time.0)).instant(zone)
    }

    /// The instant so many microseconds later, kept inside what an instant may name.
    pub fn plus_us(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros).clamp(RANGE_US.start, RANGE_US.end - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Zone {
        Zone::parse("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_time_of_day_is_the_one_of_the_local_day() {
        let check = |now: &str, time: &str, expect: &str| {
            let time = TimeOfDay::parse(time).unwrap();
            assert_eq!(at(now).at_time_of_day(time, &berlin()), at(expect), "{now} {time:?}");
        };
        check("2020-01-01T10:00:00Z", "22:00", "2020-01-01T22:00:00+01:00");
        check("2020-01-01T23:30:00Z", "22:00:30", "2020-01-02T22:00:30+01:00"); // tomorrow there already
        check("2021-03-28T10:00:00Z", "02:30", "2021-03-28T03:30:00+02:00"); // skipped: moved forward
        check("2021-10-31T10:00:00Z", "02:30", "2021-10-31T02:30:00+02:00"); // twice: the first
    }

    #[test]
    fn days_and_weekdays_change_at_local_midnight() {
        let (eve, new_year) = (at("2019-12-31T22:59:59Z"), at("2019-12-31T23:00:00Z"));
        assert_ne!(eve.local_day(&berlin()), new_year.local_day(&berlin()));
        assert_eq!(eve.local_day(&Zone::utc()), new_year.local_day(&Zone::utc()));
        assert_eq!((eve.iso_weekday(&berlin()), new_year.iso_weekday(&berlin())), (2, 3));
        assert_eq!(at("2022-04-10T12:00:00Z").iso_weekday(&berlin()), 7);
    }

    #[test]
    fn local_times_are_read_with_and_without_their_lesser_parts() {
        let check = |text: &str, expect: &str| {
            assert_eq!(LocalTime::parse(text).map(|t| t.instant(&berlin())), Some(at(expect)), "{text}");
        };
        check("2020-07-01T12:00:00", "2020-07-01T12:00:00+02:00");
        check("2020-07-01T12:00", "2020-07-01T12:00:00+02:00");
        check("2020-07-01 12:00", "2020-07-01T12:00:00+02:00");
        check("2020-07-01", "2020-07-01T00:00:00+02:00");
        for text in ["", "noon", "2020-13-01", "1200-01-01T00:00:00", "9000-01-01T00:00:00"] {
            assert_eq!(LocalTime::parse(text), None, "{text}");
        }
        for text in ["", "24:00", "12", "1200", "T12:00", "12:60", "noon", "1:00"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
    }

    #[test]
    fn extremes_stay_in_range() {
        for extreme in [i64::MIN, i64::MAX] {
            let (instant, noon) = (Timestamp(extreme), TimeOfDay::parse("12:00").unwrap());
            assert!((1..=7).contains(&instant.iso_weekday(&berlin())));
            assert_ne!(instant.at_time_of_day(noon, &berlin()), Timestamp(0));
            assert_ne!(instant.plus_us(extreme), instant);
        }
    }
}
