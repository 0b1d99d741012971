//! Journals: what a device did, append-only, chained and signed.
//!
//! An entry's identity is (journal, sequence, hash); the hash chains it to all
//! before it. Signatures are over heads: one signed head vouches for every entry
//! up to it, so a [`Run`] that ends at a signed head verifies from the receiver's
//! own previous hash, by whatever relay it came. What was signed is kept as the
//! bytes it came in: an entry of an unknown kind survives and is relayed.

pub mod fork;
pub mod kind;

use crate::clock::Quality;
use crate::id::{EventId, JournalId};
use crate::seal::{Domain, Hash, PublicKey, Sig};
use crate::time::Timestamp;
use crate::trust::{Certificate, to_cbor};
use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use std::fmt;

pub use kind::Kind;

/// The largest entry: a code, two names and a reason fit several times over.
pub const MAX_ENTRY_BYTES: usize = 2_048;
/// At most this many entries go unsigned, and at most this many make a run: one
/// signature check per 256 entries is 0.2 µs an entry.
pub const MAX_RUN_ENTRIES: usize = 256;

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Hybrid clock: never falls within a journal.
    pub clock: Timestamp,
    /// The scan's own trusted time, where it was given and is not `clock`.
    pub at: Option<Timestamp>,
    /// What the device's time rested on.
    pub quality: Quality,
    /// How far the clock may be off, milliseconds; absent where unknown.
    pub uncertain_ms: Option<u32>,
    /// Who was on duty: their sign-in name, at most [`kind::MAX_TEXT_BYTES`]; absent where nobody was.
    pub staff: Option<String>,
    /// What happened.
    pub kind: Kind,
}

#[derive(Encode, Decode)]
struct RawEntry {
    #[n(0)]
    clock: Timestamp,
    #[n(1)]
    quality: Quality,
    #[n(2)]
    kind: u8,
    #[n(3)]
    body: ByteVec,
    #[n(4)]
    at: Option<Timestamp>,
    #[n(5)]
    uncertain_ms: Option<u32>,
    #[n(6)]
    staff: Option<String>,
}

impl Entry {
    /// When it happened: the scan's own time where given, else the clock.
    pub fn happened_at(&self) -> Timestamp {
        self.at.unwrap_or(self.clock)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, body) = self.kind.to_tagged();
        let raw = RawEntry {
            clock: self.clock,
            quality: self.quality,
            kind,
            body: body.into(),
            at: self.at.filter(|at| *at != self.clock),
            uncertain_ms: self.uncertain_ms,
            staff: self.staff.clone(),
        };
        to_cbor(&raw)
    }

    /// Reads an entry; `None` where it is not one. Kinds of a later version are [`Kind::Unknown`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let raw: RawEntry = minicbor::decode(bytes).ok()?;
        let in_range = |t: Timestamp| Timestamp::in_range(t.0);
        Some(Self {
            clock: in_range(raw.clock)?,
            at: match raw.at {
                Some(at) => Some(in_range(at)?),
                None => None,
            },
            quality: raw.quality,
            uncertain_ms: raw.uncertain_ms,
            staff: raw.staff,
            kind: Kind::from_tagged(raw.kind, &raw.body)?,
        })
    }
}

/// Names one entry, wherever it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct EntryRef {
    /// Whose journal.
    #[n(0)]
    pub journal: JournalId,
    /// Its place, from 1.
    #[n(1)]
    pub sequence: u64,
    /// Its chain hash.
    #[n(2)]
    pub hash: Hash,
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.journal, self.sequence)
    }
}

impl fmt::Debug for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hash before a journal's first entry.
pub fn genesis(event: EventId, journal: JournalId) -> Hash {
    Domain::Genesis.hash(&[&event.0, &journal.device.0, &journal.incarnation.to_be_bytes()])
}

/// The hash of an entry that follows `previous`.
pub fn chain(previous: &Hash, entry: &[u8]) -> Hash {
    Domain::Chain.hash(&[&previous.0, entry])
}

fn head_parts(event: EventId, journal: JournalId, sequence: u64, hash: &Hash) -> [Vec<u8>; 5] {
    [
        event.0.to_vec(),
        journal.device.0.to_vec(),
        journal.incarnation.to_be_bytes().to_vec(),
        sequence.to_be_bytes().to_vec(),
        hash.0.to_vec(),
    ]
}

