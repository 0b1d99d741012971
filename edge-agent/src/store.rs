//! The agent's one database: replica, journals and their folds.
//!
//! SQLite in WAL mode with `synchronous=FULL`: an answer is given only after its
//! entry is on disk. One [`ledger`] decides and records in one transaction, on the
//! writer's thread ([`writer`]); readers see committed states only. Nothing outside
//! this module knows SQL, and nothing inside it a clock but the machine's.

pub mod acts;
mod ahead;
pub mod contact;
pub mod courier;
pub mod derive;
pub mod duty;
pub mod evidence;
pub mod exchange;
pub mod exposure;
pub mod find;
pub mod findings;
mod fingerprint;
mod folded;
pub mod identity;
mod incarnation;
pub mod index;
mod insert;
pub mod journal;
pub mod ledger;
pub mod log;
pub mod look;
pub mod memory;
pub mod pace;
pub mod parts;
pub mod party;
pub mod phones;
pub mod pins;
pub mod read;
pub mod recent;
pub mod replica;
pub mod rights;
mod small;
pub mod start;
pub mod stock;
mod tickets;
pub mod tx;
pub mod typed;
mod uncompared;
pub mod words;
pub mod writer;

use crate::time::{DeviceTime, SystemMachine};
use identity::Enrolment;
use ledger::{Ledger, Place};
use memory::Memory;
pub use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use tidegate_core::api::StreamMessage;
use tokio::sync::{broadcast, oneshot, watch};
use tx::Tx;

/// How long a connection waits for another process, such as a backup.
const BUSY_MS: u64 = 5_000;
/// Messages that a slow screen may lag behind before it misses some (and is told so).
const STREAM_DEPTH: usize = 1_024;

/// What the store could not do. Every fault has a stable code and says what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Written by a later version of this program.
    #[error("the database was written by a newer version ({0})")]
    Newer(String),
    /// Another agent has it open.
    #[error("another agent is running on {0}")]
    Locked(PathBuf),
    /// Its pages do not hang together.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// No room.
    #[error("the disk is full")]
    Full,
    /// May not be written.
    #[error("the database cannot be written")]
    ReadOnly,
    /// This device's role may not do that.
    #[error("this device may not write {0} entries")]
    NotAllowed(&'static str),
    /// Asked about something that is not here.
    #[error("{0}")]
    Unknown(String),
    /// Anything else SQLite says.
    #[error("the database failed: {0}")]
    Failed(String),
    /// The writer has ended.
    #[error("the agent is stopping")]
    Stopping,
}

impl Fault {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Newer(_) => "E-DSK-01",
            Self::Locked(_) => "E-DSK-02",
            Self::Corrupt(_) => "E-DSK-03",
            Self::Full => "E-DSK-04",
            Self::ReadOnly => "E-DSK-05",
            Self::Failed(_) => "E-DSK-06",
            Self::Stopping => "E-DSK-07",
            Self::NotAllowed(_) => "not_allowed",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What to do about it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Newer(_) => "Install the newer version again; nothing was changed",
            Self::Locked(_) => "Stop the other agent, or give this one another --data folder",
            Self::Corrupt(_) => "Keep the file, enrol this device anew, and bring the file to the office",
            Self::Full => "Free some space; scanning goes on when there is room",
            Self::ReadOnly => "Make the folder writable for this agent",
            Self::NotAllowed(_) => "Use a device with that role",
            Self::Unknown(_) => "Look at what is listed",
            Self::Failed(_) | Self::Stopping => "Try again; if it stays, restart the agent",
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure};
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::Full,
            Some(ReadOnly) => Self::ReadOnly,
            Some(DatabaseCorrupt | NotADatabase) => Self::Corrupt(text),
            // A full disk under the WAL's shared memory shows as an I/O failure of its own.
            Some(SystemIoFailure) if extended(&error) == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
            _ => Self::Failed(text),
        }
    }
}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

