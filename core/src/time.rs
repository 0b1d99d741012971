//! Instants, windows and the venue's zone. No clock: "now" is an argument.
//!
//! Every instant is UTC in microseconds; days and hours exist only in the
//! venue's zone and only where a person or a rule reads them.

mod local;

pub use local::{LocalDay, LocalTime, TimeOfDay};

use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};
use std::fmt;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;

/// The years an instant may name in text or on the wire (1900 to 2200): what lies
/// outside is an error of its sender, and nothing here overflows inside it.
const RANGE_US: std::ops::Range<i64> = -2_208_988_800 * SECOND_US..7_258_118_400 * SECOND_US;

impl Timestamp {
    /// The instant this many whole seconds after 1970.
    pub fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND_US))
    }

    /// Whole seconds since 1970, rounded down.
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(SECOND_US)
    }

    /// The instant `seconds` later.
    pub fn plus_secs(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND_US)))
    }

    /// Microseconds from `earlier` to this; negative if it is before.
    pub fn since_us(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses RFC 3339 with any offset; `None` outside 1900 to 2200.
    pub fn parse(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        Self::in_range(instant.as_microsecond())
    }

    /// The instant with this many microseconds; `None` outside 1900 to 2200.
    pub fn in_range(micros: i64) -> Option<Self> {
        RANGE_US.contains(&micros).then_some(Self(micros))
    }

    /// `HH:MM` in the venue's zone.
    pub fn hour_minute(self, zone: &Zone) -> String {
        self.zoned(zone).strftime("%H:%M").to_string()
    }

    /// `19 Nov 14:02` in the venue's zone.
    pub fn day_hour_minute(self, zone: &Zone) -> String {
        self.zoned(zone).strftime("%-d %b %H:%M").to_string()
    }

    /// `YYYY-MM-DD` in the venue's zone.
    pub fn local_date(self, zone: &Zone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d").to_string()
    }

    /// Month, day of the month and hour in the venue's zone.
    pub fn month_day_hour(self, zone: &Zone) -> (i8, i8, i8) {
        let local = self.zoned(zone);
        (local.month(), local.day(), local.hour())
    }

    /// `YYYY-MM-DD HH:MM:SS` in the venue's zone, as spreadsheets read it.
    pub fn local_date_time(self, zone: &Zone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// What the venue's clock shows, as seconds since 1970-01-01T00:00 on that clock. It jumps where the clock does.
    pub fn wall_secs(self, zone: &Zone) -> i64 {
        self.as_secs().saturating_add(i64::from(self.zoned(zone).offset().seconds()))
    }

    fn zoned(self, zone: &Zone) -> jiff::Zoned {
        let clamped = self.0.clamp(RANGE_US.start, RANGE_US.end - 1);
        jiff::Timestamp::from_microsecond(clamped).unwrap_or_default().to_zoned(zone.0.clone())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clamped = self.0.clamp(RANGE_US.start, RANGE_US.end - 1);
        fmt::Display::fmt(&jiff::Timestamp::from_microsecond(clamped).unwrap_or_default(), f)
    }
}

/// The venue's time zone, from the bundled database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this IANA name.
    pub fn parse(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().filter(|z| z.iana_name().is_some()).map(Self)
    }

    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Local midnights between two instants; negative where `b` is on an earlier day.
    pub fn days_between(&self, a: Timestamp, b: Timestamp) -> i64 {
        let (a, b) = (a.zoned(self).date(), b.zoned(self).date());
        a.until(b).map_or(0, |span| i64::from(span.get_days())) // days is what dates count in
    }

    /// The hour of `at` on the local clock, `days` later: an hour that is skipped comes later that
    /// night, an hour that comes twice is its first.
    pub fn same_hour(&self, at: Timestamp, days: i64) -> Timestamp {
        let local = at.zoned(self).datetime();
        let moved = local.checked_add(jiff::Span::new().days(days.clamp(-MAX_DAYS, MAX_DAYS)));
        let there = moved.ok().and_then(|local| local.to_zoned(self.0.clone()).ok());
        there.map_or(at, |there| Timestamp(there.timestamp().as_microsecond()))
    }
}

/// Days in the years that an instant may name.
const MAX_DAYS: i64 = 300 * 366;

/// A span of validity; both ends belong to it, either may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Window {
    /// First instant inside.
    #[n(0)]
    pub from: Option<Timestamp>,
    /// Last instant inside.
    #[n(1)]
    pub until: Option<Timestamp>,
}

/// Where an instant lies relative to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Before it opens, at the instant given.
    Before(Timestamp),
    /// In it.
    Inside,
    /// After it closed, at the instant given.
    After(Timestamp),
}

impl Window {
    /// Where `at` lies.
    pub fn place(&self, at: Timestamp) -> Placed {
        match (self.from, self.until) {
            (Some(from), _) if at < from => Placed::Before(from),
            (_, Some(until)) if at > until => Placed::After(until),
            _ => Placed::Inside,
        }
    }

    /// Whether `at` lies within `margin_us` of either end.
    pub fn near_edge(&self, at: Timestamp, margin_us: i64) -> bool {
        [self.from, self.until].into_iter().flatten().any(|edge| edge.since_us(at).abs() <= margin_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_includes_both_ends() {
        let window = Window { from: Some(Timestamp(10)), until: Some(Timestamp(20)) };
        assert_eq!(window.place(Timestamp(9)), Placed::Before(Timestamp(10)));
        assert_eq!(window.place(Timestamp(10)), Placed::Inside);
        assert_eq!(window.place(Timestamp(20)), Placed::Inside);
        assert_eq!(window.place(Timestamp(21)), Placed::After(Timestamp(20)));
    }

    #[test]
    fn local_times_follow_the_zone_and_its_summer_time() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(Timestamp::parse("2026-01-10T19:14:00Z").unwrap().hour_minute(&zone), "20:14");
        assert_eq!(Timestamp::parse("2026-07-10T19:14:00Z").unwrap().hour_minute(&zone), "21:14");
        assert!(Zone::parse("Nowhere/Land").is_none());
    }

    #[test]
    fn the_wall_clock_jumps_where_the_venue_changes_it() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (before, after) = (at("2026-10-25T00:59:59Z"), at("2026-10-25T01:00:00Z"));
        assert_eq!(before.local_date_time(&zone), "2026-10-25 02:59:59");
        assert_eq!(after.local_date_time(&zone), "2026-10-25 02:00:00");
        assert_eq!(after.wall_secs(&zone) - before.wall_secs(&zone), 1 - 3_600);
        assert_eq!(at("2026-07-01T00:00:00Z").wall_secs(&zone), at("2026-07-01T02:00:00Z").as_secs());
    }

    #[test]
    fn instants_out_of_range_are_refused_and_extremes_still_print() {
        assert!(Timestamp::parse("2500-01-01T00:00:00Z").is_none());
        assert!(Timestamp::parse("soon").is_none());
        let zone = Zone::utc();
        for extreme in [i64::MIN, i64::MAX] {
            assert!(!Timestamp(extreme).hour_minute(&zone).is_empty());
            assert!(!Timestamp(extreme).to_string().is_empty());
        }
    }
}
