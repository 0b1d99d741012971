//! Asking the agent that runs on this folder, by its own API.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use tidegate_link::client::LinkError;
use tidegate_link::problem::Problem;

/// The agent answers in milliseconds; beyond this something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the whole of a file may take: a million entries, to a slow stick.
const LONG_PATIENCE: Duration = Duration::from_secs(3_600);
/// How long one block may take: some thousand entries, folded and durable on a slow card.
const BLOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Why the agent of a folder cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// None runs.
    #[error("no agent runs on {0} (E-NET-03)")]
    NotRunning(String),
    /// One may run; its token is its own user's.
    #[error("this user may not read {0} (E-AUT-11)")]
    NotAllowed(String),
    /// The disk, or what is on it.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
}

impl NotAsked {
    fn of(path: &Path, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NotRunning(path.parent().unwrap_or(path).display().to_string()),
            ErrorKind::PermissionDenied => Self::NotAllowed(path.display().to_string()),
            _ => Self::Unreadable(path.display().to_string(), error), // std's enum: no list of them ends
        }
    }
}

/// A text as it stands in an address.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A client of the running agent.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// The agent that runs on `folder`.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|error| NotAsked::of(&path, error))
        };
        let (address, token) = (read("listen.addr")?, read("api.token")?);
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

    /// Changes what is at an address.
    pub async fn patch(&self, path: &str, body: &impl Serialize) -> anyhow::Result<()> {
        self.answered(self.http.patch(format!("{}{path}", self.base)).json(body)).await.map(drop)
    }

    /// Takes away what is at an address.
    pub async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.answered(self.http.delete(format!("{}{path}", self.base))).await.map(drop)
    }

    /// Posts bytes to an address.
    pub async fn post_bytes<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> anyhow::Result<T> {
        let request = self.http.post(format!("{}{path}", self.base)).timeout(BLOCK_PATIENCE);
        self.send(request.header(CONTENT_TYPE, "application/octet-stream").body(body)).await
    }

    /// Gets what is longer than memory should hold, piece by piece.
    pub async fn get_pieces(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        self.answered(self.http.get(format!("{}{path}", self.base)).timeout(LONG_PATIENCE)).await
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        Ok(self.answered(request).await?.json().await?)
    }

    async fn answered(&self, request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        let answer = request.send().await.map_err(|_| NotAsked::NotRunning(self.base.clone()))?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => Err(LinkError::Refused(Box::new(answer.json::<Problem>().await?)).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_read_is_told_from_what_is_not_there() {
        let check = |kind: ErrorKind, expect: &str| {
            let fault = NotAsked::of(Path::new("/var/lib/tidegate/listen.addr"), kind.into());
            assert!(fault.to_string().contains(expect), "{fault}");
        };
        check(ErrorKind::NotFound, "no agent runs on /var/lib/tidegate (E-NET-03)");
        check(ErrorKind::PermissionDenied, "may not read /var/lib/tidegate/listen.addr (E-AUT-11)");
        check(ErrorKind::InvalidData, "/var/lib/tidegate/listen.addr cannot be read");
    }
}
