//! Why a rule is false: the nearest way in, found in one pass.
//!
//! Every way in is as far as the hardest thing on it; an `or` takes its nearest
//! way, an `and` has to go all of its ways. That gives the same answer as
//! writing out every combination, without writing them out.
//!
//! How far a thing is, is first a matter of its kind, by how much of it lies in
//! the guest's hands: coming and going, how long ago, how often, when, which
//! weekday, which gate, which product. Within a kind it is a matter of how much
//! is missing; a time that has passed is as near as one as far ahead.

use super::evaluate::MINUTE_US;
use super::reason::{Counted, Needs, Reason};
use super::tree::{Choice, Moment, Node, Number, Relation, Tally};
use super::{Gap, RuleFacts};
use crate::time::Timestamp;

impl Node {
    pub(super) fn reasons(&self, facts: &RuleFacts<'_>) -> Vec<Reason> {
        match look(self, true, facts) {
            Seen::Met | Seen::Unknown => Vec::new(),
            Seen::Short(way) => way.reasons,
        }
    }
}

/// What a part of a rule is, held against what it has to be.
enum Seen {
    Met,
    Unknown,
    Short(Way),
}

/// A way in, and all that stands in it, what is hardest to mend first.
struct Way {
    distance: Distance,
    reasons: Vec<Reason>,
}

/// How far a way in is: by kind, then by how much is missing.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Distance(Kind, f64);

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Kind {
    Status,
    SinceFirst,
    SinceLast,
    Days,
    Entries,
    EntriesWithin,
    Time,
    Weekday,
    Gate,
    Product,
    Never,
}

impl Way {
    fn new(kind: Kind, missing: f64, reason: Reason) -> Self {
        Self { distance: Distance(kind, missing), reasons: vec![reason] }
    }

    fn never() -> Self {
        Self::new(Kind::Never, 0.0, Reason::Never)
    }

    fn product(reason: Reason) -> Self {
        Self::new(Kind::Product, 0.0, reason)
    }
}

/// Looks at a part that has to be `wanted`; "not" is carried inwards.
fn look(node: &Node, wanted: bool, facts: &RuleFacts<'_>) -> Seen {
    match (node, wanted) {
        (Node::All(members), true) | (Node::Any(members), false) => every(node, members, wanted, facts),
        (Node::All(members), false) | (Node::Any(members), true) => any(members, wanted, facts),
        (Node::Not(inner), _) => look(inner, !wanted, facts),
        (Node::Constant(_) | Node::Compare { .. } | Node::Before { .. } | Node::OneOf(_) | Node::Present, _) => {
            match node.evaluate(facts) {
                Ok(truth) if truth == wanted => Seen::Met,
                Ok(_) => leaf(node, wanted, facts).map_or(Seen::Unknown, Seen::Short),
                Err(_) => Seen::Unknown,
            }
        }
    }
}

/// All members have to be as wanted.
fn every(node: &Node, members: &[Node], wanted: bool, facts: &RuleFacts<'_>) -> Seen {
    let (mut short, mut unknown): (Option<Way>, bool) = (None, false);
    for member in members {
        match look(member, wanted, facts) {
            Seen::Met => {}
            Seen::Unknown => unknown = true,
            Seen::Short(way) => match &mut short {
                None => short = Some(way),
                Some(all) => {
                    if way.distance > all.distance {
                        all.distance = way.distance;
                    }
                    all.reasons.extend(way.reasons);
                }
            },
        }
    }
    match short {
        None if unknown => Seen::Unknown,
        None => Seen::Met,
        Some(mut way) => {
            way.reasons.sort_by_key(mending);
            way.reasons.dedup();
            Seen::Short(if holds_then(node, wanted, &way.reasons, facts) { way } else { Way::never() })
        }
    }
}

/// One member has to be as wanted; equally far ones of a kind are named together.
fn any(members: &[Node], wanted: bool, facts: &RuleFacts<'_>) -> Seen {
    let (mut ways, mut unknown) = (Vec::new(), false);
    for member in members {
        match look(member, wanted, facts) {
            Seen::Met => return Seen::Met,
            Seen::Unknown => unknown = true,
            Seen::Short(way) => ways.push(way),
        }
    }
    if unknown {
        return Seen::Unknown;
    }
    let mut ways = ways.into_iter();
    let Some(mut nearest) = ways.next() else { return Seen::Short(Way::never()) };
    for way in ways {
        if way.distance < nearest.distance {
            nearest = Way { reasons: joined(way.reasons, &nearest.reasons), ..way };
        } else {
            nearest.reasons = joined(nearest.reasons, &way.reasons);
        }
    }
    Seen::Short(nearest)
}

