//! PostgreSQL: several servers beside each other on one database.
//!
//! Writers run under READ COMMITTED and guard what they change by the locks of
//! [`super::lock`]; readers have one snapshot. A commit is acknowledged after the
//! database has flushed it. A connection that failed inside a transaction, or whose
//! task ended without an answer, is closed and not used again.

use super::{Row, Schema, StoreError, Value};
use deadpool_postgres::{
    Hook, HookError, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt, TryStreamExt, future};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Statement};

mod address;
mod hosts;
mod value;

/// Writers at once in one server. Those of one event wait for each other, and more of them only wait in
/// the database instead of here. Six servers of eight writers and eight readers fit PostgreSQL's usual 100.
const WRITERS: usize = 8;
/// Readers at once in one server, apart from the writers: what is read never waits for a lock.
const READERS: usize = 8;
/// How long a request waits for a free connection; all these together stay below the router's half minute.
const FREE_CONNECTION: Duration = Duration::from_secs(5);
/// How long a used connection may take to be looked at.
const RECYCLE: Duration = Duration::from_secs(5);
/// Migrations run once, by whichever server came first; the others wait this long for it.
const MIGRATION: &str = "SET statement_timeout = '600s'; SET lock_timeout = '600s'";
/// Statements sent without waiting for answers: round trips no longer count beyond some dozens.
const AHEAD: usize = 256;
/// PostgreSQL 17's, for which the library has no name yet.
const TRANSACTION_TIMEOUT: &str = "25P04";
/// Any number that nothing else locks.
const MIGRATION_LOCK: i64 = 0x7469_6465_6761_7465;
/// What every connection is told.
/// - A lock is held for milliseconds, an event's books for a second or two where a full house is counted
///   again; after five seconds its holder hangs.
/// - No statement of ours takes 20 s, and nobody waits longer for an answer.
/// - No transaction waits for anything but the database: ten seconds without a statement mean that its
///   server has stopped, and others want its locks.
/// - A commit is on the disk before it returns, and at a synchronous standby where there is one. Whoever has
///   set more (`remote_apply`) keeps it.
const SETTINGS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '20s';
    SET idle_in_transaction_session_timeout = '10s';
    SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
        THEN set_config('synchronous_commit', 'on', false) END";

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// The newest schema version known here.
pub(super) fn newest_version() -> i64 {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap_or(0)
}

/// A database on a server.
pub(super) struct Postgres {
    writers: Pool,
    readers: Pool,
    pub(super) place: String,
}

impl Postgres {
    /// Connects, and sees to the schema.
    pub(super) async fn open(url: &str, schema: Schema) -> Result<Self, StoreError> {
        let place = address::place(url)?;
        let postgres = Self { writers: pool(url, WRITERS)?, readers: pool(url, READERS)?, place };
        let mut connection = get(&postgres.writers).await?;
        let ready = match schema {
            Schema::Migrate => migrate(&mut connection).await,
            Schema::Keep => schema.migrates(version(&connection).await?, newest_version()).map(drop),
        };
        drop(Object::take(connection)); // its settings were for migrations
        ready.map(|()| postgres)
    }

    pub(super) async fn writer(&self) -> Result<Connection, StoreError> {
        Ok(Connection::new(get(&self.writers).await?, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"))
    }

    pub(super) async fn reader(&self) -> Result<Connection, StoreError> {
        Ok(Connection::new(get(&self.readers).await?, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    }
}

fn pool(url: &str, size: usize) -> Result<Pool, StoreError> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let (manager, patience) = address::manager(url, settings)?;
    let settle = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    });
    let pool = Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(FREE_CONNECTION))
        .create_timeout(Some(patience))
        .recycle_timeout(Some(RECYCLE))
        .runtime(Runtime::Tokio1)
        .post_create(settle);
    pool.build().map_err(|error| StoreError::Statement(error.to_string()))
}

async fn get(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy("no connection is free".into()),
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            StoreError::Unavailable(text(&error))
        }
        error => StoreError::Unavailable(error.to_string()),
    })
}

