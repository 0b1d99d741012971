//! Several servers on one PostgreSQL: what they do at once happens once.
//!
//! Each server is an application of its own, with its own connections and caches,
//! asked through its own router.

use crate::common::{Answer, Cloud, START_S, Venue, ticket_id};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate_core::feed::{Change, Cursor};
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::ticket::{KeyNumber, Sealed};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longer than anything here takes: a full house is counted again in a debug build on two busy cores.
const PATIENCE: Duration = Duration::from_secs(90);

/// A venue whose cloud has three servers.
struct Servers {
    venue: Venue,
    all: Vec<Arc<Cloud>>,
}

impl Servers {
    async fn new() -> Self {
        let venue = Venue::new().await;
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(Arc::new(venue.cloud.beside().await));
        }
        Self { venue, all }
    }

    /// Posts all of these at once, to one server after the other.
    async fn at_once(&self, requests: Vec<(String, Option<String>, Value)>) -> Vec<Answer> {
        let asked = requests.into_iter().zip(self.all.iter().cycle()).map(|((path, key, body), server)| {
            let (server, token) = (server.clone(), self.venue.organizer.clone());
            tokio::spawn(async move { server.ask("POST", &path, &token, key.as_deref(), Some(&body)).await })
        });
        join_all(asked.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect()
    }

    /// What is there; asked again where a debug build on busy cores takes longer for it than a server waits.
    async fn get(&self, path: &str) -> Value {
        let since = Instant::now();
        loop {
            let answer = self.venue.cloud.get(&self.venue.organizer, path).await;
            if answer.code() != "timeout" || since.elapsed() > PATIENCE {
                return answer.ok();
            }
        }
    }

    async fn attendance(&self) -> Value {
        self.get(&format!("/v1/events/{}/attendance", self.venue.event)).await
    }

    fn path(&self, verb: &str) -> String {
        format!("/v1/events/{}/{verb}", self.venue.event)
    }
}

fn count(answers: &[Value], field: &str, value: &str) -> usize {
    answers.iter().filter(|answer| answer[field] == value).count()
}

servers!(one_ticket_scanned_sixty_four_times_at_once_is_admitted_once);
async fn one_ticket_scanned_sixty_four_times_at_once_is_admitted_once() {
    let servers = Servers::new().await;
    let order = servers.venue.paid("k", 2).await;
    let scan = |place: usize, key: Option<&str>| {
        let body = json!({"code": order["tickets"][place]["code"], "list": servers.venue.list, "key": key});
        (servers.path("scans"), None, body)
    };
    let answers = servers.at_once((0..64).map(|_| scan(0, None)).collect()).await;
    let answers: Vec<Value> = answers.into_iter().map(Answer::ok).collect();
    assert_eq!((count(&answers, "verdict", "admit"), count(&answers, "code", "used")), (1, 63));
    let answers = servers.at_once((0..64).map(|_| scan(1, Some("one key"))).collect()).await;
    let entries: BTreeSet<String> = answers.into_iter().map(|answer| answer.ok()["entry"].to_string()).collect();
    assert_eq!(entries.len(), 1, "one key, one answer: {entries:?}");
    let report = servers.attendance().await;
    assert_eq!((&report["lists"][0]["entries"], &report["conflicts"]), (&json!(2), &json!(0)));
}

