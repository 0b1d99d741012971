//! The checks of a genuine ticket, one a function, and the order they come in.
//!
//! Each says what speaks against it, or nothing. [`ENTRY`] is the law of admission;
//! [`EXIT`] is what is left of it for somebody who was not known to be inside;
//! [`own`] is the part that is about the ticket alone, which a bar asks too.

use super::{Case, Code, Facts, Objection, Standing, Why};
use crate::catalogue::{Question, TicketStatus};
use crate::clock::Quality;
use crate::exposure::Limit;
use crate::fold::Does;
use crate::journal::kind::Resource;
use crate::rule::{Gap, Known, Reason, Rule, RuleFacts, Rules};
use crate::start::uses::Use;
use crate::time::{Placed, Timestamp, Window};
use crate::trial::{Bug, planted};

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
    rule,
    question,
    unlisted,
    used,
    full,
    limit,
];

/// An exit skips the window, the rules, the questions and being used.
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

/// What speaks against it, in order: first what speaks against the ticket that was shown for it.
pub fn against(case: &Case<'_>, checks: &[Check]) -> Vec<Objection> {
    case.main.iter().cloned().chain(checks.iter().filter_map(|check| check(case))).collect()
}

/// What speaks against a code that was shown for another ticket.
pub fn still_good(standing: &Standing<'_>, facts: &Facts<'_>) -> Option<Objection> {
    revoked(standing).or_else(|| cancelled(facts)).or_else(|| blocked(facts))
}

/// A fact that decides is not here.
pub fn not_here() -> Objection {
    Objection::ask(Code::Stale, Why::Stale)
}

/// Nothing here has what was typed or found.
pub fn no_such_ticket(facts: &Facts<'_>) -> Objection {
    if facts.lacks_rows() { not_here() } else { Objection::refuse(Code::NotATicket, Why::NoSuchTicket) }
}

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
    let replaced = replaced && !(standing.listed && planted(Bug::ReplacedCode));
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
    let placed = if planted(Bug::AnyTime) { Placed::Inside } else { window.place(at) };
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
    (!case.list.takes_date(case.standing.date)).then(|| {
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
    } else if case.list.accept_unpaid {
        Some(Objection::ask(Code::Unpaid, Why::Unpaid))
    } else {
        Some(Objection::refuse(Code::Unpaid, Why::Unpaid))
    }
}

fn rule(case: &Case<'_>) -> Option<Objection> {
    let unreadable = || Some(Objection::refuse(Code::Rule, Why::RuleUnreadable));
    let Ok(rule) = case.list.rules.as_ref()?.rule() else { return unreadable() };
    // Entries that are not here would be counted as none.
    if rule.looks_back() && unheard_of(case) {
        return Some(not_here());
    }
    with_rule_facts(case, |facts| held(case, rule, facts))
}

/// Everything that a list's rules have against it; nothing where they are not false.
pub(super) fn rule_reasons(case: &Case<'_>) -> Vec<Reason> {
    let Some(Ok(rule)) = case.list.rules.as_ref().map(Rules::rule) else { return Vec::new() };
    with_rule_facts(case, |facts| match rule.evaluate(facts) {
        Ok(false) => rule.reasons(facts),
        Ok(true) | Err(Gap::Undefined | Gap::NotHere) => Vec::new(),
    })
}

/// What a rule may look at.
fn with_rule_facts<T>(case: &Case<'_>, work: impl FnOnce(&RuleFacts<'_>) -> T) -> T {
    let catalogue = case.facts.catalogue;
    let (zone, event) = (catalogue.zone(), catalogue.event.as_ref());
    // The event's own times are not those of a date that no feed has named yet.
    let span = match (event, case.standing.date) {
        (None, _) => Known::NotHere,
        (Some(event), None) => Known::Here(event.span()),
        (Some(event), Some(date)) => event.date(date).map_or(Known::NotHere, |date| Known::Here(date.span())),
    };
    let passages = case.presence.passages.iter();
    let entries: Vec<Timestamp> = passages.filter(|p| p.way.is_in()).map(|p| p.at).collect();
    let facts = RuleFacts {
        zone: &zone,
        span,
        product: case.standing.product,
        variation: case.facts.row.map_or(Known::NotHere, |row| Known::Here(row.variation)),
        gate: case.scan.gate.as_deref(),
        at: Known::Here(case.at),
        entries: &entries,
        present: Known::Here(case.presence.open_at(case.moment).is_some()),
    };
    work(&facts)
}