async fn migrate(client: &mut Object) -> Result<(), StoreError> {
    client.batch_execute(MIGRATION).await.map_err(failed)?;
    // The lock belongs to the session and goes with the connection.
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map_err(failed)?;
    let found = version(client).await?;
    if Schema::Migrate.migrates(found, newest_version())? {
        // One by one, a server that ends between a migration and the note of it would leave what does not open.
        let runner = embedded::migrations::runner();
        runner
            .set_grouped(true)
            .run_async(&mut ***client)
            .await
            .map_err(|e| StoreError::Migration(e.to_string()))?;
    }
    warn_of_lost_commits(client).await
}

/// The schema version of the database; zero where it is empty.
async fn version(client: &Object) -> Result<i64, StoreError> {
    let history = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
    let exists: bool = client.query_one(history, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)?;
    if !exists {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(version), 0)::BIGINT FROM refinery_schema_history";
    client.query_one(newest, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

async fn warn_of_lost_commits(client: &Object) -> Result<(), StoreError> {
    let row = client.query_one("SELECT current_setting('fsync')", &[]).await.map_err(failed)?;
    if row.try_get::<_, String>(0).map_err(failed)? != "on" {
        tracing::warn!("this PostgreSQL runs with fsync off: a power cut loses what was acknowledged");
    }
    Ok(())
}

/// How many rows a statement changed, and those that it found.
type Asked = (u64, Vec<tokio_postgres::Row>);

/// One connection in a transaction.
pub(super) struct Connection {
    /// Taken out when the transaction has ended; left in, it is closed instead of used again.
    client: Option<Object>,
    /// Sent together with the first statement.
    begin: Option<&'static str>,
    /// Sent together with the next one: each runs after those before it, and nobody waits in between.
    queued: Vec<(&'static str, Vec<Value>)>,
    failed: bool,
}

impl Connection {
    fn new(client: Object, begin: &'static str) -> Self {
        Self { client: Some(client), begin: Some(begin), queued: Vec::new(), failed: false }
    }

    pub(super) async fn execute(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        let asked = self.run(std::iter::once((sql, params))).await?;
        Ok(asked.iter().map(|(changed, _)| changed).sum())
    }

    pub(super) async fn query(&mut self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let asked = self.run(std::iter::once((sql, params))).await?;
        asked.iter().flat_map(|(_, rows)| rows).map(value::row).collect()
    }

    /// Several queries in one round trip; what each found.
    pub(super) async fn several(&mut self, all: &[super::Query<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let asked = self.run(all.iter().copied()).await?;
        asked.iter().map(|(_, rows)| rows.iter().map(value::row).collect()).collect()
    }

    /// One statement many times, without waiting for each answer; what each changed and found.
    pub(super) async fn each(
        &mut self,
        sql: &'static str,
        all: &[Vec<Value>],
    ) -> Result<Vec<(u64, Vec<Row>)>, StoreError> {
        let mut answers = Vec::with_capacity(all.len());
        for some in all.chunks(AHEAD) {
            for (changed, rows) in self.run(some.iter().map(|params| (sql, &params[..]))).await? {
                answers.push((changed, rows.iter().map(value::row).collect::<Result<_, _>>()?));
            }
        }
        Ok(answers)
    }

    /// Runs a statement before the next one; what it fails with, that one fails with.
    pub(super) async fn later(&mut self, sql: &'static str, params: &[Value]) -> Result<(), StoreError> {
        if self.queued.len() >= AHEAD {
            self.run(std::iter::once((sql, params))).await?;
            return Ok(());
        }
        self.queued.push((sql, params.to_vec()));
        Ok(())
    }

    pub(super) async fn lock(&mut self, number: i64, alone: bool) -> Result<(), StoreError> {
        let sql = match alone {
            true => "SELECT pg_advisory_xact_lock($1)",
            false => "SELECT pg_advisory_xact_lock_shared($1)",
        };
        self.later(sql, &[Value::Int(number)]).await // the next statement begins once it is held
    }

    /// Ends a snapshot, without waiting for the answer: there is nothing to lose.
    pub(super) fn release(mut self) {
        if self.begin.is_some() {
            drop(self.client.take()); // nothing was asked
        } else if let Some(client) = self.client.take_if(|_| !self.failed) {
            // The request is sent by the first look; the next one queues behind it.
            let sent = client.batch_execute("ROLLBACK").now_or_never();
            drop(sent);
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if self.begin.is_some() && self.queued.is_empty() {
            drop(self.client.take());
            return Ok(()); // nothing was asked
        }
        if self.failed {
            return Err(StoreError::Statement("a statement failed, and the transaction went on".into()));
        }
        let client = self.client.take().ok_or(StoreError::Lost)?;
        let queued = self.queued.iter().map(|(sql, params)| (*sql, &params[..]));
        let prepared = match prepare(&client, queued).await {
            Ok(prepared) => prepared,
            Err(error) => {
                drop(Object::take(client));
                return Err(failed(error));
            }
        };
        let ending = plain(&client, self.begin.take()).chain(asking(&client, &prepared));
        let ending = ending.chain(plain(&client, Some("COMMIT")));
        // Where one before it failed, the database rolls back instead, and we say what that one said.
        let ended = in_order(ending).await;
        drop(prepared);
        ended.map(drop).map_err(|error| {
            drop(Object::take(client));
            commit_failed(error)
        })
    }

    pub(super) async fn rollback(mut self) {
        let Some(client) = self.client.take() else { return };
        let ended = match self.begin {
            Some(_) => Ok(()),
            None => client.batch_execute("ROLLBACK").await,
        };
        if ended.is_err() {
            drop(Object::take(client)); // the server rolls back what it has lost
        }
    }

    /// Runs statements, after the beginning where there was none yet.
    async fn run(&mut self, all: impl Iterator<Item = super::Query<'_>>) -> Result<Vec<Asked>, StoreError> {
        let client = self.client.as_ref().ok_or(StoreError::Lost)?;
        let (begin, queued) = (self.begin.take(), std::mem::take(&mut self.queued));
        let done = async {
            let prepared = prepare(client, queued.iter().map(|(sql, params)| (*sql, &params[..]))).await?;
            let asked = prepare(client, all).await?;
            let before = usize::from(begin.is_some()) + prepared.len();
            let all = plain(client, begin).chain(asking(client, &prepared)).chain(asking(client, &asked));
            let mut answers = in_order(all).await?;
            Ok::<_, Error>(answers.split_off(before))
        };
        let done = done.await;
        done.map_err(|error| {
            self.failed = true;
            tracing::debug!(%error, "statement failed");
            if ends_connection(&error) {
                drop(self.client.take().map(Object::take));
            }
            failed(error)
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        drop(self.client.take().map(Object::take)); // in the middle of something: not for others
    }
}

type Prepared<'a> = Vec<(Statement, &'a [Value])>;

async fn prepare<'a>(client: &Object, all: impl Iterator<Item = super::Query<'a>>) -> Result<Prepared<'a>, Error> {
    let mut prepared = Vec::with_capacity(all.size_hint().0);
    for (sql, params) in all {
        prepared.push((client.prepare_cached(sql).await?, params));
    }
    Ok(prepared)
}

/// A statement that its first look sends.
type Asking<'a, T, E> = BoxFuture<'a, Result<T, E>>;

fn plain<'a>(client: &'a Object, sql: Option<&'static str>) -> impl Iterator<Item = Asking<'a, Asked, Error>> {
    sql.into_iter().map(|sql| client.batch_execute(sql).map_ok(|()| Asked::default()).boxed())
}

fn asking<'a>(client: &'a Object, all: &'a Prepared<'_>) -> impl Iterator<Item = Asking<'a, Asked, Error>> {
    all.iter().map(|(statement, params)| ask(client, statement, params).boxed())
}

/// Looks at each once in their order, which sends them, before it waits for any; then what each was answered, up
/// to the first that failed. Not `try_join_all`: beyond thirty it may stop in between, and a commit would overtake.
async fn in_order<T: Send, E: Send>(all: impl Iterator<Item = Asking<'_, T, E>>) -> Result<Vec<T>, E> {
    let mut all: Vec<_> = all.collect();
    let look = |cx: &mut Context<'_>| {
        for one in &mut all {
            if let Poll::Ready(done) = one.poll_unpin(cx) {
                *one = future::ready(done).boxed();
            }
        }
        Poll::Ready(())
    };
    future::poll_fn(look).await;
    let mut answers = Vec::with_capacity(all.len());
    for one in all {
        answers.push(one.await?);
    }
    Ok(answers)
}

async fn ask(client: &Object, statement: &Statement, params: &[Value]) -> Result<Asked, Error> {
    let rows = client.query_raw(statement, params).await?;
    futures_util::pin_mut!(rows);
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        found.push(row);
    }
    Ok((rows.rows_affected().unwrap_or(0), found))
}

