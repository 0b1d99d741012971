//! The rows of a report: a tally for every five minutes, list, gate and product.
//!
//! Coarser tables are sums of these rows and nothing else, so that every table says
//! the same. Names are made unique here: two lists of one name stay two, and what
//! stands for no gate is called as no gate is.

use super::TallyView;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::catalogue::Catalogue;
use tidegate_core::id::{ListId, ProductId};
use tidegate_core::time::Timestamp;
use utoipa::ToSchema;

/// What stands in the place of a gate for those whom closing time sent home.
const CLOSING: &str = "closing time";

/// By which way somebody came or went.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// The gate, or the device where none was named.
    Named(String),
    /// None that anybody stands at: at closing time, whoever is inside has left.
    Closing,
}

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When the five minutes began, seconds since 1970.
    pub from: i64,
    /// The check-in list; none at a bar.
    pub list: Option<ListId>,
    /// By which way.
    pub gate: Gate,
    /// The product of the ticket, where a ticket was read.
    pub product: Option<ProductId>,
}

/// What is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The numbers.
    pub view: TallyView,
    /// Its refusals by code.
    pub codes: BTreeMap<String, u64>,
}

impl Tally {
    /// Its numbers.
    pub fn view(&self) -> TallyView {
        self.view
    }

    /// One more was refused.
    pub fn refuse(&mut self, code: &str) {
        self.view.refused += 1;
        match self.codes.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(self.codes.insert(code.to_owned(), 1)),
        }
    }

    fn add(&mut self, other: &Self) {
        self.view.entries += other.view.entries;
        self.view.exits += other.view.exits;
        self.view.overridden += other.view.overridden;
        self.view.refused += other.view.refused;
        for (code, count) in &other.codes {
            *self.codes.entry(code.clone()).or_default() += count;
        }
    }
}

/// What a table keeps apart beside the five minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// List, gate and product.
    #[default]
    All,
    /// The gate alone.
    Gate,
    /// The check-in list alone.
    List,
    /// The product of the ticket alone.
    Product,
    /// Every scan, in a row of its own: as CSV.
    Scan,
    /// Not even the five minutes: one number a row, with the bar's: as CSV.
    Total,
}

/// Five minutes of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Row {
    /// When they began, RFC 3339 UTC.
    pub from: String,
    /// Name of the check-in list; absent at a bar, and where lists are not kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The gate, or the device where none was named, or `closing time`; absent where gates are not kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// Product of the ticket; absent where none was read, and where products are not kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// What came, went and was turned away.
    #[serde(flatten)]
    pub tally: TallyView,
    /// The refusals by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, u64>,
    /// When they began, seconds since 1970.
    #[serde(skip)]
    pub from_s: i64,
}

/// Sums rows by a part of their key.
pub fn summed<K: Ord>(rows: &BTreeMap<Key, Tally>, part: impl Fn(&Key) -> K) -> BTreeMap<K, Tally> {
    let mut sums: BTreeMap<K, Tally> = BTreeMap::new();
    for (key, tally) in rows {
        sums.entry(part(key)).or_default().add(tally);
    }
    sums
}

/// The refusals by code.
pub fn codes(rows: &BTreeMap<Key, Tally>) -> BTreeMap<String, u64> {
    summed(rows, |_| ()).into_values().next().unwrap_or_default().codes
}

/// A key without the parts that are not kept apart.
type Coarse = (i64, Option<ListId>, Option<Gate>, Option<ProductId>);

/// The rows with names, as coarse as wanted.
pub fn named(rows: &BTreeMap<Key, Tally>, by: Grouping, names: &Names) -> Vec<Row> {
    let keeps = |one: Grouping| by == one || matches!(by, Grouping::All | Grouping::Scan | Grouping::Total);
    let (list, gate, product) = (keeps(Grouping::List), keeps(Grouping::Gate), keeps(Grouping::Product));
    let coarse = summed(rows, |key| {
        let gate = gate.then(|| key.gate.clone());
        (key.from, key.list.filter(|_| list), gate, key.product.filter(|_| product))
    });
    let closing = unlike(CLOSING, rows.keys().filter_map(|key| key.gate.name()));
    let row = |((from, list, gate, product), tally): (Coarse, Tally)| Row {
        from: Timestamp::from_secs(from).to_string(),
        list: list.map(|list| names.list(list)),
        gate: gate.map(|gate| gate.name().map_or_else(|| closing.clone(), str::to_owned)),
        product: product.map(|product| names.product(product)),
        tally: tally.view,
        codes: tally.codes,
        from_s: from,
    };
    coarse.into_iter().map(row).collect()
}

