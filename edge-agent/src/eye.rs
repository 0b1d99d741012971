//! The eye: finds ticket codes in a grey picture.
//!
//! Keeps true: `read` and `watch` never panic and return within about their budget whatever the picture (every
//! decoder runs behind `catch_unwind` on a thread of its own with a hard deadline); the nearest code to the centre
//! comes first, no text comes twice; everything left out for want of time is counted. A picture that comes alone gets
//! every step that fits, cheap ones first; a frame of a stream the place of the last code ([`spot`]), or the quick steps
//! and at most one slow one, as far as the stream's share of a core pays for it ([`stream`]). It does not judge what a
//! code says.

mod aside;
mod cascade;
mod elastic;
mod field;
mod finder;
mod grey;
mod spot;
mod stream;
mod threshold;
mod voices;

use std::time::{Duration, Instant};

use aside::{Answer, Aside, Job, thread_cpu};
pub use cascade::Touch;
use cascade::{CASCADE, Desk, Look, Pace, Step, TOUCHES, Voice};
use finder::{Found, Pass};
pub use grey::Grey;
use spot::Spot;
use stream::{Afford, Purse, Scene};

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
/// The step before all others on frames of a stream: where the last code was.
const SPOT: &str = "spot";
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
        EyeSettings { budget: BUDGET, late_voice: LateVoice::On }
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
    /// CPU time of the voices so far.
    voices: Duration,
    purse: Purse,
    scene: Scene,
    spot: Spot,
    turn: usize,
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
            voices: Duration::ZERO,
            purse: Purse::default(),
            scene: Scene::default(),
            spot: Spot::default(),
            turn: 0,
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

    /// All codes in a picture that comes alone, nearest to its centre first, each text once. Every step is tried
    /// that time allows.
    pub fn read(&mut self, grey: &Grey) -> Vec<Seen> {
        self.see(grey, Self::look)
    }

    /// The same of a frame of a stream, of which others follow: the quick steps, and one slow step in turn, as far
    /// as the stream's share of a core pays for it.
    pub fn watch(&mut self, grey: &Grey) -> Vec<Seen> {
        self.purse.earn(Instant::now());
        let again = self.look_again(grey);
        let whole = again.is_none();
        let seen = again.unwrap_or_else(|| self.see(grey, Self::glance));
        // Of several codes none is followed: looked at alone it would be the one that is meant, by chance.
        let only = if let [only] = seen.as_slice() { Some(only.corners) } else { None };
        self.spot.note(only, whole);
        seen
    }

    /// What is where the last code was, as large as it came; `None` where that is not to be looked at alone, or
    /// nothing is read there.
    fn look_again(&mut self, grey: &Grey) -> Option<Vec<Seen>> {
        let part = self.spot.part(grey).filter(|_| grey.is_whole())?;
        let begun = self.cpu();
        let (mut desk, scale) = lay_out(&part.grey);
        let bits = desk.bits(Touch::Full, Look::AsIs)?;
        let until = Instant::now() + self.settings.budget;
        let answer = self.finder.ask(Box::new(move || finder::read(&bits, until)), self.settings.budget);
        let found = self.settle(answer).found;
        self.purse.pay_quick(self.cpu().saturating_sub(begun));
        if found.is_empty() {
            return None;
        }
        self.scene.wake();
        self.counts.frames += 1;
        self.counts.read += 1;
        let placed = |(x, y): (f32, f32)| part.place((x * scale, y * scale));
        let seen =
            found.into_iter().map(|one| Seen { text: one.text, corners: one.corners.map(placed), step: SPOT });
        Some(sort_out(seen.collect(), 1.0, grey))
    }

    fn see(&mut self, grey: &Grey, how: fn(&mut Self, &mut Desk, Instant) -> Vec<Seen>) -> Vec<Seen> {
        self.counts.frames += 1;
        if !grey.is_whole() {
            self.counts.broken += 1;
            return Vec::new();
        }
        if grey.width.min(grey.height) < SHORT_SIDE {
            return Vec::new();
        }
        let until = Instant::now() + self.settings.budget;
        let (mut desk, scale) = lay_out(grey);
        let seen = how(self, &mut desk, until);
        self.counts.read += u64::from(!seen.is_empty());
        sort_out(seen, scale, grey)
    }

    /// Takes the steps in order until the picture is read as far as it is worth.
    fn look(&mut self, desk: &mut Desk, until: Instant) -> Vec<Seen> {
        let (mut round, small) = (Round::default(), desk.full().luma.len() <= SMALL);
        for (i, step) in CASCADE.iter().enumerate() {
            if round.is_read() && !(small && step.name == SECOND_LOOK) {
                continue;
            }
            round.add(step, self.take(i, step, desk, until));
        }
        round.seen
    }

    /// The quick steps, the inverted ones on every second frame; then a slow one, if it is worth it and paid for.
    fn glance(&mut self, desk: &mut Desk, until: Instant) -> Vec<Seen> {
        let (mut round, small) = (Round::default(), desk.full().luma.len() <= SMALL);
        let (begun, inverted) = (self.cpu(), self.counts.frames.is_multiple_of(2));
        let quick = CASCADE.iter().enumerate().filter(|(_, step)| step.pace == Pace::Quick);
        for (i, step) in quick.filter(|(_, step)| inverted || step.look == Look::AsIs) {
            let done = round.is_read() && !(small && step.name == SECOND_LOOK);
            // The first step is taken always: nothing would be seen without it.
            if done || (i > 0 && !self.purse.affords_quick(self.cost_ms(i, desk))) {
                continue;
            }
            round.add(step, self.take(i, step, desk, until));
        }
        self.purse.pay_quick(self.cpu().saturating_sub(begun));
        if !round.seen.is_empty() {
            self.scene.wake();
        } else if self.scene.rests(&desk.grey(Touch::Half), round.traces >= TRACE) {
            self.counts.rested += 1;
        } else {
            self.take_turn(&mut round, desk, until);
        }
        round.seen
    }

    /// The slow step whose turn it is; one that costs more than can be saved is passed over.
    fn take_turn(&mut self, round: &mut Round, desk: &mut Desk, until: Instant) {
        let slow: Vec<usize> = (0..CASCADE.len()).filter(|&i| CASCADE[i].pace == Pace::Slow).collect();
        for _ in 0..slow.len() {
            let i = slow[self.turn % slow.len()];
            match self.purse.affords_slow(self.cost_ms(i, desk)) {
                Afford::Later => return,
                Afford::Never => {
                    self.turn += 1;
                    self.counts.skipped += 1;
                }
                Afford::Now => {
                    self.turn += 1;
                    let begun = self.cpu();
                    round.add(&CASCADE[i], self.take(i, &CASCADE[i], desk, until));
                    return self.purse.pay_slow(self.cpu().saturating_sub(begun));
                }
            }
        }
    }

    /// What a step is expected to cost on this picture, with making its version where that is not made.
    fn cost_ms(&self, i: usize, desk: &Desk) -> f32 {
        let touch = CASCADE[i].touch;
        let making = if desk.has(touch) { 0.0 } else { self.making[touch as usize] };
        (making + self.cost[i]) * desk.full().luma.len() as f32 / 1e6
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
            let (begun, learnt) = (thread_cpu(), &mut self.making[step.touch as usize]);
            desk.grey(step.touch);
            *learnt += (thread_cpu().saturating_sub(begun).as_nanos() as f32 / pixels - *learnt) * COST_WEIGHT;
        }
        let (begun, cpu, late) = (Instant::now(), self.cpu(), self.counts.late);
        let pass = self.ask(step, desk, until);
        let took = if self.counts.late > late {
            // What it spent before it was abandoned is not known.
            begun.elapsed().as_nanos() as f32 * LATE_FACTOR
        } else {
            self.cpu().saturating_sub(cpu).as_nanos() as f32
        };
        self.cost[i] += (took / pixels - self.cost[i]) * COST_WEIGHT;
        pass
    }

    /// How many times slower this machine is than the one that the table of steps is from, by the step that every
    /// picture gets.
    fn slowness(&self) -> f32 {
        (self.cost[0] / CASCADE[0].ns_per_px).max(1.0)
    }

    /// CPU time that looking has taken: this thread's and the voices'.
    fn cpu(&self) -> Duration {
        thread_cpu() + self.voices
    }

    /// Counts how a voice answered and gives what it found.
    fn settle(&mut self, answer: Answer) -> Pass {
        match answer {
            Answer::Done(pass, cpu) => {
                self.voices += cpu;
                return pass;
            }
            Answer::Panicked => self.counts.panics += 1,
            Answer::Late => self.counts.late += 1,
            Answer::Suspended => self.counts.suspended += 1,
        }
        Pass::default()
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
        scaled(self.settle(answer), step)
    }
}

/// What was seen of one picture so far.
#[derive(Default)]
struct Round {
    seen: Vec<Seen>,
    sets: Vec<[(f32, f32); 3]>,
    traces: usize,
}

impl Round {
    fn add(&mut self, step: &Step, pass: Pass) {
        self.traces = self.traces.max(pass.unread.len());
        self.seen.extend(pass.found.into_iter().map(|found| seen_by(step, found)));
        self.sets.extend(pass.sets);
    }

    /// Whether something was read, and nothing that looks like another code was not.
    fn is_read(&self) -> bool {
        let known = |set| self.seen.iter().any(|one| is_of(set, &one.corners));
        !self.seen.is_empty() && self.sets.iter().all(known)
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
