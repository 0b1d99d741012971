//! Verdicts as people meet them: a word, a sign, a colour, a rhythm, a stay.
//!
//! One table for everything a verdict does to the senses, so that no channel can
//! drift from another. Any one of the four is enough to know the verdict. Nothing
//! here decides: the agent did.

use tidegate_core::api::{Answer, Verdict};

use crate::theme::Role;
use crate::theme::glyphs::Glyphs;

/// A yes stays this long in full, one person's step at a turnstile.
const GO_MS: u64 = 1_200;
/// After this a yes is gone and the idle card is back.
const GO_CLEAR_MS: u64 = 4_000;
/// A yes with a note cannot be dismissed sooner: the note has to be read.
const NOTE_MIN_MS: u64 = 2_000;
const SAME_MS: u64 = 1_500;
const USED_MS: u64 = 4_000;
const NO_MS: u64 = 6_000;
const UNKNOWN_MS: u64 = 2_000;
/// A fault behind a scan stays as long as a no: somebody waits in front of it.
const TROUBLE_MS: u64 = 6_000;
/// What was taken back can be read in the time of a USED.
const UNDO_MS: u64 = 4_000;
/// After its full time a verdict stays readable, without colour, for this long.
const FADED_MS: u64 = 2_000;

/// How a verdict looks and sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Face {
    /// Admitted or served.
    Go,
    /// Admitted or served, with a note to read.
    GoNote,
    /// The same code, still in view.
    Same,
    /// Already inside.
    Used,
    /// Refused.
    No,
    /// A person has to look.
    Ask,
    /// Went out.
    Out,
    /// House full.
    Full,
    /// The device may do no more while nobody is heard.
    Limit,
    /// Not a ticket.
    Unknown,
    /// Taken back.
    Undo,
    /// Read, but not decided: the agent says what stopped it.
    Trouble,
}

/// How long a verdict stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// In full, then faded, then gone.
    Timed {
        /// Milliseconds in full colour.
        full_ms: u64,
        /// Milliseconds until the idle card is back.
        clear_ms: u64,
    },
    /// Until the next scan, or Esc after a least time.
    UntilNext {
        /// Milliseconds before Esc may clear it.
        least_ms: u64,
    },
}

impl Face {
    /// Every face, for tests and the legend.
    pub const ALL: [Self; 12] = [
        Self::Go,
        Self::GoNote,
        Self::Used,
        Self::No,
        Self::Ask,
        Self::Full,
        Self::Limit,
        Self::Out,
        Self::Same,
        Self::Unknown,
        Self::Undo,
        Self::Trouble,
    ];

    /// The face of an answer.
    pub fn of(answer: &Answer) -> Self {
        let noted = answer.ticket.as_ref().is_some_and(|t| t.note.is_some());
        match answer.verdict {
            Verdict::Admit | Verdict::Serve if noted => Self::GoNote,
            Verdict::Admit | Verdict::Serve => Self::Go,
            Verdict::Exit => Self::Out,
            Verdict::Ask => Self::Ask,
            Verdict::Annulled | Verdict::Voided => Self::Undo,
            Verdict::Refuse => Self::of_refusal(&answer.code),
        }
    }

    /// The face of an entry of a journal; what says nothing to a door has none.
    pub fn of_entry(kind: &str, code: &str) -> Option<Self> {
        match kind {
            "admission" | "serving" => Some(Self::Go),
            "exit" => Some(Self::Out),
            "refusal" => Some(Self::of_refusal(code)),
            "annul" | "void" => Some(Self::Undo),
            _ => None,
        }
    }

