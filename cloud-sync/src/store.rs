//! The database: SQLite in a file or PostgreSQL, by the same SQL text.
//!
//! Callers give [`Store::write`] and [`Store::read`] a closure over a [`Tx`]; what
//! it returns is committed, what it fails with is rolled back. On SQLite one writes
//! at a time; on PostgreSQL writers hold the [`Lock`] of what they change. Feed rows
//! that were published get their revisions in the last statements before the commit,
//! so that a reader never skips one. No database library is known outside this folder.

pub mod acts;
pub mod books;
pub mod devices;
pub mod events;
pub mod feed;
pub mod history;
pub mod journals;
pub mod keys;
pub mod life;
pub mod lists;
mod lock;
pub mod names;
pub mod orders;
pub mod pages;
pub mod parts;
mod postgres;
pub mod products;
pub mod requests;
pub mod rights;
mod sqlite;
pub mod staff;
pub mod starts;
pub mod tickets;
pub mod tokens;
mod value;
pub mod zones;

pub use lock::Lock;
pub use value::{FromValue, Json, Row, Value};

use futures_util::future::BoxFuture;
use std::future::Future;
use std::path::Path;
use tidegate_core::feed::Change;
use tidegate_core::id::EventId;
use tokio::runtime::Handle;

/// What a database operation failed with.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The library is too old to be trusted with a log under two connections.
    #[error("SQLite {found} is too old: {needed} or later is needed")]
    TooOld {
        /// The version found.
        found: String,
        /// The version needed.
        needed: &'static str,
    },
    /// A later version of this program has written the database.
    #[error("the database has schema version {found}, this program knows {known}: use a newer program")]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// An earlier version of this program has written the database, or none has.
    #[error("the database has schema version {found}, this program needs {known}: run `cloud-sync migrate` first")]
    OlderSchema {
        /// The version found; 0 where there is none.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// A migration failed.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// The database's address cannot be used.
    #[error("{0}")]
    Address(String),
    /// A statement failed.
    #[error("the database failed: {0}")]
    Statement(String),
    /// The database is out of reach, or has gone; nothing was saved. Trying again may help.
    #[error("the database is out of reach: {0}")]
    Unavailable(String),
    /// Others held what was needed for too long; nothing was saved. Trying again helps.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The connection was lost during a commit: it was saved, or it was not.
    #[error("the database was lost during a commit: {0}")]
    Unknown(String),
    /// A text has a character that no database keeps.
    #[error("a text has the character NUL")]
    Unstorable,
    /// A stored value is not of the kind that the code expects.
    #[error("a stored value is not {0}")]
    Shape(&'static str),
    /// The task that held the connection ended without an answer.
    #[error("a database task ended without an answer")]
    Lost,
}

/// What is done with the database's schema when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// It is brought to this program's version, and the database made where it is missing.
    Migrate,
    /// It is left alone, and must be of this program's version.
    Keep,
}

impl Schema {
    /// Whether a schema of version `found` is to be migrated to `known`.
    fn migrates(self, found: i64, known: i64) -> Result<bool, StoreError> {
        match self {
            _ if found > known => Err(StoreError::NewerSchema { found, known }),
            Self::Keep if found < known => Err(StoreError::OlderSchema { found, known }),
            Self::Keep => Ok(false),
            Self::Migrate => Ok(found < known),
        }
    }
}

/// A database, open.
pub struct Store {
    backend: Backend,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// A transaction, while it lasts.
pub struct Tx {
    connection: Connection,
    writes: bool,
    written: u64,
    published: Vec<(EventId, Change)>,
    held: Vec<lock::Held>,
}

enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Connection),
}

/// A query and its parameters.
pub type Query<'a> = (&'static str, &'a [Value]);

/// What a transaction is given to do.
pub type Work<'a, T, E> = BoxFuture<'a, Result<T, E>>;

impl Store {
    /// Opens the database file, makes it where it is missing, and migrates it.
    pub fn sqlite(path: &Path) -> Result<Self, StoreError> {
        Self::sqlite_with(path, Schema::Migrate)
    }

    /// Opens the database file.
    pub fn sqlite_with(path: &Path, schema: Schema) -> Result<Self, StoreError> {
        sqlite::Sqlite::open(path, schema).map(|sqlite| Self { backend: Backend::Sqlite(sqlite) })
    }

    /// Connects to the database with this URL, and migrates it.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        Self::postgres_with(url, Schema::Migrate).await
    }

    /// Connects to the database with this URL.
    pub async fn postgres_with(url: &str, schema: Schema) -> Result<Self, StoreError> {
        let postgres = postgres::Postgres::open(url, schema).await?;
        Ok(Self { backend: Backend::Postgres(postgres) })
    }

    /// Which database it is, for whoever started us; without a password.
    pub fn place(&self) -> &str {
        match &self.backend {
            Backend::Sqlite(sqlite) => &sqlite.place,
            Backend::Postgres(postgres) => &postgres.place,
        }
    }

    /// The schema version that this program writes, on either database.
    pub fn schema_version() -> i64 {
        sqlite::newest_version()
    }

    /// Runs `work`, alone with what it locks; durable when this returns `Ok`.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Tx) -> Work<'a, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let mut tx = sqlite.writer().await;
                blocking(move || tx.run(|tx| Handle::current().block_on(flushed(tx, work)))).await
            }
            Backend::Postgres(postgres) => {
                let mut tx = Tx::new(Connection::Postgres(postgres.writer().await?), true);
                apart(async move {
                    let done = flushed(&mut tx, work).await;
                    let Connection::Postgres(connection) = tx.connection else { return done };
                    match done {
                        Ok(done) => connection.commit().await.map(|()| done).map_err(E::from),
                        Err(error) => {
                            connection.rollback().await;
                            Err(error)
                        }
                    }
                })
                .await
            }
        }
    }

    /// Runs `work` on one snapshot; it cannot write.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Tx) -> Work<'a, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let mut tx = sqlite.reader().await;
                blocking(move || tx.run(|tx| Handle::current().block_on(work(tx)))).await
            }
            Backend::Postgres(postgres) => {
                let mut tx = Tx::new(Connection::Postgres(postgres.reader().await?), false);
                let done = work(&mut tx).await;
                if let Connection::Postgres(connection) = tx.connection {
                    connection.release();
                }
                done
            }
        }
    }
}

