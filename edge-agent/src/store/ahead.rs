//! Runs verified ahead of the writer: what takes no database is done beside it.
//!
//! Chains and signatures of a message are a fifth of the work that it makes, and need nothing but the message, the keys
//! of authors who were known before it, and the hash that each run says it follows. Another thread goes through them in
//! order, a few runs ahead, while the writer takes in what is verified. The writer judges for itself what a run follows
//! and whose it is; what was verified against anything else is verified again.

use super::Fault;
use super::tx::Tx;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use tidegate_core::id::EventId;
use tidegate_core::journal::{Run, RunFault, Verified, genesis};
use tidegate_core::seal::{Hash, PublicKey};

/// A message of fewer entries is verified in less time than a thread takes to start.
const WORTH_A_THREAD: usize = 512;
/// So many runs are kept that the writer has not come to: what a hostile message becomes in memory is bounded by it.
const RUNS_AHEAD: usize = 2;

/// A run as it was verified ahead.
pub(super) struct Ahead {
    key: PublicKey,
    previous: Hash,
    /// What came of it.
    pub verified: Result<Vec<Verified>, RunFault>,
}

impl Ahead {
    /// Whether it was verified by this key, after this hash.
    pub fn is_of(&self, key: &PublicKey, previous: Hash) -> bool {
        self.key == *key && self.previous == previous
    }

    fn of(run: &Run, event: EventId, key: Option<PublicKey>) -> Option<Self> {
        let (key, first) = (key?, (run.first == 1).then(|| genesis(event, run.journal)));
        let previous = first.or(run.previous)?;
        Some(Self { key, previous, verified: run.verify(event, &key, previous) })
    }
}

/// Takes runs in, one after the other, each with what was verified of it meanwhile.
pub(super) fn beside(
    tx: &mut Tx<'_>,
    runs: &[Run],
    mut take: impl FnMut(&mut Tx<'_>, &Run, Option<Ahead>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let entries: usize = runs.iter().map(|run| run.entries.len()).sum();
    if entries < WORTH_A_THREAD {
        return runs.iter().try_for_each(|run| take(tx, run, None));
    }
    let key = |run: &Run| tx.memory.authors.get(&run.journal).map(|author| author.identity.key);
    let (event, keys): (EventId, Vec<Option<PublicKey>>) = (tx.enrolment.event(), runs.iter().map(key).collect());
    let (tell, told) = sync_channel(RUNS_AHEAD);
    // What the writer listens by ends with the closure, whether it fails or panics: then nobody waits for the other.
    thread::scope(move |scope| {
        let verify = move || verify(event, runs, keys, &tell);
        // Without a thread to be had, nothing is told, and the writer verifies.
        drop(thread::Builder::new().name("verifier".into()).spawn_scoped(scope, verify));
        runs.iter().try_for_each(|run| take(tx, run, told.recv().ok().flatten()))
    })
}

fn verify(event: EventId, runs: &[Run], keys: Vec<Option<PublicKey>>, tell: &SyncSender<Option<Ahead>>) {
    for (run, key) in runs.iter().zip(keys) {
        // Nobody listens any more where the writer has failed.
        if tell.send(Ahead::of(run, event, key)).is_err() {
            return;
        }
    }
}
