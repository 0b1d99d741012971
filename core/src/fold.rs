//! Entries into state: the same whatever order they came in, and however often.
//!
//! A ticket's state is computed from the set of its acts, never by adding to what
//! was there; shells keep totals by the difference between a ticket's state
//! before and after, inside the transaction that inserted the entry.
//!
//! **Order.** An exit sorts after the admissions it names; otherwise acts sort by
//! when they happened (the hybrid clock, or the scan's own time where it was
//! given), then clock, device, incarnation, sequence; last come those whose time
//! nobody knows. An admission of somebody
//! who is inside, that no supervisor decided, is a conflict; nothing is deleted
//! and nothing wins by being last. Who is inside at a list's closing time has left
//! then: the catalogue is an argument for that alone.

pub mod closing;
pub mod conflict;
pub mod rebase;
pub mod totals;

use crate::catalogue::Catalogue;
use crate::id::{ListId, ProductId, TicketId};
use crate::journal::kind::{Answered, Kind};
use crate::journal::{Entry, EntryRef};
use crate::time::Timestamp;
use crate::trial::{Bug, planted};
use closing::Closing;
use rebase::Rebases;
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// An entry about a ticket that has an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Which entry.
    pub id: EntryRef,
    /// Its hybrid clock.
    pub clock: Timestamp,
    /// The scan's own time, where it was given.
    pub at: Option<Timestamp>,
    /// How far that may be off, milliseconds.
    pub uncertain_ms: Option<u32>,
    /// Whether nobody knows when it was: it sorts after all whose time is known.
    pub wild: bool,
    /// What it does.
    pub does: Does,
}

/// What an act does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Somebody went in.
    Admit {
        /// On which list.
        list: ListId,
        /// By which gate.
        gate: Option<SmolStr>,
        /// A supervisor decided it against the rule.
        overridden: bool,
        /// What the guest answered.
        answers: Vec<Answered>,
    },
    /// Somebody came out.
    Leave {
        /// On which list.
        list: ListId,
        /// The admissions it closes.
        closes: Vec<EntryRef>,
    },
    /// Units were handed over.
    Serve {
        /// Of which product.
        product: ProductId,
        /// How many.
        units: u16,
    },
    /// An entry, exit or serving was taken back.
    Undo {
        /// Which; rare, and as long as all the rest.
        target: Box<EntryRef>,
    },
}

impl Act {
    /// The act in an entry that counts; `None` where it has no effect on a ticket.
    pub fn of(id: EntryRef, entry: &Entry, rebases: &Rebases) -> Option<(TicketId, Self)> {
        let (ticket, does) = match &entry.kind {
            Kind::Admission(a) => {
                let overridden = a.overridden.is_some();
                let (gate, answers) = (a.gate.clone(), a.answers.clone());
                (a.ticket, Does::Admit { list: a.list, gate, overridden, answers })
            }
            Kind::Exit(e) => (e.ticket, Does::Leave { list: e.list, closes: e.closes.clone() }),
            Kind::Serving(s) => (s.ticket, Does::Serve { product: s.product, units: s.quantity }),
            Kind::Annul(u) | Kind::Void(u) => (u.ticket, Does::Undo { target: Box::new(u.target) }),
            Kind::Refusal(_)
            | Kind::Restock(_)
            | Kind::Waste(_)
            | Kind::Stocktake(_)
            | Kind::Transfer(_)
            | Kind::Accepted(_)
            | Kind::Clock(_)
            | Kind::Retire(_)
            | Kind::Began(_)
            | Kind::Unknown { .. } => return None,
        };
        let (clock, placed) = rebases.placed(&id, entry.clock, entry.quality);
        let wild = !placed && entry.at.is_none();
        Some((ticket, Self { id, clock, at: entry.at, uncertain_ms: entry.uncertain_ms, wild, does }))
    }

    /// When it happened.
    pub fn happened_at(&self) -> Timestamp {
        self.at.unwrap_or(self.clock)
    }

    fn key(&self) -> Key<'_> {
        Key { wild: self.wild, at: self.happened_at(), clock: self.clock, id: &self.id, after: 0 }
    }
}

/// Where an act sorts; `after` puts an exit behind the admission whose place it took.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    wild: bool,
    at: Timestamp,
    clock: Timestamp,
    id: &'a EntryRef,
    after: u8,
}

