//! The start of a device: all that it needs before its first decision, and then the rows behind.
//!
//! A million tickets take a while; a door cannot wait for them. A **start** is one signed
//! document in parts: the small rows, every ticket that is not plain ([`marks`]), and a
//! digest of who was used before ([`uses`]), all as of one revision of the feed and one
//! frontier of the journals. A device that has all parts decides. What changes after that
//! revision comes by pages of the feed as always; the rows of plain tickets come behind on
//! **shelves**, in the order of their ids, so that a small machine writes them one after
//! the other. Both may come from any peer that kept them: nothing is taken unsigned.

mod cut;
pub mod marks;
pub mod uses;

pub use cut::Draft;

use crate::feed::{Epoch, FeedFault, MAX_PAGE_BYTES, MAX_PAGE_ROWS, Row, open_signed};
use crate::id::{EventId, TicketId};
use crate::seal::{Domain, Hash, PublicKey, Sig};
use crate::sync::Vector;
use crate::time::Timestamp;
use crate::trust::to_cbor;
use ed25519_dalek::SigningKey;
use marks::Marks;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use uses::{Shape, Uses};

/// What a part aims at, bytes: lost with a line that breaks, and sent again.
pub const PART_BYTES: usize = 512 << 10;
/// The most parts of a start: some gigabytes, far above any event.
pub const MAX_PARTS: u32 = 4_096;
/// Starts that are gathered beside each other: the cloud's, and those of two peers where it is out of reach.
pub const MAX_GATHERED: usize = 3;

/// Which start a part belongs to: equal in all its parts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct About {
    /// Of which event.
    #[n(0)]
    pub event: EventId,
    /// Which life of the cloud.
    #[n(1)]
    pub epoch: Epoch,
    /// The feed's newest revision when it was made: pages after it follow.
    #[n(2)]
    pub revision: u64,
    /// The cloud's time when it was made.
    #[n(3)]
    pub cloud_time: Timestamp,
    /// How many parts it has.
    #[n(4)]
    pub parts: u32,
    /// A hash over what is in all of them, and over the above: its name.
    #[n(5)]
    pub contents: Hash,
    /// The marks whose tickets are all in it.
    #[n(6)]
    pub told: Marks,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Part {
    /// Of which start.
    #[n(0)]
    pub about: About,
    /// Which, from 0.
    #[n(1)]
    pub number: u32,
    /// What is in it, as the bytes that its hash is of.
    #[n(2)]
    content: ByteVec,
}

/// What is in a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Content {
    /// Rows: small ones, and those of tickets that are not plain.
    #[n(0)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub rows: Vec<Row>,
    /// How far the journals had come, in one of the parts.
    #[n(1)]
    pub frontier: Option<Vector>,
    /// What the digest of uses is, in one of the parts; nowhere where nothing was used.
    #[n(2)]
    pub shape: Option<Shape>,
    /// A piece of its fingerprints, in the order of the parts.
    #[n(3)]
    pub fingerprints: Option<ByteVec>,
    /// Codes that journals carried and that say more than the ticket's row.
    #[n(4)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub codes: Vec<ByteVec>,
}

impl Part {
    /// What is in it.
    pub fn content(&self) -> Result<Content, FeedFault> {
        minicbor::decode(&self.content).map_err(|_| FeedFault::Unreadable)
    }

    /// The hash of what is in it.
    pub fn hash(&self) -> Hash {
        Domain::StartPart.hash(&[&self.content])
    }
}

impl About {
    /// The hash that names it where its parts have these: over them and all that it says of itself.
    pub fn name(&self, parts: &[Hash]) -> Hash {
        let unnamed = to_cbor(&Self { contents: Hash([0; 32]), ..self.clone() });
        let parts = parts.iter().map(|Hash(hash)| &hash[..]);
        Domain::StartContents.hash(&std::iter::once(&unnamed[..]).chain(parts).collect::<Vec<_>>())
    }
}

/// A part under its signature; what it says is out of reach until [`SignedPart::open`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedPart {
    #[n(0)]
    body: ByteVec,
    #[n(1)]
    signature: Sig,
}

impl SignedPart {
    /// Signs a part.
    pub fn sign(key: &SigningKey, part: &Part) -> Self {
        let body = to_cbor(part);
        let signature = Domain::Start.sign(key, &[&body]);
        Self { body: body.into(), signature }
    }

