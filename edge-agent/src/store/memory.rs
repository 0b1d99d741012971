//! What is held in memory of the committed state, and how it is read at start.
//!
//! Reads that must be quick come from here: the feed's small rows, the head of
//! every journal, who wrote them, and the rights that came and went. It is
//! published after each commit and can always be read again from the tables.

use super::Fault;
use super::contact::Contact;
use super::duty::Duty;
use super::identity::Enrolment;
use super::incarnation;
use super::pace::Paces;
use super::parts::Part;
use super::recent::Recent;
use super::start::{self, Begun};
use super::tickets;
use super::typed::Wrong;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::allotment::Rights;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::clock::Clock;
use tidegate_core::feed::{Change, Cursor, Row};
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::id::{DeviceId, JournalId, ListId};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Head, Heads, Segment, Vector};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity};

/// What is held in memory of the committed state.
#[derive(Clone)]
pub struct Memory {
    /// The feed's small rows.
    pub catalogue: Arc<Catalogue>,
    /// The journal that this device writes.
    pub own: JournalId,
    /// The ends of every journal known.
    pub vector: Vector,
    /// Authors by journal, and the journal's number in the database.
    pub authors: Arc<BTreeMap<JournalId, Author>>,
    /// Rights that came and went.
    pub rights: Arc<Rights>,
    /// What time it was when clocks were wrong.
    pub rebases: Arc<Rebases>,
    /// How this device stands with the others.
    pub contact: Contact,
    /// What this device used lately; gone with a restart.
    pub pace: Arc<Paces>,
    /// Where this agent stands in the feed.
    pub cursor: Cursor,
    /// Whether the feed was complete once, or a start is.
    pub ready: bool,
    /// What this device has of its start, and what is still to come.
    pub start: Begun,
    /// How many tickets are here.
    pub tickets: u64,
    /// The newest signed cloud time seen.
    pub cloud_time: Option<Timestamp>,
    /// The highest trusted time, on disk.
    pub floor: Timestamp,
    /// The one list there was once: scans that name none go on with it when others are made.
    pub only_list: Option<ListId>,
    /// Whether somebody stands at this device who can be asked.
    pub can_ask: bool,
    /// Scans that were refused lately; gone with a restart.
    pub recent: Recent,
    /// Wrong short codes; gone with a restart.
    pub wrong: Wrong,
    /// The first entry of this boot that was written by a clock that nobody had compared.
    pub(super) unsure_since: Option<u64>,
    pub(super) duty: Option<Duty>,
    pub(super) clock: Clock,
}

/// The author of a journal.
#[derive(Clone, Debug)]
pub struct Author {
    /// The journal's number in the database.
    pub row: i64,
    /// What its certificate says.
    pub identity: Identity,
    /// The certificate.
    pub certificate: Certificate,
    /// Its parts, where it was forked; none where it is a trunk alone.
    pub parts: Vec<Part>,
}

impl Memory {
    /// Reads the rights and the clock entries anew, from the entries that count.
    pub(super) fn reload_rights(&mut self, connection: &Connection) -> Result<(), Fault> {
        let (rights, rebases) = load_rights(connection, &self.authors)?;
        (self.rights, self.rebases) = (Arc::new(rights), Arc::new(rebases));
        Ok(())
    }

    /// Reads the committed state of a store that is only looked at.
    pub fn to_read(connection: &Connection, enrolment: &Enrolment) -> Result<Self, Fault> {
        Self::load(connection, enrolment, Duration::ZERO)
    }

    /// Reads the committed state, on a machine that is up for `uptime`.
    pub(super) fn load(connection: &Connection, enrolment: &Enrolment, uptime: Duration) -> Result<Self, Fault> {
        let mut authors = load_authors(connection, enrolment)?;
        let vector = load_vector(connection, &mut authors)?;
        let (rights, rebases) = load_rights(connection, &authors)?;
        let meta = |key: &str| -> Result<Option<Vec<u8>>, Fault> {
            let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(query.query_row([key], |row| row.get(0)).optional()?)
        };
        let instant = |bytes: Option<Vec<u8>>| {
            bytes.and_then(|b| b.try_into().ok()).map(|b| Timestamp(i64::from_be_bytes(b)))
        };
        let own = incarnation::current(connection, enrolment.identity.device)?;
        let newest = newest_clock(connection, authors.get(&own))?;
        Ok(Self {
            catalogue: Arc::new(load_catalogue(connection)?),
            own,
            rights: Arc::new(rights),
            rebases: Arc::new(rebases),
            contact: Contact::at_start(connection, own)?,
            pace: Arc::default(),
            unsure_since: None,
            vector,
            authors: Arc::new(authors),
            cursor: meta("cursor")?.and_then(|b| minicbor::decode(&b).ok()).unwrap_or_default(),
            ready: meta("ready")?.is_some(),
            start: start::load(connection)?,
            tickets: tickets::count(connection)?,
            cloud_time: instant(meta("cloud_time")?),
            floor: instant(meta("floor")?).unwrap_or(enrolment.identity.issued),
            only_list: meta("only_list")?.and_then(|b| b.try_into().ok()).map(|b| ListId(u16::from_be_bytes(b))),
            can_ask: true,
            recent: Recent::default(),
            wrong: Wrong::default(),
            duty: meta("duty")?.and_then(|bytes| Duty::read(&bytes, uptime)),
            clock: Clock::resume(newest),
        })
    }
}

