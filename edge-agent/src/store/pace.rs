//! How fast this device uses what it holds: units by minute, over the last ten.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tidegate_core::allotment::lend::MEASURED_US;
use tidegate_core::journal::kind::Resource;

/// Over how long use is measured.
const MEASURED: Duration = Duration::from_micros(MEASURED_US as u64);
/// Into how much of it one number goes.
const MINUTE: Duration = Duration::from_secs(60);

/// Units used lately, by resource, on this boot's clock.
#[derive(Clone, Debug, Default)]
pub struct Paces(BTreeMap<Resource, VecDeque<(Duration, u32)>>);

impl Paces {
    /// Notes that units were used, or were wanted and not there.
    pub fn note(&mut self, of: Resource, units: u32, uptime: Duration) {
        let minutes = self.0.entry(of).or_default();
        match minutes.back_mut().filter(|(begun, _)| uptime.saturating_sub(*begun) < MINUTE) {
            Some((_, sum)) => *sum = sum.saturating_add(units),
            None => minutes.push_back((uptime, units)),
        }
        while minutes.front().is_some_and(|(begun, _)| uptime.saturating_sub(*begun) > MEASURED) {
            minutes.pop_front();
        }
    }

    /// Units used in the time that is measured.
    pub fn used(&self, of: Resource, uptime: Duration) -> u32 {
        let minutes = self.0.get(&of).into_iter().flatten();
        let lately = minutes.filter(|(begun, _)| uptime.saturating_sub(*begun) <= MEASURED);
        lately.fold(0, |sum, (_, units)| sum.saturating_add(*units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::id::ProductId;

    #[test]
    fn use_counts_for_ten_minutes_and_takes_a_number_a_minute() {
        let beer = Resource::Product(ProductId(1));
        let mut paces = Paces::default();
        (0..1_200).for_each(|second| paces.note(beer, 1, Duration::from_secs(second)));
        let at = |second| paces.used(beer, Duration::from_secs(second));
        assert_eq!(at(1_200), 600);
        assert_eq!(at(1_500), 300);
        assert_eq!(at(9_999), 0);
        assert!(paces.0[&beer].len() <= 11);
    }
}
