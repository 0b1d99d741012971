//! Allotments: the share of stock, or of places, that a device may use up alone.
//!
//! A bounded counter (after Balegas et al., "Extending Eventually Consistent Cloud
//! Databases for Enforcing Numeric Invariants", 2015) on the journal: a right
//! comes into being by a restock at its author's, moves by a transfer once the
//! receiver has durably accepted it, and is used up by a serving or by who is
//! inside. Rights never appear from nowhere, so devices that cannot talk cannot
//! oversell together. Use comes in as totals per journal from [`crate::fold`];
//! which entries count is said by [`counts`](crate::journal::kind::counts).

pub mod audit;
pub mod lease;
pub mod lend;

use crate::id::JournalId;
use crate::journal::kind::{Kind, Resource, Retire, Transfer, WantId};
use crate::journal::{Entry, EntryRef};
use crate::trial::{Bug, planted};
use std::collections::{BTreeMap, BTreeSet};

/// Whose rights, to what.
pub type Holder = (Resource, JournalId);

/// The rights that came, moved and went, use left aside: a function of the set of entries, each given once.
///
/// What has moved is only counted; what is on its way is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    held: BTreeMap<Holder, i64>,
    shared_out: BTreeSet<Resource>,
    minted: BTreeMap<Resource, i64>,
    /// Transfers that nobody has accepted yet, by receiver.
    open: BTreeMap<JournalId, BTreeMap<EntryRef, Transfer>>,
    /// Transfers that were accepted.
    moved: BTreeSet<EntryRef>,
    /// Acceptances of transfers that are not here yet.
    early: BTreeSet<(EntryRef, JournalId)>,
    /// Requests that each journal has answered.
    answered: BTreeSet<(JournalId, WantId)>,
    retired: BTreeMap<JournalId, BTreeMap<EntryRef, u64>>,
}

impl Rights {
    /// Takes in an entry that counts, once; others than rights' own change nothing.
    pub fn insert(&mut self, id: EntryRef, entry: &Entry) {
        match &entry.kind {
            Kind::Restock(r) => self.mint(r.of, id.journal, r.quantity.into()),
            Kind::Waste(w) => self.mint(w.of, id.journal, -i64::from(w.quantity)),
            Kind::Stocktake(s) => self.mint(s.of, id.journal, s.difference()),
            Kind::Transfer(t) => self.transfer(id, t),
            Kind::Accepted(a) => self.accept(a.transfer, id.journal),
            Kind::Retire(Retire { journal, last }) => {
                self.retired.entry(*journal).or_default().insert(id, *last);
            }
            Kind::Admission(_)
            | Kind::Exit(_)
            | Kind::Refusal(_)
            | Kind::Serving(_)
            | Kind::Annul(_)
            | Kind::Void(_)
            | Kind::Clock(_)
            | Kind::Began(_)
            | Kind::Unknown { .. } => {}
        }
    }

    fn mint(&mut self, of: Resource, journal: JournalId, units: i64) {
        *self.minted.entry(of).or_default() += units;
        self.hold((of, journal), units);
    }

    fn transfer(&mut self, id: EntryRef, transfer: &Transfer) {
        let units = i64::from(transfer.quantity);
        if !planted(Bug::GiveForFree) {
            self.hold((transfer.of, id.journal), -units);
        }
        if transfer.want.is_none() {
            self.shared_out.insert(transfer.of);
        }
        if planted(Bug::UseUnaccepted) {
            self.hold((transfer.of, transfer.to), units);
        }
        self.answered.extend(transfer.want.map(|want| (id.journal, want)));
        if self.early.remove(&(id, transfer.to)) {
            self.has_moved(id);
            self.hold((transfer.of, transfer.to), units);
        } else {
            self.open.entry(transfer.to).or_default().insert(id, transfer.clone());
        }
    }

    fn accept(&mut self, transfer: EntryRef, by: JournalId) {
        if self.moved.contains(&transfer) {
            return; // accepted in another history too
        }
        let arrived = self.open.get_mut(&by).and_then(|open| open.remove(&transfer));
        let Some(arrived) = arrived else {
            self.early.insert((transfer, by));
            return;
        };
        self.open.retain(|_, open| !open.is_empty());
        self.has_moved(transfer);
        self.hold((arrived.of, by), i64::from(arrived.quantity));
    }

    /// A transfer was accepted: who else said so said nothing.
    fn has_moved(&mut self, transfer: EntryRef) {
        self.early.retain(|(accepted, _)| *accepted != transfer);
        self.moved.insert(transfer);
    }

    fn hold(&mut self, holder: Holder, units: i64) {
        *self.held.entry(holder).or_default() += units;
    }

    /// Rights that a journal came to hold, before use.
    pub fn held(&self, of: Resource, journal: JournalId) -> i64 {
        self.held.get(&(of, journal)).copied().unwrap_or(0)
    }

