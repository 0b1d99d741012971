//! A rule against the facts of one scan.
//!
//! A part that cannot be known makes the whole unknown only where it matters: a
//! false member decides an `and`, a true one an `or`, wherever it stands. Of two
//! gaps that matter the missing fact is named: with it the other may not matter.

use super::tree::{Choice, Moment, Node, Number, Tally};
use super::{Gap, RuleFacts};
use crate::time::{LocalDay, SECOND_US, Timestamp};
use std::collections::BTreeSet;

/// Microseconds in a minute.
pub(super) const MINUTE_US: i64 = 60 * SECOND_US;

impl Node {
    pub(super) fn evaluate(&self, facts: &RuleFacts<'_>) -> Result<bool, Gap> {
        match self {
            Self::Constant(truth) => Ok(*truth),
            Self::All(members) => until(members, false, facts),
            Self::Any(members) => until(members, true, facts),
            Self::Not(inner) => inner.evaluate(facts).map(|truth| !truth),
            Self::Compare { left, by, right } => Ok(by.holds(left.value(facts)?, right.value(facts)?)),
            Self::Before { left, right, tolerance_us } => {
                // Exact even where an instant plus a tolerance would leave the range of instants.
                let (left, right) = (left.instant(facts)?.0, right.instant(facts)?.0);
                Ok(left.saturating_sub(*tolerance_us) < right)
            }
            Self::OneOf(choice) => choice.holds(facts),
            Self::Present => facts.present.here(),
        }
    }
}

/// `decisive` if a member is; its opposite if all members are that.
fn until(members: &[Node], decisive: bool, facts: &RuleFacts<'_>) -> Result<bool, Gap> {
    let mut gap = None;
    for member in members {
        match member.evaluate(facts) {
            Ok(truth) if truth == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(found) => gap = gap.max(Some(found)),
        }
    }
    gap.map_or(Ok(!decisive), Err)
}

impl Choice {
    fn holds(&self, facts: &RuleFacts<'_>) -> Result<bool, Gap> {
        match self {
            Self::Products(products) => Ok(products.contains(&facts.product)),
            Self::Variations(variations) => {
                facts.variation.here().map(|variation| variation.is_some_and(|v| variations.contains(&v)))
            }
            Self::Gates(gates) => Ok(facts.gate.is_some_and(|gate| gates.iter().any(|g| g == gate))),
        }
    }
}

impl Number {
    pub(super) fn value(&self, facts: &RuleFacts<'_>) -> Result<f64, Gap> {
        match self {
            Self::Literal(value) => Ok(*value),
            Self::Weekday => Ok(f64::from(facts.at.here()?.iso_weekday(facts.zone))),
            Self::MinutesSinceFirst => Ok(facts.minutes_since(facts.first_entry())? as f64),
            Self::MinutesSinceLast => Ok(facts.minutes_since(facts.last_entry())? as f64),
            Self::Count(tally) => Ok(tally.count(facts)? as f64),
        }
    }
}

impl Tally {
    pub(super) fn count(&self, facts: &RuleFacts<'_>) -> Result<usize, Gap> {
        let entries = || facts.entries.iter().copied();
        let day = |entry: Timestamp| entry.local_day(facts.zone);
        Ok(match self {
            Self::Entries => facts.entries.len(),
            Self::Today => {
                let today = day(facts.at.here()?);
                entries().filter(|entry| day(*entry) == today).count()
            }
            Self::Days => distinct(entries().map(day)),
            Self::Since(time) => {
                let since = time.instant(facts)?;
                entries().filter(|entry| *entry >= since).count()
            }
            Self::Before(time) => {
                let before = time.instant(facts)?;
                entries().filter(|entry| *entry < before).count()
            }
            Self::DaysSince(time) => {
                let since = time.instant(facts)?;
                distinct(entries().filter(|entry| *entry >= since).map(day))
            }
            Self::DaysBefore(time) => {
                let before = time.instant(facts)?;
                distinct(entries().filter(|entry| *entry < before).map(day))
            }
        })
    }
}

fn distinct(days: impl Iterator<Item = LocalDay>) -> usize {
    days.collect::<BTreeSet<_>>().len()
}

impl Moment {
    pub(super) fn instant(&self, facts: &RuleFacts<'_>) -> Result<Timestamp, Gap> {
        match self {
            Self::Now => facts.at.here(),
            Self::Instant(instant) => Ok(*instant),
            Self::Local(local) => Ok(local.instant(facts.zone)),
            Self::Today(time) => Ok(facts.at.here()?.at_time_of_day(*time, facts.zone)),
            Self::Starts => facts.span.here()?.starts.ok_or(Gap::Undefined),
            Self::Doors => facts.span.here()?.doors().ok_or(Gap::Undefined),
            Self::Ends => facts.span.here()?.ends.ok_or(Gap::Undefined),
        }
    }
}

impl RuleFacts<'_> {
    pub(super) fn first_entry(&self) -> Option<Timestamp> {
        self.entries.iter().min().copied()
    }

    pub(super) fn last_entry(&self) -> Option<Timestamp> {
        self.entries.iter().max().copied()
    }

    /// Whole minutes since an entry; −1 where there is none, and only there: an
    /// entry that lies after the scan's own time was no minute ago.
    pub(super) fn minutes_since(&self, entry: Option<Timestamp>) -> Result<i64, Gap> {
        let Some(entry) = entry else { return Ok(-1) };
        Ok(self.at.here()?.since_us(entry).div_euclid(MINUTE_US).max(0))
    }
}
