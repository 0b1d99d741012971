//! The databases that every test runs on: SQLite in its folder, and a database of its
//! own on the run's private PostgreSQL, copied from one that was migrated once.

use cloud_sync::store::Store;
use private_postgres::{Disk, Server};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

tokio::task_local! {
    /// The one that the test at hand runs on.
    pub static ON: Backend;
}

/// Runs a test on both databases, each under a name of its own.
macro_rules! both {
    ($(#[$attribute:meta])* $name:ident) => {
        mod $name {
            use crate::common::{Backend, ON};

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                ON.scope(Backend::Sqlite, super::$name()).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql() {
                ON.scope(Backend::Postgres, super::$name()).await;
            }
        }
    };
}

/// Runs a test of what only several servers on one PostgreSQL can do.
macro_rules! servers {
    ($name:ident) => {
        mod $name {
            use crate::common::{Backend, ON};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql() {
                ON.scope(Backend::Postgres, super::$name()).await;
            }
        }
    };
}

/// Where a test's data are.
#[derive(Clone, Debug)]
pub enum Database {
    File(PathBuf),
    Url(String),
}

impl Database {
    /// An empty one of the backend at hand; SQLite where none was said.
    pub async fn fresh(folder: &Path) -> Self {
        match ON.try_with(|on| *on).unwrap_or(Backend::Sqlite) {
            Backend::Sqlite => Self::File(folder.join("cloud.db")),
            Backend::Postgres => Self::Url(fresh_url().await),
        }
    }

    /// One of the backend at hand in which there is nothing, not even tables.
    pub fn empty(folder: &Path) -> Self {
        match ON.try_with(|on| *on).unwrap_or(Backend::Sqlite) {
            Backend::Sqlite => Self::File(folder.join("cloud.db")),
            Backend::Postgres => Self::Url(server().make(&next_name(), None).unwrap()),
        }
    }

    /// What the program is told of it, beside its folder.
    pub fn environment(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::File(_) => None,
            Self::Url(url) => Some((cloud_sync::serve::DATABASE_URL_VAR, url)),
        }
    }

    pub async fn open(&self) -> Store {
        match self {
            Self::File(file) => Store::sqlite(file).unwrap(),
            Self::Url(url) => Store::postgres(url).await.unwrap(),
        }
    }
}

impl Database {
    /// A copy of it. On PostgreSQL its sessions are ended for that.
    pub fn copied(&self, folder: &Path) -> Self {
        match self {
            Self::File(file) => {
                let copy = folder.join("cloud.db");
                let database = rusqlite::Connection::open(file).unwrap();
                database.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
                Self::File(copy)
            }
            Self::Url(url) => {
                let name = url.split(['/', '?']).nth(3).unwrap();
                let end =
                    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
                server().ask(&end).unwrap();
                Self::Url(server().make(&next_name(), Some(name)).unwrap())
            }
        }
    }

    /// A session beside the servers, as a person with `psql` has one.
    pub async fn session(&self) -> tokio_postgres::Client {
        let Self::Url(url) = self else { panic!("this is about PostgreSQL") };
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Waits until this work waits for a lock, under a statement that is LIKE this. It must not end before.
    pub async fn blocks<T>(&self, work: &JoinHandle<T>, statement: &str) {
        let (watch, since) = (self.session().await, Instant::now());
        let waits = "SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1";
        while watch.query(waits, &[&statement]).await.unwrap().is_empty() {
            assert!(!work.is_finished(), "it ended and never waited under {statement}");
            assert!(since.elapsed() < PATIENCE, "nobody waits for a lock under {statement}");
            tokio::task::yield_now().await;
        }
    }
}

/// Longer than any lock is waited for by the servers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the run's PostgreSQL waits for its disk.
static DISK: OnceLock<Disk> = OnceLock::new();

/// The run's PostgreSQL; it ends with this process.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(*DISK.get_or_init(|| Disk::Quick)).unwrap())
}

/// Has the run's PostgreSQL wait for its disk, as in the field: for figures. To be said before any test starts it.
pub fn durable() {
    assert_eq!(*DISK.get_or_init(|| Disk::Durable), Disk::Durable, "it runs already");
}

/// What the database at hand is called.
pub fn name() -> &'static str {
    match ON.try_with(|on| *on).unwrap_or(Backend::Sqlite) {
        Backend::Sqlite => "SQLite",
        Backend::Postgres => "PostgreSQL",
    }
}

/// A database of a test's own, migrated.
pub async fn fresh_url() -> String {
    static MIGRATED: OnceCell<()> = OnceCell::const_new();
    let migrate = || async {
        let url = server().make("migrated", None).unwrap();
        drop(Store::postgres(&url).await.unwrap());
        // Its connections go when the runtime gets to it; a database in use is not copied.
        server().ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'migrated'").unwrap();
    };
    MIGRATED.get_or_init(migrate).await;
    server().make(&next_name(), Some("migrated")).unwrap()
}

/// A name that no database of this run has yet.
fn next_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
