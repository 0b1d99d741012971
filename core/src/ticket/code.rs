//! The layout of a ticket code, version 1.
//!
//! Content, then a 64-byte signature, as RFC 4648 base32 without padding. One
//! content has one encoding: minimal variable-length numbers, ascending credits,
//! no flag without its field, no trailing bytes, zero slack bits; what is laid
//! out otherwise is no ticket. `fixtures/vectors/README.md` tells a stranger how
//! to decode it; a change here is a new version there.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version (2 bits, `01`), flags (6 bits) |
//! | 3 | key number |
//! | 6 | ticket id |
//! | 2 | product |
//! | 1–3 | counter, if flag 1 |
//! | 2 | date, if flag 2 |
//! | 4 | valid from, seconds since 1970, if flag 4 |
//! | 4 | valid until, if flag 8 |
//! | 1 + n × 2–6 | credits, if flag 16: how many kinds, then product and units each |

use super::{Credit, KeyNumber, Ticket};
use crate::badge;
use crate::id::{DateId, ProductId, TicketId};
use crate::seal::Sig;
use crate::time::{SECOND_US, Timestamp, Window};
use data_encoding::BASE32_NOPAD;

const VERSION: u8 = 0b01 << 6;
const VERSION_MASK: u8 = 0b11 << 6;
const COUNTER: u8 = 1;
const DATE: u8 = 2;
const FROM: u8 = 4;
const UNTIL: u8 = 8;
const CREDITS: u8 = 16;
const UNKNOWN_FLAGS: u8 = 0b0010_0000;

/// A bare ticket: 122 characters, QR version 5 at level M.
pub const MIN_CONTENT_BYTES: usize = 12;
/// With everything: 154 characters, QR version 5 at level L, the last size before
/// codes get visibly harder to read.
pub const MAX_CONTENT_BYTES: usize = 32;
/// Kinds of credit in one code: more do not fit beside a date and a window.
pub const MAX_CREDIT_KINDS: usize = 3;
const SIGNATURE_BYTES: usize = 64;
/// The longest text that can be a code; anything longer is not even decoded.
const MAX_TEXT_CHARS: usize = ((MAX_CONTENT_BYTES + SIGNATURE_BYTES) * 8).div_ceil(5);

/// Why a text is no ticket code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATicket {
    /// Nothing there.
    #[error("empty")]
    Empty,
    /// A web address.
    #[error("a web link")]
    WebLink,
    /// A staff badge.
    #[error("a staff badge")]
    Badge,
    /// Not the length of a code.
    #[error("not the length of a ticket code")]
    Length,
    /// Characters or slack bits that base32 does not have.
    #[error("not written like a ticket code")]
    Alphabet,
    /// Another version, an unknown flag, or fields that are not laid out as they must be.
    #[error("not laid out like a ticket code")]
    Layout,
}

/// Why a ticket cannot be written as a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A window's end is not a whole second between 1970 and 2106.
    #[error("a window's ends are whole seconds between 1970 and 2106")]
    Window,
    /// Credits are not ascending by product, not positive, or of too many kinds.
    #[error("credits are ascending by product, above zero, and of at most {MAX_CREDIT_KINDS} kinds")]
    Credits,
    /// More than [`MAX_CONTENT_BYTES`].
    #[error("the content takes more than {MAX_CONTENT_BYTES} bytes")]
    TooLong,
}

/// A code that is laid out well; nobody has looked at its signature yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which key is said to have signed it.
    pub key: KeyNumber,
    /// What it claims.
    pub ticket: Ticket,
    bytes: Vec<u8>,
}

impl Sealed {
    /// Reads the text of a code; lower case and blanks around it are accepted.
    pub fn read(text: &str) -> Result<Self, NotATicket> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotATicket::Empty);
        }
        if text.contains("://") {
            return Err(NotATicket::WebLink);
        }
        if badge::looks_like_one(text) {
            return Err(NotATicket::Badge);
        }
        if text.len() > MAX_TEXT_CHARS {
            return Err(NotATicket::Length);
        }
        let bytes =
            BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|error| match error.kind {
                data_encoding::DecodeKind::Length => NotATicket::Length,
                _ => NotATicket::Alphabet,
            })?;
        Self::from_bytes(&bytes)
    }

    /// Reads content and signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotATicket> {
        let content = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(NotATicket::Length)?;
        if !(MIN_CONTENT_BYTES..=MAX_CONTENT_BYTES).contains(&content) {
            return Err(NotATicket::Length);
        }
        let (key, ticket) = decode(&bytes[..content]).ok_or(NotATicket::Layout)?;
        Ok(Self { key, ticket, bytes: bytes.to_vec() })
    }

    /// The signed part.
    pub fn content(&self) -> &[u8] {
        &self.bytes[..self.bytes.len() - SIGNATURE_BYTES] // from_bytes() checked the length
    }

    /// The signature.
    pub fn signature(&self) -> Sig {
        let mut signature = [0; SIGNATURE_BYTES];
        signature.copy_from_slice(&self.bytes[self.bytes.len() - SIGNATURE_BYTES..]);
        Sig(signature)
    }

    /// Content and signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The text of content and signature.
