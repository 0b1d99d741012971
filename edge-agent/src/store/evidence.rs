//! A store as evidence: read as it lies there, by somebody who trusts none of it.
//!
//! Journals come out as runs, cut at the signatures that are stored, with the hashes that are
//! stored: whoever verifies them notices what was changed. What is derived, totals, conflicts, which entry
//! counts, is held against a store in which everything was taken in anew. Nothing is written here.

use super::{BUSY_MS, Fault};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tidegate_core::feed::{Cursor, SignedPage};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::journal::{MAX_RUN_ENTRIES, Run};
use tidegate_core::seal::{Hash, Sig};
use tidegate_core::start::{SignedPart, SignedShelf};
use tidegate_core::trust::Certificate;
use tidegate_link::body;

/// Differences that are named; beyond them they are counted.
const MAX_NAMED: usize = 20;

/// A store that is looked at.
pub struct Evidence {
    connection: Connection,
    _copy: Option<TempDir>,
}

/// What of a journal could not even be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Stable code.
    pub code: &'static str,
    /// Whose.
    pub journal: JournalId,
    /// From where.
    pub first: u64,
}

/// Something stored that is not what follows from the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// The first of them: with `-` as it is stored, with `+` as it should be.
    pub named: Vec<String>,
}

/// What is derived, as one text a row: the same text, the same fact.
const DERIVED: [(&str, &str); 5] = [
    (
        "entries",
        "SELECT hex(j.device) || ':' || j.incarnation || ':' || e.sequence || ' ' || hex(e.hash) || ' ' || e.kind
         || ' ' || ifnull(e.ticket, '-') || ' ' || e.counts AS line
         FROM entries e JOIN journals j ON j.id = e.journal ORDER BY line",
    ),
    ("totals", "SELECT key || ' = ' || amount AS line FROM totals ORDER BY line"),
    ("conflicts", "SELECT ticket || ' ' || excess || ' ' || report AS line FROM conflicts ORDER BY line"),
    ("codes", "SELECT ticket || ' ' || counter || ' ' || hex(code) AS line FROM codes ORDER BY line"),
    ("tickets", "SELECT id || ' ' || hex(body) AS line FROM tickets ORDER BY line"),
];

