//! A fork as a proof: two histories that one device signed.
//!
//! Two runs that go on from the same place of one journal with different entries, each under
//! a signature of the journal's author. Whoever has the installation's key can check it, and
//! needs nothing else: no store, no feed, nobody's word. Nobody but the author can make one,
//! because both signatures are over chains that begin at the hash the two have in common.

use super::{EntryRef, Run, RunFault, genesis};
use crate::id::JournalId;
use crate::seal::{Hash, PublicKey};
use crate::trust::{Identity, TrustFault, to_cbor};
use minicbor::{Decode, Encode};

/// Two histories of one journal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    /// One of them, from where they part.
    #[n(0)]
    pub one: Run,
    /// The other, from the same place.
    #[n(1)]
    pub other: Run,
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forked {
    /// Who signed both.
    pub author: Identity,
    /// In which journal.
    pub journal: JournalId,
    /// The last entry that both have; 0 where they have none.
    pub after: u64,
    /// The signed end of each run.
    pub heads: [EntryRef; 2],
}

/// Why two runs prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProof {
    /// A certificate does not count.
    #[error("a certificate does not count: {0}")]
    Certificate(#[from] TrustFault),
    /// A run does not verify.
    #[error("a history does not verify: {0}")]
    Run(#[from] RunFault),
    /// Two authors, or a certificate of somebody else.
    #[error("the two were not signed by one device")]
    Author,
    /// They do not go on from the same place of the same journal.
    #[error("the two do not part at one place")]
    Place,
    /// They begin alike: one may simply be longer.
    #[error("the two begin with the same entry")]
    Alike,
}

impl NoProof {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Certificate(fault) => fault.code(),
            Self::Run(fault) => fault.code(),
            Self::Author => "wrong_author",
            Self::Place => "no_common_place",
            Self::Alike => "no_fork",
        }
    }
}

impl Proof {
    /// The proof of these two runs; the same whichever is named first.
    pub fn of(one: Run, other: Run) -> Self {
        let first = |run: &Run| run.entries.first().map(|entry| entry.to_vec());
        if first(&one) <= first(&other) { Self { one, other } } else { Self { one: other, other: one } }
    }

