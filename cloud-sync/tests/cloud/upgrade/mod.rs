//! A database as the first release left it, opened by today's program.
//!
//! `first-release.sql` are its rows and `first-release.json` is what it answered, both
//! from the first release itself, which told [`story`]. What it said is still said, and
//! whatever happens next happens as on a database that was made new and told the same.

mod story;

use crate::common::backend::server;
use crate::common::{Backend, Cloud, Database, Device, ON, START_S, Venue};
use crate::schema::lines;
use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use refinery::Target;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tidegate_core::feed::{Change, Cursor, Epoch};
use tidegate_core::id::TicketId;
use tokio_postgres::NoTls;

/// Its rows, table by table.
const ROWS: &str = include_str!("first-release.sql");
/// What its API said of them.
const SAID: &str = include_str!("first-release.json");

mod sqlite {
    refinery::embed_migrations!("migrations/sqlite");
}

mod postgres {
    refinery::embed_migrations!("migrations/postgres");
}

/// A database of schema version 1, with the first release's rows.
async fn first_release(folder: &Path) -> Database {
    let first = Target::Version(1);
    match ON.get() {
        Backend::Sqlite => {
            let file = folder.join("cloud.db");
            let mut db = rusqlite::Connection::open(&file).unwrap();
            sqlite::migrations::runner().set_target(first).run(&mut db).unwrap();
            db.execute_batch(ROWS).unwrap();
            Database::File(file)
        }
        Backend::Postgres => {
            let url = server().make("first-release", None).unwrap();
            let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            postgres::migrations::runner().set_target(first).run_async(&mut client).await.unwrap();
            // Bytes are written in another way there.
            let rows = ROWS.replace(", X'", ", '\\x").replace("(X'", "('\\x");
            client.batch_execute(&rows).await.unwrap();
            Database::Url(url)
        }
    }
}

/// A venue whose story was told, and the gate of it, which begins another journal.
struct Told {
    venue: Venue,
    told: Value,
    gate: Device,
}

impl Told {
    fn new(cloud: Cloud, told: Value) -> Self {
        let name = |field: &str| told[field].as_str().unwrap().to_owned();
        let gate = &told["gate"];
        let key = HEXLOWER.decode(gate["key"].as_str().unwrap().as_bytes()).unwrap();
        let mut gate = Device::new(SigningKey::from_bytes(&key.try_into().unwrap()), gate);
        gate.journal.incarnation = 2;
        let (organizer, event, list) = (name("organizer"), name("event"), name("list"));
        let venue = Venue { cloud, organizer, event, ticket: name("ticket"), beer: name("beer"), list };
        Self { venue, told, gate }
    }

    /// Told by the first release.
    async fn then() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let told = serde_json::from_str::<Value>(SAID).unwrap()["told"].take();
        std::fs::write(folder.path().join("admin.token"), told["admin"].as_str().unwrap()).unwrap();
        let database = first_release(folder.path()).await;
        Self::new(Cloud::on(folder, database).await, told)
    }

    /// Told now.
    async fn now() -> Self {
        let venue = Venue::new().await;
        let told = story::told(&venue).await;
        Self::new(venue.cloud, told)
    }

    async fn read(&self) -> Value {
        story::read(&self.venue.cloud, &self.told).await
    }

    /// Asks at the desk, as the employee.
    async fn ask(&self, verb: &str, body: Value) -> Value {
        let mut body = body;
        if verb == "scans" {
            body["list"] = self.told["list"].clone();
        }
        let path = format!("/v1/events/{}/{verb}", self.venue.event);
        self.venue.cloud.post(self.told["employee"].as_str().unwrap(), &path, body).await.ok()
    }

    /// The code of a sold ticket, as it was when it was sold.
    fn code(&self, place: usize) -> Value {
        self.told["sold"]["tickets"][place]["code"].clone()
    }

    /// The same ticket as the office shows it today.
    async fn ticket(&self, place: usize) -> Value {
        let id = self.told["sold"]["tickets"][place]["id"].as_str().unwrap();
        self.venue.cloud.get(&self.venue.organizer, &format!("/v1/tickets/{id}")).await.ok()
    }
}

