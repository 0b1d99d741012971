//! Entries into their table, and into everything that is folded of them.
//!
//! What comes together is folded together: each ticket's acts are read once before and judged once
//! after, each total is written once. What is stored in the end is a function of the entries alone, so one by
//! one or all at once gives the same tables. An entry that says how others are folded (a clock that was set, a
//! journal that was retired, rights that moved) ends what may come together.

use super::folded::Moved;
use super::tx::{Tx, acts_of_each};
use super::{Fault, folded, incarnation, parts, rights};
use crate::time::Reading;
use rusqlite::Statement;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use tidegate_core::fold::Act;
use tidegate_core::id::{JournalId, TicketId};
use tidegate_core::journal::{Entry, EntryRef, Kind};
use tidegate_core::seal::Hash;
use tidegate_core::trial::{Bug, planted};

/// A verified entry that is not here yet.
#[derive(Clone, Copy)]
pub(super) struct New<'a> {
    /// Its name.
    pub id: EntryRef,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What it says, where that can be read.
    pub entry: Option<&'a Entry>,
    /// The signature over it, where it is a signed head.
    pub signature: Option<&'a [u8]>,
    /// Whether it has an effect.
    pub counts: bool,
}

/// Whether entries after one that says this may count, or be placed in time, otherwise than before it.
pub(super) fn ends_a_group(kind: &Kind) -> bool {
    kind.moves_rights() || matches!(kind, Kind::Clock(_))
}

/// Inserts entries that follow each other in the part `row` after the one with the hash `previous`, and folds
/// them. One that [ends a group](ends_a_group) is the last.
pub(super) fn together(tx: &mut Tx<'_>, row: i64, previous: &Hash, new: &[New<'_>]) -> Result<(), Fault> {
    // Before the fold: it holds servings against the credits that these very codes may bring.
    let mut learned = BTreeSet::new();
    let (mut tickets, mut acts) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
    for New { id, entry, counts, .. } in new {
        let act = entry.and_then(|entry| Act::of(*id, entry, &tx.memory.rebases));
        let ticket = act.as_ref().map(|(ticket, _)| *ticket);
        if entry.map_or(Ok(false), |entry| tx.note_code(entry))? {
            learned.extend(ticket);
        }
        tickets.push(ticket);
        acts.extend(act.filter(|_| *counts));
    }
    acts.sort_by_key(|(ticket, _)| *ticket);
    let known = acts_of_each(tx.connection, &tx.memory.rebases, acts.iter().map(|(ticket, _)| ticket))?;
    write(tx, row, new, &tickets)?;
    if let Some(last) = new.last() {
        parts::note(tx, row, &last.id, previous);
    }
    fold(tx, known, &acts, learned)?;
    let reading = tx.time.read();
    let counting = new.iter().filter(|new| new.counts);
    counting.filter_map(|new| Some((new.id, new.entry?))).try_for_each(|(id, entry)| note(tx, id, entry, reading))
}

/// Rows that one statement writes: beyond that nothing is gained.
const ROWS: usize = 16;
const COLUMNS: usize = 8;
static PUT_ONE: LazyLock<String> = LazyLock::new(|| put(1));
static PUT_MANY: LazyLock<String> = LazyLock::new(|| put(ROWS));

/// Or fail: a statement that takes its rows back where one of them fails keeps every page that it changes. Here the
/// job's savepoint takes back everything.
fn put(rows: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; rows].join(", ");
    format!(
        "INSERT OR FAIL INTO entries (journal, sequence, hash, bytes, signature, kind, ticket, counts) VALUES {rows}"
    )
}

fn write(tx: &Tx<'_>, row: i64, new: &[New<'_>], tickets: &[Option<TicketId>]) -> Result<(), Fault> {
    let rows: Vec<_> = new.iter().zip(tickets).collect();
    let (many, few) = rows.as_chunks::<ROWS>();
    // A scan writes one, and compiles and looks for no other statement.
    if !many.is_empty() {
        let mut put = tx.connection.prepare_cached(&PUT_MANY)?;
        many.iter().try_for_each(|rows| bind(&mut put, row, rows))?;
    }
    let mut put = tx.connection.prepare_cached(&PUT_ONE)?;
    few.iter().try_for_each(|one| bind(&mut put, row, &[*one]))
}

