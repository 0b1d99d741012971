//! What acts of one group will ask for, read in one round trip before the first of them.
//!
//! Each thing is taken once: who asks again, after an act that may have changed it, asks
//! the database.

use crate::store::acts::{self, ActRecord};
use crate::store::history::{self, History};
use crate::store::{StoreError, Tx};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::decide::key::Operation;
use tidegate_core::id::{EventId, TicketId};

/// What an act will ask for, as far as its request says.
#[derive(Clone, Debug, Default)]
pub struct Wants {
    /// What was recorded under this key.
    pub key: Option<(Operation, String)>,
    /// The history of this ticket; its code may yet turn out to be nobody's.
    pub ticket: Option<TicketId>,
}

/// What was read and not asked for yet.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) acts: BTreeMap<(Operation, String), Option<ActRecord>>,
    pub(super) tickets: BTreeMap<TicketId, History>,
}

impl Ahead {
    pub(super) async fn read(
        tx: &mut Tx,
        event: EventId,
        wants: impl Iterator<Item = &Wants>,
    ) -> Result<Self, StoreError> {
        let (mut keys, mut tickets) = (BTreeSet::new(), BTreeSet::new());
        for Wants { key, ticket } in wants {
            keys.extend(key.clone());
            tickets.extend(*ticket);
        }
        let (keys, tickets) = (Vec::from_iter(keys), Vec::from_iter(tickets));
        let key_values: Vec<_> = keys.iter().map(|(of, key)| acts::by_key(event, *of, key)).collect();
        let ticket_values: Vec<_> = tickets.iter().map(|ticket| history::of_ticket(event, *ticket)).collect();
        let of_keys = key_values.iter().map(|values| (acts::BY_KEY, &values[..]));
        let of_tickets = ticket_values.iter().flat_map(history::queries);
        let mut found = tx.query_several(&of_keys.chain(of_tickets).collect::<Vec<_>>()).await?.into_iter();
        let mut read = Self::default();
        for (key, rows) in keys.into_iter().zip(found.by_ref()) {
            read.acts.insert(key, rows.into_iter().next().map(acts::act).transpose()?);
        }
        for ticket in tickets {
            read.tickets.insert(ticket, history::read(event, found.by_ref())?);
        }
        Ok(read)
    }
}