/// Whether the connection, or what was prepared on it, is of no more use.
fn ends_connection(error: &Error) -> bool {
    let Some(db) = error.as_db_error() else { return true };
    let code = db.code();
    // 08: connection. 57P: shut down. 0A000: the schema changed under a prepared statement. 25006: a standby now.
    // 25P03, 25P04: idle or at work in a transaction for longer than the database allows.
    code.code().starts_with("08")
        || code.code().starts_with("57P")
        || code.code() == TRANSACTION_TIMEOUT
        || [
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
}

fn failed(error: Error) -> StoreError {
    let waits = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ];
    match error.code() {
        // A value that does not fit is our mistake; anything else without a code is a broken connection.
        None if error.to_string().starts_with("error serializing") => StoreError::Statement(text(&error)),
        None => StoreError::Unavailable(text(&error)),
        Some(code) if waits.contains(code) => StoreError::Busy(text(&error)),
        // 53: out of connections, memory or disk.
        Some(code) if ends_connection(&error) || code.code().starts_with("53") => {
            StoreError::Unavailable(text(&error))
        }
        Some(_) => StoreError::Statement(text(&error)),
    }
}

/// The server refused to commit, or nobody knows whether it did.
fn commit_failed(error: Error) -> StoreError {
    match error.code() {
        Some(code) if !code.code().starts_with("57P") && !code.code().starts_with("08") => failed(error),
        Some(_) | None => StoreError::Unknown(text(&error)),
    }
}