    /// What it says, if the feed key of `event` signed it.
    pub fn open(&self, feed_key: &PublicKey, event: EventId) -> Result<Part, FeedFault> {
        let part: Part = open_signed(Domain::Start, feed_key, (&self.body, &self.signature), MAX_PAGE_BYTES)?;
        match part {
            _ if part.about.event != event => Err(FeedFault::Event),
            _ if part.about.parts > MAX_PARTS || part.number >= part.about.parts => Err(FeedFault::Size),
            part => Ok(part),
        }
    }

    /// Its length in a message, about.
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// A part that is kept: its signature was looked at when it came.
pub fn reopen(signed: &SignedPart) -> Result<Part, FeedFault> {
    minicbor::decode(&signed.body).map_err(|_| FeedFault::Unreadable)
}

/// What the fingerprints of all parts come to.
#[derive(Debug, Default)]
pub struct Pieces {
    shape: Option<Shape>,
    fingerprints: Vec<u8>,
}

impl Pieces {
    /// Takes what the next part has of it.
    pub fn add(&mut self, content: &Content) {
        self.shape = self.shape.or(content.shape);
        self.fingerprints.extend_from_slice(content.fingerprints.as_deref().map_or(&[], |piece| piece));
    }

    /// The digest.
    pub fn uses(&self) -> Result<Uses, FeedFault> {
        Uses::from_parts(self.shape, &self.fingerprints).ok_or(FeedFault::Unreadable)
    }
}

/// Rows of tickets in the order of their ids, as the cloud had them at one revision.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shelf {
    /// Of which event.
    #[n(0)]
    pub event: EventId,
    /// Which life of the cloud.
    #[n(1)]
    pub epoch: Epoch,
    /// The feed's newest revision when it was read.
    #[n(2)]
    pub revision: u64,
    /// The cloud's time when it signed.
    #[n(3)]
    pub cloud_time: Timestamp,
    /// All tickets after this one; from the first where it is absent …
    #[n(4)]
    pub after: Option<TicketId>,
    /// … up to and with this one; to the last where it is absent.
    #[n(5)]
    pub until: Option<TicketId>,
    /// Their rows.
    #[n(6)]
    pub rows: Vec<Row>,
}

/// A shelf under its signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedShelf {
    #[n(0)]
    body: ByteVec,
    #[n(1)]
    signature: Sig,
}

/// Where a device stands in the rows behind its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Place {
    /// Which life of the cloud.
    #[n(0)]
    pub epoch: Epoch,
    /// The revision of its start: older rows may be of tickets that were told since.
    #[n(1)]
    pub since: u64,
    /// The last ticket that it has; none at the beginning.
    #[n(2)]
    pub after: Option<TicketId>,
}

impl SignedShelf {
    /// Signs a shelf.
    pub fn sign(key: &SigningKey, shelf: &Shelf) -> Self {
        let body = to_cbor(shelf);
        let signature = Domain::Shelf.sign(key, &[&body]);
        Self { body: body.into(), signature }
    }

    /// What it says, if it leads on from `place` of `event`.
    pub fn open(&self, feed_key: &PublicKey, event: EventId, place: Place) -> Result<Shelf, FeedFault> {
        let shelf: Shelf = open_signed(Domain::Shelf, feed_key, (&self.body, &self.signature), MAX_PAGE_BYTES)?;
        let backwards = shelf.until.is_some_and(|until| place.after.is_some_and(|after| until <= after));
        match shelf {
            _ if shelf.event != event => Err(FeedFault::Event),
            _ if shelf.epoch != place.epoch => Err(FeedFault::Epoch),
            _ if shelf.revision < place.since || shelf.after > place.after || backwards => Err(FeedFault::Gap),
            _ if shelf.rows.len() > MAX_PAGE_ROWS => Err(FeedFault::Size),
            shelf => Ok(shelf),
        }
    }

    /// Its length in a message, about.
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// What somebody asks for in an exchange beside entries and pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Asked {
    /// The starts that it gathers, where it wants one.
    #[n(0)]
    pub gathered: Option<Vec<Gathered>>,
    /// Where it stands in the rows behind, where it wants some.
    #[n(1)]
    pub rows: Option<Place>,
}

/// A start that is being gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Gathered {
    /// Which, by its contents.
    #[n(0)]
    pub contents: Hash,
    /// The first part that is lacking.
    #[n(1)]
    pub next: u32,
}

#[cfg(test)]
mod tests;
