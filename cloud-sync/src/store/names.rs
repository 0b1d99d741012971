//! What a bar is told by name means one thing. Lists and ticket types may share a name: reports number them.

use super::{StoreError, Tx};
use crate::params;
use tidegate_core::id::EventId;

/// Things with names.
#[derive(Clone, Copy, Debug)]
pub enum Called {
    /// Something served. Ticket types are told apart by who sells them, and may share a name.
    Served,
    /// A counted area.
    Zone,
}

impl Called {
    /// In a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Served => "product that is served",
            Self::Zone => "zone",
        }
    }
}

/// Whether the event has one of this name.
pub async fn is_taken(tx: &mut Tx, what: Called, event: EventId, name: &str) -> Result<bool, StoreError> {
    let sql = match what {
        Called::Served => "SELECT 1 FROM products WHERE event = $1 AND name = $2 AND kind = 'consumption' LIMIT 1",
        Called::Zone => "SELECT 1 FROM zones WHERE event = $1 AND name = $2 LIMIT 1",
    };
    Ok(tx.first(sql, params![event, name]).await?.is_some())
}
