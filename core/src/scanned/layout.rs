//! Keyboard layouts: a scanner that types as one keyboard into a computer that is set to another, mapped back.
//!
//! A scanner of the keyboard kind sends positions of keys, for the layout that it is set to; the computer makes
//! characters of them by its own. Where the two differ, `Y` arrives as `Z` and `2` as `é`. Keeps true: whatever a
//! scanner types of letters and digits is among the [`readings`] of what arrives, with Caps Lock too; which of them
//! is right says a signature, never this file. Positions and characters are those of the layouts that X11 calls
//! `us`, `gb`, `de`, `fr`, `es` and `pt`.

use std::fmt;

/// A keyboard layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// United States: what scanners are set to when they are new.
    Us,
    /// United Kingdom.
    Uk,
    /// Germany, QWERTZ.
    German,
    /// France, AZERTY.
    French,
    /// Spain.
    Spanish,
    /// Portugal.
    Portuguese,
}

/// A key that gives no character of its own but waits for the next one, or none at all.
const DEAD: char = '␀';

/// Keys that give characters.
const KEYS: usize = 48;

/// Keys of one level in the order of the rows: the number row from the key left of `1`, the row below it, the home row,
/// the key at its end, the key right of the left Shift, the lowest row.
type Level = &'static str;

const US: [Level; 2] =
    [r#"`1234567890-=qwertyuiop[]asdfghjkl;'\<zxcvbnm,./"#, r#"~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"|>ZXCVBNM<>?"#];
const UK: [Level; 2] = [
    r##"`1234567890-=qwertyuiop[]asdfghjkl;'#\zxcvbnm,./"##,
    r#"¬!"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~|ZXCVBNM<>?"#,
];
const GERMAN: [Level; 2] =
    ["␀1234567890ß␀qwertzuiopü+asdfghjklöä#<yxcvbnm,.-", "°!\"§$%&/()=?␀QWERTZUIOPÜ*ASDFGHJKLÖÄ'>YXCVBNM;:_"];
const FRENCH: [Level; 2] =
    ["²&é\"'(-è_çà)=azertyuiop␀$qsdfghjklmù*<wxcvbn,;:!", "␀1234567890°+AZERTYUIOP␀£QSDFGHJKLM%µ>WXCVBN?./§"];
const SPANISH: [Level; 2] =
    ["º1234567890'¡qwertyuiop␀+asdfghjklñ␀ç<zxcvbnm,.-", "ª!\"·$%&/()=?¿QWERTYUIOP␀*ASDFGHJKLÑ␀Ç>ZXCVBNM;:_"];
const PORTUGUESE: [Level; 2] =
    ["\\1234567890'«qwertyuiop+␀asdfghjklçº␀<zxcvbnm,.-", "|!\"#$%&/()=?»QWERTYUIOP*␀ASDFGHJKLÇª␀>ZXCVBNM;:_"];

/// The longest text that is mended: a badge of the longest name has 210 characters.
const LONGEST: usize = 256;

/// What [`recognise`] is shown: every character of our codes, and the hyphen, which tells German from US in both
/// directions.
pub const CALIBRATION: &str = "TIDEGATE-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789";

impl Layout {
    /// All of them, the likeliest setting of a scanner first.
    pub const ALL: [Self; 6] = [Self::Us, Self::Uk, Self::German, Self::French, Self::Spanish, Self::Portuguese];

    /// As people and scanners' manuals call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Us => "US",
            Self::Uk => "UK",
            Self::German => "German",
            Self::French => "French",
            Self::Spanish => "Spanish",
            Self::Portuguese => "Portuguese",
        }
    }

    fn levels(self) -> [Level; 2] {
        match self {
            Self::Us => US,
            Self::Uk => UK,
            Self::German => GERMAN,
            Self::French => FRENCH,
            Self::Spanish => SPANISH,
            Self::Portuguese => PORTUGUESE,
        }
    }

    /// The key and the level that give a character; keys are counted through the rows of the keyboard.
    pub fn stroke(self, character: char) -> Option<(usize, usize)> {
        let on = |level: &Level| level.chars().position(|known| known == character && known != DEAD);
        let levels = self.levels();
        let found = levels.iter().map(on).enumerate();
        found.filter_map(|(level, key)| Some((key?, level))).next()
    }

    /// What a key gives, with Shift at level 1.
    pub fn character(self, key: usize, level: usize) -> Option<char> {
        self.levels().get(level)?.chars().nth(key).filter(|character| *character != DEAD)
    }

    /// The key that a character came from, whichever level: Caps Lock changes levels, of letters with accents too.
    fn key(self, character: char) -> Option<usize> {
        let lower = || character.to_lowercase().next().filter(|lower| *lower != character);
        self.stroke(character).or_else(|| self.stroke(lower()?)).map(|(key, _)| key)
    }

    /// The letter or digit on a key; no key has two.
    fn of_a_code(self, key: usize) -> Option<char> {
        let both = (0..2).filter_map(|level| self.character(key, level));
        both.filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).next()
    }
}

