//! Zones that are full, and what a device may do cut off.

use super::*;
use crate::exposure::{Policy, Usable};
use crate::id::ZoneId;
use crate::journal::kind::Serving;
use crate::serve::{Order, serve};
use crate::ticket::Credit;

fn policy(world: &mut World, change: impl Fn(&mut Policy)) {
    world.reach.cut_off = true;
    change(&mut world.reach.policy);
}

#[test]
fn a_zone_without_a_place_is_full_for_who_comes_and_open_for_who_leaves() {
    let full = |world: &mut World| {
        world.list.zone = Some(ZoneId(1));
        world.room = Some(Room::of(0));
    };
    check(full, "refuse/full");
    check(
        |w| {
            full(w);
            w.room = Some(Room::of(1))
        },
        "admit/ok",
    );
    let perhaps = |w: &mut World| {
        full(w);
        w.room = Some(Room { certain: 0, by_clock: 1 });
    };
    check(perhaps, "ask/clock");
    check(
        |w| {
            full(w);
            w.entered()
        },
        "refuse/used",
    );
    check(
        |w| {
            full(w);
            exit(w)
        },
        "exit/ok",
    );
    check(
        |w| {
            full(w);
            overriding(w)
        },
        "admit/ok overridden",
    );
}

#[test]
fn limits_bind_where_the_policy_names_them() {
    let hard = |world: &mut World, unverified| {
        policy(world, |policy| policy.unverified_hard = Some(3));
        world.reach.unverified = unverified;
    };
    check(|w| hard(w, 2), "admit/ok");
    check(|w| hard(w, 3), "refuse/limit");
    check(
        |w| {
            hard(w, 3);
            w.reach.cut_off = false
        },
        "admit/ok",
    );
    check(
        |w| {
            policy(w, |policy| policy.oldest_update_s = Some(60));
            w.reach.update_age_us = None
        },
        "refuse/limit",
    );
    check(
        |w| {
            hard(w, 3);
            overriding(w)
        },
        "admit/ok overridden",
    );
}

#[test]
fn rights_that_nobody_confirmed_since_the_start_fill_no_zone_and_leave_other_lists_alone() {
    let unconfirmed = |world: &mut World| world.reach.usable = Usable::Unconfirmed;
    check(unconfirmed, "admit/ok");
    check(
        |w| {
            unconfirmed(w);
            w.room = Some(Room::of(5))
        },
        "refuse/limit",
    );
}

const DRINK: ProductId = ProductId(2);

/// A bar with five units, and a ticket with four credits of which `alone` were served here and are known to nobody.
fn served(change: impl Fn(&mut World, &mut Order), stock: i64, alone: u16) -> Decision {
    let mut world = world();
    let drink = Product { id: DRINK, name: "Beer".into(), consumption: true, variations: Vec::new() };
    world.catalogue.products.insert(DRINK, drink);
    world.row().credits = vec![Credit { product: DRINK, units: 4 }];
    let journal = JournalId { device: DeviceId([7; 16]), incarnation: 1 };
    let id = EntryRef { journal, sequence: 9, hash: Hash([0; 32]) };
    let does = Does::Serve { product: DRINK, units: alone };
    if alone > 0 {
        world.acts.push(Act { id, clock: Timestamp(1), at: None, uncertain_ms: None, wild: false, does });
    }
    let shown = world.scan.shown.clone();
    let mut order = Order { shown, product: DRINK, quantity: 1, at: None, overriding: None };
    change(&mut world, &mut order);
    let facts = Facts { own: Some(journal), ..world.facts() };
    serve(&facts, &order, stock).0
}

#[test]
fn a_bar_cut_off_serves_its_share_of_what_it_knew() {
    let check = |shared, alone, expect: Code| {
        let decision = served(
            |world, _| {
                policy(world, |policy| policy.share_percent = Some(50));
                world.reach.shared = shared;
            },
            5,
            alone,
        );
        assert_eq!(decision.code, expect, "{shared} {alone}");
    };
    check(0, 0, Code::Ok);
    check(0, 1, Code::Ok);
    check(0, 2, Code::Limit);
    check(9, 2, Code::Ok); // somebody knows of those two: half of the other two
}

#[test]
fn a_supervisor_overdraws_stock_and_limits_and_never_what_a_guest_has_paid_for() {
    let by = || Some(Override { supervisor: "ana".into(), reason: "another crate is coming".into() });
    let overdrawn = served(|_, order| order.overriding = by(), 0, 0);
    assert_eq!((overdrawn.code, overdrawn.overridden), (Code::Ok, true));
    assert!(matches!(overdrawn.record, Kind::Serving(Serving { overridden: Some(_), .. })));
    assert_eq!(served(|_, _| (), 0, 0).code, Code::SoldOut);
    let in_stock = served(|_, order| order.overriding = by(), 5, 0);
    assert!(matches!(in_stock.record, Kind::Serving(Serving { overridden: None, .. })));
    let unpaid = served(
        |_, order| {
            order.overriding = by();
            order.quantity = 5
        },
        9,
        0,
    );
    assert_eq!(unpaid.code, Code::NoCredit);
}