pub(super) fn text(content: &[u8], signature: &Sig) -> String {
    BASE32_NOPAD.encode(&[content, &signature.0].concat())
}

/// The content of a ticket's code.
pub fn encode(key: KeyNumber, ticket: &Ticket) -> Result<Vec<u8>, EncodeError> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&key.0.to_be_bytes()[1..]);
    out.extend_from_slice(&ticket.id.to_bytes());
    out.extend_from_slice(&ticket.product.0.to_be_bytes());
    if ticket.counter > 0 {
        out[0] |= COUNTER;
        put_number(&mut out, ticket.counter);
    }
    if let Some(date) = ticket.date {
        out[0] |= DATE;
        out.extend_from_slice(&date.0.to_be_bytes());
    }
    for (flag, end) in [(FROM, ticket.window.from), (UNTIL, ticket.window.until)] {
        if let Some(end) = end {
            out[0] |= flag;
            out.extend_from_slice(&whole_seconds(end)?.to_be_bytes());
        }
    }
    if !ticket.credits.is_empty() {
        out[0] |= CREDITS;
        put_credits(&mut out, &ticket.credits)?;
    }
    if out.len() > MAX_CONTENT_BYTES { Err(EncodeError::TooLong) } else { Ok(out) }
}

fn whole_seconds(at: Timestamp) -> Result<u32, EncodeError> {
    if at.0 % SECOND_US != 0 {
        return Err(EncodeError::Window);
    }
    at.as_secs().try_into().map_err(|_| EncodeError::Window)
}

fn put_credits(out: &mut Vec<u8>, credits: &[Credit]) -> Result<(), EncodeError> {
    let ascending = credits.is_sorted_by(|a, b| a.product < b.product);
    if credits.len() > MAX_CREDIT_KINDS || !ascending || credits.iter().any(|c| c.units == 0) {
        return Err(EncodeError::Credits);
    }
    out.push(credits.len() as u8); // at most MAX_CREDIT_KINDS
    for credit in credits {
        put_number(out, credit.product.0);
        put_number(out, credit.units);
    }
    Ok(())
}

/// LEB128: seven bits a byte, least significant first, the high bit on all but the last.
fn put_number(out: &mut Vec<u8>, mut number: u16) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn decode(content: &[u8]) -> Option<(KeyNumber, Ticket)> {
    let mut rest = content;
    let head = take::<1>(&mut rest)?[0];
    if head & VERSION_MASK != VERSION || head & UNKNOWN_FLAGS != 0 {
        return None;
    }
    let [a, b, c] = take::<3>(&mut rest)?;
    let key = KeyNumber(u32::from_be_bytes([0, a, b, c]));
    let id = TicketId::from_bytes(take::<6>(&mut rest)?);
    let product = ProductId(u16::from_be_bytes(take::<2>(&mut rest)?));
    let has = |flag| head & flag != 0;
    let counter = if has(COUNTER) { take_number(&mut rest).filter(|&n| n > 0)? } else { 0 };
    let date = if has(DATE) { Some(DateId(u16::from_be_bytes(take::<2>(&mut rest)?))) } else { None };
    let from = if has(FROM) { Some(take_instant(&mut rest)?) } else { None };
    let until = if has(UNTIL) { Some(take_instant(&mut rest)?) } else { None };
    let credits = if has(CREDITS) { take_credits(&mut rest)? } else { Vec::new() };
    let ticket = Ticket { id, product, counter, date, window: Window { from, until }, credits };
    rest.is_empty().then_some((key, ticket))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

fn take_instant(rest: &mut &[u8]) -> Option<Timestamp> {
    take::<4>(rest).map(|b| Timestamp::from_secs(i64::from(u32::from_be_bytes(b))))
}

fn take_number(rest: &mut &[u8]) -> Option<u16> {
    let mut number: u32 = 0;
    for place in 0..3 {
        let [byte] = take::<1>(rest)?;
        number |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let minimal = place == 0 || byte != 0;
            return u16::try_from(number).ok().filter(|_| minimal);
        }
    }
    None
}

