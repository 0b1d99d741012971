//! Entries into the books: inserted once, folded by difference, in one transaction.
//!
//! What stands in totals and conflicts is what a recount from all entries would
//! give: a ticket's acts are read, the fresh ones added, and the difference of the
//! two states is booked. Entries that do not count (evidence) are kept and relayed
//! and change nothing.

pub mod own;

use crate::app::App;
use crate::fault::Fault;
use crate::store::books::{self, ConflictRecord};
use crate::store::journals::{self, EntryRecord, JournalRecord};
use crate::store::{Tx, tickets};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::catalogue::{Catalogue, CheckInList};
use tidegate_core::fold::conflict::{Conflict, Subject, conflicts};
use tidegate_core::fold::totals::{Total, difference};
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::{EventId, JournalId, TicketId};
use tidegate_core::journal::kind::Kind;
use tidegate_core::journal::{Entry, Verified};
use tidegate_core::seal::Sig;
use tidegate_core::ticket::{Credit, Identity as Shown, Ticket};
use tidegate_core::trust::{Certificate, Identity};

/// The books of one event, open in a transaction.
pub struct Books<'a> {
    app: &'a App,
    /// Of which event.
    pub event: EventId,
    /// The event as its agents read it.
    pub catalogue: Arc<Catalogue>,
    /// Its journals, as far as they are here.
    pub journals: BTreeMap<JournalId, JournalRecord>,
}

impl<'a> Books<'a> {
    /// Opens the books of an event.
    pub async fn open(tx: &mut Tx, app: &'a App, event: EventId) -> Result<Self, Fault> {
        let catalogue = app.catalogue(tx, event).await?;
        let all = journals::of_event(tx, event).await?;
        Ok(Self { app, event, catalogue, journals: all.into_iter().map(|j| (j.id, j)).collect() })
    }

    /// Adds verified entries at the end of a journal, the last one under `signature`;
    /// gives the acts among them that count.
    pub async fn insert(
        &mut self,
        tx: &mut Tx,
        journal: JournalRecord,
        author: &Identity,
        (entries, signature): (Vec<Verified>, Sig),
    ) -> Result<Vec<(TicketId, Act)>, Fault> {
        let (mut journal, mut acts) = (journal, Vec::new());
        let last = entries.last().map(|e| e.id.sequence);
        for verified in entries {
            let id = verified.id;
            let device = self.catalogue.devices.get(&id.journal.device);
            let counts = device.is_none_or(|device| device.counts(id.journal.incarnation, id.sequence));
            let read = verified.entry.as_ref().filter(|_| counts);
            let act = read.and_then(|entry| Act::of(id, entry, author));
            let (ticket, signature) =
                (act.as_ref().map(|a| a.0), Some(signature).filter(|_| last == Some(id.sequence)));
            let record = EntryRecord { id, body: verified.bytes, signature, ticket, counts };
            journals::add(tx, self.event, &record).await?;
            if let Some(entry) = &verified.entry {
                self.note(tx, &record, entry).await?;
                journal.clock = entry.clock;
            }
            journal = JournalRecord {
                entries: id.sequence,
                counted: journal.counted + u64::from(counts),
                hash: id.hash,
                ..journal
            };
            acts.extend(act);
        }
        journals::put(tx, self.event, &journal).await?;
        self.journals.insert(journal.id, journal);
        Ok(acts)
    }

    /// What has to be found again without reading all entries.
    async fn note(&self, tx: &mut Tx, record: &EntryRecord, entry: &Entry) -> Result<(), Fault> {
        if matches!(entry.kind, Kind::Restock(_) | Kind::Transfer(_) | Kind::Accepted(_)) {
            journals::add_right(tx, self.event, &record.id).await?;
        }
        let Some(code) = entry.kind.code() else { return Ok(()) };
        if let Shown::Genuine(genuine) = self.catalogue.keyring.identify_bytes(self.event, code) {
            let (ticket, counter) = (genuine.ticket().id, genuine.ticket().counter);
            books::carry_code(tx, self.event, (ticket, counter), code).await?;
        }
        Ok(())
    }