/// Where in a ticket's history a new act would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After everything known: the device's own now.
    Now(Timestamp),
    /// At the scan's own trusted time, which may lie before what is known.
    At(Timestamp),
}

/// One admission or exit that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Which entry.
    pub id: EntryRef,
    /// When it happened.
    pub at: Timestamp,
    /// How far that may be off, milliseconds.
    pub uncertain_ms: Option<u32>,
    /// By which gate, for an admission.
    pub gate: Option<SmolStr>,
    /// In, with or without a supervisor, or out.
    pub way: Way,
}

/// Which way a passage went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In, by the rule.
    In,
    /// In, by a supervisor.
    InOverridden,
    /// Out.
    Out,
    /// Out at closing time; the passage is the admission's own, at the due time.
    Closed,
}

impl Way {
    /// Whether somebody went in.
    pub fn is_in(self) -> bool {
        matches!(self, Self::In | Self::InOverridden)
    }
}

/// A ticket's comings and goings on one list, in order, undone ones left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// What stands, in order. Who stays until a closing time has a passage there, also where that
    /// lies ahead.
    pub passages: Vec<Passage>,
    /// Admissions that take a place: no exit has named them. Each with the closing time that frees it.
    pub occupants: Vec<(EntryRef, Option<Timestamp>)>,
    closing: Option<Closing>,
}

/// An admission too many, and the one it doubles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Double {
    /// The admission too many.
    pub excess: Passage,
    /// The admission by which the ticket was already inside.
    pub against: Passage,
}

impl Presence {
    /// How many went in.
    pub fn entries(&self) -> usize {
        self.passages.iter().filter(|p| p.way.is_in()).count()
    }

    /// How many came out by `now`, at closing times too.
    pub fn exits(&self, now: Timestamp) -> usize {
        self.passages.iter().filter(|p| p.way == Way::Out || (p.way == Way::Closed && p.at <= now)).count()
    }

    /// Whether the ticket is inside at the end of what is known.
    pub fn inside(&self, now: Timestamp) -> bool {
        self.open_at(Moment::Now(now)).is_some()
    }

    /// Whether the time alone says if the ticket is inside: nobody saw it leave, and closing time ends its stay.
    pub fn ends_by_closing(&self) -> bool {
        self.passages.last().is_some_and(|p| p.way == Way::Closed)
    }

    /// Until when the ticket stayed, for every time that nobody saw it leave: a closing time, or for
    /// ever where the list has none.
    pub fn stays(&self) -> impl Iterator<Item = Option<Timestamp>> {
        let closed = self.passages.iter().filter(|p| p.way == Way::Closed).map(|p| Some(p.at));
        let open = self.passages.last().is_some_and(|p| p.way.is_in());
        closed.chain(open.then_some(None))
    }

    /// The admission by which the ticket is inside at `moment`, if it is.
    pub fn open_at(&self, moment: Moment) -> Option<&Passage> {
        let before = &self.passages[..self.place(moment)];
        let since = before.iter().rposition(|p| !p.way.is_in()).map_or(0, |out| out + 1);
        before.get(since)
    }

    /// The admissions that an exit at `moment` closes.
    pub fn closed_by_exit_at(&self, moment: Moment) -> Vec<EntryRef> {
        let before = &self.passages[..self.place(moment)];
        before.iter().rev().take_while(|p| p.way.is_in()).map(|p| p.id).collect()
    }

    /// The admission that one more at `moment` would double: the one by which the
    /// ticket is inside then, or one after it with no exit between.
    pub fn doubled_at(&self, moment: Moment) -> Option<&Passage> {
        let next = || self.passages.get(self.place(moment)).filter(|next| !self.closed_between(moment, next.at));
        self.open_at(moment).or_else(|| next().filter(|p| p.way == Way::In))
    }

    fn closed_between(&self, moment: Moment, next: Timestamp) -> bool {
        match (moment, &self.closing) {
            (Moment::At(at), Some(closing)) => closing.after(at) <= next,
            (Moment::At(_) | Moment::Now(_), _) => false,
        }
    }

    /// Admissions of somebody who was inside, that no supervisor decided.
    pub fn doubles(&self) -> Vec<Double> {
        let mut open: Option<&Passage> = None;
        let mut doubles = Vec::new();
        for passage in &self.passages {
            match (passage.way, open) {
                (Way::Out | Way::Closed, _) => open = None,
                (Way::In, Some(_)) if planted(Bug::OneConflictOnly) && !doubles.is_empty() => {}
                (Way::In, Some(first)) => {
                    doubles.push(Double { excess: passage.clone(), against: first.clone() });
                }
                (Way::In | Way::InOverridden, None) => open = Some(passage),
                (Way::InOverridden, Some(_)) => {}
            }
        }
        doubles
    }

