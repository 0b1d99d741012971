//! Staff of an event: who works at a door, with a PIN that only its hash knows.

pub mod badge;

use super::{Answer, By, Made, Shared, made};
use crate::auth::Caller;
use crate::desk::pin;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Line, Page, Path, Query, text};
use crate::scope;
use crate::store::Tx;
use crate::store::staff;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tidegate_core::catalogue::Staff;
use tidegate_core::feed::Change;
use tidegate_core::id::EventId;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A member of staff to be added, or given another PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStaff {
    /// At which event.
    event: String,
    /// Their sign-in name.
    #[schema(value_type = Line)]
    name: String,
    /// 6 to 12 digits.
    #[schema(pattern = "^[0-9]{6,12}$", example = "246810")]
    pin: String,
    /// Whether they may override a refusal.
    #[serde(default)]
    may_override: bool,
}

/// A member of staff.
#[derive(Serialize, ToSchema)]
pub struct StaffView {
    event: String,
    name: String,
    may_override: bool,
    /// The counter of their newest badge; 0 where none was issued.
    badge_counter: u16,
}

/// Event and name in an address.
type StaffPath = (String, String);

fn missing() -> Fault {
    Fault::missing("member of staff")
}

fn view(event: EventId, staff: Staff) -> StaffView {
    let Staff { name, may_override, badge_counter, .. } = staff;
    StaffView { event: event.to_string(), name, may_override, badge_counter }
}

/// Adds a member of staff, or replaces the one of that name.
#[utoipa::path(post, path = "/v1/staff", tag = "staff", request_body = NewStaff,
    responses((status = 201, body = StaffView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewStaff>) -> Made<StaffView> {
    let name = text("name", &new.name)?;
    let pin_hash = pin::hash(new.pin).await?;
    let staff = Staff { name, pin_hash, may_override: new.may_override, badge_counter: 0 };
    made(app.write(move |tx, _| Box::pin(put(tx, caller, new.event, staff))).await?)
}

async fn put(tx: &mut Tx, caller: Caller, event: String, staff: Staff) -> Result<StaffView, Fault> {
    let event = scope::event(tx, &caller, &event).await?;
    staff::put(tx, event.id, &staff).await?;
    // As it stands now: another PIN leaves the badge as it was.
    let staff = staff::get(tx, event.id, &staff.name).await?.ok_or_else(missing)?.row;
    tx.publish(event.id, Change::Staff(staff.clone()));
    Ok(view(event.id, staff))
}

/// Lists an event's staff.
#[utoipa::path(get, path = "/v1/staff", tag = "staff", params(EventPaging),
    responses((status = 200, body = Page<StaffView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<StaffView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, query))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, query: EventPaging) -> Result<Page<StaffView>, Fault> {
    let event = scope::event(tx, &caller, &query.event).await?;
    let limit = query.paging().limit();
    let found = staff::of_event(tx, event.id, &query.after.unwrap_or_default(), limit).await?;
    let items = found.into_iter().map(|staff| view(event.id, staff.row));
    Ok(Page::new(items.collect(), limit, |staff: &StaffView| staff.name.clone()))
}

/// Takes a member of staff out.
#[utoipa::path(delete, path = "/v1/staff/{event}/{name}", tag = "staff",
    params(("event" = String, Path, description = "Of which event, `evt_…`"), ("name" = String, Path, description = "Their sign-in name")),
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn remove(
    State(app): Shared,
    Extension(caller): By,
    Path((event, name)): Path<StaffPath>,
) -> Result<StatusCode, Fault> {
    app.write(move |tx, _| Box::pin(take_out(tx, caller, event, name))).await
}

async fn take_out(tx: &mut Tx, caller: Caller, event: String, name: String) -> Result<StatusCode, Fault> {
    let event = scope::event(tx, &caller, &event).await?;
    if !staff::remove(tx, event.id, &name).await? {
        return Err(missing());
    }
    tx.publish(event.id, Change::StaffGone(name));
    Ok(StatusCode::NO_CONTENT)
}