servers!(the_same_runs_brought_at_once_are_taken_once);
async fn the_same_runs_brought_at_once_are_taken_once() {
    let servers = Servers::new().await;
    let order = servers.venue.paid("k", 300).await;
    let (mut one, mut two) =
        (servers.venue.device("gate-1", "gate").await, servers.venue.device("gate-2", "gate").await);
    for place in 0..300 {
        let gate = if place % 2 == 0 { &mut one } else { &mut two };
        gate.admit(START_S + place as i64, ticket_id(&order, place), 1);
    }
    let requests = [one.request(one.runs(1)), two.request(two.runs(1)), one.request(vec![one.run(1, 70)])];
    let peers = [&one.identity, &two.identity, &one.identity];
    let asked = (0..24).map(|n| {
        let (server, peer, request) = (servers.all[n % 3].clone(), peers[n / 2 % 3].clone(), &requests[n / 2 % 3]);
        let request = request.clone();
        tokio::spawn(async move { server.exchange(&peer, &request).await })
    });
    for answer in join_all(asked.collect::<Vec<_>>()).await {
        assert!(answer.unwrap().ok().unwrap().rejected.is_empty());
    }
    let report = servers.attendance().await;
    assert_eq!((&report["lists"][0]["entries"], &report["conflicts"]), (&json!(300), &json!(0)));
    let journals = servers.get(&servers.path("journals")).await;
    let entries: u64 = journals["items"].as_array().unwrap().iter().map(|j| j["entries"].as_u64().unwrap()).sum();
    assert_eq!(entries, 301, "one of them is the restock");
    let event = servers.venue.event_id();
    let totals = servers.all[0]
        .app
        .read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::books::totals(tx, event).await?) }));
    assert_eq!(totals.await.unwrap(), [("entries/1".to_owned(), 300), ("inside/1".to_owned(), 300)]);
}

servers!(an_order_paid_or_refunded_at_once_moves_once);
async fn an_order_paid_or_refunded_at_once_moves_once() {
    let servers = Servers::new().await;
    let body = json!({"event": servers.venue.event, "items": [{"product": servers.venue.ticket, "quantity": 3}]});
    let one_key = || ("/v1/orders".to_owned(), Some("one key".to_owned()), body.clone());
    let answers = servers.at_once((0..24).map(|_| one_key()).collect()).await;
    let ids: BTreeSet<String> =
        answers.into_iter().map(|answer| answer.ok()["id"].as_str().unwrap().to_owned()).collect();
    let [id] = Vec::from_iter(ids).try_into().unwrap();
    let check = async |verb: &str, body: Value, refused: &str| {
        let request = || (format!("/v1/orders/{id}/{verb}"), None, body.clone());
        let answers = servers.at_once((0..24).map(|_| request()).collect()).await;
        assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1, "{verb}");
        assert_eq!(answers.iter().filter(|answer| answer.code() == refused).count(), 23, "{verb}");
    };
    check("pay", json!({"provider": "test"}), "order_state").await;
    let order = servers.get(&format!("/v1/orders/{id}")).await;
    assert_eq!((order["tickets"].as_array().unwrap().len(), &order["state"]), (3, &json!("paid")));
    check("refund", json!({"tickets": [order["tickets"][0]["id"]]}), "already_refunded").await;
    let order = servers.get(&format!("/v1/orders/{id}")).await;
    assert_eq!(order["refunded_minor"], 2_500);
    let actions: Vec<&str> =
        order["moves"].as_array().unwrap().iter().map(|m| m["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["place", "pay", "refund_part"]);
    let orders = servers.get(&format!("/v1/orders?event={}", servers.venue.event)).await;
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
}

servers!(orders_of_add_ons_at_once_give_a_ticket_no_more_than_it_may_have);
async fn orders_of_add_ons_at_once_give_a_ticket_no_more_than_it_may_have() {
    let servers = Servers::new().await;
    let mains = [servers.venue.order("a", 1).await, servers.venue.order("b", 1).await];
    let add_ons = |main: &Value, quantity: u32| {
        let main = &main["tickets"][0]["id"];
        json!({"product": servers.venue.ticket, "addon_to": main, "quantity": quantity})
    };
    let orders = (0..12).map(|n| {
        // Half of them name the two the other way round: nobody waits for whoever waits for him.
        let items = [add_ons(&mains[n % 2], 20), add_ons(&mains[(n + 1) % 2], 10)];
        ("/v1/orders".to_owned(), Some(format!("k{n}")), json!({"event": servers.venue.event, "items": items}))
    });
    let answers = servers.at_once(orders.collect()).await;
    let placed: Vec<Value> =
        answers.iter().filter(|answer| answer.status.is_success()).map(Answer::json).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code() == "invalid").count(), 9);
    let sums = mains.map(|main| {
        let id = &main["tickets"][0]["id"];
        let tickets = placed.iter().flat_map(|order| order["tickets"].as_array().unwrap());
        tickets.filter(|ticket| ticket["addon_to"] == *id).count()
    });
    assert!(sums == [40, 50] || sums == [50, 40], "whichever three came first: {sums:?}");
}