fn held(case: &Case<'_>, rule: &Rule, facts: &RuleFacts<'_>) -> Option<Objection> {
    let unreadable = || Some(Objection::refuse(Code::Rule, Why::RuleUnreadable));
    let clock = || Some(Objection::ask(Code::Clock, Why::Clock));
    match rule.evaluate(facts) {
        Ok(true) if !trusted(case) && !holds_around(case, rule, facts) => clock(),
        Ok(true) => None,
        Ok(false) if !trusted(case) && !false_at_any_time(case, rule, facts) => clock(),
        Ok(false) => Some(Objection::refuse(Code::Rule, Why::Rule(rule.reason(facts)))),
        Err(Gap::Undefined) => unreadable(),
        Err(Gap::NotHere) => Some(not_here()),
    }
}

/// Whether a rule that is true now is true also where the clock is off by what an unsure one may be.
fn holds_around(case: &Case<'_>, rule: &Rule, facts: &RuleFacts<'_>) -> bool {
    let moved = |by_us| Timestamp(case.at.0.saturating_add(by_us));
    [-EDGE_US, EDGE_US].into_iter().all(|by_us| rule.evaluate(&facts.at(moved(by_us))) == Ok(true))
}

/// Whether a rule is false without looking at the time, or at who is inside only until closing time.
fn false_at_any_time(case: &Case<'_>, rule: &Rule, facts: &RuleFacts<'_>) -> bool {
    let present = if case.presence.ends_by_closing() { Known::NotHere } else { facts.present };
    rule.evaluate(&RuleFacts { at: Known::NotHere, present, ..*facts }) == Ok(false)
}

fn question(case: &Case<'_>) -> Option<Objection> {
    let event = case.facts.catalogue.event.as_ref().filter(|_| case.facts.can_ask)?;
    let open = event.questions.iter().filter(|q| q.asked_about(case.standing.product) && !answered(case, q));
    let questions: Vec<Question> = open.cloned().collect();
    let texts = questions.iter().map(|q| q.text.clone()).collect();
    (!questions.is_empty())
        .then(|| Objection { questions, ..Objection::ask(Code::Question, Why::Question { texts }) })
}

/// Answered when buying, at the door before, or now.
fn answered(case: &Case<'_>, question: &Question) -> bool {
    let standing = case.facts.acts.iter().filter(|act| !case.undone.contains(&act.id));
    let before = standing.filter_map(|act| match &act.does {
        Does::Admit { answers, .. } => Some(answers),
        Does::Leave { .. } | Does::Serve { .. } | Does::Undo { .. } => None,
    });
    let sold = case.facts.row.map(|row| &row.answers);
    let mut all = before.chain(sold).chain([&case.scan.answers]).flatten();
    all.any(|answer| answer.question == question.id && question.takes(&answer.text))
}

fn unlisted(case: &Case<'_>) -> Option<Objection> {
    let asks = case.list.ask_unlisted && case.facts.row.is_none() && case.facts.can_ask;
    asks.then(|| match case.facts.lacks_rows() {
        true => not_here(),
        false => Objection::ask(Code::Unlisted, Why::Unlisted),
    })
}

/// Whether entries by this list that are not here may be about the ticket.
fn unheard_of(case: &Case<'_>) -> bool {
    case.facts.may_have(Use::Passage(case.list.id), case.standing.ticket)
}

fn used(case: &Case<'_>) -> Option<Objection> {
    if case.list.multiple_entries {
        return None;
    }
    let (before, may_be_over) = match case.list.reentry_after_exit {
        true => (case.presence.doubled_at(case.moment), case.presence.ends_by_closing()),
        false => (case.presence.passages.iter().find(|p| p.way.is_in()), false),
    };
    let Some(passage) = before else { return unheard_of(case).then(not_here) };
    let why = Why::Used(passage.clone());
    let objection = match may_be_over && !trusted(case) {
        true => Objection::ask(Code::Clock, why),
        false => Objection::refuse(Code::Used, why),
    };
    Some(Objection { used: Some(passage.clone()), ..objection })
}

/// A list that lets into a zone needs a place that this device may fill. Where only a clock that is not sure says
/// that closing time has freed one, somebody looks.
fn full(case: &Case<'_>) -> Option<Objection> {
    let catalogue = case.facts.catalogue;
    let zone = || case.list.zone.map(|zone| catalogue.resource_name(Resource::Zone(zone))).unwrap_or_default();
    let room = case.facts.room?;
    match (room.certain > 0, room.by_clock > 0) {
        (true, _) => None,
        (false, true) => Some(Objection::ask(Code::Clock, Why::MaybeFull { zone: zone() })),
        (false, false) => Some(Objection::refuse(Code::Full, Why::Full { zone: zone() })),
    }
}

fn limit(case: &Case<'_>) -> Option<Objection> {
    let reach = &case.facts.reach;
    let rights = || reach.rights().filter(|_| case.facts.room.is_some());
    limited(reach.too_old().or_else(|| reach.too_many()).or_else(rights))
}

/// A limit as an objection.
pub fn limited(limit: Option<Limit>) -> Option<Objection> {
    limit.map(|limit| Objection::refuse(Code::Limit, Why::Limit(limit)))
}
