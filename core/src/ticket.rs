//! A ticket as its code grants it, and the keys that make it genuine.
//!
//! [`code`] is the layout, byte for byte; [`Keyring::identify`] turns a text that
//! was held up into an [`Identity`]. A [`Genuine`] ticket can only be had by
//! verification: nothing else makes one.

pub mod code;
pub mod spoken;

use crate::id::{DateId, EventId, ProductId, TicketId};
use crate::scanned::{self, layout::Mismatch};
use crate::seal::{Domain, PublicKey, Sig};
use crate::time::Window;
use crate::trial::{Bug, planted};
use ed25519_dalek::SigningKey;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::fmt;

pub use code::{EncodeError, MAX_CONTENT_BYTES, MAX_CREDIT_KINDS, MIN_CONTENT_BYTES, NotATicket, Sealed};

/// The number of a signing key, in every code: the first 24 bits of a hash of the
/// public key, unique in an installation and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct KeyNumber(#[n(0)] pub u32);

impl KeyNumber {
    /// The number of this key.
    pub fn of(key: &PublicKey) -> Self {
        let hash = Domain::KeyNumber.hash(&[&key.0]).0;
        Self(u32::from_be_bytes([0, hash[0], hash[1], hash[2]]))
    }
}

impl fmt::Display for KeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}", self.0)
    }
}

/// Units of one product that a code carries: the cumulative total at its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Credit {
    /// Which product.
    #[n(0)]
    pub product: ProductId,
    /// How many in all, ever; not what is left.
    #[n(1)]
    pub units: u16,
}

/// What a code grants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Ticket {
    /// Which ticket of the event.
    #[n(0)]
    pub id: TicketId,
    /// What was bought.
    #[n(1)]
    pub product: ProductId,
    /// Re-issue counter: a higher one seen anywhere revokes the lower ones.
    #[n(2)]
    pub counter: u16,
    /// The date of a series it is for; a list for one date takes no ticket without it.
    #[n(3)]
    pub date: Option<DateId>,
    /// When it is valid; whole seconds.
    #[n(4)]
    pub window: Window,
    /// Prepaid units, by product, ascending.
    #[n(5)]
    pub credits: Vec<Credit>,
}

/// A ticket whose signature was verified for this event; made by [`Keyring::identify`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    ticket: Ticket,
    code: Vec<u8>,
}

impl Genuine {
    /// What it grants.
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Content and signature, for a journal entry that others can verify.
    pub fn code(&self) -> &[u8] {
        &self.code
    }
}

/// What a text that was held up turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No ticket code at all.
    NotATicket(NotATicket),
    /// Signed by a key that is not in the keyring.
    UnknownKey(KeyNumber),
    /// The key is known, the signature is not its.
    Forged(KeyNumber),
    /// Genuine, for another event of this installation.
    Foreign {
        /// Name of that event.
        event: String,
        /// Which ticket of it.
        ticket: TicketId,
    },
    /// Genuine, for this event.
    Genuine(Genuine),
}

impl Identity {
    /// Whether one of our keys signed it.
    fn is_signed(&self) -> bool {
        match self {
            Self::Foreign { .. } | Self::Genuine(_) => true,
            Self::NotATicket(_) | Self::UnknownKey(_) | Self::Forged(_) => false,
        }
    }
}

/// A public ticket key as the feed brings it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TicketKey {
    /// The key.
    #[n(0)]
    pub public: PublicKey,
    /// The event it signs for.
    #[n(1)]
    pub event: EventId,
    /// Name of that event, said when a ticket turns out to be for it.
    #[n(2)]
    pub event_name: String,
}

impl TicketKey {
    /// Its number.
    pub fn number(&self) -> KeyNumber {
        KeyNumber::of(&self.public)
    }
}

/// The public keys a door knows: its event's, and those of the organizer's other events.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: BTreeMap<KeyNumber, TicketKey>,
}

impl Keyring {
    /// Adds a key; one with the same number is replaced.
    pub fn insert(&mut self, key: TicketKey) {
        self.keys.insert(key.number(), key);
    }

