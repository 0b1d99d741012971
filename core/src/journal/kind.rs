//! Kinds of entries, and the one table of who may write what.
//!
//! Tags are for ever: a kind that is retired keeps its number. An entry that was
//! not allowed, or whose kind is not known here, is kept and relayed, has no
//! effect, and is a finding: the same everywhere.
//!
//! | tag | kind | who may write it |
//! |---|---|---|
//! | 1 | admission | `ADMIT` |
//! | 2 | exit | `ADMIT` |
//! | 3 | refusal | anybody |
//! | 4 | serving | `SERVE` |
//! | 5 | annul | its own entry: `ADMIT`; another device's: `UNDO_OTHERS` |
//! | 6 | void | its own serving: `SERVE`; another device's: `UNDO_OTHERS` |
//! | 7 | restock | `RESTOCK`; units with `SERVE`, places with `ADMIT`, where a supervisor decides |
//! | 8 | waste | units: `SERVE`; places: as a restock |
//! | 9 | stocktake | as a restock |
//! | 10 | transfer | rights it holds: units `SERVE`, places `ADMIT` |
//! | 11 | accepted | `SERVE` or `ADMIT` |
//! | 15 | clock | anybody |
//! | 16 | retire | the cloud; `RECLAIM` |
//! | 17 | began | anybody |
//!
//! Tags 12 to 14 (override, block, note) are taken by the design and not written
//! by this version. [`counts`] says which of a journal's entries have an effect.

mod finding;
mod stock;

pub use finding::{NoEffect, no_effect};
pub use stock::{Accepted, Resource, Restock, Retire, Stocktake, Transfer, WantId, Waste};

use super::EntryRef;
use crate::catalogue::DeviceRow;
use crate::id::{JournalId, ListId, ProductId, TicketId};
use crate::trial::{Bug, planted};
use crate::trust::{Identity, Rights, to_cbor};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use smol_str::SmolStr;

/// The longest name, gate or reason in an entry, in bytes: a sentence, not a page.
pub const MAX_TEXT_BYTES: usize = 200;

/// A supervisor's decision against the rule.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Override {
    /// Who.
    #[n(0)]
    pub supervisor: String,
    /// Why.
    #[n(1)]
    pub reason: String,
}

/// How a ticket was shown, where it was not by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ByHand {
    /// Its short code was typed.
    #[n(0)]
    Typed,
    /// Its holder was found by name, order or e-mail.
    #[n(1)]
    Found,
}

/// An answer to one of the event's questions.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Answered {
    /// The question's id.
    #[n(0)]
    pub question: String,
    /// What was answered.
    #[n(1)]
    pub text: String,
}

/// A person went in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Admission {
    /// With which ticket.
    #[n(0)]
    pub ticket: TicketId,
    /// On which list.
    #[n(1)]
    pub list: ListId,
    /// By which gate, where it was named.
    #[n(2)]
    #[cbor(with = "crate::short", has_nil)]
    pub gate: Option<SmolStr>,
    /// The decision against the rule, where one was needed.
    #[n(3)]
    pub overridden: Option<Override>,
    /// The code itself, where peers may lack the ticket's row.
    #[n(4)]
    pub code: Option<ByteVec>,
    /// How it was shown, where not by its code.
    #[n(5)]
    pub by_hand: Option<ByHand>,
    /// Why somebody without a code was let in.
    #[n(6)]
    pub reason: Option<String>,
    /// What the guest answered at the door.
    #[n(7)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub answers: Vec<Answered>,
}

/// A person came out.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Exit {
    /// With which ticket.
    #[n(0)]
    pub ticket: TicketId,
    /// On which list.
    #[n(1)]
    pub list: ListId,
    /// By which gate, where it was named.
    #[n(2)]
    #[cbor(with = "crate::short", has_nil)]
    pub gate: Option<SmolStr>,
    /// The open admissions it closes.
    #[n(3)]
    pub closes: Vec<EntryRef>,
    /// The decision against the rule, where one was needed.
    #[n(4)]
    pub overridden: Option<Override>,
    /// The code itself, where peers may lack the ticket's row.
    #[n(5)]
    pub code: Option<ByteVec>,
    /// How it was shown, where not by its code.
    #[n(6)]
    pub by_hand: Option<ByHand>,
    /// Why, where no code was shown.
    #[n(7)]
    pub reason: Option<String>,
}

