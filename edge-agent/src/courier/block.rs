//! One block: mark, kind, number, length, checksum, content.
//!
//! The mark is where a reader goes on after damage. The checksum is over everything else, so
//! that a block is whole or it is none. Content is CBOR packed by zstd, bounded like a message.

use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use tidegate_core::feed::{Cursor, SignedPage};
use tidegate_core::id::{DeviceId, EventId};
use tidegate_core::journal::Run;
use tidegate_core::seal::{Domain, Hash, PublicKey, Sig};
use tidegate_core::start::{SignedPart, SignedShelf};
use tidegate_core::sync::{MAX_MESSAGE_BYTES, Vector};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, TrustFault};
use tidegate_link::body;

/// Where a block begins: not text, not UTF-8, and broken by any tool that changes line ends.
pub const MARK: [u8; 8] = *b"\x89TGB\r\n\x1a\n";
/// Mark, kind, number, length, checksum.
pub const HEADER_BYTES: usize = MARK.len() + 1 + 4 + 4 + 32;
/// The largest block: a whole message that did not get smaller, with what zstd adds.
pub const MAX_BLOCK_BYTES: usize = HEADER_BYTES + MAX_MESSAGE_BYTES + (64 << 10);

const ABOUT: u8 = 1;
const RUNS: u8 = 2;
const PAGES: u8 = 3;
const END: u8 = 4;
const START: u8 = 5;
const SHELVES: u8 = 6;

/// Who wrote the file, when, and what they had.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct About {
    /// Of which event.
    #[n(0)]
    pub event: EventId,
    /// Which device wrote it.
    #[n(1)]
    pub device: DeviceId,
    /// What people call it.
    #[n(2)]
    pub name: String,
    /// When, by its clock.
    #[n(3)]
    pub made: Timestamp,
    /// The installation's key, as the device has pinned it: for an auditor who was given no other.
    #[n(4)]
    pub ca: PublicKey,
    /// The feed's key, likewise.
    #[n(5)]
    pub feed_key: PublicKey,
    /// What it durably had.
    #[n(6)]
    pub vector: Vector,
    /// Where it stood in the feed.
    #[n(7)]
    pub cursor: Cursor,
}

/// The same under the device's signature.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SignedAbout {
    #[n(0)]
    body: ByteVec,
    #[n(1)]
    signature: Sig,
    #[n(2)]
    certificate: Certificate,
}

impl SignedAbout {
    /// Signs it.
    pub fn sign(key: &SigningKey, certificate: &Certificate, about: &About) -> Self {
        let body = minicbor::to_vec(about).unwrap_or_default(); // to a vector: cannot fail
        let signature = Domain::Block.sign(key, &[&body]);
        Self { body: body.into(), signature, certificate: certificate.clone() }
    }

    /// What it says, whoever says it.
    pub fn read(&self) -> Option<About> {
        minicbor::decode(&self.body).ok()
    }

    /// What it says, if the device that it names said it.
    pub fn open(&self, ca: &PublicKey) -> Result<About, TrustFault> {
        let author = self.certificate.open(ca)?;
        let key = author.key.verifying().ok_or(TrustFault::Signature)?;
        let signed = Domain::Block.verify(&key, &[&self.body], &self.signature);
        let about = self.read().filter(|_| signed).ok_or(TrustFault::Signature)?;
        let same = (author.event, author.device) == (about.event, about.device);
        if same { Ok(about) } else { Err(TrustFault::Device) }
    }
}

/// What the file holds, said at its end: one that ends early lacks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct End {
    /// Blocks before this one.
    #[n(0)]
    pub blocks: u32,
    /// Entries in them.
    #[n(1)]
    pub entries: u64,
    /// Pieces of the feed in them: parts of a start, shelves and pages.
    #[n(2)]
    pub pages: u64,
}

/// What a block holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The first block.
    About(Box<SignedAbout>),
    /// Entries.
    Runs(Vec<Run>),
    /// Parts of the start that the writer began with.
    Start(Vec<SignedPart>),
    /// The rows behind it.
    Shelves(Vec<SignedShelf>),
    /// Pages of the feed after it.
    Pages(Vec<SignedPage>),
    /// The last block.
    End(End),
}

impl Content {
    /// Its name in answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::About(_) => "about",
            Self::Runs(_) => "runs",
            Self::Start(_) => "start",
            Self::Shelves(_) => "shelves",
            Self::Pages(_) => "pages",
            Self::End(_) => "end",
        }
    }
}

/// A block that is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its place in the file, from 0.
    pub number: u32,
    /// What it holds.
    pub content: Content,
}

/// Why bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// They are not what was written.
    #[error("damaged, or cut short")]
    Check,
    /// They are what was written, by a later version.
    #[error("written by a later version")]
    Later,
}

impl Damaged {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Check => "block_damaged",
            Self::Later => "block_of_later_version",
        }
    }
}