    fn place(&self, moment: Moment) -> usize {
        match moment {
            Moment::Now(now) => {
                let ahead = self.passages.last().is_some_and(|p| p.way == Way::Closed && p.at > now);
                self.passages.len() - usize::from(ahead)
            }
            Moment::At(at) => self.passages.partition_point(|p| p.at <= at),
        }
    }

    /// Adds an exit at every closing time that found the ticket inside; `left` are the admissions that
    /// exits have named, in order.
    fn closed(passages: Vec<Passage>, left: &[EntryRef], closing: Option<Closing>) -> Self {
        let inside = passages.iter().filter(|p| p.way.is_in() && left.binary_search(&p.id).is_err());
        let occupants = inside.map(|p| (p.id, closing.as_ref().map(|times| times.after(p.at)))).collect();
        let Some(times) = &closing else { return Self { passages, occupants, closing } };
        let mut closed: Vec<Passage> = Vec::with_capacity(passages.len() + 1);
        let mut open: Option<Passage> = None;
        for passage in passages {
            if let Some(end) = open.as_ref().map(|open| end(open, times)) {
                let over = if passage.way.is_in() { end.at <= passage.at } else { end.at < passage.at };
                if over {
                    closed.push(end);
                    open = None;
                }
            }
            open = if passage.way.is_in() { Some(open.unwrap_or_else(|| passage.clone())) } else { None };
            closed.push(passage);
        }
        closed.extend(open.as_ref().map(|open| end(open, times)));
        Self { passages: closed, occupants, closing }
    }
}

/// The exit at closing time of somebody who came in by `open` and stayed.
fn end(open: &Passage, closing: &Closing) -> Passage {
    let (id, at) = (open.id, closing.after(open.at));
    Passage { id, at, uncertain_ms: None, gate: None, way: Way::Closed }
}

/// A serving that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Which entry.
    pub id: EntryRef,
    /// When it happened.
    pub at: Timestamp,
    /// How far that may be off, milliseconds.
    pub uncertain_ms: Option<u32>,
    /// Of which product.
    pub product: ProductId,
    /// How many units.
    pub units: i64,
}

/// Everything the journals say about one ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketState {
    /// Comings and goings, once for each list that has any, in the order of the lists. There are one or two: a map would take
    /// more time than all that is in it.
    pub lists: Vec<(ListId, Presence)>,
    /// Servings that stand, in order.
    pub servings: Vec<Serving>,
    /// What was taken back.
    pub undone: BTreeSet<EntryRef>,
}

impl TicketState {
    /// Folds a ticket's acts; their order and repetitions do not matter.
    pub fn of<'a>(acts: impl IntoIterator<Item = &'a Act>, catalogue: &Catalogue) -> Self {
        let all = All::of(acts);
        let undone: BTreeSet<EntryRef> = all.0.iter().filter_map(|act| undoes(act, &all)).collect();
        let mut standing: Vec<(Key<'_>, &Act)> = Vec::with_capacity(all.0.len());
        standing.extend(all.0.iter().filter(|act| !undone.contains(&act.id)).map(|act| (place(act, &all), *act)));
        // Two exits that name one admission have one key: they stay in the order of their names.
        standing.sort_by_key(|(key, _)| *key);
        let mut servings: Vec<Serving> = standing.iter().filter_map(|(_, act)| serving(act)).collect();
        if planted(Bug::VoidTwice) {
            servings.extend(given_back_again(&all));
        }
        Self { lists: lists(&standing, catalogue), servings, undone }
    }

    /// Presence on a list.
    pub fn on(&self, list: ListId) -> Presence {
        self.lists.iter().find(|(of, _)| *of == list).map(|(_, presence)| presence.clone()).unwrap_or_default()
    }

    /// Whether the ticket is inside on any list.
    pub fn inside(&self, now: Timestamp) -> bool {
        self.lists.iter().any(|(_, presence)| presence.inside(now))
    }

    /// Units of a product that were handed over.
    pub fn served(&self, product: ProductId) -> i64 {
        self.servings.iter().filter(|s| s.product == product).map(|s| s.units).sum()
    }
}

