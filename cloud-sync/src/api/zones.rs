//! Counted areas: what the office says of them, and the places that it opens and closes.
//!
//! Places are rights like units of stock. They come into being in the cloud's own
//! journal, in the transaction that tells the doors of the zone; from there devices get
//! their shares. A zone is made smaller by places that the cloud still holds, never by
//! those that somebody else may fill.

use super::products::{new_name, next_number, renamed};
use super::{Answer, By, Made, Shared, in_turn, made};
use crate::app::App;
use crate::auth::Caller;
use crate::auth::tokens::id;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Line, Page, Path, Query};
use crate::ledger::own::{self, Draft};
use crate::scope::{self, Named};
use crate::store::Tx;
use crate::store::events::EventRecord;
use crate::store::names::Called;
use crate::store::zones::{self, ZoneRecord};
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use tidegate_core::catalogue::Zone;
use tidegate_core::feed::Change;
use tidegate_core::id::ZoneId;
use tidegate_core::journal::kind::{Kind, Resource, Restock, Waste};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// People that a zone holds at most: more than ever came to one place, and no slip of the finger.
pub const MAX_CAPACITY: u32 = 10_000_000;

/// A zone to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewZone {
    /// Of which event.
    event: String,
    /// Its name.
    #[schema(value_type = Line)]
    name: String,
    /// How many people it holds. The cloud holds all places until it gives devices their shares.
    #[schema(minimum = 0, maximum = 10_000_000)]
    capacity: u32,
}

/// What is to be changed of a zone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZonePatch {
    #[schema(value_type = Option<Line>)]
    name: Option<String>,
    /// How many people it holds from now on. Fewer only as far as the cloud still holds free places.
    #[schema(minimum = 0, maximum = 10_000_000)]
    capacity: Option<u32>,
}

/// A counted area of the venue.
#[derive(Serialize, ToSchema)]
pub struct ZoneView {
    /// `zon_…`.
    id: String,
    event: String,
    /// Its number in journals.
    number: u16,
    name: String,
    /// How many people it holds.
    capacity: u32,
    /// Free places that the cloud still holds: to fill at its own desk, or to give away.
    left: i64,
}

async fn view(tx: &mut Tx, desk: &mut Desk<'_>, zone: &ZoneRecord) -> Result<ZoneView, Fault> {
    let ZoneRecord { id, event, row } = zone;
    let left = desk.left(tx, Resource::Zone(row.id)).await?;
    let (event, name) = (event.to_string(), row.name.clone());
    Ok(ZoneView { id: id.clone(), event, number: row.id.0, name, capacity: row.capacity, left })
}

/// Makes a zone; the cloud holds all its places.
#[utoipa::path(post, path = "/v1/zones", tag = "catalogue", request_body = NewZone,
    responses((status = 201, body = ZoneView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewZone>) -> Made<ZoneView> {
    let of = (caller.clone(), Some(Named::Event(new.event.clone())));
    made(in_turn(&app, of, move |tx, app| Box::pin(insert(tx, app, caller, new))).await?)
}

async fn insert(tx: &mut Tx, app: &App, caller: Caller, new: NewZone) -> Result<ZoneView, Fault> {
    let event = scope::event_to_change(tx, &caller, &new.event).await?;
    let number = next_number(zones::count(tx, event.id).await?, "zones")?;
    let row = Zone {
        id: ZoneId(number),
        name: new_name(tx, Called::Zone, event.id, &new.name).await?,
        capacity: capacity(new.capacity)?,
    };
    let zone = ZoneRecord { id: id("zon"), event: event.id, row };
    zones::add(tx, &zone).await?;
    tx.publish(event.id, Change::Zone(zone.row.clone()));
    resize(tx, app, (&event, caller.name), (&zone.row, 0)).await?;
    let mut desk = Desk::open(tx, app, event.id).await?;
    view(tx, &mut desk, &zone).await
}

fn capacity(people: u32) -> Result<u32, Fault> {
    match people <= MAX_CAPACITY {
        true => Ok(people),
        false => Err(Fault::invalid(format!("capacity is 0 to {MAX_CAPACITY}"))),
    }
}

/// Opens or closes as many places as a zone holds more or fewer than it did.
async fn resize(
    tx: &mut Tx,
    app: &App,
    (event, staff): (&EventRecord, String),
    (zone, was): (&Zone, u32),
) -> Result<(), Fault> {
    let of = Resource::Zone(zone.id);
    let kind = match zone.capacity.cmp(&was) {
        Ordering::Equal => return Ok(()),
        Ordering::Greater => Kind::Restock(Restock::new(of, zone.capacity - was)),
        Ordering::Less => {
            let (fewer, left) = (was - zone.capacity, Desk::open(tx, app, event.id).await?.left(tx, of).await?);
            if left < i64::from(fewer) {
                return Err(not_enough_places(left).action("Lower it by less, or let people out first"));
            }
            Kind::Waste(Waste::new(of, fewer, None))
        }
    };
    own::write(tx, app, event, Draft { kind, at: None, staff: Some(staff) }).await.map(drop)
}

/// So many places are left, and more were to be given away or closed.
pub fn not_enough_places(left: i64) -> Fault {
    let fault = Fault::conflict("not_enough_places", "The cloud does not hold that many free places");
    fault.why(format!("{left} left; the others are taken, or were given to devices"))
}

/// Lists an event's zones.
#[utoipa::path(get, path = "/v1/zones", tag = "catalogue", params(EventPaging),
    responses((status = 200, body = Page<ZoneView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<ZoneView>> {
    app.read(move |tx, app| Box::pin(page(tx, app, caller, query))).await.map(Json)
}

async fn page(tx: &mut Tx, app: &App, caller: Caller, query: EventPaging) -> Result<Page<ZoneView>, Fault> {
    let event = scope::event(tx, &caller, &query.event).await?;
    let (after, limit) = (query.paging().after_number()?, query.paging().limit());
    let found = zones::of_event(tx, event.id, after, limit).await?;
    let (mut desk, mut items) = (Desk::open(tx, app, event.id).await?, Vec::new());
    for zone in &found {
        items.push(view(tx, &mut desk, zone).await?);
    }
    Ok(Page::new(items, limit, |zone: &ZoneView| zone.number.to_string()))
}

/// Changes a zone; whoever is inside stays inside.
#[utoipa::path(patch, path = "/v1/zones/{id}", tag = "catalogue", request_body = ZonePatch,
    responses((status = 200, body = ZoneView), (status = "default", body = Problem)))]
pub async fn patch(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(patch): Body<ZonePatch>,
) -> Answer<ZoneView> {
    let of = (caller.clone(), Some(Named::Zone(id.clone())));
    in_turn(&app, of, move |tx, app| Box::pin(update(tx, app, caller, id, patch))).await.map(Json)
}

async fn update(tx: &mut Tx, app: &App, caller: Caller, id: String, patch: ZonePatch) -> Result<ZoneView, Fault> {
    let (before, event) = scope::zone_to_change(tx, &caller, &id).await?;
    let was = before.row;
    let row = Zone {
        id: was.id,
        name: renamed(tx, Called::Zone, event.id, was.name, patch.name).await?,
        capacity: patch.capacity.map_or(Ok(was.capacity), capacity)?,
    };
    let zone = ZoneRecord { row, ..before };
    zones::update(tx, &zone).await?;
    tx.publish(event.id, Change::Zone(zone.row.clone()));
    resize(tx, app, (&event, caller.name), (&zone.row, was.capacity)).await?;
    let mut desk = Desk::open(tx, app, event.id).await?;
    view(tx, &mut desk, &zone).await
}
