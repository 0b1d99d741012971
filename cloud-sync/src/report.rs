//! What happened at an event: computed by folding every ticket from the entries.
//!
//! Nothing here is added up as entries come in; the report is the recount that the
//! totals are held against. [`count`] reads one snapshot; this file gives what it
//! counted its names; [`export`] writes it as JSON, CSV, a workbook or a picture,
//! each with the same numbers. What was taken back is not counted.

pub mod chart;
pub mod command;
pub mod count;
pub mod export;
pub mod rows;
pub mod scans;
pub mod series;
pub mod table;
pub mod workbook;

use crate::app::App;
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::events::EventRecord;
use crate::store::{Tx, books};
use count::{Counted, Overridden};
use rows::{Gate, Grouping, Key, Names, Row, Tally};
use serde::Serialize;
use std::collections::BTreeMap;
use tidegate_core::allotment::Rights;
use tidegate_core::id::{DeviceId, ListId, ProductId};
use tidegate_core::journal::kind::Resource;
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Role;
use utoipa::ToSchema;

/// Everything is counted by five minutes: short enough to see a queue, long enough to see a curve.
pub const BUCKET_S: i64 = 300;

/// What happened at an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attendance {
    /// `evt_…`.
    pub event: String,
    /// Its name.
    pub name: String,
    /// IANA zone of the venue.
    pub timezone: String,
    /// When this was computed, RFC 3339 UTC.
    pub at: String,
    /// The check-in list that this is about, where it is about one; a bar belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// All of it together.
    pub totals: Totals,
    /// By check-in list.
    pub lists: Vec<ListCount>,
    /// By product of the ticket.
    pub products: Vec<ProductCount>,
    /// By five minutes, check-in list, gate and product of the ticket, or by fewer of them.
    pub rows: Vec<Row>,
    /// Entries by five minutes and gate.
    pub arrivals: Vec<Arrivals>,
    /// By code.
    pub refusals: Vec<Refusals>,
    /// By product and device.
    pub servings: Vec<Servings>,
    /// By product.
    pub stock: Vec<Stock>,
    /// What supervisors decided against the rule, oldest first.
    pub overrides: Vec<Decided>,
    /// By device.
    pub devices: Vec<DeviceCount>,
    /// Acts too many.
    pub conflicts: u64,
}

/// All of it together.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Totals {
    /// Entries and exits that stand, and refusals.
    #[serde(flatten)]
    pub tally: TallyView,
    /// Tickets inside, list by list.
    pub inside: u64,
    /// Units handed over.
    pub served: i64,
    /// Entries, exits and servings that were taken back, and are counted nowhere else.
    pub undone: u64,
}

/// What came in, went out and was turned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TallyView {
    /// Entries that stand.
    pub entries: u64,
    /// Exits that stand.
    pub exits: u64,
    /// How many of these entries and exits a supervisor decided.
    pub overridden: u64,
    /// Refusals and questions.
    pub refused: u64,
}

/// A check-in list's numbers.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListCount {
    /// Its name.
    pub list: String,
    /// Its number.
    pub number: u16,
    /// What came, went and was turned away there.
    #[serde(flatten)]
    pub tally: TallyView,
    /// Tickets inside.
    pub inside: u64,
}

/// The numbers of the tickets of a product.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductCount {
    /// Its name.
    pub product: String,
    /// Its number.
    pub number: u16,
    /// What came, went and was turned away with it.
    #[serde(flatten)]
    pub tally: TallyView,
}

/// Admissions of five minutes at a gate.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Arrivals {
    /// When the five minutes began, RFC 3339 UTC.
    pub from: String,
    /// The gate, or the device where none was named.
    pub gate: String,
    /// How many.
    pub count: u64,
}

/// Refusals and questions with one code.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusals {
    /// The verdict's code.
    pub code: String,
    /// How many.
    pub count: u64,
}

/// Units of a product that a device handed over.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Servings {
    /// Name of the product.
    pub product: String,
    /// Name of the device.
    pub device: String,
    /// How many units.
    pub units: i64,
}

