//! The eye: finds ticket codes in a grey picture.
//!
//! Keeps true: `read` never panics and returns within about its budget whatever the picture
//! (every decoder runs behind `catch_unwind` on a thread of its own with a hard deadline); the nearest code to the centre comes first, no text comes twice; everything left
//! out for want of time is counted. Common frames are cheap: a half-size look comes first and
//! an empty scene soon gets the slow steps only now and then. It does not judge what a code says.

mod aside;
mod cascade;
mod elastic;
mod field;
mod finder;
mod grey;
mod voices;

use std::time::{Duration, Instant};

use aside::{Answer, Aside, Job};
pub use cascade::Touch;
use cascade::{CASCADE, Desk, Pace, Step, TOUCHES, Voice};
use finder::{Found, Pass};
pub use grey::Grey;

/// Longest side looked at: native multi-megapixel pictures read no more codes than 1280 px and
/// cost up to ten times as much.
const LONG_SIDE: u32 = 1280;
/// The smallest QR code has 21 modules; a picture with fewer pixels on a side holds none.
const SHORT_SIDE: u32 = 21;
/// Default budget: no frame takes longer than a tenth of a second, with what it takes to hear of it, and a
/// Raspberry Pi 4 (four to five times slower than where the steps were measured) reaches the sharp steps.
const BUDGET: Duration = Duration::from_millis(92);
/// A step is taken where this many times what it costs is left: it costs more where more is in the picture, and the
/// voices that cannot be told to stop are abandoned when they are late.
const RESERVE: f32 = 1.3;
const RESERVE_OF_DEAF: f32 = 2.0;
/// Up to so many pixels the full size is looked at even where the half size was read: it costs little there, and in
/// half of it a second code is too small to be seen.
const SMALL: usize = 640 * 480;
/// The step that looks there.
const SECOND_LOOK: &str = "full";
/// Frames in a row without any trace of a code before the slow steps rest.
const REST_AFTER: u32 = 10;
/// While resting, one frame in this many still gets the slow steps.
const REST_EVERY: u32 = 5;
/// Finder patterns in one pass that count as a trace of a code; noise shows one now and then.
const TRACE: usize = 2;
/// Weight of the newest measurement in a cost.
const COST_WEIGHT: f32 = 0.2;
/// How fast the cost of a step that is left out comes down to what it costs as a rule, so that one slow frame does
/// not shut a step out for ever.
const FORGET_WEIGHT: f32 = 0.05;
/// A late step would have taken longer than it was waited for; by guess, this many times, so that
/// it is soon skipped rather than abandoned frame after frame.
const LATE_FACTOR: f32 = 4.0;

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct EyeSettings {
    /// Time for one frame.
    pub budget: Duration,
    /// Frames without a trace of a code after which the slow steps rest; `u32::MAX` for never.
    pub rest_after: u32,
    /// Whether the late voice speaks.
    pub late_voice: LateVoice,
}

/// Whether rqrr is asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateVoice {
    /// Asked last, within the budget.
    On,
    /// Never asked.
    Off,
}

impl Default for EyeSettings {
    fn default() -> Self {
        EyeSettings { budget: BUDGET, rest_after: REST_AFTER, late_voice: LateVoice::On }
    }
}

impl EyeSettings {
    /// For pictures that come one by one: each gets every step that its time allows.
    pub fn still() -> Self {
        EyeSettings { rest_after: u32::MAX, ..Self::default() }
    }
}

/// One code seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// What it says.
    pub text: String,
    /// Its corners in the picture given, in turn from the code's own top left.
    pub corners: [(f32, f32); 4],
    /// The step that read it.
    pub step: &'static str,
}

/// What the eye has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EyeCounts {
    /// Pictures shown.
    pub frames: u64,
    /// Pictures in which something was read.
    pub read: u64,
    /// Pictures refused: their bytes do not match their size.
    pub broken: u64,
    /// Steps left out because they did not fit the budget.
    pub skipped: u64,
    /// Frames in which the slow steps rested.
    pub rested: u64,
    /// Decoder panics caught.
    pub panics: u64,
    /// Times a voice missed the deadline and its worker was abandoned.
    pub late: u64,
    /// Times a voice was not asked because too many of its abandoned workers still ran.
    pub suspended: u64,
}

/// The decoder; one for each lane.
pub struct Eye {
    settings: EyeSettings,
    counts: EyeCounts,
    cost: [f32; CASCADE.len()],
    making: [f32; TOUCHES.len()],
    quiet: u32,
    finder: Aside,
    quircs: Aside,
    rqrr: Aside,
}

