//! The tickets that an order's add-ons belong to.
//!
//! Each exists for whoever orders, is of the same event and is no add-on itself. None gets
//! more than doors look at, by whichever items and orders at once: the orders of the tickets
//! are locked before what they have is counted.

use super::create::MAX_ADD_ONS;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::scope;
use crate::store::events::EventRecord;
use crate::store::tickets::{self, TicketRecord};
use crate::store::{Lock, Tx};
use std::collections::BTreeMap;
use tidegate_core::id::TicketId;

/// What `addon_to` names, by its text.
pub type Mains = BTreeMap<String, TicketId>;

/// Finds the tickets that an order's items belong to, each item's with how many it asks for.
pub async fn mains(
    tx: &mut Tx,
    by: (&Caller, &EventRecord),
    items: impl Iterator<Item = (&str, u32)>,
) -> Result<Mains, Fault> {
    let (mut mains, mut asked) = (Mains::new(), BTreeMap::new());
    for (id, quantity) in items {
        let ticket = main(tx, by, id).await?;
        mains.insert(id.to_owned(), ticket.row.id);
        let (_, sum) = asked.entry(ticket.row.id).or_insert((ticket.order, 0_u32));
        *sum = sum.saturating_add(quantity);
    }
    tx.lock_all(asked.values().map(|(order, _)| Lock::Order(order))).await?;
    for (main, (_, quantity)) in asked {
        room(tx, main, quantity).await?;
    }
    Ok(mains)
}

async fn main(tx: &mut Tx, (caller, event): (&Caller, &EventRecord), id: &str) -> Result<TicketRecord, Fault> {
    let (ticket, of) = scope::ticket(tx, caller, id).await?;
    if of.id != event.id {
        return Err(Fault::missing("ticket"));
    }
    match ticket.row.addon_to {
        None => Ok(ticket),
        Some(_) => Err(Fault::invalid("addon_to names a ticket that is no add-on itself")),
    }
}

/// Whether this many more may belong to a ticket.
async fn room(tx: &mut Tx, main: TicketId, quantity: u32) -> Result<(), Fault> {
    let others = tickets::of_main(tx, main, MAX_ADD_ONS).await?.len() as u32;
    match others.saturating_add(quantity) <= MAX_ADD_ONS {
        true => Ok(()),
        false => Err(Fault::invalid(format!("At most {MAX_ADD_ONS} tickets belong to one"))),
    }
}
