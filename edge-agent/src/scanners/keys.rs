//! Key events of a scanner that is a keyboard, as bytes.
//!
//! Key codes name positions, so no layout of this machine has a say: they are read as the US keyboard that scanners are
//! set to, and another setting is mapped back by `tidegate_core::scanned::layout`. Keeps true: a press is one character,
//! with Shift and Caps Lock; repeats, releases and keys that give no character are nothing; where the kernel says that
//! events were lost, so is what they belonged to, up to the next report. No I/O here.

use super::assembler::Piece;
use evdev::{EventType, KeyCode, SynchronizationCode};
use tidegate_core::scanned::layout::Layout;

/// The keys that give characters, in the order of the layouts' rows.
pub const ROWS: [KeyCode; 48] = [
    KeyCode::KEY_GRAVE,
    KeyCode::KEY_1,
    KeyCode::KEY_2,
    KeyCode::KEY_3,
    KeyCode::KEY_4,
    KeyCode::KEY_5,
    KeyCode::KEY_6,
    KeyCode::KEY_7,
    KeyCode::KEY_8,
    KeyCode::KEY_9,
    KeyCode::KEY_0,
    KeyCode::KEY_MINUS,
    KeyCode::KEY_EQUAL,
    KeyCode::KEY_Q,
    KeyCode::KEY_W,
    KeyCode::KEY_E,
    KeyCode::KEY_R,
    KeyCode::KEY_T,
    KeyCode::KEY_Y,
    KeyCode::KEY_U,
    KeyCode::KEY_I,
    KeyCode::KEY_O,
    KeyCode::KEY_P,
    KeyCode::KEY_LEFTBRACE,
    KeyCode::KEY_RIGHTBRACE,
    KeyCode::KEY_A,
    KeyCode::KEY_S,
    KeyCode::KEY_D,
    KeyCode::KEY_F,
    KeyCode::KEY_G,
    KeyCode::KEY_H,
    KeyCode::KEY_J,
    KeyCode::KEY_K,
    KeyCode::KEY_L,
    KeyCode::KEY_SEMICOLON,
    KeyCode::KEY_APOSTROPHE,
    KeyCode::KEY_BACKSLASH,
    KeyCode::KEY_102ND,
    KeyCode::KEY_Z,
    KeyCode::KEY_X,
    KeyCode::KEY_C,
    KeyCode::KEY_V,
    KeyCode::KEY_B,
    KeyCode::KEY_N,
    KeyCode::KEY_M,
    KeyCode::KEY_COMMA,
    KeyCode::KEY_DOT,
    KeyCode::KEY_SLASH,
];

/// Keys with one character whatever else is held: the number block, and what ends codes.
const ALWAYS: [(KeyCode, u8); 19] = [
    (KeyCode::KEY_ENTER, b'\r'),
    (KeyCode::KEY_KPENTER, b'\r'),
    (KeyCode::KEY_LINEFEED, b'\n'),
    (KeyCode::KEY_TAB, b'\t'),
    (KeyCode::KEY_SPACE, b' '),
    (KeyCode::KEY_KP0, b'0'),
    (KeyCode::KEY_KP1, b'1'),
    (KeyCode::KEY_KP2, b'2'),
    (KeyCode::KEY_KP3, b'3'),
    (KeyCode::KEY_KP4, b'4'),
    (KeyCode::KEY_KP5, b'5'),
    (KeyCode::KEY_KP6, b'6'),
    (KeyCode::KEY_KP7, b'7'),
    (KeyCode::KEY_KP8, b'8'),
    (KeyCode::KEY_KP9, b'9'),
    (KeyCode::KEY_KPMINUS, b'-'),
    (KeyCode::KEY_KPPLUS, b'+'),
    (KeyCode::KEY_KPASTERISK, b'*'),
    (KeyCode::KEY_KPSLASH, b'/'),
];

/// A device without these types no codes.
pub const NEEDED: [KeyCode; 5] =
    [KeyCode::KEY_A, KeyCode::KEY_Z, KeyCode::KEY_0, KeyCode::KEY_9, KeyCode::KEY_ENTER];

/// The value of a key event that is a press; 0 is a release, 2 a repeat.
const PRESS: i32 = 1;
/// The value of a release.
const RELEASE: i32 = 0;

/// The state of a keyboard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    shifts: [bool; 2],
    controls: [bool; 2],
    caps: bool,
    /// The number typed on the number block while Alt is held: the layout-free mode of many scanners.
    alt: Option<Option<u8>>,
    /// Whether events are of no use until the next report.
    lost: bool,
}

impl Keys {
    /// Takes an event by its type, code and value.
    pub fn take(&mut self, kind: u16, code: u16, value: i32, into: &mut Vec<Piece>) {
        match EventType(kind) {
            EventType::SYNCHRONIZATION => match SynchronizationCode(code) {
                SynchronizationCode::SYN_DROPPED => {
                    // Whoever was pressed may have been released meanwhile.
                    *self = Self { caps: self.caps, lost: true, ..Self::default() };
                    into.push(Piece::Lost);
                }
                SynchronizationCode::SYN_REPORT => self.lost = false,
                _ => {}
            },
            EventType::KEY if !self.lost => self.key(KeyCode(code), value, into),
            _ => {}
        }
    }

