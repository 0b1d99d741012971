//! The exchange with agents: their entries come in, entries and feed pages go out.
//!
//! Runs are taken first and are durable before anything is answered; a run that is
//! not taken is named with its reason, set aside with its bytes, and blocks nothing
//! else. A revoked device's runs are still taken, as evidence, and it gets nothing
//! back.

mod give;
mod take;

use crate::app::App;
use crate::fault::Fault;
use crate::store::devices;
use axum::http::StatusCode;
use std::sync::Arc;
use tidegate_core::sync::{MAX_JOURNALS, Request, Response, VERSION};
use tidegate_core::trust::{Identity, TrustFault};

/// Answers a device.
pub async fn answer(app: &Arc<App>, peer: &Identity, mut request: Request) -> Result<Response, Fault> {
    check(peer, &request)?;
    let (event, device) = (request.event, peer.device);
    let found = app.read(move |tx, _| Box::pin(async move { Ok(devices::get(tx, device).await?) })).await?;
    let revoked = found.is_some_and(|device| device.row.revoked_at.is_some());
    let runs = std::mem::take(&mut request.runs);
    let rejected = match runs.is_empty() {
        true => Vec::new(),
        false => {
            let taken =
                app.write_books(event, move |tx, app| Box::pin(take::take(tx, app, (event, device), runs)));
            taken.await?
        }
    };
    if revoked {
        let fault = TrustFault::Revoked;
        return Err(Fault::forbidden(fault.code(), "The device was withdrawn by the office")
            .action("What it sent was kept as evidence; enrol another device"));
    }
    let mut response = app.read(move |tx, app| Box::pin(give::give(tx, app, request))).await?;
    response.rejected = rejected;
    Ok(response)
}

fn check(peer: &Identity, request: &Request) -> Result<(), Fault> {
    if request.version != VERSION {
        let why = format!("version {} was sent, version {VERSION} is spoken here", request.version);
        return Err(
            Fault::new(StatusCode::BAD_REQUEST, "wrong_version", "Another version of the exchange").why(why)
        );
    }
    if request.event != peer.event {
        return Err(Fault::forbidden(TrustFault::Event.code(), "The device is enrolled for another event"));
    }
    if request.vector.as_ref().is_some_and(|vector| vector.0.len() > MAX_JOURNALS) {
        return Err(Fault::invalid(format!("A vector has at most {MAX_JOURNALS} journals")));
    }
    Ok(())
}
