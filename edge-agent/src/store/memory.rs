//! What is held in memory of the committed state, and how it is read at start.
//!
//! Reads that must be quick come from here: the feed's small rows, the head of
//! every journal, who wrote them, and the rights that came and went. It is
//! published after each commit and can always be read again from the tables.

use super::Fault;
use super::duty::Duty;
use super::identity::Enrolment;
use super::recent::Recent;
use super::typed::Wrong;
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_core::allotment::Rights;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::clock::Clock;
use tidegate_core::feed::{Change, Cursor, Row};
use tidegate_core::id::{DeviceId, JournalId, ListId};
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::seal::Hash;
use tidegate_core::sync::Vector;
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity};

/// What is held in memory of the committed state.
#[derive(Clone)]
pub struct Memory {
    /// The feed's small rows.
    pub catalogue: Arc<Catalogue>,
    /// The newest entry of every journal known.
    pub vector: Vector,
    /// Authors by journal, and the journal's number in the database.
    pub authors: Arc<BTreeMap<JournalId, Author>>,
    /// Rights that came and went.
    pub rights: Arc<Rights>,
    /// Where this agent stands in the feed.
    pub cursor: Cursor,
    /// Whether the feed was complete once.
    pub ready: bool,
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
}

impl Memory {
    /// Reads the rights anew, from the entries that count.
    pub(super) fn reload_rights(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.rights = Arc::new(load_rights(connection, &self.authors)?);
        Ok(())
    }

    /// Reads the committed state.
    pub(super) fn load(connection: &Connection, enrolment: &Enrolment) -> Result<Self, Fault> {
        let authors = load_authors(connection, enrolment)?;
        let vector = load_vector(connection, &authors)?;
        let meta = |key: &str| -> Result<Option<Vec<u8>>, Fault> {
            let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(query.query_row([key], |row| row.get(0)).optional()?)
        };
        let instant = |bytes: Option<Vec<u8>>| {
            bytes.and_then(|b| b.try_into().ok()).map(|b| Timestamp(i64::from_be_bytes(b)))
        };
        let newest = newest_clock(connection, enrolment, &authors)?;
        Ok(Self {
            catalogue: Arc::new(load_catalogue(connection)?),
            rights: Arc::new(load_rights(connection, &authors)?),
            vector,
            authors: Arc::new(authors),
            cursor: meta("cursor")?.and_then(|b| minicbor::decode(&b).ok()).unwrap_or_default(),
            ready: meta("ready")?.is_some(),
            cloud_time: instant(meta("cloud_time")?),
            floor: instant(meta("floor")?).unwrap_or(enrolment.identity.issued),
            only_list: meta("only_list")?.and_then(|b| b.try_into().ok()).map(|b| ListId(u16::from_be_bytes(b))),
            can_ask: true,
            recent: Recent::default(),
            wrong: Wrong::default(),
            duty: meta("duty")?.and_then(|bytes| Duty::read(&bytes)),
            clock: Clock::resume(newest),
        })
    }
}

fn load_authors(connection: &Connection, enrolment: &Enrolment) -> Result<BTreeMap<JournalId, Author>, Fault> {
    let mut query = connection.prepare("SELECT id, device, incarnation, certificate FROM journals")?;
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
        authors.insert(journal, Author { row, identity, certificate });
    }
    Ok(authors)
}

fn load_vector(connection: &Connection, authors: &BTreeMap<JournalId, Author>) -> Result<Vector, Fault> {
    let mut query = connection
        .prepare("SELECT sequence, hash FROM entries WHERE journal = ?1 ORDER BY sequence DESC LIMIT 1")?;
    let mut vector = Vector::default();
    for (journal, author) in authors {
        let head = query.query_row([author.row], |row| Ok((row.get(0)?, Hash(row.get(1)?)))).optional()?;
        if let Some((sequence, hash)) = head {
            vector.note(&EntryRef { journal: *journal, sequence, hash });
        }
    }
    Ok(vector)
}

fn load_rights(connection: &Connection, authors: &BTreeMap<JournalId, Author>) -> Result<Rights, Fault> {
    let mut query = connection.prepare(
        "SELECT sequence, hash, bytes FROM entries
         WHERE journal = ?1 AND counts = 1 AND kind IN ('restock', 'transfer', 'accepted')",
    )?;
    let mut rights = Rights::default();
    for (journal, author) in authors {
        let rows = query.query_map([author.row], |row| {
            let id = EntryRef { journal: *journal, sequence: row.get(0)?, hash: Hash(row.get(1)?) };
            Ok((id, row.get::<_, Vec<u8>>(2)?))
        })?;
        for row in rows {
            let (id, bytes) = row?;
            if let Some(entry) = Entry::from_bytes(&bytes) {
                rights.insert(id, &entry, &author.identity);
            }
        }
    }
    Ok(rights)
}

fn newest_clock(
    connection: &Connection,
    enrolment: &Enrolment,
    authors: &BTreeMap<JournalId, Author>,
) -> Result<Timestamp, Fault> {
    let Some(own) = authors.get(&enrolment.journal()) else { return Ok(Timestamp(0)) };
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
