//! What is put in front of a desk: a code, the short code under it or a ticket found by
//! search, and the key that makes asking again harmless.

use super::Key;
use super::ahead::Wants;
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::store::{Tx, tickets};
use tidegate_core::catalogue::Catalogue;
use tidegate_core::decide::Shown;
use tidegate_core::decide::key::{MAX_KEY_CHARS, Operation, content};
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::ticket::Sealed;
use tidegate_core::ticket::spoken::Spoken;

/// The longest code taken: what a hand scanner could send by mistake, a page of text.
const MAX_CODE_BYTES: usize = 4_096;

/// What was given to be looked at: a code, the short code under it, or a ticket found by search.
pub enum Given {
    /// The text of a code.
    Code(String),
    /// A short code.
    Short(Spoken),
    /// A ticket's id.
    Ticket(TicketId),
}

impl Given {
    /// Exactly one of both.
    pub fn of(code: Option<String>, ticket: Option<&str>) -> Result<Self, Fault> {
        match (code, ticket) {
            (Some(code), None) if code.len() <= MAX_CODE_BYTES => {
                Ok(Spoken::read(&code).map_or_else(|| Self::Code(code), Self::Short))
            }
            (Some(_), None) => Err(Fault::invalid(format!("A code is at most {MAX_CODE_BYTES} bytes"))),
            (None, Some(ticket)) => ticket.parse().map(Self::Ticket).map_err(|_| Fault::missing("ticket")),
            (None, None) | (Some(_), Some(_)) => Err(Fault::invalid("Give either code or ticket")),
        }
    }

    /// What the database will be asked for.
    pub fn wants(&self, operation: Operation, key: Option<&str>) -> Wants {
        let ticket = match self {
            Self::Code(code) => Sealed::read(code).ok().map(|sealed| sealed.ticket.id),
            Self::Short(_) => None,
            Self::Ticket(id) => Some(*id),
        };
        Wants { key: key.map(|key| (operation, key.to_owned())), ticket }
    }

    /// What it turns out to be.
    pub async fn shown(
        &self,
        tx: &mut Tx,
        (app, caller): (&App, &Caller),
        (catalogue, event): (&Catalogue, EventId),
    ) -> Result<Shown, Fault> {
        Ok(match self {
            Self::Code(code) => Shown::Code(catalogue.keyring.identify(event, code)),
            Self::Short(spoken) => Shown::Typed(typed(tx, (app, caller), event, *spoken).await?),
            Self::Ticket(id) => Shown::Found(*id),
        })
    }
}

/// The tickets with this short code. Wrong ones slow the next try down, so that guessing does not pay.
async fn typed(
    tx: &mut Tx,
    (app, caller): (&App, &Caller),
    event: EventId,
    spoken: Spoken,
) -> Result<Vec<TicketId>, Fault> {
    let slow_down = |seconds| {
        Fault::too_often("slow_down", "Too many short codes that no ticket has", seconds)
            .action("Scan the code itself, or find the guest by name")
    };
    app.short_codes.wait(&caller.token, app.now()).map_err(slow_down)?;
    let found = tickets::spoken(tx, event, spoken).await?;
    if found.is_empty() {
        app.short_codes.spend(caller.token.clone(), app.now()).map_err(slow_down)?;
    }
    Ok(found)
}

/// An idempotency key with the hash of what it stands for.
pub fn key(text: Option<String>, parts: &[&str]) -> Result<Option<Key>, Fault> {
    Ok(checked_key(text)?.map(|key| Key { key, content: content(parts) }))
}

/// An idempotency key as it was sent.
pub fn checked_key(text: Option<String>) -> Result<Option<String>, Fault> {
    match text {
        Some(key) if key.is_empty() || key.chars().count() > MAX_KEY_CHARS || key.contains(char::is_control) => {
            Err(Fault::invalid(format!("key takes 1 to {MAX_KEY_CHARS} characters and no control characters")))
        }
        text => Ok(text),
    }
}
