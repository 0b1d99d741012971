//! Staff of an event: who may decide at a door, with a PIN that only its hash knows.

use super::{Answer, By, Made, Shared, made};
use crate::auth::Caller;
use crate::desk::pin;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Page, Query, text};
use crate::scope;
use crate::store::Tx;
use crate::store::staff;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tidegate_core::catalogue::Staff;
use tidegate_core::feed::Change;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A member of staff to be added, or given another PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStaff {
    /// At which event.
    event: String,
    /// Their sign-in name.
    name: String,
    /// 6 to 12 digits.
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
}

/// Adds a member of staff, or replaces the one of that name.
#[utoipa::path(post, path = "/v1/staff", tag = "staff", request_body = NewStaff,
    responses((status = 201, body = StaffView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewStaff>) -> Made<StaffView> {
    let name = text("name", &new.name)?;
    let pin_hash = pin::hash(new.pin).await?;
    let staff = Staff { name, pin_hash, may_override: new.may_override };
    made(app.write(move |tx, _| Box::pin(put(tx, caller, new.event, staff))).await?)
}

async fn put(tx: &mut Tx, caller: Caller, event: String, staff: Staff) -> Result<StaffView, Fault> {
    let event = scope::event(tx, &caller, &event).await?;
    staff::put(tx, event.id, &staff).await?;
    tx.publish(event.id, Change::Staff(staff.clone()));
    Ok(StaffView { event: event.id.to_string(), name: staff.name, may_override: staff.may_override })
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
    let items = found.into_iter().map(|staff| StaffView {
        event: event.id.to_string(),
        name: staff.row.name,
        may_override: staff.row.may_override,
    });
    Ok(Page::new(items.collect(), limit, |staff: &StaffView| staff.name.clone()))
}

/// Takes a member of staff out.
#[utoipa::path(delete, path = "/v1/staff/{event}/{name}", tag = "staff",
    responses((status = 204), (status = "default", body = Problem)))]
pub async fn remove(
    State(app): Shared,
    Extension(caller): By,
    Path((event, name)): Path<(String, String)>,
) -> Result<StatusCode, Fault> {
    app.write(move |tx, _| Box::pin(take_out(tx, caller, event, name))).await
}

async fn take_out(tx: &mut Tx, caller: Caller, event: String, name: String) -> Result<StatusCode, Fault> {
    let event = scope::event(tx, &caller, &event).await?;
    if !staff::remove(tx, event.id, &name).await? {
        return Err(Fault::missing("member of staff"));
    }
    tx.publish(event.id, Change::StaffGone(name));
    Ok(StatusCode::NO_CONTENT)
}
