//! Staff badges: a name under the event's own signature, checked offline.
//!
//! Version 1 is one byte of version, the badge's counter, the holder's sign-in
//! name, then a 64-byte signature by the event's feed key, which every agent
//! pinned at enrolment; as RFC 4648 base32 without padding, like a ticket code.
//! The event's id is signed and not transmitted. One content has one encoding.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: `0xC1`; a ticket's first byte never has both high bits |
//! | 2 | counter: a higher one replaces the lower ones |
//! | 1–64 | sign-in name, UTF-8 without control characters |
//!
//! A badge says who somebody is and nothing about what they may do: that stands in
//! their [`Staff`] row. It can be photographed, so alone it never admits anybody.

use crate::catalogue::{Catalogue, Staff};
use crate::id::EventId;
use crate::scanned;
use crate::seal::{Domain, PublicKey, Sig};
use crate::ticket::Sealed;
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::SigningKey;

const VERSION: u8 = 0xC1;
const HEAD_BYTES: usize = 3;
const SIGNATURE_BYTES: usize = 64;
/// The longest name on a badge: 210 characters, QR version 7, which a hand scanner reads from a lanyard.
pub const MAX_NAME_BYTES: usize = 64;
/// The longest text that can be a badge; anything longer is not even decoded.
const MAX_TEXT_CHARS: usize = ((HEAD_BYTES + MAX_NAME_BYTES + SIGNATURE_BYTES) * 8).div_ceil(5);

/// Why a text signs nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABadge {
    /// Laid out like a ticket code.
    #[error("That is a ticket, not a staff badge")]
    Ticket,
    /// Not laid out like a badge.
    #[error("Not one of our staff badges")]
    Unreadable,
    /// Not signed for this event.
    #[error("Not a staff badge of this event")]
    Forged,
    /// A newer badge was issued.
    #[error("Replaced by a newer badge")]
    Replaced,
    /// Nobody of that name is on the staff list here.
    #[error("The holder is not on the staff list")]
    Gone,
}

impl NotABadge {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ticket | Self::Unreadable => "not_a_badge",
            Self::Forged => "badge_forged",
            Self::Replaced => "badge_replaced",
            Self::Gone => "badge_gone",
        }
    }
}

/// Why a badge cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a badge takes a name of 1 to {MAX_NAME_BYTES} bytes without control characters")]
pub struct BadName;

/// A badge whose signature was verified for this event; made by [`read`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    name: String,
    counter: u16,
}

impl Badge {
    /// The holder's sign-in name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which badge of theirs it is.
    pub fn counter(&self) -> u16 {
        self.counter
    }

    /// The holder's row, unless they left or have a newer badge. A counter above the row's was
    /// issued after the last update: its signature vouches for it.
    pub fn holder<'a>(&self, catalogue: &'a Catalogue) -> Result<&'a Staff, NotABadge> {
        let staff = catalogue.staff.get(&self.name).ok_or(NotABadge::Gone)?;
        if self.counter < staff.badge_counter { Err(NotABadge::Replaced) } else { Ok(staff) }
    }
}

/// Signs somebody's badge with the event's feed key: the text of its code.
pub fn issue(key: &SigningKey, event: EventId, name: &str, counter: u16) -> Result<String, BadName> {
    if !names_somebody(name) {
        return Err(BadName);
    }
    let content = [&[VERSION][..], &counter.to_be_bytes(), name.as_bytes()].concat();
    let signature = Domain::Badge.sign(key, &[&event.0, &content]);
    Ok(BASE32_NOPAD.encode(&[&content[..], &signature.0].concat()))
}

/// Reads a badge of `event`; lower case and blanks around it are accepted.
pub fn read(feed_key: &PublicKey, event: EventId, text: &str) -> Result<Badge, NotABadge> {
    let Some((content, signature)) = decode(text) else {
        return Err(if Sealed::read(text).is_ok() { NotABadge::Ticket } else { NotABadge::Unreadable });
    };
    let key = feed_key.verifying().ok_or(NotABadge::Forged)?;
    if !Domain::Badge.verify(&key, &[&event.0, &content], &signature) {
        return Err(NotABadge::Forged);
    }
    badge(&content).ok_or(NotABadge::Unreadable)
}

