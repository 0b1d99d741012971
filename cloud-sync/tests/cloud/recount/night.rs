//! The night itself: several lists, gates, products and devices, on the night on which
//! summer time ends, with everything taken back, overridden and refused that devices
//! can write, and some things that they may not.

use crate::common::{Device, Venue};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tidegate_core::clock::Quality;
use tidegate_core::id::{ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{Admission, Exit, Kind, Override, Refusal, Serving, Undo};
use tidegate_core::journal::{Entry, EntryRef, MAX_RUN_ENTRIES};
use tidegate_core::time::{SECOND_US, Timestamp};

/// 2026-10-24T21:30:00Z: half past eleven in Berlin; the clock goes back at 01:00Z.
const DUSK_S: i64 = 1_792_877_400;
/// When the last list closes for the first time.
const CLOSES_AT: &str = "2026-10-25T01:10:00Z";
/// Names that spreadsheets, quotes and markup trip over, and such as the report has words of its own for.
const GATES: [Option<&str>; 7] = [
    Some("North"),
    Some("South, \"B\""),
    Some("+Side"),
    Some("<West> & co"),
    Some("closing time"),
    Some("others"),
    None,
];
const CODES: [&str; 6] = ["used", "forged", "not_on_list", "too_late", "rule", "=cmd"];

/// A night, as far as it was written.
pub struct Night {
    pub venue: Venue,
    dice: StdRng,
    tickets: Vec<TicketId>,
    devices: Vec<Device>,
    clocks: Vec<i64>,
    /// What devices did, by device: the entry and its ticket.
    acts: Vec<(usize, EntryRef, TicketId)>,
}

impl Night {
    /// A night with `entries` entries by the devices, all delivered.
    pub async fn new(seed: u64, entries: usize) -> Self {
        let venue = Venue::new().await;
        let cloud = &venue.cloud;
        let patch = json!({"name": "=Jazz, \"Night\" & <more>", "starts_at": "2026-10-24T23:00:00+02:00"});
        cloud.patch(&venue.organizer, &format!("/v1/events/{}", venue.event), patch).await.ok();
        let mut products = vec![venue.ticket.clone()];
        for name in ["VIP", "=Crew", "VIP"] {
            let new = json!({"event": venue.event, "name": name, "kind": "ticket", "price_minor": 0});
            products.push(id(&cloud.post(&venue.organizer, "/v1/products", new).await.ok()));
        }
        let water =
            json!({"event": venue.event, "name": "Water", "kind": "consumption", "price_minor": 1, "stock": 70});
        cloud.post(&venue.organizer, "/v1/products", water).await.ok();
        for (name, many) in [("Backstage, left", true), ("Main door", false)] {
            let new = json!({"event": venue.event, "name": name, "multiple_entries": many});
            cloud.post(&venue.organizer, "/v1/lists", new).await.ok();
        }
        let new = json!({"event": venue.event, "name": "Early house", "auto_exit_at": CLOSES_AT});
        cloud.post(&venue.organizer, "/v1/lists", new).await.ok();
        let mut tickets = Vec::new();
        for (place, product) in products.iter().enumerate() {
            let new = json!({"event": venue.event, "items": [{"product": product, "quantity": 12}]});
            let order = cloud.keyed(&venue.organizer, "/v1/orders", &format!("order {place}"), new).await.ok();
            let made = order["tickets"].as_array().unwrap();
            tickets.extend(made.iter().map(|ticket| -> TicketId { id(ticket).parse().unwrap() }));
        }
        let roles =
            [("gate-1", "gate"), ("gate-2", "gate"), ("boss", "supervisor"), ("bar", "bar"), ("lost", "gate")];
        let mut devices = Vec::new();
        for (name, role) in roles {
            devices.push(venue.device(name, role).await);
        }
        let (dice, clocks, acts) = (StdRng::seed_from_u64(seed), vec![0; devices.len()], Vec::new());
        let mut night = Self { venue, dice, tickets, devices, clocks, acts };
        night.write(entries);
        night.deliver().await;
        night.lose("lost").await;
        night.desk().await;
        night
    }

    fn write(&mut self, entries: usize) {
        for _ in 0..entries {
            let device = self.dice.random_range(0..self.devices.len());
            // Five hours for everybody, in steps of a random length.
            let pace = 5 * 3_600 * SECOND_US / (entries as i64 / self.devices.len() as i64 + 1);
            self.clocks[device] += self.dice.random_range(1..2 * pace);
            let clock = Timestamp(DUSK_S * SECOND_US + self.clocks[device]);
            let kind = self.kind(device);
            let ticket = kind.ticket().filter(|_| !matches!(kind, Kind::Refusal(_)));
            let earlier = Timestamp(clock.0 - self.dice.random_range(0..1_800 * SECOND_US));
            let at = self.chance(8).then_some(earlier);
            let uncertain_ms = self.chance(3).then(|| self.dice.random_range(0..5_000));
            let entry = Entry { clock, at, quality: Quality::Trusted, uncertain_ms, staff: None, kind };
            let id = self.devices[device].put(&entry);
            self.acts.extend(ticket.map(|ticket| (device, id, ticket)));
        }
    }

    fn kind(&mut self, device: usize) -> Kind {
        let ticket = self.tickets[self.dice.random_range(0..self.tickets.len())];
        let list = ListId(self.dice.random_range(1..=4));
        let gate = GATES[self.dice.random_range(0..GATES.len())].map(Into::into);
        let by = Override { supervisor: "ana, \"boss\"".into(), reason: "@guest of the band".into() };
        let overridden = self.chance(9).then_some(by);
        let product = ProductId(if self.chance(2) { 1 } else { 6 });
        match self.dice.random_range(0..20) {
            0..9 => Kind::Admission(Admission { gate, overridden, ..Admission::new(ticket, list) }),
            9..13 => {
                let own: Vec<EntryRef> = self.acts.iter().filter(|act| act.2 == ticket).map(|act| act.1).collect();
                let closes = own.into_iter().rev().take(self.dice.random_range(0..3)).collect();
                Kind::Exit(Exit { gate, overridden, ..Exit::new(ticket, list, closes) })
            }
            13..16 => {
                let (ticket, list) = ((!self.chance(4)).then_some(ticket), (!self.chance(5)).then_some(list));
                let code = CODES[self.dice.random_range(0..CODES.len())].into();
                Kind::Refusal(Refusal { ticket, list, gate, code })
            }
            16 | 17 if !self.acts.is_empty() => {
                // Its own or another's, of the right ticket or not, undone before or not: the fold knows.
                let (_, target, of) = self.acts[self.dice.random_range(0..self.acts.len())];
                let undo = Undo { ticket: if self.chance(10) { ticket } else { of }, target };
                if self.devices[device].identity.name == "bar" { Kind::Void(undo) } else { Kind::Annul(undo) }
            }
            _ => {
                let quantity = self.dice.random_range(1..4);
                Kind::Serving(Serving::new(ticket, product, quantity))
            }
        }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.dice.random_range(0..one_in) == 0
    }

    /// Journals come in pieces, by whatever device is there.
    async fn deliver(&mut self) {
        let last = self.devices.iter().map(|device| device.entries.len() as u64).max().unwrap();
        for first in (1..=last).step_by(MAX_RUN_ENTRIES) {
            for own in &self.devices {
                let until = (first + MAX_RUN_ENTRIES as u64 - 1).min(own.entries.len() as u64);
                if first <= until {
                    let carrier = &self.devices[self.dice.random_range(0..self.devices.len())];
                    let request = carrier.request(vec![own.run(first, until)]);
                    let answer = self.venue.cloud.exchange(&carrier.identity, &request).await.ok().unwrap();
                    assert!(answer.rejected.is_empty(), "{:?}", answer.rejected);
                }
            }
        }
    }

    /// A device is lost; what it writes from now on is evidence.
    async fn lose(&mut self, name: &str) {
        let place = self.devices.iter().position(|device| device.identity.name == name).unwrap();
        let path = format!("/v1/devices/{}/revoke", self.devices[place].identity.device);
        self.venue.cloud.post(&self.venue.organizer, &path, json!({})).await.ok();
        let (at_s, first) = (DUSK_S + 20_000, self.devices[place].entries.len() as u64 + 1);
        let ticket = self.tickets[0];
        self.devices[place].admit(at_s, ticket, 1);
        let carrier = &self.devices[0];
        let request = carrier.request(self.devices[place].runs(first));
        assert!(self.venue.cloud.exchange(&carrier.identity, &request).await.ok().unwrap().rejected.is_empty());
    }

    /// Some things happen at the cloud's own desk.
    async fn desk(&mut self) {
        let venue = &self.venue;
        let (order, at) = (venue.paid("desk", 6).await, "2026-10-25T01:30:00Z");
        for place in 0..6 {
            let body = json!({"ticket": order["tickets"][place]["id"], "list": venue.list, "key": format!("d{place}"), "at": at, "reason": "ID seen"});
            venue.cloud.post(&venue.organizer, &format!("/v1/events/{}/scans", venue.event), body).await.ok();
        }
        let undo = json!({"key": "d3", "operation": "scan", "at": at});
        venue.cloud.post(&venue.organizer, &format!("/v1/events/{}/undo", venue.event), undo).await.ok();
    }
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}
