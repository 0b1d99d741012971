//! Who used what they did not hold, and when: use against rights, in running order.
//!
//! Live, a device that is short shows as a deficit, and one that was paid as nothing. An auditor
//! wants the moments. Entries are gone through by their clocks, which never fall within a journal and
//! sort after what their author had heard, so that everything an act rested on stands before it. What a
//! supervisor decided is not counted here: it says so itself. Slow and whole; nothing live asks it.

use super::Rights;
use crate::catalogue::Catalogue;
use crate::id::JournalId;
use crate::journal::kind::{Kind, Resource, Undo};
use crate::journal::{Entry, EntryRef};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// An act beyond what its author held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// Which entry.
    pub id: EntryRef,
    /// Of what.
    pub of: Resource,
    /// How many units or places beyond.
    pub units: i64,
    /// Whether its journal had been retired before that place: nobody's right any more.
    pub late: bool,
}

/// A use that stands.
#[derive(Clone, Copy)]
struct Use {
    of: Resource,
    units: i64,
    until: Option<Timestamp>,
}

/// What has happened so far.
#[derive(Default)]
struct Books {
    rights: Rights,
    used: BTreeMap<(Resource, JournalId), i64>,
    standing: BTreeMap<EntryRef, Use>,
    ending: BTreeSet<(Timestamp, EntryRef)>,
    /// Admissions that an exit closed, for when it is taken back.
    closed: BTreeMap<EntryRef, Vec<(EntryRef, Use)>>,
}

/// Every act beyond what its author held, in running order, from the entries that count. Journals that
/// accepted something whose transfer is not among them cannot be judged, and are left out.
pub fn beyond(entries: &[(EntryRef, Entry)], catalogue: &Catalogue) -> Vec<Beyond> {
    let mut order: Vec<&(EntryRef, Entry)> = entries.iter().collect();
    order.sort_by_key(|(id, entry)| (entry.clock, *id));
    let mut whole = Rights::default();
    entries.iter().for_each(|(id, entry)| whole.insert(*id, entry));
    let mut books = Books::default();
    let mut found = Vec::new();
    for (id, entry) in order {
        let late = whole.retired_by(id.journal).is_some_and(|(_, last)| id.sequence > last);
        books.run_out(entry.clock);
        let Some((of, units)) = books.take(*id, entry, catalogue, late) else { continue };
        let short = if late { units } else { units.min(-books.left(of, id.journal)) };
        if short > 0 && whole.pending(id.journal) == 0 {
            found.push(Beyond { id: *id, of, units: short, late });
        }
    }
    found
}

impl Books {
    /// Takes in an entry; gives what it used up, where nobody decided that it may.
    fn take(&mut self, id: EntryRef, entry: &Entry, catalogue: &Catalogue, late: bool) -> Option<(Resource, i64)> {
        self.rights.insert(id, entry);
        match &entry.kind {
            Kind::Serving(serving) => {
                let (of, units) = (Resource::Product(serving.product), serving.quantity.into());
                self.stand(id, Use { of, units, until: None }, late);
                serving.overridden.is_none().then_some((of, units))
            }
            Kind::Admission(admission) => {
                let of = Resource::Zone(catalogue.zone_of(admission.list)?);
                let closing = catalogue.closing(admission.list);
                let until = closing.map(|closing| closing.after(entry.happened_at()));
                self.stand(id, Use { of, units: 1, until }, late);
                admission.overridden.is_none().then_some((of, 1))
            }
            Kind::Exit(exit) => {
                let closed = exit.closes.iter().filter_map(|id| Some((*id, self.fall(id)?))).collect();
                self.closed.insert(id, closed);
                None
            }
            Kind::Annul(undo) | Kind::Void(undo) => {
                self.undo(undo);
                None
            }
            Kind::Transfer(transfer) => Some((transfer.of, transfer.quantity.into())),
            Kind::Waste(waste) if waste.by.is_none() => Some((waste.of, waste.quantity.into())),
            // A stocktake that finds less makes a debt openly, and rights that come need none.
            Kind::Waste(_)
            | Kind::Stocktake(_)
            | Kind::Restock(_)
            | Kind::Accepted(_)
            | Kind::Retire(_)
            | Kind::Refusal(_)
            | Kind::Clock(_)
            | Kind::Began(_)
            | Kind::Unknown { .. } => None,
        }
    }

    fn stand(&mut self, id: EntryRef, used: Use, late: bool) {
        if late {
            return; // of a lost journal, whose heir has what it held before
        }
        *self.used.entry((used.of, id.journal)).or_default() += used.units;
        self.ending.extend(used.until.map(|until| (until, id)));
        self.standing.insert(id, used);
    }

    fn fall(&mut self, id: &EntryRef) -> Option<Use> {
        let used = self.standing.remove(id)?;
        *self.used.entry((used.of, id.journal)).or_default() -= used.units;
        Some(used)
    }

    fn undo(&mut self, undo: &Undo) {
        self.fall(&undo.target);
        for (id, used) in self.closed.remove(&undo.target).unwrap_or_default() {
            self.stand(id, used, false);
        }
    }

    /// Closing times have come.
    fn run_out(&mut self, now: Timestamp) {
        while let Some((until, id)) = self.ending.first().copied().filter(|(until, _)| *until <= now) {
            self.ending.remove(&(until, id));
            self.fall(&id);
        }
    }

