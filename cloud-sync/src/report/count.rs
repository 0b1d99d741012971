//! Counting: one snapshot, ticket by ticket, in bounded memory.
//!
//! Acts are read in the order of their tickets, so that some thousand acts are held
//! at a time; the law in core folds them and says what stands. What has no ticket's
//! state to change, such as refusals, is read after that. What is held meanwhile
//! grows with gates, lists, products and five minutes, not with entries; only the
//! products of the event's tickets and the acts taken back are held one by one.

use super::BUCKET_S;
use super::rows::{Gate, Key, Tally};
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::pages::{self, ByTicket, CHUNK};
use crate::store::{Tx, tickets};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegate_core::fold::{Act, Passage, TicketState, Way};
use tidegate_core::id::{DeviceId, ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{Kind, Override};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::time::{SECOND_US, Timestamp};

/// Everything counted, with numbers for names.
#[derive(Default)]
pub struct Counted {
    /// By five minutes, list, gate and product.
    pub rows: BTreeMap<Key, Tally>,
    /// Tickets inside, by list.
    pub inside: BTreeMap<ListId, u64>,
    /// Units by product and device.
    pub servings: BTreeMap<(ProductId, DeviceId), i64>,
    /// What supervisors decided, oldest first.
    pub overrides: Vec<Overridden>,
    /// By device.
    pub devices: BTreeMap<DeviceId, Did>,
}

/// What a device did.
#[derive(Clone, Copy, Default)]
pub struct Did {
    /// What came, went and was turned away at it.
    pub tally: super::TallyView,
    /// Units it handed over.
    pub served: i64,
    /// What of it was taken back.
    pub undone: u64,
}

/// An entry or exit that a supervisor decided.
pub struct Overridden {
    /// Which.
    pub id: EntryRef,
    /// When.
    pub at: Timestamp,
    /// In, not out.
    pub inward: bool,
    /// Which ticket.
    pub ticket: TicketId,
    /// On which list.
    pub list: ListId,
    /// By which gate.
    pub gate: String,
    /// Who and why.
    pub by: Override,
}

/// What is asked again and again while entries are read.
pub struct Reader<'a> {
    /// The event's books.
    pub books: &'a Books<'a>,
    products: HashMap<TicketId, Option<ProductId>>,
}

impl<'a> Reader<'a> {
    /// Opens the books for reading.
    pub async fn open(tx: &mut Tx, books: &'a Books<'a>) -> Result<Self, Fault> {
        let products = tickets::products(tx, books.event).await?;
        Ok(Self { books, products: products.into_iter().map(|(id, of)| (id, Some(of))).collect() })
    }

    /// What a ticket is of: as the office knows it, or as its newest code says.
    pub async fn product(&mut self, tx: &mut Tx, ticket: TicketId) -> Result<Option<ProductId>, Fault> {
        if let Some(product) = self.products.get(&ticket) {
            return Ok(*product);
        }
        let product = self.books.newest_code(tx, ticket).await?.map(|code| code.product);
        self.products.insert(ticket, product);
        Ok(product)
    }

    /// The gate, or the device where none was named.
    pub fn gate(&self, gate: Option<&str>, id: &EntryRef) -> String {
        gate.map(str::to_owned).unwrap_or_else(|| self.books.catalogue.device_name(id.journal.device))
    }
}

/// One ticket's acts, while they are together.
#[derive(Default)]
struct Held {
    acts: Vec<Act>,
    kinds: BTreeMap<EntryRef, Kind>,
}

/// Counts an event, or one of its lists.
pub async fn count(
    tx: &mut Tx,
    books: &Books<'_>,
    only: Option<ListId>,
    now: Timestamp,
) -> Result<Counted, Fault> {
    let mut counted = Counted::default();
    let mut reader = Reader::open(tx, books).await?;
    by_ticket(tx, &mut reader, |ticket, product, held, reader| {
        let state = TicketState::of(&held.acts, &reader.books.catalogue);
        counted.ticket((ticket, product), (&state, now), held, reader, only);
    })
    .await?;
    refusals(tx, &mut reader, &mut counted, only).await?;
    counted.overrides.sort_by_key(|one| (one.at, one.id));
    Ok(counted)
}

/// Which acts were taken back.
pub async fn undone(tx: &mut Tx, reader: &mut Reader<'_>) -> Result<BTreeSet<EntryRef>, Fault> {
    let mut undone = BTreeSet::new();
    by_ticket(tx, reader, |_, _, held, reader| {
        if held.kinds.values().any(|kind| matches!(kind, Kind::Annul(_) | Kind::Void(_))) {
            undone.extend(TicketState::of(&held.acts, &reader.books.catalogue).undone);
        }
    })
    .await?;
    Ok(undone)
}

