//! Entries into the books: inserted once, folded by difference, in one transaction.
//!
//! What stands in totals and conflicts is what a recount from all entries would
//! give: a ticket's acts are read, the fresh ones added, and the difference of the
//! two states is booked (`fold.rs`). Entries that do not count (evidence) are kept and
//! relayed and change nothing.

mod fold;
mod insert;
pub mod law;
mod left;
pub mod lend;
pub mod own;
mod recount;
mod relearn;
mod settle;

pub use recount::{look_again, recount};
pub use relearn::{LAW, relearn};

use crate::app::App;
use crate::fault::Fault;
use crate::store::books;
use crate::store::history::{self, History};
use crate::store::journals::{self, EntryRecord, JournalRecord};
use crate::store::parts::{self, Part};
use crate::store::{Lock, Tx};
use ed25519_dalek::SigningKey;
use law::Law;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_core::catalogue::{Catalogue, TicketRow};
use tidegate_core::fold::Act;
use tidegate_core::fold::totals::Total;
use tidegate_core::id::{EventId, JournalId, TicketId};
use tidegate_core::journal::kind::Resource;
use tidegate_core::journal::{Entry, EntryRef, sign_head};
use tidegate_core::ticket::{Identity as Shown, Ticket};
use tidegate_core::time::Timestamp;
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
    /// What the journals say of rights, times and each other, as far as it was needed: see [`Books::law`].
    law: Arc<Law>,
    /// On what everything rests that was folded.
    settled: Settled,
    /// The parts of forked journals, once they were needed.
    parts: BTreeMap<JournalId, Vec<Part>>,
    /// What signs the cloud's own journal, once it was needed.
    signs: Option<SigningKey>,
    /// Totals of what rights are to, as the database has them, once they were needed.
    stored: BTreeMap<Resource, BTreeMap<String, i64>>,
    /// What is written once, however many entries there are: see [`Books::close`].
    held: Held,
}

/// A law, named by what it is a function of.
#[derive(Clone, Default)]
struct Settled {
    /// How many entries by which rights move or times become known.
    entries: u64,
    /// Where journals part into branches.
    forks: BTreeMap<JournalId, u64>,
}

/// What many entries of one transaction change again and again.
#[derive(Default)]
struct Held {
    /// Whether entries have to be judged again, because a journal was forked or retired, or a clock was set.
    unsettled: bool,
    /// Branches of journals that have changed.
    branches: BTreeSet<(JournalId, u32)>,
    /// The journals that have changed.
    journals: BTreeSet<JournalId>,
    /// The ends of the cloud's own journals that are not signed yet.
    heads: BTreeMap<JournalId, EntryRef>,
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
        let mut books = Self {
            app,
            event,
            catalogue,
            journals,
            law: Arc::default(),
            settled: Settled::default(),
            parts: BTreeMap::new(),
            signs: None,
            stored: BTreeMap::new(),
            held: Held::default(),
        };
        books.settled = books.rests_on();
        // By clocks acts are read, and by retirements they are counted; rights are read when they are asked for.
        if books.journals.values().any(|journal| journal.clocks > 0 || journal.retired_after.is_some()) {
            books.law(tx).await?;
        }
        Ok(books)
    }

    /// Writes what was held back: how far journals have come, the signature over the cloud's own, and totals.
    pub async fn close(mut self, tx: &mut Tx) -> Result<(), Fault> {
        for journal in self.held.journals.iter().filter_map(|id| self.journals.get(id)) {
            journals::put(tx, self.event, journal).await?;
        }
        for (journal, branch) in &self.held.branches {
            let part = self.parts.get(journal).and_then(|parts| parts.get(*branch as usize));
            let part = part.ok_or_else(|| Fault::internal("a branch without a part"))?;
            parts::put(tx, self.event, (*journal, *branch), part).await?;
        }
        for (head, key) in self.held.heads.values().zip(self.signs.iter().cycle()) {
            journals::sign(tx, self.event, head, sign_head(key, self.event, head)).await?;
        }
        for (total, amount) in std::mem::take(&mut self.held.totals) {
            books::add_total(tx, self.event, &total.to_string(), amount).await?;
        }
        Ok(())
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

    /// All acts of a ticket that count.
    pub async fn acts(&self, tx: &mut Tx, ticket: TicketId) -> Result<Vec<Act>, Fault> {
        let entries = journals::of_tickets(tx, self.event, &[ticket]).await?;
        Ok(entries.iter().flat_map(|entries| self.read(entries)).collect())
    }

    /// The acts in entries that count.
    pub fn read(&self, entries: &[EntryRecord]) -> Vec<Act> {
        entries.iter().filter_map(|record| self.act(record, &Entry::from_bytes(&record.body)?)).collect()
    }

    /// The act in an entry that counts.
    pub fn act(&self, record: &EntryRecord, entry: &Entry) -> Option<Act> {
        Act::of(record.id, entry, &self.law.rebases).map(|(_, act)| act)
    }

    /// When an entry was written, or happened where its author vouched for another time.
    pub fn happened_at(&self, id: &EntryRef, entry: &Entry) -> Timestamp {
        entry.at.unwrap_or_else(|| self.law.rebases.placed(id, entry.clock, entry.quality).0)
    }

    /// Who writes a journal.
    pub fn author(&self, journal: JournalId) -> Option<Arc<Identity>> {
        let certificate = Certificate::from_bytes(&self.journals.get(&journal)?.certificate).ok()?;
        self.app.identity(&certificate).ok()
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
}
