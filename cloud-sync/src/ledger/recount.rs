//! Counting again from all entries, where more than some tickets have changed.

use super::Books;
use super::fold::records;
use crate::app::App;
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::books;
use crate::store::journals::EntryRecord;
use crate::store::pages::ByTicket;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::fold::TicketState;
use tidegate_core::fold::conflict::conflicts;
use tidegate_core::fold::totals::{Total, totals as totals_of};
use tidegate_core::id::{EventId, TicketId};

/// Finds a ticket's conflicts again, after its credits have changed.
pub async fn look_again(tx: &mut Tx, app: &App, event: EventId, ticket: TicketId) -> Result<(), Fault> {
    let books = Books::open(tx, app, event).await?;
    let found = books.conflicts(tx, ticket).await?;
    Ok(books::put_conflicts(tx, event, ticket, &records(&found), app.now()).await?)
}

/// Counts all tickets again, after a change of the catalogue that the feed does not show yet: what
/// a list allows, or when it closes. The event's desk waits for it: some thousand tickets are read at a
/// time, and only what has changed is written.
pub async fn recount(
    tx: &mut Tx,
    app: &App,
    event: EventId,
    change: impl FnOnce(&mut Catalogue),
) -> Result<(), Fault> {
    let mut books = Books::open(tx, app, event).await?;
    change(Arc::make_mut(&mut books.catalogue));
    let (law, mut had) = (books.law(tx).await?, books::conflicts(tx, event).await?);
    let mut totals: BTreeMap<Total, i64> = BTreeMap::new();
    let mut all = ByTicket::of(event);
    loop {
        let tickets = all.next(tx).await?;
        if tickets.is_empty() {
            break;
        }
        let state = |entries: &[EntryRecord]| TicketState::of(&books.read(entries), &books.catalogue);
        let states: Vec<_> = tickets.iter().map(|(ticket, entries)| (*ticket, state(entries))).collect();
        let granted = books.granted(tx, states.iter().map(|(ticket, state)| (*ticket, state))).await?;
        for (ticket, state) in &states {
            for (total, amount) in totals_of(state, &books.catalogue, &law.rights) {
                *totals.entry(total).or_default() += amount;
            }
            let credits = granted.get(ticket).map(Vec::as_slice);
            let has = records(&conflicts(*ticket, state, &books.catalogue, credits));
            if had.remove(ticket).unwrap_or_default() != has {
                books::put_conflicts(tx, event, *ticket, &has, app.now()).await?;
            }
        }
    }
    books::clear_totals(tx, event).await?;
    for (total, amount) in totals {
        books::add_total(tx, event, &total.to_string(), amount).await?;
    }
    Ok(())
}
