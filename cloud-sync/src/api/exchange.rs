//! The exchange over HTTP: compressed CBOR in, compressed CBOR out.

use crate::app::App;
use crate::exchange::answer;
use crate::fault::Fault;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, body::Bytes};
use std::sync::Arc;
use tidegate_link::body::{self, CONTENT_TYPE};
use tidegate_link::tls::Peer;

/// Exchanges journals and feed with an enrolled device. On the device link, with its certificate.
///
/// The body is a CBOR `Request` under zstd, the answer a `Response`, as the wire format's documentation says.
pub async fn exchange(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    body: Bytes,
) -> Result<Response, Fault> {
    let identity = peer.and_then(|Extension(Peer(identity))| identity);
    let peer = identity.ok_or_else(|| {
        Fault::new(StatusCode::UNAUTHORIZED, "no_certificate", "Only enrolled devices may exchange")
    })?;
    let request = unpack(body).await?;
    let response = answer(&app, &peer, request).await?;
    let packed = tokio::task::spawn_blocking(move || body::encode(&response)).await;
    let packed = packed.map_err(|e| Fault::internal(&e))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], packed).into_response())
}

/// Unpacking megabytes takes milliseconds that other connections need.
async fn unpack(body: Bytes) -> Result<tidegate_core::sync::Request, Fault> {
    let unpacked = tokio::task::spawn_blocking(move || body::decode(&body)).await;
    Ok(unpacked.map_err(|e| Fault::internal(&e))??)
}