    fn left(&self, of: Resource, journal: JournalId) -> i64 {
        self.rights.left(of, journal, &|of, by| self.used.get(&(of, by)).copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::CheckInList;
    use crate::clock::Quality;
    use crate::id::{DeviceId, ListId, ProductId, TicketId, ZoneId};
    use crate::journal::kind::{
        Accepted, Admission, Exit, Override, Restock, Retire, Serving, Stocktake, Transfer,
    };
    use crate::seal::Hash;

    const BEER: Resource = Resource::Product(ProductId(1));
    const HALL: Resource = Resource::Zone(ZoneId(1));

    fn id(device: u8, sequence: u64) -> EntryRef {
        let journal = JournalId { device: DeviceId([device; 16]), incarnation: 1 };
        EntryRef { journal, sequence, hash: Hash([sequence as u8; 32]) }
    }

    fn ticket() -> TicketId {
        TicketId::from_bytes([0; 6])
    }

    fn serving(quantity: u16) -> Kind {
        Kind::Serving(Serving::new(ticket(), ProductId(1), quantity))
    }

    fn restock(quantity: u32) -> Kind {
        Kind::Restock(Restock::new(BEER, quantity))
    }

    /// Entries written one after the other; gives who was beyond, by how much, and whether it was late.
    fn check(written: &[(EntryRef, Kind)], expect: &[(EntryRef, i64, bool)]) {
        let entry = |(clock, (id, kind)): (usize, &(EntryRef, Kind))| {
            let (clock, quality, kind) = (Timestamp(clock as i64), Quality::Trusted, kind.clone());
            (*id, Entry { clock, at: None, quality, uncertain_ms: None, staff: None, kind })
        };
        let mut entries: Vec<_> = written.iter().enumerate().map(entry).collect();
        let mut catalogue = Catalogue::default();
        let list = CheckInList { zone: Some(ZoneId(1)), ..CheckInList::unnamed(ListId(1)) };
        catalogue.lists.insert(list.id, list);
        for _ in 0..2 {
            let found = beyond(&entries, &catalogue);
            let found: Vec<_> = found.iter().map(|found| (found.id, found.units, found.late)).collect();
            assert_eq!(found, expect, "{written:?}");
            entries.reverse(); // whatever order they are given in
        }
    }

    #[test]
    fn an_act_is_beyond_by_what_its_author_did_not_hold_then() {
        check(&[(id(1, 1), restock(3)), (id(1, 2), serving(2)), (id(1, 3), serving(3))], &[(id(1, 3), 2, false)]);
        check(&[(id(1, 1), serving(2)), (id(1, 2), restock(9))], &[(id(1, 1), 2, false)]); // paid for afterwards
        let give = Kind::Transfer(Transfer::share(BEER, 5, id(2, 1).journal));
        check(&[(id(1, 1), restock(3)), (id(1, 2), give)], &[(id(1, 2), 2, false)]);
    }

    #[test]
    fn what_was_given_may_be_used_once_it_was_accepted_and_not_before() {
        let give = (id(1, 2), Kind::Transfer(Transfer::share(BEER, 2, id(2, 1).journal)));
        let accept = (id(2, 2), Kind::Accepted(Accepted { transfer: id(1, 2) }));
        let start = [(id(1, 1), restock(3)), give];
        check(&[&start[..], &[accept.clone(), (id(2, 3), serving(2))]].concat(), &[]);
        let early = [(id(2, 1), serving(2)), accept];
        check(&[&start[..], &early].concat(), &[(id(2, 1), 2, false)]);
        let lost = (id(2, 1), Kind::Accepted(Accepted { transfer: id(7, 7) }));
        check(&[lost, (id(2, 2), serving(2))], &[]); // its transfer is not here: it is not judged
    }

    #[test]
    fn a_supervisors_decision_and_an_open_debt_are_not_beyond() {
        let by = Some(Override { supervisor: "ana".into(), reason: "a crate is coming".into() });
        let over = Kind::Serving(Serving { overridden: by, ..Serving::new(ticket(), ProductId(1), 4) });
        let counted = Kind::Stocktake(Stocktake::new(BEER, 0, 3, Hash([0; 32])));
        check(&[(id(1, 1), over), (id(1, 2), counted)], &[]);
    }

    #[test]
    fn what_was_taken_back_was_not_used() {
        let void = Kind::Void(Undo { ticket: ticket(), target: id(1, 2) });
        check(&[(id(1, 1), restock(2)), (id(1, 2), serving(2)), (id(2, 1), void), (id(1, 3), serving(2))], &[]);
    }

    #[test]
    fn a_place_is_free_once_somebody_left_and_taken_again_where_that_is_taken_back() {
        let enter = || Kind::Admission(Admission::new(ticket(), ListId(1)));
        let leave = Kind::Exit(Exit::new(ticket(), ListId(1), vec![id(1, 2)]));
        let annul = Kind::Annul(Undo { ticket: ticket(), target: id(2, 1) });
        let open = (id(1, 1), Kind::Restock(Restock::new(HALL, 1)));
        let both = [open, (id(1, 2), enter()), (id(2, 1), leave), (id(1, 3), enter())];
        check(&both, &[]);
        check(&[&both[..2], &both[3..]].concat(), &[(id(1, 3), 1, false)]);
        let again = [(id(2, 2), annul), (id(1, 4), enter())];
        check(&[&both[..], &again].concat(), &[(id(1, 4), 1, false)]);
    }

    #[test]
    fn what_a_lost_journal_used_after_its_end_is_late_and_takes_nothing_from_its_heir() {
        let retire = Kind::Retire(Retire { journal: id(1, 1).journal, last: 1 });
        let written = [(id(1, 1), restock(3)), (id(1, 2), serving(2)), (id(9, 1), retire), (id(9, 2), serving(3))];
        check(&written, &[(id(1, 2), 2, true)]);
    }
}
