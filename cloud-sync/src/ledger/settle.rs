//! Judging entries again, after others came that say something of them.
//!
//! Where a journal was forked or retired, what it wrote after that may count no more;
//! where a clock was set, what was written before it happened at another time. What is
//! decided here is a function of the entries that are here, in whatever order they came.

use super::Books;
use super::law::Law;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::journals::{self, EntryRecord};
use crate::store::pages::CHUNK;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::id::{JournalId, TicketId};
use tidegate_core::journal::kind::Kind;
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::trust::Identity;

/// What was judged again, and by what.
pub(super) struct Anew {
    /// By what it was judged before.
    pub(super) before: Arc<Law>,
    /// By what it is now.
    pub(super) after: Arc<Law>,
    /// The entries that count and did not, or the other way round.
    pub(super) turned: BTreeSet<EntryRef>,
    /// The tickets of which something may have changed.
    pub(super) tickets: BTreeSet<TicketId>,
}

/// Which entries of a journal are looked at.
#[derive(Clone, Copy)]
struct Reach {
    /// Those after this one.
    after: u64,
    /// Whether their tickets change although they count as before.
    moves: bool,
}

impl Books<'_> {
    /// Judges again what rests on a law that is not the same any more.
    pub(super) async fn settle(&mut self, tx: &mut Tx) -> Result<Anew, Fault> {
        let before = self.law_of(tx, self.settled.clone()).await?;
        let after = self.law(tx).await?;
        let mut anew = Anew { before, after, turned: BTreeSet::new(), tickets: BTreeSet::new() };
        for (journal, reach) in self.reach(&anew) {
            self.judge(tx, journal, reach, &mut anew).await?;
        }
        self.judge_retirements(tx, &anew).await?;
        for (id, journal) in &mut self.journals {
            let ends = anew.after.ends(*id);
            if ends != journal.ends() {
                journal.retired_after = ends.retired_after;
                self.held.journals.insert(*id);
            }
        }
        self.settled = self.rests_on();
        self.held.unsettled = false;
        Ok(anew)
    }

    fn reach(&self, Anew { before, after, .. }: &Anew) -> BTreeMap<JournalId, Reach> {
        let mut all: BTreeMap<JournalId, Reach> = BTreeMap::new();
        let mut reach = |journal: JournalId, place: u64, moves: bool| {
            let reach = all.entry(journal).or_insert(Reach { after: place, moves });
            *reach = Reach { after: reach.after.min(place), moves: reach.moves || moves };
        };
        for journal in self.journals.keys() {
            let (was, is) = (before.ends(*journal), after.ends(*journal));
            let moved = |was: Option<u64>, is: Option<u64>| was.min(is).or(was).or(is).filter(|_| was != is);
            if let Some(place) = moved(was.forked_after, is.forked_after) {
                reach(*journal, place, false);
            }
            if let Some(place) = moved(was.retired_after, is.retired_after) {
                reach(*journal, place, true);
            }
            // A clock that was set, or counts no more since its journal was forked, dates what was before it.
            if let Some(since) = after.rebases.differ_from(&before.rebases, journal) {
                reach(*journal, since.saturating_sub(1), true);
            }
        }
        all
    }

    async fn judge(&mut self, tx: &mut Tx, id: JournalId, reach: Reach, anew: &mut Anew) -> Result<(), Fault> {
        let found = self.journals.get(&id).cloned().zip(self.author(id));
        let Some((mut journal, author)) = found else { return Ok(()) };
        for (branch, part) in (0..).zip(self.parts(tx, &journal).await?) {
            let mut place = reach.after.max(part.segment.base);
            loop {
                let records = journals::after(tx, self.event, (id, branch, place), CHUNK.into()).await?;
                let judged = anew.judged(&records, &author, reach.moves);
                let more = judged.iter().filter(|(.., counts)| *counts).count();
                journal.counted = journal.counted + more as u64 - (judged.len() - more) as u64;
                journals::judge(tx, self.event, &judged).await?;
                match records.last() {
                    Some(last) if records.len() == CHUNK as usize => place = last.id.sequence,
                    Some(_) | None => break,
                }
            }
        }
        self.held.journals.insert(id);
        self.journals.insert(id, journal);
        Ok(())
    }

    async fn judge_retirements(&mut self, tx: &mut Tx, anew: &Anew) -> Result<(), Fault> {
        let mut judged = Vec::new();
        for moved in anew.after.turned(&anew.before) {
            let counts = anew.after.retires(&moved.id);
            judged.push((moved.id, moved.branch, counts));
            if let Some(journal) = self.journals.get_mut(&moved.id.journal) {
                journal.counted = if counts { journal.counted + 1 } else { journal.counted - 1 };
                self.held.journals.insert(moved.id.journal);
            }
        }
        Ok(journals::judge(tx, self.event, &judged).await?)
    }
}

impl Anew {
    /// Judges entries of one author; gives those that turned.
    fn judged(&mut self, records: &[EntryRecord], author: &Identity, moves: bool) -> Vec<(EntryRef, u32, bool)> {
        let mut judged = Vec::new();
        for record in records {
            let Some(entry) = Entry::from_bytes(&record.body) else { continue };
            if matches!(entry.kind, Kind::Retire(_)) {
                continue; // by the law itself
            }
            let counts = self.after.counts(author, &entry.kind, &record.id);
            if counts != record.counts {
                judged.push((record.id, record.branch, counts));
                self.turned.insert(record.id);
            }
            if moves || counts != record.counts {
                self.tickets.extend(record.ticket);
            }
        }
        judged
    }
}
