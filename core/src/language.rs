//! The languages that people are spoken to in.
//!
//! A tag is BCP 47, of which the language alone counts: `de-AT` is German. What
//! is not here is not guessed; the caller has a default.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A language that every text exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// German.
    De,
    /// French.
    Fr,
}

/// A text that names no language of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of en, es, pt, de, fr")]
pub struct NoSuchLanguage(String);

/// The longest `Accept-Language` that is looked at: browsers send less than a fifth of it.
const MAX_ACCEPT_BYTES: usize = 1_000;

impl Language {
    /// Every language.
    pub const ALL: [Self; 5] = [Self::En, Self::Es, Self::Pt, Self::De, Self::Fr];

    /// Its tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Pt => "pt",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    /// The language of a BCP 47 tag, where it is one of ours.
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(language))
    }

    /// The one of ours that an `Accept-Language` header likes best; the first of equals.
    ///
    /// `*` says nothing about which, and what cannot be read is passed over.
    pub fn accepted(header: &str) -> Option<Self> {
        let header = Some(header).filter(|header| header.len() <= MAX_ACCEPT_BYTES)?;
        let mut best: Option<(u16, Self)> = None;
        for (weight, language) in header.split(',').filter_map(wish) {
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// One wish of the header: its weight in thousandths, and the language.
fn wish(text: &str) -> Option<(u16, Language)> {
    let mut parts = text.split(';').map(str::trim);
    let language = Language::parse(parts.next()?)?;
    let weight = match parts.next() {
        None => 1_000,
        Some(weight) => thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?,
    };
    Some((weight, language))
}

/// `0.8` as 800: RFC 9110 gives a weight three decimals and a ceiling of one.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if decimals.len() > 3 || !digits(decimals) {
        return None;
    }
    match whole {
        "1" if decimals.bytes().all(|byte| byte == b'0') => Some(1_000),
        "0" => format!("{decimals:0<3}").parse().ok(),
        _ => None,
    }
}

impl From<Language> for &'static str {
    fn from(language: Language) -> Self {
        language.as_str()
    }
}

impl TryFrom<String> for Language {
    type Error = NoSuchLanguage;

    fn try_from(tag: String) -> Result<Self, NoSuchLanguage> {
        Self::parse(&tag).ok_or(NoSuchLanguage(tag))
    }
}

impl FromStr for Language {
    type Err = NoSuchLanguage;

    fn from_str(tag: &str) -> Result<Self, NoSuchLanguage> {
        tag.to_owned().try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_tag_counts_and_its_country_does_not() {
        let check = |tag: &str, expect: Option<&str>| {
            assert_eq!(Language::parse(tag).map(Language::as_str), expect, "{tag}");
        };
        check("de", Some("de"));
        check("de-AT", Some("de"));
        check("PT-br", Some("pt"));
        check("fr-Latn-CA", Some("fr"));
        for none in ["", "-", "*", "nl", "den", "d", "de_AT", "german"] {
            check(none, None);
        }
    }

    #[test]
    fn an_accept_language_gives_the_one_of_ours_it_likes_best() {
        let check = |header: &str, expect: Option<&str>| {
            assert_eq!(Language::accepted(header).map(Language::as_str), expect, "{header}");
        };
        check("de", Some("de"));
        check("nl, fr-CH;q=0.9, de;q=0.8", Some("fr"));
        check("de;q=0.5, es;q=0.55", Some("es"));
        check("fr;q=0.5,pt-BR;q=0.5", Some("fr"));
        check(" es ; q=1.000 , de ; Q=1 ", Some("es"));
        check("de;q=0, en;q=0.001", Some("en"));
        check("*, de;q=0.1", Some("de"));
        check("de;q=2, de;q=0.1234, de;q=x, de;level=1, pt;q=0.1", Some("pt"));
        for none in ["", ",,;", "*", "nl", "de;q=0", "de;q=", "de;q=-1"] {
            check(none, None);
        }
        check(&format!("{}de", " ".repeat(MAX_ACCEPT_BYTES)), None);
    }

    #[test]
    fn as_json_a_language_is_its_tag_and_an_unknown_one_is_named() {
        for language in Language::ALL {
            let json = serde_json::to_string(&language).unwrap();
            assert_eq!(json, format!("{:?}", language.as_str()));
            assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
        }
        let error = "nl".parse::<Language>().unwrap_err().to_string();
        assert_eq!(error, "\"nl\" is not one of en, es, pt, de, fr");
    }
}
