//! The asking side of the device link: exchange and enrolment.
//!
//! One client keeps its connections open, so that a push costs one round trip.
//! Every way it can fail is a [`LinkError`]; none of them loses anything, since
//! what was not acknowledged is asked again.

use crate::body;
use crate::enrol::{EnrolRequest, EnrolResponse};
pub use crate::fault::LinkError;
use crate::problem::Problem;
use crate::tls::{Expect, Own, client_config, enrolling_config};
use ed25519_dalek::SigningKey;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;
use tidegate_core::sync::{MAX_MESSAGE_BYTES, Request, Response};
use tidegate_core::trust::OneTimeCode;

/// A connection over a slow radio link; beyond it the link counts as down.
const CONNECT: Duration = Duration::from_secs(3);
/// A whole exchange: a full message at 1 Mbit/s with room.
const EXCHANGE: Duration = Duration::from_secs(20);
/// Nothing heard for this long: the line is dead although nobody hung up, as with a radio that
/// went away. A server answers within a second; a large message at 1 Mbit/s takes one to send.
const SILENCE: Duration = Duration::from_secs(4);
/// Connections are kept this long between exchanges.
const KEEP: Duration = Duration::from_secs(60);

/// Asks one other server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client with our certificate for the server at `address` (`host:port`).
    pub fn new(own: &Own, expect: Expect, address: &str) -> Result<Self, LinkError> {
        Self::over(client_config(own, expect)?, address)
    }

    fn over(tls: rustls::ClientConfig, address: &str) -> Result<Self, LinkError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(EXCHANGE)
            .read_timeout(SILENCE)
            .pool_idle_timeout(KEEP)
            .tcp_nodelay(true)
            .build()
            .map_err(|e| LinkError::Setup(e.to_string()))?;
        Ok(Self { http, base: format!("https://{address}") })
    }

    /// One exchange; also gives how many bytes went out and came in, as bodies.
    pub async fn exchange(&self, request: &Request) -> Result<(Response, usize, usize), LinkError> {
        let body = body::encode(request);
        let sent = body.len();
        let asked = self.http.post(format!("{}/v1/exchange", self.base)).header(CONTENT_TYPE, body::CONTENT_TYPE);
        let answer = asked.body(body).send().await.map_err(unreachable)?;
        let bytes = bounded(accepted(answer).await?).await?;
        let response = body::decode(&bytes).map_err(|p| LinkError::Garbled(p.to_string()))?;
        Ok((response, sent, bytes.len()))
    }
}

/// Enrols with a one-time code at the cloud's device link at `address`.
pub async fn enrol(address: &str, code: &OneTimeCode, key: &SigningKey) -> Result<EnrolResponse, LinkError> {
    let client = Client::over(enrolling_config(code)?, address)?;
    let request = EnrolRequest::new(&code.secret, key);
    let asked = client.http.post(format!("{}/v1/enrol", client.base)).json(&request);
    let answer = accepted(asked.send().await.map_err(unreachable)?).await?;
    answer.json().await.map_err(|e| LinkError::Garbled(e.to_string()))
}

async fn accepted(answer: reqwest::Response) -> Result<reqwest::Response, LinkError> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let bytes = bounded(answer).await?;
    match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) => Err(LinkError::Refused(Box::new(problem))),
        Err(_) => Err(LinkError::Garbled(format!("status {status}"))),
    }
}

async fn bounded(mut answer: reqwest::Response) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MAX_MESSAGE_BYTES {
            return Err(LinkError::Garbled("larger than any answer".into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The innermost cause says what happened; the outer ones only say that something did.
fn unreachable(error: reqwest::Error) -> LinkError {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    LinkError::Unreachable(cause.to_string())
}