impl Eye {
    /// An eye with nothing seen yet.
    pub fn new(settings: EyeSettings) -> Eye {
        Eye {
            settings,
            counts: EyeCounts::default(),
            cost: CASCADE.map(|step| step.ns_per_px),
            making: TOUCHES.map(Touch::ns_per_px),
            quiet: 0,
            finder: Aside::new("finder"),
            quircs: Aside::new("quircs"),
            rqrr: Aside::new("rqrr"),
        }
    }

    /// What it has done so far.
    pub fn counts(&self) -> EyeCounts {
        self.counts
    }

    /// What each step costs on this machine, as far as it was taken: nanoseconds a pixel.
    pub fn costs(&self) -> impl Iterator<Item = (&'static str, f32)> {
        CASCADE.iter().map(|step| step.name).zip(self.cost)
    }

    /// The same of making each version of the picture.
    pub fn makings(&self) -> impl Iterator<Item = (Touch, f32)> {
        TOUCHES.into_iter().zip(self.making)
    }

    /// All codes in the picture, nearest to its centre first, each text once.
    pub fn read(&mut self, grey: &Grey) -> Vec<Seen> {
        self.counts.frames += 1;
        if !grey.is_whole() {
            self.counts.broken += 1;
            return Vec::new();
        }
        if grey.width.min(grey.height) < SHORT_SIDE {
            return Vec::new();
        }
        let until = Instant::now() + self.settings.budget;
        let (desk, scale) = lay_out(grey);
        let seen = self.look(desk, until);
        self.counts.read += u64::from(!seen.is_empty());
        sort_out(seen, scale, grey)
    }

    /// Takes the steps in order until the frame is read as far as it is worth.
    fn look(&mut self, mut desk: Desk, until: Instant) -> Vec<Seen> {
        let mut seen: Vec<Seen> = Vec::new();
        let (mut traces, mut sets): (usize, Vec<[(f32, f32); 3]>) = (0, Vec::new());
        let small = desk.full().luma.len() <= SMALL;
        for (i, step) in CASCADE.iter().enumerate() {
            let all_read = || sets.iter().all(|set| seen.iter().any(|one| is_of(set, &one.corners)));
            if !seen.is_empty() && all_read() && !(small && step.name == SECOND_LOOK) {
                continue;
            }
            if step.pace == Pace::Slow && seen.is_empty() && self.rests(i, traces) {
                break;
            }
            let pass = self.take(i, step, &mut desk, until);
            traces = traces.max(pass.unread.len());
            seen.extend(pass.found.into_iter().map(|found| seen_by(step, found)));
            sets.extend(pass.sets);
        }
        if !seen.is_empty() {
            self.quiet = 0;
        }
        seen
    }

    /// Whether an empty scene lets this frame go by without the slow steps.
    fn rests(&mut self, step: usize, traces: usize) -> bool {
        let first_slow = CASCADE[..step].iter().all(|s| s.pace == Pace::Quick);
        if !first_slow {
            return false;
        }
        self.quiet = if traces >= TRACE { 0 } else { self.quiet.saturating_add(1) };
        let over = self.quiet.saturating_sub(self.settings.rest_after);
        let rests = over > 0 && !over.is_multiple_of(REST_EVERY);
        self.counts.rested += u64::from(rests);
        rests
    }

    /// One step, if it fits; its cost is learnt.
    fn take(&mut self, i: usize, step: &Step, desk: &mut Desk, until: Instant) -> Pass {
        if step.voice == Voice::Rqrr && self.settings.late_voice == LateVoice::Off {
            return Pass::default();
        }
        let pixels = desk.full().luma.len() as f32;
        let reserve = match step.voice {
            Voice::Finder | Voice::Elastic => RESERVE,
            Voice::Quircs | Voice::Rqrr => RESERVE_OF_DEAF,
        };
        let making = if desk.has(step.touch) { 0.0 } else { self.making[step.touch as usize] };
        let fits = |ns_per_px: f32| {
            Duration::from_nanos((ns_per_px * pixels) as u64) <= until.saturating_duration_since(Instant::now())
        };
        if !fits(making * RESERVE + self.cost[i] * reserve) {
            self.counts.skipped += 1;
            let usual = step.ns_per_px * self.slowness();
            self.cost[i] += (usual - self.cost[i]).min(0.0) * FORGET_WEIGHT;
            return Pass::default();
        }
        if !desk.has(step.touch) {
            let (begun, learnt) = (Instant::now(), &mut self.making[step.touch as usize]);
            desk.grey(step.touch);
            *learnt += (begun.elapsed().as_nanos() as f32 / pixels - *learnt) * COST_WEIGHT;
        }
        let (begun, late) = (Instant::now(), self.counts.late);
        let pass = self.ask(step, desk, until);
        let mut took = begun.elapsed().as_nanos() as f32 / pixels;
        if self.counts.late > late {
            took *= LATE_FACTOR;
        }
        self.cost[i] += (took - self.cost[i]) * COST_WEIGHT;
        pass
    }

