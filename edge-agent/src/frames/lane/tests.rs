//! Lanes over scripted sources: what is told, in which order, and that they stop.
//!
//! Keeps true: tests wait for what they are told, never for time to pass; pauses and silences are
//! those of the real lane.

use super::*;
use crate::eye::Grey;
use crate::eye::tests::picture;
use crate::frames::{SourceSpec, Tempo};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};

const LONG: Duration = Duration::from_secs(60);

struct Script(VecDeque<Result<Grey, FrameError>>, Tempo);

impl FrameSource for Script {
    fn next(&mut self) -> Result<Frame, FrameError> {
        let grey = self.0.pop_front().unwrap_or(Err(FrameError::Ended))?;
        Ok(Frame { name: "scripted".to_owned(), grey })
    }

    fn tempo(&self) -> Tempo {
        self.1
    }
}

fn run(opener: Opener) -> (Lane, Receiver<LaneEvent>) {
    let (tell, told) = channel();
    let eye = EyeSettings { budget: LONG, ..EyeSettings::default() };
    let tell = move |event| drop(tell.send(event));
    (Lane::start(opener, LaneSettings { eye, is_ticket: Some(Box::new(|_| true)) }, tell).expect("threads"), told)
}

/// Each script is what one opening delivers.
fn scripted(mut scripts: Vec<Vec<Result<Grey, FrameError>>>, tempo: Tempo) -> Opener {
    scripts.reverse();
    Box::new(move || match scripts.pop() {
        Some(script) => Ok(Box::new(Script(script.into(), tempo))),
        None => Err(FrameError::Ended),
    })
}

fn code() -> Result<Grey, FrameError> {
    Ok(picture(160, 120, 4, &[(30, 20)]))
}

fn gone() -> FrameError {
    FrameError::Gone { path: "camera".into(), why: "unplugged".to_owned() }
}

#[test]
fn pictures_in_turn_are_all_read_and_a_code_that_stays_is_the_same() {
    let (lane, told) = run(scripted(vec![vec![code(), code(), code()]], Tempo::InTurn));
    let mut same = Vec::new();
    for id in 1..=3 {
        match told.recv_timeout(LONG) {
            Ok(LaneEvent::Read { frame_id, seen, .. }) => {
                assert_eq!((frame_id, seen.len()), (id, 1));
                same.push(seen[0].same_for.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(same, [false, true, true]);
    assert_eq!(told.recv_timeout(LONG), Ok(LaneEvent::Ended));
    let counts = lane.counts();
    assert_eq!((counts.frames, counts.dropped, counts.codes, counts.eye.read), (3, 0, 1, 3));
}

#[test]
fn a_bad_picture_is_told_and_the_next_is_read() {
    let bad = FrameError::Empty { name: "a".to_owned() };
    let script = vec![Err(bad.clone()), Err(FrameError::Nothing), code()];
    let (lane, told) = run(scripted(vec![script], Tempo::InTurn));
    assert_eq!(told.recv_timeout(LONG), Ok(LaneEvent::Rejected(bad)));
    assert!(matches!(told.recv_timeout(LONG), Ok(LaneEvent::Read { .. })));
    assert_eq!(lane.counts().rejected, 1);
}

#[test]
fn a_lost_source_is_told_once_opened_again_and_told_to_be_back() {
    let scripts = vec![vec![Err(gone())], vec![Err(gone())], vec![code()]];
    let (_lane, told) = run(scripted(scripts, Tempo::Live));
    assert_eq!(told.recv_timeout(LONG), Ok(LaneEvent::SourceLost(gone())));
    assert!(matches!(told.recv_timeout(LONG), Ok(LaneEvent::SourceBack { .. })));
    assert!(matches!(told.recv_timeout(LONG), Ok(LaneEvent::Read { .. })));
}

#[test]
fn a_source_that_hangs_is_told_to_be_silent_within_two_seconds() {
    let (release, held) = channel::<()>();
    let begun = Instant::now();
    let (_lane, told) = run(Box::new(move || {
        let _ = held.recv();
        Err(FrameError::Ended)
    }));
    let lost = told.recv_timeout(LONG);
    let waited = begun.elapsed();
    drop(release);
    assert!(matches!(lost, Ok(LaneEvent::SourceLost(FrameError::Silent { .. }))));
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[test]
fn a_dropped_lane_stops_both_threads() {
    let endless: Opener = Box::new(|| Ok(Box::new(Script(VecDeque::from(vec![code(); 500]), Tempo::Live))));
    let (lane, told) = run(endless);
    assert!(told.recv_timeout(LONG).is_ok());
    drop(lane);
    // The callback is gone with the last thread that could call it.
    while told.recv_timeout(LONG).is_ok() {}
}

#[test]
fn files_are_read_once_and_the_lane_ends() {
    let (_lane, told) = run(SourceSpec::Files(vec!["/no/such.png".into()]).opener());
    assert!(matches!(told.recv_timeout(LONG), Ok(LaneEvent::Rejected(_))));
    assert_eq!(told.recv_timeout(LONG), Ok(LaneEvent::Ended));
}
