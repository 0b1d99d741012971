//! The real program on a test's PostgreSQL, asked over HTTP through a router like any other.

use super::program;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// The most that a test is answered.
const MAX_BYTES: usize = 64 << 20;

/// `cloud-sync serve`, not started yet: on port 0, with this database, telling all in its log.
pub fn serve(data: &Path, url: &str) -> Command {
    let mut command = program();
    command.args(["serve", "--listen", "127.0.0.1:0", "--link", "127.0.0.1:0", "--data"]).arg(data);
    command.env("TIDEGATE_MASTER_KEY", "07".repeat(32)); // that of the tests' other servers
    command
        .env("TIDEGATE_DATABASE_URL", url)
        .env("RUST_LOG", "trace")
        .env_remove("SSL_CERT_DIR")
        .stdin(Stdio::null());
    command
}

/// A program that serves; ended when this goes.
pub struct Process {
    child: Child,
    /// Held, because it says more there than the first line.
    _said: BufReader<ChildStdout>,
    folder: TempDir,
    address: SocketAddr,
}

impl Process {
    /// Starts it, and waits until it says where it listens.
    pub fn start(url: &str, environment: &[(&str, &Path)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = serve(folder.path(), url);
        command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let first = said
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("REST on ").map(str::to_owned));
        let address = first.and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("{}", log_of(&folder)));
        Self { child, _said: said, folder, address }
    }

    /// Everything that it logged.
    pub fn log(&self) -> String {
        log_of(&self.folder)
    }

    /// Whether it has not ended by itself.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// A router that hands every request to it.
    pub fn router(&self) -> Router {
        // The client asks for TLS even where it speaks plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let address = self.address;
        Router::new().fallback(move |request: Request| hand_on(client.clone(), address, request))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

fn log_of(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap()
}

async fn hand_on(client: reqwest::Client, address: SocketAddr, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BYTES).await.unwrap();
    let url = format!("http://{address}{}", parts.uri);
    let answer = client.request(parts.method, url).headers(parts.headers).body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    *response.headers_mut().unwrap() = answer.headers().clone();
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
