//! Which ticket is meant, on a list where a ticket lets its add-on in.

use super::*;

fn with_add_ons(world: &mut World, how_many: u8) {
    let workshop = ProductId(2);
    world.catalogue.products.insert(
        workshop,
        Product { id: workshop, name: "Workshop".into(), consumption: false, variations: Vec::new() },
    );
    world.list.products = Some(vec![workshop]);
    world.list.addon_match = true;
    world.add_ons = (0..how_many)
        .map(|n| {
            let id = TicketId::from_bytes([7, 0, 0, 0, 0, n]);
            let row = TicketRow { addon_to: Some(TicketId::from_bytes([1; 6])), ..TicketRow::new(id, workshop) };
            AddOn { row, newest_code: None, acts: Vec::new() }
        })
        .collect();
}

#[test]
fn a_main_ticket_lets_its_one_add_on_in() {
    let mut world = world();
    with_add_ons(&mut world, 1);
    let decision = world.decide();
    let add_on = world.add_ons[0].row.id;
    assert_eq!(
        (decision.code, decision.instead, decision.record.ticket()),
        (Code::Ok, Some(add_on), Some(add_on))
    );
    check(
        |w| {
            with_add_ons(w, 1);
            w.list.addon_match = false
        },
        "refuse/not_on_list",
    );
    check(
        |w| {
            with_add_ons(w, 1);
            w.add_ons[0].row.status = TicketStatus::Cancelled
        },
        "refuse/not_on_list",
    );
    check(
        |w| {
            with_add_ons(w, 1);
            w.row().blocked = Some("stolen".into())
        },
        "refuse/blocked",
    );
    check(
        |w| {
            with_add_ons(w, 1);
            w.row().counter = 1
        },
        "refuse/revoked",
    );
    check(
        |w| {
            with_add_ons(w, 0);
            w.row = None
        },
        "ask/stale",
    );
}

#[test]
fn where_several_tickets_fit_somebody_chooses() {
    check(|w| with_add_ons(w, 2), "ask/ambiguous");
    check(
        |w| {
            with_add_ons(w, 2);
            overriding(w)
        },
        "ask/ambiguous",
    );
    check(
        |w| {
            with_add_ons(w, 1);
            w.list.products = None
        },
        "ask/ambiguous",
    );
    check(
        |w| {
            with_add_ons(w, 2);
            w.row = Some(w.add_ons[1].row.clone());
            w.scan.shown = Shown::Found(w.add_ons[1].row.id)
        },
        "admit/ok",
    );
    check(|w| w.scan.shown = Shown::Typed(vec![TicketId::from_bytes([1; 6]); 2]), "ask/ambiguous");
}

#[test]
fn a_code_that_is_no_longer_good_opens_no_choice() {
    let no_longer_good = ["refuse/revoked", "refuse/cancelled", "refuse/blocked"];
    for expect in no_longer_good {
        let spoil = |w: &mut World| match expect {
            "refuse/revoked" => w.row().counter = 1,
            "refuse/cancelled" => w.row().status = TicketStatus::Cancelled,
            _ => w.row().blocked = Some("stolen".into()),
        };
        let of_two = |w: &mut World| {
            with_add_ons(w, 2);
            spoil(w);
        };
        check(of_two, expect);
        check(
            |w| {
                of_two(w);
                overriding(w)
            },
            expect,
        );
        check(
            |w| {
                with_add_ons(w, 1);
                w.list.products = None;
                spoil(w)
            },
            expect,
        );
        check(
            |w| {
                of_two(w);
                exit(w)
            },
            "ask/ambiguous",
        );
    }
    check(
        |w| {
            with_add_ons(w, 0);
            w.row = None;
            w.newest_code = Some(ticket(1))
        },
        "refuse/revoked",
    );
}

const SATURDAY: Option<DateId> = Some(DateId(1));
const SUNDAY: Option<DateId> = Some(DateId(2));

/// A list of Saturday's workshops, a main ticket of Saturday, and a workshop of each of these dates.
fn on_dates(world: &mut World, dates: &[Option<DateId>]) {
    with_add_ons(world, dates.len() as u8);
    world.list.date = SATURDAY;
    world.row().date = SATURDAY;
    for (add_on, date) in world.add_ons.iter_mut().zip(dates) {
        add_on.row.date = *date;
    }
}

/// Somebody came in with this add-on before.
fn entered_with(world: &mut World, add_on: usize) {
    world.entered();
    world.add_ons[add_on].acts = std::mem::take(&mut world.acts);
}

fn check_meant(change: impl Fn(&mut World), expect: Option<usize>) {
    let mut world = world();
    change(&mut world);
    let decision = world.decide();
    assert_eq!(decision.code, Code::Ok);
    assert_eq!(decision.instead, expect.map(|nth| world.add_ons[nth].row.id));
}

#[test]
fn an_add_on_of_another_date_is_not_among_those_that_fit() {
    check_meant(|w| on_dates(w, &[SUNDAY, SATURDAY, None]), Some(1));
    check(|w| on_dates(w, &[SATURDAY, SATURDAY]), "ask/ambiguous");
    check(|w| on_dates(w, &[SUNDAY]), "refuse/wrong_date");
    check(|w| on_dates(w, &[None]), "refuse/wrong_date");
    let takes_both = |w: &mut World, dates: &[Option<DateId>]| {
        on_dates(w, dates);
        w.list.products = None;
    };
    check_meant(|w| takes_both(w, &[SUNDAY]), None);
    check(|w| takes_both(w, &[SATURDAY]), "ask/ambiguous");
    check_meant(
        |w| {
            takes_both(w, &[SUNDAY, SATURDAY]);
            w.row().date = SUNDAY
        },
        Some(1),
    );
}

#[test]
fn a_newer_code_of_an_add_on_says_whether_it_fits() {
    check_meant(
        |w| {
            on_dates(w, &[SATURDAY, SATURDAY]);
            let moved = Ticket { id: w.add_ons[0].row.id, product: ProductId(2), date: SUNDAY, ..ticket(1) };
            w.add_ons[0].newest_code = Some(moved);
        },
        Some(1),
    );
}

#[test]
fn who_leaves_is_who_is_inside_whatever_has_become_of_the_ticket() {
    let leaving = |w: &mut World| {
        on_dates(w, &[SATURDAY, SUNDAY, SATURDAY]);
        entered_with(w, 1);
        exit(w);
    };
    check_meant(leaving, Some(1));
    check_meant(
        |w| {
            leaving(w);
            w.add_ons[1].row.status = TicketStatus::Cancelled
        },
        Some(1),
    );
    check_meant(
        |w| {
            leaving(w);
            w.add_ons[1].acts.clear();
            w.entered()
        },
        None,
    );
    let two_inside = |w: &mut World| {
        leaving(w);
        entered_with(w, 2);
    };
    check(two_inside, "ask/ambiguous");
    let mut world = world();
    two_inside(&mut world);
    assert_eq!(world.decide().choices, [world.add_ons[1].row.id, world.add_ons[2].row.id]);
}

#[test]
fn where_nobody_can_be_asked_nobody_chooses_and_no_name_is_shown() {
    let mut world = world();
    with_add_ons(&mut world, 2);
    let asked = world.decide();
    assert_eq!((asked.verdict, asked.choices.len()), (Verdict::Ask, 2));
    world.can_ask = false;
    let refused = world.decide();
    assert_eq!((refused.verdict, refused.code, refused.choices.len()), (Verdict::Refuse, Code::Ambiguous, 0));
}
