//! The admission law as a table: what is known, what is shown, what is said.

mod add_on;
mod clock;
mod counters;
mod limits;
mod questions;
mod rules;
mod stage;

use super::*;
use crate::catalogue::{Event, Product, TicketStatus};
use crate::fold::Does;
use crate::id::{DeviceId, EventId, JournalId, ListId};
use crate::journal::EntryRef;
use crate::seal::Hash;
use crate::start::uses::Uses;
use crate::ticket::{Keyring, TicketKey, issue};
use crate::trust::Role;
use ed25519_dalek::SigningKey;

const EVENT: EventId = EventId([1; 16]);
const LIST: ListId = ListId(1);

struct World {
    catalogue: Catalogue,
    list: CheckInList,
    row: Option<TicketRow>,
    newest_code: Option<Ticket>,
    acts: Vec<Act>,
    add_ons: Vec<AddOn>,
    scan: Scan,
    quality: Quality,
    can_ask: bool,
    room: Option<Room>,
    reach: Reach,
    behind: Option<(Option<Uses>, Rows)>,
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn ticket(counter: u16) -> Ticket {
    Ticket {
        id: TicketId::from_bytes([1; 6]),
        product: ProductId(1),
        counter,
        date: None,
        window: Window::default(),
        credits: Vec::new(),
    }
}

fn show(ticket: &Ticket) -> Shown {
    let mut ring = Keyring::default();
    ring.insert(TicketKey { public: key().verifying_key().into(), event: EVENT, event_name: "Ball".into() });
    Shown::Code(ring.identify(EVENT, &issue(&key(), EVENT, ticket).unwrap()))
}

fn event() -> Event {
    Event {
        id: EVENT,
        name: "Ball".into(),
        timezone: "Europe/Berlin".into(),
        starts_at: Some(Timestamp(0)),
        doors_at: None,
        ends_at: None,
        dates: Vec::new(),
        questions: Vec::new(),
    }
}

fn world() -> World {
    let mut catalogue = Catalogue::default();
    let product =
        Product { id: ProductId(1), name: "Standing".into(), consumption: false, variations: Vec::new() };
    catalogue.products.insert(product.id, product);
    catalogue.event = Some(event());
    let list = CheckInList { name: "Main".into(), ..CheckInList::unnamed(LIST) };
    let row = TicketRow::new(TicketId::from_bytes([1; 6]), ProductId(1));
    let scan = Scan::of(show(&ticket(0)));
    World {
        catalogue,
        list,
        row: Some(row),
        newest_code: None,
        acts: Vec::new(),
        add_ons: Vec::new(),
        scan,
        quality: Quality::Trusted,
        can_ask: true,
        room: None,
        reach: Reach::whole(Role::Gate),
        behind: None,
    }
}

impl World {
    fn row(&mut self) -> &mut TicketRow {
        self.row.as_mut().unwrap()
    }

    fn entered(&mut self) {
        let journal = JournalId { device: DeviceId([1; 16]), incarnation: 1 };
        let id = EntryRef { journal, sequence: 1, hash: Hash([0; 32]) };
        let does = Does::Admit { list: LIST, gate: None, overridden: false, answers: Vec::new() };
        self.acts.push(Act { id, clock: Timestamp(1), at: None, uncertain_ms: None, wild: false, does });
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            catalogue: &self.catalogue,
            row: self.row.as_ref(),
            newest_code: self.newest_code.as_ref(),
            acts: &self.acts,
            add_ons: &self.add_ons,
            now: Timestamp::from_secs(1_000),
            quality: self.quality,
            can_ask: self.can_ask,
            stage: self.stage(),
            room: self.room,
            reach: self.reach,
            own: None,
        }
    }

    fn stage(&self) -> Stage<'_> {
        match &self.behind {
            Some((uses, rows)) => Stage::Started(Behind { uses: uses.as_ref(), rows: *rows }),
            None => Stage::Whole,
        }
    }

    fn decide(&self) -> Decision {
        decide(&self.facts(), &self.scan, &self.list)
    }
}

fn check(change: impl Fn(&mut World), expect: &str) {
    let mut world = world();
    change(&mut world);
    let decision = world.decide();
    let verdict = serde_json::to_value(decision.verdict).unwrap();
    let overridden = if decision.overridden { " overridden" } else { "" };
    assert_eq!(format!("{}/{}{overridden}", verdict.as_str().unwrap(), decision.code), expect);
}

fn exit(world: &mut World) {
    world.scan.direction = Direction::Exit;
}

fn overriding(world: &mut World) {
    world.scan.overriding = Some(Override { supervisor: "ana".into(), reason: "known".into() });
}

fn ruled(world: &mut World, rules: &str) {
    world.list.rules = Some(crate::rule::Rules::new(rules));
}

/// Later than any of these worlds.
const AFTER_2030: &str =
    r#"{"isAfter": [{"var": "now"}, {"buildTime": ["custom", "2030-01-01T00:00:00Z"]}, null]}"#;

#[test]
fn a_plain_ticket_is_admitted_once() {
    check(|_| (), "admit/ok");
    check(World::entered, "refuse/used");
    check(
        |w| {
            w.entered();
            w.list.multiple_entries = true
        },
        "admit/ok",
    );
}

