//! Three sets of signs for three kinds of terminal.
//!
//! `unicode` for terminal emulators, `vt` for the Linux console (box drawing and the
//! blocks `█▀▄░▒▓`, nothing else outside ASCII), `ascii` for everything older. No set
//! has braille, emoji or signs of private fonts, and every sign is one cell wide
//! except the verdict signs of `vt` and `ascii`, which are at most two.

use ratatui::symbols::border;

/// Which signs a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlyphSet {
    /// All that fonts of terminal emulators have.
    Unicode,
    /// What the Linux console draws.
    Vt,
    /// Printable ASCII.
    Ascii,
}

/// The signs of one set.
#[derive(Debug)]
pub struct Glyphs {
    /// Admitted, served.
    pub yes: &'static str,
    /// Already inside.
    pub used: &'static str,
    /// Refused.
    pub no: &'static str,
    /// A person has to look.
    pub ask: &'static str,
    /// Went out.
    pub out: &'static str,
    /// The same code again.
    pub same: &'static str,
    /// House full.
    pub full: &'static str,
    /// At a limit.
    pub limit: &'static str,
    /// Taken back.
    pub undo: &'static str,
    /// Between two facts on a line.
    pub dot: &'static str,
    /// From one number to the next.
    pub arrow: &'static str,
    /// Where text was cut.
    pub cut: &'static str,
    /// A pixel of the big letters.
    pub pixel: &'static str,
    /// A filled cell of a bar.
    pub bar_on: &'static str,
    /// An empty cell of a bar.
    pub bar_off: &'static str,
    /// A filled cell of the time left.
    pub time_on: &'static str,
    /// An empty cell of the time left.
    pub time_off: &'static str,
    /// Heights of the sparkline, lowest first.
    pub spark: &'static [&'static str],
    /// A line across the screen.
    pub rule: &'static str,
    /// The frame of a yes.
    pub double: border::Set<'static>,
    /// The frame of everything else.
    pub single: border::Set<'static>,
    /// Fill of a refusal without colour.
    pub fill_deny: &'static str,
    /// Fill of a used ticket without colour.
    pub fill_used: &'static str,
    /// Fill of a question without colour.
    pub fill_attn: &'static str,
}

impl GlyphSet {
    /// The signs.
    pub fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Vt => &VT,
            Self::Ascii => &ASCII,
        }
    }
}

const UNICODE: Glyphs = Glyphs {
    yes: "✔",
    used: "↺",
    no: "✖",
    ask: "?",
    out: "←",
    same: "=",
    full: "■",
    limit: "▲",
    undo: "↶",
    dot: "·",
    arrow: "→",
    cut: "…",
    pixel: "█",
    bar_on: "▇",
    bar_off: "▁",
    time_on: "▓",
    time_off: "░",
    spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    rule: "─",
    double: border::DOUBLE,
    single: border::PLAIN,
    fill_deny: "╳",
    fill_used: "░",
    fill_attn: "?",
};

const VT: Glyphs = Glyphs {
    yes: "OK",
    used: "<>",
    no: "XX",
    out: "<-",
    full: "##",
    limit: "/\\",
    undo: "<<",
    dot: "-",
    arrow: ">",
    cut: "~",
    bar_on: "█",
    bar_off: "░",
    spark: &[".", ":", "|"],
    ..UNICODE
};

const ASCII: Glyphs = Glyphs {
    pixel: "#",
    bar_on: "#",
    bar_off: ".",
    time_on: "#",
    time_off: ".",
    rule: "-",
    double: ASCII_DOUBLE,
    single: ASCII_SINGLE,
    fill_deny: "X",
    fill_used: ":",
    ..VT
};

const ASCII_SINGLE: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_DOUBLE: border::Set<'static> = border::Set {
    top_left: "#",
    top_right: "#",
    bottom_left: "#",
    bottom_right: "#",
    vertical_left: "#",
    vertical_right: "#",
    horizontal_top: "=",
    horizontal_bottom: "=",
};
