//! The log: what all journals here say, newest first, and the story of one ticket.
//!
//! Journals are merged by their hybrid clocks, which never fall within a journal, so a page
//! begins where the one before ended by looking a place up in each journal: entries that
//! arrive meanwhile move nothing. What is shown is the entry; whether it was taken back is
//! asked of the folds.

mod merged;

use super::Fault;
use super::find;
use super::memory::Memory;
use super::tx::{acts, ticket_row};
use super::words::words;
use data_encoding::BASE64URL_NOPAD;
use merged::{Merged, Read, Seen};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::api::{LogItem, LogPage};
use tidegate_core::catalogue::TicketRow;
use tidegate_core::decide::answer::card;
use tidegate_core::fold::TicketState;
use tidegate_core::id::{DeviceId, JournalId, ListId, TicketId};
use tidegate_core::journal::kind::{Override, Resource};
use tidegate_core::journal::{Entry, EntryRef, Kind};
use tidegate_core::seal::Hash;

/// Items on a page at most.
pub const MAX_PAGE: usize = 200;
/// Entries looked through for one page, whether they were asked for or not: some 20 ms where all of them
/// have to be read. A page that finds less says where to read on.
const MAX_LOOKED_AT: u64 = 20_000;
/// Tickets that a text in the log may stand for.
const MAX_MEANT: usize = 1_000;

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// People who went in.
    Entries,
    /// People who came out.
    Exits,
    /// Who was refused or asked.
    Refusals,
    /// What was served.
    Servings,
    /// What was taken back.
    Undone,
    /// What a supervisor decided.
    Overrides,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// How many items.
    pub limit: usize,
    /// After which one, from the page before.
    pub before: Option<Place>,
    /// Only these.
    pub only: Option<Only>,
    /// Only those that have something to do with this text.
    pub find: Option<String>,
}

/// A place in the merged log: newer places are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    clock: i64,
    journal: JournalId,
    sequence: u64,
}

/// Bytes of a place: clock, device, incarnation, sequence.
const PLACE_BYTES: usize = 8 + 16 + 4 + 8;

impl Place {
    /// Reads the text of a place; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let bytes: [u8; PLACE_BYTES] = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let (clock, rest) = bytes.split_first_chunk()?;
        let (device, rest) = rest.split_first_chunk()?;
        let (incarnation, sequence) = rest.split_first_chunk()?;
        let journal = JournalId { device: DeviceId(*device), incarnation: u32::from_be_bytes(*incarnation) };
        let sequence = u64::from_be_bytes(sequence.try_into().ok()?);
        Some(Self { clock: i64::from_be_bytes(*clock), journal, sequence })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { clock, journal, sequence } = self;
        let bytes = [
            &clock.to_be_bytes()[..],
            &journal.device.0,
            &journal.incarnation.to_be_bytes(),
            &sequence.to_be_bytes(),
        ];
        f.write_str(&BASE64URL_NOPAD.encode(&bytes.concat()))
    }
}

/// A page of the log, newest first.
pub fn page(connection: &Connection, memory: &Memory, asked: &Asked) -> Result<LogPage, Fault> {
    let filter = Filter::of(connection, memory, asked)?;
    let mut teller = Teller { connection, memory, known: BTreeMap::new() };
    let mut merged = Merged::from(connection, memory, asked.before, filter.kinds())?;
    let (mut page, mut last) = (LogPage::default(), None);
    while merged.looked_at < MAX_LOOKED_AT && page.items.len() < asked.limit {
        let Some(seen) = merged.next(connection)? else { break };
        last = Some(seen.place());
        if let Seen::Entry(read) = seen
            && filter.takes(&read)
        {
            let item = teller.item(&read)?;
            if asked.only != Some(Only::Undone) || item.undone {
                page.items.push(item);
            }
        }
    }
    page.next = last.filter(|_| !merged.heads.is_empty()).map(|place| place.to_string());
    Ok(page)
}