/// Stock of a product.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stock {
    /// Name of the product.
    pub product: String,
    /// Units in all, ever.
    pub restocked: i64,
    /// Units handed over.
    pub served: i64,
    /// Units left, wherever they are.
    pub left: i64,
}

/// An entry or exit that a supervisor decided.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decided {
    /// The entry, `dev_…:incarnation:sequence`.
    pub entry: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// `entry` or `exit`.
    pub way: &'static str,
    /// `tkt_…`.
    pub ticket: String,
    /// Name of the check-in list.
    pub list: String,
    /// The gate, or the device where none was named.
    pub gate: String,
    /// Name of the device.
    pub device: String,
    /// Who decided.
    pub supervisor: String,
    /// Why.
    pub reason: String,
}

/// What a device wrote.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceCount {
    /// `dev_…`.
    pub id: String,
    /// What people call it.
    pub device: String,
    /// What it is for.
    pub role: Role,
    /// What came, went and was turned away at it.
    #[serde(flatten)]
    pub tally: TallyView,
    /// Units it handed over.
    pub served: i64,
    /// What of it was taken back.
    pub undone: u64,
    /// The clock of its last entry, RFC 3339 UTC; absent where it wrote none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<String>,
    /// Entries of its journals that are here.
    pub journal: u64,
    /// How many of them count; the others are evidence.
    pub counted: u64,
}

/// Counts an event, or one of its lists; `by` says what its rows keep apart.
pub async fn attendance(
    tx: &mut Tx,
    app: &App,
    event: &EventRecord,
    (only, by): (Option<ListId>, Grouping),
) -> Result<Attendance, Fault> {
    let mut books = Books::open(tx, app, event.id).await?;
    let law = books.law(tx).await?;
    let counted = count::count(tx, &books, only, app.now()).await?;
    let names = Names::of(&books.catalogue);
    let stock = match only {
        Some(_) => Vec::new(),
        None => stock(&books, &counted, &law.rights),
    };
    let of_lists = rows::summed(&counted.rows, |key| key.list);
    let of_products = rows::summed(&counted.rows, |key| key.product);
    let of_codes = rows::codes(&counted.rows);
    Ok(Attendance {
        event: event.id.to_string(),
        name: event.name.clone(),
        timezone: event.timezone.clone(),
        at: app.now().to_string(),
        list: only.map(|list| names.list(list)),
        totals: totals(&counted),
        lists: lists(&books, &names, (&counted, &of_lists), only),
        products: products(&books, &names, &of_products),
        rows: rows::named(&counted.rows, by, &names),
        arrivals: arrivals(&counted.rows),
        refusals: of_codes.into_iter().map(|(code, count)| Refusals { code, count }).collect(),
        servings: counted.servings.iter().map(|(by, units)| servings(&books, &names, by, *units)).collect(),
        stock,
        overrides: counted.overrides.iter().map(|one| decided(&books, &names, one)).collect(),
        devices: devices(&books, &counted),
        conflicts: conflicts(books::conflict_counts(tx, event.id).await?, only),
    })
}

fn totals(counted: &Counted) -> Totals {
    let all = rows::summed(&counted.rows, |_| ());
    Totals {
        tally: all.get(&()).map(Tally::view).unwrap_or_default(),
        inside: counted.inside.values().sum(),
        served: counted.servings.values().sum(),
        undone: counted.devices.values().map(|device| device.undone).sum(),
    }
}

/// Every list, and those that only entries name.
fn lists(
    books: &Books<'_>,
    names: &Names,
    (counted, tallies): (&Counted, &BTreeMap<Option<ListId>, Tally>),
    only: Option<ListId>,
) -> Vec<ListCount> {
    let mut known: Vec<ListId> = books.catalogue.lists.keys().copied().collect();
    known.extend(tallies.keys().flatten().filter(|list| !books.catalogue.lists.contains_key(list)));
    let of = |list: ListId| ListCount {
        list: names.list(list),
        number: list.0,
        tally: tallies.get(&Some(list)).map(Tally::view).unwrap_or_default(),
        inside: counted.inside.get(&list).copied().unwrap_or_default(),
    };
    known.into_iter().filter(|list| only.is_none_or(|only| only == *list)).map(of).collect()
}

