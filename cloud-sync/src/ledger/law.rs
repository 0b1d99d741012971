//! What the journals say of rights, of times and of each other: few entries among many,
//! read before the others can be judged.
//!
//! A [`Law`] is a function of the set of these entries, of where journals part into
//! branches, and of who was revoked; the order in which they came makes no difference.
//! Which of them count is decided by [`counts`] in core. A retirement may end the
//! journal of another one: those of journals that nobody ends are decided first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::allotment::Rights;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::id::JournalId;
use tidegate_core::journal::kind::{Ends, Kind, Resource, Retire, counts};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::trust::Identity;

/// An entry by which rights move or a time becomes known.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Which.
    pub id: EntryRef,
    /// On which branch of its journal.
    pub branch: u32,
    /// What it says.
    pub entry: Entry,
}

/// Whether an entry of this kind is one of them.
pub fn moves(kind: &Kind) -> bool {
    kind.moves_rights() || matches!(kind, Kind::Clock(_))
}

/// Whether others have to be judged again once an entry of this kind is here.
pub fn unsettles(kind: &Kind) -> bool {
    matches!(kind, Kind::Clock(_) | Kind::Retire(_))
}

/// What is asked beside the entries: where journals part, who was revoked, and who writes each journal.
pub struct Ground<'a, A> {
    /// The last entries before journals part into branches.
    pub forks: BTreeMap<JournalId, u64>,
    /// The event as its agents read it.
    pub catalogue: &'a Arc<Catalogue>,
    /// The author of a journal.
    pub author: A,
}

/// What these entries come to.
#[derive(Default)]
pub struct Law {
    entries: u64,
    moved: Vec<Moved>,
    forks: BTreeMap<JournalId, u64>,
    catalogue: Arc<Catalogue>,
    retired: BTreeMap<JournalId, u64>,
    /// Retirements that count.
    retire: BTreeSet<EntryRef>,
    /// The rights that came, moved and went.
    pub rights: Rights,
    /// When entries were written.
    pub rebases: Rebases,
}

impl Law {
    /// Of this many entries.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Whether it rests on the same as what is asked of it.
    pub fn stands<A>(&self, entries: u64, ground: &Ground<'_, A>) -> bool {
        self.entries() == entries && self.forks == ground.forks && Arc::ptr_eq(&self.catalogue, ground.catalogue)
    }

    /// With more entries, so many in all, on this ground.
    pub fn with<A>(&self, more: impl IntoIterator<Item = Moved>, entries: u64, ground: Ground<'_, A>) -> Self
    where
        A: Fn(JournalId) -> Option<Arc<Identity>>,
    {
        let mut moved: Vec<Moved> = self.moved.iter().cloned().chain(more).collect();
        moved.sort_by_key(|moved| moved.id); // two of one place in two branches are told apart by their hashes
        let catalogue = ground.catalogue.clone();
        let mut law = Self { entries, forks: ground.forks, catalogue, ..Self::default() };
        let of = |moved: &Moved| (ground.author)(moved.id.journal);
        let retirements = moved.iter().filter_map(|moved| match &moved.entry.kind {
            Kind::Retire(retire) if law.survives(&*of(moved)?, moved) => Some((moved.id, retire.clone())),
            _ => None,
        });
        (law.retire, law.retired) = decided(retirements.collect());
        for moved in &moved {
            if of(moved).is_some_and(|author| law.counts(&author, &moved.entry.kind, &moved.id)) {
                law.rights.insert(moved.id, &moved.entry);
                law.rebases.insert(moved.id, &moved.entry);
            }
        }
        law.moved = moved;
        law
    }

    /// Where a journal ends, for some or all of what it says.
    pub fn ends(&self, journal: JournalId) -> Ends {
        Ends {
            forked_after: self.forks.get(&journal).copied(),
            retired_after: self.retired.get(&journal).copied(),
        }
    }

    /// Whether an entry has an effect.
    pub fn counts(&self, author: &Identity, kind: &Kind, id: &EntryRef) -> bool {
        let device = self.catalogue.devices.get(&id.journal.device);
        match kind {
            Kind::Retire(_) => self.retires(id),
            kind => counts(author, kind, (id.journal, id.sequence), device, self.ends(id.journal)),
        }
    }

    /// What was given to a journal that it is not known to have accepted.
    pub fn offered(&self, to: JournalId) -> BTreeMap<Resource, i64> {
        let mut units = BTreeMap::new();
        for (_, transfer) in self.rights.offered_to(to) {
            *units.entry(transfer.of).or_default() += i64::from(transfer.quantity);
        }
        units
    }

    /// Whether a retirement counts.
    pub fn retires(&self, id: &EntryRef) -> bool {
        self.retire.contains(id)
    }

    /// Retirements that count and did not `before`, or the other way round.
    pub fn turned<'l>(&'l self, before: &Self) -> impl Iterator<Item = &'l Moved> {
        let turned: BTreeSet<EntryRef> = self.retire.symmetric_difference(&before.retire).copied().collect();
        self.moved.iter().filter(move |moved| turned.contains(&moved.id))
    }

    /// Whether a retirement counts as far as no other one is asked.
    fn survives(&self, author: &Identity, Moved { id, entry, .. }: &Moved) -> bool {
        let device = self.catalogue.devices.get(&id.journal.device);
        let ends = Ends { retired_after: None, ..self.ends(id.journal) };
        counts(author, &entry.kind, (id.journal, id.sequence), device, ends)
    }
}

