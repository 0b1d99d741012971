//! The feed: what the office decided, as rows by revision in signed pages.
//!
//! Pages are signed by a feed key that was pinned at enrolment, so they may come
//! from any peer; they are taken in order, never unsigned, never backwards. Each
//! row stands at its newest revision; a page over `(from, to]` holds every row
//! whose newest revision lay in that range when it was signed. Rows of a kind
//! that is not known here are kept in their page and otherwise skipped.

use crate::catalogue::{Catalogue, CheckInList, DeviceRow, Event, Product, Staff, TicketRow, Zone};
use crate::exposure::Policy;
use crate::id::{EventId, TicketId};
use crate::seal::{Domain, PublicKey, Sig};
use crate::ticket::{KeyNumber, TicketKey};
use crate::time::Timestamp;
use crate::trial::{Bug, planted};
use crate::trust::to_cbor;
use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Rows in one page: about 300 KB, so that an interrupted start loses little.
pub const MAX_PAGE_ROWS: usize = 4_000;
/// The largest page taken, in bytes: far above any page written, far below memory.
pub const MAX_PAGE_BYTES: usize = 8 << 20;

/// Which life of the cloud numbered the revisions; renewed when it is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Epoch(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 16],
);

/// A place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Encode, Decode)]
pub struct Cursor {
    /// Which life of the cloud.
    #[n(0)]
    pub epoch: Epoch,
    /// The newest revision taken; 0 before the first.
    #[n(1)]
    pub revision: u64,
}

/// A row as it travels: kind and key name it, no body is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Row {
    /// Which kind, a number for ever.
    #[n(0)]
    pub kind: u8,
    /// Which row of that kind.
    #[n(1)]
    pub key: ByteVec,
    /// What it says; absent where it was taken away.
    #[n(2)]
    pub body: Option<ByteVec>,
}

/// What a row changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The event.
    Event(Event),
    /// A product.
    Product(Product),
    /// A check-in list.
    List(CheckInList),
    /// A ticket key.
    Key(TicketKey),
    /// A ticket key no longer counts.
    KeyGone(KeyNumber),
    /// A device of the roster.
    Device(DeviceRow),
    /// Somebody who may decide.
    Staff(Staff),
    /// Somebody may no longer decide.
    StaffGone(String),
    /// A ticket.
    Ticket(Box<TicketRow>),
    /// A counted area.
    Zone(Zone),
    /// What devices of a role may do cut off.
    Policy(Policy),
}

const EVENT: u8 = 1;
const PRODUCT: u8 = 2;
const LIST: u8 = 3;
const KEY: u8 = 4;
const DEVICE: u8 = 5;
const STAFF: u8 = 6;
const TICKET: u8 = 7;
const ZONE: u8 = 8;
const POLICY: u8 = 9;

impl Change {
    /// Enters it in what a door reads. Tickets are none of that: their rows stand for themselves.
    pub fn enter(self, catalogue: &mut Catalogue) {
        match self {
            Self::Event(event) => catalogue.event = Some(event),
            Self::Product(product) => drop(catalogue.products.insert(product.id, product)),
            Self::List(list) => drop(catalogue.lists.insert(list.id, list)),
            Self::Key(key) => catalogue.add_key(key),
            Self::KeyGone(_) if planted(Bug::KeyStays) => {}
            Self::KeyGone(number) => catalogue.keyring.remove(number),
            Self::Device(device) => drop(catalogue.devices.insert(device.id, device)),
            Self::Staff(staff) => drop(catalogue.staff.insert(staff.name.clone(), staff)),
            Self::StaffGone(name) => drop(catalogue.staff.remove(&name)),
            Self::Zone(zone) => drop(catalogue.zones.insert(zone.id, zone)),
            Self::Policy(policy) => drop(catalogue.policies.insert(policy.role, policy)),
            Self::Ticket(_) => {}
        }
    }

    /// The row for it.
    pub fn to_row(&self) -> Row {
        let (kind, key, body) = match self {
            Self::Event(e) => (EVENT, e.id.0.to_vec(), Some(to_cbor(e))),
            Self::Product(p) => (PRODUCT, p.id.0.to_be_bytes().to_vec(), Some(to_cbor(p))),
            Self::List(l) => (LIST, l.id.0.to_be_bytes().to_vec(), Some(to_cbor(l))),
            Self::Key(k) => (KEY, k.number().0.to_be_bytes().to_vec(), Some(to_cbor(k))),
            Self::KeyGone(n) => (KEY, n.0.to_be_bytes().to_vec(), None),
            Self::Device(d) => (DEVICE, d.id.0.to_vec(), Some(to_cbor(d))),
            Self::Staff(s) => (STAFF, s.name.as_bytes().to_vec(), Some(to_cbor(s))),
            Self::StaffGone(name) => (STAFF, name.as_bytes().to_vec(), None),
            Self::Ticket(t) => (TICKET, t.id.to_bytes().to_vec(), Some(to_cbor(t))),
            Self::Zone(z) => (ZONE, z.id.0.to_be_bytes().to_vec(), Some(to_cbor(z))),
            Self::Policy(p) => (POLICY, p.role.as_str().as_bytes().to_vec(), Some(to_cbor(p))),
        };
        Row { kind, key: key.into(), body: body.map(Into::into) }
    }

