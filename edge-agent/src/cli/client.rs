//! Asking the agent that runs on this folder, by its own API.

use anyhow::Context;
use reqwest::header::AUTHORIZATION;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;
use tidegate_link::client::LinkError;
use tidegate_link::problem::Problem;

/// The agent answers in milliseconds; beyond this something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// No agent runs on this folder.
#[derive(Debug, thiserror::Error)]
#[error("no agent runs on {0} (E-NET-03)")]
pub struct NotRunning(String);

/// A client of the running agent.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// The agent that runs on `folder`.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| std::fs::read_to_string(folder.join(name));
        let not_running = |_| NotRunning(folder.display().to_string());
        let address = read("listen.addr").map_err(not_running)?;
        let token = read("api.token").context("api.token cannot be read")?;
        // reqwest wants a TLS provider even for plain loopback.
        let tls = rustls::crypto::ring::default_provider();
        let tls = rustls::ClientConfig::builder_with_provider(tls.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let http =
            reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { http, base: format!("http://{}", address.trim()), token: token.trim().to_owned() })
    }

    /// Gets an address.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    /// Posts to an address.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        let answer = request.send().await.map_err(|_| NotRunning(self.base.clone()))?;
        match answer.status().is_success() {
            true => Ok(answer.json().await?),
            false => Err(LinkError::Refused(Box::new(answer.json::<Problem>().await?)).into()),
        }
    }
}
