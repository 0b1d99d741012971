//! One queue of people with one source of pictures and one eye.
//!
//! Keeps true: one thread fetches, one reads, and everything that happens is told through one
//! callback, in order of each thread; a source that fails or falls silent is reported within two
//! seconds and opened again with growing pauses; dropping the lane stops it. A thread that is
//! stuck in a source ends with its next picture. SAME is judged here, verdicts are not.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::choice::several;
use super::health::{Doubt, Health, TICK};
use super::same::Same;
use super::sight::Sight;
use super::slot::{Slot, Taken};
use super::{Frame, FrameError, FrameSource, Opener, Tempo};
use crate::eye::{Eye, EyeCounts, EyeSettings, Seen};

/// How often is asked again which of several codes is meant, while all of them stay.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// Whether a code is one of a ticket, as far as can be said without deciding.
pub type IsTicket = Box<dyn Fn(&str) -> bool + Send>;

/// What can be set for a lane.
#[derive(Default)]
pub struct LaneSettings {
    /// Its eye's.
    pub eye: EyeSettings,
    /// Which codes people may have to choose between; none, if absent.
    pub is_ticket: Option<IsTicket>,
}

/// A code seen on a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// What and where.
    pub seen: Seen,
    /// How long ago the same code came to this lane, when it is still the same (not a new scan).
    pub same_for: Option<Duration>,
}

/// What happens on a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneEvent {
    /// A picture was read; most live ones show nothing.
    Read {
        /// Number of the picture on this lane, from 1; dropped ones count.
        frame_id: u64,
        /// Its name.
        name: String,
        /// The codes, nearest to the centre first.
        seen: Vec<Sighting>,
        /// Milliseconds the eye took.
        decode_ms: f32,
    },
    /// So many tickets are held up beside each other, and none of them is scanned: which is meant cannot be said.
    Several(usize),
    /// One picture could not be used; the source goes on.
    Rejected(FrameError),
    /// The source delivers no more; it is being opened again.
    SourceLost(FrameError),
    /// It delivers again.
    SourceBack {
        /// How long it was lost.
        after: Duration,
    },
    /// Everything there was has been read; nothing more will come.
    Ended,
}

/// What a lane has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneCounts {
    /// Whether the source delivers.
    pub up: bool,
    /// Pictures fetched.
    pub frames: u64,
    /// Live pictures dropped for newer ones.
    pub dropped: u64,
    /// Pictures that could not be used.
    pub rejected: u64,
    /// Codes seen, without those that were still the same.
    pub codes: u64,
    /// The eye's own counts.
    pub eye: EyeCounts,
}

/// A running lane; dropping it stops it.
pub struct Lane {
    shared: Arc<Shared>,
}

struct Shared {
    slot: Slot,
    health: Mutex<Health>,
    eye: Mutex<EyeCounts>,
    steps: Mutex<BTreeMap<&'static str, u64>>,
    rejected: AtomicU64,
    codes: AtomicU64,
    tell: Box<dyn Fn(LaneEvent) + Send + Sync>,
}

impl Lane {
    /// Starts fetching and reading; everything is told through `tell`, from two threads.
    /// Fails only when the system gives no thread.
    pub fn start(
        mut opener: Opener,
        settings: LaneSettings,
        tell: impl Fn(LaneEvent) + Send + Sync + 'static,
    ) -> std::io::Result<Lane> {
        let shared = Arc::new(Shared {
            slot: Slot::default(),
            health: Mutex::new(Health::new(Instant::now())),
            eye: Mutex::default(),
            steps: Mutex::default(),
            rejected: AtomicU64::new(0),
            codes: AtomicU64::new(0),
            tell: Box::new(tell),
        });
        let lane = Lane { shared: Arc::clone(&shared) };
        let fetching = Arc::clone(&shared);
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        thread("lane-fetch").spawn(move || fetching.fetch(&mut opener))?;
        thread("lane-read").spawn(move || shared.read(settings))?;
        Ok(lane)
    }

    /// What it has done so far.
    pub fn counts(&self) -> LaneCounts {
        let (frames, dropped) = self.shared.slot.counts();
        LaneCounts {
            up: self.shared.health().up(),
            frames,
            dropped,
            rejected: self.shared.rejected.load(Ordering::Relaxed),
            codes: self.shared.codes.load(Ordering::Relaxed),
            eye: *lock(&self.shared.eye),
        }
    }
}

impl Lane {
    /// Codes by the step of the eye that read them first, without those that were still the same.
    pub fn steps(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.shared.steps).clone()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shared.slot.close();
    }
}

/// Why a source gives no more.
struct Failed {
    error: FrameError,
    /// Whether it could be opened.
    opened: bool,
}

fn gave_up() -> FrameError {
    FrameError::Gone { path: "source".into(), why: "what reads it gave up; the log says where".to_owned() }
}