    /// The word, at most five letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::GoNote => "GO!",
            Self::Same => "SAME",
            Self::Used => "USED",
            Self::No => "NO",
            Self::Ask => "ASK",
            Self::Out => "OUT",
            Self::Full => "FULL",
            Self::Limit => "LIMIT",
            Self::Unknown | Self::Trouble => "?",
            Self::Undo => "UNDO",
        }
    }

    /// What the word means, short enough to stand beside it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Go => "Let in",
            Self::GoNote => "Let in, note",
            Self::Same => "Still in view",
            Self::Used => "Already inside",
            Self::No => "Refused",
            Self::Ask => "Have a look",
            Self::Out => "Went out",
            Self::Full => "House full",
            Self::Limit => "At limit",
            Self::Unknown => "Not a ticket",
            Self::Undo => "Taken back",
            Self::Trouble => "Not decided",
        }
    }

    /// The sign beside the word.
    pub fn sign(self, glyphs: &Glyphs) -> &'static str {
        match self {
            Self::Go | Self::GoNote => glyphs.yes,
            Self::Same => glyphs.same,
            Self::Used => glyphs.used,
            Self::No => glyphs.no,
            Self::Ask | Self::Unknown | Self::Trouble => glyphs.ask,
            Self::Out => glyphs.out,
            Self::Full => glyphs.full,
            Self::Limit => glyphs.limit,
            Self::Undo => glyphs.undo,
        }
    }

    /// The colour's meaning.
    pub fn role(self) -> Role {
        match self {
            Self::Go | Self::GoNote => Role::Admit,
            Self::Used => Role::Used,
            Self::No | Self::Full | Self::Limit => Role::Deny,
            Self::Ask | Self::Trouble => Role::Attn,
            Self::Same | Self::Unknown | Self::Undo => Role::Neutral,
            Self::Out => Role::Quiet,
        }
    }

    /// How long it stays.
    pub fn stay(self) -> Stay {
        match self {
            Self::Go | Self::Out => Stay::Timed { full_ms: GO_MS, clear_ms: GO_CLEAR_MS },
            Self::Same => timed(SAME_MS),
            Self::Used => timed(USED_MS),
            Self::No => timed(NO_MS),
            Self::Unknown => timed(UNKNOWN_MS),
            Self::Undo => timed(UNDO_MS),
            Self::Trouble => timed(TROUBLE_MS),
            Self::GoNote => Stay::UntilNext { least_ms: NOTE_MIN_MS },
            Self::Ask | Self::Full | Self::Limit => Stay::UntilNext { least_ms: 0 },
        }
    }

    /// How often the terminal's bell rings: 1 come in, 2 used, 3 stop, two and two wait.
    pub fn bells(self) -> u8 {
        match self {
            Self::Go | Self::GoNote | Self::Out | Self::Undo => 1,
            Self::Used => 2,
            Self::No | Self::Ask | Self::Unknown | Self::Trouble => 3,
            Self::Full | Self::Limit => 4,
            Self::Same => 0,
        }
    }

    /// Codes are the agent's and may grow: what is not known here is a plain no.
    fn of_refusal(code: &str) -> Self {
        match code {
            "used" => Self::Used,
            "full" => Self::Full,
            "limit" => Self::Limit,
            "not_a_ticket" => Self::Unknown,
            _ => Self::No,
        }
    }
}

fn timed(full_ms: u64) -> Stay {
    Stay::Timed { full_ms, clear_ms: full_ms + FADED_MS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::glyphs::GlyphSet;

    #[test]
    fn every_face_has_a_word_of_five_letters_at_most_and_a_sign_in_every_set() {
        for face in Face::ALL {
            assert!((1..=5).contains(&face.word().len()), "{face:?}");
            for set in [GlyphSet::Unicode, GlyphSet::Vt, GlyphSet::Ascii] {
                assert!(!face.sign(set.glyphs()).is_empty(), "{face:?}");
            }
        }
    }

    #[test]
    fn one_ring_is_yes_two_is_used_three_is_stop_two_and_two_is_wait() {
        let rings = [Face::Go, Face::Used, Face::No, Face::Full, Face::Limit].map(Face::bells);
        assert_eq!(rings, [1, 2, 3, 4, 4]);
    }

    #[test]
    fn only_a_yes_is_painted_as_a_yes() {
        for face in Face::ALL {
            let yes = matches!(face, Face::Go | Face::GoNote);
            assert_eq!(face.role() == Role::Admit, yes, "{face:?}");
        }
    }

    #[test]
    fn a_refusal_with_a_code_of_tomorrow_is_a_no() {
        assert_eq!(Face::of_refusal("a_code_of_tomorrow"), Face::No);
    }
}
