//! The writer: one thread, natural group commit.
//!
//! It takes whatever is waiting, runs each job in the order it came inside one
//! transaction, each under a savepoint so that one that fails changes nothing,
//! signs the journal's head, commits, and only then answers anybody. While a
//! commit waits for the disk the next group gathers; nothing ever waits for more
//! work to come.

use super::Fault;
use super::identity::Enrolment;
use super::index;
use super::memory::Memory;
use super::tx::Tx;
use crate::time::DeviceTime;
use rusqlite::Connection;
use std::sync::{Arc, mpsc};
use tidegate_core::api::StreamMessage;
use tokio::sync::{broadcast, oneshot, watch};

/// Jobs in one transaction: at some 50 µs each the last one waits 25 ms at worst.
const MAX_GROUP: usize = 512;
/// Jobs waiting before senders are held back.
const QUEUE: usize = 4_096;

/// Tells the outcome once the commit is known.
type Finish = Box<dyn FnOnce(Result<(), Fault>) + Send>;
/// Work for the writer, or the fault that kept it from starting; gives what tells its outcome.
pub type Job = Box<dyn FnOnce(Result<&mut Tx<'_>, &Fault>) -> Finish + Send>;

/// Wraps work whose result is sent after the commit.
pub(super) fn job<T: Send + 'static>(
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    answer: oneshot::Sender<Result<T, Fault>>,
) -> Job {
    Box::new(move |tx| {
        let result = tx.map_err(Clone::clone).and_then(|tx| tx.savepoint(work));
        Box::new(move |committed| {
            // Nobody waiting any more is no fault: the entry is on disk all the same.
            let _ = answer.send(committed.and(result));
        })
    })
}

/// Starts the writer on its own thread.
pub(super) fn spawn(
    connection: Connection,
    enrolment: Enrolment,
    time: DeviceTime,
    memory: Memory,
    published: watch::Sender<Arc<Memory>>,
    messages: broadcast::Sender<StreamMessage>,
) -> Result<mpsc::SyncSender<Job>, Fault> {
    let (jobs, queue) = mpsc::sync_channel(QUEUE);
    let writer = Writer { connection, enrolment: Arc::new(enrolment), time, memory, published, messages };
    let thread = std::thread::Builder::new().name("store-writer".into());
    thread.spawn(move || writer.run(&queue)).map_err(|e| Fault::Failed(e.to_string()))?;
    Ok(jobs)
}

struct Writer {
    connection: Connection,
    enrolment: Arc<Enrolment>,
    time: DeviceTime,
    memory: Memory,
    published: watch::Sender<Arc<Memory>>,
    messages: broadcast::Sender<StreamMessage>,
}

impl Writer {
    fn run(mut self, queue: &mpsc::Receiver<Job>) {
        while let Some(first) = self.next(queue) {
            let group = std::iter::once(first).chain(queue.try_iter().take(MAX_GROUP - 1));
            self.group(group);
        }
        // Every handle is gone: leave a checkpointed file behind.
        let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    /// The next job; while none waits, the index of words catches up, some tickets at a time.
    fn next(&self, queue: &mpsc::Receiver<Job>) -> Option<Job> {
        loop {
            match queue.try_recv() {
                Err(mpsc::TryRecvError::Empty) if self.index_some() => {}
                Err(mpsc::TryRecvError::Empty) => return queue.recv().ok(),
                job => return job.ok(),
            }
        }
    }

    /// Whether there was something to index. Before the first feed is whole, nothing delays it.
    fn index_some(&self) -> bool {
        let done = if self.memory.ready { index::take_some(&self.connection) } else { Ok(false) };
        done.unwrap_or_else(|fault| {
            // Tried again after the next job; until then the status says that the index is behind.
            tracing::warn!(code = fault.code(), error = %fault, "the index of words waits");
            false
        })
    }

    fn group(&mut self, jobs: impl Iterator<Item = Job>) {
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            let fault = Fault::from(error);
            tracing::error!(error = %fault, "no transaction");
            return jobs.for_each(|job| job(Err(&fault))(Err(fault.clone())));
        }
        let mut tx = Tx::new(&self.connection, &self.enrolment, &self.time, self.memory.clone());
        let finishes: Vec<Finish> = jobs.map(|job| job(Ok(&mut tx))).collect();
        let (sealed, memory, told) = tx.seal();
        let committed = sealed.and_then(|()| self.connection.execute_batch("COMMIT").map_err(Fault::from));
        if let Err(fault) = &committed {
            tracing::error!(error = %fault, "nothing of this group was written");
            let _ = self.connection.execute_batch("ROLLBACK"); // may have happened already
        } else {
            self.memory = memory;
            self.published.send_replace(Arc::new(self.memory.clone()));
            // Nobody listening is fine: screens come and go.
            told.into_iter().for_each(|message| drop(self.messages.send(message)));
        }
        finishes.into_iter().for_each(|finish| finish(committed.clone()));
    }
}
