//! The database: one writer, many readers, the same SQL text on every backend.
//!
//! Callers give [`Store::write`] and [`Store::read`] a closure over a [`Tx`]; what
//! it returns is committed, what it fails with is rolled back. Feed rows that it
//! published get their revisions in the last statements before the commit, so that
//! a reader never skips one. `rusqlite` is not known outside this folder.

pub mod acts;
pub mod books;
pub mod devices;
pub mod events;
pub mod feed;
pub mod journals;
pub mod keys;
pub mod lists;
pub mod orders;
pub mod products;
pub mod requests;
mod sqlite;
pub mod staff;
pub mod tickets;
pub mod tokens;
mod value;

pub use value::{FromValue, Json, Row, Value};

use futures_util::future::BoxFuture;
use std::path::Path;
use tidegate_core::feed::Change;
use tidegate_core::id::EventId;
use tokio::runtime::Handle;

/// What a database operation failed with.
#[derive(Debug, thiserror::Error)]
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
    /// A migration failed.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// A statement failed.
    #[error("the database failed: {0}")]
    Statement(String),
    /// A stored value is not of the kind that the code expects.
    #[error("a stored value is not {0}")]
    Shape(&'static str),
    /// The task that held the connection ended without an answer.
    #[error("a database task ended without an answer")]
    Lost,
}

/// A database, open.
pub struct Store {
    backend: Backend,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
}

/// A transaction, while it lasts.
pub struct Tx {
    connection: Connection,
    published: Vec<(EventId, Change)>,
}

enum Connection {
    Sqlite(sqlite::Connection),
}

/// What a transaction is given to do.
pub type Work<'a, T, E> = BoxFuture<'a, Result<T, E>>;

impl Store {
    /// Opens the database file, makes it where it is missing, and migrates it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        sqlite::Sqlite::open(path).map(|sqlite| Self { backend: Backend::Sqlite(sqlite) })
    }

    /// The schema version that this program writes.
    pub fn schema_version() -> i64 {
        sqlite::newest_version()
    }

    /// Runs `work` alone among writers; durable when this returns `Ok`.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Tx) -> Work<'a, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut tx = sqlite.writer().await;
        blocking(move || {
            tx.begin()?;
            let done = Handle::current().block_on(async {
                let done = work(&mut tx).await?;
                feed::flush(&mut tx).await?;
                Ok(done)
            });
            tx.end(done)
        })
        .await
    }

    /// Runs `work` on one snapshot; it cannot write.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Tx) -> Work<'a, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut tx = sqlite.reader().await;
        blocking(move || {
            tx.begin()?;
            let done = Handle::current().block_on(work(&mut tx));
            tx.end(done)
        })
        .await
    }
}

/// SQLite blocks, and its transactions outlive a caller that hangs up.
async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(StoreError::Lost.into()))
}

impl Tx {
    /// Runs a statement; gives how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        let Connection::Sqlite(connection) = &mut self.connection;
        connection.execute(sql, params)
    }

    /// Runs a query.
    pub async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let Connection::Sqlite(connection) = &mut self.connection;
        connection.query(sql, params)
    }

    /// The first row of a query, if there is one.
    pub async fn first(&mut self, sql: &'static str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Notes a change for the agents; it gets its revision when this commits.
    pub fn publish(&mut self, event: EventId, change: Change) {
        self.published.push((event, change));
    }

    fn new(connection: sqlite::Connection) -> Self {
        Self { connection: Connection::Sqlite(connection), published: Vec::new() }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.published.clear();
        let Connection::Sqlite(connection) = &mut self.connection;
        connection.begin()
    }

    fn end<T, E: From<StoreError>>(&mut self, done: Result<T, E>) -> Result<T, E> {
        let Connection::Sqlite(connection) = &mut self.connection;
        match done {
            Ok(done) => connection.commit().map(|()| done).map_err(E::from),
            Err(error) => {
                connection.rollback();
                Err(error)
            }
        }
    }
}

/// The parameters of a statement.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