/// Every product that lets somebody in, and those that only entries name.
fn products(books: &Books<'_>, names: &Names, tallies: &BTreeMap<Option<ProductId>, Tally>) -> Vec<ProductCount> {
    let catalogue = &books.catalogue.products;
    let tickets = catalogue.values().filter(|product| !product.consumption).map(|product| product.id);
    let mut known: Vec<ProductId> = tickets.collect();
    let named: Vec<ProductId> = tallies.keys().flatten().filter(|p| !known.contains(p)).copied().collect();
    known.extend(named);
    let of = |product: ProductId| ProductCount {
        product: names.product(product),
        number: product.0,
        tally: tallies.get(&Some(product)).map(Tally::view).unwrap_or_default(),
    };
    known.into_iter().map(of).collect()
}

fn arrivals(counted: &BTreeMap<Key, Tally>) -> Vec<Arrivals> {
    let by_gate = rows::summed(counted, |key| (key.from, key.gate.clone()));
    let came = by_gate.into_iter().filter(|(_, tally)| tally.view.entries > 0);
    let of = |((from, gate), tally): ((i64, Gate), Tally)| {
        let gate = gate.name()?.to_owned(); // nobody comes in at closing time
        Some(Arrivals { from: Timestamp::from_secs(from).to_string(), gate, count: tally.view.entries })
    };
    came.filter_map(of).collect()
}

fn servings(books: &Books<'_>, names: &Names, (product, device): &(ProductId, DeviceId), units: i64) -> Servings {
    Servings { product: names.product(*product), device: books.catalogue.device_name(*device), units }
}

fn stock(books: &Books<'_>, counted: &Counted, rights: &Rights) -> Vec<Stock> {
    let names = Names::of(&books.catalogue);
    let served = books.catalogue.products.values().filter(|product| product.consumption).map(|product| {
        let served = counted.servings.iter().filter(|((p, _), _)| *p == product.id).map(|(_, units)| units).sum();
        let restocked = rights.minted(Resource::Product(product.id));
        Stock { product: names.product(product.id), restocked, served, left: restocked - served }
    });
    served.collect()
}

fn decided(books: &Books<'_>, names: &Names, one: &Overridden) -> Decided {
    Decided {
        entry: one.id.to_string(),
        at: one.at.to_string(),
        way: if one.inward { "entry" } else { "exit" },
        ticket: one.ticket.to_string(),
        list: names.list(one.list),
        gate: one.gate.clone(),
        device: books.catalogue.device_name(one.id.journal.device),
        supervisor: one.by.supervisor.clone(),
        reason: one.by.reason.clone(),
    }
}

fn devices(books: &Books<'_>, counted: &Counted) -> Vec<DeviceCount> {
    let of = |device: &tidegate_core::catalogue::DeviceRow| {
        let did = counted.devices.get(&device.id).copied().unwrap_or_default();
        let journals: Vec<_> = books.journals.values().filter(|j| j.id.device == device.id).collect();
        let heard = journals.iter().filter(|j| j.entries > 0).map(|j| j.clock).max();
        DeviceCount {
            id: device.id.to_string(),
            device: device.name.clone(),
            role: device.role,
            tally: did.tally,
            served: did.served,
            undone: did.undone,
            heard_at: heard.map(|at| at.to_string()),
            journal: journals.iter().map(|j| j.all()).sum(),
            counted: journals.iter().map(|j| j.counted).sum(),
        }
    };
    books.catalogue.devices.values().map(of).collect()
}

fn conflicts(by_subject: Vec<(String, u64)>, only: Option<ListId>) -> u64 {
    let subject = only.map(|list| format!("entry/{list}"));
    by_subject.into_iter().filter(|(of, _)| subject.as_ref().is_none_or(|only| only == of)).map(|(_, n)| n).sum()
}
