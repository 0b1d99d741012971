//! What happened at an event: computed by folding every ticket from the entries.
//!
//! Nothing here is added up as entries come in; the report is the recount that the
//! totals are held against. One snapshot, one pass over the entries.

pub mod chart;
pub mod table;

use crate::app::App;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::events::EventRecord;
use crate::store::{Tx, books, journals};
use serde::Serialize;
use std::collections::BTreeMap;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::fold::{Act, TicketState, Way};
use tidegate_core::id::{DeviceId, ListId, ProductId, TicketId};
use tidegate_core::journal::Entry;
use tidegate_core::journal::kind::Kind;
use tidegate_core::time::{SECOND_US, Timestamp};
use utoipa::ToSchema;

/// Arrivals are counted by five minutes: short enough to see a queue, long enough to see a curve.
pub const BUCKET_S: i64 = 300;
/// Entries read at once: some megabytes.
const CHUNK: u64 = 10_000;

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
    /// By check-in list.
    pub lists: Vec<ListCount>,
    /// By five minutes and gate.
    pub arrivals: Vec<Arrivals>,
    /// By code.
    pub refusals: Vec<Refusals>,
    /// By product and device.
    pub servings: Vec<Servings>,
    /// By product.
    pub stock: Vec<Stock>,
    /// Acts too many.
    pub conflicts: u64,
}

/// A check-in list's numbers.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListCount {
    /// Its name.
    pub list: String,
    /// Its number.
    pub number: u16,
    /// Admissions that stand.
    pub entries: u64,
    /// Exits that stand.
    pub exits: u64,
    /// Tickets inside.
    pub inside: u64,
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

/// Everything counted, with numbers for names.
#[derive(Default)]
struct Counted {
    lists: BTreeMap<ListId, (u64, u64, u64)>,
    arrivals: BTreeMap<(i64, String), u64>,
    refusals: BTreeMap<String, u64>,
    servings: BTreeMap<(ProductId, DeviceId), i64>,
}

/// Counts an event.
pub async fn attendance(tx: &mut Tx, app: &App, event: &EventRecord) -> Result<Attendance, Fault> {
    let books = Books::open(tx, app, event.id).await?;
    let counted = count(tx, &books).await?;
    let rights = Desk::open(tx, app, event).await?.rights(tx).await?;
    let catalogue = &books.catalogue;
    let stock = catalogue.products.values().filter(|product| product.consumption).map(|product| {
        let served = counted.servings.iter().filter(|((p, _), _)| *p == product.id).map(|(_, units)| units).sum();
        let restocked = rights.restocked(product.id);
        Stock { product: product.name.clone(), restocked, served, left: restocked - served }
    });
    Ok(Attendance {
        event: event.id.to_string(),
        name: event.name.clone(),
        timezone: event.timezone.clone(),
        at: app.now().to_string(),
        lists: lists(catalogue, &counted),
        arrivals: counted.arrivals.iter().map(arrivals).collect(),
        refusals: counted
            .refusals
            .iter()
            .map(|(code, count)| Refusals { code: code.clone(), count: *count })
            .collect(),
        servings: counted.servings.iter().map(|(by, units)| servings(catalogue, by, *units)).collect(),
        stock: stock.collect(),
        conflicts: books::conflict_count(tx, event.id).await?,
    })
}

fn lists(catalogue: &Catalogue, counted: &Counted) -> Vec<ListCount> {
    let count = |list: &tidegate_core::catalogue::CheckInList| {
        let (entries, exits, inside) = counted.lists.get(&list.id).copied().unwrap_or_default();
        ListCount { list: list.name.clone(), number: list.id.0, entries, exits, inside }
    };
    catalogue.lists.values().map(count).collect()
}

fn arrivals(((from, gate), count): (&(i64, String), &u64)) -> Arrivals {
    Arrivals { from: Timestamp::from_secs(*from).to_string(), gate: gate.clone(), count: *count }
}

fn servings(catalogue: &Catalogue, (product, device): &(ProductId, DeviceId), units: i64) -> Servings {
    Servings { product: catalogue.product_name(*product), device: catalogue.device_name(*device), units }
}

async fn count(tx: &mut Tx, books: &Books<'_>) -> Result<Counted, Fault> {
    let mut counted = Counted::default();
    let mut acts: BTreeMap<TicketId, Vec<Act>> = BTreeMap::new();
    for journal in books.journals.values() {
        let Some(author) = books.author(journal.id) else { continue };
        let mut place = 0;
        while place < journal.entries {
            let entries = journals::after(tx, books.event, journal.id, place, CHUNK).await?;
            place = entries.last().map_or(journal.entries, |entry| entry.id.sequence);
            for record in entries.into_iter().filter(|record| record.counts) {
                let Some(entry) = Entry::from_bytes(&record.body) else { continue };
                if let Kind::Refusal(refusal) = &entry.kind {
                    *counted.refusals.entry(refusal.code.clone()).or_default() += 1;
                }
                if let Some((ticket, act)) = Act::of(record.id, &entry, &author) {
                    acts.entry(ticket).or_default().push(act);
                }
            }
        }
    }
    for acts in acts.values() {
        counted.ticket(&TicketState::of(acts), &books.catalogue);
    }
    Ok(counted)
}

impl Counted {
    fn ticket(&mut self, state: &TicketState, catalogue: &Catalogue) {
        for (list, presence) in &state.lists {
            let (entries, exits, inside) = self.lists.entry(*list).or_default();
            *entries += presence.entries() as u64;
            *exits += presence.exits() as u64;
            *inside += u64::from(presence.inside());
            for passage in presence.passages.iter().filter(|passage| passage.way != Way::Out) {
                let from = passage.at.0.div_euclid(BUCKET_S * SECOND_US) * BUCKET_S;
                let device = || catalogue.device_name(passage.id.journal.device);
                let gate = passage.gate.clone().unwrap_or_else(device);
                *self.arrivals.entry((from, gate)).or_default() += 1;
            }
        }
        for serving in &state.servings {
            *self.servings.entry((serving.product, serving.id.journal.device)).or_default() += serving.units;
        }
    }
}
