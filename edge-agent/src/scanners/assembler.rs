//! Codes from what comes byte by byte, with times.
//!
//! Keeps true: a code ends with CR, LF, Tab or ETX, or with a pause, because some scanners end it with nothing; how its
//! bytes are split over reads makes no difference; nothing between two ends is nothing; what is longer than any code
//! takes no memory, is said once and dropped to its end, and so is a code of which something was lost. Time enters as an
//! argument.

use std::time::{Duration, Instant};
use tidegate_core::scanned;

/// The longest code, in bytes: what the API takes.
pub const LONGEST: usize = 4_096;
/// A pause after which a code is whole. Characters of one scan come at most 100 ms apart.
pub const PAUSE: Duration = Duration::from_millis(150);
/// The same where codes end with a character anyway, or come over a network, whose repeats take that long.
pub const LONG_PAUSE: Duration = Duration::from_secs(1);

/// What comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A byte.
    Byte(u8),
    /// Here something was lost.
    Lost,
}

/// What ended a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Carriage return, or Enter.
    Cr,
    /// Line feed.
    Lf,
    /// Tab.
    Tab,
    /// End of text.
    Etx,
    /// A pause.
    Pause,
    /// The end of a connection.
    Closed,
}

impl End {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'\r' => Some(Self::Cr),
            b'\n' => Some(Self::Lf),
            b'\t' => Some(Self::Tab),
            0x03 => Some(Self::Etx),
            _ => None,
        }
    }

    /// As manuals call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cr => "CR",
            Self::Lf => "LF",
            Self::Tab => "Tab",
            Self::Etx => "ETX",
            Self::Pause => "a pause",
            Self::Closed => "the connection's end",
        }
    }
}

/// A code as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its text, without what stood around it.
    pub text: String,
    /// Bytes that came, with what stood around it.
    pub bytes: usize,
    /// From its first byte to its last.
    pub took: Duration,
    /// What ended it.
    pub end: End,
}

/// What has become of the bytes so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// A code.
    Code(Code),
    /// An end behind nothing: the LF of CR LF.
    Blank(End),
    /// More than [`LONGEST`]; dropped to its end.
    TooLong,
    /// Something of it was lost; dropped to its end.
    Spoilt,
}

/// The code under way.
#[derive(Debug)]
pub struct Assembler {
    held: Vec<u8>,
    first: Instant,
    last: Instant,
    /// Whether what comes is dropped until an end.
    dropping: bool,
    pause: Duration,
}

impl Assembler {
    /// For a scanner at this machine, or one of the network.
    pub fn new(networked: bool, now: Instant) -> Self {
        let pause = if networked { LONG_PAUSE } else { PAUSE };
        Self { held: Vec::new(), first: now, last: now, dropping: false, pause }
    }

    /// Takes what came.
    pub fn take(&mut self, piece: Piece, now: Instant) -> Option<Made> {
        let byte = match piece {
            Piece::Byte(byte) => byte,
            Piece::Lost => {
                (self.last, self.dropping) = (now, true);
                self.held.clear();
                return Some(Made::Spoilt);
            }
        };
        if let Some(end) = End::of(byte) {
            // This one ends its codes: a longer pause within one is a hiccup.
            self.pause = LONG_PAUSE;
            return self.ended(end);
        }
        if self.held.is_empty() {
            self.first = now;
        }
        self.last = now;
        if self.dropping {
            return None;
        }
        if self.held.len() == LONGEST {
            self.dropping = true;
            self.held = Vec::new();
            return Some(Made::TooLong);
        }
        self.held.push(byte);
        None
    }

    /// When a pause ends what is under way.
    pub fn due(&self) -> Option<Instant> {
        (self.dropping || !self.held.is_empty()).then(|| self.last + self.pause)
    }

    /// Nothing came until now.
    pub fn silent(&mut self, now: Instant) -> Option<Made> {
        self.due().filter(|due| now >= *due).and_then(|_| self.ended(End::Pause))
    }

    /// Nothing more will come.
    pub fn closed(&mut self) -> Option<Made> {
        self.due().and_then(|_| self.ended(End::Closed))
    }

