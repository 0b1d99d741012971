//! The hand-over between the thread that fetches pictures and the one that reads them.
//!
//! Keeps true: it holds one picture. Live pictures replace an older one nobody took, which is
//! counted; pictures in turn wait until the one before is taken. Closing wakes everybody; a
//! picture handed over before is still taken.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Frame, Tempo};

#[derive(Default)]
pub(super) struct Slot {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    frame: Option<Frame>,
    closed: bool,
    put: u64,
    dropped: u64,
}

/// What waiting for a picture gave.
#[derive(Debug, PartialEq)]
pub(super) enum Taken {
    /// The picture and its number.
    Frame(u64, Frame),
    /// Nothing in time.
    Nothing,
    /// There will be nothing more.
    Closed,
}

impl Slot {
    /// Hands a picture over; `false` when nobody will take it any more.
    pub(super) fn put(&self, frame: Frame, tempo: Tempo) -> bool {
        let mut inside = self.lock();
        while tempo == Tempo::InTurn && inside.frame.is_some() && !inside.closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        if inside.closed {
            return false;
        }
        inside.put += 1;
        inside.dropped += u64::from(inside.frame.replace(frame).is_some());
        drop(inside);
        self.changed.notify_all();
        true
    }

    /// Waits for a picture, at most this long.
    pub(super) fn take(&self, patience: Duration) -> Taken {
        let empty = |inside: &mut Inside| inside.frame.is_none() && !inside.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, empty);
        let (mut inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let number = inside.put;
        match (inside.frame.take(), inside.closed) {
            (Some(frame), _) => {
                drop(inside);
                self.changed.notify_all();
                Taken::Frame(number, frame)
            }
            (None, true) => Taken::Closed,
            (None, false) => Taken::Nothing,
        }
    }

    /// Nothing more will be put or waited for.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits this long, or until it is closed.
    pub(super) fn pause(&self, time: Duration) {
        let open = |inside: &mut Inside| !inside.closed;
        drop(self.changed.wait_timeout_while(self.lock(), time, open));
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Pictures put, and those of them that nobody took.
    pub(super) fn counts(&self) -> (u64, u64) {
        let inside = self.lock();
        (inside.put, inside.dropped)
    }

    /// The state is whole after every statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eye::Grey;

    fn frame(name: &str) -> Frame {
        Frame { name: name.to_owned(), grey: Grey { width: 0, height: 0, luma: Vec::new() } }
    }

    #[test]
    fn the_newest_live_picture_replaces_the_older_and_that_is_counted() {
        let slot = Slot::default();
        assert!(slot.put(frame("1"), Tempo::Live) && slot.put(frame("2"), Tempo::Live));
        assert_eq!(slot.take(Duration::ZERO), Taken::Frame(2, frame("2")));
        assert_eq!(slot.take(Duration::ZERO), Taken::Nothing);
        assert_eq!(slot.counts(), (2, 1));
    }

    #[test]
    fn pictures_in_turn_are_all_taken_in_their_order() {
        let slot = Slot::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for i in 0..50 {
                    assert!(slot.put(frame(&i.to_string()), Tempo::InTurn));
                }
                slot.close();
            });
            for i in 0..50 {
                let taken = slot.take(Duration::from_secs(60));
                assert_eq!(taken, Taken::Frame(i + 1, frame(&i.to_string())));
            }
            assert_eq!(slot.take(Duration::from_secs(60)), Taken::Closed);
        });
        assert_eq!(slot.counts(), (50, 0));
    }

    #[test]
    fn a_closed_slot_gives_what_it_has_and_takes_nothing() {
        let slot = Slot::default();
        slot.put(frame("1"), Tempo::InTurn);
        slot.close();
        assert!(!slot.put(frame("2"), Tempo::InTurn));
        assert!(matches!(slot.take(Duration::ZERO), Taken::Frame(1, _)));
        assert_eq!(slot.take(Duration::ZERO), Taken::Closed);
    }
}