fn load_authors(connection: &Connection, enrolment: &Enrolment) -> Result<BTreeMap<JournalId, Author>, Fault> {
    let mut query =
        connection.prepare("SELECT id, device, incarnation, certificate FROM journals WHERE parent IS NULL")?;
    let rows = query.query_map([], |row| {
        let journal = JournalId { device: DeviceId(row.get(1)?), incarnation: row.get(2)? };
        Ok((journal, row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(3)?))
    })?;
    let mut authors = BTreeMap::new();
    for row in rows {
        let (journal, row, bytes) = row?;
        let damaged = |_| Fault::Corrupt(format!("certificate of {journal}"));
        let certificate = Certificate::from_bytes(&bytes).map_err(damaged)?;
        let identity = certificate.open(&enrolment.ca).map_err(damaged)?;
        authors.insert(journal, Author { row, identity, certificate, parts: Vec::new() });
    }
    Ok(authors)
}

/// The ends of all journals; notes the parts of forked ones on the way.
fn load_vector(connection: &Connection, authors: &mut BTreeMap<JournalId, Author>) -> Result<Vector, Fault> {
    let mut branches = connection.prepare(
        "SELECT id, parent, base FROM journals WHERE device = ?1 AND incarnation = ?2 AND parent IS NOT NULL ORDER BY id",
    )?;
    let mut vector = Vector::default();
    for (journal, author) in authors {
        let trunk = end(connection, author.row)?;
        let of = params![journal.device.0, journal.incarnation];
        let branched: Vec<(i64, i64, u64)> = branches
            .query_map(of, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let Some(Head { sequence: last, hash: end_hash }) = trunk else { continue };
        if branched.is_empty() {
            vector.0.insert(*journal, Heads::of(vec![Head { sequence: last, hash: end_hash }]));
            continue;
        }
        author.parts.push(Part {
            row: author.row,
            segment: Segment { parent: None, base: 0, last },
            end: end_hash,
        });
        for (row, parent, base) in branched {
            let parent = author.parts.iter().position(|part| part.row == parent);
            // A branch is made with its first entry, in one transaction.
            let Head { sequence: last, hash } =
                end(connection, row)?.ok_or_else(|| Fault::Corrupt(format!("a branch of {journal} is empty")))?;
            author.parts.push(Part { row, segment: Segment { parent, base, last }, end: hash });
        }
        vector.0.insert(*journal, author.heads());
    }
    Ok(vector)
}

/// The last entry of a part.
fn end(connection: &Connection, row: i64) -> Result<Option<Head>, Fault> {
    let mut query = connection
        .prepare_cached("SELECT sequence, hash FROM entries WHERE journal = ?1 ORDER BY sequence DESC LIMIT 1")?;
    let head = |row: &rusqlite::Row<'_>| Ok(Head { sequence: row.get(0)?, hash: Hash(row.get(1)?) });
    Ok(query.query_row([row], head).optional()?)
}

fn load_rights(
    connection: &Connection,
    authors: &BTreeMap<JournalId, Author>,
) -> Result<(Rights, Rebases), Fault> {
    let mut query = connection.prepare_cached(
        "SELECT sequence, hash, bytes FROM entries WHERE journal = ?1 AND counts = 1
         AND kind IN ('restock', 'waste', 'stocktake', 'transfer', 'accepted', 'retire', 'clock')",
    )?;
    let (mut rights, mut rebases) = (Rights::default(), Rebases::default());
    for (journal, row) in
        authors.iter().flat_map(|(journal, author)| author.rows().into_iter().map(move |r| (journal, r)))
    {
        let rows = query.query_map([row], |row| {
            let id = EntryRef { journal: *journal, sequence: row.get(0)?, hash: Hash(row.get(1)?) };
            Ok((id, row.get::<_, Vec<u8>>(2)?))
        })?;
        for row in rows {
            let (id, bytes) = row?;
            if let Some(entry) = Entry::from_bytes(&bytes) {
                rights.insert(id, &entry);
                rebases.insert(id, &entry);
            }
        }
    }
    Ok((rights, rebases))
}

fn newest_clock(connection: &Connection, own: Option<&Author>) -> Result<Timestamp, Fault> {
    let Some(own) = own else { return Ok(Timestamp(0)) };
    let mut query =
        connection.prepare("SELECT bytes FROM entries WHERE journal = ?1 ORDER BY sequence DESC LIMIT 1")?;
    let bytes: Option<Vec<u8>> = query.query_row([own.row], |row| row.get(0)).optional()?;
    Ok(bytes.and_then(|b| Entry::from_bytes(&b)).map_or(Timestamp(0), |entry| entry.clock))
}

/// Reads the small rows.
pub fn load_catalogue(connection: &Connection) -> Result<Catalogue, Fault> {
    let mut catalogue = Catalogue::default();
    let mut query = connection.prepare("SELECT kind, key, body FROM rows")?;
    let rows = query.query_map([], |row| {
        let (key, body): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        Ok(Row { kind: row.get(0)?, key: key.into(), body: Some(body.into()) })
    })?;
    for row in rows {
        if let Some(change) = Change::of(&row?) {
            change.enter(&mut catalogue);
        }
    }
    Ok(catalogue)
}