    /// Everybody who ever held something, in order.
    pub fn holders(&self) -> impl Iterator<Item = Holder> + '_ {
        self.held.keys().copied()
    }

    /// Everybody who ever held some of it, in order.
    pub fn holders_of(&self, of: Resource) -> impl Iterator<Item = JournalId> + '_ {
        self.holders().filter(move |(held, _)| *held == of).map(|(_, by)| by)
    }

    /// Whether somebody was given a share that they had not asked for: how much each is to hold was decided.
    pub fn is_shared_out(&self, of: Resource) -> bool {
        self.shared_out.contains(&of)
    }

    /// Units that came into being and did not go to waste, ever.
    pub fn minted(&self, of: Resource) -> i64 {
        self.minted.get(&of).copied().unwrap_or(0)
    }

    /// What a journal may still use: what it held and did not use, and what is left of the journals
    /// that it has retired. `used` gives units used up by a journal within its rights' reach.
    pub fn left(&self, of: Resource, journal: JournalId, used: &impl Fn(Resource, JournalId) -> i64) -> i64 {
        match self.retired_by(journal) {
            Some(_) => 0,
            None => self.own_and_inherited((of, journal), journal, used, &mut BTreeSet::new()),
        }
    }

    fn own_and_inherited(
        &self,
        (of, heir): Holder,
        journal: JournalId,
        used: &impl Fn(Resource, JournalId) -> i64,
        seen: &mut BTreeSet<JournalId>,
    ) -> i64 {
        if !seen.insert(journal) {
            return 0; // two that retire each other are counted once each
        }
        // What a lost journal was offered is nobody else's either: whether it accepted makes no difference.
        let offered =
            if self.retired.contains_key(&journal) { self.covered((of, heir), journal, used) } else { 0 };
        let inherited = seen.len() > 1;
        let forgets = planted(Bug::RetiredInFull) && inherited;
        let own = self.held(of, journal) + offered - if forgets { 0 } else { used(of, journal) };
        // What a lost journal offered and did not have is accepted by nobody: its heir does not owe it.
        let own = if inherited && own < 0 { (own + self.given(of, journal)).min(0) } else { own };
        let heirs = self.retired.keys().filter(|lost| self.retired_by(**lost).is_some_and(|by| by.0 == journal));
        let lost: Vec<JournalId> = heirs.copied().collect();
        lost.into_iter().fold(own, |sum, lost| sum + self.own_and_inherited((of, heir), lost, used, seen))
    }

    /// Who has retired a journal, and its last entry that moves rights. Of several the first in order
    /// takes it, the same everywhere, and the lowest end counts.
    pub fn retired_by(&self, journal: JournalId) -> Option<(JournalId, u64)> {
        let all = self.retired.get(&journal)?;
        let last = all.values().min()?;
        all.keys().next().map(|first| (first.journal, *last))
    }

    /// The journals that were retired.
    pub fn retired(&self) -> impl Iterator<Item = JournalId> + '_ {
        self.retired.keys().copied()
    }

    /// Transfers to `journal` that it has not accepted yet.
    pub fn offered_to(&self, journal: JournalId) -> impl Iterator<Item = (&EntryRef, &Transfer)> + '_ {
        self.open.get(&journal).into_iter().flatten()
    }

    /// Everybody to whom something is on its way, in order.
    pub fn receivers(&self) -> impl Iterator<Item = JournalId> + '_ {
        self.open.keys().copied()
    }

    /// Units that were given to `journal` and that it has not accepted yet.
    fn offered(&self, of: Resource, journal: JournalId) -> i64 {
        let offers = self.offered_to(journal).filter(|(_, transfer)| transfer.of == of);
        offers.map(|(_, transfer)| i64::from(transfer.quantity)).sum()
    }

    /// The same, as far as the givers had it: nobody inherits what was never there. What the heir itself gave
    /// comes back to it, and what it is short of stands in its own sum.
    fn covered(&self, (of, heir): Holder, journal: JournalId, used: &impl Fn(Resource, JournalId) -> i64) -> i64 {
        let offers = self.offered_to(journal).filter(|(_, transfer)| transfer.of == of);
        let covered = offers.map(|(id, transfer)| {
            let (by, units) = (id.journal, i64::from(transfer.quantity));
            match by == heir {
                true => units,
                false => (units + (self.held(of, by) - used(of, by)).min(0)).max(0),
            }
        });
        covered.sum()
    }

    /// Units that a journal has given away and that nobody has accepted yet.
    fn given(&self, of: Resource, by: JournalId) -> i64 {
        let open = self.open.values().flatten().filter(|(id, transfer)| id.journal == by && transfer.of == of);
        open.map(|(_, transfer)| i64::from(transfer.quantity)).sum()
    }

    /// Whether a journal had all that it has given away, by what is known: its offers may be accepted. That it was
    /// retired since makes no difference.
    pub fn covers(&self, of: Resource, giver: JournalId, used: &impl Fn(Resource, JournalId) -> i64) -> bool {
        self.own_and_inherited((of, giver), giver, used, &mut BTreeSet::new()) >= 0
    }

    /// Units that were given away and that nobody has accepted yet.
    pub fn in_flight(&self, of: Resource) -> i64 {
        let open = self.open.values().flat_map(BTreeMap::values);
        open.filter(|transfer| transfer.of == of).map(|transfer| i64::from(transfer.quantity)).sum()
    }

    /// Whether `journal` has answered a request.
    pub fn answered(&self, journal: JournalId, want: &WantId) -> bool {
        self.answered.contains(&(journal, *want))
    }

    /// Journals that used, or are short of, more than they held and were offered: a stocktake found less,
    /// a supervisor overdrew, or rights were used twice. Others pay as they learn of it. What somebody gave and did
    /// not have is owed by nobody until it is accepted.
    pub fn deficits_of(
        &self,
        of: Resource,
        used: &impl Fn(Resource, JournalId) -> i64,
    ) -> BTreeMap<JournalId, i64> {
        let short = |journal| {
            let left = self.left(of, journal, used) + self.offered(of, journal) + self.given(of, journal);
            (left < 0).then_some((journal, -left))
        };
        self.holders_of(of).filter_map(short).collect()
    }

    /// Accepted transfers that are not here: what their receiver uses is judged when they are.
    pub fn pending(&self, journal: JournalId) -> usize {
        self.early.iter().filter(|(_, by)| *by == journal).count()
    }
}

#[cfg(test)]
mod tests;