    fn ended(&mut self, end: End) -> Option<Made> {
        if std::mem::take(&mut self.dropping) {
            return None;
        }
        let held = std::mem::take(&mut self.held);
        let text = scanned::bare(&String::from_utf8_lossy(&held));
        if text.is_empty() {
            return Some(Made::Blank(end));
        }
        let took = self.last.saturating_duration_since(self.first);
        Some(Made::Code(Code { text, bytes: held.len(), took, end }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    /// What bytes become that come so far apart, and then no more.
    fn made(bytes: &[u8], gap: Duration) -> Vec<Made> {
        let mut now = Instant::now();
        let mut assembler = Assembler::new(false, now);
        let mut made = Vec::new();
        for byte in bytes {
            made.extend(assembler.silent(now));
            made.extend(assembler.take(Piece::Byte(*byte), now));
            now += gap;
        }
        made.extend(assembler.silent(now + LONG_PAUSE));
        made
    }

    fn texts(made: &[Made]) -> Vec<&str> {
        let text = |made: &Made| match made {
            Made::Code(code) => Some(code.text.clone()),
            Made::Blank(_) => None,
            Made::TooLong => Some("too long".into()),
            Made::Spoilt => Some("spoilt".into()),
        };
        made.iter().filter_map(text).map(|text| &*text.leak()).collect()
    }

    #[test]
    fn codes_end_with_cr_lf_crlf_tab_etx_or_a_pause_and_nothing_is_nothing() {
        for gap in [MS, 5 * MS, 20 * MS, 90 * MS] {
            let check = |bytes: &[u8], expect: &[&str]| assert_eq!(texts(&made(bytes, gap)), expect, "{bytes:?}");
            check(b"ABC\r", &["ABC"]);
            check(b"ABC\n", &["ABC"]);
            check(b"ABC\r\nDEF\r\n", &["ABC", "DEF"]);
            check(b"ABC\tDEF\t", &["ABC", "DEF"]);
            check(b"\x02ABC\x03", &["ABC"]);
            check(b"ABC", &["ABC"]);
            check(b"\r\n\r\n\t\t", &[]);
            check(b"", &[]);
            check(b"\0\0\0\r", &[]);
            check(b"   \r", &[]);
            check(b"]Q1ABC\r", &["ABC"]);
            check(b"A\x1dB\x1bC\r", &["ABC"]);
            check("Grüße 🎫\r".as_bytes(), &["Grüße 🎫"]);
            check(b"A\xff\xfe\r", &["A\u{fffd}\u{fffd}"]);
            check(b"\xe9\r", &["\u{fffd}"]);
        }
    }

    #[test]
    fn a_pause_parts_two_codes_that_nothing_ends() {
        let now = Instant::now();
        let mut assembler = Assembler::new(false, now);
        let mut at = |ms: u32, byte: Option<u8>| {
            let at = now + MS * ms;
            let silent = assembler.silent(at);
            silent.or_else(|| byte.and_then(|byte| assembler.take(Piece::Byte(byte), at)))
        };
        assert_eq!(at(0, Some(b'A')), None);
        assert_eq!(at(100, Some(b'B')), None);
        assert_eq!(at(249, None), None);
        let code = Code { text: "AB".into(), bytes: 2, took: 100 * MS, end: End::Pause };
        assert_eq!(at(250, None), Some(Made::Code(code)));
        assert_eq!(at(900, None), None);
    }

    #[test]
    fn who_ends_codes_with_a_character_may_pause_within_one_and_so_may_a_network() {
        let now = Instant::now();
        for networked in [false, true] {
            let mut assembler = Assembler::new(networked, now);
            if !networked {
                assembler.take(Piece::Byte(b'\r'), now);
            }
            assembler.take(Piece::Byte(b'A'), now);
            assert_eq!(assembler.silent(now + 900 * MS), None);
            assembler.take(Piece::Byte(b'B'), now + 900 * MS);
            let made = assembler.take(Piece::Byte(b'\r'), now + 950 * MS);
            assert!(matches!(made, Some(Made::Code(code)) if code.text == "AB" && code.end == End::Cr));
        }
    }

    #[test]
    fn what_never_ends_is_said_once_dropped_to_its_end_and_takes_no_memory() {
        let endless = [vec![b'x'; LONGEST + 50_000], b"\rABC\r".to_vec()].concat();
        assert_eq!(texts(&made(&endless, Duration::ZERO)), ["too long", "ABC"]);
        let longest = [vec![b'x'; LONGEST], b"\r".to_vec()].concat();
        assert!(matches!(&made(&longest, Duration::ZERO)[..], [Made::Code(code)] if code.bytes == LONGEST));
        let now = Instant::now();
        let mut assembler = Assembler::new(false, now);
        for _ in 0..1_000_000 {
            assembler.take(Piece::Byte(b'x'), now);
            assert!(assembler.held.len() <= LONGEST);
        }
        assert_eq!(assembler.silent(now + PAUSE), None, "it was said");
        assert_eq!(assembler.due(), None);
    }

    #[test]
    fn a_code_of_which_something_was_lost_is_dropped_to_its_end_and_said_once() {
        let now = Instant::now();
        let check = |pieces: &[&[u8]], expect: &[&str]| {
            let mut assembler = Assembler::new(false, now);
            let mut made = Vec::new();
            for (place, bytes) in pieces.iter().enumerate() {
                if place > 0 {
                    made.extend(assembler.take(Piece::Lost, now));
                }
                made.extend(bytes.iter().filter_map(|byte| assembler.take(Piece::Byte(*byte), now)));
            }
            made.extend(assembler.silent(now + LONG_PAUSE));
            assert_eq!(texts(&made), expect, "{pieces:?}");
        };
        check(&[b"ABC", b"DEF\rGHI\r"], &["spoilt", "GHI"]);
        check(&[b"ABC\r", b"DEF\rGHI\r"], &["ABC", "spoilt", "GHI"]);
        check(&[b"ABC", b""], &["spoilt"]);
        check(&[b"A", b"B", b"C\rD\r"], &["spoilt", "spoilt", "D"]);
    }

    #[test]
    fn a_connection_that_closes_ends_a_code_and_makes_none() {
        let now = Instant::now();
        let mut assembler = Assembler::new(true, now);
        assert_eq!(assembler.closed(), None);
        assembler.take(Piece::Byte(b'A'), now);
        assert!(matches!(assembler.closed(), Some(Made::Code(code)) if code.end == End::Closed));
        assert_eq!(assembler.closed(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_no_code_has_controls_or_blanks_around(
            bytes in proptest::collection::vec(any::<u8>(), 0..400), gap in 0_u64..400,
        ) {
            for made in made(&bytes, Duration::from_millis(gap)) {
                if let Made::Code(code) = made {
                    prop_assert!(!code.text.is_empty() && !code.text.contains(char::is_control));
                    prop_assert_eq!(code.text.trim(), &code.text);
                }
            }
        }

        #[test]
        fn every_printable_byte_at_any_pace_up_to_100_ms_stays_in_one_code(gap in 0_u64..=100) {
            let printable: Vec<u8> = (0x21..=0x7e).collect();
            let made = made(&printable, Duration::from_millis(gap));
            prop_assert_eq!(texts(&made), [String::from_utf8(printable).unwrap()]);
        }
    }
}
