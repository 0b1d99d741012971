//! What is folded from entries, kept while they come: totals and conflicts.
//!
//! Totals move by the difference between what a ticket added before and what it adds
//! after; conflicts are replaced by the new state's. A change that is about more than
//! one entry (a fork, a retirement, a clock that was set, a list that closes at another
//! hour) goes through [`around`]: every ticket that it touches is folded before and after.

use super::Fault;
use super::tx::Tx;
use data_encoding::HEXLOWER;
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::api::{ConflictReport, StreamMessage};
use tidegate_core::fold::conflict::{Conflict, conflicts};
use tidegate_core::fold::totals::{Total, add, difference, totals};
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::{JournalId, TicketId};
use tidegate_core::journal::kind::{Retire, counts};
use tidegate_core::journal::{Entry, Kind};
use tidegate_core::seal::Hash;
use tidegate_core::ticket::Credit;
use tidegate_core::trial::{Bug, planted};

type Amounts = BTreeMap<Total, i64>;

impl Tx<'_> {
    /// What acts of a ticket come to.
    pub fn state<'a>(&self, acts: impl IntoIterator<Item = &'a Act>) -> TicketState {
        TicketState::of(acts, &self.memory.catalogue)
    }

    /// What a ticket's state adds to the totals.
    pub(super) fn amounts(&self, state: &TicketState) -> Amounts {
        totals(state, &self.memory.catalogue, &self.memory.rights)
    }

    /// Moves totals and conflicts from what a ticket added before to its state after.
    pub(super) fn refold(&mut self, ticket: TicketId, before: &Amounts, after: &TicketState) -> Result<(), Fault> {
        let mut moved = Moved::default();
        moved.add(before, self.amounts(after));
        moved.write(self)?;
        self.reconcile(ticket, after)
    }

    /// Finds a ticket's conflicts anew from what is stored.
    pub fn reconcile_known(&mut self, ticket: TicketId) -> Result<(), Fault> {
        let state = self.state(&self.acts(ticket)?);
        self.reconcile(ticket, &state)
    }

    /// Replaces a ticket's conflicts by those of its state.
    pub(super) fn reconcile(&mut self, ticket: TicketId, state: &TicketState) -> Result<(), Fault> {
        let known = self.known_conflicts(ticket)?;
        self.replace(ticket, known, state)
    }

    /// Keeps the conflicts of a ticket of which nothing was known.
    pub(super) fn reconcile_first(&mut self, ticket: TicketId, state: &TicketState) -> Result<(), Fault> {
        self.replace(ticket, Vec::new(), state)
    }

    fn replace(&mut self, ticket: TicketId, known: Vec<String>, state: &TicketState) -> Result<(), Fault> {
        // What was granted is held against what was served alone: most tickets are let in and nothing else.
        let credits = if state.servings.is_empty() { None } else { self.granted(ticket)? };
        let found = conflicts(ticket, state, &self.memory.catalogue, credits.as_deref());
        if found.is_empty() && known.is_empty() {
            return Ok(());
        }
        self.reconciled.entry(ticket).or_insert(known);
        self.connection.execute("DELETE FROM conflicts WHERE ticket = ?1", [ticket.as_i64()])?;
        found.iter().try_for_each(|conflict| self.keep(ticket, conflict))
    }

    /// The credits of a ticket, where anything here says them.
    fn granted(&self, ticket: TicketId) -> Result<Option<Vec<Credit>>, Fault> {
        let row = self.ticket_row(ticket)?;
        // A row with a counter at least the code's counts alone, as in the decision.
        let code = self.newest_code(ticket)?;
        let code = code.filter(|code| row.as_ref().is_none_or(|row| row.counter < code.counter));
        Ok(code.map(|code| code.credits).or(row.map(|row| row.credits)))
    }

    /// Tells the conflicts that stand now and did not before this transaction: what came and went within
    /// it is nobody's business.
    pub(super) fn tell_conflicts(&mut self) -> Result<(), Fault> {
        let mut query = self
            .connection
            .prepare_cached("SELECT excess, report FROM conflicts WHERE ticket = ?1 ORDER BY excess")?;
        for (ticket, known) in std::mem::take(&mut self.reconciled) {
            let rows = query.query_map([ticket.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut stand: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
            stand.retain(|(excess, _)| planted(Bug::ConflictAgain) || !known.contains(excess));
            for (_, report) in stand {
                let report = serde_json::from_str(&report).map_err(|e| Fault::Corrupt(e.to_string()))?;
                let holder = self.ticket_row(ticket)?.and_then(|row| row.holder);
                self.tell(StreamMessage::Conflict(Box::new(ConflictReport { holder, ..report })));
            }
        }
        Ok(())
    }

    fn keep(&self, ticket: TicketId, conflict: &Conflict) -> Result<(), Fault> {
        let report = conflict.report(&self.memory.catalogue);
        let json = serde_json::to_string(&report).map_err(|e| Fault::Failed(e.to_string()))?;
        self.connection.execute(
            "INSERT INTO conflicts (ticket, excess, report) VALUES (?1, ?2, ?3)",
            params![ticket.as_i64(), excess(conflict), json],
        )?;
        Ok(())
    }

    fn known_conflicts(&self, ticket: TicketId) -> Result<Vec<String>, Fault> {
        let mut query = self.connection.prepare_cached("SELECT excess FROM conflicts WHERE ticket = ?1")?;
        let rows = query.query_map([ticket.as_i64()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// By how much totals move, gathered so that each is written once.
#[derive(Default)]
pub(super) struct Moved(Amounts);

impl Moved {
    /// Adds what one ticket moves.
    pub(super) fn add(&mut self, before: &Amounts, after: Amounts) {
        for (total, change) in difference(before, after) {
            *self.0.entry(total).or_default() += change;
        }
    }

    /// Adds what one ticket moves from one state, where it had any, to another.
    pub(super) fn turn(&mut self, tx: &Tx<'_>, before: Option<&TicketState>, after: &TicketState) {
        let law = (&*tx.memory.catalogue, &*tx.memory.rights);
        if let Some(before) = before {
            add(&mut self.0, before, law, -1);
        }
        add(&mut self.0, after, law, 1);
    }

    /// Moves the totals that are stored.
    pub(super) fn write(self, tx: &Tx<'_>) -> Result<(), Fault> {
        // Asked for what it came to, the first would keep every page that it changes, in case that it fails.
        let mut add = tx.connection.prepare_cached(
            "INSERT INTO totals (key, amount) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET amount = amount + excluded.amount",
        )?;
        // Nothing is no row: what was counted and taken back leaves what was never counted.
        let mut clear = tx.connection.prepare_cached("DELETE FROM totals WHERE key = ?1 AND amount = 0")?;
        for (total, change) in self.0.into_iter().filter(|(_, change)| *change != 0) {
            let key = total.to_string();
            add.execute(params![key, change])?;
            clear.execute([key])?;
        }
        Ok(())
    }
}

/// What names a conflict among those of its ticket. Two histories have entries at the same places.
fn excess(conflict: &Conflict) -> String {
    let Hash(hash) = conflict.excess.id.hash;
    format!("{}:{}", conflict.excess.id, HEXLOWER.encode(&hash[..8]))
}

/// Makes a change that is about these tickets, and moves what is folded of them.
pub(super) fn around(
    tx: &mut Tx<'_>,
    tickets: BTreeSet<TicketId>,
    change: impl FnOnce(&mut Tx<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let amounts = |tx: &Tx<'_>, ticket| Ok::<_, Fault>(tx.amounts(&tx.state(&tx.acts(ticket)?)));
    let before: Vec<(TicketId, Amounts)> =
        tickets.into_iter().map(|ticket| Ok((ticket, amounts(tx, ticket)?))).collect::<Result<_, Fault>>()?;
    change(tx)?;
    before.into_iter().try_for_each(|(ticket, before)| {
        let state = tx.state(&tx.acts(ticket)?);
        tx.refold(ticket, &before, &state)
    })
}

/// The tickets that entries of a journal after `after` are about.
pub(super) fn tickets_of(tx: &Tx<'_>, journal: &JournalId, after: u64) -> Result<BTreeSet<TicketId>, Fault> {
    let rows = tx.memory.authors.get(journal).map(|author| author.rows()).unwrap_or_default();
    let mut query = tx.connection.prepare_cached(
        "SELECT DISTINCT ticket FROM entries WHERE journal = ?1 AND sequence > ?2 AND ticket IS NOT NULL",
    )?;
    let mut tickets = BTreeSet::new();
    for row in rows {
        let found: Vec<i64> = query.query_map(params![row, after], |row| row.get(0))?.collect::<Result<_, _>>()?;
        tickets.extend(found.into_iter().filter_map(TicketId::from_i64));
    }
    Ok(tickets)
}

/// Decides anew which entries of these journals count, after a revocation, a fork or a retirement, and
/// goes on with the journals that this changes in their turn.
pub(super) fn recount(tx: &mut Tx<'_>, journals: impl IntoIterator<Item = JournalId>) -> Result<(), Fault> {
    let mut left: BTreeSet<JournalId> = journals.into_iter().collect();
    if planted(Bug::CountsOnArrival) {
        return Ok(());
    }
    // A retirement that counts no more brings another journal back; what that one retired counts anyhow.
    while let Some(journal) = left.pop_first() {
        let changed = changed(tx, &journal)?;
        let mut tickets: BTreeSet<TicketId> = changed.iter().filter_map(|entry| entry.ticket).collect();
        if changed.iter().any(|entry| entry.dates) {
            tickets.extend(tickets_of(tx, &journal, 0)?);
        }
        let retired: BTreeSet<JournalId> = changed.iter().filter_map(|entry| entry.retires).collect();
        for other in &retired {
            tickets.extend(tickets_of(tx, other, 0)?);
        }
        let before = tx.memory.rights.clone();
        around(tx, tickets, |tx| {
            changed.iter().try_for_each(|entry| entry.write(tx))?;
            let moves = changed.iter().any(|entry| entry.moves || entry.dates);
            if moves { tx.memory.reload_rights(tx.connection) } else { Ok(()) }
        })?;
        let after = tx.memory.rights.clone();
        left.extend(retired.into_iter().filter(|other| before.retired_by(*other) != after.retired_by(*other)));
    }
    Ok(())
}

/// A journal's end was moved: what it used after it is nobody's right any more, or is again.
pub(super) fn reassign(
    tx: &mut Tx<'_>,
    journal: &JournalId,
    before: std::sync::Arc<tidegate_core::allotment::Rights>,
    after: std::sync::Arc<tidegate_core::allotment::Rights>,
) -> Result<(), Fault> {
    let tickets = tickets_of(tx, journal, 0)?;
    tx.memory.rights = before;
    around(tx, tickets, move |tx| {
        tx.memory.rights = after;
        Ok(())
    })
}

/// An entry that counts now and did not, or the other way round.
struct Changed {
    row: i64,
    sequence: u64,
    ticket: Option<TicketId>,
    counts: bool,
    /// Whether rights move by it.
    moves: bool,
    /// Whether other entries are placed in time by it.
    dates: bool,
    /// Which journal it ends.
    retires: Option<JournalId>,
}

impl Changed {
    fn write(&self, tx: &Tx<'_>) -> Result<(), Fault> {
        let mut update =
            tx.connection.prepare_cached("UPDATE entries SET counts = ?3 WHERE journal = ?1 AND sequence = ?2")?;
        update.execute(params![self.row, self.sequence, self.counts])?;
        Ok(())
    }
}

fn changed(tx: &Tx<'_>, journal: &JournalId) -> Result<Vec<Changed>, Fault> {
    let Some(author) = tx.memory.authors.get(journal) else { return Ok(Vec::new()) };
    let device = tx.memory.catalogue.devices.get(&journal.device);
    let ends = tx.memory.ends(journal);
    let mut query =
        tx.connection.prepare_cached("SELECT sequence, ticket, counts, bytes FROM entries WHERE journal = ?1")?;
    let mut changed = Vec::new();
    for row in author.rows() {
        let mut rows = query.query([row])?;
        while let Some(found) = rows.next()? {
            let (sequence, ticket): (u64, Option<i64>) = (found.get(0)?, found.get(1)?);
            let (counted, bytes): (bool, Vec<u8>) = (found.get(2)?, found.get(3)?);
            let kind = Entry::from_bytes(&bytes).map(|entry| entry.kind);
            let now = kind
                .as_ref()
                .is_some_and(|kind| counts(&author.identity, kind, (*journal, sequence), device, ends));
            if now != counted {
                let moves = kind.as_ref().is_some_and(Kind::moves_rights);
                let dates = matches!(kind, Some(Kind::Clock(_)));
                let retires = match kind {
                    Some(Kind::Retire(Retire { journal, .. })) => Some(journal),
                    _ => None,
                };
                let ticket = ticket.and_then(TicketId::from_i64);
                changed.push(Changed { row, sequence, ticket, counts: now, moves, dates, retires });
            }
        }
    }
    Ok(changed)
}
