//! The embedded database: a write-ahead log that is flushed before a commit returns.
//!
//! One connection writes, some read. `$n` placeholders are bound by their names,
//! which are what PostgreSQL takes by place. A library below 3.51.3 can corrupt
//! such a log under two connections and is refused.

use super::{Row, Schema, StoreError, Tx, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, ErrorCode, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

/// 3.51.3, in SQLite's own numbering.
const OLDEST: i32 = 3_051_003;
const OLDEST_TEXT: &str = "3.51.3";
/// Readers at once: a few more than cores, so that one slow report does not queue short reads.
const READERS: usize = 6;
/// Another process (a backup) may hold the file this long before we fail.
const BUSY: Duration = Duration::from_secs(10);
/// All statements of this program fit: none is prepared twice.
const STATEMENTS: usize = 512;
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;";

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// The newest schema version known here.
pub(super) fn newest_version() -> i64 {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap_or(0)
}

/// One connection, in or out of a transaction.
pub(super) struct Connection(rusqlite::Connection);

/// A database file.
pub(super) struct Sqlite {
    writer: Arc<Mutex<Tx>>,
    readers: Vec<Arc<Mutex<Tx>>>,
    free: Arc<Semaphore>,
    pub(super) place: String,
}

impl Sqlite {
    pub(super) fn open(path: &Path, schema: Schema) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST {
            return Err(StoreError::TooOld { found: rusqlite::version().into(), needed: OLDEST_TEXT });
        }
        let made = match schema {
            Schema::Migrate => OpenFlags::SQLITE_OPEN_CREATE,
            Schema::Keep => OpenFlags::empty(),
        };
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | made)?;
        if schema == Schema::Migrate {
            writer.execute_batch(PRAGMAS).map_err(failed)?; // the log stays with the file
        }
        migrate(&mut writer, schema)?;
        let mut readers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            readers.push(shared(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?, false));
        }
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let place = format!("SQLite {}", whole.display());
        Ok(Self { writer: shared(writer, true), readers, free: Arc::new(Semaphore::new(READERS)), place })
    }

    pub(super) async fn writer(&self) -> OwnedMutexGuard<Tx> {
        self.writer.clone().lock_owned().await
    }

    pub(super) async fn reader(&self) -> Reader {
        loop {
            // The semaphore is never closed; a permit means that one of the readers is free.
            let permit = self.free.clone().acquire_owned().await.ok();
            let free = self.readers.iter().find_map(|reader| reader.clone().try_lock_owned().ok());
            match free {
                Some(tx) => return Reader { tx, _permit: permit },
                None => tokio::task::yield_now().await,
            }
        }
    }
}

/// A reader, given back when it is dropped.
pub(super) struct Reader {
    tx: OwnedMutexGuard<Tx>,
    _permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl std::ops::Deref for Reader {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl std::ops::DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

fn shared(connection: rusqlite::Connection, writes: bool) -> Arc<Mutex<Tx>> {
    Arc::new(Mutex::new(Tx::new(super::Connection::Sqlite(Connection(connection)), writes)))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<rusqlite::Connection, StoreError> {
    let connection =
        rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement with a LIMIT that is bound is compiled again whenever it is used.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    Ok(connection)
}

fn migrate(connection: &mut rusqlite::Connection, schema: Schema) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    // Before the first migration there is no history to ask for.
    let applied = runner.get_applied_migrations(connection).unwrap_or_default();
    let found = applied.iter().map(|m| i64::from(m.version())).max().unwrap_or(0);
    if schema.migrates(found, newest_version())? {
        // One by one, a loss of power between a migration and the note of it would leave a file that does not open.
        runner.set_grouped(true).run(connection).map_err(|e| StoreError::Migration(e.to_string()))?;
    }
    Ok(())
}

/// What another process or the disk stands against passes; nothing was saved.
fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(error.to_string()),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            StoreError::Unavailable(error.to_string())
        }
        Some(_) | None => StoreError::Statement(error.to_string()),
    }
}

