//! The short code under every QR: eight characters that can be read out or typed.
//!
//! Forty bits of a hash of the whole signed code, so nobody can make one up without
//! having the code, and a re-issued ticket has another. It finds a ticket's row; it
//! proves nothing where the row is not here. Letters and digits that look or sound
//! alike are read as one (Crockford's base 32: no I, L, O, U).

use crate::id::EventId;
use crate::seal::Domain;
use minicbor::{Decode, Encode};
use std::fmt;

/// Characters of a short code: five bits each.
pub const CHARACTERS: usize = 8;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS: u64 = 40;

/// A short code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Spoken(#[n(0)] u64);

impl Spoken {
    /// The short code of a signed code (content and signature) of an event.
    pub fn of(event: EventId, code: &[u8]) -> Self {
        let hash = Domain::Spoken.hash(&[&event.0, code]).0;
        let mut wide = [0; 8];
        wide[3..].copy_from_slice(&hash[..5]);
        Self(u64::from_be_bytes(wide))
    }

    /// What was typed or read out: case, spaces and hyphens do not matter; `None` if it is no short code.
    pub fn read(text: &str) -> Option<Self> {
        let mut value = 0;
        let mut read = 0;
        for character in text.bytes().filter(|c| !matches!(c, b' ' | b'-')) {
            let digit = match character.to_ascii_uppercase() {
                b'O' => 0,
                b'I' | b'L' => 1,
                other => ALPHABET.iter().position(|known| *known == other)? as u64,
            };
            read += 1;
            if read > CHARACTERS {
                return None;
            }
            value = value << 5 | digit;
        }
        (read == CHARACTERS).then_some(Self(value))
    }

    /// As a database key, 0 to 2⁴⁰ − 1.
    pub fn as_i64(self) -> i64 {
        (self.0 & ((1 << BITS) - 1)) as i64
    }
}

impl fmt::Display for Spoken {
    /// In two groups of four: `K7Q2-M1XX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in 0..CHARACTERS {
            let digit = self.0 >> (5 * (CHARACTERS - 1 - place)) & 31;
            let gap = if place == CHARACTERS / 2 { "-" } else { "" };
            write!(f, "{gap}{}", char::from(ALPHABET[digit as usize]))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_typed_is_read_whatever_its_case_and_gaps() {
        let spoken = Spoken::of(EventId([1; 16]), b"content and signature");
        let text = spoken.to_string();
        assert_eq!(text.len(), CHARACTERS + 1);
        for typed in [text.clone(), text.to_lowercase(), text.replace('-', " "), format!(" {text} ")] {
            assert_eq!(Spoken::read(&typed), Some(spoken), "{typed:?}");
        }
        assert_eq!(Spoken::read("O1lo-0000"), Spoken::read("0110-0000"));
        for other in ["", "K7Q2", "K7Q2-M1XXX", "K7Q2-M1X!", "https://x", "UUUU-UUUU"] {
            assert_eq!(Spoken::read(other), None, "{other:?}");
        }
    }

    #[test]
    fn another_code_or_event_has_another_short_code() {
        let one = Spoken::of(EventId([1; 16]), b"a");
        assert_ne!(one, Spoken::of(EventId([1; 16]), b"b"));
        assert_ne!(one, Spoken::of(EventId([2; 16]), b"a"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_prints_back(text: String) {
            if let Some(spoken) = Spoken::read(&text) {
                prop_assert_eq!(Spoken::read(&spoken.to_string()), Some(spoken));
                prop_assert!(spoken.as_i64() >= 0);
            }
        }
    }
}
