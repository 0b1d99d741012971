//! What a ticket adds to the totals on a screen and in a report.
//!
//! Shells keep totals by difference: what the ticket's state adds after an entry
//! was inserted, less what it added before. A total is thus always the sum over
//! all tickets' states, in whatever order entries came.

use super::{Serving, TicketState};
use crate::id::{JournalId, ListId, ProductId};
use std::collections::BTreeMap;
use std::fmt;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Total {
    /// Admissions on a list.
    Entries(ListId),
    /// Exits on a list.
    Exits(ListId),
    /// Tickets inside on a list.
    Inside(ListId),
    /// Units of a product that a journal handed over.
    Served(ProductId, JournalId),
}

impl fmt::Display for Total {
    /// The key under which stores keep it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(list) => write!(f, "entries/{list}"),
            Self::Exits(list) => write!(f, "exits/{list}"),
            Self::Inside(list) => write!(f, "inside/{list}"),
            Self::Served(product, journal) => write!(f, "served/{product}/{journal}"),
        }
    }
}

/// What one ticket adds.
pub fn totals(state: &TicketState) -> BTreeMap<Total, i64> {
    let mut totals = BTreeMap::new();
    for (list, presence) in &state.lists {
        totals.insert(Total::Entries(*list), presence.entries() as i64);
        totals.insert(Total::Exits(*list), presence.exits() as i64);
        totals.insert(Total::Inside(*list), i64::from(presence.inside()));
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