/// Reads a badge that a scanner sent, or a keyboard: without what stands around it, and mapped back where the two are
/// set to different layouts.
pub fn read_scanned(feed_key: &PublicKey, event: EventId, text: &str) -> Result<Badge, NotABadge> {
    let text = scanned::bare(text);
    let mapped = || scanned::layout::readings(&text).into_iter();
    read(feed_key, event, &text)
        .or_else(|why| mapped().find_map(|(_, reading)| read(feed_key, event, &reading).ok()).ok_or(why))
}

/// Whether a text is laid out like a badge; nobody has looked at its signature.
pub fn looks_like_one(text: &str) -> bool {
    decode(text).is_some()
}

/// Content and signature of what is laid out well.
fn decode(text: &str) -> Option<(Vec<u8>, Sig)> {
    let text = text.trim();
    if text.len() > MAX_TEXT_CHARS || !text.starts_with(['Y', 'y']) {
        return None; // the five high bits of the version are a `Y`
    }
    let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
    let (content, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
    badge(content).map(|_| (content.to_vec(), Sig(*signature)))
}

fn badge(content: &[u8]) -> Option<Badge> {
    let ([version, high, low], name) = content.split_first_chunk::<HEAD_BYTES>()?;
    let name = std::str::from_utf8(name).ok().filter(|name| *version == VERSION && names_somebody(name))?;
    Some(Badge { name: name.to_owned(), counter: u16::from_be_bytes([*high, *low]) })
}

fn names_somebody(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TicketId;
    use crate::scanned::layout::{Layout, arrives};
    use crate::ticket::{NotATicket, Ticket};
    use crate::time::Window;
    use proptest::prelude::*;

    const EVENT: EventId = EventId([1; 16]);

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[4; 32])
    }

    fn open(text: &str) -> Result<Badge, NotABadge> {
        read(&key().verifying_key().into(), EVENT, text)
    }

    fn ticket() -> String {
        let ticket = Ticket {
            id: TicketId::from_bytes([1; 6]),
            product: crate::id::ProductId(1),
            counter: 0,
            date: None,
            window: Window::default(),
            credits: Vec::new(),
        };
        crate::ticket::issue(&key(), EVENT, &ticket).unwrap()
    }

    /// A right signature over any content.
    fn signed(content: &[u8]) -> String {
        let signature = Domain::Badge.sign(&key(), &[&EVENT.0, content]);
        BASE32_NOPAD.encode(&[content, &signature.0].concat())
    }

    #[test]
    fn what_is_shown_is_a_badge_or_says_why_not() {
        let good = issue(&key(), EVENT, "ana", 2).unwrap();
        let ana = Ok(Badge { name: "ana".into(), counter: 2 });
        let check = |text: &str, expect: Result<Badge, NotABadge>| assert_eq!(open(text), expect, "{text:?}");
        check(&good, ana.clone());
        check(&format!(" {}\r\n", good.to_lowercase()), ana);
        check(&issue(&key(), EventId([2; 16]), "ana", 2).unwrap(), Err(NotABadge::Forged));
        check(&issue(&SigningKey::from_bytes(&[5; 32]), EVENT, "ana", 2).unwrap(), Err(NotABadge::Forged));
        check(&ticket(), Err(NotABadge::Ticket));
        for text in ["", "Y", "HELLO", "YEAA", "https://example.org", &"Y".repeat(211), &"é".repeat(40)] {
            check(text, Err(NotABadge::Unreadable));
        }
        for content in
            [&b"\xC1\0\x01"[..], b"\xC2\0\x01ana", b"\x41\0\x01ana", b"\xC1\0\x01a\nb", b"\xC1\0\x01\xff"]
        {
            check(&signed(content), Err(NotABadge::Unreadable));
        }
    }

    #[test]
    fn a_badge_typed_through_the_wrong_layout_signs_in_and_a_forged_one_does_not() {
        let public = key().verifying_key().into();
        let check = |text: &str, expect: Result<&str, NotABadge>| {
            for scanner in Layout::ALL {
                for keyboard in Layout::ALL {
                    let arrived = format!("]Q1{}\r", arrives(text, scanner, keyboard));
                    let read = read_scanned(&public, EVENT, &arrived);
                    let name = read.as_ref().map(Badge::name).map_err(|why| *why);
                    assert_eq!(name.is_ok(), expect.is_ok(), "{scanner:?} into {keyboard:?}");
                    assert!(name.is_err() || name == expect, "{name:?}");
                }
            }
        };
        check(&issue(&key(), EVENT, "ana", 2).unwrap(), Ok("ana"));
        check(&issue(&key(), EventId([2; 16]), "ana", 2).unwrap(), Err(NotABadge::Forged));
    }

    #[test]
    fn names_that_do_not_fit_are_refused_and_the_longest_is_210_characters() {
        for name in ["", "a\tb", &"a".repeat(MAX_NAME_BYTES + 1), &"é".repeat(33)] {
            assert_eq!(issue(&key(), EVENT, name, 1), Err(BadName), "{name:?}");
        }
        let longest = "é".repeat(32);
        let text = issue(&key(), EVENT, &longest, u16::MAX).unwrap();
        assert_eq!((text.len(), open(&text).unwrap().name()), (MAX_TEXT_CHARS, &longest[..]));
    }

    #[test]
    fn a_ticket_reader_says_that_it_is_a_badge() {
        for name in ["ana", &"x".repeat(MAX_NAME_BYTES)] {
            let text = issue(&key(), EVENT, name, 1).unwrap();
            assert_eq!(Sealed::read(&text), Err(NotATicket::Badge), "{name}");
            assert_eq!(Sealed::read(&text.to_lowercase()), Err(NotATicket::Badge), "{name}");
        }
        assert!(!looks_like_one(&ticket()));
    }

    #[test]
    fn any_changed_character_is_refused() {
        let text = issue(&key(), EVENT, "ana", 1).unwrap();
        for place in 0..text.len() {
            for letter in *b"AQY7" {
                let mut bytes = text.clone().into_bytes();
                if std::mem::replace(&mut bytes[place], letter) == letter {
                    continue;
                }
                let changed = String::from_utf8(bytes).unwrap();
                assert!(open(&changed).is_err(), "character {place}");
            }
        }
    }

    #[test]
    fn a_badge_counts_while_its_holder_is_on_the_list_and_no_newer_one_was_issued() {
        let badge = |counter| open(&issue(&key(), EVENT, "ana", counter).unwrap()).unwrap();
        let check = |counter, on_the_list: Option<u16>, expect: Result<(), NotABadge>| {
            let mut catalogue = Catalogue::default();
            if let Some(badge_counter) = on_the_list {
                let (name, pin_hash) = ("ana".to_owned(), String::new());
                catalogue.staff.insert(name.clone(), Staff { name, pin_hash, may_override: false, badge_counter });
            }
            assert_eq!(badge(counter).holder(&catalogue).map(|_| ()), expect, "{counter} {on_the_list:?}");
        };
        check(2, Some(2), Ok(()));
        check(3, Some(2), Ok(()));
        check(1, Some(0), Ok(()));
        check(1, Some(2), Err(NotABadge::Replaced));
        check(1, None, Err(NotABadge::Gone));
    }

    proptest! {
        #[test]
        fn no_text_panics_or_signs_in(text in prop_oneof![".{0,250}", "[Yy][A-Za-z2-7]{100,220}"]) {
            prop_assert!(open(&text).is_err());
        }

        #[test]
        fn whatever_content_reads_is_issued_as_the_same_text(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            let text = signed(&[&[VERSION], &bytes[..]].concat());
            if let Ok(badge) = open(&text) {
                prop_assert_eq!(issue(&key(), EVENT, badge.name(), badge.counter()), Ok(text));
            }
        }

        #[test]
        fn badges_survive_the_round_trip(name in "[a-zé .-]{1,32}", counter: u16) {
            prop_assert_eq!(open(&issue(&key(), EVENT, &name, counter).unwrap()), Ok(Badge { name, counter }));
        }
    }
}