impl Evidence {
    /// The store in this folder. A copy on a disk that cannot be written is read all the same.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let database = folder.join(super::ledger::FILE);
        let log = folder.join("agent.db-wal");
        let in_log = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
        let (connection, copy) = match in_log {
            false => (unchanging(&database)?, None),
            true => match writable(&database) {
                Ok(connection) => (connection, None),
                // Reading a log takes a file beside it: beside a copy there is room for one.
                Err(_) => copied(&database, &log)?,
            },
        };
        connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
        Ok(Self { connection, _copy: copy })
    }

    /// What does not hang together in the file itself; nothing where all does.
    pub fn integrity(&self) -> Result<Vec<String>, Fault> {
        let mut query = self.connection.prepare("PRAGMA integrity_check(20)")?;
        let told: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut query =
            self.connection.prepare("SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check")?;
        let lost = query.query_map([], |row| {
            let (table, parent): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(format!("rows of {table} name {parent} that are not there"))
        })?;
        let lost: Vec<String> = lost.collect::<Result<_, _>>()?;
        Ok(told.into_iter().filter(|line| line != "ok").chain(lost).collect())
    }

    /// Whether it was written by a program with the tables and the derivation of `rebuilt`.
    pub fn is_of_this_version(&self, rebuilt: &Connection) -> Result<bool, Fault> {
        let version = |connection: &Connection| -> Result<(i64, Option<Vec<u8>>), Fault> {
            let tables =
                connection.query_row("SELECT MAX(version) FROM refinery_schema_history", [], |row| row.get(0))?;
            let derivation = connection
                .query_row("SELECT value FROM meta WHERE key = 'derivation'", [], |row| row.get(0))
                .optional()?;
            Ok((tables, derivation))
        };
        Ok(version(&self.connection)? == version(rebuilt)?)
    }

    /// Every part of a start that is stored, and nothing for one whose bytes are none.
    pub fn start(&self, mut each: impl FnMut(Option<SignedPart>) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut query = self.connection.prepare("SELECT signed FROM start_parts ORDER BY contents, number")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            each(minicbor::decode(&row.get::<_, Vec<u8>>(0)?).ok())?;
        }
        Ok(())
    }

    /// Every shelf of tickets that is stored, in the order of their ids.
    pub fn shelves(&self, mut each: impl FnMut(Option<SignedShelf>) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut query = self.connection.prepare("SELECT signed FROM shelves ORDER BY epoch, after")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            each(body::decode(&row.get::<_, Vec<u8>>(0)?).ok())?;
        }
        Ok(())
    }

    /// Every page of the feed that is stored, those of the newest life of the cloud first, in an order in
    /// which they can be taken; nothing for one whose bytes are no page.
    pub fn pages(&self, mut each: impl FnMut(Option<SignedPage>) -> Result<(), Fault>) -> Result<(), Fault> {
        let sql = "SELECT value FROM meta WHERE key = 'cursor'";
        let cursor: Option<Vec<u8>> = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        let cursor: Cursor = cursor.and_then(|bytes| minicbor::decode(&bytes).ok()).unwrap_or_default();
        let mut query =
            self.connection.prepare("SELECT signed FROM pages ORDER BY epoch <> ?1, epoch, first, last")?;
        let mut rows = query.query([cursor.epoch.0])?;
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(0)?;
            each(minicbor::decode(&bytes).ok())?;
        }
        Ok(())
    }

    /// Every journal, part by part, in runs that end at the signatures stored.
    pub fn runs(&self, mut each: impl FnMut(Result<Run, Unreadable>) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut query = self
            .connection
            .prepare("SELECT id, device, incarnation, certificate, parent, base FROM journals ORDER BY id")?;
        let parts: Vec<Stored> = query.query_map([], Stored::of)?.collect::<Result<_, _>>()?;
        parts.iter().try_for_each(|part| self.part(part, &mut each))
    }

    fn part(
        &self,
        part: &Stored,
        each: &mut impl FnMut(Result<Run, Unreadable>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let journal = part.journal;
        let unreadable = |code, first| Err(Unreadable { code, journal, first });
        let Ok(certificate) = Certificate::from_bytes(&part.certificate) else {
            return each(unreadable("bad_certificate", part.base + 1));
        };
        let mut previous = self.hash_before(part)?;
        let mut query = self.connection.prepare_cached(
            "SELECT sequence, hash, bytes, signature FROM entries WHERE journal = ?1 ORDER BY sequence",
        )?;
        let mut rows = query.query([part.row])?;
        let new = |first: u64, previous: Option<Hash>| Run {
            journal,
            first,
            entries: Vec::new(),
            signature: Sig([0; 64]),
            certificate: certificate.clone(),
            previous,
        };
        let mut run = new(part.base + 1, previous);
        while let Some(row) = rows.next()? {
            let sequence: u64 = row.get(0)?;
            if sequence != run.first + run.entries.len() as u64 {
                each(unreadable("journal_gap", run.first + run.entries.len() as u64))?;
                run = new(sequence, None);
            }
            previous = row.get::<_, Vec<u8>>(1)?.try_into().ok().map(Hash);
            run.entries.push(row.get::<_, Vec<u8>>(2)?.into());
            let signature: Option<Vec<u8>> = row.get(3)?;
            if signature.is_some() || run.entries.len() == MAX_RUN_ENTRIES {
                run.signature = Sig(signature.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 64]));
                each(Ok(std::mem::replace(&mut run, new(sequence + 1, previous))))?;
            }
        }
        if run.entries.is_empty() { Ok(()) } else { each(unreadable("unsigned_end", run.first)) }
    }

    /// The hash stored before a part's first entry.
    fn hash_before(&self, part: &Stored) -> Result<Option<Hash>, Fault> {
        let mut query = self.connection.prepare_cached(
            "WITH RECURSIVE above (id) AS (
                 SELECT parent FROM journals WHERE id = ?1
                 UNION SELECT parent FROM journals JOIN above USING (id) WHERE parent IS NOT NULL
             )
             SELECT hash FROM entries WHERE journal IN (SELECT id FROM above) AND sequence = ?2 LIMIT 1",
        )?;
        let found: Option<Vec<u8>> = query.query_row(params![part.row, part.base], |row| row.get(0)).optional()?;
        Ok(found.and_then(|bytes| bytes.try_into().ok()).map(Hash))
    }

    /// What is stored and does not follow, or follows and is not stored.
    pub fn differences(&self, rebuilt: &Connection) -> Result<Vec<Difference>, Fault> {
        let mut all = Vec::new();
        for (table, sql) in DERIVED {
            let found = differences(&self.connection, rebuilt, table, sql)?;
            all.extend((found.rows > 0).then_some(found));
        }
        Ok(all)
    }
}