/// A scanner and a keyboard that are not set alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mismatch {
    /// What the scanner is set to.
    pub scanner: Layout,
    /// What the computer is set to.
    pub keyboard: Layout,
    /// Whether it may as well be the other way round: `Y` and `Z` change places in both directions.
    pub either_way: bool,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scanner, keyboard) = (self.scanner.name(), self.keyboard.name());
        match self.scanner == self.keyboard {
            true => write!(f, "The scanner's digits come with Shift or Caps Lock: corrected"),
            false if self.either_way => {
                write!(f, "Of scanner and keyboard one is set to {scanner}, the other to {keyboard}: corrected")
            }
            false => write!(f, "Scanner is set to {scanner}, keyboard to {keyboard}: corrected"),
        }
    }
}

/// What a scanner may have typed of which this arrived: each text once, under the likeliest pair of layouts. What
/// holds more than letters and digits was, and the text as it is, are not among them.
pub fn readings(text: &str) -> Vec<(Mismatch, String)> {
    let mut found: Vec<(Mismatch, String)> = Vec::new();
    if text.chars().nth(LONGEST).is_some() {
        return found;
    }
    let on_keys = Layout::ALL.map(|keyboard| (keyboard, keys(text, keyboard)));
    for scanner in Layout::ALL {
        let codes: Vec<Option<char>> = (0..KEYS).map(|key| scanner.of_a_code(key)).collect();
        for (keyboard, keys) in &on_keys {
            let reading = |keys: &Vec<usize>| keys.iter().map(|key| codes[*key]).collect::<Option<String>>();
            let Some(reading) = keys.as_ref().and_then(reading) else { continue };
            let as_it_is = reading.eq_ignore_ascii_case(text);
            match found.iter_mut().find(|(_, known)| *known == reading) {
                Some((known, _)) => {
                    let reversed = (known.scanner, known.keyboard) == (*keyboard, scanner);
                    known.either_way |= reversed && scanner != *keyboard;
                }
                None if as_it_is => {}
                None => found.push((Mismatch { scanner, keyboard: *keyboard, either_way: false }, reading)),
            }
        }
    }
    found
}

/// The keys that a text came from, below [`KEYS`]; nothing where it has a character that this keyboard has not.
fn keys(text: &str, keyboard: Layout) -> Option<Vec<usize>> {
    text.chars().map(|character| keyboard.key(character)).collect()
}

/// What arrives of a text that a scanner types. What a layout has no key for is missing.
pub fn arrives(text: &str, scanner: Layout, keyboard: Layout) -> String {
    let typed = text.chars().filter_map(|character| scanner.stroke(character));
    typed.filter_map(|(key, level)| keyboard.character(key, level)).collect()
}

/// How scanner and keyboard are set, as [`CALIBRATION`] arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Pairs of scanner and keyboard under which it arrives so.
    pub pairs: Vec<(Layout, Layout)>,
    /// Whether Caps Lock is on.
    pub caps: bool,
}

impl Settings {
    /// Whether letters, digits and hyphen arrive as they are.
    pub fn right(&self) -> bool {
        !self.caps && self.pairs.iter().any(|(scanner, keyboard)| scanner == keyboard)
    }
}

/// How scanner and keyboard are set; nothing where this is not [`CALIBRATION`] under any of the layouts.
pub fn recognise(typed: &str) -> Option<Settings> {
    let all = Layout::ALL.into_iter().flat_map(|scanner| Layout::ALL.map(|keyboard| (scanner, keyboard)));
    let under = |caps: bool| {
        let arrived = move |(scanner, keyboard): &(Layout, Layout)| {
            let arrived = arrives(CALIBRATION, *scanner, *keyboard);
            typed == if caps { other_case(&arrived) } else { arrived }
        };
        Settings { pairs: all.clone().filter(arrived).collect(), caps }
    };
    [false, true].map(under).into_iter().find(|settings| !settings.pairs.is_empty())
}