/// Signs the head of a journal.
pub fn sign_head(key: &SigningKey, event: EventId, head: &EntryRef) -> Sig {
    let parts = head_parts(event, head.journal, head.sequence, &head.hash);
    Domain::Head.sign(key, &parts.each_ref().map(Vec::as_slice))
}

/// Entries in a row that end at a signed head.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// Whose journal.
    #[n(0)]
    pub journal: JournalId,
    /// Place of the first entry.
    #[n(1)]
    pub first: u64,
    /// The entries, as they were written.
    #[n(2)]
    pub entries: Vec<ByteVec>,
    /// The author's signature over the last entry's head.
    #[n(3)]
    pub signature: Sig,
    /// The author's certificate.
    #[n(4)]
    pub certificate: Certificate,
    /// The hash before the first entry; absent from senders that know of no branches, and at the beginning.
    #[n(5)]
    pub previous: Option<Hash>,
}

/// Why a run was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunFault {
    /// Entries before it are missing here.
    #[error("entries before it are missing")]
    Gap,
    /// Its author's certificate does not count for this event.
    #[error("its author's certificate does not count: {0}")]
    Certificate(#[from] crate::trust::TrustFault),
    /// The certificate is another device's.
    #[error("the certificate is another device's")]
    Author,
    /// The signature is not its author's over these entries after ours.
    #[error("the signature does not cover these entries")]
    Signature,
    /// Empty, too many entries, or an entry too large.
    #[error("empty or too large")]
    Size,
    /// It goes on from an entry that is not here, of a history that is another than ours.
    #[error("goes on from a history that is not known here")]
    Astray,
    /// More histories of one journal than are kept.
    #[error("more histories of one journal than are kept")]
    Branches,
    /// More journals than are taken, of this device or of all.
    #[error("more journals than are taken")]
    Journals,
}

impl RunFault {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Gap => "journal_gap",
            Self::Certificate(fault) => fault.code(),
            Self::Author => "wrong_author",
            Self::Signature => "bad_signature",
            Self::Size => "run_size",
            Self::Astray => "journal_astray",
            Self::Branches => "too_many_branches",
            Self::Journals => "too_many_journals",
        }
    }
}

/// An entry whose place in its journal was verified.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Its name.
    pub id: EntryRef,
    /// Its bytes, as they were signed.
    pub bytes: Vec<u8>,
    /// What it says; `None` where that cannot be read: kept, relayed, without effect.
    pub entry: Option<Entry>,
}

impl Run {
    /// Place of the last entry.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.entries.len() as u64).saturating_sub(1)
    }

    /// Checks the run against the hash before it, as the receiver knows it.
    ///
    /// `author` is the key that the certificate gave, opened by the caller.
    pub fn verify(&self, event: EventId, author: &PublicKey, previous: Hash) -> Result<Vec<Verified>, RunFault> {
        let sized = (1..=MAX_RUN_ENTRIES).contains(&self.entries.len())
            && self.entries.iter().all(|e| e.len() <= MAX_ENTRY_BYTES)
            && (1..=i64::MAX as u64 - MAX_RUN_ENTRIES as u64).contains(&self.first);
        if !sized {
            return Err(RunFault::Size);
        }
        let mut hash = previous;
        let mut verified = Vec::with_capacity(self.entries.len());
        for (sequence, bytes) in (self.first..).zip(&self.entries) {
            hash = chain(&hash, bytes);
            let id = EntryRef { journal: self.journal, sequence, hash };
            verified.push(Verified { id, bytes: bytes.to_vec(), entry: Entry::from_bytes(bytes) });
        }
        let parts = head_parts(event, self.journal, self.last(), &hash);
        let key = author.verifying().ok_or(RunFault::Signature)?;
        let signed = Domain::Head.verify(&key, &parts.each_ref().map(Vec::as_slice), &self.signature);
        if signed { Ok(verified) } else { Err(RunFault::Signature) }
    }
}

#[cfg(test)]
mod tests {
    use super::kind::*;
    use super::*;
    use crate::id::{DeviceId, ListId, TicketId};
    use crate::trust::{Identity, Rights, Role};

    const EVENT: EventId = EventId([1; 16]);
    const JOURNAL: JournalId = JournalId { device: DeviceId([2; 16]), incarnation: 1 };