/// Everything that was said is said still; more may be said than was.
#[track_caller]
fn still(said: &Value, now: &Value, place: &str) {
    match (said, now) {
        (Value::Object(said), Value::Object(now)) => {
            for (name, said) in said {
                still(said, now.get(name).unwrap_or(&Value::Null), &format!("{place}/{name}"));
            }
        }
        (Value::Array(said), Value::Array(now)) => {
            assert_eq!(said.len(), now.len(), "{place}");
            said.iter()
                .zip(now)
                .enumerate()
                .for_each(|(n, (said, now))| still(said, now, &format!("{place}/{n}")));
        }
        (said, now) => assert_eq!(said, now, "{place}"),
    }
}

/// Both say the same, but for what is drawn at random.
#[track_caller]
fn alike(one: &Value, other: &Value) {
    let (one, other) = (plain(one), plain(other));
    still(&one, &other, "");
    still(&other, &one, "");
}

/// The same without what is drawn at random, and without the order that follows from it. Entries of the
/// first release do not say who was on duty.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, value)| *name != "staff" || !value.is_string());
            fields.map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::String(text) => Value::String(text.split(':').map(undrawn).collect::<Vec<_>>().join(":")),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Ids keep what they are of; codes, keys, hashes and bytes keep nothing.
fn undrawn(text: &str) -> &str {
    let long = |least: usize, of: fn(u8) -> bool| text.len() >= least && text.bytes().all(of);
    let hex = long(16, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    // Days are written with a second hyphen, short codes are not.
    let day = text.as_bytes().get(7) == Some(&b'-');
    let base32 = long(8, |byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'-')) && !day;
    match text.split_once('_') {
        Some((of @ ("evt" | "org" | "ord" | "tkt" | "prd" | "lst" | "dev" | "key" | "tok"), _)) => of,
        Some(_) | None if hex || base32 => "#",
        Some(_) | None => text,
    }
}