    /// What a row changes; `None` for kinds and tombstones that mean nothing here.
    pub fn of(row: &Row) -> Option<Self> {
        fn read<'b, T: Decode<'b, ()>>(body: &'b ByteVec) -> Option<T> {
            minicbor::decode(body).ok()
        }
        match (row.kind, &row.body) {
            (EVENT, Some(b)) => read(b).map(Self::Event),
            (PRODUCT, Some(b)) => read(b).map(Self::Product),
            (LIST, Some(b)) => read(b).map(Self::List),
            (KEY, Some(b)) => read(b).map(Self::Key),
            (KEY, None) => row.key[..].try_into().ok().map(|n| Self::KeyGone(KeyNumber(u32::from_be_bytes(n)))),
            (DEVICE, Some(b)) => read(b).map(Self::Device),
            (STAFF, Some(b)) => read(b).map(Self::Staff),
            (STAFF, None) => String::from_utf8(row.key.to_vec()).ok().map(Self::StaffGone),
            (TICKET, Some(b)) => read(b).map(|t| Self::Ticket(Box::new(t))),
            (ZONE, Some(b)) => read(b).map(Self::Zone),
            (POLICY, Some(b)) => read(b).map(Self::Policy),
            _ => None,
        }
    }

    /// The ticket it is about.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::Ticket(row) => Some(row.id),
            Self::Event(_)
            | Self::Product(_)
            | Self::List(_)
            | Self::Key(_)
            | Self::KeyGone(_)
            | Self::Device(_)
            | Self::Staff(_)
            | Self::StaffGone(_)
            | Self::Zone(_)
            | Self::Policy(_) => None,
        }
    }
}

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// Of which event.
    #[n(0)]
    pub event: EventId,
    /// Which life of the cloud.
    #[n(1)]
    pub epoch: Epoch,
    /// Revisions after this one …
    #[n(2)]
    pub from: u64,
    /// … up to and with this one.
    #[n(3)]
    pub to: u64,
    /// The newest revision there was.
    #[n(4)]
    pub newest: u64,
    /// The cloud's time when it signed.
    #[n(5)]
    pub cloud_time: Timestamp,
    /// The rows, by revision.
    #[n(6)]
    pub rows: Vec<Row>,
}

impl Page {
    /// Where a reader stands after it.
    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, revision: self.to }
    }
}

/// A page under its signature; what it says is out of reach until [`SignedPage::open`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedPage {
    #[n(0)]
    body: ByteVec,
    #[n(1)]
    signature: Sig,
}

/// Why a page was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedFault {
    /// Not signed by the feed key of this event.
    #[error("not signed by the feed key that was pinned at enrolment")]
    Signature,
    /// Its content cannot be read.
    #[error("the page cannot be read")]
    Unreadable,
    /// Of another event.
    #[error("of another event")]
    Event,
    /// Of another life of the cloud than the pages before.
    #[error("of another epoch")]
    Epoch,
    /// Revisions before it are missing here, or it goes backwards.
    #[error("does not follow what was taken")]
    Gap,
    /// More bytes or rows than any page has.
    #[error("too large")]
    Size,
}

impl FeedFault {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Signature => "feed_signature",
            Self::Unreadable => "feed_unreadable",
            Self::Event => "feed_wrong_event",
            Self::Epoch => "feed_epoch",
            Self::Gap => "feed_gap",
            Self::Size => "feed_size",
        }
    }
}

impl SignedPage {
    /// Signs a page.
    pub fn sign(key: &SigningKey, page: &Page) -> Self {
        let body = to_cbor(page);
        let signature = Domain::Feed.sign(key, &[&body]);
        Self { body: body.into(), signature }
    }

    /// Which revisions it is over, as it says itself: unverified, enough to pass it by.
    pub fn range(&self) -> Option<(Epoch, u64, u64)> {
        let page: Page = minicbor::decode(&self.body).ok()?;
        Some((page.epoch, page.from, page.to))
    }

