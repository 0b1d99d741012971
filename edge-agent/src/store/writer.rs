//! The writer: one thread around the ledger, natural group commit.
//!
//! It takes whatever is waiting and has the ledger run it in one transaction. The
//! state is published and the screens are told after the commit and before the
//! answers. While a commit waits for the disk the next group gathers; nothing ever
//! waits for more work to come.

use super::Fault;
use super::ledger::{Job, Ledger};
use super::memory::Memory;
use std::sync::{Arc, mpsc};
use tidegate_core::api::StreamMessage;
use tokio::sync::{broadcast, watch};

/// Jobs in one transaction: at some 50 µs each the last one waits 25 ms at worst.
const MAX_GROUP: usize = 512;
/// Jobs waiting before senders are held back.
const QUEUE: usize = 4_096;

/// Starts the writer on its own thread.
pub(super) fn spawn(
    ledger: Ledger,
    published: watch::Sender<Arc<Memory>>,
    messages: broadcast::Sender<StreamMessage>,
) -> Result<mpsc::SyncSender<Job>, Fault> {
    let (jobs, queue) = mpsc::sync_channel(QUEUE);
    let writer = Writer { ledger, published, messages };
    let thread = std::thread::Builder::new().name("store-writer".into());
    thread.spawn(move || writer.run(&queue)).map_err(|e| Fault::Failed(e.to_string()))?;
    Ok(jobs)
}

struct Writer {
    ledger: Ledger,
    published: watch::Sender<Arc<Memory>>,
    messages: broadcast::Sender<StreamMessage>,
}

impl Writer {
    fn run(mut self, queue: &mpsc::Receiver<Job>) {
        while let Some(first) = self.next(queue) {
            let group = std::iter::once(first).chain(queue.try_iter().take(MAX_GROUP - 1));
            let ran = self.ledger.run_group(group);
            if ran.is_committed() {
                self.publish();
            }
            ran.answer();
        }
        self.ledger.close(); // every handle is gone
    }

    /// The next job; while none waits, the index of words catches up, some tickets at a time.
    fn next(&mut self, queue: &mpsc::Receiver<Job>) -> Option<Job> {
        loop {
            match queue.try_recv() {
                Err(mpsc::TryRecvError::Empty) if self.ledger.index_some() => {}
                Err(mpsc::TryRecvError::Empty) => return queue.recv().ok(),
                job => return job.ok(),
            }
        }
    }

    fn publish(&mut self) {
        self.published.send_replace(Arc::new(self.ledger.memory().clone()));
        // Nobody listening is fine: screens come and go.
        self.ledger.take_told().into_iter().for_each(|message| drop(self.messages.send(message)));
    }
}
