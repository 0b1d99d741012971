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
use crate::store::history::{self, History};
use crate::store::journals::{self, ByTicket, EntryRecord, JournalRecord};
use crate::store::{Lock, Tx, tickets};
use ed25519_dalek::SigningKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::catalogue::{Catalogue, TicketRow};
use tidegate_core::fold::conflict::{Conflict, Subject, conflicts};
use tidegate_core::fold::totals::{Total, difference, totals as totals_of};
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::{EventId, JournalId, TicketId};
use tidegate_core::journal::kind::Kind;
use tidegate_core::journal::{Entry, EntryRef, Verified, sign_head};
use tidegate_core::seal::Sig;
use tidegate_core::ticket::{Credit, Identity as Shown, Ticket};
use tidegate_core::trust::{Certificate, Identity};

/// The books of one event, open in a transaction; who has written in them closes them.
pub struct Books<'a> {
    app: &'a App,
    /// Of which event.
    pub event: EventId,
    /// The event as its agents read it.
    pub catalogue: Arc<Catalogue>,
    /// Its journals, as far as they are here.
    pub journals: BTreeMap<JournalId, JournalRecord>,
    /// What signs the cloud's own journal, once it was needed.
    signs: Option<SigningKey>,
    /// What is written once, however many entries there are: see [`Books::close`].
    held: Held,
}

/// What many entries of one transaction change again and again.
#[derive(Default)]
struct Held {
    /// The journals that have grown.
    journals: BTreeSet<JournalId>,
    /// The end of the cloud's own journal, where it is not signed yet.
    head: Option<EntryRef>,
    /// Changes of totals.
    totals: BTreeMap<Total, i64>,
}

/// What is known of one ticket.
#[derive(Default)]
pub struct Known {
    /// Its row, where it was sold here.
    pub row: Option<TicketRow>,
    /// The newest genuine code of it that journals carried.
    pub code: Option<Ticket>,
    /// All its acts that count.
    pub acts: Vec<Act>,
}

impl<'a> Books<'a> {
    /// Opens the books of an event; who may write in them holds them alone.
    pub async fn open(tx: &mut Tx, app: &'a App, event: EventId) -> Result<Self, Fault> {
        tx.lock(Lock::Books(event)).await?;
        let catalogue = app.catalogue(tx, event).await?;
        let all = journals::of_event(tx, event).await?;
        let journals = all.into_iter().map(|journal| (journal.id, journal)).collect();
        Ok(Self { app, event, catalogue, journals, signs: None, held: Held::default() })
    }

    /// Writes what was held back: how far journals have come, the signature over the cloud's own, and totals.
    pub async fn close(mut self, tx: &mut Tx) -> Result<(), Fault> {
        for journal in self.held.journals.iter().filter_map(|id| self.journals.get(id)) {
            journals::put(tx, self.event, journal).await?;
        }
        if let Some((head, key)) = self.held.head.zip(self.signs.as_ref()) {
            journals::sign(tx, self.event, &head, sign_head(key, self.event, &head)).await?;
        }
        for (total, amount) in std::mem::take(&mut self.held.totals) {
            books::add_total(tx, self.event, &total.to_string(), amount).await?;
        }
        Ok(())
    }

    /// A total as it will stand when the books are closed.
    pub async fn total(&self, tx: &mut Tx, total: Total) -> Result<i64, Fault> {
        let held = self.held.totals.get(&total).copied().unwrap_or_default();
        Ok(books::total(tx, self.event, &total.to_string()).await? + held)
    }

    /// Everything that a decision about a ticket rests on.
    pub async fn known(&self, tx: &mut Tx, ticket: TicketId) -> Result<Known, Fault> {
        Ok(self.known_of(history::of(tx, self.event, ticket).await?))
    }

    /// The same from what was read of it.
    pub fn known_of(&self, found: History) -> Known {
        let code = found.carried.and_then(|code| self.genuine(&code));
        Known { row: found.ticket.map(|ticket| ticket.row), code, acts: self.read(&found.entries) }
    }

