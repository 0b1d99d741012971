//! What time it was, learned later.
//!
//! A board without a clock battery writes entries by a clock that is wrong by
//! years. When it learns the time it says by how much it was off, and the
//! entries of that boot are placed anew: by everybody alike, because the saying
//! is an entry. Entries of a wild clock that nobody ever placed sort last.

use crate::clock::Quality;
use crate::id::JournalId;
use crate::journal::kind::{ClockSet, Kind};
use crate::journal::{Entry, EntryRef};
use crate::seal::Hash;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What the clock entries of all journals say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebases(BTreeMap<JournalId, Learned>);

/// Clock entries by place and hash, each with its own clock.
type Learned = BTreeMap<(u64, Hash), (ClockSet, Timestamp)>;

impl Rebases {
    /// Takes in an entry; others than clock entries change nothing. Gives the places that it moves.
    pub fn insert(&mut self, id: EntryRef, entry: &Entry) -> Option<std::ops::Range<u64>> {
        let Kind::Clock(set) = entry.kind else { return None };
        self.0.entry(id.journal).or_default().insert((id.sequence, id.hash), (set, entry.clock));
        Some(set.since..id.sequence)
    }

    /// The first place of a journal that one of the two dates, and the other does not or otherwise.
    pub fn differ_from(&self, other: &Self, journal: &JournalId) -> Option<u64> {
        static NONE: Learned = Learned::new();
        let [ours, theirs] = [self, other].map(|of| of.0.get(journal).unwrap_or(&NONE));
        let only = |one: &Learned, other: &Learned| {
            let missing = one.iter().filter(|(place, said)| other.get(place) != Some(said));
            missing.map(|(_, (set, _))| set.since).min()
        };
        only(ours, theirs).into_iter().chain(only(theirs, ours)).min()
    }

    /// When an entry was written, and whether that is known: by the first clock entry after it that reaches back to
    /// it, which is one of its boot.
    pub fn placed(&self, id: &EntryRef, clock: Timestamp, quality: Quality) -> (Timestamp, bool) {
        if quality == Quality::Trusted {
            return (clock, true);
        }
        let of_it = |(set, _): &(ClockSet, Timestamp)| set.since <= id.sequence;
        let later =
            |all: &Learned| all.range((id.sequence + 1, Hash([0; 32]))..).map(|(_, said)| *said).find(of_it);
        match self.0.get(&id.journal).and_then(later) {
            // Its own clock may have followed a peer's already: nothing is placed after the learning.
            Some((set, learned)) => (Timestamp(clock.0.saturating_add(set.shift_us)).min(learned), true),
            None => (clock, quality != Quality::Wild),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DeviceId;

    fn id(sequence: u64) -> EntryRef {
        let journal = JournalId { device: DeviceId([1; 16]), incarnation: 1 };
        EntryRef { journal, sequence, hash: Hash([0; 32]) }
    }

    #[test]
    fn entries_of_a_boot_are_placed_by_the_first_clock_entry_after_them() {
        let mut rebases = Rebases::default();
        let set = |since, shift_us| Kind::Clock(ClockSet { since, shift_us });
        let at = |clock, kind| Entry {
            clock: Timestamp(clock),
            at: None,
            quality: Quality::Trusted,
            uncertain_ms: None,
            staff: None,
            kind,
        };
        assert_eq!(rebases.insert(id(5), &at(1_030, set(3, 1_000))), Some(3..5));
        rebases.insert(id(9), &at(9_000, set(3, 7)));
        rebases.insert(id(7), &at(7_000, set(6, 1)));
        let check = |sequence, clock, quality, expect: (i64, bool)| {
            let (placed, known) = rebases.placed(&id(sequence), Timestamp(clock), quality);
            assert_eq!((placed.0, known), expect, "{sequence}");
        };
        check(3, 10, Quality::Wild, (1_010, true));
        check(4, 500, Quality::Unsure, (1_030, true)); // it had followed a peer already
        check(4, 10, Quality::Trusted, (10, true));
        check(2, 10, Quality::Wild, (10, false)); // another boot, never placed
        check(2, 10, Quality::Unsure, (10, true));
        check(10, 10, Quality::Wild, (10, false));
        check(6, 10, Quality::Wild, (11, true));
        check(5, 10, Quality::Wild, (17, true)); // the one at 7 does not reach back to it, and hides none that does
    }
}