/// Calls `each` with every ticket that has acts, its product and its acts.
async fn by_ticket(
    tx: &mut Tx,
    reader: &mut Reader<'_>,
    mut each: impl FnMut(TicketId, Option<ProductId>, &Held, &Reader<'_>) + Send,
) -> Result<(), Fault> {
    let mut all = ByTicket::of(reader.books.event);
    loop {
        let tickets = all.next(tx).await?;
        if tickets.is_empty() {
            return Ok(());
        }
        for (ticket, records) in tickets {
            let product = reader.product(tx, ticket).await?;
            let mut held = Held::default();
            for record in records {
                if let Some(entry) = Entry::from_bytes(&record.body)
                    && let Some(act) = reader.books.act(&record, &entry)
                {
                    held.acts.push(act);
                    held.kinds.insert(record.id, entry.kind);
                }
            }
            each(ticket, product, &held, reader);
        }
    }
}

async fn refusals(
    tx: &mut Tx,
    reader: &mut Reader<'_>,
    counted: &mut Counted,
    only: Option<ListId>,
) -> Result<(), Fault> {
    let mut place = pages::start();
    loop {
        let records = pages::without_ticket(tx, reader.books.event, place, CHUNK).await?;
        let Some(last) = records.last() else { return Ok(()) };
        place = last.place();
        for record in &records {
            let Some(entry) = Entry::from_bytes(&record.body) else { continue };
            let Kind::Refusal(refusal) = &entry.kind else { continue };
            if only.is_some() && refusal.list != only {
                continue;
            }
            let product = match refusal.ticket {
                Some(ticket) => reader.product(tx, ticket).await?,
                None => None,
            };
            let (from, gate) = (
                bucket(reader.books.happened_at(&record.id, &entry)),
                reader.gate(refusal.gate.as_deref(), &record.id),
            );
            let key = Key { from, list: refusal.list, gate: Gate::Named(gate), product };
            counted.rows.entry(key).or_default().refuse(&refusal.code);
            counted.devices.entry(record.id.journal.device).or_default().tally.refused += 1;
        }
    }
}

/// The five minutes in which something happened, seconds since 1970.
fn bucket(at: Timestamp) -> i64 {
    at.0.div_euclid(BUCKET_S * SECOND_US) * BUCKET_S
}

impl Counted {
    fn ticket(
        &mut self,
        (ticket, product): (TicketId, Option<ProductId>),
        (state, now): (&TicketState, Timestamp),
        held: &Held,
        reader: &Reader<'_>,
        only: Option<ListId>,
    ) {
        let wanted = |list: &ListId| only.is_none_or(|only| only == *list);
        for (list, presence) in state.lists.iter().filter(|(list, _)| wanted(list)) {
            *self.inside.entry(*list).or_default() += u64::from(presence.inside(now));
            // A closing time that lies ahead has sent nobody home yet.
            for passage in presence.passages.iter().filter(|p| p.way != Way::Closed || p.at <= now) {
                self.passage((ticket, product, *list), passage, held, reader);
            }
        }
        for serving in state.servings.iter().filter(|_| only.is_none()) {
            let device = serving.id.journal.device;
            *self.servings.entry((serving.product, device)).or_default() += serving.units;
            self.devices.entry(device).or_default().served += serving.units;
        }
        for id in &state.undone {
            let list = held.kinds.get(id).and_then(list_of);
            if only.is_none() || list == only {
                self.devices.entry(id.journal.device).or_default().undone += 1;
            }
        }
    }

    fn passage(
        &mut self,
        (ticket, product, list): (TicketId, Option<ProductId>, ListId),
        passage: &Passage,
        held: &Held,
        reader: &Reader<'_>,
    ) {
        if passage.way == Way::Closed {
            let key = Key { from: bucket(passage.at), list: Some(list), gate: Gate::Closing, product };
            self.rows.entry(key).or_default().view.exits += 1;
            return;
        }
        let (gate, by) = match held.kinds.get(&passage.id) {
            Some(Kind::Admission(a)) => (a.gate.as_deref(), a.overridden.as_ref()),
            Some(Kind::Exit(e)) => (e.gate.as_deref(), e.overridden.as_ref()),
            _ => (None, None), // a passage is made of nothing else
        };
        let (gate, inward) = (reader.gate(gate, &passage.id), passage.way.is_in());
        let key = Key { from: bucket(passage.at), list: Some(list), gate: Gate::Named(gate.clone()), product };
        let did = self.devices.entry(passage.id.journal.device).or_default();
        for tally in [&mut self.rows.entry(key).or_default().view, &mut did.tally] {
            *(if inward { &mut tally.entries } else { &mut tally.exits }) += 1;
            tally.overridden += u64::from(by.is_some());
        }
        if let Some(by) = by.cloned() {
            let (id, at) = (passage.id, passage.at);
            self.overrides.push(Overridden { id, at, inward, ticket, list, gate, by });
        }
    }
}

/// The list of an entry or exit.
fn list_of(kind: &Kind) -> Option<ListId> {
    match kind {
        Kind::Admission(a) => Some(a.list),
        Kind::Exit(e) => Some(e.list),
        Kind::Refusal(_)
        | Kind::Serving(_)
        | Kind::Annul(_)
        | Kind::Void(_)
        | Kind::Restock(_)
        | Kind::Waste(_)
        | Kind::Stocktake(_)
        | Kind::Transfer(_)
        | Kind::Accepted(_)
        | Kind::Clock(_)
        | Kind::Retire(_)
        | Kind::Began(_)
        | Kind::Unknown { .. } => None,
    }
}
