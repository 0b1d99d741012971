//! Two organizers on one cloud that really listens, and a valid request for every route.

pub mod requests;

use crate::common::{Database, START_S, open};
use cloud_sync::app::Life;
use cloud_sync::router;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

/// Everybody's PIN: another organizer's supervisor is refused for who they are.
pub const PIN: &str = "123456";

/// What a route was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Ids by what they are of, and which of them a request was made with.
#[derive(Clone, Default)]
pub struct Ids {
    pub all: BTreeMap<&'static str, String>,
    used: RefCell<BTreeSet<&'static str>>,
}

impl Ids {
    pub fn get(&self, slot: &'static str) -> &str {
        self.used.borrow_mut().insert(slot);
        &self.all[slot]
    }

    /// What was asked for since the last time.
    pub fn used(&self) -> Vec<&'static str> {
        self.used.take().into_iter().collect()
    }

    /// These ids with some of another's.
    pub fn with(&self, slots: &[&'static str], other: &Self) -> Self {
        let mut mixed = self.clone();
        mixed.all.extend(slots.iter().map(|slot| (*slot, other.all[slot].clone())));
        mixed
    }

    /// Ids of the same form that nobody has.
    pub fn of_nobody(&self) -> Self {
        let other = |id: &String| {
            let at = id.find('_').map_or(0, |prefix| prefix + 2);
            // Tickets are base32 in capitals, the others hex.
            let (one, another) = if id.starts_with("tkt_") { ('A', 'B') } else { ('a', 'b') };
            let altered = id.char_indices().map(|(place, c)| match c {
                c if place != at => c,
                c if c == one => another,
                _ => one,
            });
            altered.collect()
        };
        Self { all: self.all.iter().map(|(slot, id)| (*slot, other(id))).collect(), ..Self::default() }
    }
}

/// A cloud that listens.
pub struct World {
    client: Client,
    address: SocketAddr,
    clock: Arc<AtomicI64>,
    pub admin: String,
    _folder: TempDir,
}

/// An organizer with a token of each role.
pub struct Tenant {
    pub id: String,
    pub organizer: String,
    pub employee: String,
    pub customer: String,
    pub other_customer: String,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_S * 1_000_000));
        let database = Database::fresh(folder.path()).await;
        let mut app = Arc::into_inner(open(&database, folder.path(), clock.clone(), Life::Same).await).unwrap();
        app.test_payments = true;
        let admin = std::fs::read_to_string(folder.path().join("admin.token")).unwrap().trim().to_owned();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rest = router::rest(Arc::new(app)).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, rest).await });
        // The client asks for TLS even where it speaks plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { client, address, clock, admin, _folder: folder }
    }

    /// Asks with a fresh key; no token where it is empty.
    pub async fn ask(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        request = request.header("idempotency-key", format!("key-{}", rand::random::<u64>()));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap();
        Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    /// Failed attempts are slowed down; time lets them through again.
    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    #[track_caller]
    fn made(answer: Answer) -> Value {
        assert!((200..300).contains(&answer.status), "{answer:?}");
        answer.body
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        Self::made(self.ask(token, "POST", path, Some(&body)).await)
    }

    pub async fn tenant(&self, name: &str) -> Tenant {
        let made = self.post(&self.admin, "/v1/organizers", json!({"name": name})).await;
        let organizer = text(&made["token"]);
        let token = async |role: &str| {
            let new = json!({"role": role, "name": format!("{name}'s {role}")});
            text(&self.post(&organizer, "/v1/tokens", new).await["token"])
        };
        let (employee, customer, other_customer) =
            (token("employee").await, token("customer").await, token("customer").await);
        Tenant { id: text(&made["id"]), organizer, employee, customer, other_customer }
    }

    /// One of everything for a tenant, in an event of its own; its order is `buyer`'s, and is paid.
    pub async fn things(&self, tenant: &Tenant, buyer: &str) -> Ids {
        let ids = self.unpaid(tenant, buyer).await;
        let (by, order) = (tenant.organizer.as_str(), &ids.all["order"]);
        self.post(by, &format!("/v1/orders/{order}/pay"), json!({"provider": "test"})).await;
        let scan = json!({"ticket": ids.all["ticket"], "list": ids.all["list"], "key": ids.all["act"], "reason": "ID seen"});
        self.post(by, &format!("/v1/events/{}/scans", ids.all["event"]), scan).await;
        ids
    }

    /// The same with an order that was not paid.
    pub async fn unpaid(&self, tenant: &Tenant, buyer: &str) -> Ids {
        let by = tenant.organizer.as_str();
        let event = json!({"name": "Night", "timezone": "Europe/Berlin", "starts_at": "2026-11-19T20:00:00+01:00",
            "currency": "EUR"});
        let event = text(&self.post(by, "/v1/events", event).await["id"]);
        let beer =
            json!({"event": event, "name": "Beer", "kind": "consumption", "price_minor": 400, "stock": 100});
        let beer = text(&self.post(by, "/v1/products", beer).await["id"]);
        let credits = json!([{"product": beer, "units": 2}]);
        let product =
            json!({"event": event, "name": "Entry", "kind": "ticket", "price_minor": 1, "credits": credits});
        let product = text(&self.post(by, "/v1/products", product).await["id"]);
        let list = text(&self.post(by, "/v1/lists", json!({"event": event, "name": "Door"})).await["id"]);
        let order = json!({"event": event, "items": [{"product": product, "quantity": 2}]});
        let order = self.post(buyer, "/v1/orders", order).await;
        let device = json!({"event": event, "name": "bar", "role": "bar"});
        let device = text(&self.post(by, "/v1/devices", device).await["id"]);
        let gate = json!({"event": event, "name": "gate", "role": "gate"});
        let gate = text(&self.post(by, "/v1/devices", gate).await["id"]);
        let zone = json!({"event": event, "name": "Hall", "capacity": 100});
        let zone = text(&self.post(by, "/v1/zones", zone).await["id"]);
        let keys = Self::made(self.ask(by, "GET", &format!("/v1/keys?event={event}"), None).await);
        let staff = format!("ana-{}", rand::random::<u32>());
        let new = json!({"event": event, "name": staff, "pin": PIN, "may_override": true});
        self.post(by, "/v1/staff", new).await;
        self.post(by, &format!("/v1/staff/{event}/{staff}/badge"), json!({})).await;
        let (ticket, act) = (text(&order["tickets"][0]["id"]), format!("act-{}", rand::random::<u32>()));
        self.post(by, "/v1/keys", json!({"event": event})).await; // so that the first one can be retired
        let all = BTreeMap::from([
            ("organizer", tenant.id.clone()),
            ("event", event),
            ("beer", beer),
            ("product", product),
            ("list", list),
            ("order", text(&order["id"])),
            ("ticket", ticket),
            ("device", device),
            ("gate", gate),
            ("zone", zone),
            ("key", text(&keys["items"][0]["id"])),
            ("staff", staff),
            ("act", act),
        ]);
        Ids { all, ..Ids::default() }
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
