//! The cloud's scan API: the same questions and answers as an agent's.

pub mod scan;
pub mod serving;
pub mod undo;

use crate::desk::Key;
use crate::fault::Fault;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::decide::Shown;
use tidegate_core::decide::key::{MAX_KEY_BYTES, content};
use tidegate_core::id::{EventId, TicketId};

/// The longest code taken: what a hand scanner could send by mistake, a page of text.
const MAX_CODE_BYTES: usize = 4_096;

/// What was given to be looked at: a code, or a ticket found by search.
pub enum Given {
    /// The text of a code.
    Code(String),
    /// A ticket's id.
    Ticket(TicketId),
}

impl Given {
    /// Exactly one of both.
    pub fn of(code: Option<String>, ticket: Option<&str>) -> Result<Self, Fault> {
        match (code, ticket) {
            (Some(code), None) if code.len() <= MAX_CODE_BYTES => Ok(Self::Code(code)),
            (Some(_), None) => Err(Fault::invalid(format!("A code is at most {MAX_CODE_BYTES} bytes"))),
            (None, Some(ticket)) => ticket.parse().map(Self::Ticket).map_err(|_| Fault::missing("ticket")),
            (None, None) | (Some(_), Some(_)) => Err(Fault::invalid("Give either code or ticket")),
        }
    }

    /// What it turns out to be.
    pub fn shown(&self, catalogue: &Catalogue, event: EventId) -> Shown {
        match self {
            Self::Code(code) => Shown::Code(catalogue.keyring.identify(event, code)),
            Self::Ticket(id) => Shown::Found(*id),
        }
    }
}

/// An idempotency key with the hash of what it stands for.
pub fn key(text: Option<String>, parts: &[&str]) -> Result<Option<Key>, Fault> {
    match text {
        Some(key) if key.is_empty() || key.len() > MAX_KEY_BYTES => {
            Err(Fault::invalid(format!("key takes 1 to {MAX_KEY_BYTES} bytes")))
        }
        text => Ok(text.map(|key| Key { key, content: content(parts) })),
    }
}