    fn key(&mut self, key: KeyCode, value: i32, into: &mut Vec<Piece>) {
        let held = value != RELEASE;
        match key {
            KeyCode::KEY_LEFTSHIFT => self.shifts[0] = held,
            KeyCode::KEY_RIGHTSHIFT => self.shifts[1] = held,
            KeyCode::KEY_LEFTCTRL => self.controls[0] = held,
            KeyCode::KEY_RIGHTCTRL => self.controls[1] = held,
            KeyCode::KEY_LEFTALT if held => self.alt = self.alt.or(Some(None)),
            KeyCode::KEY_LEFTALT => self.end_alt(into),
            KeyCode::KEY_CAPSLOCK if value == PRESS => self.caps = !self.caps,
            _ if value == PRESS => self.pressed(key, into),
            _ => {}
        }
    }

    fn pressed(&mut self, key: KeyCode, into: &mut Vec<Piece>) {
        let always = ALWAYS.iter().find(|(known, _)| *known == key).map(|(_, byte)| *byte);
        if let (Some(number), Some(digit @ b'0'..=b'9')) = (&mut self.alt, always) {
            let sum = number.unwrap_or(0).wrapping_mul(10).wrapping_add(digit - b'0');
            *number = Some(sum);
            return;
        }
        let byte = always.or_else(|| self.character(key));
        into.extend(byte.map(|byte| Piece::Byte(if self.controls.contains(&true) { byte & 0x1f } else { byte })));
    }

    /// What the US keyboard has on a key.
    fn character(&self, key: KeyCode) -> Option<u8> {
        let place = ROWS.iter().position(|known| *known == key)?;
        let shift = self.shifts.contains(&true);
        let letter = Layout::Us.character(place, 0).is_some_and(|plain| plain.is_ascii_alphabetic());
        let level = usize::from(shift ^ (self.caps && letter));
        Layout::Us.character(place, level).and_then(|character| u8::try_from(character).ok())
    }