    /// Books what fresh acts, already inserted, change.
    pub async fn fold(&self, tx: &mut Tx, fresh: Vec<(TicketId, Act)>) -> Result<(), Fault> {
        let ids: BTreeSet<_> = fresh.iter().map(|(_, act)| act.id).collect();
        let touched: BTreeSet<TicketId> = fresh.into_iter().map(|(ticket, _)| ticket).collect();
        let mut change: BTreeMap<Total, i64> = BTreeMap::new();
        for ticket in touched {
            let acts = self.acts(tx, ticket).await?;
            let known: Vec<Act> = acts.iter().filter(|act| !ids.contains(&act.id)).cloned().collect();
            let (before, after) = (TicketState::of(&known), TicketState::of(&acts));
            for (total, amount) in difference(&before, &after) {
                *change.entry(total).or_default() += amount;
            }
            let credits = self.credits(tx, ticket, &after).await?;
            let found = |state| conflicts(ticket, state, &self.catalogue, credits.as_deref());
            let (had, has) = (found(&before), found(&after));
            if had != has {
                books::put_conflicts(tx, self.event, ticket, &records(&has), self.app.now()).await?;
            }
        }
        for (total, amount) in change {
            books::add_total(tx, self.event, &total.to_string(), amount).await?;
        }
        Ok(())
    }

    /// All acts of a ticket that count.
    pub async fn acts(&self, tx: &mut Tx, ticket: TicketId) -> Result<Vec<Act>, Fault> {
        let entries = journals::of_ticket(tx, self.event, ticket).await?;
        let acts = entries.iter().filter_map(|record| {
            let author = self.author(record.id.journal)?;
            Act::of(record.id, &Entry::from_bytes(&record.body)?, &author).map(|(_, act)| act)
        });
        Ok(acts.collect())
    }

    /// Who writes a journal.
    pub fn author(&self, journal: JournalId) -> Option<Arc<Identity>> {
        let certificate = Certificate::from_bytes(&self.journals.get(&journal)?.certificate).ok()?;
        self.app.identity(&certificate).ok()
    }

    /// What a ticket was granted in all, where that matters: its row's, or a newer code's.
    async fn credits(
        &self,
        tx: &mut Tx,
        ticket: TicketId,
        state: &TicketState,
    ) -> Result<Option<Vec<Credit>>, Fault> {
        if state.servings.is_empty() {
            return Ok(None);
        }
        let row = tickets::get(tx, ticket).await?.filter(|t| t.event == self.event).map(|t| t.row);
        let carried = self.newest_code(tx, ticket).await?;
        let newer = carried.filter(|code| row.as_ref().is_none_or(|row| row.counter < code.counter));
        Ok(newer.map(|code| code.credits).or(row.map(|row| row.credits)))
    }

    /// The newest genuine code of a ticket that journals carried.
    pub async fn newest_code(&self, tx: &mut Tx, ticket: TicketId) -> Result<Option<Ticket>, Fault> {
        let code = books::carried_code(tx, self.event, ticket).await?;
        Ok(code.and_then(|code| match self.catalogue.keyring.identify_bytes(self.event, &code) {
            Shown::Genuine(genuine) => Some(genuine.ticket().clone()),
            Shown::NotATicket(_) | Shown::UnknownKey(_) | Shown::Forged(_) | Shown::Foreign { .. } => None,
        }))
    }

    /// A ticket's conflicts as they are now.
    pub async fn conflicts(&self, tx: &mut Tx, ticket: TicketId) -> Result<Vec<Conflict>, Fault> {
        let state = TicketState::of(&self.acts(tx, ticket).await?);
        let credits = self.credits(tx, ticket, &state).await?;
        Ok(conflicts(ticket, &state, &self.catalogue, credits.as_deref()))
    }
}

/// Finds a ticket's conflicts again, after its credits have changed.
pub async fn look_again(tx: &mut Tx, app: &App, event: EventId, ticket: TicketId) -> Result<(), Fault> {
    let books = Books::open(tx, app, event).await?;
    let found = books.conflicts(tx, ticket).await?;
    Ok(books::put_conflicts(tx, event, ticket, &records(&found), app.now()).await?)
}

/// Finds all conflicts again, after a list has changed what it allows.
pub async fn find_conflicts_anew(tx: &mut Tx, app: &App, event: EventId, list: &CheckInList) -> Result<(), Fault> {
    let mut books = Books::open(tx, app, event).await?;
    Arc::make_mut(&mut books.catalogue).lists.insert(list.id, list.clone());
    for ticket in journals::tickets_with_acts(tx, event).await? {
        let found = books.conflicts(tx, ticket).await?;
        books::put_conflicts(tx, event, ticket, &records(&found), app.now()).await?;
    }
    Ok(())
}

fn records(conflicts: &[Conflict]) -> Vec<ConflictRecord> {
    let record = |conflict: &Conflict| ConflictRecord {
        subject: match conflict.subject {
            Subject::Entry(list) => format!("entry/{list}"),
            Subject::Credit(product) => format!("credit/{product}"),
        },
        excess: conflict.excess.id.to_string(),
        units: conflict.units,
    };
    conflicts.iter().map(record).collect()
}