    fn device() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn entry(clock: i64) -> Entry {
        let ticket = TicketId::from_bytes([1; 6]);
        let admission = Admission { gate: Some("Gate A".into()), ..Admission::new(ticket, ListId(1)) };
        Entry {
            clock: Timestamp(clock),
            at: None,
            quality: Quality::Trusted,
            uncertain_ms: Some(3),
            staff: None,
            kind: Kind::Admission(admission),
        }
    }

    fn run(count: i64) -> Run {
        let entries: Vec<Vec<u8>> = (1..=count).map(|c| entry(c).to_bytes()).collect();
        let hash = entries.iter().fold(genesis(EVENT, JOURNAL), |h, e| chain(&h, e));
        let head = EntryRef { journal: JOURNAL, sequence: count as u64, hash };
        let identity = Identity {
            event: EVENT,
            device: JOURNAL.device,
            key: device().verifying_key().into(),
            role: Role::Gate,
            rights: Rights::default(),
            name: "gate-1".into(),
            issued: Timestamp(0),
            expires: Timestamp(1),
        };
        Run {
            journal: JOURNAL,
            first: 1,
            entries: entries.into_iter().map(Into::into).collect(),
            signature: sign_head(&device(), EVENT, &head),
            certificate: Certificate::issue(&SigningKey::from_bytes(&[1; 32]), &identity),
            previous: None,
        }
    }

    fn verify(run: &Run) -> Result<usize, RunFault> {
        run.verify(EVENT, &device().verifying_key().into(), genesis(EVENT, JOURNAL)).map(|v| v.len())
    }

    #[test]
    fn entries_survive_the_round_trip() {
        let mut e = entry(5);
        e.at = Some(Timestamp(3));
        assert_eq!(Entry::from_bytes(&e.to_bytes()), Some(e.clone()));
        e.staff = Some("ana".into());
        assert_eq!(Entry::from_bytes(&e.to_bytes()), Some(e));
    }

    #[test]
    fn readers_of_before_and_after_names_read_each_others_entries() {
        #[derive(Encode, Decode)]
        struct Before(#[n(0)] Timestamp, #[n(1)] Quality, #[n(2)] u8, #[n(3)] ByteVec);
        let (kind, body) = entry(7).kind.to_tagged();
        let old = Before(Timestamp(7), Quality::Trusted, kind, body.into());
        let read = Entry::from_bytes(&to_cbor(&old)).unwrap();
        assert_eq!((read.staff.clone(), read.to_bytes()), (None, to_cbor(&old)));
        let named = Entry { staff: Some("ana".into()), ..read };
        let Before(clock, ..) = minicbor::decode(&named.to_bytes()).unwrap();
        assert_eq!(clock, Timestamp(7), "a field that an older reader does not know is skipped");
    }

    #[test]
    fn an_admission_takes_few_bytes() {
        assert!(entry(1_800_000_000_000_000).to_bytes().len() <= 40);
    }

    #[test]
    fn a_signed_run_verifies_and_any_change_is_noticed() {
        assert_eq!(verify(&run(3)), Ok(3));
        let mut altered = run(3);
        altered.entries[1][4] ^= 1;
        assert_eq!(verify(&altered), Err(RunFault::Signature));
        let mut shortened = run(3);
        shortened.entries.pop();
        assert_eq!(verify(&shortened), Err(RunFault::Signature));
        let mut moved = run(3);
        moved.first = 2;
        assert_eq!(verify(&moved), Err(RunFault::Signature));
        let mut empty = run(3);
        empty.entries.clear();
        assert_eq!(verify(&empty), Err(RunFault::Size));
        assert_eq!(verify(&run(MAX_RUN_ENTRIES as i64 + 1)), Err(RunFault::Size));
    }

    #[test]
    fn an_entry_of_a_later_version_is_kept() {
        let raw = RawEntry {
            clock: Timestamp(7),
            quality: Quality::Unsure,
            kind: 200,
            body: vec![1, 2, 3].into(),
            at: None,
            uncertain_ms: None,
            staff: None,
        };
        let bytes = to_cbor(&raw);
        let read = Entry::from_bytes(&bytes).unwrap();
        assert_eq!(read.kind, Kind::Unknown { tag: 200, body: vec![1, 2, 3] });
        assert_eq!(read.to_bytes(), bytes);
    }
}
