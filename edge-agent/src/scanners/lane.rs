//! A scanner at work: its threads, its health, and what it tells.
//!
//! Keeps true: everything is told through one callback; what fails is told once, within two seconds, opened again with
//! growing pauses, and its return is told; silence is normal; a code in front of the lane again within five seconds is the
//! same, as with cameras; dropping it stops it and lets go of its device. Bytes that wait while the lane is busy are no
//! pause: a code ends by one only when there was nothing to read.

use super::assembler::{Assembler, Code, End, Made};
use super::device::{Keyboard, Serial, timespec};
use super::network::{Connection, MOST_CONNECTIONS};
use super::{Feed, ScannerError, ScannerSpec};
use crate::frames::{Health, Same, Tempo};
use rustix::event::{PollFd, PollFlags, poll};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a scanner is listened to before its lane looks whether it is to stop.
const TICK: Duration = Duration::from_millis(100);
/// A scanner that stays open for so long is there: some ports open and fail at once.
const STEADY: Duration = Duration::from_millis(250);

/// What a scanner tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A code that is new here.
    Code(Code),
    /// The code that was here is here still.
    Same(Code),
    /// An end behind nothing, which is none to a lane.
    Blank(End),
    /// Something could not be used; the scanner goes on.
    Trouble(ScannerError),
    /// It cannot be heard; it is being opened again.
    Lost(ScannerError),
    /// It is heard again.
    Back {
        /// How long it was not.
        after: Duration,
    },
}

/// What a scanner has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScannerCounts {
    /// Whether it is heard.
    pub up: bool,
    /// Codes, without those that were still the same.
    pub codes: u64,
}

/// A running scanner; dropping it stops it.
pub struct Scanner {
    shared: Arc<Shared>,
}

struct Shared {
    stopped: Mutex<bool>,
    stopping: Condvar,
    health: Mutex<Health>,
    same: Mutex<Same>,
    codes: AtomicU64,
    tell: Box<dyn Fn(Heard) + Send + Sync>,
}

impl Scanner {
    /// Starts listening to it; everything is told through `tell`. Fails only when the system gives no thread.
    pub fn start(spec: ScannerSpec, tell: impl Fn(Heard) + Send + Sync + 'static) -> std::io::Result<Self> {
        let now = Instant::now();
        let mut health = Health::new(now);
        health.opened(Tempo::InTurn, now);
        let shared = Arc::new(Shared {
            stopped: Mutex::default(),
            stopping: Condvar::new(),
            health: Mutex::new(health),
            same: Mutex::default(),
            codes: AtomicU64::new(0),
            tell: Box::new(tell),
        });
        let listening = shared.clone();
        thread("scanner", move || match spec {
            ScannerSpec::Keys { path } => listening.run(false, || Keyboard::open(&path)),
            ScannerSpec::Serial { path, baud } => listening.run(false, || Serial::open(&path, baud)),
            ScannerSpec::Connect { to } => listening.run(true, || Connection::to(&to)),
            ScannerSpec::Listen { address } => listening.serve(address),
        })?;
        Ok(Self { shared })
    }

    /// What it has done so far.
    pub fn counts(&self) -> ScannerCounts {
        ScannerCounts { up: lock(&self.shared.health).up(), codes: self.shared.codes.load(Ordering::Relaxed) }
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        *lock(&self.shared.stopped) = true;
        self.shared.stopping.notify_all();
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

/// Values behind these locks are whole after every statement; a panic elsewhere does not spoil them.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_stopped(&self) -> bool {
        *lock(&self.stopped)
    }

    /// Waits, but no longer than until it is stopped.
    fn rest(&self) {
        let pause = lock(&self.health).next_pause();
        // Whether it was woken or not, the loop looks.
        let _ = self.stopping.wait_timeout_while(lock(&self.stopped), pause, |stopped| !*stopped);
    }

    /// Opens it again and again until it is stopped.
    fn run<F: Feed>(&self, networked: bool, mut open: impl FnMut() -> Result<F, ScannerError>) {
        while !self.is_stopped() {
            match open().and_then(|mut feed| self.follow(&mut feed, networked, || ())) {
                Ok(()) => return,
                Err(error) => self.lost(error),
            }
            self.rest();
        }
    }

    /// Takes codes until it is stopped or the scanner fails. `came` is told of everything that came.
    fn follow(&self, feed: &mut impl Feed, networked: bool, came: impl Fn()) -> Result<(), ScannerError> {
        let opened = Instant::now();
        let (mut assembler, mut pieces) = (Assembler::new(networked, opened), Vec::new());
        let mut steady = false;
        while !self.is_stopped() {
            let until_due = assembler.due().map_or(TICK, |due| due.saturating_duration_since(Instant::now()));
            let next = feed.next(until_due.min(TICK), &mut pieces);
            let now = Instant::now();
            if let Err(error) = next {
                if matches!(error, ScannerError::Closed { .. }) {
                    self.made(assembler.closed(), now);
                }
                return Err(error);
            }
            if !steady && (!pieces.is_empty() || now.saturating_duration_since(opened) >= STEADY) {
                steady = true;
                self.heard(now);
            }
            if pieces.is_empty() {
                self.made(assembler.silent(now), now);
                continue;
            }
            came();
            for piece in pieces.drain(..) {
                self.made(assembler.take(piece, now), now);
            }
        }
        Ok(())
    }