impl Admission {
    /// An admission by a listed code, with nothing said beside it.
    pub fn new(ticket: TicketId, list: ListId) -> Self {
        let (gate, overridden, code, by_hand, reason) = (None, None, None, None, None);
        Self { ticket, list, gate, overridden, code, by_hand, reason, answers: Vec::new() }
    }
}

impl Exit {
    /// An exit by a listed code, with nothing said beside it.
    pub fn new(ticket: TicketId, list: ListId, closes: Vec<EntryRef>) -> Self {
        let (gate, overridden, code, by_hand, reason) = (None, None, None, None, None);
        Self { ticket, list, gate, closes, overridden, code, by_hand, reason }
    }
}

/// Somebody was refused, or a person was asked and did not decide.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// The ticket, where one was read.
    #[n(0)]
    pub ticket: Option<TicketId>,
    /// The list; absent at a bar.
    #[n(1)]
    pub list: Option<ListId>,
    /// By which gate, where it was named.
    #[n(2)]
    #[cbor(with = "crate::short", has_nil)]
    pub gate: Option<SmolStr>,
    /// The stable code of the verdict.
    #[n(3)]
    pub code: String,
}

/// Credits and stock were taken together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Serving {
    /// From which ticket.
    #[n(0)]
    pub ticket: TicketId,
    /// Which product.
    #[n(1)]
    pub product: ProductId,
    /// How many units.
    #[n(2)]
    pub quantity: u16,
    /// The code itself, where peers may lack the ticket's row.
    #[n(3)]
    pub code: Option<ByteVec>,
    /// How it was shown, where not by its code.
    #[n(4)]
    pub by_hand: Option<ByHand>,
    /// The decision to serve what this device had no right to, where one was needed.
    #[n(5)]
    pub overridden: Option<Override>,
}

impl Serving {
    /// A serving by a listed code, with nothing said beside it.
    pub fn new(ticket: TicketId, product: ProductId, quantity: u16) -> Self {
        let (code, by_hand, overridden) = (None, None, None);
        Self { ticket, product, quantity, code, by_hand, overridden }
    }
}

/// Takes back an entry, exit (annul) or serving (void).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Undo {
    /// The ticket of the entry taken back.
    #[n(0)]
    pub ticket: TicketId,
    /// The entry taken back.
    #[n(1)]
    pub target: EntryRef,
}

/// The author learned what time it is: entries of this boot that it wrote before, by a clock that
/// nobody had compared, happened that much later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ClockSet {
    /// The first entry of this boot.
    #[n(0)]
    pub since: u64,
    /// What is added to their times, microseconds; below zero where the clock ran ahead.
    #[n(1)]
    pub shift_us: i64,
}

/// An incarnation begins because the one before was left: the store was moved, copied or set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Began {
    /// The last entry known of the incarnation before, where there was one.
    #[n(0)]
    pub after: Option<EntryRef>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person went in.
    Admission(Admission),
    /// A person came out.
    Exit(Exit),
    /// Somebody was refused or asked.
    Refusal(Refusal),
    /// Credits and stock were taken.
    Serving(Serving),
    /// An entry or exit was taken back.
    Annul(Undo),
    /// A serving was taken back.
    Void(Undo),
    /// Rights came into being.
    Restock(Restock),
    /// Rights ended unused.
    Waste(Waste),
    /// Everything was counted.
    Stocktake(Stocktake),
    /// Rights were given away.
    Transfer(Transfer),
    /// Rights were taken.
    Accepted(Accepted),
    /// The time became known.
    Clock(ClockSet),
    /// A lost device's journal ended.
    Retire(Retire),
    /// An incarnation began.
    Began(Began),
    /// Of a later version: kept, relayed, without effect.
    Unknown {
        /// Its number.
        tag: u8,
        /// Its content.
        body: Vec<u8>,
    },
}