/// What failed, without the values that PostgreSQL adds as its detail.
fn text(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}{}", address::advice(source)),
            None => error.to_string(),
        },
    }
}

/// The type of a column, for messages.
fn shape(kind: &Type) -> StoreError {
    tracing::error!(kind = kind.name(), "a column of a type that the other database lacks");
    StoreError::Shape("of a type that both databases have")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Something that is looked at twice, and wants to be looked at again at once, as what is answered while it is sent.
    fn twice(place: usize, looks: &Mutex<Vec<usize>>) -> Asking<'_, usize, ()> {
        let mut before = false;
        let look = move |cx: &mut Context<'_>| {
            looks.lock().unwrap().push(place);
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut before, true) { Poll::Ready(Ok(place)) } else { Poll::Pending }
        };
        future::poll_fn(look).boxed()
    }

    #[tokio::test]
    async fn all_are_sent_in_their_order_before_any_is_waited_for() {
        let (looks, all) = (Mutex::default(), Vec::from_iter(0..AHEAD + 2));
        let answers = in_order(all.iter().map(|place| twice(*place, &looks))).await.unwrap();
        assert_eq!(answers, all);
        assert_eq!(looks.into_inner().unwrap()[..all.len()], all);
    }

    #[tokio::test]
    async fn what_fails_first_is_told() {
        let answers: [Result<usize, &str>; 4] = [Ok(0), Err("one"), Ok(2), Err("three")];
        let failing = answers.into_iter().map(|answer| future::ready(answer).boxed());
        assert_eq!(in_order(failing).await, Err("one"));
    }
}