/// Values behind these locks are whole after every statement; a panic elsewhere does not spoil them.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.health)
    }

    /// Opens the source again and again until it has ended or the lane is dropped.
    fn fetch(&self, opener: &mut Opener) {
        while !self.slot.is_closed() {
            // A driver's or a decoder's panic is one more way of failing.
            let tried = catch_unwind(AssertUnwindSafe(|| match opener() {
                Ok(mut source) => self.drain(source.as_mut()),
                Err(error) => Failed { error, opened: false },
            }));
            let failed = tried.unwrap_or_else(|_| Failed { error: gave_up(), opened: true });
            if !failed.opened && failed.error == FrameError::Ended {
                break;
            }
            // The end of a stream is no loss yet: its next writer may be at the door already, and
            // if not, silence will tell.
            if failed.error != FrameError::Ended {
                self.lost(failed.error);
            }
            let pause = self.health().next_pause();
            self.slot.pause(pause);
        }
        self.slot.close();
    }

    /// Hands over what an open source gives; the error that ended it.
    fn drain(&self, source: &mut dyn FrameSource) -> Failed {
        let tempo = source.tempo();
        let mut sight = source.is_camera().then(Sight::default);
        self.health().opened(tempo, Instant::now());
        let error = loop {
            match source.next() {
                Ok(frame) => {
                    match sight.as_mut().and_then(|sight| sight.judge(&frame.grey)) {
                        None => self.heard(),
                        Some(doubt) => self.health().doubted(doubt),
                    }
                    if !self.slot.put(frame, tempo) {
                        break FrameError::Ended;
                    }
                }
                Err(error) if error.ends_source() => break error,
                Err(FrameError::Nothing) => self.heard(),
                Err(error) => self.reject(error, tempo),
            }
            if self.slot.is_closed() {
                break FrameError::Ended;
            }
        };
        Failed { error, opened: true }
    }

    fn heard(&self) {
        let back = self.health().heard(Instant::now());
        if let Some(after) = back {
            (self.tell)(LaneEvent::SourceBack { after });
        }
    }

    /// A live picture that cannot be used is one of many, and told only where none can be; any other is told.
    fn reject(&self, error: FrameError, tempo: Tempo) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        match tempo {
            Tempo::Live => self.health().doubted(Doubt::Unread(error.why())),
            Tempo::InTurn => {
                self.heard();
                (self.tell)(LaneEvent::Rejected(error));
            }
        }
    }

    fn lost(&self, error: FrameError) {
        if !self.slot.is_closed() && self.health().failed(Instant::now()) {
            (self.tell)(LaneEvent::SourceLost(error));
        }
    }

    /// Reads what is handed over, and watches the clock meanwhile.
    fn read(&self, settings: LaneSettings) {
        let LaneSettings { eye, is_ticket } = settings;
        let mut reader = Reader { eye: Eye::new(eye), same: Same::default(), is_ticket, asked: None };
        loop {
            match self.slot.take(TICK) {
                Taken::Frame(frame_id, frame) => self.read_one(&mut reader, frame_id, frame),
                Taken::Nothing => {}
                Taken::Closed => break,
            }
            let silent = self.health().tick(Instant::now());
            if let Some(error) = silent {
                (self.tell)(LaneEvent::SourceLost(error));
            }
        }
        (self.tell)(LaneEvent::Ended);
    }

    fn read_one(&self, reader: &mut Reader, frame_id: u64, frame: Frame) {
        let (begun, tempo) = (Instant::now(), self.health().tempo());
        let codes = match tempo {
            Tempo::Live => reader.eye.watch(&frame.grey),
            Tempo::InTurn => reader.eye.read(&frame.grey),
        };
        let decode_ms = begun.elapsed().as_secs_f32() * 1e3;
        *lock(&self.eye) = reader.eye.counts();
        let size = (frame.grey.width, frame.grey.height);
        // Whoever puts pictures into a folder cannot be asked.
        let several = if tempo == Tempo::Live { reader.several(&codes, size, begun) } else { 0 };
        if several > 1 {
            if reader.asks(begun) {
                (self.tell)(LaneEvent::Several(several));
            }
            return;
        }
        let judge = |seen: Seen| Sighting { same_for: reader.same.sight(&seen.text, begun), seen };
        let seen: Vec<Sighting> = codes.into_iter().map(judge).collect();
        let mut steps = lock(&self.steps);
        for new in seen.iter().filter(|s| s.same_for.is_none()) {
            self.codes.fetch_add(1, Ordering::Relaxed);
            *steps.entry(new.seen.step).or_default() += 1;
        }
        drop(steps);
        (self.tell)(LaneEvent::Read { frame_id, name: frame.name, seen, decode_ms });
    }
}

/// What the reading thread keeps from one picture to the next.
struct Reader {
    eye: Eye,
    same: Same,
    is_ticket: Option<IsTicket>,
    asked: Option<Instant>,
}

impl Reader {
    /// How many tickets people have to choose between.
    fn several(&self, codes: &[Seen], size: (u32, u32), now: Instant) -> usize {
        self.is_ticket.as_ref().map_or(0, |is_ticket| several(codes, size, &self.same, is_ticket, now))
    }

    /// Whether it is time to ask which is meant.
    fn asks(&mut self, now: Instant) -> bool {
        let due = self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_AGAIN);
        if due {
            self.asked = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests;
