//! What fresh entries change: a ticket's state before and after, the difference booked.

use super::Books;
use super::law::Law;
use super::settle::Anew;
use crate::fault::Fault;
use crate::store::books::{self, ConflictRecord};
use crate::store::journals::{self, EntryRecord};
use crate::store::{Tx, tickets};
use data_encoding::HEXLOWER;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::fold::conflict::{Conflict, Subject, conflicts};
use tidegate_core::fold::totals::{difference, totals};
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::TicketId;
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::ticket::Credit;

/// Tickets that are folded again at once: some megabytes of entries.
const TOGETHER: usize = 1_000;

/// A ticket, as it was and as it is.
type Folded = (TicketId, TicketState, TicketState);

impl Books<'_> {
    /// Books what fresh acts, already inserted, change.
    pub async fn fold(&mut self, tx: &mut Tx, fresh: Vec<(TicketId, Act)>) -> Result<(), Fault> {
        let ids: BTreeSet<_> = fresh.iter().map(|(_, act)| act.id).collect();
        let touched: BTreeSet<TicketId> = fresh.into_iter().map(|(ticket, _)| ticket).collect();
        if self.held.unsettled {
            return self.fold_anew(tx, ids, touched).await;
        }
        let touched = Vec::from_iter(touched);
        let entries = journals::of_tickets(tx, self.event, &touched).await?;
        let folded = touched.into_iter().zip(entries).map(|(ticket, entries)| {
            let acts = self.read(&entries);
            let known: Vec<Act> = acts.iter().filter(|act| !ids.contains(&act.id)).cloned().collect();
            (ticket, TicketState::of(&known, &self.catalogue), TicketState::of(&acts, &self.catalogue))
        });
        let folded = folded.collect();
        self.book(tx, folded, &self.law.clone()).await
    }

    /// The same where entries that were here already have to be judged again.
    async fn fold_anew(
        &mut self,
        tx: &mut Tx,
        fresh: BTreeSet<EntryRef>,
        touched: BTreeSet<TicketId>,
    ) -> Result<(), Fault> {
        let Anew { before, after, turned, tickets } = self.settle(tx).await?;
        let tickets: Vec<TicketId> = tickets.union(&touched).copied().collect();
        for some in tickets.chunks(TOGETHER) {
            let entries = journals::of_tickets_all(tx, self.event, some).await?;
            let folded = some.iter().zip(entries).map(|(ticket, entries)| {
                let counted = |record: &&EntryRecord| {
                    record.counts != turned.contains(&record.id) && !fresh.contains(&record.id)
                };
                let had = acts(entries.iter().filter(counted), &before);
                let has = acts(entries.iter().filter(|record| record.counts), &after);
                (*ticket, TicketState::of(&had, &self.catalogue), TicketState::of(&has, &self.catalogue))
            });
            let folded = folded.collect();
            self.book(tx, folded, &before).await?;
        }
        Ok(())
    }

    /// The same for one act of a ticket whose other acts are at hand, as this transaction has read them.
    pub async fn fold_one(
        &mut self,
        tx: &mut Tx,
        (ticket, act): (TicketId, Act),
        known: &[Act],
    ) -> Result<(), Fault> {
        let before = TicketState::of(known, &self.catalogue);
        let after = TicketState::of(&[known, &[act]].concat(), &self.catalogue);
        self.book(tx, vec![(ticket, before, after)], &self.law.clone()).await
    }

    /// Books the difference between what tickets were, by what was the law `before`, and what they are.
    async fn book(&mut self, tx: &mut Tx, folded: Vec<Folded>, law_before: &Law) -> Result<(), Fault> {
        for (_, before, after) in &folded {
            let before = totals(before, &self.catalogue, &law_before.rights);
            let after = totals(after, &self.catalogue, &self.law.rights);
            for (total, amount) in difference(&before, after) {
                *self.held.totals.entry(total).or_default() += amount;
            }
        }
        // What was served and taken back may have been too much before.
        let granted = self.granted(tx, folded.iter().flat_map(|(t, before, after)| [(*t, before), (*t, after)]));
        let granted = granted.await?;
        for (ticket, before, after) in folded {
            let credits = granted.get(&ticket).map(Vec::as_slice);
            let found = |state| conflicts(ticket, state, &self.catalogue, credits);
            let (had, has) = (found(&before), found(&after));
            if had != has {
                books::put_conflicts(tx, self.event, ticket, &records(&has), self.app.now()).await?;
            }
        }
        Ok(())
    }

    /// What tickets were granted in all, where anything was served: their rows', or newer codes'.
    pub(super) async fn granted(
        &self,
        tx: &mut Tx,
        states: impl Iterator<Item = (TicketId, &TicketState)>,
    ) -> Result<BTreeMap<TicketId, Vec<Credit>>, Fault> {
        let served: BTreeSet<TicketId> =
            states.filter(|(_, state)| !state.servings.is_empty()).map(|(ticket, _)| ticket).collect();
        let served = Vec::from_iter(served);
        let rows = tickets::several(tx, &served).await?;
        let codes = books::carried_codes(tx, self.event, &served).await?;
        let credits = served.into_iter().zip(rows).zip(codes).filter_map(|((ticket, row), code)| {
            let row = row.filter(|ticket| ticket.event == self.event).map(|ticket| ticket.row);
            let newer = code.and_then(|code| self.genuine(&code));
            let newer = newer.filter(|code| row.as_ref().is_none_or(|row| row.counter < code.counter));
            Some((ticket, newer.map(|code| code.credits).or(row.map(|row| row.credits))?))
        });
        Ok(credits.collect())
    }

    /// A ticket's conflicts as they are now.
    pub async fn conflicts(&self, tx: &mut Tx, ticket: TicketId) -> Result<Vec<Conflict>, Fault> {
        let state = TicketState::of(&self.acts(tx, ticket).await?, &self.catalogue);
        let granted = self.granted(tx, std::iter::once((ticket, &state))).await?;
        Ok(conflicts(ticket, &state, &self.catalogue, granted.get(&ticket).map(Vec::as_slice)))
    }
}

/// The acts in entries.
fn acts<'r>(records: impl Iterator<Item = &'r EntryRecord>, law: &Law) -> Vec<Act> {
    let act = |record: &EntryRecord| Act::of(record.id, &Entry::from_bytes(&record.body)?, &law.rebases);
    records.filter_map(act).map(|(_, act)| act).collect()
}

/// An entry's name, which says more than its place: on another branch there may be one too.
fn named(id: &EntryRef) -> String {
    format!("{id}:{}", HEXLOWER.encode(&id.hash.0[..8]))
}

/// Conflicts as they are kept.
pub(super) fn records(conflicts: &[Conflict]) -> Vec<ConflictRecord> {
    let record = |conflict: &Conflict| ConflictRecord {
        subject: match conflict.subject {
            Subject::Entry(list) => format!("entry/{list}"),
            Subject::Credit(product) => format!("credit/{product}"),
        },
        excess: named(&conflict.excess.id),
        units: conflict.units,
    };
    let mut records: Vec<_> = conflicts.iter().map(record).collect();
    records.sort(); // to be compared with what the database has, in whatever order
    records
}
