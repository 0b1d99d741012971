//! Whether a source delivers, as a value: what to report and when to try again.
//!
//! Keeps true: a loss is reported once, within two seconds of the last sign of life, and so is
//! the return; pictures that are no use are no sign of life; tries to open again grow apart up to
//! a limit. Time enters as an argument.

use std::time::{Duration, Instant};

use super::{FrameError, Tempo};

/// Silence of a live source that is a loss. People are told within two seconds (a promise), so
/// this plus one tick stays below.
const SILENCE: Duration = Duration::from_millis(1_700);
/// How often the lane looks at the clock while nothing comes.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// First pause before a source is opened again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause: a plug put back in works within this.
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Why a picture is no sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It cannot be read.
    Unread(String),
    /// It is black.
    Black,
    /// It is the one before, to the pixel.
    Frozen,
}

/// What is known about a source.
#[derive(Debug)]
pub(crate) struct Health {
    tempo: Tempo,
    heard: Instant,
    doubt: Option<Doubt>,
    lost: Option<Instant>,
    pause: Duration,
}

impl Health {
    /// A source about to be opened. Until it is known to be otherwise, silence is a fault.
    pub(crate) fn new(now: Instant) -> Health {
        Health { tempo: Tempo::Live, heard: now, doubt: None, lost: None, pause: FIRST_PAUSE }
    }

    /// It was opened.
    pub(crate) fn opened(&mut self, tempo: Tempo, now: Instant) {
        self.tempo = tempo;
        if tempo == Tempo::InTurn && self.lost.is_none() {
            self.heard = now;
        }
    }

    /// It gave a sign of life; how long it was lost, if it was.
    pub(crate) fn heard(&mut self, now: Instant) -> Option<Duration> {
        self.heard = now;
        self.doubt = None;
        self.pause = FIRST_PAUSE;
        self.lost.take().map(|since| now.saturating_duration_since(since))
    }

    /// It gave a picture that is no use.
    pub(super) fn doubted(&mut self, doubt: Doubt) {
        self.pause = FIRST_PAUSE;
        self.doubt = Some(doubt);
    }

    /// It failed; whether that is news.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        let news = self.lost.is_none();
        self.lost = self.lost.or(Some(now));
        news
    }

    /// Time passes; the loss to report, if any.
    pub(super) fn tick(&mut self, now: Instant) -> Option<FrameError> {
        let silent = now.saturating_duration_since(self.heard);
        let lost = self.tempo == Tempo::Live && silent >= SILENCE && self.failed(now);
        let ms = silent.as_millis() as u64;
        lost.then(|| match self.doubt.take() {
            None => FrameError::Silent { ms, unread: None },
            Some(Doubt::Unread(why)) => FrameError::Silent { ms, unread: Some(why) },
            Some(Doubt::Black) => FrameError::Black { ms },
            Some(Doubt::Frozen) => FrameError::Frozen { ms },
        })
    }

    /// How its pictures relate to time.
    pub(super) fn tempo(&self) -> Tempo {
        self.tempo
    }

    /// Whether it delivers.
    pub(crate) fn up(&self) -> bool {
        self.lost.is_none()
    }

    /// How long to wait before it is opened again; longer each time.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LAST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn silence_of_a_live_source_is_reported_once_and_within_two_seconds() {
        let start = Instant::now();
        let mut health = Health::new(start);
        health.opened(Tempo::Live, start);
        assert_eq!(health.tick(start + 1_500 * MS), None);
        let lost = health.tick(start + 1_800 * MS);
        assert_eq!(lost, Some(FrameError::Silent { ms: 1_800, unread: None }));
        assert_eq!(health.tick(start + 9_000 * MS), None);
        assert!(SILENCE + TICK < Duration::from_secs(2));
    }

    #[test]
    fn the_return_is_reported_once_with_how_long_it_took() {
        let start = Instant::now();
        let mut health = Health::new(start);
        assert!(health.failed(start) && !health.failed(start + MS) && !health.up());
        assert_eq!(health.heard(start + 700 * MS), Some(700 * MS));
        assert_eq!(health.heard(start + 800 * MS), None);
        assert!(health.up());
    }

    #[test]
    fn pictures_that_are_no_use_are_a_loss_of_their_own_and_the_first_good_one_is_the_return() {
        let check = |doubt: Doubt, expect: FrameError| {
            let start = Instant::now();
            let mut health = Health::new(start);
            health.heard(start);
            for ms in (0..1_700).step_by(33) {
                health.doubted(doubt.clone());
                assert_eq!(health.tick(start + ms * MS), None, "{doubt:?}");
            }
            assert_eq!(health.tick(start + 1_700 * MS), Some(expect), "{doubt:?}");
            assert!(health.heard(start + 1_800 * MS).is_some() && health.up());
        };
        check(Doubt::Black, FrameError::Black { ms: 1_700 });
        check(Doubt::Frozen, FrameError::Frozen { ms: 1_700 });
        check(Doubt::Unread("torn".into()), FrameError::Silent { ms: 1_700, unread: Some("torn".into()) });
    }

    #[test]
    fn a_folder_may_be_silent_for_ever() {
        let start = Instant::now();
        let mut health = Health::new(start);
        health.opened(Tempo::InTurn, start);
        assert_eq!(health.tick(start + 900_000 * MS), None);
    }

    #[test]
    fn a_source_that_does_not_even_open_is_reported() {
        let start = Instant::now();
        assert!(Health::new(start).tick(start + 1_700 * MS).is_some());
    }

    #[test]
    fn pauses_grow_to_a_limit_and_start_again_after_a_sign_of_life() {
        let mut health = Health::new(Instant::now());
        let pauses: Vec<_> = (0..7).map(|_| health.next_pause().as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        health.heard(Instant::now());
        assert_eq!(health.next_pause(), FIRST_PAUSE);
    }
}