struct Stored {
    row: i64,
    journal: JournalId,
    certificate: Vec<u8>,
    base: u64,
}

impl Stored {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let journal = JournalId { device: DeviceId(row.get(1)?), incarnation: row.get(2)? };
        Ok(Self { row: row.get(0)?, journal, certificate: row.get(3)?, base: row.get(5)? })
    }
}

fn differences(
    stored: &Connection,
    rebuilt: &Connection,
    table: &'static str,
    sql: &str,
) -> Result<Difference, Fault> {
    let (mut stored, mut rebuilt) = (stored.prepare(sql)?, rebuilt.prepare(sql)?);
    let (mut stored, mut rebuilt) = (stored.query([])?, rebuilt.query([])?);
    let next = |rows: &mut rusqlite::Rows<'_>| -> Result<Option<String>, Fault> {
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    };
    let mut found = Difference { table, rows: 0, named: Vec::new() };
    let (mut is, mut should) = (next(&mut stored)?, next(&mut rebuilt)?);
    loop {
        let order = match (&is, &should) {
            (None, None) => return Ok(found),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(is), Some(should)) => is.as_bytes().cmp(should.as_bytes()),
        };
        match order {
            Ordering::Equal => {}
            Ordering::Less => found.name('-', is.as_deref()),
            Ordering::Greater => found.name('+', should.as_deref()),
        }
        if order.is_le() {
            is = next(&mut stored)?;
        }
        if order.is_ge() {
            should = next(&mut rebuilt)?;
        }
    }
}

impl Difference {
    fn name(&mut self, sign: char, line: Option<&str>) {
        self.rows += 1;
        if self.named.len() < MAX_NAMED {
            // Whole rows of tickets and codes are hex that nobody reads: what they are of is enough.
            let words = if matches!(self.table, "tickets" | "codes") { 1 } else { usize::MAX };
            let shown: Vec<&str> = line.unwrap_or_default().split(' ').take(words).collect();
            let shown: String = shown.join(" ").chars().take(200).collect();
            self.named.push(format!("{sign} {shown}"));
        }
    }
}

/// Of a file that nobody writes: nothing is made beside it.
fn unchanging(database: &Path) -> Result<Connection, Fault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let path = database.to_string_lossy();
    let escaped: String =
        path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

fn writable(database: &Path) -> Result<Connection, Fault> {
    let connection = super::read_only(database)?;
    connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

fn copied(database: &Path, log: &Path) -> Result<(Connection, Option<TempDir>), Fault> {
    let failed =
        |error: std::io::Error| Fault::of_disk(&error).unwrap_or_else(|| Fault::Failed(error.to_string()));
    let folder = tempfile::tempdir().map_err(failed)?;
    let copy: PathBuf = folder.path().join("agent.db");
    std::fs::copy(database, &copy).map_err(failed)?;
    std::fs::copy(log, folder.path().join("agent.db-wal")).map_err(failed)?;
    Ok((writable(&copy)?, Some(folder)))
}
