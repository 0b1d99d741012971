//! Allotments: a share of the stock that a device may use up alone.
//!
//! A transfer in the cloud's own journal to the device's journal; it counts there
//! once the device has durably accepted it. The cloud gives away what it holds,
//! never more.

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
    /// Of which product, `prd_…`.
    product: String,
    /// To which device, `dev_…`.
    device: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    units: u32,
}

/// A share that was given.
#[derive(Serialize, ToSchema)]
pub struct Allotment {
    /// The entry in the cloud's journal, `dev_…:incarnation:sequence`.
    entry: String,
    event: String,
    product: String,
    device: String,
    units: u32,
    /// What the cloud still holds.
    left: i64,
}

/// Gives a device a share of the stock. Needs an `Idempotency-Key`.
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
    let product = scope::product_of(tx, event.id, &new.product).await?;
    let (device, of) = scope::device_to_change(tx, &caller, &new.device).await?;
    if of.id != event.id || !serves(&device) || new.units == 0 {
        return Err(Fault::invalid("A share above zero units goes to a device of the event that may serve"));
    }
    let mut desk = Desk::open(tx, app, event.id).await?;
    let (left, to) = (desk.stock(tx, product.number).await?, desk.newest(device.row.id));
    let to = to.ok_or_else(|| {
        Fault::conflict("journal_ended", "The device goes on in another journal, which has not come here yet")
            .action("Connect the device, then give it its share")
    })?;
    if left < i64::from(new.units) {
        return Err(
            Fault::conflict("not_enough_stock", "The cloud does not hold that much").why(format!("{left} left"))
        );
    }
    let kind = Kind::Transfer(Transfer::share(Resource::Product(product.number), new.units, to));
    let draft = Draft { kind, at: None, staff: Some(caller.name) };
    let entry = own::write(tx, app, &event, draft).await?.to_string();
    let left = Desk::open(tx, app, event.id).await?.stock(tx, product.number).await?;
    let NewAllotment { event, product, device, units } = new;
    keyed.keep(tx, &Allotment { entry, event, product, device, units, left }, app.now()).await
}

fn serves(device: &DeviceRecord) -> bool {
    let by_role = matches!(device.row.role, Role::Bar | Role::Supervisor);
    device.row.revoked_at.is_none() && (by_role || device.rights.holds(Rights::SERVE))
}