servers!(stock_given_and_served_at_once_is_never_more_than_there_is);
async fn stock_given_and_served_at_once_is_never_more_than_there_is() {
    let servers = Servers::new().await;
    let bar = servers.venue.device("bar", "bar").await.identity.device.to_string();
    let order = servers.venue.paid("k", 40).await;
    let give = |n: usize| {
        let body = json!({"event": servers.venue.event, "product": servers.venue.beer, "device": bar, "units": 3});
        ("/v1/allotments".to_owned(), Some(format!("a{n}")), body)
    };
    let serve = |n: usize| {
        let code = &order["tickets"][n]["code"];
        (servers.path("servings"), None, json!({"code": code, "product": servers.venue.beer, "quantity": 2}))
    };
    // 100 units; 120 are asked for as shares and 80 at the desk.
    let answers =
        servers.at_once((0..80).map(|n| if n % 2 == 0 { give(n) } else { serve(n / 2) }).collect()).await;
    let mut taken = 0;
    for answer in answers {
        let body = answer.json();
        taken += match (answer.status.as_u16(), body["verdict"].as_str()) {
            (201, None) => 3,
            (200, Some("serve")) => 2,
            (409, None) => 0,
            (200, Some("refuse")) => 0,
            other => panic!("{other:?}: {body}"),
        };
    }
    assert!((98..=100).contains(&taken), "{taken} of 100 units");
    let event = servers.venue.event_id();
    let left = servers.all[1].app.read(move |tx, app| {
        Box::pin(async move {
            let mut desk = cloud_sync::desk::Desk::open(tx, app, event).await?;
            desk.stock(tx, tidegate_core::id::ProductId(1)).await
        })
    });
    assert_eq!(left.await.unwrap(), 100 - taken);
}

servers!(numbers_names_codes_and_pins_stay_single_when_many_ask_at_once);
async fn numbers_names_codes_and_pins_stay_single_when_many_ask_at_once() {
    let servers = Servers::new().await;
    let event = &servers.venue.event;
    let product = json!({"event": event, "name": "N", "kind": "ticket", "price_minor": 1});
    let answers = servers.at_once((0..12).map(|_| ("/v1/products".into(), None, product.clone())).collect()).await;
    let numbers: BTreeSet<String> = answers.into_iter().map(|answer| answer.ok()["number"].to_string()).collect();
    assert_eq!(numbers.len(), 12);
    let device = json!({"event": event, "name": "North", "role": "gate"});
    let answers = servers.at_once((0..12).map(|_| ("/v1/devices".into(), None, device.clone())).collect()).await;
    assert_eq!(answers.iter().filter(|answer| answer.code() == "name_taken").count(), 11);
    let made = answers.into_iter().find(|answer| answer.status.is_success()).unwrap().json();
    let code: tidegate_core::trust::OneTimeCode = made["code"].as_str().unwrap().parse().unwrap();
    let enrolled = (0..6).map(|n| {
        let key = ed25519_dalek::SigningKey::from_bytes(&rand::random());
        let (server, request) =
            (servers.all[n % 3].clone(), tidegate_link::enrol::EnrolRequest::new(&code.secret, &key));
        tokio::spawn(async move { server.enrol(&request).await })
    });
    let enrolled = join_all(enrolled.collect::<Vec<_>>()).await;
    assert_eq!(enrolled.into_iter().filter(|answer| answer.as_ref().unwrap().status.is_success()).count(), 1);
    let ana = json!({"event": event, "name": "ana", "pin": "402813", "may_override": true});
    servers.venue.cloud.post(&servers.venue.organizer, "/v1/staff", ana).await.ok();
    let order = servers.venue.order("k", 1).await;
    let guess = json!({"code": order["tickets"][0]["code"], "list": servers.venue.list,
        "override": {"supervisor": "ana", "reason": "r", "pin": "000000"}});
    let answers = servers.at_once((0..12).map(|_| (servers.path("scans"), None, guess.clone())).collect()).await;
    let looked_at = answers.iter().filter(|answer| answer.code() == "wrong_pin").count();
    assert_eq!(looked_at, 4, "three slips, and the one that begins the waits");
}