impl Kind {
    /// Its name in logs, databases and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Admission(_) => "admission",
            Self::Exit(_) => "exit",
            Self::Refusal(_) => "refusal",
            Self::Serving(_) => "serving",
            Self::Annul(_) => "annul",
            Self::Void(_) => "void",
            Self::Restock(_) => "restock",
            Self::Waste(_) => "waste",
            Self::Stocktake(_) => "stocktake",
            Self::Transfer(_) => "transfer",
            Self::Accepted(_) => "accepted",
            Self::Clock(_) => "clock",
            Self::Retire(_) => "retire",
            Self::Began(_) => "began",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The ticket it is about.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::Admission(a) => Some(a.ticket),
            Self::Exit(e) => Some(e.ticket),
            Self::Refusal(r) => r.ticket,
            Self::Serving(s) => Some(s.ticket),
            Self::Annul(u) | Self::Void(u) => Some(u.ticket),
            Self::Restock(_)
            | Self::Waste(_)
            | Self::Stocktake(_)
            | Self::Transfer(_)
            | Self::Accepted(_)
            | Self::Clock(_)
            | Self::Retire(_)
            | Self::Began(_)
            | Self::Unknown { .. } => None,
        }
    }

    /// Whether rights come, go or move by it, tickets aside.
    pub fn moves_rights(&self) -> bool {
        match self {
            Self::Restock(_)
            | Self::Waste(_)
            | Self::Stocktake(_)
            | Self::Transfer(_)
            | Self::Accepted(_)
            | Self::Retire(_) => true,
            Self::Admission(_)
            | Self::Exit(_)
            | Self::Refusal(_)
            | Self::Serving(_)
            | Self::Annul(_)
            | Self::Void(_)
            | Self::Clock(_)
            | Self::Began(_)
            | Self::Unknown { .. } => false,
        }
    }

    /// What rights it is about.
    pub fn resource(&self) -> Option<Resource> {
        match self {
            Self::Restock(r) => Some(r.of),
            Self::Waste(w) => Some(w.of),
            Self::Stocktake(s) => Some(s.of),
            Self::Transfer(t) => Some(t.of),
            Self::Serving(s) => Some(Resource::Product(s.product)),
            Self::Admission(_)
            | Self::Exit(_)
            | Self::Refusal(_)
            | Self::Annul(_)
            | Self::Void(_)
            | Self::Accepted(_)
            | Self::Clock(_)
            | Self::Retire(_)
            | Self::Began(_)
            | Self::Unknown { .. } => None,
        }
    }

    /// The ticket code it carries.
    pub fn code(&self) -> Option<&[u8]> {
        match self {
            Self::Admission(a) => a.code.as_ref().map(|c| &c[..]),
            Self::Exit(e) => e.code.as_ref().map(|c| &c[..]),
            Self::Serving(s) => s.code.as_ref().map(|c| &c[..]),
            Self::Refusal(_)
            | Self::Annul(_)
            | Self::Void(_)
            | Self::Restock(_)
            | Self::Waste(_)
            | Self::Stocktake(_)
            | Self::Transfer(_)
            | Self::Accepted(_)
            | Self::Clock(_)
            | Self::Retire(_)
            | Self::Began(_)
            | Self::Unknown { .. } => None,
        }
    }

    pub(super) fn to_tagged(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Admission(b) => (1, to_cbor(b)),
            Self::Exit(b) => (2, to_cbor(b)),
            Self::Refusal(b) => (3, to_cbor(b)),
            Self::Serving(b) => (4, to_cbor(b)),
            Self::Annul(b) => (5, to_cbor(b)),
            Self::Void(b) => (6, to_cbor(b)),
            Self::Restock(b) => (7, to_cbor(b)),
            Self::Waste(b) => (8, to_cbor(b)),
            Self::Stocktake(b) => (9, to_cbor(b)),
            Self::Transfer(b) => (10, to_cbor(b)),
            Self::Accepted(b) => (11, to_cbor(b)),
            Self::Clock(b) => (15, to_cbor(b)),
            Self::Retire(b) => (16, to_cbor(b)),
            Self::Began(b) => (17, to_cbor(b)),
            Self::Unknown { tag, body } => (*tag, body.clone()),
        }
    }

    pub(super) fn from_tagged(tag: u8, body: &[u8]) -> Option<Self> {
        fn read<'b, T: Decode<'b, ()>>(body: &'b [u8]) -> Option<T> {
            minicbor::decode(body).ok()
        }
        Some(match tag {
            1 => Self::Admission(read(body)?),
            2 => Self::Exit(read(body)?),
            3 => Self::Refusal(read(body)?),
            4 => Self::Serving(read(body)?),
            5 => Self::Annul(read(body)?),
            6 => Self::Void(read(body)?),
            7 => Self::Restock(read(body)?),
            8 => Self::Waste(read(body)?),
            9 => Self::Stocktake(read(body)?),
            10 => Self::Transfer(read(body)?),
            11 => Self::Accepted(read(body)?),
            15 => Self::Clock(read(body)?),
            16 => Self::Retire(read(body)?),
            17 => Self::Began(read(body)?),
            tag => Self::Unknown { tag, body: body.to_vec() },
        })
    }
}

