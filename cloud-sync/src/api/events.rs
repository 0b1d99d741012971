//! Events: made with their own keys, changed, read.
//!
//! A new event gets its feed key, a ticket key, and a device of the cloud's own
//! that writes its journal; the organizer's other events learn its ticket key, so
//! that its tickets are told apart from forged ones there.

pub mod policies;
pub mod shape;

use super::products::Products;
use super::tokens::for_whom;
use super::{Answer, By, Made, Shared, made};
use crate::api::in_turn;
use crate::app::App;
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::feed;
use crate::json::{Body, Page, Paging, Path, Query, bad_cursor};
use crate::keys::{self, Purpose};
use crate::ledger::{self, own};
use crate::lots;
use crate::scope::{self, Named};
use crate::store::events::{self, EventRecord};
use crate::store::{self, Lock, Tx};
use axum::extract::State;
use axum::{Extension, Json};
use shape::{EventPatch, EventView, NewEvent};
use tidegate_core::feed::Change;
use tidegate_core::id::{DeviceId, EventId};
use tidegate_link::problem::Problem;

/// Makes an event.
#[utoipa::path(post, path = "/v1/events", tag = "events", request_body = NewEvent,
    responses((status = 201, body = EventView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewEvent>) -> Made<EventView> {
    let event = app.write(move |tx, app| Box::pin(insert(tx, app, caller, new))).await?;
    tracing::info!(event.id = %event.id, "event made");
    made(event)
}

async fn view(tx: &mut Tx, event: &EventRecord) -> Result<EventView, Fault> {
    Ok(EventView::of(event, &Products::of(tx, event.id).await?))
}

async fn insert(tx: &mut Tx, app: &App, caller: Caller, new: NewEvent) -> Result<EventView, Fault> {
    let organizer = for_whom(tx, &caller, new.organizer.clone()).await?;
    tx.lock(Lock::Office(&organizer)).await?; // its keys are told to all its events
    let id = EventId(*lots::id().as_bytes());
    let journal_device = DeviceId(*lots::id().as_bytes());
    let event = new.record(tx, id, (organizer, journal_device), app.now()).await?;
    events::add(tx, &event).await?;
    tx.publish(id, Change::Event(event.row()));
    keys::load_or_make(tx, &app.vault, Purpose::Feed(id), app.now()).await?;
    own::open(tx, app, &event).await?;
    let key = keys::add_ticket_key(tx, &app.vault, id, app.now()).await?;
    feed::tell_key(tx, &event, &key).await?;
    feed::learn_keys(tx, &event).await?;
    view(tx, &event).await
}

/// Lists the events that exist for the caller.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(Paging),
    responses((status = 200, body = Page<EventView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(paging): Query<Paging>,
) -> Answer<Page<EventView>> {
    let after = paging.after.as_deref().map_or(Ok(EventId::default()), str::parse).map_err(|_| bad_cursor())?;
    let limit = paging.limit();
    let items = app.read(move |tx, _| Box::pin(seen(tx, caller, after, limit))).await?;
    Ok(Json(Page::new(items, limit, |event: &EventView| event.id.clone())))
}

async fn seen(tx: &mut Tx, caller: Caller, after: EventId, limit: u32) -> Result<Vec<EventView>, Fault> {
    let found = match (caller.role, caller.organizer) {
        (Role::Admin, _) => events::all(tx, after, limit).await?,
        (_, Some(organizer)) => events::of_organizer(tx, &organizer, after, limit).await?,
        (_, None) => Vec::new(),
    };
    let mut views = Vec::with_capacity(found.len());
    for event in &found {
        views.push(view(tx, event).await?);
    }
    Ok(views)
}

/// Gives an event.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events",
    responses((status = 200, body = EventView), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<EventView> {
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let event = scope::event(tx, &caller, &id).await?;
            view(tx, &event).await
        })
    });
    found.await.map(Json)
}

/// Changes an event; dates may be changed and added, never taken away.
#[utoipa::path(patch, path = "/v1/events/{id}", tag = "events", request_body = EventPatch,
    responses((status = 200, body = EventView), (status = "default", body = Problem)))]
pub async fn patch(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(patch): Body<EventPatch>,
) -> Answer<EventView> {
    let event = (caller.clone(), Some(Named::Event(id.clone())));
    in_turn(&app, event, move |tx, app| Box::pin(update(tx, app, caller, id, patch))).await.map(Json)
}

async fn update(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    id: String,
    patch: EventPatch,
) -> Result<EventView, Fault> {
    let before = scope::event_to_change(tx, &caller, &id).await?;
    let event = patch.apply(tx, before.clone()).await?;
    events::update(tx, &event).await?;
    tx.publish(event.id, Change::Event(event.row()));
    if event.name != before.name {
        for key in store::keys::of_event(tx, event.id).await? {
            feed::tell_key(tx, &event, &key).await?; // keys carry their event's name
        }
    }
    if event.timezone != before.timezone {
        let row = event.row();
        ledger::recount(tx, app, event.id, |catalogue| catalogue.event = Some(row)).await?; // closing times moved
    }
    view(tx, &event).await
}
