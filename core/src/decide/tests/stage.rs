//! What is decided while rows and entries are still to come.

use super::*;
use crate::rule::Rules;
use crate::serve::{Order, serve};
use crate::start::uses::Use;
use crate::ticket::Credit;

const DRINK: ProductId = ProductId(9);
const TOLD: Rows = Rows::Missing { add_ons_told: true };

/// The ticket's row is still to come, and this was used before.
fn started(world: &mut World, used: &[Use]) {
    let keys = used.iter().map(|used| used.key(TicketId::from_bytes([1; 6]))).collect();
    world.row = None;
    world.behind = Some((Some(Uses::of(keys)), TOLD));
}

#[test]
fn before_its_start_is_complete_a_device_decides_nothing() {
    let world = world();
    let facts = Facts { stage: Stage::Starting, ..world.facts() };
    assert_eq!(decide(&facts, &world.scan, &world.list).code, Code::Starting);
}

#[test]
fn a_genuine_code_without_a_row_is_plain_where_it_was_not_used_before() {
    check(|w| started(w, &[]), "admit/ok");
    check(|w| started(w, &[Use::Passage(ListId(2)), Use::Serving(ProductId(1))]), "admit/ok");
    check(|w| started(w, &[Use::Passage(LIST)]), "ask/stale");
    check(
        |w| {
            started(w, &[Use::Passage(LIST)]);
            w.can_ask = false
        },
        "refuse/stale",
    );
}

#[test]
fn what_was_used_before_is_asked_about_until_the_entries_are_here() {
    let used = |w: &mut World| {
        started(w, &[Use::Passage(LIST)]);
        w.row = Some(TicketRow::new(TicketId::from_bytes([1; 6]), ProductId(1)));
    };
    check(used, "ask/stale");
    check(
        |w| {
            used(w);
            w.entered()
        },
        "refuse/used",
    );
    check(
        |w| {
            used(w);
            w.list.multiple_entries = true
        },
        "admit/ok",
    );
    check(
        |w| {
            used(w);
            w.behind = Some((None, TOLD))
        },
        "admit/ok",
    );
    check(
        |w| {
            used(w);
            w.row().status = TicketStatus::Cancelled
        },
        "refuse/cancelled",
    );
    check(
        |w| {
            used(w);
            exit(w)
        },
        "exit/ok",
    );
}

#[test]
fn a_rule_about_entries_waits_for_them_and_any_other_does_not() {
    let once = r#"{"<":[{"var":"entries_number"},1]}"#;
    let product = r#"{"inList":[{"var":"product"},{"objectList":[{"lookup":["product","1","A"]}]}]}"#;
    for (rules, expect) in [(once, "ask/stale"), (product, "admit/ok")] {
        check(
            |w| {
                started(w, &[Use::Passage(LIST)]);
                w.list.multiple_entries = true;
                w.list.rules = Some(Rules::new(rules));
            },
            expect,
        );
    }
    check(
        |w| {
            started(w, &[]);
            w.list.rules = Some(Rules::new(once));
        },
        "admit/ok",
    );
}

#[test]
fn a_list_that_asks_about_unlisted_tickets_asks_while_rows_are_missing() {
    let asks = |w: &mut World| {
        started(w, &[]);
        w.list.ask_unlisted = true;
    };
    check(asks, "ask/stale");
    check(
        |w| {
            asks(w);
            w.behind = Some((None, Rows::Here))
        },
        "ask/unlisted",
    );
}

#[test]
fn what_was_typed_or_found_may_still_come() {
    for shown in [Shown::Typed(Vec::new()), Shown::Found(TicketId::from_bytes([1; 6]))] {
        check(
            |w| {
                started(w, &[]);
                w.scan.shown = shown.clone()
            },
            "ask/stale",
        );
        check(
            |w| {
                w.row = None;
                w.scan.shown = shown.clone()
            },
            "refuse/not_a_ticket",
        );
    }
}

#[test]
fn a_list_of_add_ons_asks_unless_those_were_told() {
    let matching = |w: &mut World, told| {
        started(w, &[]);
        w.list.addon_match = true;
        w.behind = Some((None, Rows::Missing { add_ons_told: told }));
    };
    check(|w| matching(w, true), "admit/ok");
    check(|w| matching(w, false), "ask/stale");
}

#[test]
fn a_bar_serves_a_plain_ticket_and_asks_where_servings_are_not_here() {
    let mut world = world();
    let drink = Product { id: DRINK, name: "Beer".into(), consumption: true, variations: Vec::new() };
    world.catalogue.products.insert(DRINK, drink);
    world.scan = Scan::of(show(&Ticket { credits: vec![Credit { product: DRINK, units: 2 }], ..ticket(0) }));
    let mut check = |used: &[Use], quantity, expect| {
        started(&mut world, used);
        let shown = world.scan.shown.clone();
        let order = Order { shown, product: DRINK, quantity, at: None, overriding: None };
        assert_eq!(serve(&world.facts(), &order, 100).0.code, expect, "{used:?} {quantity}");
    };
    check(&[], 2, Code::Ok);
    check(&[], 3, Code::NoCredit);
    check(&[Use::Passage(LIST), Use::Serving(ProductId(1))], 2, Code::Ok);
    check(&[Use::Serving(DRINK)], 1, Code::Stale);
    check(&[Use::Serving(DRINK)], 3, Code::Stale);
}
