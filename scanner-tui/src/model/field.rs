//! A line that is typed into: it grows at its end, shrinks at its end, and has a limit.
//!
//! No cursor within: at a door a wrong word is typed again. What a terminal could stumble
//! over never gets in. A [`Secret`] is a field that is neither shown nor printed.

use std::fmt;

use crate::text;

/// A line that is typed into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field(String);

impl Field {
    /// Adds text as far as it fits into so many bytes.
    pub fn push(&mut self, text: &str, most: usize) {
        for c in text::clean(text).chars() {
            if self.0.len() + c.len_utf8() > most {
                return;
            }
            self.0.push(c);
        }
    }

    /// Takes the last character back.
    pub fn erase(&mut self) {
        self.0.pop();
    }

    /// What is typed, without space around it.
    pub fn text(&self) -> &str {
        self.0.trim()
    }

    /// What is typed, as it was typed.
    pub fn shown(&self) -> &str {
        &self.0
    }

    /// Replaces what is typed.
    pub fn set(&mut self, text: &str) {
        text.clone_into(&mut self.0);
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }
}

/// A line that is typed into and never shown: a PIN, a badge.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Field);

impl Secret {
    /// A secret that is known already.
    pub fn of(text: &str) -> Self {
        let mut field = Field::default();
        field.set(text);
        Self(field)
    }

    /// The field, to type into.
    pub fn field(&mut self) -> &mut Field {
        &mut self.0
    }

    /// What is typed; only for the agent.
    pub fn reveal(&self) -> &str {
        self.0.text()
    }

    /// One star a character.
    pub fn stars(&self) -> String {
        "*".repeat(self.0.shown().chars().count())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_takes_what_fits_and_gives_back_from_its_end() {
        let mut field = Field::default();
        field.push("Zoë\x1b[2J", 6);
        assert_eq!(field.shown(), "Zoë[2");
        field.erase();
        field.erase();
        assert_eq!(field.text(), "Zoë");
        field.push("日本", 6);
        assert_eq!(field.text(), "Zoë", "half a letter never gets in");
    }

    #[test]
    fn a_secret_is_shown_as_stars_and_printed_as_nothing() {
        let secret = Secret::of("123456");
        assert_eq!((secret.stars().as_str(), format!("{secret:?}").as_str()), ("******", "Secret"));
    }
}
