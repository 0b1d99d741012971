//! A cloud in a temporary folder with a clock of the test's own, asked through its router.
//!
//! Requests go through the real router and the real database; devices hold real
//! keys and sign real runs. No network is opened here, but by [`process`].

#[macro_use]
pub mod backend;
pub mod process;
mod program;

pub use backend::{Backend, Database, ON};
pub use program::program;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use cloud_sync::app::{App, Life};
use cloud_sync::router;
use cloud_sync::vault::Vault;
use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tidegate_core::clock::Quality;
use tidegate_core::feed::{Change, Cursor};
use tidegate_core::id::{EventId, JournalId, ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{Admission, Kind, Serving};
use tidegate_core::journal::{Entry, EntryRef, MAX_RUN_ENTRIES, Run, chain, genesis, sign_head};
use tidegate_core::seal::{Hash, PublicKey};
use tidegate_core::sync::Response;
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, OneTimeCode};
use tidegate_link::enrol::EnrolRequest;
use tower::ServiceExt;

/// 2026-11-19T18:00:00Z.
pub const START_S: i64 = 1_795_111_200;

/// An answer.
pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<u32>,
    pub body: Vec<u8>,
    pub kind: String,
    pub headers: axum::http::HeaderMap,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The JSON of an answer that must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// Checks that it was refused so.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let body = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{body}");
        assert_eq!(self.kind, "application/problem+json");
        self.json()
    }
}

/// A cloud.
pub struct Cloud {
    pub folder: TempDir,
    pub database: Database,
    pub app: Arc<App>,
    pub admin: String,
    clock: Arc<AtomicI64>,
    rest: Router,
    link: Router,
}

impl Cloud {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::fresh(folder.path()).await;
        Self::on(folder, database).await
    }

    /// A cloud on this database.
    pub async fn on(folder: TempDir, database: Database) -> Self {
        let clock = Arc::new(AtomicI64::new(START_S * 1_000_000));
        let app = open(&database, folder.path(), clock.clone(), Life::Same).await;
        let admin = std::fs::read_to_string(folder.path().join("admin.token")).unwrap().trim().to_owned();
        let (rest, link) = (router::rest(app.clone()), router::link(app.clone()));
        Self { folder, database, app, admin, clock, rest, link }
    }

    /// Another server beside this one, with caches and connections of its own.
    pub async fn beside(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&self.database, folder.path(), self.clock.clone(), Life::Same).await;
        let (rest, link) = (router::rest(app.clone()), router::link(app.clone()));
        let (database, admin, clock) = (self.database.clone(), self.admin.clone(), self.clock.clone());
        Self { folder, database, app, admin, clock, rest, link }
    }

    /// The real program on the same database, asked like a server beside this one.
    pub fn through(&self, process: &process::Process) -> Self {
        let (app, link, folder) = (self.app.clone(), self.link.clone(), tempfile::tempdir().unwrap());
        let (database, admin, clock) = (self.database.clone(), self.admin.clone(), self.clock.clone());
        Self { folder, database, app, admin, clock, rest: process.router(), link }
    }

    /// The same cloud on a copy of its database, as it is now.
    pub async fn copied(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = "admin.token";
        std::fs::copy(self.folder.path().join(token), folder.path().join(token)).unwrap();
        let copy = self.database.copied(folder.path());
        let cloud = Self::on(folder, copy).await;
        cloud.clock.store(self.clock.load(Ordering::SeqCst), Ordering::SeqCst);
        cloud
    }

    /// The same cloud after a restart.
    pub async fn restarted(self, life: Life) -> Self {
        let app = open(&self.database, self.folder.path(), self.clock.clone(), life).await;
        let (rest, link) = (router::rest(app.clone()), router::link(app.clone()));
        Self { app, rest, link, ..self }
    }

    /// Another server of the same installation, or the same one after a restart.
    pub async fn again(&self, life: Life) -> Arc<App> {
        open(&self.database, self.folder.path(), self.clock.clone(), life).await
    }

    /// The program itself, over this cloud's data.
    pub fn program(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cloud-sync"));
        command.env("TIDEGATE_DATA", self.folder.path()).env("TIDEGATE_MASTER_KEY", "07".repeat(32));
        match &self.database {
            Database::File(_) => command.env_remove("TIDEGATE_DATABASE_URL"),
            Database::Url(url) => command.env("TIDEGATE_DATABASE_URL", url),
        };
        command
    }

    /// Time passes.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        answer(&self.rest, request.body(body).unwrap()).await
    }

    /// Asks again for what was given under this tag.
    pub async fn get_unless(&self, token: &str, path: &str, tag: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        answer(&self.rest, request.header("if-none-match", tag).body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask("GET", path, token, None, None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.ask("POST", path, token, None, Some(&body)).await
    }

    /// Posts with an `Accept-Language`.
    pub async fn spoken(&self, token: &str, path: &str, language: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .header("accept-language", language);
        answer(&self.rest, request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn patch(&self, token: &str, path: &str, body: Value) -> Answer {
        self.ask("PATCH", path, token, None, Some(&body)).await
    }

    pub async fn keyed(&self, token: &str, path: &str, key: &str, body: Value) -> Answer {
        self.ask("POST", path, token, Some(key), Some(&body)).await
    }

    /// Asks the device link without a certificate.
    pub async fn enrol(&self, request: &EnrolRequest) -> Answer {
        let body = Body::from(serde_json::to_string(request).unwrap());
        answer(
            &self.link,
            Request::post("/v1/enrol").header("content-type", "application/json").body(body).unwrap(),
        )
        .await
    }

    /// Exchanges as this peer; the router is given what the handshake would have found.
    pub async fn exchange(
        &self,
        peer: &Identity,
        request: &tidegate_core::sync::Request,
    ) -> Result<Response, Answer> {
        let body = Body::from(tidegate_link::body::encode(request));
        let mut request = Request::post("/v1/exchange").body(body).unwrap();
        request.extensions_mut().insert(tidegate_link::tls::Peer(Some(peer.clone())));
        let answer = answer(&self.link, request).await;
        match answer.status {
            StatusCode::OK => Ok(tidegate_link::body::decode(&answer.body).unwrap()),
            _ => Err(answer),
        }
    }

    pub async fn link_post(&self, path: &str) -> Answer {
        answer(&self.link, Request::post(path).body(Body::empty()).unwrap()).await
    }
}

pub async fn open(database: &Database, folder: &Path, clock: Arc<AtomicI64>, life: Life) -> Arc<App> {
    if std::env::var_os("RUST_LOG").is_some() {
        tidegate_link::telemetry::init(false);
    }
    let store = database.open().await;
    let now = Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)));
    Arc::new(App::open(store, folder, Vault::new(&[7; 32]), now, life).await.unwrap())
}