servers!(no_ticket_is_signed_by_a_key_that_was_retired_however_much_happens_at_once);
async fn no_ticket_is_signed_by_a_key_that_was_retired_however_much_happens_at_once() {
    let servers = Servers::new().await;
    let gate = servers.venue.device("gate", "gate").await;
    let (event, ticket) = (servers.venue.event.clone(), servers.venue.ticket.clone());
    let orders = (0..24).map(|n| {
        let body = json!({"event": event, "items": [{"product": ticket, "quantity": 20}]});
        ("/v1/orders".to_owned(), Some(format!("k{n}")), body)
    });
    // Beside them one key after the other is made, and the one before it is retired at once.
    let (server, token, of) = (servers.venue.cloud.beside().await, servers.venue.organizer.clone(), event.clone());
    let changes = tokio::spawn(async move {
        for _ in 0..6 {
            let keys = server.get(&token, &format!("/v1/keys?event={of}")).await.ok();
            let before =
                keys["items"].as_array().unwrap().iter().find(|key| key["signing"] == true).unwrap().clone();
            server.post(&token, "/v1/keys", json!({ "event": of })).await.ok();
            let retire = format!("/v1/keys/{}/retire", before["id"].as_str().unwrap());
            server.post(&token, &retire, json!({})).await.ok();
        }
    });
    let orders: Vec<Value> = servers.at_once(orders.collect()).await.into_iter().map(Answer::ok).collect();
    changes.await.unwrap();
    let keys = servers.get(&format!("/v1/keys?event={event}")).await;
    let with = |field: &str| keys["items"].as_array().unwrap().iter().filter(|key| key[field] == true).count();
    let retired = keys["items"].as_array().unwrap().iter().filter(|key| key["retired_at"].is_string()).count();
    assert_eq!((with("signing"), retired), (1, 6));
    // The feed tells in which order these things were committed; nothing changed a ticket afterwards.
    let (changes, _) = servers.venue.feed(&gate, Cursor::default()).await;
    let mut signed_by: BTreeMap<TicketId, KeyNumber> = BTreeMap::new();
    for ticket in orders.iter().flat_map(|order| order["tickets"].as_array().unwrap()) {
        let sealed = Sealed::read(ticket["code"].as_str().unwrap()).unwrap();
        signed_by.insert(ticket["id"].as_str().unwrap().parse().unwrap(), sealed.key);
    }
    assert_eq!(signed_by.len(), 24 * 20);
    let mut gone = BTreeSet::new();
    for change in &changes {
        match change {
            Change::KeyGone(number) => drop(gone.insert(*number)),
            Change::Ticket(row) => assert!(!gone.contains(&signed_by[&row.id]), "{} is nobody's ticket", row.id),
            _ => {}
        }
    }
    assert_eq!(gone.len(), 6);
    let used: BTreeSet<&KeyNumber> = signed_by.values().collect();
    println!("{} keys signed {} tickets", used.len(), signed_by.len());
}