/// "Only product A" or "only product B" is "only products A and B".
fn joined(mut nearest: Vec<Reason>, other: &[Reason]) -> Vec<Reason> {
    if let ([one], [other]) = (&mut nearest[..], other) {
        match (one, other) {
            (Reason::Products(all), Reason::Products(more)) => unite(all, more),
            (Reason::Variations(all), Reason::Variations(more)) => unite(all, more),
            (Reason::Gates(all), Reason::Gates(more)) => unite(all, more),
            (Reason::Weekdays(all), Reason::Weekdays(more)) => unite(all, more),
            _ => {} // different kinds are different ways
        }
    }
    nearest
}

/// An empty list is "all but some", and stays that with some more.
fn unite<T: Clone + Ord>(all: &mut Vec<T>, more: &[T]) {
    if all.is_empty() || more.is_empty() {
        all.clear();
    } else {
        all.extend_from_slice(more);
        all.sort();
        all.dedup();
    }
}

/// What is hardest to mend first; of two times the later.
fn mending(reason: &Reason) -> (u8, std::cmp::Reverse<Timestamp>) {
    let (order, at) = match reason {
        Reason::Never => (0, None),
        Reason::Products(_) => (1, None),
        Reason::Variations(_) => (2, None),
        Reason::Gates(_) => (3, None),
        Reason::Entries { .. } => (4, None),
        Reason::Lapsed { .. } => (5, None),
        Reason::Closed { .. } => (6, None),
        Reason::Weekdays(_) => (7, None),
        Reason::Status { .. } => (8, None),
        Reason::Wait { at, .. } | Reason::Opens { at, .. } => (9, Some(*at)),
    };
    (order, std::cmp::Reverse(at.unwrap_or_default()))
}

/// Whether waiting helps where waiting is all that is asked for: nobody is sent
/// away until an hour at which the door has closed.
fn holds_then(node: &Node, wanted: bool, reasons: &[Reason], facts: &RuleFacts<'_>) -> bool {
    let at = match reasons.first() {
        Some(Reason::Opens { at, .. }) => at.plus_us(1), // the first instant that no strict comparison holds back
        Some(Reason::Wait { at, .. }) => *at,
        _ => return true, // something else has to change first
    };
    match node.evaluate(&facts.at(at)) {
        Ok(truth) => truth == wanted,
        Err(gap) => gap == Gap::NotHere, // who has the fact may find that it does
    }
}

fn leaf(node: &Node, wanted: bool, facts: &RuleFacts<'_>) -> Option<Way> {
    let way = match node {
        Node::Before { left, right, tolerance_us } => time(left, right, *tolerance_us, wanted, facts).ok()?,
        Node::Compare { left, by, right } => {
            let by = if wanted { *by } else { by.opposite() };
            match (left, right) {
                (Number::Literal(_), _) => number(right, by.exchanged(), left.value(facts).ok()?, facts).ok()?,
                _ => number(left, by, right.value(facts).ok()?, facts).ok()?,
            }
        }
        Node::OneOf(choice) => one_of(choice, wanted),
        Node::Present => Way::new(Kind::Status, 0.0, Reason::Status { present: wanted }),
        Node::Constant(_) | Node::All(_) | Node::Any(_) | Node::Not(_) => Way::never(),
    };
    Some(if holds_then(node, wanted, &way.reasons, facts) { way } else { Way::never() })
}

fn one_of(choice: &Choice, wanted: bool) -> Way {
    fn named<T: Clone + Ord>(all: &[T], wanted: bool) -> Vec<T> {
        let mut named = if wanted { all.to_vec() } else { Vec::new() };
        named.sort();
        named.dedup();
        named
    }
    match choice {
        Choice::Products(all) => Way::product(Reason::Products(named(all, wanted))),
        Choice::Variations(all) => Way::product(Reason::Variations(named(all, wanted))),
        Choice::Gates(all) => Way::new(Kind::Gate, 0.0, Reason::Gates(named(all, wanted))),
    }
}

/// `left − tolerance < right` is not as wanted: it depends on now, or nothing changes it.
fn time(
    left: &Moment,
    right: &Moment,
    tolerance_us: i64,
    wanted: bool,
    facts: &RuleFacts<'_>,
) -> Result<Way, Gap> {
    let now = facts.at.here()?;
    let (at, opens) = match (left == &Moment::Now, right == &Moment::Now) {
        (true, false) => (right.instant(facts)?.plus_us(tolerance_us), !wanted),
        (false, true) => (left.instant(facts)?.plus_us(-tolerance_us), wanted),
        (true, true) | (false, false) => return Ok(Way::never()),
    };
    let reason = if opens { Reason::Opens { at, now } } else { Reason::Closed { at } };
    Ok(Way::new(Kind::Time, now.since_us(at).unsigned_abs() as f64, reason))
}