/// Asks a router for what needs no token.
pub async fn ask(router: &Router, path: &str) -> Answer {
    answer(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let headers = response.headers().clone();
    let kind = headers.get("content-type").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let retry_after = headers.get("retry-after").map(|v| v.to_str().unwrap().parse().unwrap());
    let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap().to_vec();
    Answer { status, retry_after, body, kind, headers }
}

/// An organizer with an event, a ticket product, a drink with stock, and a list.
pub struct Venue {
    pub cloud: Cloud,
    pub organizer: String,
    pub event: String,
    pub ticket: String,
    pub beer: String,
    pub list: String,
}

impl Venue {
    pub async fn new() -> Self {
        Self::at(Cloud::new().await).await
    }

    pub async fn at(cloud: Cloud) -> Self {
        let made = cloud.post(&cloud.admin, "/v1/organizers", json!({"name": "Club"})).await.ok();
        let organizer = made["token"].as_str().unwrap().to_owned();
        let event = new_event(&cloud, &organizer, "Night").await;
        let beer =
            json!({"event": event, "name": "Beer", "kind": "consumption", "price_minor": 400, "stock": 100});
        let beer = cloud.post(&organizer, "/v1/products", beer).await.ok()["id"].as_str().unwrap().to_owned();
        let ticket = json!({"event": event, "name": "Entry", "kind": "ticket", "price_minor": 2_500,
            "credits": [{"product": beer, "units": 2}]});
        let ticket = cloud.post(&organizer, "/v1/products", ticket).await.ok()["id"].as_str().unwrap().to_owned();
        let list = cloud.post(&organizer, "/v1/lists", json!({"event": event, "name": "Main door"})).await.ok();
        let list = list["id"].as_str().unwrap().to_owned();
        Self { cloud, organizer, event, ticket, beer, list }
    }

    pub fn event_id(&self) -> EventId {
        self.event.parse().unwrap()
    }

    pub async fn order(&self, key: &str, quantity: u32) -> Value {
        let body = json!({"event": self.event, "items": [{"product": self.ticket, "quantity": quantity}]});
        self.cloud.keyed(&self.organizer, "/v1/orders", key, body).await.ok()
    }

    pub async fn paid(&self, key: &str, quantity: u32) -> Value {
        let order = self.order(key, quantity).await;
        let path = format!("/v1/orders/{}/pay", order["id"].as_str().unwrap());
        self.cloud.post(&self.organizer, &path, json!({"provider": "test"})).await.ok()
    }

    pub async fn token(&self, role: &str) -> String {
        let made = self.cloud.post(&self.organizer, "/v1/tokens", json!({"role": role, "name": role})).await.ok();
        made["token"].as_str().unwrap().to_owned()
    }

    /// A device that was announced and enrolled.
    pub async fn device(&self, name: &str, role: &str) -> Device {
        let body = json!({"event": self.event, "name": name, "role": role});
        let made = self.cloud.post(&self.organizer, "/v1/devices", body).await.ok();
        let code: OneTimeCode = made["code"].as_str().unwrap().parse().unwrap();
        let key = SigningKey::from_bytes(&rand::random());
        let answer = self.cloud.enrol(&EnrolRequest::new(&code.secret, &key)).await.ok();
        Device::new(key, &answer)
    }

    /// Every change of the feed after a cursor, opened under the pinned key.
    pub async fn feed(&self, device: &Device, from: Cursor) -> (Vec<Change>, Cursor) {
        let (mut cursor, mut changes) = (from, Vec::new());
        loop {
            let request = tidegate_core::sync::Request { feed: Some(cursor), ..device.request(Vec::new()) };
            let response = self.cloud.exchange(&device.identity, &request).await.ok().unwrap();
            for page in &response.pages {
                let page = page.open(&device.feed_key, device.identity.event, cursor).unwrap();
                cursor = page.cursor();
                changes.extend(page.rows.iter().filter_map(Change::of));
            }
            if !response.more {
                return (changes, cursor);
            }
        }
    }
}

pub async fn new_event(cloud: &Cloud, organizer: &str, name: &str) -> String {
    let event = json!({"name": name, "timezone": "Europe/Berlin", "starts_at": "2026-11-19T20:00:00+01:00",
        "ends_at": "2026-11-20T04:00:00+01:00", "currency": "EUR"});
    cloud.post(organizer, "/v1/events", event).await.ok()["id"].as_str().unwrap().to_owned()
}

/// A device with its own key, which writes and signs its journal.
#[derive(Clone)]
pub struct Device {
    pub key: SigningKey,
    pub certificate: Certificate,
    pub identity: Identity,
    pub feed_key: PublicKey,
    pub journal: JournalId,
    pub entries: Vec<Vec<u8>>,
    pub hashes: Vec<Hash>,
}

impl Device {
    pub fn new(key: SigningKey, answer: &Value) -> Self {
        let hex = |field: &str| HEXLOWER.decode(answer[field].as_str().unwrap().as_bytes()).unwrap();
        let certificate = Certificate::from_bytes(&hex("certificate")).unwrap();
        let ca = PublicKey(hex("ca").try_into().unwrap());
        let identity = certificate.open(&ca).unwrap();
        let journal = JournalId { device: identity.device, incarnation: 1 };
        let feed_key = PublicKey(hex("feed_key").try_into().unwrap());
        Self { key, certificate, identity, feed_key, journal, entries: Vec::new(), hashes: Vec::new() }
    }

    pub fn write(&mut self, at_s: i64, kind: Kind) -> EntryRef {
        let clock = Timestamp::from_secs(at_s);
        let staff = None;
        self.put(&Entry { clock, at: None, quality: Quality::Trusted, uncertain_ms: None, staff, kind })
    }

    pub fn put(&mut self, entry: &Entry) -> EntryRef {
        let bytes = entry.to_bytes();
        let previous = self.hashes.last().copied().unwrap_or(genesis(self.identity.event, self.journal));
        let hash = chain(&previous, &bytes);
        self.entries.push(bytes);
        self.hashes.push(hash);
        EntryRef { journal: self.journal, sequence: self.hashes.len() as u64, hash }
    }

    pub fn admit(&mut self, at_s: i64, ticket: TicketId, list: u16) -> EntryRef {
        let gate = Some("North".into());
        let list = ListId(list);
        self.write(at_s, Kind::Admission(Admission { gate, ..Admission::new(ticket, list) }))
    }

    pub fn serve(&mut self, at_s: i64, ticket: TicketId, product: u16, quantity: u16) -> EntryRef {
        let product = ProductId(product);
        self.write(at_s, Kind::Serving(Serving::new(ticket, product, quantity)))
    }

    /// The entries from `first`, in runs.
    pub fn runs(&self, first: u64) -> Vec<Run> {
        let all: Vec<u64> = (first..=self.entries.len() as u64).collect();
        all.chunks(MAX_RUN_ENTRIES).map(|part| self.run(part[0], *part.last().unwrap())).collect()
    }

    pub fn run(&self, first: u64, last: u64) -> Run {
        let hash = self.hashes[last as usize - 1];
        let head = EntryRef { journal: self.journal, sequence: last, hash };
        Run {
            journal: self.journal,
            first,
            entries: (first..=last).map(|n| self.entries[n as usize - 1].clone().into()).collect(),
            signature: sign_head(&self.key, self.identity.event, &head),
            certificate: self.certificate.clone(),
            previous: first.checked_sub(2).map(|before| self.hashes[before as usize]),
        }
    }

    /// As it was after this many entries: what it writes now is another history.
    pub fn set_back(&self, entries: usize) -> Self {
        let (bytes, hashes) = (self.entries[..entries].to_vec(), self.hashes[..entries].to_vec());
        Self { entries: bytes, hashes, ..self.clone() }
    }

    pub fn request(&self, runs: Vec<Run>) -> tidegate_core::sync::Request {
        let empty = tidegate_core::sync::Request::empty(self.identity.event, Timestamp::from_secs(START_S));
        tidegate_core::sync::Request { runs, ..empty }
    }
}

/// The id of a ticket in an order.
pub fn ticket_id(order: &Value, place: usize) -> TicketId {
    order["tickets"][place]["id"].as_str().unwrap().parse().unwrap()
}