/// What the journals say of one ticket, newest first; `None` where nothing here knows it.
pub fn story(
    connection: &Connection,
    memory: &Memory,
    ticket: TicketId,
    (limit, before): (usize, Option<Place>),
) -> Result<Option<LogPage>, Fault> {
    let mut story = about(connection, ticket)?;
    if story.is_empty() && ticket_row(connection, ticket)?.is_none() {
        return Ok(None);
    }
    story.retain(|read| before.is_none_or(|before| read.place() < before));
    story.sort_by_key(|read| std::cmp::Reverse(read.place()));
    let more = story.len() > limit;
    story.truncate(limit);
    let next = story.last().filter(|_| more).map(|read| read.place().to_string());
    let mut teller = Teller { connection, memory, known: BTreeMap::new() };
    let items = story.iter().map(|read| teller.item(read)).collect::<Result<_, _>>()?;
    Ok(Some(LogPage { items, next }))
}

/// All entries about a ticket.
fn about(connection: &Connection, ticket: TicketId) -> Result<Vec<Read>, Fault> {
    // A refusal has no column for its ticket: its bytes are looked through, and then read.
    let mut query = connection.prepare_cached(
        "SELECT j.device, j.incarnation, e.sequence, e.hash, e.bytes, e.counts
         FROM entries e JOIN journals j ON j.id = e.journal WHERE e.ticket = ?1
         UNION ALL
         SELECT j.device, j.incarnation, e.sequence, e.hash, e.bytes, e.counts
         FROM entries e JOIN journals j ON j.id = e.journal
         WHERE e.kind = 'refusal' AND instr(e.bytes, ?2) > 0",
    )?;
    let rows = query.query_map(params![ticket.as_i64(), &ticket.to_bytes()[..]], |row| {
        let journal = JournalId { device: DeviceId(row.get(0)?), incarnation: row.get(1)? };
        let id = EntryRef { journal, sequence: row.get(2)?, hash: Hash(row.get(3)?) };
        Ok((id, row.get::<_, Vec<u8>>(4)?, row.get(5)?))
    })?;
    let mut about = Vec::new();
    for row in rows {
        let (id, bytes, counts) = row?;
        let entry = Entry::from_bytes(&bytes).filter(|entry| entry.kind.ticket() == Some(ticket));
        about.extend(entry.map(|entry| Read { id, entry, counts }));
    }
    Ok(about)
}

/// Which entries a page takes.
struct Filter {
    only: Option<Only>,
    /// What was taken back, where only that is asked for.
    undone: BTreeSet<(JournalId, u64)>,
    find: Option<Sought>,
}

/// A text, and what it stands for.
struct Sought {
    words: Vec<String>,
    tickets: BTreeSet<TicketId>,
    devices: BTreeSet<DeviceId>,
    lists: BTreeSet<ListId>,
    goods: BTreeSet<Resource>,
}

impl Filter {
    fn of(connection: &Connection, memory: &Memory, asked: &Asked) -> Result<Self, Fault> {
        let find = asked.find.as_deref().map(|text| Sought::of(connection, memory, text)).transpose()?;
        let undone = match asked.only {
            Some(Only::Undone) => undone(connection)?,
            _ => BTreeSet::new(),
        };
        Ok(Self { only: asked.only, undone, find })
    }

    /// What the database leaves out by itself.
    fn kinds(&self) -> &'static str {
        match self.only {
            None => "",
            Some(Only::Entries) => "AND kind = 'admission'",
            Some(Only::Exits) => "AND kind = 'exit'",
            Some(Only::Refusals) => "AND kind = 'refusal'",
            Some(Only::Servings) => "AND kind = 'serving'",
            Some(Only::Undone) => "AND kind IN ('admission', 'exit', 'serving')",
            Some(Only::Overrides) => {
                "AND kind IN ('admission', 'exit', 'serving', 'restock', 'waste', 'stocktake')"
            }
        }
    }

    fn takes(&self, read: &Read) -> bool {
        let wanted = match self.only {
            Some(Only::Undone) => self.undone.contains(&(read.id.journal, read.id.sequence)),
            Some(Only::Overrides) => overridden(&read.entry.kind).is_some(),
            None | Some(Only::Entries | Only::Exits | Only::Refusals | Only::Servings) => true,
        };
        wanted && self.find.as_ref().is_none_or(|sought| sought.takes(read))
    }
}

