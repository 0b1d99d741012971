//! Voices that cannot be trusted with the caller's time: each runs on a thread of its own.
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

use super::finder::Found;
use super::grey::Grey;

/// Late workers of one voice that may run on at the same time. Two leave half of a Raspberry
/// Pi's four cores to the rest of the agent, even when both spin for minutes.
const MAX_ABANDONED: u32 = 2;

/// What a voice does with a picture.
pub type Listen = fn(&Grey) -> Vec<Found>;

/// How asking a voice ended.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// It looked and found these.
    Found(Vec<Found>),
    /// It panicked.
    Panicked,
    /// It was not done in time; its worker is abandoned.
    Late,
    /// Too many abandoned workers still run; it was not asked.
    Suspended,
}

/// One voice with its worker thread.
pub struct Aside {
    name: &'static str,
    listen: Listen,
    worker: Option<Worker>,
    abandoned: Arc<AtomicU32>,
}

struct Worker {
    ask: Sender<Arc<Grey>>,
    answers: Receiver<Option<Vec<Found>>>,
}

impl Aside {
    /// A voice; its thread starts when it is first asked.
    pub fn new(name: &'static str, listen: Listen) -> Aside {
        Aside { name, listen, worker: None, abandoned: Arc::new(AtomicU32::new(0)) }
    }

    /// Abandoned workers that still run.
    pub fn abandoned_now(&self) -> u32 {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Shows it a picture and waits, at most `patience`.
    pub fn ask(&mut self, grey: &Arc<Grey>, patience: Duration) -> Answer {
        if self.abandoned_now() >= MAX_ABANDONED {
            return Answer::Suspended;
        }
        let Some(worker) = self.worker.take().or_else(|| self.hire()) else {
            return Answer::Suspended;
        };
        if worker.ask.send(Arc::clone(grey)).is_err() {
            return Answer::Panicked;
        }
        match worker.answers.recv_timeout(patience) {
            Ok(answer) => {
                self.worker = Some(worker);
                answer.map_or(Answer::Panicked, Answer::Found)
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
        let (ask, asked) = channel::<Arc<Grey>>();
        let (answer, answers) = channel();
        let listen = self.listen;
        let work = move || {
            for grey in asked {
                let found = catch_unwind(AssertUnwindSafe(|| listen(&grey))).ok();
                if answer.send(found).is_err() {
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
    use std::sync::{Condvar, Mutex};

    const NEVER: Duration = Duration::from_secs(60);

    fn grey(fill: u8) -> Arc<Grey> {
        Arc::new(Grey { width: 1, height: 1, luma: vec![fill] })
    }

    /// Workers held here until the test lets them go.
    static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    fn held(_: &Grey) -> Vec<Found> {
        let open = GATE.0.lock().expect("no test panics holding it");
        drop(GATE.1.wait_while(open, |open| !*open));
        Vec::new()
    }

    fn moody(grey: &Grey) -> Vec<Found> {
        assert!(grey.luma[0] != 13, "thirteen");
        vec![Found { text: "yes".into(), corners: [(0.0, 0.0); 4] }]
    }

    #[test]
    fn a_voice_that_panics_is_heard_again() {
        let mut aside = Aside::new("moody", moody);
        assert_eq!(aside.ask(&grey(13), NEVER), Answer::Panicked);
        assert!(matches!(aside.ask(&grey(1), NEVER), Answer::Found(f) if f[0].text == "yes"));
    }

    #[test]
    fn late_workers_are_abandoned_up_to_the_limit_and_the_voice_returns_when_they_end() {
        let mut aside = Aside::new("held", held);
        for n in 1..=MAX_ABANDONED {
            assert_eq!(aside.ask(&grey(0), Duration::ZERO), Answer::Late);
            assert_eq!(aside.abandoned_now(), n);
        }
        assert_eq!(aside.ask(&grey(0), NEVER), Answer::Suspended);
        *GATE.0.lock().expect("no test panics holding it") = true;
        GATE.1.notify_all();
        while aside.abandoned_now() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(aside.ask(&grey(0), NEVER), Answer::Found(Vec::new()));
    }
}
