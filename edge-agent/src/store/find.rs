//! Finding tickets: by holder, order or e-mail, by short code, by the ticket they belong to.
//!
//! The index of words names candidates; each is then held against what was asked from its own
//! row, so that an index that lags behind leaves something out and never says something wrong.

use super::Fault;
use super::index::{self, words_of};
use super::memory::Memory;
use super::tx::{acts, ticket_row};
use super::words::{distance, met, neighbours, typos, words};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::api::FoundTicket;
use tidegate_core::catalogue::{TicketRow, TicketStatus};
use tidegate_core::decide::answer::card;
use tidegate_core::fold::TicketState;
use tidegate_core::id::TicketId;
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::time::Timestamp;

/// Add-ons looked at with one ticket: nobody buys more to one.
const MAX_ADD_ONS: i64 = 50;

/// The tickets that belong to this one.
pub fn add_ons(connection: &Connection, main: TicketId) -> Result<Vec<TicketId>, Fault> {
    let mut query =
        connection.prepare_cached("SELECT id FROM tickets WHERE addon_to = ?1 ORDER BY id LIMIT ?2")?;
    ids(query.query_map(params![main.as_i64(), MAX_ADD_ONS], |row| row.get(0))?)
}

/// The tickets that have this short code.
pub fn spoken(connection: &Connection, spoken: Spoken) -> Result<Vec<TicketId>, Fault> {
    let rows = rows(connection, index::candidates(connection, &index::token(spoken))?)?;
    Ok(rows.into_iter().filter(|row| row.spoken == Some(spoken)).map(|row| row.id).collect())
}

fn rows(connection: &Connection, ids: Vec<TicketId>) -> Result<Vec<TicketRow>, Fault> {
    let rows: Vec<Option<TicketRow>> =
        ids.into_iter().map(|id| ticket_row(connection, id)).collect::<Result<_, _>>()?;
    Ok(rows.into_iter().flatten().collect())
}

fn ids(rows: impl Iterator<Item = rusqlite::Result<i64>>) -> Result<Vec<TicketId>, Fault> {
    let ids: Vec<i64> = rows.collect::<Result<_, _>>()?;
    Ok(ids.into_iter().filter_map(TicketId::from_i64).collect())
}

/// The most people a search shows: beyond it, type another letter.
pub const MAX_FOUND: usize = 50;
/// Tickets looked at for each way of meeting the words: ranking them is most of a search's time.
const MAX_CANDIDATES: i64 = 400;
/// Words that one misspelt word may stand for.
const MAX_MEANT: usize = 64;

/// Tickets found by holder, order, e-mail or id, best first, at most [`MAX_FOUND`].
pub fn find(
    connection: &Connection,
    memory: &Memory,
    text: &str,
    now: Timestamp,
) -> Result<Vec<FoundTicket>, Fault> {
    let hits = hits(connection, text, MAX_FOUND)?;
    hits.iter().map(|hit| found(connection, memory, &hit.row, now)).collect()
}

/// The tickets of an order, by id, whatever the case and hyphens of its code.
pub fn of_order(connection: &Connection, order: &str) -> Result<Vec<TicketRow>, Fault> {
    let compact = |text: &str| {
        let letters = text.trim().chars().filter(|c| !matches!(c, '-' | ' '));
        letters.collect::<String>().to_ascii_uppercase()
    };
    let (wanted, word) = (compact(order), words(order).concat());
    if word.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = rows(connection, index::candidates(connection, &word)?)?;
    found.retain(|row| row.order.as_deref().is_some_and(|code| compact(code) == wanted));
    Ok(found)
}

/// A ticket with its state, as screens show it.
pub fn found(
    connection: &Connection,
    memory: &Memory,
    row: &TicketRow,
    now: Timestamp,
) -> Result<FoundTicket, Fault> {
    let state = TicketState::of(&acts(connection, &memory.rebases, row.id)?, &memory.catalogue);
    let status = match row.status {
        TicketStatus::Paid => "paid",
        TicketStatus::Pending => "pending",
        TicketStatus::Cancelled => "cancelled",
    };
    Ok(FoundTicket {
        ticket: card(&memory.catalogue, row.id, Some(row.product), Some(row)),
        status: status.into(),
        inside: state.inside(now),
        entries: state.lists.iter().map(|(_, presence)| presence.entries() as u64).sum(),
    })
}

/// A ticket that fits, and how well.
struct Hit {
    row: TicketRow,
    /// The sum over the words looked for; the least is best.
    rank: u32,
    /// Whether it fits as well as that only by something else than the name: whoever bought for others comes last.
    elsewhere: bool,
    name: String,
}

/// The tickets that fit a text, best first.
pub fn matching(connection: &Connection, text: &str, most: usize) -> Result<Vec<TicketId>, Fault> {
    Ok(hits(connection, text, most)?.into_iter().map(|hit| hit.row.id).collect())
}