impl Fault {
    /// What a file system's error means for a store, where it is about room or rights to write.
    pub fn of_disk(error: &std::io::Error) -> Option<Self> {
        use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            ReadOnlyFilesystem | PermissionDenied => Some(Self::ReadOnly),
            StorageFull | QuotaExceeded => Some(Self::Full),
            _ => None,
        }
    }
}

/// How a store behaves, beside what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether somebody stands at this device who can be asked.
    pub can_ask: bool,
    /// Shifts the machine's clock, seconds; for rehearsals.
    pub clock_offset_s: i64,
}

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::SyncSender<ledger::Job>,
    memory: watch::Receiver<Arc<Memory>>,
    messages: broadcast::Sender<StreamMessage>,
    readers: Arc<Mutex<Vec<Connection>>>,
    path: Arc<PathBuf>,
    time: DeviceTime,
    // Held for the life of the store: one writer a database.
    _lock: Arc<Option<std::fs::File>>,
}

impl Store {
    /// Opens the store in `folder`, creating it on first use.
    pub fn open(folder: &Path, enrolment: Enrolment, settings: Settings) -> Result<Self, Fault> {
        let place = Place { folder: folder.to_owned(), vfs: None, fingerprint: None };
        let mut ledger = Ledger::open(&place, enrolment, settings, Arc::new(SystemMachine::new()))?;
        // The next store may open when the last handle of this one is gone, not when its thread has ended.
        let lock = ledger.give_lock();
        let time = ledger.time().clone();
        let (published, memory) = watch::channel(Arc::new(ledger.memory().clone()));
        let (messages, _) = broadcast::channel(STREAM_DEPTH);
        let jobs = writer::spawn(ledger, published, messages.clone())?;
        let path = Arc::new(folder.join(ledger::FILE));
        Ok(Self { time, jobs, memory, messages, readers: Arc::default(), path, _lock: Arc::new(lock) })
    }

    /// Runs `job` on the writer, in the transaction of its group; answers after the commit.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.clone();
        // Nobody waiting any more is no fault: the entry is on disk all the same.
        let boxed = ledger::job(job, move |result| drop(answer.send(result)));
        if let Err(mpsc::TrySendError::Full(boxed)) = jobs.try_send(boxed) {
            // Backpressure: wait for room without blocking the runtime.
            let sent = tokio::task::spawn_blocking(move || jobs.send(boxed)).await;
            sent.map_err(|_| Fault::Stopping)?.map_err(|_| Fault::Stopping)?;
        }
        answered.await.map_err(|_| Fault::Stopping)?
    }

    /// Runs `job` on a read-only connection.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let connection = store.reader()?;
            let result = job(&connection);
            if let Ok(mut readers) = store.readers.lock() {
                readers.push(connection);
            }
            result
        });
        done.await.map_err(|_| Fault::Stopping)?
    }

    fn reader(&self) -> Result<Connection, Fault> {
        let pooled = self.readers.lock().ok().and_then(|mut readers| readers.pop());
        match pooled {
            Some(connection) => Ok(connection),
            None => read_only(&self.path),
        }
    }

    /// The newest committed state that is held in memory.
    pub fn memory(&self) -> Arc<Memory> {
        self.memory.borrow().clone()
    }

    /// The device's time.
    pub fn time(&self) -> &DeviceTime {
        &self.time
    }

    /// Told at every commit.
    pub fn commits(&self) -> watch::Receiver<Arc<Memory>> {
        self.memory.clone()
    }

    /// Where answers, conflicts and troubles are told as they happen.
    pub fn messages(&self) -> &broadcast::Sender<StreamMessage> {
        &self.messages
    }
}

/// Opens a store's database to look, without changing it: for reports on a stopped agent.
pub fn read_only(path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    pragmas(&connection)?;
    Ok(connection)
}

fn pragmas(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    // The part that an entry is of is there before it; whoever audits a file asks once for all of them.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -8_000)?; // 8 MB: the door's working set, on a small board
    connection.set_prepared_statement_cache_capacity(256);
    // Otherwise a statement with a LIMIT that is bound is compiled again whenever it is used.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
