//! Letters for terminals that lack them.
//!
//! `unicode` keeps everything. `vt` keeps Latin-1 letters, which console fonts have,
//! and the drawing signs of the chrome. `ascii` keeps printable ASCII alone. What has a
//! plain neighbour is drawn as it (`é` as `e`, `→` as `->`); the rest becomes `?`, one
//! for each cell it took, so that a row stays as long as it was measured.

use unicode_width::UnicodeWidthChar;

use crate::theme::glyphs::GlyphSet;

/// The text in letters the glyph set has.
pub fn fold(text: &str, set: GlyphSet) -> String {
    match set {
        GlyphSet::Unicode => text.to_owned(),
        GlyphSet::Vt => rewrite(text, |c| is_latin1_letter(c) || is_drawn(c)),
        GlyphSet::Ascii => rewrite(text, |_| false),
    }
}

fn rewrite(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() || keeps(c) {
            out.push(c);
        } else if let Some(plain) = plain(c) {
            out.push_str(plain);
        } else {
            out.extend(std::iter::repeat_n('?', c.width().unwrap_or(0)));
        }
    }
    out
}

fn is_latin1_letter(c: char) -> bool {
    matches!(c, 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ')
}

/// Frames and blocks of the `vt` set, which this text may be part of.
fn is_drawn(c: char) -> bool {
    "─│┌┐└┘═║╔╗╚╝╳█▀▄░▒▓".contains(c)
}

fn plain(c: char) -> Option<&'static str> {
    sign(c).or_else(|| letter(c))
}

fn sign(c: char) -> Option<&'static str> {
    Some(match c {
        '·' | '•' | '–' | '—' | '−' | '‐' | '‑' => "-",
        '…' => "...",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' | '‚' | '´' => "'",
        '→' => "->",
        '←' => "<-",
        '×' => "x",
        '€' => "EUR",
        '£' => "GBP",
        '¡' => "!",
        '¿' => "?",
        '\u{a0}' | '\u{202f}' | '\u{2009}' => " ",
        '±' => "+-",
        '°' => "deg",
        _ => return None,
    })
}

fn letter(c: char) -> Option<&'static str> {
    Some(match c {
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' | 'Ć' | 'Č' => "C",
        'ç' | 'ć' | 'č' => "c",
        'Ď' | 'Đ' | 'Ð' => "D",
        'ď' | 'đ' | 'ð' => "d",
        'È'..='Ë' | 'Ē' | 'Ę' | 'Ě' => "E",
        'è'..='ë' | 'ē' | 'ę' | 'ě' => "e",
        'Ğ' | 'Ģ' => "G",
        'ğ' | 'ģ' => "g",
        'Ì'..='Ï' | 'Ī' | 'İ' => "I",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'Ł' | 'Ľ' => "L",
        'ł' | 'ľ' => "l",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ñ' | 'ń' | 'ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'Ő' => "O",
        'ò'..='ö' | 'ø' | 'ő' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ř' | 'Ŕ' => "R",
        'ř' | 'ŕ' => "r",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'Ť' | 'Ț' | 'Ţ' => "T",
        'ť' | 'ț' | 'ţ' => "t",
        'Þ' => "Th",
        'þ' => "th",
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' => "U",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'Ý' | 'Ÿ' => "Y",
        'ý' | 'ÿ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_leaves_nothing_else_behind() {
        let folded = fold("Zoë Łukasz · 日本 → “Gate B” Ω", GlyphSet::Ascii);
        assert_eq!(folded, "Zoe Lukasz - ???? -> \"Gate B\" ?");
    }

    #[test]
    fn a_console_keeps_the_letters_its_font_has() {
        assert_eq!(fold("Zoë Šárka · 2", GlyphSet::Vt), "Zoë Sárka - 2");
    }

    #[test]
    fn unicode_keeps_everything() {
        assert_eq!(fold("日本 → Ω", GlyphSet::Unicode), "日本 → Ω");
    }
}