fn take_credits(rest: &mut &[u8]) -> Option<Vec<Credit>> {
    let [kinds] = take::<1>(rest)?;
    if kinds == 0 || usize::from(kinds) > MAX_CREDIT_KINDS {
        return None;
    }
    let mut credits = Vec::with_capacity(usize::from(kinds));
    for _ in 0..kinds {
        credits.push(Credit { product: ProductId(take_number(rest)?), units: take_number(rest)? });
    }
    let canonical = credits.is_sorted_by(|a, b| a.product < b.product) && credits.iter().all(|c| c.units > 0);
    canonical.then_some(credits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bare() -> Ticket {
        Ticket {
            id: TicketId::from_bytes([1, 2, 3, 4, 5, 6]),
            product: ProductId(1),
            counter: 0,
            date: None,
            window: Window::default(),
            credits: Vec::new(),
        }
    }

    fn full() -> Ticket {
        let end = |s| Some(Timestamp::from_secs(s));
        let credit = |p, units| Credit { product: ProductId(p), units };
        Ticket {
            counter: 300,
            date: Some(DateId(3)),
            window: Window { from: end(1_577_869_200), until: end(1_577_869_200 + 86_400) },
            credits: vec![credit(4, 10), credit(5, 12), credit(6, 2)],
            ..bare()
        }
    }

    #[test]
    fn a_bare_ticket_takes_twelve_bytes_and_everything_at_most_thirty_two() {
        assert_eq!(encode(KeyNumber(1), &bare()).unwrap().len(), MIN_CONTENT_BYTES);
        assert!(encode(KeyNumber(1), &full()).unwrap().len() <= MAX_CONTENT_BYTES);
    }

    #[test]
    fn what_does_not_fit_a_code_is_refused_when_it_is_signed() {
        let check = |change: fn(&mut Ticket), expect| {
            let mut ticket = full();
            change(&mut ticket);
            assert_eq!(encode(KeyNumber(1), &ticket), Err(expect));
        };
        check(|t| t.window.from = Some(Timestamp(1)), EncodeError::Window);
        check(|t| t.window.until = Some(Timestamp::from_secs(-1)), EncodeError::Window);
        check(|t| t.credits.reverse(), EncodeError::Credits);
        check(|t| t.credits[0].units = 0, EncodeError::Credits);
        check(
            |t| {
                t.credits.iter_mut().for_each(|c| {
                    c.product.0 += 40_000;
                    c.units = 40_000
                })
            },
            EncodeError::TooLong,
        );
    }

    #[test]
    fn texts_that_are_no_codes_say_why() {
        let check = |text: &str, expect| assert_eq!(Sealed::read(text), Err(expect), "{text:?}");
        check("", NotATicket::Empty);
        check("  \r\n", NotATicket::Empty);
        check("https://example.org/menu", NotATicket::WebLink);
        check("HELLO", NotATicket::Length);
        check(&"A".repeat(122), NotATicket::Layout);
        check(&"A".repeat(4_000), NotATicket::Length);
        check(&format!("{}1", "A".repeat(121)), NotATicket::Alphabet);
        check(&"é".repeat(61), NotATicket::Alphabet);
    }

    proptest! {
        #[test]
        fn whatever_decodes_encodes_to_the_same_bytes(mut content in proptest::collection::vec(any::<u8>(), 12..=32)) {
            content[0] = VERSION | content[0] & 0b0001_1111;
            if let Some((key, ticket)) = decode(&content) {
                prop_assert_eq!(encode(key, &ticket).unwrap(), content);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = Sealed::read(&text);
        }

        #[test]
        fn tickets_survive_the_round_trip(
            id in any::<[u8; 6]>(), product: u16, counter: u16, date in proptest::option::of(any::<u16>()),
            from in proptest::option::of(any::<u32>()), units in 0_u16..500,
        ) {
            let ticket = Ticket {
                id: TicketId::from_bytes(id), product: ProductId(product), counter, date: date.map(DateId),
                window: Window { from: from.map(|s| Timestamp::from_secs(s.into())), until: None },
                credits: (units > 0).then_some(Credit { product: ProductId(9), units }).into_iter().collect(),
            };
            let content = encode(KeyNumber(0xabcdef), &ticket).unwrap();
            prop_assert_eq!(decode(&content), Some((KeyNumber(0xabcdef), ticket)));
        }
    }
}
