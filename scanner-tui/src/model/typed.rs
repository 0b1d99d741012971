//! Characters as they come from a keyboard, which may be a person or a hand scanner.
//!
//! Characters are held until [`HOLD_MS`] passed without another one; then the burst is
//! whole and its rhythm says whose it is. Kept true: no character of a scanner ever
//! reaches a field, and the key that ends a scanner's burst is never a key press.

use std::fmt;

use tidegate_core::api::Answer;

use super::{Heard, Millis};

/// The same code within this is the second pull of a nervous trigger, as at a camera.
const SAME_MS: Millis = 5_000;

/// Characters closer than this are one burst; a held character is a person's no sooner.
pub const HOLD_MS: Millis = 100;
/// A key after a character within this may be the end of a typed code.
pub const BURST_MS: Millis = 150;
/// Hand scanners type a character in 5 to 30 ms, people take 60 ms at their fastest.
const SCANNER_GAP_MS: Millis = 35;
/// Nobody types four characters at a scanner's pace.
const QUICK_LEAST: usize = 4;
/// Nobody types so many characters without one pause of [`HOLD_MS`].
const LONG_LEAST: usize = 12;
/// Characters kept of one burst: the longest code an agent takes.
const LONGEST: usize = 4_096;

/// What a burst was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Burst {
    /// A person typed this.
    Person(String),
    /// A scanner typed this code.
    Scanner(String),
}

/// A code that a scanner typed here, and what it was answered.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// The code.
    pub code: String,
    /// When it was typed last.
    pub seen_at: Millis,
    /// The verdict and when it came.
    pub answer: Heard<Answer>,
}

impl Scanned {
    /// Whether this is the same code still in somebody's hand: SAME, not USED.
    pub fn is_same(&self, code: &str, now: Millis) -> bool {
        self.code == code && now.saturating_sub(self.seen_at) < SAME_MS
    }
}

/// The burst under way, and when something was typed last.
#[derive(Clone, Default)]
pub struct Typed {
    held: String,
    began: Millis,
    /// When the last character came.
    pub at: Option<Millis>,
    scanner: bool,
}

/// What is held may be half a PIN.
impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Typed {
    /// Takes a character. Control characters are noise: the separators within some codes, what terminals make of bytes.
    pub fn take(&mut self, c: char, now: Millis) {
        if c.is_control() {
            return;
        }
        if self.held.is_empty() {
            self.began = now;
            self.scanner = false;
        }
        if self.held.len() + c.len_utf8() <= LONGEST {
            self.held.push(c);
        }
        self.at = Some(now);
    }

    /// When the burst is whole, if one is under way.
    pub fn due(&self) -> Option<Millis> {
        self.at.filter(|_| !self.held.is_empty()).map(|at| at + HOLD_MS + 1)
    }

    /// The burst, if so much time passed that it is whole.
    pub fn whole(&mut self, now: Millis) -> Option<Burst> {
        self.due().filter(|due| now >= *due)?;
        self.end()
    }

    /// The burst as far as it came: a key ends it.
    pub fn end(&mut self) -> Option<Burst> {
        if self.held.is_empty() {
            return None;
        }
        self.scanner = self.is_scanner();
        let text = std::mem::take(&mut self.held);
        Some(if self.scanner { Burst::Scanner(text) } else { Burst::Person(text) })
    }

    /// Whether a key pressed now comes right behind a character.
    pub fn is_behind(&self, now: Millis) -> bool {
        self.at.is_some_and(|at| now.saturating_sub(at) < BURST_MS)
    }

    /// Whether a key pressed now comes right behind a scanner's burst.
    pub fn is_behind_scanner(&self, now: Millis) -> bool {
        self.scanner && self.is_behind(now)
    }

    fn is_scanner(&self) -> bool {
        let mut characters = self.held.chars();
        let first = characters.next();
        let held_down = characters.all(|c| Some(c) == first); // a key that repeats is no code
        let count = self.held.chars().count();
        let gaps = Millis::try_from(count).unwrap_or(Millis::MAX).saturating_sub(1);
        let took = self.at.unwrap_or(self.began).saturating_sub(self.began);
        let quick = count >= QUICK_LEAST && took <= gaps * SCANNER_GAP_MS;
        !held_down && (quick || count >= LONG_LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, gap: Millis, expect: fn(String) -> Burst) {
        let mut typed = Typed::default();
        let mut now = 1_000;
        for c in text.chars() {
            assert_eq!(typed.whole(now), None, "{text} at {gap}");
            typed.take(c, now);
            now += gap;
        }
        assert_eq!(typed.whole(now - gap + HOLD_MS + 1), Some(expect(text.to_owned())), "{text} at {gap}");
    }

    #[test]
    fn the_rhythm_tells_a_scanner_from_a_person() {
        for gap in [5, 20, 35, 60, 90] {
            check("TG1ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", gap, Burst::Scanner);
        }
        check("8412", 15, Burst::Scanner);
        check("anna", 60, Burst::Person);
        check("santos", 90, Burst::Person);
        check("ok", 5, Burst::Person);
    }

    #[test]
    fn noise_is_no_character_and_letters_of_every_script_are() {
        let check = |typed: &str, expect: &str| {
            let mut burst = Typed::default();
            typed.chars().zip((0..).step_by(8)).for_each(|(c, at)| burst.take(c, at));
            assert_eq!(burst.end(), Some(Burst::Scanner(expect.to_owned())), "{typed:?}");
        };
        check("TICKET\u{1d}CODE\u{0}\u{7f}\u{85}", "TICKETCODE");
        check("QàZé\"'(-è_ç", "QàZé\"'(-è_ç");
        check("票据代码 12", "票据代码 12");
        let endless = "é".repeat(LONGEST);
        check(&endless.replacen("é", "xy", 1), &format!("xy{}", "é".repeat(LONGEST / 2 - 1)));
        let mut nothing = Typed::default();
        "\u{1b}\u{0}\u{7}\u{9f}".chars().for_each(|c| nothing.take(c, 0));
        assert_eq!((nothing.end(), nothing.due()), (None, None));
    }

    #[test]
    fn a_key_that_is_held_down_is_a_persons() {
        check("aaaaaaaaaaaaaaaaaaaaaaaa", 33, Burst::Person);
    }

    #[test]
    fn a_burst_that_was_read_late_is_still_one() {
        let mut typed = Typed::default();
        for (c, at) in "TICKET-CODE-1".chars().zip([0, 8, 16, 400, 400, 400, 401, 401, 401, 402, 402, 402, 403]) {
            typed.take(c, at);
        }
        assert_eq!(typed.end(), Some(Burst::Scanner("TICKET-CODE-1".to_owned())));
        assert!(typed.is_behind_scanner(500) && !typed.is_behind_scanner(553));
    }
}
