//! Enrolment on the device link: a one-time code against a certificate, once.
//!
//! The transaction that keeps the certificate binds the code to the device's key: for what
//! is left of its time the same device gets the same certificate again, and another gets
//! none. A wrong, a used and an unknown code are told apart by nobody but the office.

use crate::api::devices::secret_hash;
use crate::app::App;
use crate::fault::Fault;
use crate::json::Body;
use crate::keys::{self, Purpose};
use crate::ledger::own::AFTER_EVENT_S;
use crate::store::devices::{self, DeviceRecord};
use crate::store::events::EventRecord;
use crate::store::{Lock, Tx, events};
use axum::Json;
use axum::extract::State;
use data_encoding::HEXLOWER;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tidegate_core::feed::Change;
use tidegate_core::id::EventId;
use tidegate_core::seal::{Hash, PublicKey};
use tidegate_core::trust::{Certificate, Identity};
use tidegate_link::enrol::{EnrolRequest, EnrolResponse};

/// Enrols a device with its one-time code. On the device link, without a certificate yet.
pub async fn enrol(
    State(app): State<Arc<App>>,
    Body(request): Body<EnrolRequest>,
) -> Result<Json<EnrolResponse>, Fault> {
    let Some((secret, key)) = request.open() else {
        return Err(failed(&app, "bad_proof", "The device did not prove that it holds its key"));
    };
    let hash = secret_hash(&secret);
    let announced =
        app.read(move |tx, _| Box::pin(async move { Ok(devices::by_secret(tx, hash).await?) })).await?;
    let answer = match announced.map(|device| device.event) {
        Some(event) => app.write_books(event, move |tx, app| Box::pin(sign(tx, app, event, (hash, key)))).await,
        None => Ok(None),
    };
    match answer {
        Ok(Some(answer)) => {
            tracing::info!(device.id = answer.device, "device enrolled");
            Ok(Json(answer))
        }
        Ok(None) => Err(failed(&app, "code_unknown", "The code is wrong, was used, or is too old")),
        Err(fault) => Err(fault),
    }
}

fn failed(app: &App, code: &str, what: &str) -> Fault {
    match app.enrolments.spend(None, app.now()) {
        Ok(()) => {
            Fault::forbidden(code, what).action("Ask the office for a fresh code; it is good for 15 minutes")
        }
        Err(seconds) => Fault::too_often("too_many_attempts", "Too many failed enrolments", seconds),
    }
}

async fn sign(
    tx: &mut Tx,
    app: &App,
    event: EventId,
    (hash, key): (Hash, PublicKey),
) -> Result<Option<EnrolResponse>, Fault> {
    tx.lock(Lock::Books(event)).await?;
    let found = devices::by_secret(tx, hash).await?.filter(|device| usable(app, device, &hash.0));
    let Some(device) = found else { return Ok(None) };
    let event = events::get(tx, device.event).await?.ok_or_else(|| Fault::missing("event"))?;
    let (id, known) = (device.row.id, device.row.certificate.clone());
    let certificate = match known {
        Some(certificate) if holds(app, &certificate, key) => certificate,
        Some(_) => return Ok(None),
        None => issue(tx, app, (device, &event), key).await?,
    };
    let feed_key = keys::load(tx, &app.vault, Purpose::Feed(event.id)).await?;
    Ok(Some(EnrolResponse {
        certificate: HEXLOWER.encode(&certificate.to_bytes()),
        event: event.id.to_string(),
        device: id.to_string(),
        feed_key: HEXLOWER.encode(feed_key.verifying_key().as_bytes()),
        ca: HEXLOWER.encode(&app.ca.0),
        cloud_time: app.now().to_string(),
    }))
}

/// Signs a device's certificate. Its code is kept: the answer may be lost, and whoever holds this key asks again.
async fn issue(
    tx: &mut Tx,
    app: &App,
    (mut device, event): (DeviceRecord, &EventRecord),
    key: PublicKey,
) -> Result<Certificate, Fault> {
    let identity = Identity {
        event: event.id,
        device: device.row.id,
        key,
        role: device.row.role,
        rights: device.rights,
        name: device.row.name.clone(),
        issued: app.now(),
        expires: event.over_at(app.now()).plus_secs(AFTER_EVENT_S),
    };
    let ca = keys::load(tx, &app.vault, Purpose::Ca).await?;
    let certificate = Certificate::issue(&ca, &identity);
    device.row.certificate = Some(certificate.clone());
    devices::update(tx, &device).await?;
    tx.publish(event.id, Change::Device(device.row));
    Ok(certificate)
}

fn holds(app: &App, certificate: &Certificate, key: PublicKey) -> bool {
    certificate.open(&app.ca).is_ok_and(|identity| identity.key == key)
}

fn usable(app: &App, device: &DeviceRecord, hash: &[u8; 32]) -> bool {
    let same = device.secret_hash.is_some_and(|known| bool::from(known.0.ct_eq(hash)));
    let in_time = device.secret_expires.is_some_and(|expires| app.now() <= expires);
    same && in_time && device.row.revoked_at.is_none()
}
