//! A night drawn by dice, and its numbers counted again without the report's code.
//!
//! The recount knows the entries as auditors get them, core's fold, and the names of
//! things as the API tells them; nothing of what it compares with.

pub mod night;
pub mod picture;
pub mod workbook;

use crate::common::Venue;
use data_encoding::HEXLOWER;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::catalogue::{Catalogue, CheckInList, Event};
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::fold::{Act, TicketState, Way};
use tidegate_core::id::{JournalId, ListId, TicketId};
use tidegate_core::journal::kind::{Kind, Override, Resource};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;

/// When five minutes began, list, gate, product.
pub type Key = (i64, String, String, String);

/// Entries, exits, overridden, refused; and the refusals by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub numbers: [u64; 4],
    pub codes: BTreeMap<String, u64>,
}

/// An entry that counts.
pub struct Written {
    pub id: EntryRef,
    pub entry: Entry,
}

/// A device's numbers: entries, exits, overridden, refused; served, undone; entries here, and those that count.
pub type OfDevice = ([u64; 4], i64, u64, [u64; 2]);

/// Everything counted again.
#[derive(Default)]
pub struct Recount {
    pub written: Vec<Written>,
    pub rows: BTreeMap<Key, Count>,
    pub inside: BTreeMap<String, u64>,
    pub servings: BTreeMap<(String, String), i64>,
    pub restocked: BTreeMap<String, i64>,
    pub overrides: BTreeMap<String, (Timestamp, String, Override)>,
    pub devices: BTreeMap<String, OfDevice>,
    pub undone: BTreeSet<EntryRef>,
    pub names: Names,
    /// What stands for the gate of those who left at a list's closing time.
    pub closing: String,
    /// When it was counted.
    now: Timestamp,
    /// The lists with their closing times.
    catalogue: Catalogue,
}

/// Names as the API tells them.
#[derive(Default)]
pub struct Names {
    pub lists: BTreeMap<u64, String>,
    pub products: BTreeMap<u64, String>,
    pub devices: BTreeMap<String, String>,
    pub tickets: BTreeMap<TicketId, String>,
}

/// Every item of a list of the API.
pub async fn all(venue: &Venue, path: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = venue.cloud.get(&venue.organizer, &format!("{path}limit=97{after}")).await.ok();
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Names {
    pub async fn of(venue: &Venue) -> Self {
        let event = &venue.event;
        let products = all(venue, &format!("/v1/products?event={event}&")).await;
        let lists = all(venue, &format!("/v1/lists?event={event}&")).await;
        let by_id: BTreeMap<String, u64> =
            products.iter().map(|p| (text(&p["id"]), p["number"].as_u64().unwrap())).collect();
        let mut names = Self { lists: told_apart(&lists), products: told_apart(&products), ..Self::default() };
        for device in all(venue, &format!("/v1/devices?event={event}&")).await {
            names.devices.insert(text(&device["id"]), text(&device["name"]));
        }
        for ticket in all(venue, &format!("/v1/tickets?event={event}&")).await {
            let product = names.products[&by_id[ticket["product"].as_str().unwrap()]].clone();
            names.tickets.insert(ticket["id"].as_str().unwrap().parse().unwrap(), product);
        }
        names
    }

    pub fn device(&self, id: &EntryRef) -> String {
        self.devices.get(&id.journal.device.to_string()).cloned().unwrap_or_else(|| "cloud".into())
    }

    pub fn list(&self, number: u16) -> String {
        self.lists[&u64::from(number)].clone()
    }
}

/// The lists as far as the fold asks about them.
async fn closings(venue: &Venue) -> Catalogue {
    let event = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}", venue.event)).await.ok();
    let event = Event {
        id: venue.event_id(),
        name: text(&event["name"]),
        timezone: text(&event["timezone"]),
        starts_at: Timestamp::parse(event["starts_at"].as_str().unwrap()),
        doors_at: None,
        ends_at: None,
        dates: Vec::new(),
        questions: Vec::new(),
    };
    let mut catalogue = Catalogue { event: Some(event), ..Catalogue::default() };
    for list in all(venue, &format!("/v1/lists?event={}&", venue.event)).await {
        let id = ListId(list["number"].as_u64().unwrap() as u16);
        let auto_exit_at = list["auto_exit_at"].as_str().map(|at| Timestamp::parse(at).unwrap());
        let multiple_entries = list["multiple_entries"] == true;
        let row = CheckInList { multiple_entries, auto_exit_at, ..CheckInList::unnamed(id) };
        catalogue.lists.insert(id, row);
    }
    catalogue
}

/// In brackets if some gate is called like that.
fn closing_name(kinds: &BTreeMap<EntryRef, &Kind>) -> String {
    let gates = kinds.values().filter_map(|kind| match kind {
        Kind::Admission(a) => a.gate.as_deref(),
        Kind::Exit(e) => e.gate.as_deref(),
        Kind::Refusal(r) => r.gate.as_deref(),
        _ => None,
    });
    let name = "closing time".to_owned();
    if gates.collect::<Vec<_>>().contains(&name.as_str()) { format!("({name})") } else { name }
}

fn told_apart(things: &[Value]) -> BTreeMap<u64, String> {
    let name = |thing: &Value| text(&thing["name"]);
    let label = |thing: &Value| {
        let twice = things.iter().filter(|other| name(other) == name(thing)).count() > 1;
        let number = thing["number"].as_u64().unwrap();
        (number, if twice { format!("{} (no. {number})", name(thing)) } else { name(thing) })
    };
    things.iter().map(label).collect()
}