impl Gate {
    /// The name that people gave it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Closing => None,
        }
    }
}

/// A word of our own among names that people gave: in brackets where one of them is the same.
pub fn unlike<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> String {
    let (names, mut word): (BTreeSet<&str>, _) = (names.collect(), word.to_owned());
    while names.contains(word.as_str()) {
        word = format!("({word})");
    }
    word
}

/// The names of an event's lists and products, each once.
pub struct Names {
    lists: BTreeMap<ListId, String>,
    products: BTreeMap<ProductId, String>,
}

impl Names {
    /// As the catalogue has them.
    pub fn of(catalogue: &Catalogue) -> Self {
        Self {
            lists: unique(catalogue.lists.values().map(|list| (list.id, list.name.as_str()))),
            products: unique(catalogue.products.values().map(|product| (product.id, product.name.as_str()))),
        }
    }

    /// A list's name, or its number where it has none here.
    pub fn list(&self, id: ListId) -> String {
        self.lists.get(&id).cloned().unwrap_or_else(|| format!("list {id}"))
    }

    /// A product's name, or its number where it has none here.
    pub fn product(&self, id: ProductId) -> String {
        self.products.get(&id).cloned().unwrap_or_else(|| format!("product {id}"))
    }
}

/// A name that others bear too gets its number behind it.
fn unique<'n, I>(all: impl Iterator<Item = (I, &'n str)> + Clone) -> BTreeMap<I, String>
where
    I: Ord + std::fmt::Display,
{
    let mut bearers: BTreeMap<&str, u32> = BTreeMap::new();
    all.clone().for_each(|(_, name)| *bearers.entry(name).or_default() += 1);
    let label = |id: &I, name: &str| match bearers.get(name) {
        Some(2..) => format!("{name} (no. {id})"),
        _ => name.to_owned(),
    };
    all.map(|(id, name)| (label(&id, name), id)).map(|(name, id)| (id, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_name_are_told_apart_by_their_numbers() {
        let names = unique([(1, "Door"), (2, "Door"), (3, "Bar")].into_iter());
        assert_eq!(names.into_values().collect::<Vec<_>>(), ["Door (no. 1)", "Door (no. 2)", "Bar"]);
    }

    #[test]
    fn a_gate_that_is_called_like_closing_time_is_not_taken_for_it() {
        let check = |gate: &str, expect: &[&str]| {
            let key = |gate| Key { from: 0, list: None, gate, product: None };
            let rows = [key(Gate::Named(gate.into())), key(Gate::Closing)].map(|key| (key, Tally::default()));
            let names = Names { lists: BTreeMap::new(), products: BTreeMap::new() };
            let rows = named(&rows.into(), Grouping::Gate, &names);
            assert_eq!(rows.iter().filter_map(|row| row.gate.as_deref()).collect::<Vec<_>>(), expect);
        };
        check("North", &["North", "closing time"]);
        check("closing time", &["closing time", "(closing time)"]);
        check("(closing time)", &["(closing time)", "closing time"]);
    }

    #[test]
    fn coarser_rows_are_sums_of_the_fine_ones() {
        let named = |gate: &str| Gate::Named(gate.into());
        let key =
            |from, gate: &str, list| Key { from, list: Some(ListId(list)), gate: named(gate), product: None };
        let mut rows: BTreeMap<Key, Tally> = BTreeMap::new();
        for (from, gate, list) in [(0, "A", 1), (0, "A", 2), (0, "B", 1), (300, "A", 1)] {
            let tally = rows.entry(key(from, gate, list)).or_default();
            tally.view.entries += 1;
            tally.refuse("used");
        }
        let names = Names { lists: BTreeMap::new(), products: BTreeMap::new() };
        let gates = super::named(&rows, Grouping::Gate, &names);
        let seen: Vec<_> = gates.iter().map(|row| (row.from_s, row.gate.as_deref(), row.tally.entries)).collect();
        assert_eq!(seen, [(0, Some("A"), 2), (0, Some("B"), 1), (300, Some("A"), 1)]);
        assert_eq!(codes(&rows), BTreeMap::from([("used".to_owned(), 4)]));
        assert!(gates.iter().all(|row| row.list.is_none() && row.codes["used"] == row.tally.refused));
    }
}
