//! The verdict in front of the guest, and how long it stays there.
//!
//! A new scan always replaces what is shown, at once. Only the colour may wait: two
//! colours never follow each other faster than [`COLOUR_HOLD_MS`], so that even
//! frantic scanning stays below three flashes a second; the word, the sign and the
//! border never wait. Nothing here draws.

use tidegate_core::api::Answer;

use super::Millis;
use crate::face::{Face, Stay};

/// A colour stays at least this long: 2.5 changes a second, below the three that can cause seizures.
pub const COLOUR_HOLD_MS: Millis = 400;
/// Steps of the bar that shows how long a verdict still stays.
pub const TIME_STEPS: u64 = 10;

/// A verdict on the screen.
#[derive(Clone, Debug)]
pub struct Card {
    /// What it looks like.
    pub face: Face,
    /// What the agent answered; a SAME and a trouble have no answer.
    pub answer: Option<Answer>,
    /// Why.
    pub line: String,
    /// What staff do next.
    pub action: String,
    /// What staff tell the guest.
    pub say: String,
    /// When it appeared.
    pub shown_at: Millis,
    /// When its colour may appear.
    pub colour_from: Millis,
}

/// How far a verdict's stay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// In full.
    Full,
    /// Readable, without colour.
    Faded,
    /// The idle card is back.
    Over,
}

impl Card {
    /// How far its stay has come.
    pub fn phase(&self, now: Millis) -> Phase {
        let shown_for = now.saturating_sub(self.shown_at);
        match self.face.stay() {
            Stay::UntilNext { .. } => Phase::Full,
            Stay::Timed { full_ms, .. } if shown_for < full_ms => Phase::Full,
            Stay::Timed { clear_ms, .. } if shown_for < clear_ms => Phase::Faded,
            Stay::Timed { .. } => Phase::Over,
        }
    }

    /// Whether its colour shows now.
    pub fn coloured(&self, now: Millis) -> bool {
        now >= self.colour_from && self.phase(now) == Phase::Full
    }

    /// Whether Esc may clear it now.
    pub fn may_clear(&self, now: Millis) -> bool {
        match self.face.stay() {
            Stay::Timed { .. } => true,
            Stay::UntilNext { least_ms } => now.saturating_sub(self.shown_at) >= least_ms,
        }
    }

    /// Steps of its time left, or `None` where it stays until the next scan.
    pub fn steps_left(&self, now: Millis) -> Option<u64> {
        match self.face.stay() {
            Stay::UntilNext { .. } => None,
            Stay::Timed { clear_ms, .. } => {
                let left = (self.shown_at + clear_ms).saturating_sub(now);
                Some((left * TIME_STEPS).div_ceil(clear_ms).min(TIME_STEPS))
            }
        }
    }

    /// When it next looks different.
    pub fn next_change(&self, now: Millis) -> Option<Millis> {
        let mut moments = vec![self.colour_from];
        if let Stay::Timed { full_ms, clear_ms } = self.face.stay() {
            let step = clear_ms / TIME_STEPS;
            let passed = now.saturating_sub(self.shown_at);
            moments.push(self.shown_at + full_ms);
            moments.push(self.shown_at + clear_ms);
            if passed < clear_ms {
                moments.push(self.shown_at + (passed / step + 1) * step);
            }
        }
        moments.into_iter().filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(face: Face) -> Card {
        Card {
            face,
            answer: None,
            line: String::new(),
            action: String::new(),
            say: String::new(),
            shown_at: 1_000,
            colour_from: 1_000,
        }
    }

    #[test]
    fn a_yes_fades_after_one_and_a_fifth_seconds_and_is_gone_after_four() {
        let go = card(Face::Go);
        assert_eq!(go.phase(2_199), Phase::Full);
        assert_eq!(go.phase(2_200), Phase::Faded);
        assert_eq!(go.phase(5_000), Phase::Over);
    }

    #[test]
    fn a_question_stays_until_somebody_answers() {
        let ask = card(Face::Ask);
        assert_eq!(ask.phase(9_000_000), Phase::Full);
        assert!(ask.may_clear(1_000));
        assert_eq!(ask.steps_left(2_000), None);
    }

    #[test]
    fn a_note_cannot_be_waved_away_unread() {
        let note = card(Face::GoNote);
        assert!(!note.may_clear(2_999));
        assert!(note.may_clear(3_000));
    }

    #[test]
    fn every_change_of_a_card_is_announced_before_it_happens() {
        for face in Face::ALL {
            let card = card(face);
            let look = |now| (card.phase(now), card.coloured(now), card.steps_left(now));
            let mut now = card.shown_at;
            while let Some(next) = card.next_change(now) {
                for between in [now, (now + next) / 2, next - 1] {
                    assert_eq!(look(between).0, look(now).0, "{face:?} at {between}");
                    assert_eq!(look(between).1, look(now).1, "{face:?} at {between}");
                }
                now = next;
            }
            assert_eq!(look(now), look(now + 1_000_000), "{face:?}");
        }
    }
}