impl Recount {
    pub async fn of(venue: &Venue) -> Self {
        let (names, catalogue, now) = (Names::of(venue).await, closings(venue).await, venue.cloud.now());
        let mut recount = Self { names, catalogue, now, ..Self::default() };
        for item in all(venue, &format!("/v1/events/{}/entries?", venue.event)).await {
            let of = recount.devices.entry(text(&item["device"])).or_default();
            of.3[0] += 1;
            if item["counts"] != true {
                continue;
            }
            of.3[1] += 1;
            let hex = |field: &str| HEXLOWER.decode(item[field].as_str().unwrap().as_bytes()).unwrap();
            let journal = JournalId {
                device: item["device"].as_str().unwrap().parse().unwrap(),
                incarnation: item["incarnation"].as_u64().unwrap() as u32,
            };
            let hash = Hash(hex("hash").try_into().unwrap());
            let id = EntryRef { journal, sequence: item["sequence"].as_u64().unwrap(), hash };
            recount.written.push(Written { id, entry: Entry::from_bytes(&hex("bytes")).unwrap() });
        }
        recount.fold();
        recount
    }

    fn fold(&mut self) {
        let mut acts: BTreeMap<TicketId, Vec<Act>> = BTreeMap::new();
        let written = std::mem::take(&mut self.written);
        let kinds: BTreeMap<EntryRef, &Kind> = written.iter().map(|w| (w.id, &w.entry.kind)).collect();
        self.closing = closing_name(&kinds);
        for Written { id, entry } in &written {
            if let Some((ticket, act)) = Act::of(*id, entry, &Rebases::default()) {
                acts.entry(ticket).or_default().push(act);
            }
            match &entry.kind {
                Kind::Refusal(r) => {
                    let list = r.list.map(|list| self.names.list(list.0)).unwrap_or_default();
                    let product = r.ticket.map(|ticket| self.names.tickets[&ticket].clone()).unwrap_or_default();
                    let gate = r.gate.as_ref().map_or_else(|| self.names.device(id), |gate| gate.to_string());
                    let count = self.rows.entry((five(entry.happened_at()), list, gate, product)).or_default();
                    count.numbers[3] += 1;
                    *count.codes.entry(r.code.clone()).or_default() += 1;
                    self.device(id).0[3] += 1;
                }
                Kind::Restock(r) => {
                    let Resource::Product(product) = r.of else { continue };
                    let product = self.names.products[&u64::from(product.0)].clone();
                    *self.restocked.entry(product).or_default() += i64::from(r.quantity);
                }
                _ => {}
            }
        }
        for (ticket, acts) in acts {
            self.ticket(ticket, &TicketState::of(&acts, &self.catalogue), &kinds);
        }
        self.written = written;
    }

    fn ticket(&mut self, ticket: TicketId, state: &TicketState, kinds: &BTreeMap<EntryRef, &Kind>) {
        for (list, presence) in &state.lists {
            let list = self.names.list(list.0);
            *self.inside.entry(list.clone()).or_default() += u64::from(presence.inside(self.now));
            for passage in &presence.passages {
                if passage.way == Way::Closed {
                    let product = self.names.tickets[&ticket].clone();
                    let key = (five(passage.at), list.clone(), self.closing.clone(), product);
                    assert!(passage.at < self.now, "the night is over");
                    self.rows.entry(key).or_default().numbers[1] += 1;
                    continue;
                }
                let (gate, by) = match kinds[&passage.id] {
                    Kind::Admission(a) => (a.gate.clone(), a.overridden.clone()),
                    Kind::Exit(e) => (e.gate.clone(), e.overridden.clone()),
                    other => panic!("{other:?} is no passage"),
                };
                let gate = gate.map_or_else(|| self.names.device(&passage.id), |gate| gate.to_string());
                let key = (five(passage.at), list.clone(), gate, self.names.tickets[&ticket].clone());
                let way = usize::from(passage.way == Way::Out);
                let row = &mut self.rows.entry(key).or_default().numbers;
                row[way] += 1;
                row[2] += u64::from(by.is_some());
                let device = &mut self.device(&passage.id).0;
                device[way] += 1;
                device[2] += u64::from(by.is_some());
                if let Some(by) = by {
                    let way = if way == 1 { "exit" } else { "entry" };
                    self.overrides.insert(passage.id.to_string(), (passage.at, way.into(), by));
                }
            }
        }
        for serving in &state.servings {
            let product = self.names.products[&u64::from(serving.product.0)].clone();
            let device = self.names.device(&serving.id);
            *self.servings.entry((product, device)).or_default() += serving.units;
            self.device(&serving.id).1 += serving.units;
        }
        for id in &state.undone {
            self.device(id).2 += 1;
        }
        self.undone.extend(&state.undone);
    }

    fn device(&mut self, id: &EntryRef) -> &mut OfDevice {
        self.devices.entry(id.journal.device.to_string()).or_default()
    }

    /// The rows by a part of their key, and all of it where the part is the same.
    pub fn by<K: Ord>(&self, part: impl Fn(&Key) -> K) -> BTreeMap<K, Count> {
        let mut sums: BTreeMap<K, Count> = BTreeMap::new();
        for (key, count) in &self.rows {
            let sum = sums.entry(part(key)).or_default();
            (0..4).for_each(|n| sum.numbers[n] += count.numbers[n]);
            count.codes.iter().for_each(|(code, n)| *sum.codes.entry(code.clone()).or_default() += n);
        }
        sums
    }

    /// All of it together.
    pub fn sum(&self) -> Count {
        self.by(|_| ()).remove(&()).unwrap_or_default()
    }
}

/// The beginning of the five minutes.
fn five(at: Timestamp) -> i64 {
    at.as_secs().div_euclid(300) * 300
}