/// Which retirements count, and where they end journals. One counts unless it comes after the end of its
/// own journal; of several that wait for each other the first in order does.
fn decided(mut open: Vec<(EntryRef, Retire)>) -> (BTreeSet<EntryRef>, BTreeMap<JournalId, u64>) {
    let (mut count, mut ends) = (BTreeSet::new(), BTreeMap::<JournalId, u64>::new());
    while !open.is_empty() {
        let waited_for: BTreeSet<JournalId> = open.iter().map(|(_, retire)| retire.journal).collect();
        let (mut next, mut rest): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(id, _)| !waited_for.contains(&id.journal));
        if next.is_empty() {
            next.push(rest.remove(0)); // all of them are in `rest` then, and there is one
        }
        for (id, Retire { journal, last }) in next {
            if ends.get(&id.journal).is_none_or(|end| id.sequence <= *end) {
                count.insert(id);
                let end = ends.entry(journal).or_insert(last);
                *end = last.min(*end);
            }
        }
        open = rest;
    }
    (count, ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::id::DeviceId;
    use tidegate_core::seal::Hash;

    fn journal(device: u8) -> JournalId {
        JournalId { device: DeviceId([device; 16]), incarnation: 1 }
    }

    /// A journal and a place in it.
    type Place = (u8, u64);

    /// Who retires whom at which of its places, after which one of the other's: those that count, and where
    /// journals end.
    fn check(retirements: &[(u8, u64, u8, u64)], expect: (&[Place], &[Place])) {
        let mut open: Vec<_> = retirements
            .iter()
            .map(|(by, sequence, of, last)| {
                let id = EntryRef { journal: journal(*by), sequence: *sequence, hash: Hash([*by; 32]) };
                (id, Retire { journal: journal(*of), last: *last })
            })
            .collect();
        open.sort_by_key(|(id, _)| *id);
        let (count, ends) = decided(open);
        let count: Vec<_> = count.iter().map(|id| (id.journal.device.0[0], id.sequence)).collect();
        let ends: Vec<_> = ends.iter().map(|(journal, last)| (journal.device.0[0], *last)).collect();
        assert_eq!((&count[..], &ends[..]), expect, "{retirements:?}");
    }

    #[test]
    fn a_retirement_counts_unless_its_own_journal_ended_before_it() {
        check(&[], (&[], &[]));
        check(&[(1, 5, 2, 3), (1, 9, 2, 7)], (&[(1, 5), (1, 9)], &[(2, 3)]));
        check(&[(1, 5, 2, 3), (2, 4, 3, 9), (2, 3, 4, 8)], (&[(1, 5), (2, 3)], &[(2, 3), (4, 8)]));
        // The third takes back what the second did to the first, in whatever order their names stand.
        check(&[(1, 5, 2, 3), (3, 1, 1, 4), (2, 9, 4, 1)], (&[(2, 9), (3, 1)], &[(1, 4), (4, 1)]));
        check(&[(3, 5, 2, 3), (1, 1, 3, 4), (2, 9, 4, 1)], (&[(1, 1), (2, 9)], &[(3, 4), (4, 1)]));
    }

    #[test]
    fn of_two_that_retire_each_other_the_first_in_order_stays() {
        check(&[(1, 5, 2, 3), (2, 5, 1, 3)], (&[(1, 5)], &[(2, 3)]));
        check(&[(1, 5, 1, 3), (1, 6, 2, 0)], (&[(1, 5)], &[(1, 3)]));
    }
}
