//! The checks of a genuine ticket, one a function, and the order they come in.
//!
//! Each says what speaks against it, or nothing. [`ENTRY`] is the law of admission;
//! [`EXIT`] is what is left of it for somebody who was not known to be inside;
//! [`own`] is the part that is about the ticket alone, which a bar asks too.

use super::{Case, Code, Facts, Objection, Standing, Why};
use crate::catalogue::TicketStatus;
use crate::clock::Quality;
use crate::fold::Way;
use crate::time::{Placed, Timestamp, Window};

/// One check.
pub type Check = fn(&Case<'_>) -> Option<Objection>;

/// In the order of the published list.
pub const ENTRY: &[Check] = &[
    |case| revoked(&case.standing),
    |case| cancelled(&case.facts),
    |case| blocked(&case.facts),
    |case| unapproved(&case.facts),
    |case| window(&case.standing.window, case.at, trusted(case)),
    unknown_product,
    not_on_list,
    wrong_date,
    unpaid,
    unlisted,
    used,
];

/// An exit skips the window and being used.
pub const EXIT: &[Check] = &[
    |case| revoked(&case.standing),
    |case| cancelled(&case.facts),
    |case| blocked(&case.facts),
    |case| unapproved(&case.facts),
    unknown_product,
    not_on_list,
    wrong_date,
    unpaid,
];

/// What is about the ticket alone.
pub fn own(standing: &Standing<'_>, facts: &Facts<'_>, at: Timestamp, trusted: bool) -> Option<Objection> {
    revoked(standing)
        .or_else(|| cancelled(facts))
        .or_else(|| blocked(facts))
        .or_else(|| unapproved(facts))
        .or_else(|| window(&standing.window, at, trusted))
        .or_else(|| owes(facts).then(|| Objection::refuse(Code::Unpaid, Why::Unpaid)))
}

fn trusted(case: &Case<'_>) -> bool {
    case.scan.at.is_some() || case.facts.quality == Quality::Trusted
}

fn revoked(standing: &Standing<'_>) -> Option<Objection> {
    let replaced = standing.shown_counter.is_some_and(|shown| shown < standing.newest_counter);
    replaced.then(|| Objection::refuse(Code::Revoked, Why::Revoked))
}

fn cancelled(facts: &Facts<'_>) -> Option<Objection> {
    let row = facts.row.filter(|row| row.status == TicketStatus::Cancelled)?;
    Some(Objection::refuse(Code::Cancelled, Why::Cancelled(row.cancelled_at)))
}

fn blocked(facts: &Facts<'_>) -> Option<Objection> {
    let reason = facts.row?.blocked.clone()?;
    Some(Objection::refuse(Code::Blocked, Why::Blocked(reason)))
}

fn unapproved(facts: &Facts<'_>) -> Option<Objection> {
    facts.row.filter(|row| row.needs_approval).map(|_| Objection::refuse(Code::Unapproved, Why::Unapproved))
}

/// How close to a window's end an untrusted clock asks instead of deciding: more
/// than a night's drift of a machine that was never set.
const EDGE_US: i64 = 15 * 60 * crate::time::SECOND_US;

fn window(window: &Window, at: Timestamp, trusted: bool) -> Option<Objection> {
    let placed = window.place(at);
    if !trusted && (placed != Placed::Inside || window.near_edge(at, EDGE_US)) {
        return Some(Objection::ask(Code::Clock, Why::Clock));
    }
    match placed {
        Placed::Before(opens) => Some(Objection::refuse(Code::TooEarly, Why::TooEarly { opens, at })),
        Placed::After(closed) => Some(Objection::refuse(Code::TooLate, Why::TooLate { closed })),
        Placed::Inside => None,
    }
}

fn unknown_product(case: &Case<'_>) -> Option<Objection> {
    let known = case.facts.catalogue.products.contains_key(&case.standing.product);
    (!known).then(|| Objection::refuse(Code::UnknownProduct, Why::UnknownProduct))
}

fn not_on_list(case: &Case<'_>) -> Option<Objection> {
    let product = case.standing.product;
    let better = || {
        let others = case.facts.catalogue.lists_for(product).filter(|list| list.id != case.list.id);
        others.map(|list| list.name.clone()).collect()
    };
    let product_name = || case.facts.catalogue.product_name(product);
    (!case.list.takes(product))
        .then(|| Objection::refuse(Code::NotOnList, Why::NotOnList { product: product_name(), lists: better() }))
}

fn wrong_date(case: &Case<'_>) -> Option<Objection> {
    let wanted = case.list.date?;
    (case.standing.date != Some(wanted)).then(|| {
        let event = case.facts.catalogue.event.as_ref();
        let date = event.and_then(|e| e.dates.iter().find(|d| Some(d.id) == case.standing.date));
        Objection::refuse(Code::WrongDate, Why::WrongDate(date.map(|d| d.starts_at)))
    })
}

fn owes(facts: &Facts<'_>) -> bool {
    facts.row.is_some_and(|row| row.status == TicketStatus::Pending && !row.valid_if_pending)
}

fn unpaid(case: &Case<'_>) -> Option<Objection> {
    let settled = case.list.accept_unpaid && case.scan.confirm_unpaid && case.facts.can_ask;
    if !owes(&case.facts) || settled {
        None
    } else if case.list.accept_unpaid && case.facts.can_ask {
        Some(Objection::ask(Code::Unpaid, Why::Unpaid))
    } else {
        Some(Objection::refuse(Code::Unpaid, Why::Unpaid))
    }
}

fn unlisted(case: &Case<'_>) -> Option<Objection> {
    let asks = case.list.ask_unlisted && case.facts.row.is_none() && case.facts.can_ask;
    asks.then(|| Objection::ask(Code::Unlisted, Why::Unlisted))
}

fn used(case: &Case<'_>) -> Option<Objection> {
    if case.list.multiple_entries {
        return None;
    }
    let before = match case.list.reentry_after_exit {
        true => case.presence.doubled_at(case.moment),
        false => case.presence.passages.iter().find(|p| p.way != Way::Out),
    };
    before.map(|passage| Objection {
        used: Some(passage.clone()),
        ..Objection::refuse(Code::Used, Why::Used(passage.clone()))
    })
}