/// Whether `author` may write an entry of this kind.
pub fn may_write(author: &Identity, kind: &Kind) -> bool {
    let rights = author.all_rights();
    let own_or_others = |target: &EntryRef, own: Rights| {
        rights.holds(if target.journal.device == author.device { own } else { Rights::UNDO_OTHERS })
    };
    let of = |resource: &Resource, units: Rights, places: Rights| {
        rights.holds(match resource {
            Resource::Product(_) => units,
            Resource::Zone(_) => places,
        })
    };
    match kind {
        Kind::Admission(_) | Kind::Exit(_) => rights.holds(Rights::ADMIT),
        Kind::Refusal(_) | Kind::Clock(_) | Kind::Began(_) => true,
        Kind::Serving(_) => rights.holds(Rights::SERVE),
        Kind::Transfer(transfer) => of(&transfer.of, Rights::SERVE, Rights::ADMIT),
        Kind::Accepted(_) => rights.holds(Rights::SERVE) || rights.holds(Rights::ADMIT),
        Kind::Annul(undo) => own_or_others(&undo.target, Rights::ADMIT),
        Kind::Void(undo) => own_or_others(&undo.target, Rights::SERVE),
        Kind::Waste(Waste { of: Resource::Product(_), .. }) => rights.holds(Rights::SERVE),
        Kind::Waste(Waste { of: resource, by, .. })
        | Kind::Restock(Restock { of: resource, by, .. })
        | Kind::Stocktake(Stocktake { of: resource, by, .. }) => {
            rights.holds(Rights::RESTOCK) || (by.is_some() && of(resource, Rights::SERVE, Rights::ADMIT))
        }
        Kind::Retire(_) => rights.holds(Rights::RECLAIM),
        Kind::Unknown { .. } => false,
    }
}

/// Where a journal ends, for some or all of what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// The last entry before its author wrote two histories.
    pub forked_after: Option<u64>,
    /// The last entry that moves rights, where it was retired.
    pub retired_after: Option<u64>,
}

/// Whether an entry has an effect: its author was allowed to write it, was not revoked before it,
/// and, after a fork or a retirement, only said what it saw. Admissions, exits and servings of every
/// branch count, because people came and drank; what takes back, brings, moves or dates counts on none.
pub fn counts(
    author: &Identity,
    kind: &Kind,
    at: (JournalId, u64),
    device: Option<&DeviceRow>,
    ends: Ends,
) -> bool {
    let (journal, sequence) = at;
    let beyond = |end: Option<u64>| end.is_some_and(|last| sequence > last);
    let survives = match kind {
        Kind::Admission(_)
        | Kind::Exit(_)
        | Kind::Refusal(_)
        | Kind::Serving(_)
        | Kind::Accepted(_)
        | Kind::Began(_) => true,
        // What says when entries were written says it of one history, and stands beside the other's.
        Kind::Annul(_) | Kind::Void(_) | Kind::Clock(_) => !beyond(ends.forked_after),
        // Also by a journal that was retired itself: of two that retire each other neither comes first.
        Kind::Retire(_) => !beyond(ends.forked_after),
        Kind::Waste(_) => !beyond(ends.retired_after),
        Kind::Restock(_) | Kind::Stocktake(_) | Kind::Transfer(_) => {
            !beyond(ends.forked_after) && !beyond(ends.retired_after)
        }
        Kind::Unknown { .. } => false,
    };
    survives
        && (may_write(author, kind) || planted(Bug::AnybodyMay))
        && device.is_none_or(|d| d.counts(journal.incarnation, sequence))
}

#[cfg(test)]
mod tests;
