//! Taking back: an entry or exit within fifteen minutes by the device that wrote
//! it, a serving by the device that wrote it; twice is as good as once.

use super::{Code, Why};
use crate::api::Verdict;
use crate::fold::{Act, Does};
use crate::id::{DeviceId, TicketId};
use crate::journal::kind::{Kind, Undo};
use crate::time::{SECOND_US, Timestamp};

/// How long an entry or exit may be taken back, microseconds; the last one counts.
/// Long enough to notice a mistake, too short to rewrite an evening.
pub const ANNUL_US: i64 = 15 * 60 * SECOND_US;

/// An act that somebody wants taken back.
#[derive(Clone, Debug)]
pub struct Target {
    /// The act.
    pub act: Act,
    /// Its ticket.
    pub ticket: TicketId,
    /// Whether it was taken back already.
    pub undone: bool,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Undoing {
    /// Annulled, voided or refused.
    pub verdict: Verdict,
    /// Its stable code.
    pub code: Code,
    /// The facts behind it.
    pub why: Why,
    /// The entry to append; absent where it stands already, or is refused.
    pub record: Option<Kind>,
}

/// Decides whether `device` may take back `target` at `at`.
pub fn undo(target: Option<&Target>, device: DeviceId, at: Timestamp) -> Undoing {
    let Some(target) = target.filter(|t| t.act.id.journal.device == device) else {
        return refused(Code::NotYours, Why::NotYours);
    };
    let undo = Undo { ticket: target.ticket, target: target.act.id };
    let age_us = at.since_us(target.act.happened_at());
    match target.act.does {
        Does::Admit { .. } | Does::Leave { .. } if target.undone => done(Verdict::Annulled, None),
        Does::Admit { .. } | Does::Leave { .. } if age_us > ANNUL_US => {
            refused(Code::TooLateToUndo, Why::TooLateToUndo)
        }
        Does::Admit { .. } | Does::Leave { .. } => done(Verdict::Annulled, Some(Kind::Annul(undo))),
        Does::Serve { .. } if target.undone => done(Verdict::Voided, None),
        Does::Serve { .. } => done(Verdict::Voided, Some(Kind::Void(undo))),
        Does::Undo { .. } => refused(Code::NotYours, Why::NotYours),
    }
}

fn done(verdict: Verdict, record: Option<Kind>) -> Undoing {
    Undoing { verdict, code: Code::Ok, why: Why::Undone, record }
}

fn refused(code: Code, why: Why) -> Undoing {
    Undoing { verdict: Verdict::Refuse, code, why, record: None }
}
