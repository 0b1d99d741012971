//! Devices: announced with a one-time code, enrolled on the device link, given up, revoked.

pub mod retire;

use super::{Answer, By, Made, Shared, in_turn, made};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Instant, Line, Page, Path, Query, bad_cursor, text};
use crate::lots;
use crate::scope::{self, Named};
use crate::store::devices::{self, DeviceRecord};
use crate::store::{Tx, journals, parts};
use axum::extract::State;
use axum::{Extension, Json};
use retire::Exposure;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tidegate_core::catalogue::{Counts, DeviceRow};
use tidegate_core::feed::Change;
use tidegate_core::id::DeviceId;
use tidegate_core::seal::Hash;
use tidegate_core::trust::{CODE_LIFETIME_S, OneTimeCode, Rights, Role};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A right beyond the role's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// May admit and let out.
    Admit,
    /// May serve.
    Serve,
    /// May bring in stock.
    Restock,
    /// May take back what other devices wrote.
    UndoOthers,
    /// May block tickets.
    Block,
}

impl Right {
    const ALL: [Self; 5] = [Self::Admit, Self::Serve, Self::Restock, Self::UndoOthers, Self::Block];

    fn bits(self) -> Rights {
        match self {
            Self::Admit => Rights::ADMIT,
            Self::Serve => Rights::SERVE,
            Self::Restock => Rights::RESTOCK,
            Self::UndoOthers => Rights::UNDO_OTHERS,
            Self::Block => Rights::BLOCK,
        }
    }
}

/// A device to be announced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// For which event.
    event: String,
    /// What people call it; once in an event.
    #[schema(value_type = Line)]
    name: String,
    /// `gate`, `bar`, `supervisor` or `kiosk`.
    role: Role,
    /// Rights beyond its role's.
    #[serde(default)]
    rights: Vec<Right>,
}

/// A device with its one-time code, told this once.
#[derive(Serialize, ToSchema)]
pub struct DeviceCode {
    /// `dev_…`.
    id: String,
    /// Typed or scanned at the device to enrol it.
    code: String,
    /// Until when.
    expires_at: Instant,
}

/// A device.
#[derive(Serialize, ToSchema)]
pub struct DeviceView {
    /// `dev_…`.
    id: String,
    event: String,
    name: String,
    role: Role,
    rights: Vec<Right>,
    /// Whether it has its certificate.
    enrolled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Instant>,
}

fn view(device: &DeviceRecord) -> DeviceView {
    DeviceView {
        id: device.row.id.to_string(),
        event: device.event.to_string(),
        name: device.row.name.clone(),
        role: device.row.role,
        rights: Right::ALL.into_iter().filter(|right| device.rights.holds(right.bits())).collect(),
        enrolled: device.row.certificate.is_some(),
        revoked_at: device.row.revoked_at.map(Instant),
    }
}

/// Announces a device; its code is good once, for fifteen minutes.
#[utoipa::path(post, path = "/v1/devices", tag = "devices", request_body = NewDevice,
    responses((status = 201, body = DeviceCode), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewDevice>) -> Made<DeviceCode> {
    made(app.write(move |tx, app| Box::pin(insert(tx, app, caller, new))).await?)
}

async fn insert(tx: &mut Tx, app: &App, caller: Caller, new: NewDevice) -> Result<DeviceCode, Fault> {
    let event = scope::event(tx, &caller, &new.event).await?;
    if new.role == Role::Cloud {
        return Err(Fault::invalid("The cloud enrols itself"));
    }
    let row = DeviceRow {
        id: DeviceId(*lots::id().as_bytes()),
        name: text("name", &new.name)?,
        role: new.role,
        certificate: None,
        revoked_at: None,
        counts_until: Vec::new(),
    };
    let rights = new.rights.iter().fold(Rights::default(), |all, right| all.with(right.bits()));
    let mut device = DeviceRecord { rights, ..DeviceRecord::new(event.id, row, app.now()) };
    let code = fresh_code(app, &mut device);
    if !devices::add(tx, &device).await? {
        return Err(Fault::conflict("name_taken", "The event has a device of this name"));
    }
    tx.publish(event.id, Change::Device(device.row));
    Ok(code)
}