/// What Caps Lock makes of it.
fn other_case(text: &str) -> String {
    let other = |c: char| if c.is_uppercase() { c.to_lowercase().next() } else { c.to_uppercase().next() };
    text.chars().map(|c| other(c).unwrap_or(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODE_CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    fn pairs() -> impl Iterator<Item = (Layout, Layout)> {
        Layout::ALL.into_iter().flat_map(|scanner| Layout::ALL.map(|keyboard| (scanner, keyboard)))
    }

    #[test]
    fn every_layout_has_every_letter_and_digit_on_a_key_of_its_own() {
        for layout in Layout::ALL {
            for level in layout.levels() {
                assert_eq!(level.chars().count(), KEYS, "{layout:?} {level}");
            }
            let keys: Vec<usize> = CODE_CHARACTERS.chars().filter_map(|c| layout.key(c)).collect();
            let on_them: String = keys.iter().filter_map(|key| layout.of_a_code(*key)).collect();
            assert_eq!(on_them, CODE_CHARACTERS, "{layout:?}");
        }
    }

    #[test]
    fn what_is_known_of_the_layouts_holds() {
        let check = |scanner, keyboard, text: &str, expect: &str| {
            assert_eq!(arrives(text, scanner, keyboard), expect, "{scanner:?} into {keyboard:?}");
        };
        check(Layout::Us, Layout::German, "YZyz-", "ZYzyß");
        check(Layout::German, Layout::Us, "YZyz-", "ZYzy/");
        check(Layout::Us, Layout::French, "AQZWM1234567890", "QAWZ?&é\"'(-è_çà");
        check(Layout::French, Layout::Us, "AQZWM1234567890", "QAWZ:!@#$%^&*()");
        check(Layout::Us, Layout::Spanish, ";2", "ñ2");
        check(Layout::Us, Layout::Portuguese, ";2", "ç2");
        check(Layout::Us, Layout::Uk, "A2@#", "A2\"£");
        check(Layout::German, Layout::French, "Z2", "Y\u{e9}");
        check(Layout::Us, Layout::German, "a`=b", "ab");
    }

    #[test]
    fn whatever_is_typed_of_letters_and_digits_is_mapped_back_from_every_layout_into_every_other() {
        for (scanner, keyboard) in pairs() {
            for caps in [false, true] {
                for text in [CODE_CHARACTERS, &CODE_CHARACTERS.to_lowercase(), "A", "YZ", "2", "M7QAZW"] {
                    let arrived = arrives(text, scanner, keyboard);
                    let arrived = if caps { other_case(&arrived) } else { arrived };
                    let mended = readings(&arrived).iter().any(|(_, reading)| reading.eq_ignore_ascii_case(text));
                    let right = arrived.eq_ignore_ascii_case(text);
                    assert!(mended || right, "{text} from {scanner:?} into {keyboard:?}: {arrived}");
                }
            }
        }
    }

    #[test]
    fn digits_under_a_shift_that_is_stuck_are_mapped_back() {
        for layout in Layout::ALL {
            let stuck: String = "123".chars().filter_map(|c| layout.character(layout.key(c)?, 0)).collect();
            let shifted: String = "123".chars().filter_map(|c| layout.character(layout.key(c)?, 1)).collect();
            for arrived in [stuck, shifted] {
                let read = readings(&arrived).iter().any(|(_, reading)| reading == "123") || arrived == "123";
                assert!(read, "{layout:?}: {arrived}");
            }
        }
    }

    #[test]
    fn it_is_said_who_is_set_to_what_and_when_that_cannot_be_known() {
        let check = |scanner, keyboard, expect: &str| {
            let arrived = arrives(CODE_CHARACTERS, scanner, keyboard);
            let said = readings(&arrived).into_iter().find(|(_, reading)| reading == CODE_CHARACTERS);
            assert_eq!(said.map(|(mismatch, _)| mismatch.to_string()).as_deref(), Some(expect));
        };
        check(Layout::Us, Layout::French, "Scanner is set to US, keyboard to French: corrected");
        check(Layout::French, Layout::Us, "Scanner is set to French, keyboard to US: corrected");
        check(
            Layout::German,
            Layout::Us,
            "Of scanner and keyboard one is set to US, the other to German: corrected",
        );
        let stuck = readings("!@#").into_iter().find(|(_, reading)| reading == "123").map(|(m, _)| m.to_string());
        assert_eq!(stuck.as_deref(), Some("The scanner's digits come with Shift or Caps Lock: corrected"));
    }

    #[test]
    fn what_is_no_code_has_no_reading() {
        let check = |text: &str| assert_eq!(readings(text), [], "{text}");
        check("https://example.org/");
        check("🎫🎫🎫");
        check("\u{0}\u{7}");
        check("A B");
        check(&"Q".repeat(LONGEST + 1));
        check(&"é".repeat(100_000));
        assert!(!readings(&"Y".repeat(LONGEST)).is_empty());
    }

    #[test]
    fn the_calibration_is_recognised_under_every_pair_and_caps_lock() {
        assert!(CODE_CHARACTERS.chars().all(|c| CALIBRATION.contains(c)));
        for (scanner, keyboard) in pairs() {
            let arrived = arrives(CALIBRATION, scanner, keyboard);
            for (typed, caps) in [(arrived.clone(), false), (other_case(&arrived), true)] {
                let settings = recognise(&typed).expect("it was the calibration");
                assert!(settings.pairs.contains(&(scanner, keyboard)), "{scanner:?} {keyboard:?} {settings:?}");
                assert_eq!(settings.caps, caps);
                assert_eq!(settings.right(), typed == CALIBRATION, "{typed}");
            }
        }
        let german = recognise(&arrives(CALIBRATION, Layout::Us, Layout::German)).expect("known");
        assert!(german.pairs.iter().all(|(_, keyboard)| *keyboard == Layout::German), "the hyphen tells");
        for other in ["", "TIDEGATE", "tidegate", "Grüße"] {
            assert_eq!(recognise(other), None);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,300}") {
            let _ = readings(&text);
            let _ = recognise(&text);
        }
    }
}
