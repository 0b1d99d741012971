//! What a cloud must say, computed the slow way from the entries that it has taken.
//!
//! The model keeps every entry under its name with the hash before it; histories are a
//! tree of hashes, and everything else is computed from the tree each time it is asked.
//! It shares core's folds with the cloud, and nothing of how the cloud keeps its books.

pub mod night;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::allotment::Rights;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::fold::totals::totals;
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::{EventId, JournalId, TicketId};
use tidegate_core::journal::kind::{Ends, Kind, Retire, counts};
use tidegate_core::journal::{Entry, EntryRef, Run, genesis};
use tidegate_core::seal::{Hash, PublicKey};
use tidegate_core::sync::{Head, Heads, Segment, Vector};
use tidegate_core::trust::Identity;

/// An entry with the hash before it.
#[derive(Clone)]
struct Link {
    before: Hash,
    entry: Entry,
}

/// Everything that was taken.
#[derive(Clone)]
pub struct Model {
    event: EventId,
    ca: PublicKey,
    catalogue: Arc<Catalogue>,
    authors: BTreeMap<JournalId, Identity>,
    entries: BTreeMap<EntryRef, Link>,
}

/// What entries say of others.
struct Law {
    count: BTreeSet<EntryRef>,
    rights: Rights,
    rebases: Rebases,
}

impl Model {
    pub fn new(event: EventId, ca: PublicKey, catalogue: Arc<Catalogue>) -> Self {
        Self { event, ca, catalogue, authors: BTreeMap::new(), entries: BTreeMap::new() }
    }

    /// Takes a run; whether everything before it was here.
    pub fn take(&mut self, run: &Run) -> bool {
        let author = run.certificate.open(&self.ca).unwrap();
        let before = match run.first {
            1 => genesis(self.event, run.journal),
            _ => run.previous.unwrap(),
        };
        let known = |id: &EntryRef| id.journal == run.journal && id.sequence == run.first - 1 && id.hash == before;
        if run.first > 1 && !self.entries.keys().any(known) {
            return false;
        }
        let mut before = before;
        for verified in run.verify(self.event, &author.key, before).unwrap() {
            let link = Link { before, entry: verified.entry.unwrap() };
            self.entries.insert(verified.id, link);
            before = verified.id.hash;
        }
        self.authors.insert(run.journal, author);
        true
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The ends of all histories: entries that none follows.
    pub fn vector(&self) -> Vector {
        let followed: BTreeSet<Hash> = self.entries.values().map(|link| link.before).collect();
        let mut ends: BTreeMap<JournalId, Vec<Head>> = BTreeMap::new();
        for id in self.entries.keys().filter(|id| !followed.contains(&id.hash)) {
            ends.entry(id.journal).or_default().push(Head { sequence: id.sequence, hash: id.hash });
        }
        Vector(ends.into_iter().map(|(journal, ends)| (journal, Heads::of(ends))).collect())
    }

    /// The last entry that one history only follows.
    pub fn forked_after(&self, journal: JournalId) -> Option<u64> {
        let mut following: BTreeMap<(u64, Hash), u32> = BTreeMap::new();
        for (id, link) in self.entries.iter().filter(|(id, _)| id.journal == journal) {
            *following.entry((id.sequence - 1, link.before)).or_default() += 1;
        }
        following.into_iter().filter(|(_, many)| *many > 1).map(|((after, _), _)| after).min()
    }

    /// A journal in parts without a fork, each with the hash before it and the names of its entries.
    pub fn parts(&self, journal: JournalId) -> Vec<(Segment, Hash, Vec<EntryRef>)> {
        let mut parts: Vec<(Segment, Hash, Vec<EntryRef>)> = Vec::new();
        for (id, Link { before, .. }) in self.entries.iter().filter(|(id, _)| id.journal == journal) {
            let end = |(_, _, entries): &(Segment, Hash, Vec<EntryRef>)| entries.last().map(|last| last.hash);
            if let Some((segment, _, entries)) = parts.iter_mut().find(|part| end(part) == Some(*before)) {
                segment.last = id.sequence;
                entries.push(*id);
                continue;
            }
            let holds =
                |(_, _, entries): &(Segment, Hash, Vec<EntryRef>)| entries.iter().any(|e| e.hash == *before);
            let parent = parts.iter().position(holds).or((!parts.is_empty()).then_some(0));
            let segment = Segment { parent, base: id.sequence - 1, last: id.sequence };
            parts.push((segment, *before, vec![*id]));
        }
        parts
    }

    /// The bytes of an entry.
    pub fn bytes(&self, id: &EntryRef) -> Vec<u8> {
        self.entries[id].entry.to_bytes()
    }

    /// The last entry of a journal by which rights move, if these retirements count.
    fn retired_after(&self, count: &BTreeSet<EntryRef>, journal: JournalId) -> Option<u64> {
        let last = |id: &EntryRef| match &self.entries[id].entry.kind {
            Kind::Retire(Retire { journal: of, last }) if *of == journal => Some(*last),
            _ => None,
        };
        count.iter().filter_map(last).min()
    }

    /// Retirements count until nothing changes any more; who retires is seldom retired.
    fn law(&self) -> Law {
        let forks: BTreeMap<JournalId, Option<u64>> =
            self.authors.keys().map(|journal| (*journal, self.forked_after(*journal))).collect();
        let judged = |retirements: &BTreeSet<EntryRef>| -> BTreeSet<EntryRef> {
            let ends: BTreeMap<JournalId, Ends> = forks
                .iter()
                .map(|(id, fork)| {
                    (*id, Ends { forked_after: *fork, retired_after: self.retired_after(retirements, *id) })
                })
                .collect();
            let counts = |id: &EntryRef, link: &Link| {
                let device = self.catalogue.devices.get(&id.journal.device);
                let at = (id.journal, id.sequence);
                counts(&self.authors[&id.journal], &link.entry.kind, at, device, ends[&id.journal])
            };
            self.entries.iter().filter(|(id, link)| counts(id, link)).map(|(id, _)| *id).collect()
        };
        let retire = |id: &EntryRef| matches!(self.entries[id].entry.kind, Kind::Retire(_));
        let mut count: BTreeSet<EntryRef> = BTreeSet::new();
        for _ in 0..4 {
            count = judged(&count.iter().filter(|id| retire(id)).copied().collect());
        }
        let (mut rights, mut rebases) = (Rights::default(), Rebases::default());
        for id in &count {
            rights.insert(*id, &self.entries[id].entry);
            rebases.insert(*id, &self.entries[id].entry);
        }
        Law { count, rights, rebases }
    }

    /// Which entries count, the totals by their names, and the rights.
    pub fn says(&self) -> (BTreeSet<EntryRef>, BTreeMap<String, i64>, Rights) {
        let Law { count, rights, rebases } = self.law();
        let mut acts: BTreeMap<TicketId, Vec<Act>> = BTreeMap::new();
        for id in &count {
            if let Some((ticket, act)) = Act::of(*id, &self.entries[id].entry, &rebases) {
                acts.entry(ticket).or_default().push(act);
            }
        }
        let mut all: BTreeMap<String, i64> = BTreeMap::new();
        for acts in acts.values() {
            let state = TicketState::of(acts, &self.catalogue);
            for (total, amount) in totals(&state, &self.catalogue, &rights) {
                *all.entry(total.to_string()).or_default() += amount;
            }
        }
        all.retain(|_, amount| *amount != 0);
        (count, all, rights)
    }
}