/// The acts of a ticket, each once, by name: a few, so that a sorted list finds them soonest.
struct All<'a>(Vec<&'a Act>);

impl<'a> All<'a> {
    fn of(acts: impl IntoIterator<Item = &'a Act>) -> Self {
        let mut all: Vec<&Act> = acts.into_iter().collect();
        // Of two with one name the last one stands; they are the same but for deliberate bugs.
        all.reverse();
        all.sort_by_key(|act| &act.id);
        all.dedup_by(|one, other| one.id == other.id);
        Self(all)
    }

    fn get(&self, id: &EntryRef) -> Option<&'a Act> {
        self.0.binary_search_by(|act| act.id.cmp(id)).ok().map(|place| self.0[place]) // found there
    }
}

/// The deliberate bug that counts every void of a serving after the first once more.
fn given_back_again(all: &All<'_>) -> Vec<Serving> {
    let mut seen = BTreeSet::new();
    let again = all.0.iter().filter_map(|act| match &act.does {
        Does::Undo { target } if !seen.insert(**target) => all.get(target),
        _ => None,
    });
    let back = again.filter_map(|act| match act.does {
        Does::Serve { product, units } => {
            let (id, at, uncertain_ms) = (act.id, act.happened_at(), act.uncertain_ms);
            Some(Serving { id, at, uncertain_ms, product, units: -i64::from(units) })
        }
        _ => None,
    });
    back.collect()
}

/// What an act takes back: an entry of the kind it may take back, about the same ticket.
fn undoes(act: &Act, all: &All<'_>) -> Option<EntryRef> {
    let Does::Undo { target } = &act.does else { return None };
    let known = all.get(target)?;
    (!matches!(known.does, Does::Undo { .. })).then_some(**target)
}

/// Where an act sorts: an exit after the admissions that it names.
fn place<'a>(act: &'a Act, all: &All<'a>) -> Key<'a> {
    let Does::Leave { closes, .. } = &act.does else { return act.key() };
    let named = closes.iter().filter_map(|id| all.get(id)).map(|act| Key { after: 1, ..act.key() });
    named.max().map_or(act.key(), |last| last.max(act.key()))
}

fn lists(standing: &[(Key<'_>, &Act)], catalogue: &Catalogue) -> Vec<(ListId, Presence)> {
    let leaves = standing.iter().filter_map(|(_, act)| match &act.does {
        Does::Leave { closes, .. } => Some(closes),
        Does::Admit { .. } | Does::Serve { .. } | Does::Undo { .. } => None,
    });
    let mut left: Vec<EntryRef> = leaves.flatten().copied().collect();
    left.sort_unstable();
    let mut passages: Vec<(ListId, Passage)> =
        standing.iter().filter_map(|(key, act)| passage(act, key.at)).collect();
    passages.sort_by_key(|(list, _)| *list); // those of one list stay in order
    let mut lists: Vec<(ListId, Presence)> = Vec::with_capacity(1);
    for (list, passage) in passages {
        match lists.last_mut().filter(|(of, _)| *of == list) {
            Some((_, presence)) => presence.passages.push(passage),
            None => lists.push((list, Presence { passages: vec![passage], ..Presence::default() })),
        }
    }
    for (list, presence) in &mut lists {
        *presence = Presence::closed(std::mem::take(&mut presence.passages), &left, catalogue.closing(*list));
    }
    lists
}

fn passage(act: &Act, at: Timestamp) -> Option<(ListId, Passage)> {
    let (list, way, gate) = match &act.does {
        Does::Admit { list, overridden: true, gate, .. } => (*list, Way::InOverridden, gate.clone()),
        Does::Admit { list, overridden: false, gate, .. } => (*list, Way::In, gate.clone()),
        Does::Leave { list, .. } => (*list, Way::Out, None),
        Does::Serve { .. } | Does::Undo { .. } => return None,
    };
    Some((list, Passage { id: act.id, at, uncertain_ms: act.uncertain_ms, gate, way }))
}

fn serving(act: &Act) -> Option<Serving> {
    let Does::Serve { product, units } = act.does else { return None };
    let (id, at, uncertain_ms) = (act.id, act.happened_at(), act.uncertain_ms);
    Some(Serving { id, at, uncertain_ms, product, units: i64::from(units) })
}

#[cfg(test)]
mod tests;
