//! Devices that write at random, and as several histories; what they wrote in random pieces.

use crate::common::{Cloud, Device, START_S, Venue, ticket_id};
use ed25519_dalek::SigningKey;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tidegate_core::catalogue::CheckInList;
use tidegate_core::clock::Quality;
use tidegate_core::feed::Change;
use tidegate_core::id::{ListId, ProductId, TicketId, ZoneId};
use tidegate_core::journal::kind::{
    Accepted, Admission, Began, ClockSet, Exit, Kind, Refusal, Resource, Restock, Retire, Serving, Stocktake,
    Transfer, Undo, Waste,
};
use tidegate_core::journal::{Entry, EntryRef, Run};
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, Rights};

/// Tickets that all of them scan: few, so that they get into each other's way.
const TICKETS: u32 = 6;
/// The list that lets into a zone.
const COUNTED: ListId = ListId(2);
pub const ZONE: ZoneId = ZoneId(1);
pub const BEER: ProductId = ProductId(1);

/// A night, as far as it was written.
pub struct Night {
    pub venue: Venue,
    dice: StdRng,
    tickets: Vec<TicketId>,
    /// Histories: several of one journal where it was forked, with the same beginning.
    pub histories: Vec<Device>,
    /// What was written, for others to name.
    written: Vec<(EntryRef, Kind)>,
    /// Whether clocks are set and journals retired.
    all_kinds: bool,
}

impl Night {
    /// A venue whose cloud holds nothing, so that it writes nothing of its own.
    pub async fn begin(seed: u64, all_kinds: bool) -> Self {
        let venue = Venue::new().await;
        let tickets = venue.paid("k", TICKETS).await;
        let tickets = (0..TICKETS as usize).map(|place| ticket_id(&tickets, place)).collect();
        counted_list(&venue).await;
        let mut histories = Vec::new();
        for (name, role) in [("gate", "gate"), ("bar", "bar"), ("boss", "supervisor"), ("kiosk", "kiosk")] {
            histories.push(venue.device(name, role).await);
        }
        give_all(&venue, &histories[1]).await;
        histories.push(reclaimer(&venue).await);
        let dice = StdRng::seed_from_u64(seed);
        Self { venue, dice, tickets, histories, written: Vec::new(), all_kinds }
    }

    /// Everybody writes, and now and then somebody goes on as two.
    pub fn write(&mut self, entries: usize) {
        for place in 0..entries {
            let who = self.dice.random_range(0..self.histories.len());
            if self.chance(25) {
                let back = self.dice.random_range(0..=self.histories[who].entries.len().min(5));
                let before = self.histories[who].entries.len() - back;
                self.histories.push(self.histories[who].set_back(before));
            }
            if self.all_kinds && self.chance(60) {
                self.begin_again(who);
            }
            let kind = self.kind(who);
            let quality = match self.dice.random_range(0..6) {
                0 if self.all_kinds => Quality::Wild,
                1 if self.all_kinds => Quality::Unsure,
                _ => Quality::Trusted,
            };
            let clock = Timestamp::from_secs(START_S + 10 * place as i64 + self.dice.random_range(0..10));
            let at = self.chance(8).then(|| Timestamp(clock.0 - 60_000_000));
            let entry = Entry { clock, at, quality, uncertain_ms: None, staff: None, kind: kind.clone() };
            let id = self.histories[who].put(&entry);
            self.written.push((id, kind));
        }
    }

    fn begin_again(&mut self, who: usize) {
        let device = &mut self.histories[who];
        let hash = device.hashes.last().copied();
        let after =
            hash.map(|hash| EntryRef { journal: device.journal, sequence: device.hashes.len() as u64, hash });
        device.journal.incarnation += 1;
        (device.entries, device.hashes) = (Vec::new(), Vec::new());
        device.write(START_S, Kind::Began(Began { after }));
    }