impl Sought {
    fn of(connection: &Connection, memory: &Memory, text: &str) -> Result<Self, Fault> {
        let words = words(text);
        let catalogue = &memory.catalogue;
        let devices = catalogue.devices.values().filter(|d| has(&words, &d.name)).map(|d| d.id);
        let lists = catalogue.lists.values().filter(|l| has(&words, &l.name)).map(|l| l.id);
        let products = catalogue.products.values().map(|p| (Resource::Product(p.id), &p.name));
        let zones = catalogue.zones.values().map(|z| (Resource::Zone(z.id), &z.name));
        let goods = products.chain(zones).filter(|(_, name)| has(&words, name)).map(|(of, _)| of);
        Ok(Self {
            devices: devices.collect(),
            lists: lists.collect(),
            goods: goods.collect(),
            tickets: find::matching(connection, text, MAX_MEANT)?.into_iter().collect(),
            words,
        })
    }

    fn takes(&self, read: &Read) -> bool {
        let kind = &read.entry.kind;
        kind.ticket().is_some_and(|ticket| self.tickets.contains(&ticket))
            || self.devices.contains(&read.id.journal.device)
            || list(kind).is_some_and(|list| self.lists.contains(&list))
            || goods(kind).is_some_and(|(of, _)| self.goods.contains(&of))
            || texts(kind).into_iter().flatten().any(|text| has(&self.words, text))
    }
}

/// Whether every word that is looked for begins a word of the text.
fn has(looked_for: &[String], text: &str) -> bool {
    let there = words(text);
    !looked_for.is_empty() && looked_for.iter().all(|word| there.iter().any(|other| other.starts_with(word)))
}

/// The acts that undos name.
fn undone(connection: &Connection) -> Result<BTreeSet<(JournalId, u64)>, Fault> {
    let mut query =
        connection.prepare_cached("SELECT bytes FROM entries WHERE kind IN ('annul', 'void') AND counts = 1")?;
    let rows = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let mut targets = BTreeSet::new();
    for bytes in rows {
        if let Some(Kind::Annul(undo) | Kind::Void(undo)) = Entry::from_bytes(&bytes?).map(|entry| entry.kind) {
            targets.insert((undo.target.journal, undo.target.sequence));
        }
    }
    Ok(targets)
}

fn overridden(kind: &Kind) -> Option<&Override> {
    match kind {
        Kind::Admission(admission) => admission.overridden.as_ref(),
        Kind::Exit(exit) => exit.overridden.as_ref(),
        Kind::Serving(serving) => serving.overridden.as_ref(),
        Kind::Restock(restock) => restock.by.as_ref(),
        Kind::Waste(waste) => waste.by.as_ref(),
        Kind::Stocktake(taken) => taken.by.as_ref(),
        Kind::Refusal(_) | Kind::Annul(_) | Kind::Void(_) | Kind::Transfer(_) | Kind::Accepted(_) => None,
        Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => None,
    }
}

fn list(kind: &Kind) -> Option<ListId> {
    match kind {
        Kind::Admission(admission) => Some(admission.list),
        Kind::Exit(exit) => Some(exit.list),
        Kind::Refusal(refusal) => refusal.list,
        Kind::Serving(_) | Kind::Annul(_) | Kind::Void(_) => None,
        Kind::Restock(_) | Kind::Waste(_) | Kind::Stocktake(_) | Kind::Transfer(_) | Kind::Accepted(_) => None,
        Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => None,
    }
}

/// What rights it is about, and how many units.
fn goods(kind: &Kind) -> Option<(Resource, i64)> {
    match kind {
        Kind::Serving(serving) => Some((Resource::Product(serving.product), serving.quantity.into())),
        Kind::Restock(restock) => Some((restock.of, restock.quantity.into())),
        Kind::Waste(waste) => Some((waste.of, waste.quantity.into())),
        Kind::Stocktake(taken) => Some((taken.of, taken.difference())),
        Kind::Transfer(transfer) => Some((transfer.of, transfer.quantity.into())),
        Kind::Admission(_) | Kind::Exit(_) | Kind::Refusal(_) | Kind::Annul(_) | Kind::Void(_) => None,
        Kind::Accepted(_) | Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => None,
    }
}

