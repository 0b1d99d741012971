//! The ledger: the one connection that writes, and what is held in memory of its state.
//!
//! It opens the database, runs jobs in the order they come, each under a savepoint so
//! that one that fails changes nothing, signs the journal's head, commits, and only then
//! answers anybody. It has no queue of its own, no thread that outlives a job, and reads clocks only from
//! the [`Machine`] it was given: whoever calls it decides when what happens. The shipped
//! agent's writer thread is such a caller, and so is a test that drives one by hand.

use super::identity::Enrolment;
use super::memory::Memory;
use super::tx::Tx;
use super::{Fault, Settings, contact, derive, fingerprint, incarnation, index, pragmas, uncompared};
use crate::time::{DeviceTime, Machine, uptime};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_core::api::StreamMessage;
use tidegate_core::seal::Hash;
use tidegate_core::trial::{Bug, planted};

/// The oldest SQLite taken: before it, a WAL could be corrupted under two connections.
const MIN_SQLITE: i32 = 3_051_003;
/// The log grows to 16 MB before it is brought into the file: a page that many commits touch is written there once.
const CHECKPOINT_PAGES: u32 = 4_000;
/// The database's file in its folder.
pub const FILE: &str = "agent.db";

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Where a database is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// The registered SQLite VFS that holds it, where that is not the system's own. Its ledger is the
    /// only one that looks at it: no lock is taken, and nothing beside the database is touched.
    pub vfs: Option<String>,
    /// What no copy of the database takes along, where that is known: see [`fingerprint`].
    pub fingerprint: Option<Hash>,
}

/// Tells the outcome once the commit is known.
pub type Finish = Box<dyn FnOnce(Result<(), Fault>) + Send>;
/// Work for a ledger, or the fault that kept it from starting; gives what tells its outcome.
pub type Job = Box<dyn FnOnce(Result<&mut Tx<'_>, &Fault>) -> Finish + Send>;

/// Work, and who is told its result once it is known to be durable, or why it is not.
pub fn job<T: Send + 'static>(
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    told: impl FnOnce(Result<T, Fault>) + Send + 'static,
) -> Job {
    Box::new(move |tx| {
        let result = tx.map_err(Clone::clone).and_then(|tx| tx.savepoint(work));
        Box::new(move |committed| told(committed.and(result)))
    })
}

/// The one that writes.
pub struct Ledger {
    connection: Connection,
    enrolment: Enrolment,
    time: DeviceTime,
    memory: Memory,
    told: Vec<StreamMessage>,
    lock: Option<File>,
}

/// Jobs that ran, with nobody told yet how they ended.
#[must_use = "somebody waits for the answers"]
pub(super) struct Ran {
    committed: Result<(), Fault>,
    finishes: Vec<Finish>,
}

impl Ran {
    pub(super) fn is_committed(&self) -> bool {
        self.committed.is_ok()
    }

    /// Tells how they ended.
    pub(super) fn answer(self) {
        self.finishes.into_iter().for_each(|finish| finish(self.committed.clone()));
    }
}

impl Ledger {
    /// Opens the database in its place, creating it on first use.
    pub fn open(
        place: &Place,
        enrolment: Enrolment,
        settings: Settings,
        machine: Arc<dyn Machine>,
    ) -> Result<Self, Fault> {
        let lock = match place.vfs {
            None => Some(lock(&place.folder)?),
            Some(_) => None,
        };
        let connection = connect(place)?;
        let mut memory = Memory::load(&connection, &enrolment, uptime(&*machine))?;
        let expires = enrolment.identity.expires;
        let before = uncompared::goes_on(&connection, &*machine)?;
        let time = DeviceTime::start(machine.clone(), (memory.floor, before), expires, settings.clock_offset_s);
        if derive::renew(&connection, &enrolment, &time, &memory)? {
            tracing::info!("what is derived from tickets and entries was derived anew");
            memory = Memory::load(&connection, &enrolment, uptime(&*machine))?;
        }
        memory.can_ask = settings.can_ask;
        memory.unsure_since = uncompared::since(&connection, &memory, &time)?;
        let mut ledger = Self { connection, enrolment, time, memory, told: Vec::new(), lock };
        let fingerprint = place.fingerprint.or_else(|| fingerprint::of(place));
        ledger.run(|tx| incarnation::settle(tx, fingerprint))?;
        Ok(ledger)
    }

    /// Runs jobs in one transaction, and answers each of them after the commit.
    pub fn group(&mut self, jobs: impl Iterator<Item = Job>) {
        self.run_group(jobs).answer();
    }

    /// Runs one job in a transaction of its own; what it gives is durable.
    pub fn run<T>(&mut self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let (result, committed) = self.transact(|tx| tx.map_err(Clone::clone).and_then(|tx| tx.savepoint(job)));
        committed.and(result)
    }