servers!(a_key_is_not_taken_out_of_use_while_somebody_signs_with_it);
async fn a_key_is_not_taken_out_of_use_while_somebody_signs_with_it() {
    let venue = Venue::new().await;
    let (has_key, waits) = oneshot::channel();
    let (go, told) = oneshot::channel::<()>();
    let (other, event) = (venue.cloud.beside().await, venue.event_id());
    let signer = tokio::spawn(async move {
        let work = other.app.write(move |tx, app| {
            Box::pin(async move {
                let event = cloud_sync::store::events::get(tx, event).await?.unwrap();
                cloud_sync::keys::signing_key(tx, &app.vault, &event).await?;
                has_key.send(()).unwrap();
                told.await.unwrap();
                Ok(())
            })
        });
        work.await.unwrap();
    });
    waits.await.unwrap();
    let (server, token, of) = (venue.cloud.beside().await, venue.organizer.clone(), venue.event.clone());
    let rotation = tokio::spawn(async move { server.post(&token, "/v1/keys", json!({ "event": of })).await.ok() });
    venue.cloud.database.blocks(&rotation, "SELECT pg_advisory_xact_lock%").await;
    go.send(()).unwrap();
    signer.await.unwrap();
    rotation.await.unwrap();
}

servers!(servers_that_start_at_once_found_one_installation);
async fn servers_that_start_at_once_found_one_installation() {
    let url = crate::common::backend::server().make("started-at-once", None).unwrap();
    let database = crate::common::Database::Url(url);
    let started = (0..3).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            let folder = tempfile::tempdir().unwrap();
            let store = database.open().await;
            let vault = cloud_sync::vault::Vault::new(&[7; 32]);
            let (clock, life) = (cloud_sync::app::machine_clock(), cloud_sync::app::Life::Same);
            let app = cloud_sync::app::App::open(store, folder.path(), vault, clock, life).await.unwrap();
            (app.ca, folder.path().join("admin.token").exists())
        })
    });
    let started: Vec<_> = join_all(started.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
    assert!(started.iter().all(|(ca, _)| *ca == started[0].0), "one CA");
    assert_eq!(started.iter().filter(|(_, made)| *made).count(), 1, "one first administrator");
}

/// A night's guests, at the rate of a big arena.
const HOUSE: usize = 20_000;

servers!(a_closing_time_of_a_full_house_moves_while_its_desk_goes_on);
async fn a_closing_time_of_a_full_house_moves_while_its_desk_goes_on() {
    let servers = Servers::new().await;
    let venue = &servers.venue;
    let mut gate = venue.device("gate-1", "gate").await;
    for n in 0..HOUSE {
        let [.., a, b, c, d, e, f] = (n as u64).to_be_bytes();
        gate.admit(START_S + n as i64 / 10, TicketId::from_bytes([a, b, c, d, e, f]), 1);
    }
    for runs in gate.runs(1).chunks(8) {
        venue.cloud.exchange(&gate.identity, &gate.request(runs.to_vec())).await.ok().unwrap();
    }
    let order = venue.paid("k", 24).await;
    let (server, token) = (servers.all[0].clone(), venue.organizer.clone());
    let (path, closing) = (format!("/v1/lists/{}", venue.list), json!({"auto_exit_at": "2026-11-20T01:00:00Z"}));
    let started = Instant::now();
    let moved = tokio::spawn(async move { server.patch(&token, &path, closing).await });
    let scans = (0..24).zip(servers.all.iter().cycle()).map(|(place, server)| {
        let body = json!({"code": order["tickets"][place]["code"], "list": venue.list});
        let (server, path, token) = (server.clone(), servers.path("scans"), venue.organizer.clone());
        // A debug build may count the house for longer than anybody waits for its books.
        tokio::spawn(async move { unless_busy(&server, &token, (&path, None), body).await })
    });
    let answers = join_all(Vec::from_iter(scans)).await.into_iter().map(Result::unwrap);
    moved.await.unwrap().ok();
    println!("{HOUSE} counted again in {:?}", started.elapsed());
    let answers: Vec<Value> = answers.map(Answer::ok).collect();
    assert_eq!(count(&answers, "verdict", "admit"), 24);
    let report = servers.attendance().await;
    assert_eq!(report["totals"]["inside"], HOUSE + 24);
    let event = venue.event_id();
    let totals = servers.all[0]
        .app
        .read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::books::totals(tx, event).await?) }));
    let inside: i64 =
        totals.await.unwrap().into_iter().filter(|(name, _)| name.starts_with("inside/")).map(|(_, n)| n).sum();
    assert_eq!(inside, HOUSE as i64 + 24);
}