fn counted(changes: &[Change]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for change in changes {
        let kind = format!("{change:?}");
        *counts.entry(kind.split('(').next().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// Every ticket has a short code and its order's address, at the office and in the feed.
async fn check_tickets(told: &Told, all: &[Change]) {
    let path = format!("/v1/tickets?event={}&limit=1000", told.venue.event);
    let office = told.venue.cloud.get(&told.venue.organizer, &path).await.ok();
    let rows = all.iter().filter_map(|change| match change {
        Change::Ticket(row) => Some(row),
        _ => None,
    });
    let rows: BTreeMap<TicketId, _> = rows.map(|row| (row.id, row)).collect();
    let mut short_codes = BTreeSet::new();
    for ticket in office["items"].as_array().unwrap() {
        let row = rows[&ticket["id"].as_str().unwrap().parse().unwrap()];
        assert_eq!(row.spoken.unwrap().to_string(), ticket["short_code"].as_str().unwrap());
        assert_eq!(row.email.as_deref(), Some("ana@example.org"), "{ticket}");
        assert_eq!(row.order.as_deref(), ticket["order_code"].as_str());
        assert_eq!(u64::from(row.counter), ticket["counter"].as_u64().unwrap());
        short_codes.insert(ticket["short_code"].to_string());
    }
    assert_eq!((rows.len(), short_codes.len()), (17, 17));
}

/// The day after the upgrade; gives every answer, in order.
async fn go_on(told: &mut Told) -> Vec<Value> {
    let mut answers = Vec::new();
    let scan = |code: Value| ("scans", json!({ "code": code }));
    let serve = |more: Value| {
        let mut body = json!({"code": told.code(3), "product": told.venue.beer});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("servings", body)
    };
    let by = json!({"supervisor": "ana", "reason": "guest of the band", "pin": "123456"});
    let asked = [
        (scan(told.code(0)), "refuse", "used"),
        (scan(told.code(2)), "refuse", "used"),
        (scan(told.ticket(4).await["short_code"].clone()), "admit", "ok"),
        (scan(told.code(5)), "admit", "ok"),
        (scan(told.code(6)), "refuse", "revoked"),
        (scan(told.code(7)), "refuse", "revoked"),
        (scan(told.ticket(7).await["code"].clone()), "admit", "ok"),
        (scan(told.code(8)), "refuse", "blocked"),
        (scan(told.code(9)), "refuse", "cancelled"),
        (scan(told.told["waits"]["tickets"][0]["code"].clone()), "refuse", "unapproved"),
        (scan(told.told["later"]["tickets"][0]["code"].clone()), "admit", "ok"),
        (("scans", json!({"code": told.code(3), "key": "in", "gate": "Box office"})), "admit", "ok"),
        (("scans", json!({"code": told.code(2), "override": by})), "admit", "ok"),
        (("undo", json!({"key": "wrong", "operation": "scan"})), "annulled", "ok"),
        (serve(json!({"quantity": 2, "key": "beer"})), "serve", "ok"),
        (serve(json!({"quantity": 5})), "serve", "ok"),
        (serve(json!({"quantity": 1})), "refuse", "no_credit"),
    ];
    for ((verb, body), verdict, code) in asked {
        let answer = told.ask(verb, body.clone()).await;
        assert_eq!((&answer["verdict"], &answer["code"]), (&json!(verdict), &json!(code)), "{body} {answer}");
        answers.push(answer);
    }
    answers.extend(office(told).await);
    let later = told.told["later"]["tickets"][0]["id"].as_str().unwrap().parse().unwrap();
    told.gate.admit(START_S + 600, later, 1);
    let request = told.gate.request(told.gate.runs(1));
    let taken = told.venue.cloud.exchange(&told.gate.identity, &request).await.ok().unwrap();
    assert!(taken.rejected.is_empty());
    answers
}

/// The office repeats an old order, and uses what the first release did not have.
async fn office(told: &Told) -> Vec<Value> {
    let (cloud, venue, token) = (&told.venue.cloud, &told.venue, &told.venue.organizer);
    let item = json!({"product": venue.ticket, "quantity": 10});
    let body = json!({"event": venue.event, "email": "ana@example.org", "items": [item]});
    let repeated = cloud.keyed(token, "/v1/orders", "sold", body).await.ok();
    // The answer as it was given then, before there were short codes.
    assert_eq!(repeated["id"], told.told["sold"]["id"]);
    let rules =
        json!({"rules": {"<": [{"var": "entries_number"}, 3]}, "auto_exit_at": "2026-11-20T05:00:00+01:00"});
    let list = cloud.patch(token, &format!("/v1/lists/{}", venue.list), rules).await.ok();
    let child = json!({"add_variations": ["child"]});
    let product = cloud.patch(token, &format!("/v1/products/{}", venue.ticket), child).await.ok();
    let badge = cloud.post(token, &format!("/v1/staff/{}/ana/badge", venue.event), json!({})).await.ok();
    let item = json!({"product": told.told["vip"], "addon_to": told.told["sold"]["tickets"][4]["id"]});
    let body = json!({"event": venue.event, "items": [item]});
    let add_on = cloud.keyed(token, "/v1/orders", "add-on", body).await.ok();
    vec![list, product, json!({"counter": badge["counter"]}), add_on]
}

both!(a_database_of_the_first_release_goes_on_as_one_that_was_made_new);
async fn a_database_of_the_first_release_goes_on_as_one_that_was_made_new() {
    let (mut then, mut now) = (Told::then().await, Told::now().await);
    let (ours, new) = (lines(&then.venue.cloud.database).await, lines(&now.venue.cloud.database).await);
    assert_eq!(ours.symmetric_difference(&new).collect::<Vec<_>>(), Vec::<&String>::new());
    let said = &serde_json::from_str::<Value>(SAID).unwrap()["read"];
    still(said, &then.read().await, "");
    alike(&then.read().await, &now.read().await);
    let (all, _) = then.venue.feed(&then.gate, Cursor::default()).await;
    check_tickets(&then, &all).await;
    assert_eq!(counted(&all), counted(&now.venue.feed(&now.gate, Cursor::default()).await.0));
    let gate = &then.told["gate"];
    let epoch = HEXLOWER.decode(gate["epoch"].as_str().unwrap().as_bytes()).unwrap();
    let cursor = Cursor { epoch: Epoch(epoch.try_into().unwrap()), revision: gate["revision"].as_u64().unwrap() };
    let (since, _) = then.venue.feed(&then.gate, cursor).await;
    let tickets: BTreeSet<_> = since.iter().filter_map(Change::ticket).collect();
    assert_eq!(tickets.len(), 17, "a gate that was fed before learns every short code");
    let (answers, expect) = (go_on(&mut then).await, go_on(&mut now).await);
    alike(&Value::Array(answers), &Value::Array(expect));
    alike(&then.read().await, &now.read().await);
}