/// A number is not what it has to be, compared with `bound`.
fn number(number: &Number, by: Relation, bound: f64, facts: &RuleFacts<'_>) -> Result<Way, Gap> {
    let missing = (number.value(facts)? - bound).abs();
    Ok(match number {
        Number::Literal(_) => Way::never(),
        Number::Weekday => {
            let days: Vec<u8> = (1..=7).filter(|day| by.holds(f64::from(*day), bound)).collect();
            if days.is_empty() { Way::never() } else { Way::new(Kind::Weekday, missing, Reason::Weekdays(days)) }
        }
        Number::MinutesSinceFirst => minutes(true, by, bound, facts)?,
        Number::MinutesSinceLast => minutes(false, by, bound, facts)?,
        Number::Count(tally) => {
            let (kind, counted) = counted(tally, facts)?;
            let known = i64::try_from(tally.count(facts)?).unwrap_or(i64::MAX);
            match needs(by, bound) {
                Some(needs) => Way::new(kind, missing, Reason::Entries { counted, known, needs }),
                None => Way::never(),
            }
        }
    })
}

fn minutes(first: bool, by: Relation, bound: f64, facts: &RuleFacts<'_>) -> Result<Way, Gap> {
    let kind = if first { Kind::SinceFirst } else { Kind::SinceLast };
    let entry = if first { facts.first_entry() } else { facts.last_entry() };
    let now = facts.minutes_since(entry)?;
    let missing = (now as f64 - bound).abs();
    let Some(entry) = entry else { return Ok(Way::new(kind, missing, Reason::Lapsed { first })) };
    let later = match by {
        Relation::More => (bound.floor() as i64).saturating_add(1),
        Relation::AtLeast | Relation::Equal => bound.ceil() as i64,
        Relation::Unequal => now.saturating_add(1),
        Relation::Less | Relation::AtMost => -1, // ever further away
    };
    let at = entry.0.checked_add(later.saturating_mul(MINUTE_US)).and_then(Timestamp::in_range);
    Ok(match at {
        Some(at) if later > now && by.holds(later as f64, bound) => {
            Way::new(kind, missing, Reason::Wait { first, at, now: facts.at.here()? })
        }
        _ if (0..now).contains(&first_met(by, bound)) => Way::new(kind, missing, Reason::Lapsed { first }),
        // "No entry yet" is a count, however it was written.
        _ if by.holds(-1.0, bound) => {
            let (counted, known) = (Counted::Entries, i64::try_from(facts.entries.len()).unwrap_or(i64::MAX));
            Way::new(Kind::Entries, missing, Reason::Entries { counted, known, needs: Needs::AtMost(0) })
        }
        _ => Way::never(),
    })
}

/// The first whole minute from 0 at which it would be true; −1 if there is none.
fn first_met(by: Relation, bound: f64) -> i64 {
    let first = bound.ceil().max(0.0) as i64;
    [0, first, first.saturating_add(1)].into_iter().find(|minute| by.holds(*minute as f64, bound)).unwrap_or(-1)
}

fn counted(tally: &Tally, facts: &RuleFacts<'_>) -> Result<(Kind, Counted), Gap> {
    Ok(match tally {
        Tally::Entries => (Kind::Entries, Counted::Entries),
        Tally::Today => (Kind::EntriesWithin, Counted::Today),
        Tally::Days => (Kind::Days, Counted::Days),
        Tally::Since(time) => (Kind::EntriesWithin, Counted::Since(time.instant(facts)?)),
        Tally::Before(time) => (Kind::EntriesWithin, Counted::Before(time.instant(facts)?)),
        Tally::DaysSince(time) => (Kind::EntriesWithin, Counted::DaysSince(time.instant(facts)?)),
        Tally::DaysBefore(time) => (Kind::EntriesWithin, Counted::DaysBefore(time.instant(facts)?)),
    })
}

/// `None` where no count will do.
fn needs(by: Relation, bound: f64) -> Option<Needs> {
    let needs = match by {
        Relation::Less => Needs::AtMost((bound.ceil() as i64).saturating_sub(1)),
        Relation::AtMost => Needs::AtMost(bound.floor() as i64),
        Relation::More => Needs::AtLeast((bound.floor() as i64).saturating_add(1)),
        Relation::AtLeast => Needs::AtLeast(bound.ceil() as i64),
        Relation::Equal => Needs::Exactly(bound as i64),
        Relation::Unequal => Needs::Not(bound as i64),
    };
    match needs {
        Needs::AtMost(most) if most < 0 => None,
        Needs::Exactly(count) if count < 0 || bound.fract() != 0.0 => None,
        Needs::AtMost(_) | Needs::AtLeast(_) | Needs::Exactly(_) | Needs::Not(_) => Some(needs),
    }
}
