//! What a stream of frames adds: a share of a core that is earned and spent, and whether anything moves.
//!
//! Keeps true: over any second a stream costs no more than its share, whatever the machine; what the quick steps
//! leave is for slow ones, one a frame in turn, and half of everything is kept for them, so that neither starves
//! the other on a slow machine. Time enters as an argument.

use super::grey::Grey;
use std::time::{Duration, Instant};

/// What one frame may cost on average, milliseconds: a door's machine has more to do than to look.
const FRAME_MS: f32 = 15.0;
/// The share of one core that a stream may take.
const SHARE: f32 = 0.38;
/// The most that is saved up, milliseconds: the dearest step and no more, or a pause would be followed by a rush.
const MOST_MS: f32 = 80.0;
/// The share of what is earned that is kept for slow steps.
const FOR_SLOW: f32 = 0.5;
/// Blocks across and down in which a scene is compared: a card held up fills several.
const BLOCKS: (usize, usize) = (16, 9);
/// Grey levels by which a block has to differ to have changed: more than light that flickers and noise make.
const MOVED: u8 = 8;
/// Frames without a change or a trace of a code after which slow steps rest: each had its turn twice.
const REST_AFTER: u32 = 40;
/// While resting, one frame in this many still gets a slow step.
const REST_EVERY: u32 = 5;

/// Two accounts in milliseconds of CPU; both may be overdrawn by one step.
#[derive(Debug, Default)]
pub struct Purse {
    quick: f32,
    slow: f32,
    last: Option<Instant>,
}

impl Purse {
    /// A frame came.
    pub fn earn(&mut self, now: Instant) {
        let since = self.last.replace(now).map(|last| now.saturating_duration_since(last));
        let earned = since.map_or(FRAME_MS, |since| (since.as_secs_f32() * 1e3 * SHARE).min(FRAME_MS));
        self.slow += earned * FOR_SLOW;
        self.quick += earned * (1.0 - FOR_SLOW);
        // What quick steps do not need is for slow ones.
        let spare = (self.quick - FRAME_MS).max(0.0);
        self.quick -= spare;
        self.slow = (self.slow + spare).min(MOST_MS);
    }

    /// Whether a quick step that costs so much is affordable.
    pub fn affords_quick(&self, ms: f32) -> bool {
        ms <= self.quick
    }

    /// Whether a slow step is; one that costs more than is ever saved is never.
    pub fn affords_slow(&self, ms: f32) -> Afford {
        match ms {
            ms if ms <= self.slow => Afford::Now,
            ms if ms > MOST_MS => Afford::Never,
            _ => Afford::Later,
        }
    }

    /// Quick steps took so long.
    pub fn pay_quick(&mut self, took: Duration) {
        self.quick -= took.as_secs_f32() * 1e3;
    }

    /// A slow step did.
    pub fn pay_slow(&mut self, took: Duration) {
        self.slow -= took.as_secs_f32() * 1e3;
    }
}

/// When a step can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afford {
    /// Out of what is there.
    Now,
    /// Once more is saved.
    Later,
    /// It costs more than is ever saved.
    Never,
}

/// Whether there is anything new to look at.
#[derive(Debug, Default)]
pub struct Scene {
    blocks: Vec<u8>,
    quiet: u32,
}

impl Scene {
    /// Whether this frame can do without a slow step: nothing has changed for a while, and nothing looks like a code.
    pub fn rests(&mut self, half: &Grey, traces: bool) -> bool {
        let blocks = means(half);
        let moved = blocks.len() != self.blocks.len()
            || blocks.iter().zip(&self.blocks).any(|(now, then)| now.abs_diff(*then) >= MOVED);
        if moved {
            self.blocks = blocks;
        }
        self.quiet = if moved || traces { 0 } else { self.quiet.saturating_add(1) };
        let over = self.quiet.saturating_sub(REST_AFTER);
        over > 0 && !over.is_multiple_of(REST_EVERY)
    }

    /// A code was read.
    pub fn wake(&mut self) {
        self.quiet = 0;
    }
}

/// The mean of each block; nothing of a picture that has fewer pixels than blocks.
fn means(grey: &Grey) -> Vec<u8> {
    let (width, height) = (grey.width as usize / BLOCKS.0, grey.height as usize / BLOCKS.1);
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let mut sums = vec![0_u32; BLOCKS.0 * BLOCKS.1];
    for (y, row) in grey.luma.chunks_exact(grey.width as usize).take(height * BLOCKS.1).enumerate() {
        for (x, part) in row.chunks_exact(width).take(BLOCKS.0).enumerate() {
            sums[y / height * BLOCKS.0 + x] += part.iter().map(|&p| u32::from(p)).sum::<u32>();
        }
    }
    sums.into_iter().map(|sum| (sum / (width * height) as u32) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays frames of a machine on which quick steps and a slow one cost so much; how much of a core was used, and
    /// in how many of the frames there was a slow step.
    fn play(quick_ms: f32, slow_ms: f32, frames: u32) -> (f32, u32) {
        let (start, gap) = (Instant::now(), Duration::from_micros(33_333));
        let (mut purse, mut spent, mut slow) = (Purse::default(), 0.0, 0);
        for n in 0..frames {
            purse.earn(start + gap * n);
            if purse.affords_quick(quick_ms) {
                purse.pay_quick(Duration::from_secs_f32(quick_ms / 1e3));
                spent += quick_ms;
            }
            if purse.affords_slow(slow_ms) == Afford::Now {
                purse.pay_slow(Duration::from_secs_f32(slow_ms / 1e3));
                (spent, slow) = (spent + slow_ms, slow + 1);
            }
        }
        (spent / (frames as f32 * 33.333), slow)
    }

    #[test]
    fn a_stream_takes_its_share_of_a_core_and_no_more_on_any_machine() {
        for (quick, slow) in [(0.5, 1.0), (3.0, 6.0), (4.0, 30.0), (15.0, 30.0), (30.0, 75.0)] {
            let (share, turns) = play(quick, slow, 3_000);
            assert!(share <= 0.4, "{quick} and {slow} ms: {share}");
            assert!(turns > 100, "{quick} and {slow} ms: {turns} turns");
        }
    }

    #[test]
    fn a_usual_machine_takes_a_slow_step_on_nearly_every_frame() {
        let (_, turns) = play(3.0, 6.0, 300);
        assert!(turns > 270, "{turns}");
    }

    #[test]
    fn what_is_never_affordable_is_told_from_what_is_later() {
        let mut purse = Purse::default();
        purse.earn(Instant::now());
        let check = |ms, expect| assert_eq!(purse.affords_slow(ms), expect, "{ms}");
        check(1.0, Afford::Now);
        check(50.0, Afford::Later);
        check(90.0, Afford::Never);
    }

    #[test]
    fn a_scene_in_which_nothing_moves_rests_and_wakes_when_something_does() {
        let flat = |level: u8| Grey { width: 320, height: 180, luma: vec![level; 320 * 180] };
        let mut scene = Scene::default();
        let mut rested = |grey: &Grey, traces, frames| (0..frames).filter(|_| scene.rests(grey, traces)).count();
        assert_eq!(rested(&flat(100), false, REST_AFTER + 1), 0);
        assert_eq!(rested(&flat(103), false, 10), 8, "noise is no movement");
        let mut card = flat(100);
        (0..40).for_each(|y| card.luma[y * 320..y * 320 + 40].fill(200));
        assert_eq!(rested(&card, false, REST_AFTER), 0, "a card in a corner");
        assert_eq!(rested(&card, true, 100), 0, "something like a code");
    }
}