/// The bytes of a block.
pub fn encode(number: u32, content: &Content) -> Vec<u8> {
    let (kind, packed) = match content {
        Content::About(about) => (ABOUT, body::encode(about)),
        Content::Runs(runs) => (RUNS, body::encode(runs)),
        Content::Start(parts) => (START, body::encode(parts)),
        Content::Shelves(shelves) => (SHELVES, body::encode(shelves)),
        Content::Pages(pages) => (PAGES, body::encode(pages)),
        Content::End(end) => (END, body::encode(end)),
    };
    let length = u32::try_from(packed.len()).unwrap_or(u32::MAX); // bounded by what is put into one
    let head = [&[kind][..], &number.to_be_bytes(), &length.to_be_bytes()].concat();
    let Hash(check) = Domain::Block.hash(&[&head, &packed]);
    [&MARK[..], &head, &check, &packed].concat()
}

/// How many bytes follow a header, if it is one.
pub fn length(header: &[u8; HEADER_BYTES]) -> Option<usize> {
    let length = u32::from_be_bytes([header[13], header[14], header[15], header[16]]);
    let length = usize::try_from(length).ok().filter(|length| HEADER_BYTES + length <= MAX_BLOCK_BYTES)?;
    header.starts_with(&MARK).then_some(length)
}

/// Whether these bytes are a block as it was written.
pub fn is_whole(raw: &[u8]) -> bool {
    let Some((header, packed)) = raw.split_first_chunk::<HEADER_BYTES>() else { return false };
    let Hash(check) = Domain::Block.hash(&[&header[MARK.len()..MARK.len() + 9], packed]);
    length(header) == Some(packed.len()) && header.ends_with(&check)
}

impl Block {
    /// The block in these bytes.
    pub fn decode(raw: &[u8]) -> Result<Self, Damaged> {
        if !is_whole(raw) {
            return Err(Damaged::Check);
        }
        let (head, packed) = raw.split_at(HEADER_BYTES); // a whole block is longer
        let number = u32::from_be_bytes([head[9], head[10], head[11], head[12]]);
        let content = match head[8] {
            ABOUT => body::decode(packed).map(|about| Content::About(Box::new(about))),
            RUNS => body::decode(packed).map(Content::Runs),
            START => body::decode(packed).map(Content::Start),
            SHELVES => body::decode(packed).map(Content::Shelves),
            PAGES => body::decode(packed).map(Content::Pages),
            END => body::decode(packed).map(Content::End),
            _ => return Err(Damaged::Later),
        };
        content.map(|content| Self { number, content }).map_err(|_| Damaged::Later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::trust::{Identity, Rights, Role};

    fn about() -> (SigningKey, SignedAbout) {
        let [ca, key] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        let identity = Identity {
            event: EventId([1; 16]),
            device: DeviceId([2; 16]),
            key: key.verifying_key().into(),
            role: Role::Gate,
            rights: Rights::default(),
            name: "gate-1".into(),
            issued: Timestamp(0),
            expires: Timestamp(9),
        };
        let about = About {
            event: identity.event,
            device: identity.device,
            name: identity.name.clone(),
            made: Timestamp(5),
            ca: ca.verifying_key().into(),
            feed_key: ca.verifying_key().into(),
            vector: Vector::default(),
            cursor: Cursor::default(),
        };
        (ca.clone(), SignedAbout::sign(&key, &Certificate::issue(&ca, &identity), &about))
    }

    #[test]
    fn a_block_reads_back_and_with_any_byte_changed_or_missing_it_is_none() {
        for (number, content) in
            [Content::About(Box::new(about().1)), Content::Runs(vec![]), Content::End(End::default())]
                .into_iter()
                .enumerate()
        {
            let number = number as u32;
            let raw = encode(number, &content);
            assert_eq!(Block::decode(&raw), Ok(Block { number, content }));
            for place in 0..raw.len() {
                let mut altered = raw.clone();
                altered[place] ^= 0x10;
                assert_eq!(Block::decode(&altered), Err(Damaged::Check), "byte {place}");
                assert_eq!(Block::decode(&raw[..place]), Err(Damaged::Check), "cut at {place}");
            }
            assert_eq!(Block::decode(&[&raw[..], &[0]].concat()), Err(Damaged::Check));
        }
    }

    #[test]
    fn a_kind_of_a_later_version_is_told_from_damage() {
        let mut raw = encode(0, &Content::End(End::default()));
        raw[MARK.len()] = 99;
        let packed = raw.split_off(HEADER_BYTES);
        let Hash(check) = Domain::Block.hash(&[&raw[MARK.len()..MARK.len() + 9], &packed]);
        raw.truncate(MARK.len() + 9);
        assert_eq!(Block::decode(&[&raw[..], &check, &packed].concat()), Err(Damaged::Later));
    }

    #[test]
    fn who_wrote_a_file_is_who_signed_it() {
        let (ca, signed) = about();
        assert_eq!(signed.open(&ca.verifying_key().into()).map(|about| about.made), Ok(Timestamp(5)));
        let stranger = SigningKey::from_bytes(&[9; 32]);
        assert!(signed.open(&stranger.verifying_key().into()).is_err());
        let mut said = signed.read().unwrap();
        said.device = DeviceId([7; 16]);
        let forged = SignedAbout { body: minicbor::to_vec(said).unwrap().into(), ..signed };
        assert!(forged.open(&ca.verifying_key().into()).is_err());
    }
}