#[test]
fn each_state_of_a_ticket_has_its_code() {
    check(|w| w.row().status = TicketStatus::Cancelled, "refuse/cancelled");
    check(|w| w.row().blocked = Some("stolen".into()), "refuse/blocked");
    check(|w| w.row().needs_approval = true, "refuse/unapproved");
    check(|w| w.row().product = ProductId(9), "refuse/unknown_product");
    check(|w| w.list.products = Some(vec![ProductId(2)]), "refuse/not_on_list");
    check(|w| w.list.date = Some(DateId(1)), "refuse/wrong_date");
    check(|w| w.row().counter = 1, "refuse/revoked");
}

#[test]
fn the_first_check_in_the_list_gives_the_code() {
    check(
        |w| {
            w.row().counter = 1;
            w.row().status = TicketStatus::Cancelled
        },
        "refuse/revoked",
    );
    check(
        |w| {
            w.row().blocked = Some("x".into());
            w.row().needs_approval = true
        },
        "refuse/blocked",
    );
    check(
        |w| {
            w.row().status = TicketStatus::Pending;
            w.entered()
        },
        "refuse/unpaid",
    );
}

#[test]
fn an_unpaid_ticket_is_asked_about_only_where_the_list_accepts_it() {
    let pending = |w: &mut World| w.row().status = TicketStatus::Pending;
    check(pending, "refuse/unpaid");
    check(
        |w| {
            pending(w);
            w.list.accept_unpaid = true
        },
        "ask/unpaid",
    );
    check(
        |w| {
            pending(w);
            w.list.accept_unpaid = true;
            w.scan.confirm_unpaid = true
        },
        "admit/ok",
    );
    check(
        |w| {
            pending(w);
            w.scan.confirm_unpaid = true
        },
        "refuse/unpaid",
    );
    check(
        |w| {
            pending(w);
            w.row().valid_if_pending = true
        },
        "admit/ok",
    );
}

#[test]
fn windows_bind_entries_and_never_exits() {
    let early = |w: &mut World| w.row().window.from = Some(Timestamp::from_secs(1_001));
    let late = |w: &mut World| w.row().window.until = Some(Timestamp::from_secs(999));
    check(early, "refuse/too_early");
    check(late, "refuse/too_late");
    check(
        |w| {
            early(w);
            exit(w)
        },
        "exit/ok",
    );
    check(
        |w| {
            late(w);
            w.quality = Quality::Unsure
        },
        "ask/clock",
    );
    check(|w| w.row().window.until = Some(Timestamp::from_secs(1_000)), "admit/ok");
}

#[test]
fn who_is_inside_can_always_leave() {
    check(
        |w| {
            w.entered();
            exit(w);
            w.row().status = TicketStatus::Cancelled
        },
        "exit/ok",
    );
    check(
        |w| {
            w.entered();
            exit(w);
            w.row().counter = 5
        },
        "exit/ok",
    );
    check(
        |w| {
            exit(w);
            w.row().status = TicketStatus::Cancelled
        },
        "refuse/cancelled",
    );
    check(exit, "exit/ok");
}

#[test]
fn a_supervisor_overrides_what_is_ours_and_is_marked_only_where_needed() {
    check(overriding, "admit/ok");
    check(
        |w| {
            w.entered();
            overriding(w)
        },
        "admit/ok overridden",
    );
    check(
        |w| {
            w.row().blocked = Some("x".into());
            overriding(w)
        },
        "admit/ok overridden",
    );
    check(
        |w| {
            w.scan.shown = Shown::Code(Identity::Forged(crate::ticket::KeyNumber(1)));
            overriding(w)
        },
        "refuse/forged",
    );
    check(
        |w| {
            w.scan.shown = Shown::Code(Identity::NotATicket(crate::ticket::NotATicket::Empty));
            overriding(w)
        },
        "refuse/not_a_ticket",
    );
}

#[test]
fn a_ticket_without_a_row_is_admitted_by_its_signature_unless_the_list_asks() {
    check(|w| w.row = None, "admit/ok");
    check(
        |w| {
            w.row = None;
            w.list.ask_unlisted = true
        },
        "ask/unlisted",
    );
    let mut unlisted = world();
    unlisted.row = None;
    let Kind::Admission(admission) = unlisted.decide().record else { panic!("not admitted") };
    assert!(admission.code.is_some(), "peers that lack the row need the code");
}

#[test]
fn a_newer_code_than_the_row_counts_for_itself_but_a_known_cancellation_stays() {
    check(|w| w.scan.shown = show(&ticket(3)), "admit/ok");
    check(
        |w| {
            w.scan.shown = show(&ticket(3));
            w.row().status = TicketStatus::Cancelled
        },
        "refuse/cancelled",
    );
}

#[test]
fn a_scan_dated_before_a_known_admission_is_not_a_second_one() {
    check(
        |w| {
            w.entered();
            w.scan.at = Some(Timestamp(0))
        },
        "refuse/used",
    );
}

#[test]
fn a_typed_short_code_and_a_found_person_stand_marked_in_the_entry() {
    let record = |shown: fn(TicketId) -> Shown| {
        let mut world = world();
        world.scan = Scan { reason: Some("phone empty".into()), ..Scan::of(shown(TicketId::from_bytes([1; 6]))) };
        let Kind::Admission(admission) = world.decide().record else { panic!("not admitted") };
        (admission.by_hand, admission.reason)
    };
    assert_eq!(record(|id| Shown::Typed(vec![id])), (Some(ByHand::Typed), Some("phone empty".into())));
    assert_eq!(record(Shown::Found), (Some(ByHand::Found), Some("phone empty".into())));
}
