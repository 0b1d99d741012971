//! Signatures and hashes, each kind under a domain string of its own.
//!
//! A signature made for one purpose never verifies for another: the domain goes
//! in front of every signed or hashed message. Ed25519 is accepted by
//! `verify_strict` only (RFC 8032 without the malleable and small-order cases).

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// What a signature or hash is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A ticket's content.
    Ticket,
    /// A staff badge's content, by the feed key.
    Badge,
    /// The number of a ticket key.
    KeyNumber,
    /// A device certificate, by the CA.
    Certificate,
    /// The CA's own public key, in a one-time code.
    CaPin,
    /// A device's proof that it holds the key it asks a certificate for.
    Enrolment,
    /// The start of a journal.
    Genesis,
    /// One entry in a journal's chain.
    Chain,
    /// A journal's head, by its device.
    Head,
    /// A page of the feed, by the feed key.
    Feed,
    /// A part of a start, by the feed key.
    Start,
    /// What is in a part of a start.
    StartPart,
    /// What is in all parts of a start.
    StartContents,
    /// A shelf of ticket rows, by the feed key.
    Shelf,
    /// The vector of all heads somebody has.
    Vector,
    /// The content behind an idempotency key.
    Request,
    /// The name of a request for rights.
    Want,
    /// The place of a store, and the incarnation that begins in another.
    Incarnation,
    /// The short code of a ticket's code.
    Spoken,
    /// An event's tag in announcements on a network.
    EventTag,
    /// One block of a file on a stick.
    Block,
}

impl Domain {
    /// The bytes in front: no domain is a prefix of another, by the final zero.
    pub fn prefix(self) -> &'static [u8] {
        match self {
            Self::Ticket => b"tidegate ticket v1\0",
            Self::Badge => b"tidegate badge v1\0",
            Self::KeyNumber => b"tidegate key number v1\0",
            Self::Certificate => b"tidegate certificate v1\0",
            Self::CaPin => b"tidegate ca pin v1\0",
            Self::Enrolment => b"tidegate enrolment v1\0",
            Self::Genesis => b"tidegate journal v1\0",
            Self::Chain => b"tidegate entry v1\0",
            Self::Head => b"tidegate head v1\0",
            Self::Feed => b"tidegate feed v1\0",
            Self::Start => b"tidegate start v1\0",
            Self::StartPart => b"tidegate start part v1\0",
            Self::StartContents => b"tidegate start contents v1\0",
            Self::Shelf => b"tidegate shelf v1\0",
            Self::Vector => b"tidegate vector v1\0",
            Self::Request => b"tidegate request v1\0",
            Self::Want => b"tidegate want v1\0",
            Self::Incarnation => b"tidegate incarnation v1\0",
            Self::Spoken => b"tidegate spoken v1\0",
            Self::EventTag => b"tidegate event tag v1\0",
            Self::Block => b"tidegate block v1\0",
        }
    }

    /// SHA-256 over the domain and the parts, one after the other.
    pub fn hash(self, parts: &[&[u8]]) -> Hash {
        let mut sha = Sha256::new();
        sha.update(self.prefix());
        for part in parts {
            sha.update(part);
        }
        Hash(sha.finalize().into())
    }

    /// Signs the domain and the parts.
    pub fn sign(self, key: &SigningKey, parts: &[&[u8]]) -> Sig {
        let message = self.message(parts);
        let signature = key.sign(&message).to_bytes();
        #[cfg(feature = "trials")]
        crate::trial::note_signed(&key.verifying_key().to_bytes(), &message, &signature);
        Sig(signature)
    }

    /// Whether `signature` is `key`'s over the domain and the parts.
    pub fn verify(self, key: &VerifyingKey, parts: &[&[u8]], signature: &Sig) -> bool {
        let message = self.message(parts);
        #[cfg(feature = "trials")]
        if crate::trial::was_signed(&key.to_bytes(), &message, &signature.0) {
            return true;
        }
        key.verify_strict(&message, &Signature::from_bytes(&signature.0)).is_ok()
    }

    fn message(self, parts: &[&[u8]]) -> Vec<u8> {
        let length = parts.iter().map(|p| p.len()).sum::<usize>();
        let mut message = Vec::with_capacity(self.prefix().len() + length);
        message.extend_from_slice(self.prefix());
        parts.iter().for_each(|part| message.extend_from_slice(part));
        message
    }
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0[..8]))
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Sig(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 64],
);

impl std::fmt::Debug for Sig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0[..8]))
    }
}

/// An Ed25519 public key as it travels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl PublicKey {
    /// The key, if these bytes are a point that `verify_strict` could ever accept.
    pub fn verifying(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok().filter(|key| !key.is_weak())
    }
}

impl From<VerifyingKey> for PublicKey {
    fn from(key: VerifyingKey) -> Self {
        Self(key.to_bytes())
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0[..8]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_for_one_purpose_is_none_for_another() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let signature = Domain::Head.sign(&key, &[b"message"]);
        assert!(Domain::Head.verify(&key.verifying_key(), &[b"mess", b"age"], &signature));
        assert!(!Domain::Feed.verify(&key.verifying_key(), &[b"message"], &signature));
    }
}
