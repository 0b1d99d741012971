//! Which counter counts: of a ticket's row, of the code that was shown, and of the newest one seen elsewhere.

use super::*;
use crate::serve::{Order, serve};

const DRINK: ProductId = ProductId(3);

/// A code with a higher counter than the row was seen elsewhere; it is good for less.
fn reissued(world: &mut World) {
    let window = Window { from: None, until: Some(Timestamp::from_secs(999)) };
    world.row().credits = vec![Credit { product: DRINK, units: 5 }];
    world.newest_code = Some(Ticket { window, credits: vec![Credit { product: DRINK, units: 2 }], ..ticket(1) });
}

fn shown(world: &World, by_hand: fn(TicketId) -> Shown) -> Shown {
    by_hand(world.row.as_ref().unwrap().id)
}

#[test]
fn a_short_code_is_revoked_with_the_code_it_stands_under() {
    let typed = |w: &mut World| w.scan.shown = shown(w, |id| Shown::Typed(vec![id]));
    check(typed, "admit/ok");
    let replaced = |w: &mut World| {
        reissued(w);
        typed(w);
    };
    check(replaced, "refuse/revoked");
    check(
        |w| {
            replaced(w);
            w.row().counter = 1 // the short code that this row has is the new one
        },
        "admit/ok",
    );
    check(
        |w| {
            replaced(w);
            w.entered();
            exit(w)
        },
        "exit/ok",
    );
}

#[test]
fn who_is_found_is_decided_about_by_the_newest_that_is_known() {
    let found = |w: &mut World| w.scan.shown = shown(w, Shown::Found);
    check(found, "admit/ok");
    let elsewhere = |w: &mut World| {
        reissued(w);
        found(w);
    };
    check(elsewhere, "refuse/too_late");
    check(
        |w| {
            elsewhere(w);
            w.row().counter = 1
        },
        "admit/ok",
    );
    check(
        |w| {
            elsewhere(w);
            w.row().status = TicketStatus::Cancelled
        },
        "refuse/cancelled",
    );
    check(
        |w| {
            elsewhere(w);
            w.row = None // a name finds rows; what journals carried is no row
        },
        "refuse/not_a_ticket",
    );
}

#[test]
fn a_bar_serves_no_more_than_the_newest_total() {
    let mut world = world();
    let drink = Product { id: DRINK, name: "Beer".into(), consumption: true, variations: Vec::new() };
    world.catalogue.products.insert(DRINK, drink);
    reissued(&mut world);
    world.newest_code.as_mut().unwrap().window = Window::default();
    let found = shown(&world, Shown::Found);
    let check = |world: &World, quantity, expect| {
        let order = Order { shown: found.clone(), product: DRINK, quantity, at: None, overriding: None };
        assert_eq!(serve(&world.facts(), &order, 100).0.code, expect, "{quantity}");
    };
    check(&world, 2, Code::Ok);
    check(&world, 3, Code::NoCredit);
    world.row().counter = 1;
    check(&world, 5, Code::Ok);
}

#[test]
fn a_bar_where_nobody_can_be_asked_refuses_a_short_code_of_several() {
    let mut world = world();
    let ids = vec![TicketId::from_bytes([1; 6]); 2];
    let order = Order { shown: Shown::Typed(ids), product: DRINK, quantity: 1, at: None, overriding: None };
    assert_eq!(serve(&world.facts(), &order, 100).0.verdict, Verdict::Ask);
    world.can_ask = false;
    assert_eq!(serve(&world.facts(), &order, 100).0.verdict, Verdict::Refuse);
}
