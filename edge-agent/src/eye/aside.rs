//! Voices that cannot be trusted with the caller's time: each works on a thread of its own.
//!
//! Keeps true: `ask` returns by its deadline whatever the voice does. A worker that is late is
//! abandoned and counted, and its answer is thrown away; while `MAX_ABANDONED` late workers
//! still run, the voice is suspended, so a bad picture costs a bounded number of cores. A voice
//! that panics counts as having seen nothing. Threads cannot be killed: a worker that never
//! ends stays until the program does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::finder::Pass;

/// Late workers of one voice that may run on at the same time. Two leave half of a Raspberry
/// Pi's four cores to the rest of the agent, even when both spin for minutes.
const MAX_ABANDONED: u32 = 2;

/// What a voice does with one version of a picture.
pub type Job = Box<dyn FnOnce() -> Pass + Send>;

/// How asking a voice ended.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// It looked; this is what it found, and the CPU time that took.
    Done(Pass, Duration),
    /// It panicked.
    Panicked,
    /// It was not done in time; its worker is abandoned.
    Late,
    /// Too many abandoned workers still run; it was not asked.
    Suspended,
}

/// CPU time of the thread that asks. On a busy machine a clock on the wall would count what others do.
pub fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// One voice with its worker thread.
pub struct Aside {
    name: &'static str,
    worker: Option<Worker>,
    abandoned: Arc<AtomicU32>,
}

struct Worker {
    ask: Sender<Job>,
    answers: Receiver<(Option<Pass>, Duration)>,
}

impl Aside {
    /// A voice; its thread starts when it is first asked.
    pub fn new(name: &'static str) -> Aside {
        Aside { name, worker: None, abandoned: Arc::new(AtomicU32::new(0)) }
    }

    /// Abandoned workers that still run.
    pub fn abandoned_now(&self) -> u32 {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Gives it a job and waits, at most `patience`.
    pub fn ask(&mut self, job: Job, patience: Duration) -> Answer {
        if self.abandoned_now() >= MAX_ABANDONED {
            return Answer::Suspended;
        }
        let Some(worker) = self.worker.take().or_else(|| self.hire()) else {
            return Answer::Suspended;
        };
        if worker.ask.send(job).is_err() {
            return Answer::Panicked;
        }
        match worker.answers.recv_timeout(patience) {
            Ok((pass, cpu)) => {
                self.worker = Some(worker);
                pass.map_or(Answer::Panicked, |pass| Answer::Done(pass, cpu))
            }
            Err(RecvTimeoutError::Timeout) => {
                self.abandon(worker);
                Answer::Late
            }
            Err(RecvTimeoutError::Disconnected) => Answer::Panicked,
        }
    }

    /// `None` when the system gives no thread.
    fn hire(&self) -> Option<Worker> {
        let (ask, asked) = channel::<Job>();
        let (answer, answers) = channel();
        let work = move || {
            for job in asked {
                let begun = thread_cpu();
                let pass = catch_unwind(AssertUnwindSafe(job)).ok();
                if answer.send((pass, thread_cpu().saturating_sub(begun))).is_err() {
                    return;
                }
            }
        };
        let name = format!("eye-{}", self.name);
        std::thread::Builder::new().name(name).spawn(work).ok().map(|_| Worker { ask, answers })
    }

    /// Leaves a late worker to itself; a small watcher notes when it ends.
    fn abandon(&self, worker: Worker) {
        self.abandoned.fetch_add(1, Ordering::AcqRel);
        let still = Arc::clone(&self.abandoned);
        let watch = move || {
            drop(worker.ask);
            while worker.answers.recv().is_ok() {}
            still.fetch_sub(1, Ordering::AcqRel);
        };
        // Without a watcher the voice stays counted as abandoned: the safe side.
        let _ = std::thread::Builder::new().name("eye-watch".into()).spawn(watch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_secs(60);

    fn plain() -> Job {
        Box::new(Pass::default)
    }

    #[test]
    fn a_voice_that_panics_is_heard_again() {
        let mut aside = Aside::new("moody");
        assert_eq!(aside.ask(Box::new(|| panic!("on purpose")), NEVER), Answer::Panicked);
        assert!(matches!(aside.ask(plain(), NEVER), Answer::Done(..)));
    }

    #[test]
    fn late_workers_are_abandoned_up_to_the_limit_and_the_voice_returns_when_they_end() {
        let mut aside = Aside::new("held");
        let mut gates = Vec::new();
        for n in 1..=MAX_ABANDONED {
            let (gate, held) = channel::<()>();
            gates.push(gate);
            let job = move || held.recv().map_or_else(|_| Pass::default(), |()| Pass::default());
            assert_eq!(aside.ask(Box::new(job), Duration::ZERO), Answer::Late);
            assert_eq!(aside.abandoned_now(), n);
        }
        assert_eq!(aside.ask(plain(), NEVER), Answer::Suspended);
        drop(gates);
        while aside.abandoned_now() > 0 {
            std::thread::yield_now();
        }
        assert!(matches!(aside.ask(plain(), NEVER), Answer::Done(..)));
    }
}