fn bind(put: &mut Statement<'_>, row: i64, rows: &[(&New<'_>, &Option<TicketId>)]) -> Result<(), Fault> {
    for (at, (New { id, bytes, entry, signature, counts }, ticket)) in (1..).step_by(COLUMNS).zip(rows) {
        put.raw_bind_parameter(at, row)?;
        put.raw_bind_parameter(at + 1, id.sequence)?;
        put.raw_bind_parameter(at + 2, id.hash.0)?;
        put.raw_bind_parameter(at + 3, bytes)?;
        put.raw_bind_parameter(at + 4, signature)?;
        put.raw_bind_parameter(at + 5, entry.map_or("unreadable", |entry| entry.kind.name()))?;
        put.raw_bind_parameter(at + 6, ticket.map(TicketId::as_i64))?;
        put.raw_bind_parameter(at + 7, counts)?;
    }
    put.raw_execute()?;
    Ok(())
}

/// Judges each ticket by what was known of it and what is new, by ticket, and moves what is folded.
fn fold(
    tx: &mut Tx<'_>,
    mut known: BTreeMap<TicketId, Vec<Act>>,
    new: &[(TicketId, Act)],
    mut learned: BTreeSet<TicketId>,
) -> Result<(), Fault> {
    let mut moved = Moved::default();
    for new in new.chunk_by(|(ticket, _), (other, _)| ticket == other) {
        let ticket = new[0].0; // none of them is empty
        let known = known.remove(&ticket).unwrap_or_default();
        // Of whom nothing was known there is no conflict either.
        let before = (!known.is_empty()).then(|| tx.state(&known));
        let state = tx.state(known.iter().chain(new.iter().map(|(_, act)| act)));
        moved.turn(tx, before.as_ref(), &state);
        if before.is_some() {
            tx.reconcile(ticket, &state)?
        } else {
            tx.reconcile_first(ticket, &state)?
        }
        learned.remove(&ticket);
    }
    moved.write(tx)?;
    learned.into_iter().try_for_each(|ticket| tx.reconcile_known(ticket))
}

/// What an entry that counts leaves beside a ticket's fold: our clock, rights, ends of journals, and times.
fn note(tx: &mut Tx<'_>, id: EntryRef, entry: &Entry, reading: Reading) -> Result<(), Fault> {
    let Reading { now, quality, uptime, .. } = reading;
    tx.memory.clock.merge(entry.clock, entry.quality, now, quality);
    if id.journal == tx.memory.own {
        rights::note_use(&mut tx.memory, entry, uptime);
    }
    match &entry.kind {
        Kind::Retire(retire) => note_retirement(tx, id, entry, retire.journal),
        Kind::Clock(set) => {
            let tickets = folded::tickets_of(tx, &id.journal, set.since.saturating_sub(1))?;
            let tickets = if planted(Bug::ClockNotRefolded) { Default::default() } else { tickets };
            folded::around(tx, tickets, |tx| {
                Arc::make_mut(&mut tx.memory.rebases).insert(id, entry);
                Ok(())
            })
        }
        kind if kind.moves_rights() => {
            Arc::make_mut(&mut tx.memory.rights).insert(id, entry);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn note_retirement(tx: &mut Tx<'_>, id: EntryRef, entry: &Entry, journal: JournalId) -> Result<(), Fault> {
    let before = tx.memory.rights.clone();
    let mut after = (*before).clone();
    after.insert(id, entry);
    folded::reassign(tx, &journal, before, Arc::new(after))?;
    folded::recount(tx, [journal])?;
    // Retired while it lives: it goes on as another, which can hold rights again.
    let ours = journal == tx.memory.own && tx.memory.rights.retired_by(journal).is_some();
    if ours { incarnation::begin_again(tx, &id.hash.0) } else { Ok(()) }
}