    /// Takes a key out; codes it signed become `unknown_key`.
    pub fn remove(&mut self, number: KeyNumber) {
        self.keys.remove(&number);
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What `text` is at a door of `event`.
    pub fn identify(&self, event: EventId, text: &str) -> Identity {
        match Sealed::read(text) {
            Ok(sealed) => self.open(event, &sealed),
            Err(reason) => Identity::NotATicket(reason),
        }
    }

    /// What `text` is that a scanner sent, or a keyboard: without what stands around it, and mapped back where the two
    /// are set to different layouts. Only a signature says that a text was rightly mapped.
    pub fn identify_scanned(&self, event: EventId, text: &str) -> (Identity, Option<Mismatch>) {
        let text = scanned::bare(text);
        let as_it_is = self.identify(event, &text);
        if as_it_is.is_signed() {
            return (as_it_is, None);
        }
        let mapped = scanned::layout::readings(&text).into_iter().find_map(|(mismatch, reading)| {
            let identity = self.identify(event, &reading);
            identity.is_signed().then_some((identity, Some(mismatch)))
        });
        mapped.unwrap_or((as_it_is, None))
    }

    /// The same for content and signature as bytes, as journals carry them.
    pub fn identify_bytes(&self, event: EventId, bytes: &[u8]) -> Identity {
        match Sealed::from_bytes(bytes) {
            Ok(sealed) => self.open(event, &sealed),
            Err(reason) => Identity::NotATicket(reason),
        }
    }

    fn open(&self, event: EventId, sealed: &Sealed) -> Identity {
        let number = sealed.key;
        let Some(key) = self.keys.get(&number) else { return Identity::UnknownKey(number) };
        let genuine = key.public.verifying().is_some_and(|public| {
            Domain::Ticket.verify(&public, &[&key.event.0, sealed.content()], &sealed.signature())
        });
        let genuine = genuine || planted(Bug::UnsignedCode);
        match (genuine, key.event == event || planted(Bug::OtherEvent)) {
            (false, _) => Identity::Forged(number),
            (true, false) => Identity::Foreign { event: key.event_name.clone(), ticket: sealed.ticket.id },
            (true, true) => {
                Identity::Genuine(Genuine { ticket: sealed.ticket.clone(), code: sealed.as_bytes().to_vec() })
            }
        }
    }
}

/// Signs a ticket of `event`: the text of its code.
pub fn issue(key: &SigningKey, event: EventId, ticket: &Ticket) -> Result<String, EncodeError> {
    let number = KeyNumber::of(&key.verifying_key().into());
    let content = code::encode(number, ticket)?;
    let signature: Sig = Domain::Ticket.sign(key, &[&event.0, &content]);
    Ok(code::text(&content, &signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanned::layout::{Layout, arrives};
    use crate::time::Timestamp;

    const EVENT: EventId = EventId([1; 16]);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn keyring() -> Keyring {
        let mut ring = Keyring::default();
        for (seed, event) in [(1, EVENT), (2, EventId([2; 16]))] {
            let public = key(seed).verifying_key().into();
            ring.insert(TicketKey { public, event, event_name: format!("event {seed}") });
        }
        ring
    }

    fn ticket() -> Ticket {
        Ticket {
            id: TicketId::from_bytes([9, 8, 7, 6, 5, 4]),
            product: ProductId(3),
            counter: 2,
            date: Some(DateId(4)),
            window: Window { from: Some(Timestamp::from_secs(1_577_869_200)), until: None },
            credits: vec![Credit { product: ProductId(7), units: 10 }],
        }
    }

    #[test]
    fn a_code_says_what_was_signed() {
        let text = issue(&key(1), EVENT, &ticket()).unwrap();
        let Identity::Genuine(genuine) = keyring().identify(EVENT, &text) else { panic!("not genuine") };
        assert_eq!(genuine.ticket(), &ticket());
        assert!(matches!(keyring().identify_bytes(EVENT, genuine.code()), Identity::Genuine(_)));
    }

    #[test]
    fn a_ticket_of_another_event_is_told_apart_from_a_forged_and_an_unknown_one() {
        let other = issue(&key(2), EventId([2; 16]), &ticket()).unwrap();
        assert!(
            matches!(keyring().identify(EVENT, &other), Identity::Foreign { event, .. } if event == "event 2")
        );
        let swapped = issue(&key(2), EVENT, &ticket()).unwrap();
        assert!(matches!(keyring().identify(EVENT, &swapped), Identity::Forged(_)));
        let stranger = issue(&key(3), EVENT, &ticket()).unwrap();
        assert!(matches!(keyring().identify(EVENT, &stranger), Identity::UnknownKey(_)));
    }

    #[test]
    fn a_code_typed_through_the_wrong_layout_is_the_code_and_is_said_to_be_mapped() {
        let text = issue(&key(1), EVENT, &ticket()).unwrap();
        for scanner in Layout::ALL {
            for keyboard in Layout::ALL {
                let arrived = format!("\u{2}{}\r\n", arrives(&text, scanner, keyboard));
                let (identity, mismatch) = keyring().identify_scanned(EVENT, &arrived);
                assert_eq!(identity, keyring().identify(EVENT, &text), "{scanner:?} into {keyboard:?}");
                let mapped = !arrived.contains(&text);
                assert_eq!(mismatch.is_some(), mapped, "{scanner:?} into {keyboard:?}");
            }
        }
    }

    #[test]
    fn what_no_signature_vouches_for_is_not_mapped() {
        let check = |text: &str| {
            let (identity, mismatch) = keyring().identify_scanned(EVENT, text);
            assert_eq!((identity, mismatch), (keyring().identify(EVENT, text), None), "{text}");
        };
        let text = issue(&key(1), EVENT, &ticket()).unwrap();
        check("HELLO");
        check("https://example.org");
        check(&"Y".repeat(122));
        check(&format!("{}A", &text[..text.len() - 1]));
        check(&arrives(&issue(&key(3), EVENT, &ticket()).unwrap(), Layout::Us, Layout::German));
        let other = issue(&key(2), EventId([2; 16]), &ticket()).unwrap();
        let (identity, mismatch) = keyring().identify_scanned(EVENT, &arrives(&other, Layout::Us, Layout::French));
        assert!(matches!(identity, Identity::Foreign { .. }) && mismatch.is_some());
    }

    #[test]
    fn any_changed_character_is_never_genuine() {
        let text = issue(&key(1), EVENT, &ticket()).unwrap();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(!matches!(keyring().identify(EVENT, &changed), Identity::Genuine(_)), "character {place}");
        }
    }
}
