//! Colours, words and shapes: how a meaning looks.
//!
//! The four verdict grounds were chosen by computation, not taste: every pair stays
//! 20 CIEDE2000 apart for protan, deutan and tritan eyes, and every ink has 4.5:1
//! on its ground; `tests/theme.rs` recomputes both from this file. Colour is never
//! alone: a word, a glyph and a border or fill say the same. This file does not look at
//! the environment; [`detect`] does.

pub mod detect;
pub mod font;
pub mod glyphs;

use ratatui::style::{Color, Modifier, Style};

use glyphs::{GlyphSet, Glyphs};

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// In you go.
    Admit,
    /// Already inside.
    Used,
    /// No.
    Deny,
    /// A person has to look.
    Attn,
    /// Said, but neither yes nor no: the terminal's own colours, reversed.
    Neutral,
    /// The terminal's own colours as they are.
    Quiet,
}

/// How many colours there are to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 256-colour cube.
    Indexed,
    /// The Linux console: four palette slots are reprogrammed.
    Console,
    /// None: borders, fills and reverse video.
    Plain,
}

/// One verdict colour in every depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// What it means.
    pub role: Role,
    /// The ground, 24 bits.
    pub ground: (u8, u8, u8),
    /// The ink, 24 bits.
    pub ink: (u8, u8, u8),
    /// The ground among 256 colours.
    pub ground_256: u8,
    /// The ink among 256 colours.
    pub ink_256: u8,
    /// The console's palette slot that is set to `ground`.
    pub slot: u8,
    /// The console's slot of the ink: 0 is black, 15 white.
    pub ink_slot: u8,
}

const BLACK: (u8, u8, u8) = (0, 0, 0);
const WHITE: (u8, u8, u8) = (255, 255, 255);

/// The palette: measured, so a change here has to pass the tests of `tests/theme.rs`.
pub const PALETTE: [Paint; 4] = [
    Paint {
        role: Role::Admit,
        ground: (0x00, 0xb3, 0xa4),
        ink: BLACK,
        ground_256: 37,
        ink_256: 16,
        slot: 2,
        ink_slot: 0,
    },
    Paint {
        role: Role::Used,
        ground: (0xff, 0xd2, 0x4a),
        ink: BLACK,
        ground_256: 221,
        ink_256: 16,
        slot: 3,
        ink_slot: 0,
    },
    Paint {
        role: Role::Deny,
        ground: (0x7a, 0x0c, 0x22),
        ink: WHITE,
        ground_256: 88,
        ink_256: 231,
        slot: 1,
        ink_slot: 15,
    },
    Paint {
        role: Role::Attn,
        ground: (0x24, 0x56, 0xc8),
        ink: WHITE,
        ground_256: 26,
        ink_256: 231,
        slot: 4,
        ink_slot: 15,
    },
];

/// How this terminal is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Colours at hand.
    pub depth: Depth,
    /// Signs at hand.
    pub set: GlyphSet,
}

impl Theme {
    /// The signs at hand.
    pub fn glyphs(self) -> &'static Glyphs {
        self.set.glyphs()
    }

    /// How a line or a card of this meaning is drawn.
    pub fn style(self, role: Role) -> Style {
        match role {
            Role::Quiet => Style::new(),
            Role::Neutral => Style::new().add_modifier(Modifier::REVERSED),
            Role::Admit | Role::Used | Role::Deny | Role::Attn => self.painted(role),
        }
    }

    /// Whether a card of this meaning needs a fill because there is no colour.
    pub fn fills(self) -> bool {
        self.depth == Depth::Plain
    }

    fn painted(self, role: Role) -> Style {
        let Some(paint) = PALETTE.iter().find(|paint| paint.role == role) else {
            return Style::new();
        };
        let (ground, ink) = match self.depth {
            Depth::True => (rgb(paint.ground), rgb(paint.ink)),
            Depth::Indexed => (Color::Indexed(paint.ground_256), Color::Indexed(paint.ink_256)),
            Depth::Console => (Color::Indexed(paint.slot), Color::Indexed(paint.ink_slot)),
            Depth::Plain => return Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
        };
        Style::new().bg(ground).fg(ink)
    }
}

fn rgb((r, g, b): (u8, u8, u8)) -> Color {
    Color::Rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_nothing_is_coloured() {
        let theme = Theme { depth: Depth::Plain, set: GlyphSet::Unicode };
        for role in [Role::Admit, Role::Used, Role::Deny, Role::Attn, Role::Neutral, Role::Quiet] {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn a_console_uses_only_slots_it_has() {
        for paint in PALETTE {
            assert!(paint.slot < 8, "backgrounds of the console have eight slots");
            assert!(paint.ink_slot < 16);
        }
    }
}