    fn end_alt(&mut self, into: &mut Vec<Piece>) {
        if let Some(Some(number)) = self.alt.take() {
            let mut utf8 = [0; 2];
            let bytes = char::from(number).encode_utf8(&mut utf8).bytes();
            into.extend(bytes.map(Piece::Byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::assembler::{Assembler, Made};
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    /// A stream as `evemu-record` writes it: `E: seconds type code value`, type and code in hex.
    fn read(text: &str) -> Vec<(Duration, u16, u16, i32)> {
        let event = |line: &str| {
            let mut words = line.strip_prefix("E: ")?.split_ascii_whitespace();
            let at = Duration::from_secs_f64(words.next()?.parse().ok()?);
            let kind = u16::from_str_radix(words.next()?, 16).ok()?;
            let code = u16::from_str_radix(words.next()?, 16).ok()?;
            Some((at, kind, code, words.next()?.parse().ok()?))
        };
        text.lines().filter_map(event).collect()
    }

    /// What becomes of a stream, each code in its order.
    fn codes(events: &[(Duration, u16, u16, i32)]) -> Vec<String> {
        let begun = Instant::now();
        let (mut keys, mut assembler) = (Keys::default(), Assembler::new(false, begun));
        let (mut made, mut pieces) = (Vec::new(), Vec::new());
        for (at, kind, code, value) in events {
            made.extend(assembler.silent(begun + *at));
            keys.take(*kind, *code, *value, &mut pieces);
            made.extend(pieces.drain(..).filter_map(|piece| assembler.take(piece, begun + *at)));
        }
        made.extend(assembler.silent(begun + Duration::from_secs(3_600)));
        let said = |made| match made {
            Made::Code(code) => Some(code.text),
            Made::Spoilt => Some("(spoilt)".into()),
            Made::TooLong => Some("(too long)".into()),
            Made::Blank(_) => None,
        };
        made.into_iter().filter_map(said).collect()
    }

    /// The events of keys: `+` presses, `-` releases, `~` repeats; each with its report.
    fn keyed(keys: &[(char, KeyCode)]) -> Vec<(Duration, u16, u16, i32)> {
        let event = |(what, key): &(char, KeyCode)| {
            let value = match what {
                '+' => 1,
                '-' => 0,
                _ => 2,
            };
            let at = Duration::ZERO;
            [(at, EventType::KEY.0, key.0, value), (at, EventType::SYNCHRONIZATION.0, 0, 0)]
        };
        keys.iter().flat_map(event).collect()
    }

    const DROPPED: (Duration, u16, u16, i32) =
        (Duration::ZERO, EventType::SYNCHRONIZATION.0, SynchronizationCode::SYN_DROPPED.0, 0);
    const REPORT: (Duration, u16, u16, i32) = (Duration::ZERO, EventType::SYNCHRONIZATION.0, 0, 0);

    #[test]
    fn the_streams_of_scanners_become_their_codes() {
        let check = |stream: &str, expect: &[&str]| assert_eq!(codes(&read(stream)), expect, "{stream:.60}");
        check(include_str!("../../../fixtures/scanners/enter.events"), &["K7-q2"]);
        check(include_str!("../../../fixtures/scanners/caps-lock.events"), &["AB7"]);
        check(include_str!("../../../fixtures/scanners/no-end.events"), &["AB", "CD"]);
        check(include_str!("../../../fixtures/scanners/alt-codes.events"), &["Az\u{e9}"]);
        check(include_str!("../../../fixtures/scanners/dropped.events"), &["AB", "(spoilt)", "CD"]);
        check(include_str!("../../../fixtures/scanners/number-block.events"), &["42"]);
    }

    #[test]
    fn every_key_of_the_us_keyboard_is_its_character() {
        for (level, shift) in [(0, false), (1, true)] {
            for (place, key) in ROWS.into_iter().enumerate() {
                let mut keys = vec![('+', key), ('-', key), ('+', KeyCode::KEY_ENTER)];
                if shift {
                    keys.insert(0, ('+', KeyCode::KEY_RIGHTSHIFT));
                }
                let expect = Layout::Us.character(place, level).map(String::from);
                assert_eq!(codes(&keyed(&keys)).first(), expect.as_ref(), "{key:?} {shift}");
            }
        }
    }

    #[test]
    fn presses_count_and_nothing_else() {
        use KeyCode as K;
        let check =
            |keys: &[(char, KeyCode)], expect: &[&str]| assert_eq!(codes(&keyed(keys)), expect, "{keys:?}");
        check(&[('+', K::KEY_A), ('~', K::KEY_A), ('~', K::KEY_A), ('-', K::KEY_A)], &["a"]);
        check(&[('-', K::KEY_A), ('-', K::KEY_ENTER)], &[]);
        check(
            &[('+', K::KEY_F4), ('+', K::KEY_POWER), ('+', K::BTN_LEFT), ('+', K(0x2ff)), ('+', K(0xffff))],
            &[],
        );
        check(&[('+', K::KEY_ENTER), ('+', K::KEY_ENTER), ('+', K::KEY_TAB)], &[]);
        let both = [('+', K::KEY_LEFTSHIFT), ('+', K::KEY_RIGHTSHIFT), ('-', K::KEY_LEFTSHIFT), ('+', K::KEY_A)];
        check(&both, &["A"]);
        let caps = [('+', K::KEY_CAPSLOCK), ('-', K::KEY_CAPSLOCK), ('+', K::KEY_A), ('+', K::KEY_2)];
        check(&caps, &["A2"]);
        check(&[&caps[..2], &both].concat(), &["a"]);
        // Ctrl and M is what Enter is made of, and Ctrl and ] a separator that is noise to us.
        let control = [('+', K::KEY_LEFTCTRL), ('+', K::KEY_RIGHTBRACE), ('+', K::KEY_M), ('-', K::KEY_LEFTCTRL)];
        check(&[&[('+', K::KEY_A)][..], &control, &[('+', K::KEY_B)]].concat(), &["a", "b"]);
        check(&[('+', K::KEY_LEFTALT), ('+', K::KEY_KP9), ('+', K::KEY_KP7)], &[]);
        check(&[('+', K::KEY_LEFTALT), ('-', K::KEY_LEFTALT), ('-', K::KEY_LEFTALT)], &[]);
    }

    #[test]
    fn a_code_of_which_events_were_lost_is_never_half_read() {
        use KeyCode as K;
        let a = keyed(&[('+', K::KEY_LEFTSHIFT), ('+', K::KEY_A)]);
        let rest = keyed(&[('+', K::KEY_B), ('+', K::KEY_ENTER)]);
        let next = keyed(&[('+', K::KEY_C), ('+', K::KEY_ENTER)]);
        let check = |parts: &[&[(Duration, u16, u16, i32)]], expect: &[&str]| {
            assert_eq!(codes(&parts.concat()), expect, "{parts:?}");
        };
        check(&[&a, &[DROPPED, REPORT], &rest, &next], &["(spoilt)", "c"]);
        check(&[&a, &rest, &[DROPPED, REPORT], &rest, &next], &["AB", "(spoilt)", "c"]);
        // Up to the report events are of no use, and the Shift that was held is held no more.
        check(&[&a, &[DROPPED, (Duration::ZERO, 1, K::KEY_ENTER.0, 1), REPORT], &rest, &next], &["(spoilt)", "c"]);
    }

    proptest! {
        #[test]
        fn no_stream_panics(events in proptest::collection::vec((0_u16..6, any::<u16>(), any::<i32>()), 0..300)) {
            let events: Vec<_> = events.into_iter().map(|(kind, code, value)| (Duration::ZERO, kind, code, value)).collect();
            let _ = codes(&events);
        }

        #[test]
        fn keys_in_any_order_never_panic(keys in proptest::collection::vec((0_u16..256, 0_i32..4), 0..300)) {
            let events: Vec<_> = keys.into_iter().map(|(code, value)| (Duration::ZERO, 1, code, value)).collect();
            let _ = codes(&events);
        }
    }
}
