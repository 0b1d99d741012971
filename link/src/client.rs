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
/// Tries at a certificate: somebody stands there, and a database fails over or a radio comes back in seconds.
const TRIES: usize = 3;
/// Between two of them, where the cloud does not say.
const PAUSE: Duration = Duration::from_secs(1);
/// And however long it says.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The status of "not now".
const UNAVAILABLE: u16 = 503;

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

    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, NotEnrolled> {
        let sent = self.http.post(format!("{}/v1/enrol", self.base)).json(request).send().await;
        let answer = match sent {
            Ok(answer) => accepted(answer).await,
            Err(error) if error.is_connect() => return Err((unreachable(error), None)), // nothing was sent
            Err(error) => Err(unreachable(error)),
        };
        match answer {
            Ok(answer) => answer.json().await.map_err(|e| (LinkError::Garbled(e.to_string()), None)),
            Err(error) => {
                let wait = wait(&error);
                Err((error, wait))
            }
        }
    }
}

/// Why there is no certificate, and after how long to ask for it again where that may help.
type NotEnrolled = (LinkError, Option<Duration>);

/// Enrols with a one-time code at the cloud's device link at `address`. Where the answer was lost, or is "not
/// now", it asks again: for the same key the cloud has the same certificate.
pub async fn enrol(address: &str, code: &OneTimeCode, key: &SigningKey) -> Result<EnrolResponse, LinkError> {
    let client = Client::over(enrolling_config(code)?, address)?;
    let request = EnrolRequest::new(&code.secret, key);
    for _ in 1..TRIES {
        match client.enrol(&request).await {
            Err((_, Some(wait))) => tokio::time::sleep(wait).await,
            done => return done.map_err(|(error, _)| error),
        }
    }
    client.enrol(&request).await.map_err(|(error, _)| error)
}

/// After how long an answer that was not had may be asked for again, if it may.
fn wait(error: &LinkError) -> Option<Duration> {
    match error {
        LinkError::Refused(problem) if problem.status == UNAVAILABLE => {
            Some(problem.retry_after.map_or(PAUSE, |seconds| Duration::from_secs(seconds.into())).min(MAX_PAUSE))
        }
        LinkError::Unreachable(_) => Some(PAUSE),
        LinkError::Refused(_) | LinkError::Garbled(_) | LinkError::Setup(_) => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::serve;
    use crate::tls::{Gate, server_config};
    use axum::response::IntoResponse;
    use axum::routing::post;
    use axum::{Json, Router};
    use std::sync::{Arc, Mutex};
    use tidegate_core::id::{DeviceId, EventId};
    use tidegate_core::seal::PublicKey;
    use tidegate_core::time::Timestamp;
    use tidegate_core::trust::{Certificate, Identity, Rights, Role, TrustFault};

    struct Strangers;

    impl Gate for Strangers {
        fn admit(&self, _: &Identity) -> Result<(), TrustFault> {
            Ok(())
        }
    }

    fn cloud(key: SigningKey) -> Own {
        let ca = PublicKey::from(key.verifying_key());
        let identity = Identity {
            event: EventId::default(),
            device: DeviceId::default(),
            key: ca,
            role: Role::Cloud,
            rights: Rights::default(),
            name: "cloud".into(),
            issued: Timestamp(0),
            expires: Timestamp(i64::MAX),
        };
        Own { certificate: Certificate::issue(&key, &identity), ca, key }
    }

    /// A cloud that does not know at first whether it has saved anything; where, and what it was sent.
    async fn forgetful(own: &Own) -> (String, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let keys = asked.clone();
        let answer = move |Json(request): Json<EnrolRequest>| async move {
            let mut keys = keys.lock().unwrap();
            keys.push(request.key.clone());
            match keys.len() {
                1 => Problem::new(
                    axum::http::StatusCode::SERVICE_UNAVAILABLE,
                    "outcome_unknown",
                    "It was, or it was not",
                )
                .retry_after(1)
                .into_response(),
                _ => Json(EnrolResponse {
                    certificate: request.key,
                    event: String::new(),
                    device: String::new(),
                    feed_key: String::new(),
                    ca: String::new(),
                    cloud_time: String::new(),
                })
                .into_response(),
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tls = server_config(own, Arc::new(Strangers), true).unwrap();
        tokio::spawn(serve(listener, tls, Router::new().route("/v1/enrol", post(answer)), std::future::pending()));
        (address, asked)
    }

    #[tokio::test]
    async fn an_enrolment_of_which_nobody_knows_is_asked_for_again_with_the_same_key() {
        let own = cloud(SigningKey::from_bytes(&[7; 32]));
        let (address, asked) = forgetful(&own).await;
        let (code, key) = (OneTimeCode::new([1; 10], &own.ca), SigningKey::from_bytes(&[2; 32]));
        let answer = enrol(&address, &code, &key).await.unwrap();
        assert_eq!(*asked.lock().unwrap(), [answer.certificate.clone(), answer.certificate]);
    }
}
