//! The exchange: one question and one answer, the same between agent and cloud
//! and between agents.
//!
//! *Here is a digest of what I have, and my vector if you need it; here are runs
//! you lack; send me mine, and feed pages from my cursor.* It is idempotent and
//! can be resumed anywhere: both sides name what they durably have, and the rest
//! follows. What a side has is a [`Vector`], the head of every journal it knows.
//! A run that is not taken is named with its reason and blocks nothing else.

use crate::feed::{Cursor, SignedPage};
use crate::id::{DeviceId, EventId, JournalId};
use crate::journal::{EntryRef, Run};
use crate::seal::{Domain, Hash};
use crate::time::Timestamp;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// The version of this exchange; a peer of another one is refused with both numbers.
pub const VERSION: u16 = 1;
/// The largest message, before compression: a page of the feed or some thousand entries.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// Entries that one message offers: some 400 KB, so that a slow link makes steady progress.
pub const MAX_MESSAGE_ENTRIES: usize = 4_096;
/// Journals of one event that are taken: every device of a festival, replaced a few times.
pub const MAX_JOURNALS: usize = 4_096;

/// A journal's newest entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// How many entries.
    #[n(0)]
    pub sequence: u64,
    /// The hash of the last one.
    #[n(1)]
    pub hash: Hash,
}

/// The heads of all journals somebody durably has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Vector(#[n(0)] pub BTreeMap<JournalId, Head>);

impl Vector {
    /// A hash of it: equal digests, equal vectors.
    pub fn digest(&self) -> Hash {
        Domain::Vector.hash(&[&crate::trust::to_cbor(self)])
    }

    /// How many entries of a journal it has.
    pub fn sequence(&self, journal: &JournalId) -> u64 {
        self.0.get(journal).map_or(0, |head| head.sequence)
    }

    /// Where `other` ends and this goes on: journal and the last sequence the other has.
    pub fn beyond(&self, other: &Self) -> Vec<(JournalId, u64)> {
        self.0
            .iter()
            .filter(|(journal, head)| head.sequence > other.sequence(journal))
            .map(|(journal, _)| (*journal, other.sequence(journal)))
            .collect()
    }

    /// How many entries this has that `other` lacks.
    pub fn ahead_of(&self, other: &Self) -> u64 {
        let lacks = |(j, head): (&JournalId, &Head)| head.sequence.saturating_sub(other.sequence(j));
        self.0.iter().map(lacks).fold(0, u64::saturating_add)
    }

    /// Notes an entry as this journal's newest, if it is.
    pub fn note(&mut self, id: &EntryRef) {
        let head = Head { sequence: id.sequence, hash: id.hash };
        let known = self.0.entry(id.journal).or_insert(head);
        if id.sequence > known.sequence {
            *known = head;
        }
    }
}

/// The question.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Request {
    /// [`VERSION`].
    #[n(0)]
    pub version: u16,
    /// Of which event.
    #[n(1)]
    pub event: EventId,
    /// The digest of the asker's vector, these runs aside.
    #[n(2)]
    pub digest: Hash,
    /// The asker's vector, where it wants entries back.
    #[n(3)]
    pub vector: Option<Vector>,
    /// Entries that the other side is thought to lack.
    #[n(4)]
    pub runs: Vec<Run>,
    /// Where the asker stands in the feed, if it wants pages.
    #[n(5)]
    pub feed: Option<Cursor>,
    /// The asker's time.
    #[n(6)]
    pub now: Timestamp,
}

/// A run that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Rejected {
    /// Whose.
    #[n(0)]
    pub journal: JournalId,
    /// From where.
    #[n(1)]
    pub first: u64,
    /// Stable code: `journal_gap`, `bad_signature`, …
    #[n(2)]
    pub code: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Response {
    /// The digest of what the answerer durably has, the runs included.
    #[n(0)]
    pub digest: Hash,
    /// What it durably has, where the digests differ.
    #[n(1)]
    pub vector: Option<Vector>,
    /// Entries that the asker lacks, if it gave its vector.
    #[n(2)]
    pub runs: Vec<Run>,
    /// Pages after the asker's cursor.
    #[n(3)]
    pub pages: Vec<SignedPage>,
    /// Runs that were not taken, and why.
    #[n(4)]
    pub rejected: Vec<Rejected>,
    /// Whether there is more of runs or pages to ask for.
    #[n(5)]
    pub more: bool,
    /// The answerer's time.
    #[n(6)]
    pub now: Timestamp,
    /// Who answers; absent for the cloud.
    #[n(7)]
    pub device: Option<DeviceId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(device: u8, sequence: u64) -> EntryRef {
        let journal = JournalId { device: DeviceId([device; 16]), incarnation: 1 };
        EntryRef { journal, sequence, hash: Hash([sequence as u8; 32]) }
    }

    fn vector(heads: &[(u8, u64)]) -> Vector {
        let mut vector = Vector::default();
        heads.iter().for_each(|(device, sequence)| vector.note(&entry(*device, *sequence)));
        vector
    }

    #[test]
    fn what_one_side_lacks_is_the_difference_of_the_vectors() {
        let (ours, theirs) = (vector(&[(1, 5), (2, 3)]), vector(&[(1, 2), (3, 9)]));
        let from: Vec<u64> = ours.beyond(&theirs).into_iter().map(|(_, from)| from).collect();
        assert_eq!(from, [2, 0]);
        assert_eq!(ours.ahead_of(&theirs), 6);
        assert_eq!(vector(&[(1, 5), (2, 3)]).digest(), ours.digest());
        assert_ne!(ours.digest(), theirs.digest());
    }

    #[test]
    fn sums_over_what_a_peer_says_of_itself_do_not_overflow() {
        assert_eq!(vector(&[(1, u64::MAX), (2, u64::MAX)]).ahead_of(&vector(&[(1, 1)])), u64::MAX);
    }

    #[test]
    fn a_vector_never_falls() {
        let mut ours = vector(&[(1, 5)]);
        ours.note(&entry(1, 4));
        assert_eq!(ours.sequence(&entry(1, 0).journal), 5);
    }
}
