//! Allotments: a share of the stock, or of a zone's places, that a device may use up alone.
//!
//! A transfer in the cloud's own journal to the device's journal; it counts there
//! once the device has durably accepted it. The cloud gives away what it holds,
//! never more.

use super::zones::not_enough_places;
use super::{By, Keyed, Shared, in_turn};
use crate::app::App;
use crate::auth::Caller;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::json::{Body, IdempotencyKey, Key, RawJson};
use crate::ledger::own::{self, Draft};
use crate::scope::{self, Named};
use crate::store::Tx;
use crate::store::devices::DeviceRecord;
use crate::store::events::EventRecord;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tidegate_core::journal::kind::{Kind, Resource, Transfer};
use tidegate_core::trust::{Rights, Role};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A share to be given.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAllotment {
    /// Of which event.
    event: String,
    /// Of which product, `prd_…`; either this or `zone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    /// Of the places of which zone, `zon_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// To which device, `dev_…`.
    device: String,
    /// How many units or places.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    units: u32,
}

/// A share that was given.
#[derive(Serialize, ToSchema)]
pub struct Allotment {
    /// The entry in the cloud's journal, `dev_…:incarnation:sequence`.
    entry: String,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    device: String,
    units: u32,
    /// What the cloud still holds.
    left: i64,
}

/// Gives a device a share of the stock, or of a zone's places. Needs an `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/allotments", tag = "devices", request_body = NewAllotment,
    params(("Idempotency-Key" = inline(IdempotencyKey), Header, description = "Makes repeating the request harmless")),
    responses((status = 201, body = Allotment), (status = "default", body = Problem)))]
pub async fn create(
    State(app): Shared,
    Extension(caller): By,
    Key(key): Key,
    Body(new): Body<NewAllotment>,
) -> Result<RawJson, Fault> {
    let keyed = Keyed::new("allotment", &caller, key, &new);
    let of = (caller.clone(), Some(Named::Event(new.event.clone())));
    let given = in_turn(&app, of, move |tx, app| Box::pin(give(tx, app, caller, keyed, new)));
    let answer = given.await?;
    Ok(RawJson(StatusCode::CREATED, answer))
}

async fn give(tx: &mut Tx, app: &App, caller: Caller, keyed: Keyed, new: NewAllotment) -> Result<String, Fault> {
    if let Some(answer) = keyed.repeated(tx).await? {
        return Ok(answer);
    }
    let event = scope::event(tx, &caller, &new.event).await?;
    let of = resource(tx, &event, &new).await?;
    let (device, its) = scope::device_to_change(tx, &caller, &new.device).await?;
    if its.id != event.id || !may_hold(&device, of) || new.units == 0 {
        let what = "A share above zero units goes to a device of the event that may serve, or admit to the zone";
        return Err(Fault::invalid(what));
    }
    let mut desk = Desk::open(tx, app, event.id).await?;
    let (left, to) = (desk.left(tx, of).await?, desk.written_by(&device));
    let to = to.ok_or_else(|| {
        Fault::conflict("journal_ended", "The device goes on in another journal, which has not come here yet")
            .action("Connect the device, then give it its share")
    })?;
    if left < i64::from(new.units) {
        return Err(not_enough(of, left));
    }
    let kind = Kind::Transfer(Transfer::share(of, new.units, to));
    let draft = Draft { kind, at: None, staff: Some(caller.name) };
    let entry = own::write(tx, app, &event, draft).await?.to_string();
    let left = Desk::open(tx, app, event.id).await?.left(tx, of).await?;
    let NewAllotment { event, product, zone, device, units } = new;
    keyed.keep(tx, &Allotment { entry, event, product, zone, device, units, left }, app.now()).await
}

async fn resource(tx: &mut Tx, event: &EventRecord, new: &NewAllotment) -> Result<Resource, Fault> {
    match (&new.product, &new.zone) {
        (Some(product), None) => Ok(Resource::Product(scope::product_of(tx, event.id, product).await?.number)),
        (None, Some(zone)) => Ok(Resource::Zone(scope::zone_of(tx, event.id, zone).await?.row.id)),
        (Some(_), Some(_)) | (None, None) => Err(Fault::invalid("A share is of a product or of a zone: name one")),
    }
}

fn may_hold(device: &DeviceRecord, of: Resource) -> bool {
    let (needed, by_role) = match of {
        Resource::Product(_) => (Rights::SERVE, matches!(device.row.role, Role::Bar | Role::Supervisor)),
        Resource::Zone(_) => {
            (Rights::ADMIT, matches!(device.row.role, Role::Gate | Role::Kiosk | Role::Supervisor))
        }
    };
    device.row.revoked_at.is_none() && (by_role || device.rights.holds(needed))
}

fn not_enough(of: Resource, left: i64) -> Fault {
    match of {
        Resource::Product(_) => Fault::conflict("not_enough_stock", "The cloud does not hold that much")
            .why(format!("{left} left; the rest was sold here, or is at devices")),
        Resource::Zone(_) => not_enough_places(left),
    }
}
