//! Text that fits the cells it is given.
//!
//! Names come from ticket buyers, reasons from an agent: both may hold control
//! characters, right-to-left marks or letters two cells wide. What passes through
//! here never moves the cursor, never reorders its neighbours and never grows past
//! its width. It shortens; it does not translate.

pub mod fold;

use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

/// Characters kept of one text: four times the widest terminal seen, so that a hostile name costs nothing to lay out.
const LONGEST_TEXT: usize = 1_000;

const MS_PER_S: u64 = 1_000;
const S_PER_MIN: u64 = 60;
const S_PER_H: u64 = 3_600;
const S_PER_DAY: u64 = 86_400;
/// Below this many hours the minutes still matter to staff.
const HOURS_WITH_MINUTES: u64 = 10;

/// Removes what would move the cursor or turn the reading direction; line breaks become spaces.
pub fn clean(text: &str) -> String {
    text.chars()
        .take(LONGEST_TEXT)
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c if c.is_control() || turns_direction(c) => None,
            c => Some(c),
        })
        .collect()
}

/// Cells a text takes.
pub fn width(text: &str) -> usize {
    graphemes(text).iter().map(|g| g.width()).sum()
}

/// The text cut to `cells`, ending in `mark` where something was cut.
pub fn fit(text: &str, cells: usize, mark: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let room = cells.saturating_sub(mark.width());
    let mut kept = take(text, room);
    if mark.width() <= cells {
        kept.push_str(mark);
    }
    kept
}

/// The end of the text, as much as fits into `cells`.
pub fn tail(text: &str, cells: usize) -> String {
    let mut used = 0;
    let mut kept: Vec<String> = Vec::new();
    for sign in graphemes(text).into_iter().rev() {
        used += sign.width();
        if used > cells {
            break;
        }
        kept.push(sign);
    }
    kept.into_iter().rev().collect()
}

/// The text cut or padded with spaces to exactly `cells`.
pub fn pad(text: &str, cells: usize, mark: &str) -> String {
    let mut fitted = fit(text, cells, mark);
    let missing = cells.saturating_sub(width(&fitted));
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The text on at most `lines` lines of `cells`, broken between words where it can be.
pub fn wrap(text: &str, cells: usize, lines: usize, mark: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && rows.len() < lines && cells > 0 {
        if rows.len() + 1 == lines || width(rest) <= cells {
            rows.push(fit(rest, cells, mark));
            break;
        }
        let taken = break_at(rest, cells);
        rows.push(rest[..taken].trim_end().to_owned());
        rest = rest[taken..].trim_start();
    }
    rows
}

/// An age in words: `4 s`, `12 min`, `2 h 10 min`, `3 days`.
pub fn age(ms: u64) -> String {
    let s = ms / MS_PER_S;
    let (h, min) = (s / S_PER_H, s % S_PER_H / S_PER_MIN);
    match s {
        s if s < S_PER_MIN => format!("{s} s"),
        s if s < S_PER_H => format!("{min} min"),
        s if s < HOURS_WITH_MINUTES * S_PER_H && min > 0 => format!("{h} h {min} min"),
        s if s < 2 * S_PER_DAY => format!("{h} h"),
        s => format!("{} days", s / S_PER_DAY),
    }
}

/// An age in one short word: `4s`, `12m`, `2h`, `3d`.
pub fn short_age(ms: u64) -> String {
    match ms / MS_PER_S {
        s if s < S_PER_MIN => format!("{s}s"),
        s if s < S_PER_H => format!("{}m", s / S_PER_MIN),
        s if s < 2 * S_PER_DAY => format!("{}h", s / S_PER_H),
        s => format!("{}d", s / S_PER_DAY),
    }
}

/// Marks and overrides of the reading direction: invisible, and they reorder the rest of the row.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a terminal draws as one sign, cut where the drawing library cuts.
fn graphemes(text: &str) -> Vec<String> {
    let span = Span::raw(text);
    span.styled_graphemes(Style::new()).map(|g| g.symbol.to_owned()).collect()
}

fn take(text: &str, cells: usize) -> String {
    let mut used = 0;
    let mut kept = String::new();
    for sign in graphemes(text) {
        used += sign.width();
        if used > cells {
            break;
        }
        kept.push_str(&sign);
    }
    kept
}

/// Byte index after the last word that fits, or after the last sign where the next word is long.
fn break_at(text: &str, cells: usize) -> usize {
    let hard = take(text, cells).len().max(first_sign(text));
    if text[hard..].starts_with(' ') {
        return hard;
    }
    match text[..hard].rfind(' ') {
        Some(space) if space * 2 >= hard => space + 1, // nearer the start, half a row would stay empty
        Some(_) | None => hard,
    }
}

fn first_sign(text: &str) -> usize {
    graphemes(text).first().map_or(text.len(), |sign| sign.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_sequence_in_a_name_loses_its_teeth() {
        assert_eq!(clean("Eve\x1b[2J\u{202e}\r\nX\x07"), "Eve[2J  X");
    }

    #[test]
    fn wide_letters_are_counted_as_two_cells() {
        assert_eq!(fit("日本語の名前", 7, "…"), "日本語…");
        assert_eq!(width(&pad("日本", 5, "…")), 5);
    }

    #[test]
    fn the_end_of_what_is_typed_stays_in_sight() {
        assert_eq!(tail("Maria Santos", 6), "Santos");
        assert_eq!(tail("日本語", 5), "本語");
        assert_eq!(tail("Maria", 9), "Maria");
    }

    #[test]
    fn a_text_that_fits_is_left_alone() {
        assert_eq!(fit("Maria", 5, "…"), "Maria");
        assert_eq!(fit("Maria", 4, "…"), "Mar…");
        assert_eq!(fit("Maria", 0, "…"), "");
    }

    #[test]
    fn lines_break_between_words_and_the_last_one_is_cut() {
        assert_eq!(wrap("one two three", 7, 2, "~"), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 7, 2, "~"), ["one two", "three ~"]);
        assert_eq!(wrap("aaaaaaaaaa b", 4, 3, "~"), ["aaaa", "aaaa", "aa b"]);
        assert_eq!(wrap("日本語", 1, 3, "~").len(), 3, "a sign wider than the row still ends");
    }

    #[test]
    fn ages_read_as_staff_say_them() {
        let cases = [
            (0, "0 s"),
            (59_999, "59 s"),
            (720_000, "12 min"),
            (7_800_000, "2 h 10 min"),
            (43_200_000, "12 h"),
            (260_000_000, "3 days"),
        ];
        for (ms, expect) in cases {
            assert_eq!(age(ms), expect);
        }
        assert_eq!(short_age(720_000), "12m");
    }
}
