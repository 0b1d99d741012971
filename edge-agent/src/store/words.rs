//! Words as people are found by them: folded, split, compared, in every script.
//!
//! Case and accents go, letters that do not decompose have a small table, and what is
//! written without spaces (Chinese characters, kana, hangul) stands letter by letter. The
//! index and the query go the same way, so whatever is lost is lost on both sides. Nothing
//! here knows the database.

use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};

/// Letters of a word that count: beyond it nobody types on.
const MAX_LETTERS: usize = 40;
/// Words of one text: a name of a dozen words and an e-mail fit.
pub const MAX_WORDS: usize = 32;

/// The words of a text.
pub fn words(text: &str) -> Vec<String> {
    split(text, false)
}

/// The words of a text, and what a hyphen parts also as one: `Anne-Marie` is found by `annemarie`.
pub fn words_and_joined(text: &str) -> Vec<String> {
    split(text, true)
}

fn split(text: &str, joined: bool) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut run, mut parts) = (String::new(), String::new(), 0);
    // One more character than there is ends the last word.
    for c in text.nfkc().flat_map(char::to_lowercase).chain([' ']) {
        if words.len() >= MAX_WORDS {
            break;
        }
        let letter = unseen(c) || c.is_alphanumeric() || is_combining_mark(c);
        if letter && !stands_alone(c) {
            fold(c, &mut word);
            continue;
        }
        if !word.is_empty() {
            parts += 1;
            run.push_str(&word);
            words.push(cut(&std::mem::take(&mut word)));
        }
        if stands_alone(c) {
            fold(c, &mut word);
            words.push(std::mem::take(&mut word));
        } else if !is_hyphen(c) {
            let whole = std::mem::take(&mut run);
            if joined && parts > 1 {
                words.push(cut(&whole));
            }
            parts = 0;
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn cut(word: &str) -> String {
    word.chars().take(MAX_LETTERS).collect()
}

/// Signs within a word that people leave out: apostrophes, the Arabic stretch, joiners.
fn unseen(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | 'ـ' | '\u{200c}' | '\u{200d}' | '\u{ad}')
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '–' | '_')
}

/// Scripts that are written without spaces: every letter is looked for by itself.
pub fn stands_alone(c: char) -> bool {
    let written_so = matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    written_so && c.is_alphanumeric()
}

/// Appends a letter without its accents.
fn fold(c: char, word: &mut String) {
    if unseen(c) {
        return;
    }
    decompose_compatible(c, |part| {
        if canonical_combining_class(part) == 0 {
            match plain(part) {
                Some(letters) => word.push_str(letters),
                None => word.push(hiragana(part)),
            }
        }
    });
}

/// Letters that Unicode does not decompose and people type otherwise.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ı' => "i",
        'ə' => "e",
        'ς' => "σ",
        'ى' | 'ی' => "ي",
        'ک' => "ك",
        'ة' => "ه",
        _ => return None,
    })
}

fn hiragana(c: char) -> char {
    match c {
        '\u{30a1}'..='\u{30f6}' => char::from_u32(c as u32 - 0x60).unwrap_or(c),
        _ => c,
    }
}

/// How well a word was met; the sum over all words of a search ranks what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// The word itself.
    Exactly,
    /// The beginning of it.
    Beginning,
    /// All but one typo.
    OneTypo,
    /// All but two typos.
    TwoTypos,
}

/// Typos that a word of this length may have: short ones have too many neighbours, numbers mean others.
pub fn typos(word: &str) -> usize {
    match word.chars().count() {
        _ if word.chars().any(char::is_numeric) => 0,
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// How `word` meets what was looked for.
pub fn met(looked_for: &str, word: &str) -> Option<Met> {
    if word == looked_for {
        return Some(Met::Exactly);
    }
    if word.starts_with(looked_for) {
        return Some(Met::Beginning);
    }
    match distance(looked_for, word, typos(looked_for))? {
        0 | 1 => Some(Met::OneTypo),
        _ => Some(Met::TwoTypos),
    }
}

/// Letters to put in, leave out, change or swap with their neighbour between two words, up to `most`.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    if most == 0 || a.len().abs_diff(b.len()) > most * 4 {
        return None; // four bytes a letter at most
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let changed = above[j] + usize::from(letter != other);
            let mut least = changed.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == b[j - 1] && a[i - 1] == *other {
                let earlier: &Vec<usize> = &before;
                least = least.min(earlier[j - 1] + 1);
            }
            row.push(least);
        }
        if row.iter().all(|steps| *steps > most) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|steps| *steps <= most)
}

/// The pieces under which a word stands, none where it is never met with typos.
///
/// Each typo spoils at most two neighbouring pieces, two where letters are swapped across their
/// border; so whoever looks for the pieces of [`neighbours`] meets every word within reach.
pub fn pieces(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < 3 || letters.iter().any(|c| c.is_numeric()) {
        return Vec::new();
    }
    let length = letters.len();
    (0..parts(length)).map(|part| name(length, part, &letters[span(length, part)])).collect()
}

/// Pieces of a word of this length: more than its typos can spoil.
fn parts(length: usize) -> usize {
    match length {
        0..6 => 2,
        6..8 => 3,
        _ => 4,
    }
}

fn span(length: usize, part: usize) -> std::ops::Range<usize> {
    part * length / parts(length)..(part + 1) * length / parts(length)
}

fn name(length: usize, part: usize, letters: &[char]) -> String {
    let at = char::from(b'a' + part as u8); // four parts at most
    format!("{length}{at}{}", letters.iter().collect::<String>())
}

/// The pieces under which every word within `most` typos stands, and others with them.
pub fn neighbours(word: &str, most: usize) -> BTreeSet<String> {
    let mut letters: Vec<char> = word.chars().collect();
    let mut names = BTreeSet::new();
    around(&letters, most, &mut names);
    for at in 1..letters.len() {
        letters.swap(at - 1, at);
        around(&letters, most - 1, &mut names);
        letters.swap(at - 1, at);
    }
    names
}

/// The pieces of words that differ in at most `most` letters: one of them is whole, a little aside.
fn around(letters: &[char], most: usize, names: &mut BTreeSet<String>) {
    for length in letters.len().saturating_sub(most).max(3)..=letters.len() + most {
        for part in 0..parts(length) {
            let span = span(length, part);
            for start in span.start.saturating_sub(most)..=span.start + most {
                if let Some(piece) = letters.get(start..start + span.len()) {
                    names.insert(name(length, part, piece));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