fn fresh_code(app: &App, device: &mut DeviceRecord) -> DeviceCode {
    let code = OneTimeCode::new(lots::draw(), &app.ca);
    let expires = app.now().plus_secs(CODE_LIFETIME_S);
    device.secret_hash = Some(secret_hash(&code.secret));
    device.secret_expires = Some(expires);
    DeviceCode { id: device.row.id.to_string(), code: code.to_string(), expires_at: Instant(expires) }
}

/// What is kept of a one-time code's secret.
pub fn secret_hash(secret: &[u8]) -> Hash {
    Hash(Sha256::digest(secret).into())
}

/// Lists an event's devices.
#[utoipa::path(get, path = "/v1/devices", tag = "devices", params(EventPaging),
    responses((status = 200, body = Page<DeviceView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<DeviceView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, query))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, query: EventPaging) -> Result<Page<DeviceView>, Fault> {
    let event = scope::event(tx, &caller, &query.event).await?;
    let limit = query.paging().limit();
    let after = query.after.map(|after| after.parse()).transpose().map_err(|_| bad_cursor())?;
    let found = devices::of_event(tx, event.id, after.unwrap_or_default(), limit).await?;
    Ok(Page::new(found.iter().map(view).collect(), limit, |device: &DeviceView| device.id.clone()))
}

/// Gives a device that was not enrolled yet another code; the one before is void.
#[utoipa::path(post, path = "/v1/devices/{id}/code", tag = "devices",
    responses((status = 201, body = DeviceCode), (status = "default", body = Problem)))]
pub async fn code(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Made<DeviceCode> {
    let of = (caller.clone(), Some(Named::Device(id.clone())));
    made(in_turn(&app, of, move |tx, app| Box::pin(another_code(tx, app, caller, id))).await?)
}

async fn another_code(tx: &mut Tx, app: &App, caller: Caller, id: String) -> Result<DeviceCode, Fault> {
    let (mut device, _) = scope::device_to_change(tx, &caller, &id).await?;
    if device.row.certificate.is_some() || device.row.revoked_at.is_some() {
        return Err(Fault::conflict("already_enrolled", "The device was enrolled already, or was revoked")
            .action("Announce another device"));
    }
    let code = fresh_code(app, &mut device);
    devices::update(tx, &device).await?;
    Ok(code)
}

/// A device that was revoked.
#[derive(Serialize, ToSchema)]
pub struct RevokedDevice {
    #[serde(flatten)]
    device: DeviceView,
    /// What it may have done without anybody knowing.
    exposure: Exposure,
}

/// Revokes a device: it gets nothing more, what it held comes back, and what it writes from now on is evidence.
#[utoipa::path(post, path = "/v1/devices/{id}/revoke", tag = "devices",
    responses((status = 200, body = RevokedDevice), (status = "default", body = Problem)))]
pub async fn revoke(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<RevokedDevice> {
    let of = (caller.clone(), Some(Named::Device(id.clone())));
    let (device, exposure) = in_turn(&app, of, move |tx, app| Box::pin(withdraw(tx, app, caller, id))).await?;
    tracing::info!(device.id = %device.row.id, "device revoked");
    Ok(Json(RevokedDevice { device: view(&device), exposure }))
}

async fn withdraw(tx: &mut Tx, app: &App, caller: Caller, id: String) -> Result<(DeviceRecord, Exposure), Fault> {
    let (mut device, event) = scope::device_to_change(tx, &caller, &id).await?;
    let exposure = retire::end_anyway(tx, app, &device).await?;
    if device.row.revoked_at.is_some() {
        return Ok((device, exposure));
    }
    let known = journals::of_event(tx, event.id).await?;
    let parts = parts::of_all(tx, event.id, &known).await?;
    let own = parts.iter().filter(|(journal, _)| journal.device == device.row.id);
    let counts = own.map(|(journal, parts)| Counts {
        incarnation: journal.incarnation,
        sequence: parts.iter().map(|part| part.segment.last).max().unwrap_or(0),
    });
    device.row.counts_until = counts.collect();
    device.row.revoked_at = Some(app.now());
    (device.secret_hash, device.secret_expires) = (None, None);
    devices::update(tx, &device).await?;
    tx.publish(event.id, Change::Device(device.row.clone()));
    Ok((device, exposure))
}
