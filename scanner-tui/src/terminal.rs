//! Takes the terminal and gives it back as it was.
//!
//! Raw mode, alternate screen, cursor and, on the Linux console alone, four palette slots.
//! Given back once, whichever comes first: the normal end, a signal, or a panic (in the
//! hook, before the message, so that it can be read). The bytes go to a writer, so a test
//! can read them; this file draws nothing.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, queue, style};

use crate::theme::{Depth, PALETTE, Theme, detect};

/// Whether the palette of the Linux console is set: to any other terminal it is never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// Set on the way in, reset on the way out.
    Set,
    /// Left alone.
    Left,
}

/// Whether the terminal is ours and has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Palette {
    /// The palette is set only where colours are drawn and `TERM` is exactly `linux`.
    pub fn of(theme: Theme, var: impl Fn(&str) -> Option<String>) -> Self {
        if theme.depth == Depth::Console && detect::is_console(var) { Self::Set } else { Self::Left }
    }
}

/// The terminal is ours while this lives.
#[derive(Debug)]
pub struct Taken {
    palette: Palette,
}

impl Taken {
    /// Takes the terminal, and has a panic give it back.
    pub fn take(palette: Palette) -> io::Result<Self> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let taken = Self { palette };
        give_back_on_panic(palette);
        enter(&mut io::stdout(), palette)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back(self.palette);
    }
}

/// The bytes that take the screen.
pub fn enter(out: &mut impl Write, palette: Palette) -> io::Result<()> {
    queue!(out, EnterAlternateScreen, cursor::Hide, EnableBracketedPaste)?;
    if palette == Palette::Set {
        for paint in PALETTE {
            let (r, g, b) = paint.ground;
            write!(out, "\x1b]P{:x}{r:02x}{g:02x}{b:02x}", paint.slot)?;
        }
    }
    out.flush()
}

/// The bytes that give the screen back.
pub fn leave(out: &mut impl Write, palette: Palette) -> io::Result<()> {
    if palette == Palette::Set {
        write!(out, "\x1b]R")?;
    }
    queue!(out, style::ResetColor, style::SetAttribute(style::Attribute::Reset))?;
    queue!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)?;
    out.flush()
}

/// Gives the terminal back, once; a terminal that is gone cannot be given back.
fn give_back(palette: Palette) {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = leave(&mut io::stdout(), palette);
        let _ = disable_raw_mode();
    }
}

fn give_back_on_panic(palette: Palette) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back(palette);
        eprintln!("The screen stopped; the agent keeps admitting. Do: start scanner-tui again");
        before(info);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::glyphs::GlyphSet;

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).expect("a vector takes everything");
        String::from_utf8(bytes).expect("escape sequences are ASCII")
    }

    #[test]
    fn the_screen_is_given_back_with_its_cursor_and_colours() {
        let bytes = written(|out| leave(out, Palette::Left));
        for part in ["\x1b[?1049l", "\x1b[?25h", "\x1b[0m", "\x1b[?2004l"] {
            assert!(bytes.contains(part), "{part:?} in {bytes:?}");
        }
        assert!(!bytes.contains("\x1b]"), "{bytes:?}");
    }

    #[test]
    fn the_console_gets_four_slots_and_has_them_reset() {
        let bytes = written(|out| enter(out, Palette::Set));
        for slot in ["\x1b]P200b3a4", "\x1b]P3ffd24a", "\x1b]P17a0c22", "\x1b]P42456c8"] {
            assert!(bytes.contains(slot), "{slot:?} in {bytes:?}");
        }
        assert!(written(|out| leave(out, Palette::Set)).starts_with("\x1b]R"));
    }

    #[test]
    fn no_other_terminal_is_ever_sent_a_palette() {
        let console = Theme { depth: Depth::Console, set: GlyphSet::Vt };
        let term = |value: &'static str| move |_: &str| Some(value.to_owned());
        assert_eq!(Palette::of(console, term("linux")), Palette::Set);
        assert_eq!(Palette::of(console, term("xterm-256color")), Palette::Left);
        assert_eq!(Palette::of(console, term("linux-16color")), Palette::Left);
        let plain = Theme { depth: Depth::Plain, ..console };
        assert_eq!(Palette::of(plain, term("linux")), Palette::Left);
        assert!(!written(|out| enter(out, Palette::Left)).contains("\x1b]"));
    }
}
