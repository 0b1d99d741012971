//! What a ticket adds to the totals on a screen and in a report.
//!
//! Shells keep totals by difference: what the ticket's state adds after an entry
//! was inserted, less what it added before. A total is thus always the sum over
//! all tickets' states, in whatever order entries came.

use super::{Serving, TicketState, Way};
use crate::id::{JournalId, ListId, ProductId};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Total {
    /// Admissions on a list.
    Entries(ListId),
    /// Exits on a list that somebody recorded; closing times come from [`Total::Inside`].
    Exits(ListId),
    /// Tickets that nobody saw leave: inside until the closing time, or for ever where there is none.
    Inside(ListId, Option<Timestamp>),
    /// Units of a product that a journal handed over.
    Served(ProductId, JournalId),
}

impl fmt::Display for Total {
    /// The key under which stores keep it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(list) => write!(f, "entries/{list}"),
            Self::Exits(list) => write!(f, "exits/{list}"),
            Self::Inside(list, None) => write!(f, "inside/{list}"),
            Self::Inside(list, Some(until)) => write!(f, "inside/{list}/{}", until.0),
            Self::Served(product, journal) => write!(f, "served/{product}/{journal}"),
        }
    }
}

/// How many are inside on a list at `now`, and how many left at closing times until then, from the
/// list's stored [`Total::Inside`] amounts by key.
pub fn inside<'a>(list: ListId, stored: impl Iterator<Item = (&'a str, i64)>, now: Timestamp) -> (i64, i64) {
    let prefix = Total::Inside(list, None).to_string();
    let (mut inside, mut closed) = (0, 0);
    for (key, amount) in stored {
        let Some(until) = key.strip_prefix(&prefix) else { continue };
        match until.strip_prefix('/').map(str::parse) {
            None if until.is_empty() => inside += amount,
            Some(Ok(until)) if Timestamp(until) > now => inside += amount,
            Some(Ok(_)) => closed += amount,
            None | Some(Err(_)) => {} // another list's key
        }
    }
    (inside, closed)
}

/// What one ticket adds.
pub fn totals(state: &TicketState) -> BTreeMap<Total, i64> {
    let mut totals = BTreeMap::new();
    for (list, presence) in &state.lists {
        totals.insert(Total::Entries(*list), presence.entries() as i64);
        let outs = presence.passages.iter().filter(|p| p.way == Way::Out).count();
        totals.insert(Total::Exits(*list), outs as i64);
        for until in presence.stays() {
            totals.insert(Total::Inside(*list, until), 1);
        }
    }
    for Serving { id, product, units, .. } in &state.servings {
        *totals.entry(Total::Served(*product, id.journal)).or_default() += units;
    }
    totals
}

/// What changed from `before` to `after`; zeros left out.
pub fn difference(before: &TicketState, after: &TicketState) -> BTreeMap<Total, i64> {
    let mut change = totals(after);
    for (total, amount) in totals(before) {
        *change.entry(total).or_default() -= amount;
    }
    change.retain(|_, amount| *amount != 0);
    change
}
