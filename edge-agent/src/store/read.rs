//! What screens and reports ask of the store, from committed states only.

use super::Fault;
use super::index;
use super::memory::Memory;
use super::rights::UsedUp;
use super::stock::elsewhere;
use super::tx::ticket_row;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use tidegate_core::api::{ConflictReport, StockStatus};
use tidegate_core::catalogue::Product;
use tidegate_core::fold::totals::{Total, inside as inside_at};
use tidegate_core::id::{JournalId, ListId};
use tidegate_core::journal::Entry;
use tidegate_core::journal::kind::Resource;
use tidegate_core::time::{SECOND_US, Timestamp};

/// The counters of a screen.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Admissions on the list.
    pub entries: i64,
    /// Exits on the list.
    pub exits: i64,
    /// Tickets inside on the list.
    pub inside: i64,
    /// Refusals and questions by this device.
    pub refused: u64,
    /// Units this device handed over.
    pub served: i64,
    /// Conflicts known.
    pub conflicts: u64,
    /// Tickets in the replica.
    pub tickets: u64,
    /// Whether tickets wait to be taken into the index of words.
    pub indexing: bool,
    /// Admissions by minute over the last ten, oldest first, all devices.
    pub per_minute: Vec<u32>,
}

/// Minutes that the little chart shows.
const MINUTES: usize = 10;
/// Newest entries looked at for it: more than ten minutes of a fast gate.
const RECENT: i64 = 2_000;

/// Reads the counters.
pub fn counters(
    connection: &Connection,
    memory: &Memory,
    own: JournalId,
    list: Option<ListId>,
    now: Timestamp,
) -> Result<Counters, Fault> {
    let one =
        |sql: &str| -> Result<u64, Fault> { Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?) };
    let mut counters = Counters {
        conflicts: one("SELECT COUNT(*) FROM conflicts")?,
        tickets: memory.tickets,
        indexing: memory.start.place().is_some() || index::is_behind(connection)?,
        per_minute: per_minute(connection, now)?,
        ..Counters::default()
    };
    if let Some(list) = list {
        counters.entries = total(connection, Total::Entries(list))?;
        let (inside, closed) = inside(connection, list, now)?;
        counters.exits = total(connection, Total::Exits(list))? + closed;
        counters.inside = inside;
    }
    for product in memory.catalogue.products.keys() {
        counters.served += total(connection, Total::Served(*product, own))?;
    }
    if let Some(author) = memory.authors.get(&own) {
        let mut query =
            connection.prepare_cached("SELECT COUNT(*) FROM entries WHERE journal = ?1 AND kind = 'refusal'")?;
        counters.refused = query.query_row([author.row], |row| row.get(0))?;
    }
    Ok(counters)
}

/// Every total that is not zero, by its key.
pub fn totals(connection: &Connection) -> Result<BTreeMap<String, i64>, Fault> {
    let mut query = connection.prepare("SELECT key, amount FROM totals")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn total(connection: &Connection, total: Total) -> Result<i64, Fault> {
    let mut query = connection.prepare_cached("SELECT SUM(amount) FROM totals WHERE key = ?1")?;
    Ok(query.query_row([total.to_string()], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
}

/// Tickets inside at `now`, and those that left at closing times until then.
fn inside(connection: &Connection, list: ListId, now: Timestamp) -> Result<(i64, i64), Fault> {
    let mut query =
        connection.prepare_cached("SELECT key, amount FROM totals WHERE key >= ?1 AND key < ?1 || 'x'")?;
    let first = Total::Inside(list, None).to_string();
    let rows = query.query_map([first], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let stored: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    Ok(inside_at(list, stored.iter().map(|(key, amount)| (key.as_str(), *amount)), now))
}

fn per_minute(connection: &Connection, now: Timestamp) -> Result<Vec<u32>, Fault> {
    let mut minutes = vec![0; MINUTES];
    let mut journals = connection.prepare_cached("SELECT id FROM journals")?;
    let mut query = connection.prepare_cached(
        "SELECT bytes FROM entries WHERE journal = ?1 AND kind = 'admission' ORDER BY sequence DESC LIMIT ?2",
    )?;
    let ids: Vec<i64> = journals.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in ids {
        let mut rows = query.query(params![id, RECENT])?;
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(0)?;
            let Some(entry) = Entry::from_bytes(&bytes) else { continue };
            let age = now.since_us(entry.happened_at()) / (60 * SECOND_US);
            match usize::try_from(age) {
                Ok(age) if age < MINUTES => minutes[MINUTES - 1 - age] += 1,
                Ok(_) => break, // older ones follow
                Err(_) => {}
            }
        }
    }
    Ok(minutes)
}

/// Stock of every product that is served: what is left here and everywhere.
pub fn stock(memory: &Memory, used: &UsedUp) -> Vec<StockStatus> {
    let served = memory.catalogue.products.values().filter(|product| product.consumption);
    let status = |product: &Product| {
        let of = Resource::Product(product.id);
        let used = used.of(of);
        StockStatus {
            product: product.name.clone(),
            here: memory.rights.left(of, memory.own, &|_, by| used.by(by)),
            everywhere: memory.rights.minted(of) - used.all(),
            elsewhere: elsewhere(memory, of, used).into_iter().next(),
        }
    };
    served.map(status).collect()
}

/// All conflicts known, the newest last.
pub fn conflicts(connection: &Connection) -> Result<Vec<ConflictReport>, Fault> {
    let mut query = connection.prepare_cached("SELECT report FROM conflicts")?;
    let rows = query.query_map([], |row| row.get::<_, String>(0))?;
    let mut reports = Vec::new();
    for row in rows {
        let report = serde_json::from_str(&row?).map_err(|e| Fault::Corrupt(e.to_string()))?;
        reports.push(with_holder(connection, report)?);
    }
    reports.sort_by(|a: &ConflictReport, b| a.excess.at.cmp(&b.excess.at));
    Ok(reports)
}

/// With the name of whose ticket it is. What is stored holds none: it is the same on every device.
pub fn with_holder(connection: &Connection, report: ConflictReport) -> Result<ConflictReport, Fault> {
    let row = report.ticket.parse().ok().map(|ticket| ticket_row(connection, ticket)).transpose()?;
    Ok(ConflictReport { holder: row.flatten().and_then(|row| row.holder), ..report })
}
