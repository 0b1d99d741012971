//! What a hand scanner sends besides the code itself: what stands around it, and what a keyboard that is set to
//! another layout makes of it ([`layout`]).
//!
//! Keeps true: nothing here decides what a code is. A text that was mended counts only where a signature vouches
//! for it.

pub mod layout;

/// Characters of an AIM symbology identifier (ISO/IEC 15424): `]`, the symbology's letter, a modifier. `]Q1` is a QR.
const AIM_CHARS: usize = 3;

/// The code without what scanners put around it: control characters, blanks, an AIM identifier in front.
pub fn bare(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim();
    without_aim(clean).unwrap_or(clean).trim().to_owned()
}

/// What is behind an AIM identifier. No code of ours begins with a bracket.
fn without_aim(text: &str) -> Option<&str> {
    let (head, rest) = text.split_at_checked(AIM_CHARS)?;
    match head.as_bytes() {
        [b']', letter, modifier] if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_code_goes_and_the_code_stays() {
        let check = |text: &str, expect: &str| assert_eq!(bare(text), expect, "{text:?}");
        check("ABC", "ABC");
        check(" ABC\r\n", "ABC");
        check("]Q1ABC", "ABC");
        check("\u{2}]Q3ABC\u{3}", "ABC");
        check("]C0 ABC", "ABC");
        check("A\u{1d}B\u{0}C\u{7f}\u{85}", "ABC");
        check("]Q", "]Q");
        check("]é1ABC", "]é1ABC");
        check("]1QABC", "]1QABC");
        check("", "");
        check("\u{1b}\u{1b}", "");
        check("Grüße 🎫", "Grüße 🎫");
    }
}
