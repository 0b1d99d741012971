//! What journals may still use alone: the rights that they hold, less what they have used.
//!
//! Entries by which rights move are read once in a server, and by a transaction only
//! where it asks for them; who has read some of them reads on.

use super::law::{Ground, Law, Moved};
use super::{Books, Settled};
use crate::fault::Fault;
use crate::store::journals::EntryRecord;
use crate::store::{Tx, books, rights};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_core::fold::totals::{Total, occupied};
use tidegate_core::id::JournalId;
use tidegate_core::journal::Entry;
use tidegate_core::journal::kind::Resource;
use tidegate_core::time::Timestamp;

impl Books<'_> {
    /// What the journals say of rights, times and each other. It is read once in a server: who has some of it
    /// reads on.
    pub async fn law(&mut self, tx: &mut Tx) -> Result<Arc<Law>, Fault> {
        self.law = self.law_of(tx, self.rests_on()).await?;
        Ok(self.law.clone())
    }

    pub(super) async fn law_of(
        &self,
        tx: &mut Tx,
        Settled { entries, forks }: Settled,
    ) -> Result<Arc<Law>, Fault> {
        let ground = Ground { forks, catalogue: &self.catalogue, author: |journal| self.author(journal) };
        let known = [Some(self.law.clone()), self.app.law(self.event)].into_iter().flatten();
        let known: Vec<Arc<Law>> = known.filter(|known| known.entries() <= entries).collect();
        if let Some(law) = known.iter().find(|law| law.stands(entries, &ground)) {
            return Ok(law.clone());
        }
        let known = known.into_iter().max_by_key(|known| known.entries()).unwrap_or_default();
        let committed = tx.written() == 0; // what may yet be rolled back is nobody else's to know
        let records = match known.entries() {
            all if all == entries => Vec::new(),
            some => rights::between(tx, self.event, (some, entries)).await?,
        };
        let more = records.into_iter().filter_map(|EntryRecord { id, branch, body, .. }| {
            Some(Moved { id, branch, entry: Entry::from_bytes(&body)? })
        });
        let law = Arc::new(known.with(more, entries, ground));
        if committed {
            self.app.note_law(self.event, &law);
        }
        Ok(law)
    }

    /// What the law is a function of, as everything stands.
    pub(super) fn rests_on(&self) -> Settled {
        let journals = self.journals.values();
        let forks = journals.clone().filter_map(|journal| Some((journal.id, journal.forked_after?)));
        Settled { entries: journals.map(|journal| journal.rights + journal.clocks).sum(), forks: forks.collect() }
    }

    /// What a journal may still use alone, as it will stand when the books are closed.
    pub async fn left(&mut self, tx: &mut Tx, of: Resource, journal: JournalId) -> Result<i64, Fault> {
        self.left_at(tx, of, journal, self.app.now()).await
    }

    /// Whether a journal had all that it has given away, by what is known.
    pub(super) async fn covers(&mut self, tx: &mut Tx, of: Resource, giver: JournalId) -> Result<bool, Fault> {
        let (used, law) = (self.used(tx, of).await?, self.law(tx).await?);
        Ok(law.rights.covers(of, giver, &|_, by| used.get(&by).copied().unwrap_or(0)))
    }

    /// What it may still use at another time: who has left at a closing time had not left before it.
    pub async fn left_at(
        &mut self,
        tx: &mut Tx,
        of: Resource,
        journal: JournalId,
        at: Timestamp,
    ) -> Result<i64, Fault> {
        self.read_used(tx, of).await?;
        let (law, used) = (self.law(tx).await?, self.used_of(of, at));
        Ok(law.rights.left(of, journal, &|_, by| used.get(&by).copied().unwrap_or(0)))
    }

    /// What journals have used, as it will stand when the books are closed.
    pub(super) async fn used(&mut self, tx: &mut Tx, of: Resource) -> Result<BTreeMap<JournalId, i64>, Fault> {
        self.read_used(tx, of).await?;
        Ok(self.used_of(of, self.app.now()))
    }

    async fn read_used(&mut self, tx: &mut Tx, of: Resource) -> Result<(), Fault> {
        if !self.stored.contains_key(&of) {
            let stored = books::totals_under(tx, self.event, &prefix(of)).await?;
            self.stored.insert(of, stored.into_iter().collect());
        }
        Ok(())
    }

    /// The same of several things, read at once.
    pub(super) async fn used_of_all(
        &mut self,
        tx: &mut Tx,
        all: &[Resource],
    ) -> Result<BTreeMap<Resource, BTreeMap<JournalId, i64>>, Fault> {
        if all.iter().any(|of| !self.stored.contains_key(of)) {
            let totals = books::totals(tx, self.event).await?;
            for of in all {
                let of_it = totals.iter().filter(|(name, _)| name.starts_with(&prefix(*of)));
                self.stored.insert(*of, of_it.cloned().collect());
            }
        }
        Ok(all.iter().map(|of| (*of, self.used_of(*of, self.app.now()))).collect())
    }

    fn used_of(&self, of: Resource, at: Timestamp) -> BTreeMap<JournalId, i64> {
        let mut amounts = self.stored.get(&of).cloned().unwrap_or_default();
        for (total, change) in self.held.totals.iter().filter(|(total, _)| uses(total) == Some(of)) {
            *amounts.entry(total.to_string()).or_default() += change;
        }
        let (prefix, amounts) = (prefix(of), amounts.iter().map(|(name, amount)| (name.as_str(), *amount)));
        let of_journal = |(name, amount): (&str, i64)| Some((name.strip_prefix(&prefix)?.parse().ok()?, amount));
        match of {
            Resource::Product(_) => amounts.filter_map(of_journal).collect(),
            Resource::Zone(zone) => occupied(zone, amounts, at),
        }
    }
}

/// What the names of totals begin with that count its use.
fn prefix(of: Resource) -> String {
    match of {
        Resource::Product(product) => format!("served/{product}/"),
        Resource::Zone(zone) => format!("occupied/{zone}/"),
    }
}

/// What is used up, where a total counts that.
fn uses(total: &Total) -> Option<Resource> {
    match total {
        Total::Served(product, _) => Some(Resource::Product(*product)),
        Total::Occupied(zone, ..) => Some(Resource::Zone(*zone)),
        Total::Entries(_) | Total::Exits(_) | Total::Inside(..) | Total::Late(..) => None,
    }
}