    /// Runs jobs in one transaction; they wait for their answers.
    pub(super) fn run_group(&mut self, jobs: impl Iterator<Item = Job>) -> Ran {
        let (finishes, committed) = self.transact(|tx| match tx {
            Ok(tx) => jobs.map(|job| job(Ok(tx))).collect(),
            Err(fault) => jobs.map(|job| job(Err(fault))).collect(),
        });
        let committed = if planted(Bug::AnswerFirst) { Ok(()) } else { committed };
        Ran { committed, finishes }
    }

    /// Runs work in a transaction, or tells it why there is none; gives also whether it was committed.
    fn transact<R>(&mut self, work: impl FnOnce(Result<&mut Tx<'_>, &Fault>) -> R) -> (R, Result<(), Fault>) {
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            let fault = Fault::from(error);
            tracing::error!(error = %fault, "no transaction");
            return (work(Err(&fault)), Err(fault));
        }
        let mut tx = Tx::new(&self.connection, &self.enrolment, &self.time, self.memory.clone());
        // Where it cannot be noted now it is with the next group.
        let _ = tx.savepoint(Tx::note_time);
        let done = work(Ok(&mut tx));
        let (sealed, memory, told) = tx.seal();
        let committed = sealed.and_then(|()| self.connection.execute_batch("COMMIT").map_err(Fault::from));
        if let Err(fault) = &committed {
            tracing::error!(error = %fault, "nothing of this group was written");
            let _ = self.connection.execute_batch("ROLLBACK"); // may have happened already
        } else {
            self.memory = memory;
            self.told.extend(told);
        }
        (done, committed)
    }

    /// The committed state that is held in memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The device's time.
    pub fn time(&self) -> &DeviceTime {
        &self.time
    }

    /// Who writes here.
    pub fn enrolment(&self) -> &Enrolment {
        &self.enrolment
    }

    /// The connection, to read what is committed.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What there is to tell the screens since this was last asked; until then it is kept.
    pub fn take_told(&mut self) -> Vec<StreamMessage> {
        std::mem::take(&mut self.told)
    }

    /// Takes some tickets into the index of words; gives whether there were any. While rows are still to come,
    /// nothing delays them.
    pub fn index_some(&mut self) -> bool {
        let whole = self.memory.ready && self.memory.start.place().is_none();
        let done = if whole { index::take_some(&self.connection) } else { Ok(false) };
        done.unwrap_or_else(|fault| {
            // Tried again after the next job; until then the status says that the index is behind.
            tracing::warn!(code = fault.code(), error = %fault, "the index of words waits");
            false
        })
    }

    /// Gives away the lock on the folder: whoever holds it now says when another may write.
    pub(super) fn give_lock(&mut self) -> Option<File> {
        self.lock.take()
    }

    /// Ends, and leaves a checkpointed file behind.
    pub fn close(mut self) {
        let _ = self.run(contact::keep_shared); // the less is kept, the more counts as not known elsewhere
        let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE"); // the log is as good
    }
}

fn lock(folder: &Path) -> Result<File, Fault> {
    let failed = |e: std::io::Error| Fault::of_disk(&e).unwrap_or_else(|| Fault::Failed(e.to_string()));
    let file = File::create(folder.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Fault::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn connect(place: &Place) -> Result<Connection, Fault> {
    if rusqlite::version_number() < MIN_SQLITE {
        return Err(Fault::Failed(format!("SQLite {} is too old", rusqlite::version())));
    }
    let mut connection = open(place)?;
    pragmas(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let flushed = if planted(Bug::LazyFlush) { "OFF" } else { "FULL" };
    connection.pragma_update(None, "synchronous", flushed)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // What a job changes is kept beside it until it ends; that need not be a file, it is gone with the process anyhow.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(Fault::Corrupt(sound));
    }
    migrate(&mut connection)?;
    Ok(connection)
}

fn open(place: &Place) -> Result<Connection, Fault> {
    let path = place.folder.join(FILE);
    let Some(vfs) = &place.vfs else { return Ok(Connection::open(path)?) };
    let connection = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs.as_str())?;
    // Nobody else looks at it, and a write-ahead log that is held alone asks its VFS for no shared memory.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

/// What refinery notes of a migration's date is the system's time, and nothing here reads it.
fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    // One by one, a loss of power between a migration and the note of it would leave a database that does not open.
    let migrated = embedded::migrations::runner().set_grouped(true).run(connection);
    migrated.map(|_| ()).map_err(|error| match error.kind() {
        refinery::error::Kind::MissingVersion(migration) => Fault::Newer(migration.to_string()),
        _ => match std::error::Error::source(&error).and_then(|e| e.downcast_ref::<rusqlite::Error>()) {
            Some(rusqlite::Error::SqliteFailure(code, text)) => {
                rusqlite::Error::SqliteFailure(*code, text.clone()).into()
            }
            _ => Fault::Failed(error.to_string()),
        },
    })
}