    fn kind(&mut self, who: usize) -> Kind {
        let ticket = self.tickets[self.dice.random_range(0..self.tickets.len())];
        let list = ListId(self.dice.random_range(1..=COUNTED.0));
        let of = if self.chance(2) { Resource::Product(BEER) } else { Resource::Zone(ZONE) };
        let (quantity, known) = (self.dice.random_range(1..5), self.known());
        let journal = |one: &Device| one.journal;
        let to = journal(&self.histories[self.dice.random_range(0..self.histories.len())]);
        match self.dice.random_range(0..22) {
            0..5 => Kind::Admission(Admission::new(ticket, list)),
            5..7 => Kind::Exit(Exit::new(ticket, list, known.iter().map(|(id, _)| *id).collect())),
            7..10 => Kind::Serving(Serving::new(ticket, BEER, quantity as u16)),
            10..13 => match known {
                Some((target, kind)) => undo(&kind, Undo { ticket: kind.ticket().unwrap_or(ticket), target }),
                None => Kind::Refusal(Refusal { ticket: None, list: None, gate: None, code: "used".into() }),
            },
            13 => Kind::Restock(Restock::new(of, quantity)),
            14 => Kind::Waste(Waste::new(of, quantity, None)),
            15 => {
                let (counted, expected) = (quantity, i64::from(quantity) + 1);
                Kind::Stocktake(Stocktake::new(of, counted, expected, Hash([0; 32])))
            }
            16..18 => Kind::Transfer(Transfer::share(of, quantity, to)),
            18..20 => {
                let offers = self.written.iter().filter(|(_, kind)| matches!(kind, Kind::Transfer(_)));
                let offers: Vec<EntryRef> = offers.map(|(id, _)| *id).collect();
                match offers.is_empty() {
                    true => Kind::Restock(Restock::new(of, quantity)),
                    false => {
                        Kind::Accepted(Accepted { transfer: offers[self.dice.random_range(0..offers.len())] })
                    }
                }
            }
            20 if self.all_kinds => {
                let since = self.histories[who].entries.len().saturating_sub(self.dice.random_range(0..8)) as u64;
                Kind::Clock(ClockSet { since, shift_us: self.dice.random_range(-100..100) * 1_000_000 })
            }
            21 if self.all_kinds && to.device != self.histories[4].journal.device => {
                let last = self.dice.random_range(0..12);
                Kind::Retire(Retire { journal: to, last })
            }
            _ => Kind::Admission(Admission::new(ticket, COUNTED)),
        }
    }

    fn known(&mut self) -> Option<(EntryRef, Kind)> {
        let many = self.written.len().checked_sub(1)?;
        Some(self.written[self.dice.random_range(0..=many)].clone())
    }

    pub fn chance(&mut self, one_in: u32) -> bool {
        self.dice.random_range(0..one_in) == 0
    }

    /// All histories in pieces, in any order; common beginnings come more than once.
    pub fn pieces(&self, seed: u64) -> Vec<Run> {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut runs = Vec::new();
        for history in self.histories.iter().filter(|history| !history.entries.is_empty()) {
            let mut first = 1;
            while first <= history.entries.len() as u64 {
                let last = (first + dice.random_range(0..12)).min(history.entries.len() as u64);
                let run = history.run(first, last);
                // Older programs do not name the hash before a run.
                let previous = run.previous.filter(|_| dice.random_range(0..8) > 0);
                runs.push(Run { previous, ..run });
                first = last + 1;
            }
        }
        runs.shuffle(&mut dice);
        runs
    }
}

fn undo(kind: &Kind, undo: Undo) -> Kind {
    if matches!(kind, Kind::Serving(_)) { Kind::Void(undo) } else { Kind::Annul(undo) }
}

/// A second list, which lets into a zone.
async fn counted_list(venue: &Venue) {
    let new = json!({"event": venue.event, "name": "Balcony", "multiple_entries": true,
        "auto_exit_at": "2026-11-19T18:20:00Z"});
    venue.cloud.post(&venue.organizer, "/v1/lists", new).await.ok();
    let event = venue.event_id();
    let told = venue.cloud.app.write(move |tx, app| {
        Box::pin(async move {
            let list = app.catalogue(tx, event).await?.lists[&COUNTED].clone();
            tx.publish(event, Change::List(CheckInList { zone: Some(ZONE), ..list }));
            Ok(())
        })
    });
    told.await.unwrap();
}

/// The cloud gives its stock away.
async fn give_all(venue: &Venue, bar: &Device) {
    let device = bar.identity.device.to_string();
    let all = json!({"event": venue.event, "product": venue.beer, "device": device, "units": 100});
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", "all", all).await.ok();
}

/// The one device that may retire others.
async fn reclaimer(venue: &Venue) -> Device {
    let device = venue.device("reclaimer", "supervisor").await;
    let rights = Rights::RECLAIM.with(device.identity.all_rights());
    certified(&venue.cloud, device, rights).await
}

/// The same device under a certificate with these rights.
pub async fn certified(cloud: &Cloud, device: Device, rights: Rights) -> Device {
    let identity = Identity { rights, ..device.identity.clone() };
    let ca: SigningKey = cloud
        .app
        .read(|tx, app| {
            Box::pin(
                async move { Ok(cloud_sync::keys::load(tx, &app.vault, cloud_sync::keys::Purpose::Ca).await?) },
            )
        })
        .await
        .unwrap();
    Device { certificate: Certificate::issue(&ca, &identity), identity, ..device }
}
