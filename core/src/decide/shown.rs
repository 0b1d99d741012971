//! What is put in front of the decision: a code, a short code or a person, which way, and what was said with it.
//!
//! Nothing is decided here; a code was identified before, and says whether it is genuine.

use crate::api::Direction;
use crate::catalogue::TicketRow;
use crate::fold::Moment;
use crate::id::TicketId;
use crate::journal::kind::{Answered, ByHand, Override};
use crate::ticket::{Genuine, Identity};
use crate::time::Timestamp;

/// What was put in front of the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A code was held up, and this is what it turned out to be.
    Code(Identity),
    /// A short code was typed, and these are the tickets here that have it: none, one, seldom more.
    Typed(Vec<TicketId>),
    /// A person was found by name, order or e-mail; no code was seen.
    Found(TicketId),
}

impl Shown {
    /// The ticket of this event that it names, once it is known to be genuine.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::Code(Identity::Genuine(genuine)) => Some(genuine.ticket().id),
            Self::Typed(ids) => {
                if let [id] = ids[..] {
                    Some(id)
                } else {
                    None
                }
            }
            Self::Found(id) => Some(*id),
            Self::Code(_) => None,
        }
    }

    /// The counter of what was shown; absent where no code was. A short code is of the code that its row stands for.
    pub(super) fn counter(&self, row: Option<&TicketRow>) -> Option<u16> {
        match self {
            Self::Code(_) => self.genuine().map(|genuine| genuine.ticket().counter),
            Self::Typed(_) => row.map(|row| row.counter),
            Self::Found(_) => None,
        }
    }

    pub(super) fn genuine(&self) -> Option<&Genuine> {
        match self {
            Self::Code(Identity::Genuine(genuine)) => Some(genuine),
            Self::Code(_) | Self::Typed(_) | Self::Found(_) => None,
        }
    }

    /// The tickets that have a short code in common.
    pub fn several(&self) -> Option<&[TicketId]> {
        match self {
            Self::Typed(ids) if ids.len() > 1 => Some(ids),
            Self::Code(_) | Self::Typed(_) | Self::Found(_) => None,
        }
    }

    /// How it was shown, where not by its code.
    pub fn by_hand(&self) -> Option<ByHand> {
        match self {
            Self::Typed(_) => Some(ByHand::Typed),
            Self::Found(_) => Some(ByHand::Found),
            Self::Code(_) => None,
        }
    }
}

/// One scan.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What was shown.
    pub shown: Shown,
    /// Which way.
    pub direction: Direction,
    /// The scan's own trusted time, where somebody vouches for one.
    pub at: Option<Timestamp>,
    /// The gate, where it is named.
    pub gate: Option<String>,
    /// Staff saw that an unpaid ticket was settled.
    pub confirm_unpaid: bool,
    /// What the guest answered.
    pub answers: Vec<Answered>,
    /// Why somebody without a code is let in.
    pub reason: Option<String>,
    /// A supervisor decides, whose session the shell has checked.
    pub overriding: Option<Override>,
}

impl Scan {
    /// Where in a ticket's history it stands.
    pub fn moment(&self, now: Timestamp) -> Moment {
        self.at.map_or(Moment::Now(now), Moment::At)
    }

    /// An entry with nothing said beside what was shown.
    pub fn of(shown: Shown) -> Self {
        Self {
            shown,
            direction: Direction::Entry,
            at: None,
            gate: None,
            confirm_unpaid: false,
            answers: Vec::new(),
            reason: None,
            overriding: None,
        }
    }
}