    /// What it says, if it follows `cursor` of `event`. The default cursor takes any epoch's first page.
    ///
    /// It may begin before the cursor: a row that stands in the overlap cannot have
    /// stood at a newer revision there when a page that reaches further was signed.
    pub fn open(&self, feed_key: &PublicKey, event: EventId, cursor: Cursor) -> Result<Page, FeedFault> {
        let page = self.open_any(feed_key, event)?;
        let fresh = cursor == Cursor::default();
        match page {
            _ if !fresh && page.epoch != cursor.epoch => Err(FeedFault::Epoch),
            _ if planted(Bug::FeedBackwards) => Ok(page),
            _ if page.from > cursor.revision || page.to < cursor.revision || page.newest < page.to => {
                Err(FeedFault::Gap)
            }
            _ if page.rows.len() > MAX_PAGE_ROWS => Err(FeedFault::Size),
            page => Ok(page),
        }
    }

    /// What it says, whether or not it follows anything: which life of the cloud there is, and since when.
    pub fn open_any(&self, feed_key: &PublicKey, event: EventId) -> Result<Page, FeedFault> {
        let page: Page = open_signed(Domain::Feed, feed_key, (&self.body, &self.signature), MAX_PAGE_BYTES)?;
        if page.event == event { Ok(page) } else { Err(FeedFault::Event) }
    }
}

/// What the feed key signed for this purpose.
pub(crate) fn open_signed<T: for<'b> Decode<'b, ()>>(
    domain: Domain,
    feed_key: &PublicKey,
    (body, signature): (&[u8], &Sig),
    most: usize,
) -> Result<T, FeedFault> {
    if body.len() > most {
        return Err(FeedFault::Size);
    }
    let key = feed_key.verifying().ok_or(FeedFault::Signature)?;
    if !domain.verify(&key, &[body], signature) {
        return Err(FeedFault::Signature);
    }
    minicbor::decode(body).map_err(|_| FeedFault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT_ID: EventId = EventId([1; 16]);

    fn page() -> Page {
        let row = Change::StaffGone("ana".into()).to_row();
        let epoch = Epoch([4; 16]);
        Page { event: EVENT_ID, epoch, from: 5, to: 6, newest: 9, cloud_time: Timestamp(1), rows: vec![row] }
    }

    fn open(change: impl Fn(&mut Page), cursor: Cursor) -> Result<u64, FeedFault> {
        let key = SigningKey::from_bytes(&[1; 32]);
        let mut page = page();
        change(&mut page);
        let signed = SignedPage::sign(&key, &page);
        signed.open(&key.verifying_key().into(), EVENT_ID, cursor).map(|p| p.to)
    }

    #[test]
    fn a_page_is_taken_only_where_it_follows() {
        let here = Cursor { epoch: Epoch([4; 16]), revision: 5 };
        assert_eq!(open(|_| (), here), Ok(6));
        assert_eq!(open(|_| (), Cursor { revision: 4, ..here }), Err(FeedFault::Gap));
        assert_eq!(open(|_| (), Cursor { revision: 6, ..here }), Ok(6));
        assert_eq!(open(|_| (), Cursor { revision: 7, ..here }), Err(FeedFault::Gap));
        assert_eq!(open(|p| p.to = 4, here), Err(FeedFault::Gap));
        assert_eq!(open(|p| p.epoch = Epoch([5; 16]), here), Err(FeedFault::Epoch));
        assert_eq!(open(|p| p.event = EventId([2; 16]), here), Err(FeedFault::Event));
        assert_eq!(open(|p| p.from = 0, Cursor::default()), Ok(6));
    }

    #[test]
    fn an_altered_page_or_another_key_is_refused() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let mut signed = SignedPage::sign(&key, &page());
        let here = Cursor { epoch: Epoch([4; 16]), revision: 5 };
        let stranger = SigningKey::from_bytes(&[2; 32]).verifying_key().into();
        assert_eq!(signed.open(&stranger, EVENT_ID, here), Err(FeedFault::Signature));
        let last = signed.body.len() - 1;
        signed.body[last] ^= 1;
        assert_eq!(signed.open(&key.verifying_key().into(), EVENT_ID, here), Err(FeedFault::Signature));
    }

    #[test]
    fn rows_of_a_later_version_are_skipped() {
        assert_eq!(Change::of(&Row { kind: 99, key: vec![].into(), body: Some(vec![1].into()) }), None);
        assert_eq!(Change::of(&Row { kind: KEY, key: vec![1].into(), body: None }), None);
    }
}