async fn flushed<T, E, F>(tx: &mut Tx, work: F) -> Result<T, E>
where
    F: for<'a> FnOnce(&'a mut Tx) -> Work<'a, T, E>,
    E: From<StoreError>,
{
    let done = work(tx).await?;
    feed::flush(tx).await?;
    Ok(done)
}

/// SQLite blocks, and its transactions outlive a caller that hangs up.
async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(StoreError::Lost.into()))
}

/// So do PostgreSQL's: what was begun is finished, though nobody waits for the answer.
async fn apart<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    tokio::spawn(work).await.unwrap_or_else(|_| Err(StoreError::Lost.into()))
}

impl Tx {
    /// Runs a statement; gives how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        storable(params)?;
        self.written += 1;
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute(sql, params),
            Connection::Postgres(connection) => connection.execute(sql, params).await,
        }
    }

    /// Runs a query.
    pub async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        storable(params)?;
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.query(sql, params),
            Connection::Postgres(connection) => connection.query(sql, params).await,
        }
    }

    /// Runs several queries, on PostgreSQL in one round trip; gives what each found.
    pub async fn query_several(&mut self, all: &[Query<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        all.iter().try_for_each(|(_, params)| storable(params))?;
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                all.iter().map(|(sql, params)| connection.query(sql, params)).collect()
            }
            Connection::Postgres(connection) => connection.several(all).await,
        }
    }

    /// Runs a statement of which nobody needs to hear but that it failed; on PostgreSQL it travels with the next.
    pub async fn later(&mut self, sql: &'static str, params: &[Value]) -> Result<(), StoreError> {
        storable(params)?;
        self.written += 1;
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute(sql, params).map(drop),
            Connection::Postgres(connection) => connection.later(sql, params).await,
        }
    }

    /// The same once with each of these parameters.
    pub async fn later_each(&mut self, sql: &'static str, all: &[Vec<Value>]) -> Result<(), StoreError> {
        for params in all {
            self.later(sql, params).await?;
        }
        Ok(())
    }

    /// Runs a statement once with each of these parameters; gives how many rows each changed.
    pub async fn execute_each(&mut self, sql: &'static str, all: &[Vec<Value>]) -> Result<Vec<u64>, StoreError> {
        all.iter().try_for_each(|params| storable(params))?;
        self.written += 1;
        match &mut self.connection {
            Connection::Sqlite(connection) => all.iter().map(|params| connection.execute(sql, params)).collect(),
            Connection::Postgres(connection) => {
                Ok(connection.each(sql, all).await?.into_iter().map(|(changed, _)| changed).collect())
            }
        }
    }

    /// Runs a query once with each of these parameters.
    pub async fn query_each(
        &mut self,
        sql: &'static str,
        all: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        all.iter().try_for_each(|params| storable(params))?;
        match &mut self.connection {
            Connection::Sqlite(connection) => all.iter().map(|params| connection.query(sql, params)).collect(),
            Connection::Postgres(connection) => {
                Ok(connection.each(sql, all).await?.into_iter().map(|(_, rows)| rows).collect())
            }
        }
    }

    /// The first row of a query, if there is one.
    pub async fn first(&mut self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// How often it was asked to change something: the same number twice means that nothing was changed between.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Notes a change for the agents; it gets its revision when this commits.
    pub fn publish(&mut self, event: EventId, change: Change) {
        self.written += 1;
        self.published.push((event, change));
    }

    fn new(connection: Connection, writes: bool) -> Self {
        Self { connection, writes, written: 0, published: Vec::new(), held: Vec::new() }
    }

    /// One transaction on SQLite, whose connections are used again with their [`Tx`].
    fn run<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.published.clear();
        self.held.clear();
        self.written = 0;
        self.sqlite()?.begin()?;
        let done = work(self);
        match done {
            Ok(done) => self.sqlite()?.commit().map(|()| done).map_err(E::from),
            Err(error) => {
                self.sqlite()?.rollback();
                Err(error)
            }
        }
    }

    fn sqlite(&mut self) -> Result<&mut sqlite::Connection, StoreError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => Ok(connection),
            Connection::Postgres(_) => Err(StoreError::Lost),
        }
    }
}

/// SQLite would keep a NUL and PostgreSQL does not: neither is asked.
fn storable(params: &[Value]) -> Result<(), StoreError> {
    let bad = params.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0')));
    if bad { Err(StoreError::Unstorable) } else { Ok(()) }
}

/// The parameters of a statement.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