    /// Adds verified entries at the end of a journal, the last one under `signature` if it has one yet;
    /// gives the acts among them that count.
    pub async fn insert(
        &mut self,
        tx: &mut Tx,
        journal: JournalRecord,
        author: &Identity,
        (entries, signature): (Vec<Verified>, Option<Sig>),
    ) -> Result<Vec<(TicketId, Act)>, Fault> {
        let (mut journal, mut acts, mut records) = (journal, Vec::new(), Vec::new());
        let last = entries.last().map(|e| e.id.sequence);
        for verified in entries {
            let id = verified.id;
            let device = self.catalogue.devices.get(&id.journal.device);
            let counts = device.is_none_or(|device| device.counts(id.journal.incarnation, id.sequence));
            let read = verified.entry.as_ref().filter(|_| counts);
            let act = read.and_then(|entry| Act::of(id, entry, author));
            let (ticket, signature) = (act.as_ref().map(|a| a.0), signature.filter(|_| last == Some(id.sequence)));
            let record = EntryRecord { id, body: verified.bytes, signature, ticket, counts };
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
            records.push(record);
            acts.extend(act);
        }
        journals::add(tx, self.event, &records).await?;
        self.held.journals.insert(journal.id);
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
    pub async fn fold(&mut self, tx: &mut Tx, fresh: Vec<(TicketId, Act)>) -> Result<(), Fault> {
        let ids: BTreeSet<_> = fresh.iter().map(|(_, act)| act.id).collect();
        let touched: BTreeSet<TicketId> = fresh.into_iter().map(|(ticket, _)| ticket).collect();
        let touched = Vec::from_iter(touched);
        let entries = journals::of_tickets(tx, self.event, &touched).await?;
        let folded = touched.into_iter().zip(entries).map(|(ticket, entries)| {
            let acts = self.read(&entries);
            let known: Vec<Act> = acts.iter().filter(|act| !ids.contains(&act.id)).cloned().collect();
            (ticket, TicketState::of(&known, &self.catalogue), TicketState::of(&acts, &self.catalogue))
        });
        self.book(tx, folded.collect()).await
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
        self.book(tx, vec![(ticket, before, after)]).await
    }

    /// Books the difference between what tickets were and what they are.
    async fn book(&mut self, tx: &mut Tx, folded: Vec<(TicketId, TicketState, TicketState)>) -> Result<(), Fault> {
        for (total, amount) in folded.iter().flat_map(|(_, before, after)| difference(before, after)) {
            *self.held.totals.entry(total).or_default() += amount;
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

    /// All acts of a ticket that count.
    pub async fn acts(&self, tx: &mut Tx, ticket: TicketId) -> Result<Vec<Act>, Fault> {
        let entries = journals::of_tickets(tx, self.event, &[ticket]).await?;
        Ok(entries.iter().flat_map(|entries| self.read(entries)).collect())
    }

    fn read(&self, entries: &[EntryRecord]) -> Vec<Act> {
        acts(entries, |journal| self.author(journal))
    }

    /// Who writes each journal.
    pub fn authors(&self) -> BTreeMap<JournalId, Arc<Identity>> {
        self.journals.keys().filter_map(|id| Some((*id, self.author(*id)?))).collect()
    }

    /// Who writes a journal.
    pub fn author(&self, journal: JournalId) -> Option<Arc<Identity>> {
        let certificate = Certificate::from_bytes(&self.journals.get(&journal)?.certificate).ok()?;
        self.app.identity(&certificate).ok()
    }

    /// What tickets were granted in all, where anything was served: their rows', or newer codes'.
    async fn granted(
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

    /// The newest genuine code of a ticket that journals carried.
    pub async fn newest_code(&self, tx: &mut Tx, ticket: TicketId) -> Result<Option<Ticket>, Fault> {
        let code = books::carried_code(tx, self.event, ticket).await?;
        Ok(code.and_then(|code| self.genuine(&code)))
    }

    fn genuine(&self, code: &[u8]) -> Option<Ticket> {
        match self.catalogue.keyring.identify_bytes(self.event, code) {
            Shown::Genuine(genuine) => Some(genuine.ticket().clone()),
            Shown::NotATicket(_) | Shown::UnknownKey(_) | Shown::Forged(_) | Shown::Foreign { .. } => None,
        }
    }

    /// A ticket's conflicts as they are now.
    pub async fn conflicts(&self, tx: &mut Tx, ticket: TicketId) -> Result<Vec<Conflict>, Fault> {
        let state = TicketState::of(&self.acts(tx, ticket).await?, &self.catalogue);
        let granted = self.granted(tx, std::iter::once((ticket, &state))).await?;
        Ok(conflicts(ticket, &state, &self.catalogue, granted.get(&ticket).map(Vec::as_slice)))
    }
}

fn acts(entries: &[EntryRecord], author: impl Fn(JournalId) -> Option<Arc<Identity>>) -> Vec<Act> {
    let act = |record: &EntryRecord| {
        let author = author(record.id.journal)?;
        Act::of(record.id, &Entry::from_bytes(&record.body)?, &author).map(|(_, act)| act)
    };
    entries.iter().filter_map(act).collect()
}

/// Finds a ticket's conflicts again, after its credits have changed.
pub async fn look_again(tx: &mut Tx, app: &App, event: EventId, ticket: TicketId) -> Result<(), Fault> {
    let books = Books::open(tx, app, event).await?;
    let found = books.conflicts(tx, ticket).await?;
    Ok(books::put_conflicts(tx, event, ticket, &records(&found), app.now()).await?)
}

/// Counts all tickets again, after a change of the catalogue that the feed does not show yet: what
/// a list allows, or when it closes. The event's desk waits for it: some thousand tickets are read at a
/// time, and only what has changed is written.
pub async fn recount(
    tx: &mut Tx,
    app: &App,
    event: EventId,
    change: impl FnOnce(&mut Catalogue),
) -> Result<(), Fault> {
    let mut books = Books::open(tx, app, event).await?;
    change(Arc::make_mut(&mut books.catalogue));
    let (authors, mut had) = (books.authors(), books::conflicts(tx, event).await?);
    let mut totals: BTreeMap<Total, i64> = BTreeMap::new();
    let mut all = ByTicket::of(event);
    loop {
        let tickets = all.next(tx).await?;
        if tickets.is_empty() {
            break;
        }
        let state = |entries: &[EntryRecord]| {
            TicketState::of(&acts(entries, |journal| authors.get(&journal).cloned()), &books.catalogue)
        };
        let states: Vec<_> = tickets.iter().map(|(ticket, entries)| (*ticket, state(entries))).collect();
        let granted = books.granted(tx, states.iter().map(|(ticket, state)| (*ticket, state))).await?;
        for (ticket, state) in &states {
            for (total, amount) in totals_of(state) {
                *totals.entry(total).or_default() += amount;
            }
            let credits = granted.get(ticket).map(Vec::as_slice);
            let has = records(&conflicts(*ticket, state, &books.catalogue, credits));
            if had.remove(ticket).unwrap_or_default() != has {
                books::put_conflicts(tx, event, *ticket, &has, app.now()).await?;
            }
        }
    }
    books::clear_totals(tx, event).await?;
    for (total, amount) in totals {
        books::add_total(tx, event, &total.to_string(), amount).await?;
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
    let mut records: Vec<_> = conflicts.iter().map(record).collect();
    records.sort(); // to be compared with what the database has, in whatever order
    records
}
