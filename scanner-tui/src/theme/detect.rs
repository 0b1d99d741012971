//! What the terminal can do, from its environment.
//!
//! One pure function over a lookup, so that every case is a line in a test. It keeps
//! the promise that a terminal nobody knows is drawn on without colour rather
//! than with the wrong one: sixteen stock colours are not safe for colour-blind eyes.
//! It asks the terminal nothing.

use super::glyphs::GlyphSet;
use super::{Depth, Theme};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// As `NO_COLOR`, `TERM` and `COLORTERM` say.
    #[default]
    Auto,
    /// Even if `NO_COLOR` is set.
    Always,
    /// Borders, fills and reverse video.
    Never,
}

/// Which signs to draw with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum GlyphChoice {
    /// As `TERM` and the locale say.
    #[default]
    Auto,
    /// Everything.
    Unicode,
    /// Box drawing and blocks, for the Linux console.
    Vt,
    /// ASCII.
    Ascii,
}

/// The theme for a terminal whose environment `var` looks up.
pub fn theme(color: ColorChoice, glyphs: GlyphChoice, var: impl Fn(&str) -> Option<String>) -> Theme {
    Theme { depth: depth(color, &var), set: glyph_set(glyphs, &var) }
}

/// Whether this is the Linux console, whose palette can be set; never guessed.
pub fn is_console(var: impl Fn(&str) -> Option<String>) -> bool {
    var("TERM").as_deref() == Some("linux")
}

fn depth(choice: ColorChoice, var: &impl Fn(&str) -> Option<String>) -> Depth {
    let term = var("TERM").unwrap_or_default();
    let forbidden = var("NO_COLOR").is_some_and(|value| !value.is_empty()) || term == "dumb";
    match choice {
        ColorChoice::Never => Depth::Plain,
        ColorChoice::Auto if forbidden => Depth::Plain,
        ColorChoice::Auto => offered(&term, var).unwrap_or(Depth::Plain),
        ColorChoice::Always => offered(&term, var).unwrap_or(Depth::Indexed),
    }
}

fn offered(term: &str, var: &impl Fn(&str) -> Option<String>) -> Option<Depth> {
    let color = var("COLORTERM").unwrap_or_default();
    if term == "linux" {
        Some(Depth::Console)
    } else if color == "truecolor" || color == "24bit" || term.contains("direct") {
        Some(Depth::True)
    } else if term.contains("256color") {
        Some(Depth::Indexed)
    } else {
        None
    }
}

fn glyph_set(choice: GlyphChoice, var: &impl Fn(&str) -> Option<String>) -> GlyphSet {
    match choice {
        GlyphChoice::Unicode => GlyphSet::Unicode,
        GlyphChoice::Vt => GlyphSet::Vt,
        GlyphChoice::Ascii => GlyphSet::Ascii,
        GlyphChoice::Auto if var("TERM").as_deref() == Some("dumb") => GlyphSet::Ascii,
        GlyphChoice::Auto if !speaks_utf8(var) => GlyphSet::Ascii,
        GlyphChoice::Auto if is_console(var) => GlyphSet::Vt,
        GlyphChoice::Auto => GlyphSet::Unicode,
    }
}

/// The first of the three that is set decides, as in C's `setlocale`.
fn speaks_utf8(var: &impl Fn(&str) -> Option<String>) -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| var(name).filter(|value| !value.is_empty())).is_some_and(
        |value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(color: ColorChoice, environment: &[(&str, &str)], depth: Depth, set: GlyphSet) {
        let var =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let found = theme(color, GlyphChoice::Auto, var);
        assert_eq!((found.depth, found.set), (depth, set), "{environment:?}");
    }

    #[test]
    fn each_kind_of_terminal_gets_what_it_can_draw() {
        use ColorChoice::{Always, Auto, Never};
        use GlyphSet::{Ascii, Unicode, Vt};
        let utf8 = ("LANG", "en_GB.UTF-8");
        check(Auto, &[("TERM", "xterm-256color"), utf8], Depth::Indexed, Unicode);
        check(Auto, &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), utf8], Depth::True, Unicode);
        check(Auto, &[("TERM", "linux"), utf8], Depth::Console, Vt);
        check(Auto, &[("TERM", "linux")], Depth::Console, Ascii);
        check(Auto, &[("TERM", "vt100"), utf8], Depth::Plain, Unicode);
        check(Auto, &[("TERM", "dumb"), utf8], Depth::Plain, Ascii);
        check(Auto, &[], Depth::Plain, Ascii);
        check(Never, &[("TERM", "xterm-256color"), utf8], Depth::Plain, Unicode);
        check(Auto, &[("TERM", "xterm-256color"), ("NO_COLOR", "1"), utf8], Depth::Plain, Unicode);
        check(Auto, &[("TERM", "xterm-256color"), ("NO_COLOR", ""), utf8], Depth::Indexed, Unicode);
        check(Always, &[("TERM", "xterm-256color"), ("NO_COLOR", "1"), utf8], Depth::Indexed, Unicode);
        check(Auto, &[("TERM", "xterm-256color"), ("LC_ALL", "C"), utf8], Depth::Indexed, Ascii);
    }
}