fn hits(connection: &Connection, text: &str, most: usize) -> Result<Vec<Hit>, Fault> {
    if let Ok(id) = text.trim().parse() {
        let row = ticket_row(connection, id)?;
        return Ok(row
            .map(|row| Hit { row, rank: 0, elsewhere: false, name: String::new() })
            .into_iter()
            .collect());
    }
    let wanted = Wanted::of(text);
    if wanted.words.is_empty() {
        return Ok(Vec::new());
    }
    let mut hits: BTreeMap<TicketId, Hit> = BTreeMap::new();
    let look_at = |ids: Vec<TicketId>, hits: &mut BTreeMap<TicketId, Hit>| -> Result<(), Fault> {
        for id in ids {
            if let Some(row) = if hits.contains_key(&id) { None } else { ticket_row(connection, id)? } {
                hits.extend(wanted.hit(row).map(|hit| (id, hit)));
            }
        }
        Ok(())
    };
    // Some of what is not in the index yet is looked at itself, and whole orders are found without it.
    look_at(index::noted(connection, index::MAX_NOTED)?, &mut hits)?;
    look_at(of_order(connection, text)?.into_iter().map(|row| row.id).collect(), &mut hits)?;
    for way in [Wanted::exactly, Wanted::beginning, Wanted::meant] {
        // An e-mail that is somebody's is nobody else's with a typo; its ends are too many people's.
        let settled = text.contains('@') && !hits.is_empty();
        if hits.len() < most
            && !settled
            && let Some(expression) = way(&wanted, connection)?
        {
            look_at(indexed(connection, &expression)?, &mut hits)?;
        }
    }
    let mut hits: Vec<Hit> = hits.into_values().collect();
    let place = |hit: &Hit| (hit.rank, hit.elsewhere);
    hits.sort_by(|a, b| {
        place(a)
            .cmp(&place(b))
            .then_with(|| (&a.name, &a.row.order, a.row.id).cmp(&(&b.name, &b.row.order, b.row.id)))
    });
    hits.truncate(most);
    Ok(hits)
}

fn indexed(connection: &Connection, expression: &str) -> Result<Vec<TicketId>, Fault> {
    let mut query =
        connection.prepare_cached("SELECT rowid FROM ticket_words WHERE ticket_words MATCH ?1 LIMIT ?2")?;
    ids(query.query_map(params![expression, MAX_CANDIDATES], |row| row.get(0))?)
}

/// What is looked for.
struct Wanted {
    words: Vec<String>,
    /// All of them as one, where there are several: an order's code is typed with hyphens or without.
    joined: Option<String>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        let words = words(text);
        let joined = (words.len() > 1).then(|| words.concat());
        Self { words, joined }
    }

    fn hit(&self, row: TicketRow) -> Option<Hit> {
        let has = words_of(&row);
        let best = |word: &str| has.iter().filter_map(|has| met(word, has)).min().map(|met| met as u32);
        let apart: Option<u32> = self.words.iter().map(|word| best(word)).sum();
        let joined = self.joined.as_deref().and_then(best);
        let rank = apart.into_iter().chain(joined).min()?;
        let names = row.holder.as_deref().map(words).unwrap_or_default();
        let named = |word: &String| names.iter().filter_map(|name| met(word, name)).min().map(|met| met as u32);
        let by_name: Option<u32> = self.words.iter().map(named).sum();
        let elsewhere = by_name.is_none_or(|by_name| by_name > rank);
        Some(Hit { row, rank, elsewhere, name: names.join(" ") })
    }

    fn expression(&self, of_one: impl Fn(&str) -> Result<String, Fault>) -> Result<Option<String>, Fault> {
        let each: Vec<String> = self.words.iter().map(|word| of_one(word)).collect::<Result<_, _>>()?;
        let joined = self.joined.iter().map(|word| format!("\"{word}\"*"));
        Ok(Some(
            std::iter::once(format!("({})", each.join(" AND "))).chain(joined).collect::<Vec<_>>().join(" OR "),
        ))
    }

    fn exactly(&self, _: &Connection) -> Result<Option<String>, Fault> {
        self.expression(|word| Ok(format!("\"{word}\"")))
    }

    fn beginning(&self, _: &Connection) -> Result<Option<String>, Fault> {
        self.expression(|word| Ok(format!("\"{word}\"*")))
    }

    /// Each word, its beginnings, or a word that it misspells.
    fn meant(&self, connection: &Connection) -> Result<Option<String>, Fault> {
        if self.words.iter().all(|word| typos(word) == 0) {
            return Ok(None);
        }
        self.expression(|word| {
            let meant = meant(connection, word)?;
            let others: String = meant.iter().map(|word| format!(" OR \"{word}\"")).collect();
            Ok(format!("(\"{word}\"*{others})"))
        })
    }
}

/// The words here that a misspelt word may stand for, nearest first.
fn meant(connection: &Connection, word: &str) -> Result<Vec<String>, Fault> {
    let most = typos(word);
    if most == 0 {
        return Ok(Vec::new());
    }
    let mut query = connection.prepare_cached("SELECT word FROM pieces WHERE piece = ?1")?;
    let mut near = BTreeSet::new();
    for piece in neighbours(word, most) {
        let mut rows = query.query([piece])?;
        while let Some(row) = rows.next()? {
            let other = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            near.extend(distance(word, other, most).map(|steps| (steps, other.to_owned())));
        }
    }
    Ok(near.into_iter().take(MAX_MEANT).map(|(_, word)| word).collect())
}
