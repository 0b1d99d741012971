//! Keys of the Find screen: search, open an order, let in by hand.
//!
//! Kept true: letting in takes two steps after the order is seen, the guest and the reason,
//! and what is sent is what the reason was asked for.

use super::acts;
use crate::keys::Action;
use crate::model::find::{Find, HAND_REASONS, Order, Reason, SEARCH_LEAST, Step, Whom, moved};
use crate::model::request::{Request, Scan, Subject};
use crate::model::{Millis, Model};

/// A search is sent this long after the last letter: a person is still typing before.
const SEARCH_WAIT_MS: Millis = 250;
/// Rows a page key moves.
pub const PAGE_ROWS: isize = 10;

/// The search was changed.
pub fn changed(model: &mut Model, now: Millis) {
    let find = &mut model.find;
    (find.due, find.at) = (Some(now + SEARCH_WAIT_MS), 0);
    if find.text.text().chars().count() < SEARCH_LEAST {
        (find.due, find.found, find.fault) = (None, None, None);
        find.asked.clear();
    }
}

/// Sends the search.
pub fn search(model: &mut Model, now: Millis) {
    let find = &mut model.find;
    find.due = None;
    let text = find.text.text().to_owned();
    if text.chars().count() >= SEARCH_LEAST {
        find.asked.clone_from(&text);
        let asked = acts::ask(model, Request::Find(text), now);
        model.find.fault = asked.err().map(|why| format!("NOT SEARCHED: {why}"));
    }
}

/// Keys while searching.
pub fn in_search(model: &mut Model, action: Action, now: Millis) {
    let rows = model.find.found.as_ref().map_or(0, Vec::len);
    match step(action) {
        Some(by) => model.find.at = moved(model.find.at, by, rows),
        None if action == Action::Enter && model.find.due.is_some() => search(model, now),
        None if action == Action::Enter => open(model, now),
        None => {}
    }
}

fn open(model: &mut Model, now: Millis) {
    let Find { found, at, .. } = &model.find;
    let Some(chosen) = found.as_ref().and_then(|found| found.get(*at)) else { return };
    model.find.order = Some(Order::of(chosen));
    fetch(model, now);
}

/// Asks for the order that is open.
pub fn fetch(model: &mut Model, now: Millis) {
    let Some(code) = model.find.order.as_ref().and_then(|order| order.code.clone()) else { return };
    let asked = acts::ask(model, Request::Order(code), now);
    if let Some(order) = &mut model.find.order {
        order.fault = asked.err().map(|why| format!("NOT FETCHED: {why}"));
    }
}

/// Keys while an order is looked at.
pub fn in_order(model: &mut Model, action: Action) {
    let Some(order) = &mut model.find.order else { return };
    order.fault = None;
    match (step(action), action) {
        (Some(by), _) => order.at = moved(order.at, by, order.tickets.len()),
        (None, Action::Enter) => {
            if let Some(found) = order.chosen() {
                let whom = Whom::Ticket(Box::new(found.ticket.clone()));
                order.step = Step::Why(whom, Reason::new(&HAND_REASONS));
            }
        }
        (None, Action::Party) => match (order.outside(), &order.code, order.whole) {
            (_, None, _) => order.fault = Some("This ticket has no order".to_owned()),
            (_, Some(_), false) => order.fault = Some("The order is still being fetched".to_owned()),
            (0, Some(_), true) => order.fault = Some("Everybody of this order is inside".to_owned()),
            (outside, Some(_), true) => order.step = Step::Count(outside),
        },
        (None, _) => {}
    }
}

/// Keys while it is chosen how many come in.
pub fn in_party(model: &mut Model, action: Action) {
    let Some(order) = &mut model.find.order else { return };
    let most = order.outside().max(1);
    let Step::Count(count) = &mut order.step else { return };
    match action {
        Action::Up => *count = count.saturating_add(1).min(most),
        Action::Down => *count = count.saturating_sub(1).max(1),
        Action::Enter => order.step = Step::Why(Whom::Party(*count), Reason::new(&HAND_REASONS)),
        _ => {} // other keys have no row here
    }
}

/// Keys while it is chosen why.
pub fn in_reason(model: &mut Model, action: Action, now: Millis) {
    let Some(order) = &mut model.find.order else { return };
    let Step::Why(_, reason) = &mut order.step else { return };
    order.fault = None;
    match (step(action), action) {
        (Some(by), _) => reason.at = moved(reason.at, by, reason.rows()),
        (None, Action::Enter) => admit(model, now),
        (None, _) => {}
    }
}

fn admit(model: &mut Model, now: Millis) {
    let Some(order) = &model.find.order else { return };
    let Step::Why(whom, reason) = &order.step else { return };
    let asked = match (reason.text(), whom, &order.code) {
        (None, _, _) => Err("say why".to_owned()),
        (Some(reason), Whom::Ticket(ticket), _) => {
            let scan = Scan::of(Subject::Ticket(ticket.id.clone()));
            let scan = Scan { reason: Some(reason), ..scan };
            acts::ask(model, Request::Scan(Box::new(scan)), now)
        }
        (Some(reason), Whom::Party(count), Some(order)) => {
            let party = Request::Party { order: order.clone(), count: *count, reason };
            acts::ask(model, party, now)
        }
        (Some(_), Whom::Party(_), None) => Err("this ticket has no order".to_owned()),
    };
    if let (Err(why), Some(order)) = (asked, &mut model.find.order) {
        order.fault = Some(format!("NOT LET IN: {why}"));
    }
}

/// Whether a scan was sent from the reason that is open.
pub fn is_waiting_for(model: &Model, request: &Request) -> bool {
    let step = model.find.order.as_ref().map(|order| &order.step);
    match (step, request) {
        (Some(Step::Why(Whom::Ticket(ticket), _)), Request::Scan(scan)) => {
            let by_hand = scan.reason.is_some() && scan.overriding.is_none();
            by_hand && scan.subject == Subject::Ticket(ticket.id.clone())
        }
        (Some(Step::Why(Whom::Party(_), _)), Request::Party { .. }) => true,
        (_, _) => false,
    }
}

/// What was asked for is decided: back to the order, with fresh ticks.
pub fn decided(model: &mut Model, now: Millis) {
    if let Some(order) = &mut model.find.order {
        order.step = Step::Look;
        fetch(model, now);
        model.find.due = Some(now);
    }
}

/// Rows a key moves, if it moves.
pub fn step(action: Action) -> Option<isize> {
    match action {
        Action::Up => Some(-1),
        Action::Down => Some(1),
        Action::PageUp => Some(-PAGE_ROWS),
        Action::PageDown => Some(PAGE_ROWS),
        _ => None,
    }
}
