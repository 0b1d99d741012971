//! What a ticket adds to the totals on a screen and in a report.
//!
//! Shells keep totals by difference: what the ticket's state adds after an entry
//! was inserted, less what it added before. A total is thus always the sum over
//! all tickets' states, in whatever order entries came.

use super::{Serving, TicketState, Way};
use crate::allotment::Rights;
use crate::catalogue::Catalogue;
use crate::id::{JournalId, ListId, ProductId, ZoneId};
use crate::journal::EntryRef;
use crate::journal::kind::Resource;
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
    /// Places in a zone that a journal's admissions take: until the closing time, or until somebody leaves.
    Occupied(ZoneId, JournalId, Option<Timestamp>),
    /// Units or places that a journal used after it was retired: nobody's right any more.
    Late(Resource, JournalId),
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
            Self::Occupied(zone, journal, None) => write!(f, "occupied/{zone}/{journal}"),
            Self::Occupied(zone, journal, Some(until)) => write!(f, "occupied/{zone}/{journal}/{}", until.0),
            Self::Late(of, journal) => write!(f, "late/{of}/{journal}"),
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

/// Places of a zone in use at `now`, by journal, from the stored [`Total::Occupied`] amounts by key.
pub fn occupied<'a>(
    zone: ZoneId,
    stored: impl Iterator<Item = (&'a str, i64)>,
    now: Timestamp,
) -> BTreeMap<JournalId, i64> {
    let prefix = format!("occupied/{zone}/");
    let mut places: BTreeMap<JournalId, i64> = BTreeMap::new();
    for (key, amount) in stored {
        let Some(rest) = key.strip_prefix(&prefix) else { continue };
        let (journal, until) =
            rest.split_once('/').map_or((rest, None), |(journal, until)| (journal, Some(until)));
        let over = until.is_some_and(|until| until.parse().is_ok_and(|until| Timestamp(until) <= now));
        if let (Ok(journal), false) = (journal.parse(), over) {
            *places.entry(journal).or_default() += amount;
        }
    }
    places
}

/// What one ticket adds.
pub fn totals(state: &TicketState, catalogue: &Catalogue, rights: &Rights) -> BTreeMap<Total, i64> {
    let mut totals = BTreeMap::new();
    each(state, catalogue, rights, |total, amount| *totals.entry(total).or_default() += amount);
    totals
}

/// Adds to `sums` what one ticket adds, `times` over: -1 takes it away again.
pub fn add(sums: &mut BTreeMap<Total, i64>, state: &TicketState, law: (&Catalogue, &Rights), times: i64) {
    each(state, law.0, law.1, |total, amount| {
        if amount != 0 {
            *sums.entry(total).or_default() += amount * times;
        }
    });
}

/// Tells what one ticket adds, some of it in several parts.
fn each(state: &TicketState, catalogue: &Catalogue, rights: &Rights, mut tell: impl FnMut(Total, i64)) {
    let late = |id: &EntryRef| rights.retired_by(id.journal).is_some_and(|(_, last)| id.sequence > last);
    for (list, presence) in &state.lists {
        tell(Total::Entries(*list), presence.entries() as i64);
        tell(Total::Exits(*list), presence.passages.iter().filter(|p| p.way == Way::Out).count() as i64);
        let mut stays: Vec<Option<Timestamp>> = presence.stays().collect();
        stays.sort_unstable();
        stays.dedup(); // a wild clock may have had somebody come twice before one closing time
        stays.into_iter().for_each(|until| tell(Total::Inside(*list, until), 1));
        let Some(zone) = catalogue.lists.get(list).and_then(|list| list.zone) else { continue };
        for (id, until) in &presence.occupants {
            let total = match late(id) {
                true => Total::Late(Resource::Zone(zone), id.journal),
                false => Total::Occupied(zone, id.journal, *until),
            };
            tell(total, 1);
        }
    }
    for Serving { id, product, units, .. } in &state.servings {
        let total = match late(id) {
            true => Total::Late(Resource::Product(*product), id.journal),
            false => Total::Served(*product, id.journal),
        };
        tell(total, *units);
    }
}

/// What changed from `before` to `after`; zeros left out.
pub fn difference(before: &BTreeMap<Total, i64>, after: BTreeMap<Total, i64>) -> BTreeMap<Total, i64> {
    let mut change = after;
    for (total, amount) in before {
        *change.entry(*total).or_default() -= amount;
    }
    change.retain(|_, amount| *amount != 0);
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DeviceId;

    #[test]
    fn places_in_use_are_read_back_from_their_keys_until_closing_time() {
        let journal = |device| JournalId { device: DeviceId([device; 16]), incarnation: 1 };
        let total = |zone, device, until: Option<i64>| {
            Total::Occupied(ZoneId(zone), journal(device), until.map(Timestamp)).to_string()
        };
        let stored = [
            (total(1, 1, None), 2),
            (total(1, 1, Some(50)), 3),
            (total(1, 2, Some(99)), 4),
            (total(11, 1, None), 8),
        ];
        let at = |now| occupied(ZoneId(1), stored.iter().map(|(key, n)| (&key[..], *n)), Timestamp(now));
        assert_eq!(at(49), BTreeMap::from([(journal(1), 5), (journal(2), 4)]));
        assert_eq!(at(50), BTreeMap::from([(journal(1), 2), (journal(2), 4)]));
    }
}