    /// How many times slower this machine is than the one that the table of steps is from, by the step that every
    /// picture gets.
    fn slowness(&self) -> f32 {
        (self.cost[0] / CASCADE[0].ns_per_px).max(1.0)
    }

    fn ask(&mut self, step: &Step, desk: &mut Desk, until: Instant) -> Pass {
        let Some(job) = job(step, desk, until) else {
            return Pass::default();
        };
        let aside = match step.voice {
            Voice::Finder | Voice::Elastic => &mut self.finder,
            Voice::Quircs => &mut self.quircs,
            Voice::Rqrr => &mut self.rqrr,
        };
        let answer = aside.ask(job, until.saturating_duration_since(Instant::now()));
        scaled(self.counts.settle(answer), step)
    }
}

impl EyeCounts {
    /// Counts how a voice answered and gives what it found.
    fn settle(&mut self, answer: Answer) -> Pass {
        match answer {
            Answer::Done(pass) => return pass,
            Answer::Panicked => self.panics += 1,
            Answer::Late => self.late += 1,
            Answer::Suspended => self.suspended += 1,
        }
        Pass::default()
    }
}

/// A step's work, with the version of the picture it needs; `None` when that cannot be made.
fn job(step: &Step, desk: &mut Desk, until: Instant) -> Option<Job> {
    let found = |found| Pass { found, ..Pass::default() };
    let look = step.look;
    let grey = desk.grey(step.touch);
    Some(match step.voice {
        Voice::Finder => {
            let bits = desk.bits(step.touch, look)?;
            Box::new(move || finder::read(&bits, until))
        }
        Voice::Elastic => {
            let bits = desk.bits(step.touch, look)?;
            Box::new(move || elastic::read(&grey, &bits, look, until))
        }
        Voice::Quircs => Box::new(move || found(voices::quircs(&grey))),
        Voice::Rqrr => Box::new(move || found(voices::rqrr(&grey))),
    })
}

/// The frame at the size it is looked at, and how much larger the original is.
fn lay_out(grey: &Grey) -> (Desk, f32) {
    let long = grey.long_side();
    if long <= LONG_SIDE {
        return (Desk::new(grey.clone()), 1.0);
    }
    let fit = |side: u32| (u64::from(side) * u64::from(LONG_SIDE) / u64::from(long)).max(1) as u32;
    let small = grey::shrink(grey, fit(grey.width), fit(grey.height));
    (Desk::new(small), long as f32 / LONG_SIDE as f32)
}

/// A pass in the frame's coordinates instead of its version's.
fn scaled(mut pass: Pass, step: &Step) -> Pass {
    let scale = cascade::scale_of(step.touch);
    for found in &mut pass.found {
        found.corners = found.corners.map(|(x, y)| (x * scale, y * scale));
    }
    for set in &mut pass.sets {
        *set = set.map(|(x, y)| (x * scale, y * scale));
    }
    pass
}

/// Whether three finder patterns are those of a code that was read: they lie in it, and are as far apart as it is
/// large. A code within a code is another one.
fn is_of(set: &[(f32, f32); 3], corners: &[(f32, f32); 4]) -> bool {
    /// Centres lie 3.5 modules inside; of the smallest code that leaves two thirds of its side.
    const LEAST: f32 = 0.5;
    let apart = |a: (f32, f32), b: (f32, f32)| (a.0 - b.0).hypot(a.1 - b.1);
    let inside = set.iter().filter(|&&at| finder::holds(corners, at)).count();
    inside >= 2 && apart(set[0], set[1]) > LEAST * apart(corners[0], corners[1])
}

fn seen_by(step: &Step, found: Found) -> Seen {
    Seen { text: found.text, corners: found.corners, step: step.name }
}

/// In the original's coordinates, nearest to its centre first, each text once.
fn sort_out(mut seen: Vec<Seen>, scale: f32, grey: &Grey) -> Vec<Seen> {
    for one in &mut seen {
        one.corners = one.corners.map(|(x, y)| (x * scale, y * scale));
    }
    let centre = (grey.width as f32 / 2.0, grey.height as f32 / 2.0);
    seen.sort_by(|a, b| off(a, centre).total_cmp(&off(b, centre)));
    let mut kept: Vec<Seen> = Vec::new();
    for one in seen {
        if !kept.iter().any(|k| k.text == one.text) {
            kept.push(one);
        }
    }
    kept
}

/// How far a code's middle is from a point, squared.
fn off(seen: &Seen, from: (f32, f32)) -> f32 {
    let x = seen.corners.iter().map(|c| c.0).sum::<f32>() / 4.0 - from.0;
    let y = seen.corners.iter().map(|c| c.1).sum::<f32>() / 4.0 - from.1;
    x * x + y * y
}

#[cfg(test)]
pub(crate) mod tests;