servers!(whoever_waits_for_one_event_holds_up_no_other);
async fn whoever_waits_for_one_event_holds_up_no_other() {
    let servers = Servers::new().await;
    let (server, venue) = (&servers.all[0], &servers.venue);
    let order = venue.paid("k", 12).await;
    let mut requests = Vec::new();
    for n in 0..12 {
        let device = json!({"event": venue.event, "name": format!("gate-{n}"), "role": "gate"});
        let device = venue.cloud.post(&venue.organizer, "/v1/devices", device).await.ok();
        requests.push((format!("/v1/devices/{}/code", device["id"].as_str().unwrap()), json!({})));
        let code = &order["tickets"][n]["code"];
        requests.push((servers.path("scans"), json!({"code": code, "list": venue.list})));
        let grant = json!({"ticket": order["tickets"][n]["id"], "product": venue.beer, "units": 1});
        requests.push(("/v1/grants".to_owned(), grant));
    }
    // Another organizer's: a grant shares its own organizer's keys for as long as it waits.
    let other = venue.cloud.post(&venue.cloud.admin, "/v1/organizers", json!({"name": "Other"})).await.ok();
    let (holder, end) = hold(servers.all[1].clone(), venue.event_id()).await;
    let asked = requests.into_iter().enumerate().map(|(n, (path, body))| {
        let (server, token) = (server.clone(), venue.organizer.clone());
        tokio::spawn(async move { unless_busy(&server, &token, (&path, Some(&format!("key-{n}"))), body).await })
    });
    let asked = Vec::from_iter(asked);
    let (watch, since) = (venue.cloud.database.session().await, Instant::now());
    let waits = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watch.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) < 4 {
        assert!(since.elapsed() < PATIENCE, "four of them never wait in the database");
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    crate::common::new_event(server, other["token"].as_str().unwrap(), "Matinee").await;
    assert!(started.elapsed().as_secs() < 3, "it waited for a connection: {:?}", started.elapsed());
    end.send(()).unwrap();
    holder.await.unwrap();
    for answer in asked {
        answer.await.unwrap().ok();
    }
    assert_eq!(servers.attendance().await["lists"][0]["entries"], 12);
}

/// Holds an event's books until it is told to end.
async fn hold(server: Arc<Cloud>, event: EventId) -> (JoinHandle<()>, oneshot::Sender<()>) {
    let ((held, holds), (end, ended)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    let holder = tokio::spawn(async move {
        let hold = server.app.write(move |tx, _| {
            Box::pin(async move {
                tx.lock(cloud_sync::store::Lock::Books(event)).await?;
                tx.query("SELECT 1", &[]).await?;
                held.send(()).unwrap();
                drop(ended.await);
                Ok(())
            })
        });
        hold.await.unwrap();
    });
    holds.await.unwrap();
    (holder, end)
}

/// Posts it, and again while others hold for too long what it needs.
async fn unless_busy(server: &Cloud, token: &str, (path, key): (&str, Option<&str>), body: Value) -> Answer {
    let since = Instant::now();
    loop {
        let answer = server.ask("POST", path, token, key, Some(&body)).await;
        if answer.code() != "database_busy" {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "{path} stays busy");
    }
}