impl Connection {
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        if !self.0.is_autocommit() {
            self.rollback(); // the task before ended without an answer
        }
        let writes = !self.0.is_readonly(rusqlite::MAIN_DB).map_err(failed)?;
        self.0.execute_batch(if writes { "BEGIN IMMEDIATE" } else { "BEGIN" }).map_err(failed)
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        self.0.execute_batch("COMMIT").map_err(|error| {
            self.rollback();
            match error.sqlite_error_code() {
                Some(ErrorCode::SystemIoFailure) => StoreError::Unknown(error.to_string()), // nobody knows how far it came
                Some(_) | None => failed(error),
            }
        })
    }

    pub(super) fn rollback(&mut self) {
        if let Err(error) = self.0.execute_batch("ROLLBACK") {
            tracing::error!(%error, "rollback failed");
        }
    }

    pub(super) fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.prepare(sql, params)?;
        statement.raw_execute().map(|rows| rows as u64).map_err(failed)
    }

    pub(super) fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.prepare(sql, params)?;
        let columns = statement.column_count();
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..columns).map(|place| row.get_ref(place).map_err(failed).and_then(value));
            found.push(Row::new(values.collect::<Result<_, _>>()?));
        }
        Ok(found)
    }

    fn prepare(&mut self, sql: &'static str, params: &[Value]) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.0.prepare_cached(sql).map_err(failed)?;
        for place in 1..=statement.parameter_count() {
            let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse().ok());
            let given = number.and_then(|n: usize| params.get(n.checked_sub(1)?));
            let given = given.ok_or(StoreError::Shape("a parameter that was given"))?;
            bind(&mut statement, place, given)?;
        }
        Ok(statement)
    }
}

fn bind(statement: &mut CachedStatement<'_>, place: usize, value: &Value) -> Result<(), StoreError> {
    match value {
        Value::Null => statement.raw_bind_parameter(place, rusqlite::types::Null),
        Value::Int(number) => statement.raw_bind_parameter(place, number),
        Value::Text(text) => statement.raw_bind_parameter(place, text),
        Value::Bytes(bytes) => statement.raw_bind_parameter(place, bytes),
    }
    .map_err(failed)
}

fn value(stored: ValueRef<'_>) -> Result<Value, StoreError> {
    match stored {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => {
            String::from_utf8(text.to_vec()).map(Value::Text).map_err(|_| StoreError::Shape("a text"))
        }
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => Err(StoreError::Shape("anything but a fraction")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cloud.db");
        drop(Sqlite::open(&file, Schema::Migrate).unwrap());
        let later = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')";
        rusqlite::Connection::open(&file).unwrap().execute(later, []).unwrap();
        let refused = Sqlite::open(&file, Schema::Migrate).err().unwrap();
        let newest = matches!(refused, StoreError::NewerSchema { found: 99, known } if known == newest_version());
        assert!(newest, "{refused}");
    }

    #[test]
    fn placeholders_are_bound_by_number_in_whatever_order_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection(rusqlite::Connection::open(folder.path().join("a.db")).unwrap());
        let mut rows = connection.query("SELECT $2, $1, $2", crate::params![1_i64, "two"]).unwrap();
        let mut row = rows.remove(0);
        assert_eq!((row.take().unwrap(), row.take().unwrap()), ("two".to_owned(), 1_i64));
        assert!(connection.query("SELECT $3", crate::params![1_i64]).is_err());
    }

    #[test]
    fn statements_use_nothing_that_postgresql_lacks() {
        let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store")).unwrap();
        let files = sources.map(|entry| entry.unwrap().path());
        for file in files.filter(|path| path.is_file() && !path.ends_with("sqlite.rs")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for word in ["rusqlite", "rowid", "json_each", "INSERT OR", "strftime", "IFNULL(", "?1", "GLOB "] {
                assert!(!text.contains(word), "{} has {word}", file.display());
            }
        }
    }
}