    fn made(&self, made: Option<Made>, now: Instant) {
        let heard = match made {
            None => return,
            Some(Made::Code(code)) => match lock(&self.same).sight(&code.text, now) {
                Some(_) => Heard::Same(code),
                None => {
                    self.codes.fetch_add(1, Ordering::Relaxed);
                    Heard::Code(code)
                }
            },
            Some(Made::Blank(end)) => Heard::Blank(end),
            Some(Made::TooLong) => Heard::Trouble(ScannerError::TooLong),
            Some(Made::Spoilt) => Heard::Trouble(ScannerError::Spoilt),
        };
        (self.tell)(heard);
    }

    fn heard(&self, now: Instant) {
        let back = lock(&self.health).heard(now);
        if let Some(after) = back {
            (self.tell)(Heard::Back { after });
        }
    }

    fn lost(&self, error: ScannerError) {
        if !self.is_stopped() && lock(&self.health).failed(Instant::now()) {
            (self.tell)(Heard::Lost(error));
        }
    }

    /// Lets scanners connect until it is stopped.
    fn serve(self: &Arc<Self>, address: SocketAddr) {
        while !self.is_stopped() {
            let failed = |error: std::io::Error| ScannerError::NotListening {
                address: address.to_string(),
                why: error.to_string(),
            };
            match self.accept(address).map_err(failed) {
                Ok(()) => return,
                Err(error) => self.lost(error),
            }
            self.rest();
        }
    }

    fn accept(self: &Arc<Self>, address: SocketAddr) -> std::io::Result<()> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        self.heard(Instant::now());
        let mut guests = Guests::default();
        while !self.is_stopped() {
            let ready = poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&timespec(TICK)))?;
            if ready == 0 {
                continue;
            }
            let Ok((stream, peer)) = listener.accept() else {
                // One that left before it was let in is no fault of ours; where there is no file left for it, it waits.
                std::thread::sleep(TICK);
                continue;
            };
            if let Some(crowded) = guests.make_room() {
                (self.tell)(Heard::Trouble(crowded));
            }
            let guest = Arc::new(Guest { stream: stream.try_clone()?, peer, came: Mutex::new(Instant::now()) });
            guests.present.push(guest.clone());
            let shared = self.clone();
            thread("scanner-tcp", move || shared.entertain(stream, &guest))?;
        }
        Ok(())
    }

    /// One connection to its end.
    fn entertain(&self, stream: TcpStream, guest: &Guest) {
        let came = || *lock(&guest.came) = Instant::now();
        let connection = Connection::of(stream, guest.peer.to_string());
        let ended = connection.and_then(|mut connection| self.follow(&mut connection, true, came));
        match ended {
            // Some close after each code, and whoever made room for another did nothing wrong.
            Ok(()) | Err(ScannerError::Closed { .. }) => {}
            Err(error) => self.lost(error),
        }
        guest.part();
    }
}

/// A scanner that is connected to us.
struct Guest {
    stream: TcpStream,
    peer: SocketAddr,
    came: Mutex<Instant>,
}

impl Guest {
    /// Ends its connection; it may have ended by itself.
    fn part(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Those that are connected.
#[derive(Default)]
struct Guests {
    present: Vec<Arc<Guest>>,
    /// Whether it was said that there are too many.
    crowded: bool,
}

impl Guests {
    /// Makes room for one more; what there is to say of it, once until there is room again.
    fn make_room(&mut self) -> Option<ScannerError> {
        // The thread of each holds it while it lives.
        self.present.retain(|guest| Arc::strong_count(guest) > 1);
        if self.present.len() < MOST_CONNECTIONS {
            self.crowded = false;
            return None;
        }
        let silent = self.present.iter().enumerate().min_by_key(|(_, guest)| *lock(&guest.came));
        let gone = self.present.remove(silent.map(|(place, _)| place)?);
        gone.part();
        let news = !std::mem::replace(&mut self.crowded, true);
        news.then(|| ScannerError::Crowded { peer: gone.peer.to_string() })
    }
}

/// Where nobody listens any more, nobody stays connected.
impl Drop for Guests {
    fn drop(&mut self) {
        self.present.iter().for_each(|guest| guest.part());
    }
}

#[cfg(test)]
mod tests;
