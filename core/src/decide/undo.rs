//! Taking back: an entry or exit within fifteen minutes by the device that wrote
//! it, a serving by the device that wrote it; twice is as good as once.

use super::{Code, Objection, Why};
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

/// What was decided: the verdict, and the entry to append unless it stands already.
pub type Undoing = Result<(Verdict, Option<Kind>), Objection>;

/// Decides whether `device` may take back `target` at `at`.
pub fn undo(target: Option<&Target>, device: DeviceId, at: Timestamp) -> Undoing {
    let Some(target) = target.filter(|t| t.act.id.journal.device == device) else {
        return Err(Objection::refuse(Code::NotYours, Why::NotYours));
    };
    let undo = Undo { ticket: target.ticket, target: target.act.id };
    let age_us = at.since_us(target.act.happened_at());
    match target.act.does {
        Does::Admit { .. } | Does::Leave { .. } if target.undone => Ok((Verdict::Annulled, None)),
        Does::Admit { .. } | Does::Leave { .. } if age_us > ANNUL_US => {
            Err(Objection::refuse(Code::TooLateToUndo, Why::TooLateToUndo))
        }
        Does::Admit { .. } | Does::Leave { .. } => Ok((Verdict::Annulled, Some(Kind::Annul(undo)))),
        Does::Serve { .. } if target.undone => Ok((Verdict::Voided, None)),
        Does::Serve { .. } => Ok((Verdict::Voided, Some(Kind::Void(undo)))),
        Does::Undo { .. } => Err(Objection::refuse(Code::NotYours, Why::NotYours)),
    }
}