fn gate(kind: &Kind) -> Option<&str> {
    match kind {
        Kind::Admission(admission) => admission.gate.as_deref(),
        Kind::Exit(exit) => exit.gate.as_deref(),
        Kind::Refusal(refusal) => refusal.gate.as_deref(),
        Kind::Serving(_) | Kind::Annul(_) | Kind::Void(_) => None,
        Kind::Restock(_) | Kind::Waste(_) | Kind::Stocktake(_) | Kind::Transfer(_) | Kind::Accepted(_) => None,
        Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => None,
    }
}

/// Why: of an override, else of an act by hand.
fn reason(kind: &Kind) -> Option<&str> {
    let by_hand = match kind {
        Kind::Admission(admission) => admission.reason.as_deref(),
        Kind::Exit(exit) => exit.reason.as_deref(),
        Kind::Waste(waste) => waste.reason.as_deref(),
        Kind::Refusal(_) | Kind::Serving(_) | Kind::Annul(_) | Kind::Void(_) => None,
        Kind::Restock(_) | Kind::Stocktake(_) | Kind::Transfer(_) | Kind::Accepted(_) => None,
        Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => None,
    };
    overridden(kind).map(|by| by.reason.as_str()).or(by_hand)
}

/// What an entry says in words of its own.
fn texts(kind: &Kind) -> [Option<&str>; 4] {
    let code = if let Kind::Refusal(refusal) = kind { Some(refusal.code.as_str()) } else { None };
    [gate(kind), reason(kind), overridden(kind).map(|by| by.supervisor.as_str()), code]
}

/// Entries in words; what was learned of a ticket serves all its entries on a page.
struct Teller<'a> {
    connection: &'a Connection,
    memory: &'a Memory,
    known: BTreeMap<TicketId, (Option<TicketRow>, TicketState)>,
}

impl Teller<'_> {
    fn item(&mut self, read: &Read) -> Result<LogItem, Fault> {
        let (catalogue, kind) = (self.memory.catalogue.clone(), &read.entry.kind);
        let named = kind.ticket().map(|ticket| self.know(ticket).map(|known| (ticket, known))).transpose()?;
        let undone = named.as_ref().is_some_and(|(_, (_, state))| state.undone.contains(&read.id));
        let ticket =
            named.map(|(id, (row, _))| card(&catalogue, id, row.as_ref().map(|r| r.product), row.as_ref()));
        let goods = goods(kind);
        let code = match kind {
            _ if !read.counts => "no_effect",
            Kind::Refusal(refusal) => &refusal.code,
            Kind::Admission(_) | Kind::Exit(_) | Kind::Serving(_) | Kind::Annul(_) | Kind::Void(_) => "ok",
            Kind::Restock(_) | Kind::Waste(_) | Kind::Stocktake(_) | Kind::Transfer(_) | Kind::Accepted(_) => "ok",
            Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => "ok",
        };
        Ok(LogItem {
            entry: read.id.to_string(),
            at: read.entry.happened_at().to_string(),
            kind: kind.name().to_owned(),
            code: code.to_owned(),
            device: catalogue.device_name(read.id.journal.device),
            gate: gate(kind).map(str::to_owned),
            list: list(kind)
                .map(|id| catalogue.lists.get(&id).map_or_else(|| format!("list {id}"), |l| l.name.clone())),
            ticket,
            product: goods.map(|(of, _)| catalogue.resource_name(of)),
            units: goods.map(|(_, units)| units),
            staff: read.entry.staff.clone(),
            supervisor: overridden(kind).map(|by| by.supervisor.clone()),
            reason: reason(kind).map(str::to_owned),
            undone,
        })
    }

    fn know(&mut self, ticket: TicketId) -> Result<&(Option<TicketRow>, TicketState), Fault> {
        if !self.known.contains_key(&ticket) {
            let state =
                TicketState::of(&acts(self.connection, &self.memory.rebases, ticket)?, &self.memory.catalogue);
            self.known.insert(ticket, (ticket_row(self.connection, ticket)?, state));
        }
        self.known.get(&ticket).ok_or_else(|| Fault::Failed("a ticket was lost on its way".into()))
    }
}
