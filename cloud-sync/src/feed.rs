//! The feed as agents get it: signed pages, and which events learn of which keys.
//!
//! A page is signed with the event's feed key when it is asked for; nothing leaves
//! unsigned. Somebody who has everything gets an empty page: its signed time says
//! how fresh that is. Another epoch's cursor is answered from the beginning.

use crate::app::App;
use crate::fault::Fault;
use crate::keys::{self, Purpose};
use crate::store::events::EventRecord;
use crate::store::keys::TicketKeyRecord;
use crate::store::{self, Tx};
use ed25519_dalek::SigningKey;
use tidegate_core::feed::{Change, Cursor, Epoch, MAX_PAGE_ROWS, Page, SignedPage};
use tidegate_core::id::EventId;
use tidegate_core::ticket::TicketKey;

/// Pages in one answer: about a megabyte, so that a slow link makes steady progress.
pub const MAX_ANSWER_PAGES: usize = 3;

/// The pages after a cursor, at most [`MAX_ANSWER_PAGES`], and whether there are more.
pub async fn pages(
    tx: &mut Tx,
    app: &App,
    event: EventId,
    cursor: Cursor,
) -> Result<(Vec<SignedPage>, bool), Fault> {
    let revisions = store::feed::revisions(tx, event).await?.ok_or_else(|| Fault::missing("event"))?;
    let key = keys::load(tx, &app.vault, Purpose::Feed(event)).await?;
    let epoch = app.epoch(tx).await?;
    let ours = cursor.epoch == epoch && cursor.revision <= revisions.newest;
    let mut from = if ours { cursor.revision } else { 0 };
    let mut pages = Vec::new();
    while pages.len() < MAX_ANSWER_PAGES && (pages.is_empty() || from < revisions.newest) {
        let page = page(tx, app, (event, epoch), (from, revisions.newest)).await?;
        from = page.to;
        pages.push(sign(&key, &page));
    }
    Ok((pages, from < revisions.newest))
}

async fn page(
    tx: &mut Tx,
    app: &App,
    (event, epoch): (EventId, Epoch),
    (from, newest): (u64, u64),
) -> Result<Page, Fault> {
    let rows = store::feed::after(tx, event, from, MAX_PAGE_ROWS as u64).await?;
    let full = rows.len() == MAX_PAGE_ROWS;
    let to = rows.last().map(|(revision, _)| *revision).filter(|_| full).unwrap_or(newest);
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok(Page { event, epoch, from, to, newest, cloud_time: app.now(), rows })
}

fn sign(key: &SigningKey, page: &Page) -> SignedPage {
    SignedPage::sign(key, page)
}

/// Tells a ticket key, or that it no longer counts, to all events of its organizer.
pub async fn tell_key(tx: &mut Tx, event: &EventRecord, key: &TicketKeyRecord) -> Result<(), Fault> {
    for to in store::events::ids_of_organizer(tx, &event.organizer).await? {
        tx.publish(to, change(event, key));
    }
    Ok(())
}

/// Lets a new event learn the keys of its organizer's other events.
pub async fn learn_keys(tx: &mut Tx, event: &EventRecord) -> Result<(), Fault> {
    for other in store::events::ids_of_organizer(tx, &event.organizer).await? {
        let Some(other) = store::events::get(tx, other).await?.filter(|other| other.id != event.id) else {
            continue;
        };
        for key in store::keys::of_event(tx, other.id).await?.iter().filter(|key| key.retired_at.is_none()) {
            tx.publish(event.id, change(&other, key));
        }
    }
    Ok(())
}

fn change(event: &EventRecord, key: &TicketKeyRecord) -> Change {
    match key.retired_at {
        Some(_) => Change::KeyGone(key.number),
        None => Change::Key(TicketKey { public: key.public, event: event.id, event_name: event.name.clone() }),
    }
}