    /// What it proves, by the installation's key alone.
    pub fn verify(&self, ca: &PublicKey) -> Result<Forked, NoProof> {
        let (one, other) = (&self.one, &self.other);
        let author = one.certificate.open(ca)?;
        let again = other.certificate.open(ca)?;
        // A certificate may have been renewed between the two; the key is who signed.
        let same = (author.event, author.device, author.key) == (again.event, again.device, again.key);
        if !same || author.device != one.journal.device {
            return Err(NoProof::Author);
        }
        if (one.journal, one.first, one.previous) != (other.journal, other.first, other.previous) {
            return Err(NoProof::Place);
        }
        let previous = match (one.first, one.previous) {
            (1, None) => genesis(author.event, one.journal),
            (2.., Some(previous)) => previous,
            (0 | 2.., None) | (0 | 1, Some(_)) => return Err(NoProof::Place),
        };
        if one.entries.first() == other.entries.first() {
            return Err(NoProof::Alike);
        }
        let head = |run: &Run| end(run, &author, previous);
        let heads = [head(one)?, head(other)?];
        Ok(Forked { journal: one.journal, after: one.first - 1, heads, author })
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// The proof in these bytes; not verified. `None` where they are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

fn end(run: &Run, author: &Identity, previous: Hash) -> Result<EntryRef, RunFault> {
    let verified = run.verify(author.event, &author.key, previous)?;
    verified.last().map(|entry| entry.id).ok_or(RunFault::Size)
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Kind, chain, sign_head};
    use super::*;
    use crate::clock::Quality;
    use crate::id::{DeviceId, EventId};
    use crate::journal::kind::Refusal;
    use crate::time::Timestamp;
    use crate::trust::{Certificate, Rights, Role};
    use ed25519_dalek::SigningKey;

    const EVENT: EventId = EventId([1; 16]);
    const JOURNAL: JournalId = JournalId { device: DeviceId([2; 16]), incarnation: 1 };

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn ca() -> PublicKey {
        key(1).verifying_key().into()
    }

    fn certificate(device: u8, expires: i64) -> Certificate {
        let identity = Identity {
            event: EVENT,
            device: JOURNAL.device,
            key: key(device).verifying_key().into(),
            role: Role::Gate,
            rights: Rights::default(),
            name: "gate-1".into(),
            issued: Timestamp(0),
            expires: Timestamp(expires),
        };
        Certificate::issue(&key(1), &identity)
    }

    /// Entries with these codes after a common beginning of `after` entries.
    fn run(device: u8, after: u64, codes: &[&str]) -> Run {
        let entry = |code: &str| {
            let refusal = Refusal { ticket: None, list: None, gate: None, code: code.into() };
            let (clock, quality) = (Timestamp(1), Quality::Trusted);
            let kind = Kind::Refusal(refusal);
            Entry { clock, at: None, quality, uncertain_ms: None, staff: None, kind }.to_bytes()
        };
        let common = (0..after).fold(genesis(EVENT, JOURNAL), |hash, _| chain(&hash, &entry("common")));
        let entries: Vec<Vec<u8>> = codes.iter().map(|code| entry(code)).collect();
        let hash = entries.iter().fold(common, |hash, entry| chain(&hash, entry));
        let head = EntryRef { journal: JOURNAL, sequence: after + codes.len() as u64, hash };
        Run {
            journal: JOURNAL,
            first: after + 1,
            entries: entries.into_iter().map(Into::into).collect(),
            signature: sign_head(&key(device), EVENT, &head),
            certificate: certificate(device, 9),
            previous: (after > 0).then_some(common),
        }
    }

    #[test]
    fn two_histories_of_one_author_prove_by_themselves_where_they_part() {
        for after in [0, 1, 5] {
            let (one, other) = (run(9, after, &["a", "b"]), run(9, after, &["c"]));
            let proof = Proof::of(one.clone(), other.clone());
            assert_eq!(proof, Proof::of(other, one), "the same whichever comes first");
            let forked = proof.verify(&ca()).unwrap();
            assert_eq!((forked.journal, forked.after, forked.author.name.as_str()), (JOURNAL, after, "gate-1"));
            let ends = forked.heads.map(|head| head.sequence);
            assert_eq!(ends.iter().sum::<u64>(), 2 * after + 3);
            assert_eq!(Proof::from_bytes(&proof.to_bytes()), Some(proof));
        }
    }

    #[test]
    fn nothing_else_proves_a_fork() {
        let check = |one: Run, other: Run, expect: &str| {
            let told = Proof { one, other }.verify(&ca()).map_err(NoProof::code);
            assert_eq!(told.map(|forked| forked.after), Err(expect));
        };
        let good = || run(9, 2, &["a", "b"]);
        check(good(), good(), "no_fork");
        check(good(), run(9, 2, &["a", "c"]), "no_fork"); // they part later
        check(good(), run(9, 3, &["a"]), "no_common_place");
        check(good(), run(9, 0, &["a"]), "no_common_place");
        check(good(), run(8, 2, &["c"]), "wrong_author");
        check(good(), Run { signature: good().signature, ..run(9, 2, &["c"]) }, "bad_signature");
        check(good(), Run { certificate: certificate(8, 9), ..run(9, 2, &["c"]) }, "wrong_author");
        let unheard = Some(Hash([7; 32]));
        check(
            Run { previous: unheard, ..good() },
            Run { previous: unheard, ..run(9, 2, &["c"]) },
            "bad_signature",
        );
        let nothing = Run { entries: Vec::new(), ..good() };
        check(nothing, run(9, 2, &["c"]), "run_size");
        let stranger = SigningKey::from_bytes(&[3; 32]).verifying_key().into();
        let told = Proof::of(good(), run(9, 2, &["c"])).verify(&stranger);
        assert_eq!(told, Err(NoProof::Certificate(TrustFault::Signature)));
    }

    #[test]
    fn a_renewed_certificate_is_the_same_author() {
        let renewed = Run { certificate: certificate(9, 99), ..run(9, 2, &["c"]) };
        assert!(Proof::of(run(9, 2, &["a"]), renewed).verify(&ca()).is_ok());
    }

    #[test]
    fn any_changed_byte_of_a_proof_proves_nothing_or_the_same() {
        let proof = Proof::of(run(9, 2, &["a", "b"]), run(9, 2, &["c"]));
        let (bytes, whole) = (proof.to_bytes(), proof.verify(&ca()).unwrap());
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            let told = Proof::from_bytes(&altered).and_then(|proof| proof.verify(&ca()).ok());
            assert!(told.is_none_or(|forked| forked == whole), "byte {place}");
        }
    }
}
