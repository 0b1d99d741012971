//! A night drawn by dice, and its numbers counted again without the report's code.
//!
//! The recount knows the entries as auditors get them, core's fold, and the names of
//! things as the API tells them; nothing of what it compares with.

pub mod night;
pub mod workbook;

use crate::common::Venue;
use data_encoding::HEXLOWER;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::catalogue::Catalogue;
use tidegate_core::fold::{Act, TicketState, Way};
use tidegate_core::id::{JournalId, TicketId};
use tidegate_core::journal::kind::{Kind, Override};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;

/// None of these lists has a closing time: any moment will do.
const NEVER_CLOSES: Timestamp = Timestamp(0);

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

/// A device's numbers: entries, exits, overridden, refused, served, undone; entries here, and those of them not left out.
pub type OfDevice = ([u64; 4], i64, u64, u64);

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
        let mut recount = Self { names: Names::of(venue).await, ..Self::default() };
        for item in all(venue, &format!("/v1/events/{}/entries?", venue.event)).await {
            let of = recount.devices.entry(text(&item["device"])).or_default();
            of.3 += 1;
            if item["counts"] != true {
                continue;
            }
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
        for Written { id, entry } in &written {
            if let Some((ticket, act)) = Act::allowed(*id, entry) {
                acts.entry(ticket).or_default().push(act);
            }
            match &entry.kind {
                Kind::Refusal(r) => {
                    let list = r.list.map(|list| self.names.list(list.0)).unwrap_or_default();
                    let product = r.ticket.map(|ticket| self.names.tickets[&ticket].clone()).unwrap_or_default();
                    let gate = r.gate.clone().unwrap_or_else(|| self.names.device(id));
                    let count = self.rows.entry((five(entry.happened_at()), list, gate, product)).or_default();
                    count.numbers[3] += 1;
                    *count.codes.entry(r.code.clone()).or_default() += 1;
                    self.device(id).0[3] += 1;
                }
                Kind::Restock(r) => {
                    let product = self.names.products[&u64::from(r.product.0)].clone();
                    *self.restocked.entry(product).or_default() += i64::from(r.quantity);
                }
                _ => {}
            }
        }
        for (ticket, acts) in acts {
            self.ticket(ticket, &TicketState::of(&acts, &Catalogue::default()), &kinds);
        }
        self.written = written;
    }

    fn ticket(&mut self, ticket: TicketId, state: &TicketState, kinds: &BTreeMap<EntryRef, &Kind>) {
        for (list, presence) in &state.lists {
            let list = self.names.list(list.0);
            *self.inside.entry(list.clone()).or_default() += u64::from(presence.inside(NEVER_CLOSES));
            for passage in &presence.passages {
                let (gate, by) = match kinds[&passage.id] {
                    Kind::Admission(a) => (a.gate.clone(), a.overridden.clone()),
                    Kind::Exit(e) => (e.gate.clone(), e.overridden.clone()),
                    other => panic!("{other:?} is no passage"),
                };
                let gate = gate.unwrap_or_else(|| self.names.device(&passage.id));
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
