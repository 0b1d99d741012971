//! Arrivals as series: for each gate, list or product a number per five minutes.
//!
//! What is drawn and what stands in a workbook's columns is limited; the smallest
//! series beyond the limit go together, so that the sum stays what it is. What goes
//! together is called as nothing of its own is.

use super::Attendance;
use super::rows::{Grouping, Row, unlike};
use std::collections::BTreeMap;

/// What stands for the series beyond the limit.
const OTHERS: &str = "others";
/// What stands for those of whom it is not known.
const UNKNOWN: &str = "unknown";

/// Arrivals by five minutes and name.
pub struct Series {
    /// The names, the largest first.
    pub names: Vec<String>,
    /// How many came under each name, in the order of the names.
    pub sums: Vec<u64>,
    /// When five minutes began, seconds since 1970, and how many came under each name.
    pub points: BTreeMap<i64, Vec<u64>>,
}

impl Series {
    /// The arrivals of a report, in at most `limit` series.
    pub fn of(report: &Attendance, by: Grouping, limit: usize) -> Self {
        let came: Vec<&Row> = report.rows.iter().filter(|row| row.tally.entries > 0).collect();
        let mut sizes: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        came.iter().for_each(|row| *sizes.entry(name(row, by)).or_default() += row.tally.entries);
        let called = |word: &str| unlike(word, came.iter().filter_map(|row| name(row, by)));
        let mut sizes: Vec<(Option<&str>, u64)> = sizes.into_iter().collect();
        sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let shown = if sizes.len() > limit { limit.saturating_sub(1) } else { sizes.len() };
        let (own, rest) = sizes.split_at(shown);
        let label = |name: Option<&str>| name.map_or_else(|| called(UNKNOWN), str::to_owned);
        let mut names: Vec<String> = own.iter().map(|(name, _)| label(*name)).collect();
        let mut sums: Vec<u64> = own.iter().map(|(_, size)| *size).collect();
        if !rest.is_empty() {
            names.push(called(OTHERS));
            sums.push(rest.iter().map(|(_, size)| size).sum());
        }
        let places: BTreeMap<Option<&str>, usize> =
            own.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
        let mut points: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for row in &came {
            let point = points.entry(row.from_s).or_insert_with(|| vec![0; sums.len()]);
            if let Some(count) = point.get_mut(places.get(&name(row, by)).copied().unwrap_or(shown)) {
                *count += row.tally.entries;
            }
        }
        Self { names, sums, points }
    }
}

fn name(row: &Row, by: Grouping) -> Option<&str> {
    match by {
        Grouping::List => row.list.as_deref(),
        Grouping::Product => row.product.as_deref(),
        Grouping::Gate | Grouping::All | Grouping::Scan | Grouping::Total => row.gate.as_deref(),
    }
}
