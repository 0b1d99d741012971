//! The cloud's own desk: the same law, keys, overrides and undos as at a door.

use crate::common::{Answer, START_S, Venue, new_event, ticket_id};
use cloud_sync::desk::Mode;
use cloud_sync::desk::ahead::Wants;
use cloud_sync::desk::group::{self, Act};
use cloud_sync::fault::Fault;
use cloud_sync::ledger::own;
use cloud_sync::store::{events, journals};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegate_core::decide::{Scan, Shown};
use tidegate_core::id::{JournalId, ListId};
use tokio::sync::Notify;

struct Desk {
    venue: Venue,
    employee: String,
    order: Value,
}

impl Desk {
    async fn new() -> Self {
        let venue = Venue::new().await;
        let (employee, order) = (venue.token("employee").await, venue.paid("k", 3).await);
        Self { venue, employee, order }
    }

    fn code(&self, place: usize) -> &str {
        self.order["tickets"][place]["code"].as_str().unwrap()
    }

    async fn ask(&self, verb: &str, body: Value) -> Answer {
        self.venue.cloud.post(&self.employee, &format!("/v1/events/{}/{verb}", self.venue.event), body).await
    }

    /// Scans with these fields beside code and list.
    async fn scan(&self, place: usize, more: Value) -> Answer {
        let mut body = json!({"code": self.code(place), "list": self.venue.list});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask("scans", body).await
    }

    #[track_caller]
    fn check(answer: Value, verdict: &str, code: &str) -> Value {
        assert_eq!((answer["verdict"].as_str(), answer["code"].as_str()), (Some(verdict), Some(code)), "{answer}");
        answer
    }
}

both!(a_ticket_goes_in_once_out_and_in_again);
async fn a_ticket_goes_in_once_out_and_in_again() {
    let desk = Desk::new().await;
    let tried = Desk::check(desk.scan(0, json!({"dry_run": true})).await.ok(), "admit", "ok");
    assert!(tried["entry"].is_null());
    let first = Desk::check(desk.scan(0, json!({"gate": "Box office"})).await.ok(), "admit", "ok");
    assert_eq!(first["list"], "Main door");
    let again = Desk::check(desk.scan(0, json!({})).await.ok(), "refuse", "used");
    assert_eq!(
        (again["used"]["gate"].as_str(), again["used"]["device"].as_str()),
        (Some("Box office"), Some("cloud"))
    );
    Desk::check(desk.scan(0, json!({"direction": "exit"})).await.ok(), "exit", "ok");
    Desk::check(desk.scan(0, json!({})).await.ok(), "admit", "ok");
    let mut by_id = json!({"ticket": desk.order["tickets"][1]["id"], "list": desk.venue.list});
    desk.ask("scans", by_id.clone()).await.refused(422, "reason_needed");
    by_id["reason"] = json!("ID seen, phone empty");
    Desk::check(desk.ask("scans", by_id).await.ok(), "admit", "ok");
}

both!(a_key_repeats_its_answer_and_stands_for_one_content);
async fn a_key_repeats_its_answer_and_stands_for_one_content() {
    let desk = Desk::new().await;
    let first = Desk::check(desk.scan(0, json!({"key": "a"})).await.ok(), "admit", "ok");
    let again = Desk::check(desk.scan(0, json!({"key": "a"})).await.ok(), "admit", "ok");
    assert_eq!((again["entry"].clone(), again["repeated"].as_bool()), (first["entry"].clone(), Some(true)));
    Desk::check(desk.scan(1, json!({"key": "a"})).await.ok(), "refuse", "key_reused");
    Desk::check(desk.ask("undo", json!({"key": "a", "operation": "serving"})).await.ok(), "refuse", "not_yours");
    for _ in 0..2 {
        Desk::check(desk.ask("undo", json!({"key": "a", "operation": "scan"})).await.ok(), "annulled", "ok");
    }
    Desk::check(desk.scan(0, json!({"key": "a"})).await.ok(), "annulled", "ok");
    Desk::check(desk.scan(0, json!({"key": "b"})).await.ok(), "admit", "ok");
    desk.venue.cloud.pass(15 * 60 + 1);
    Desk::check(
        desk.ask("undo", json!({"key": "b", "operation": "scan"})).await.ok(),
        "refuse",
        "too_late_to_undo",
    );
}

both!(the_desk_speaks_the_language_of_the_request_or_else_english);
async fn the_desk_speaks_the_language_of_the_request_or_else_english() {
    let desk = Desk::new().await;
    let ask = async |verb: &str, language: &str, body: &Value| -> String {
        let path = format!("/v1/events/{}/{verb}", desk.venue.event);
        let answer = desk.venue.cloud.spoken(&desk.employee, &path, language, body.clone()).await.ok();
        answer["explain"]["line"].as_str().unwrap_or_default().to_owned()
    };
    let scan = json!({"code": desk.code(0), "list": desk.venue.list, "key": "a"});
    assert_eq!(ask("scans", "de", &scan).await, "");
    let other = json!({"code": desk.code(1), "list": desk.venue.list, "key": "a"});
    assert_eq!(
        ask("scans", "es-MX, en;q=0.5", &other).await,
        "Esta clave de solicitud ya corresponde a otra cosa"
    );
    let undo = json!({"key": "a", "operation": "scan"});
    assert_eq!(ask("undo", "pt", &undo).await, "Operação anulada");
    assert_eq!(ask("scans", "de;q=0.9", &scan).await, "Zurückgenommen");
    assert_eq!(ask("scans", "nl", &scan).await, "Taken back");
    let serving = json!({"code": desk.code(0), "product": desk.venue.beer, "quantity": 9});
    let left = ask("servings", "fr", &serving).await;
    assert!(left.ends_with("il en reste 2 sur ce billet"), "{left}");
}

both!(a_serving_takes_credit_and_stock_or_neither);
async fn a_serving_takes_credit_and_stock_or_neither() {
    let desk = Desk::new().await;
    let serve = |quantity: u32, key: &str| json!({"code": desk.code(0), "product": desk.venue.beer, "quantity": quantity, "key": key});
    let served = Desk::check(desk.ask("servings", serve(2, "s")).await.ok(), "serve", "ok");
    assert_eq!(
        (served["credits"][0]["before"].as_i64(), served["credits"][0]["after"].as_i64()),
        (Some(2), Some(0))
    );
    Desk::check(desk.ask("servings", serve(1, "t")).await.ok(), "refuse", "no_credit");
    Desk::check(desk.ask("undo", json!({"key": "s", "operation": "serving"})).await.ok(), "voided", "ok");
    Desk::check(desk.ask("servings", serve(1, "u")).await.ok(), "serve", "ok");
    let unknown = json!({"code": desk.code(0), "product": "prd_none", "quantity": 1});
    Desk::check(desk.ask("servings", unknown).await.ok(), "refuse", "unknown_product");
    let grant = json!({"ticket": desk.order["tickets"][1]["id"], "product": desk.venue.beer, "units": 200});
    desk.venue.cloud.keyed(&desk.employee, "/v1/grants", "g", grant).await.ok();
    let much = json!({"code": desk.code(1), "product": desk.venue.beer, "quantity": 100});
    Desk::check(desk.ask("servings", much).await.ok(), "refuse", "sold_out");
    desk.ask("servings", serve(0, "v")).await.refused(422, "invalid");
}

both!(an_override_needs_the_right_pin_and_slows_guessing_down);
async fn an_override_needs_the_right_pin_and_slows_guessing_down() {
    let desk = Desk::new().await;
    let cloud = &desk.venue.cloud;
    for (name, may) in [("ana", true), ("bob", false)] {
        let staff = json!({"event": desk.venue.event, "name": name, "pin": "123456", "may_override": may});
        cloud.post(&desk.venue.organizer, "/v1/staff", staff).await.ok();
    }
    desk.scan(0, json!({})).await.ok();
    let by = |name: &str, pin: &str| json!({"override": {"supervisor": name, "reason": "guest of the band", "pin": pin}});
    desk.scan(0, by("bob", "123456")).await.refused(403, "wrong_pin");
    for _ in 0..4 {
        desk.scan(0, by("ana", "000000")).await.refused(403, "wrong_pin");
    }
    desk.scan(0, by("ana", "123456")).await.refused(429, "pin_slowed_down");
    cloud.pass(3);
    let admitted = Desk::check(desk.scan(0, by("ana", "123456")).await.ok(), "admit", "ok");
    assert_eq!(admitted["overridden"], true);
    let conflicts = format!("/v1/events/{}/conflicts", desk.venue.event);
    assert_eq!(cloud.get(&desk.employee, &conflicts).await.ok()["items"], json!([]));
}

both!(a_repeated_override_needs_nobodys_pin_and_a_new_one_does);
async fn a_repeated_override_needs_nobodys_pin_and_a_new_one_does() {
    let desk = Desk::new().await;
    let cloud = &desk.venue.cloud;
    let ana = json!({"event": desk.venue.event, "name": "ana", "pin": "123456", "may_override": true});
    cloud.post(&desk.venue.organizer, "/v1/staff", ana).await.ok();
    desk.scan(0, json!({})).await.ok();
    let by = |key: &str, pin: &str, reason: &str| json!({"key": key, "override": {"supervisor": "ana", "reason": reason, "pin": pin}});
    let first = Desk::check(desk.scan(0, by("a", "123456", "band")).await.ok(), "admit", "ok");
    let path = format!("/v1/staff/{}/ana", desk.venue.event);
    cloud.ask("DELETE", &path, &desk.venue.organizer, None, None).await.ok();
    let again = Desk::check(desk.scan(0, by("a", "000000", "band")).await.ok(), "admit", "ok");
    assert_eq!((&again["entry"], &again["repeated"]), (&first["entry"], &json!(true)));
    Desk::check(desk.scan(0, by("a", "000000", "friend")).await.ok(), "refuse", "key_reused");
    desk.scan(0, by("b", "123456", "band")).await.refused(403, "wrong_pin");
}

both!(a_key_that_no_database_keeps_harms_nobody_beside_it);
async fn a_key_that_no_database_keeps_harms_nobody_beside_it() {
    let desk = Desk::new().await;
    for key in ["n\u{0}", "a\nb", ""] {
        desk.scan(0, json!({"key": key})).await.refused(422, "invalid");
        let serving = json!({"code": desk.code(0), "product": desk.venue.beer, "quantity": 1, "key": key});
        desk.ask("servings", serving).await.refused(422, "invalid");
    }
    let bad = (0..8).map(|_| desk.scan(0, json!({"key": "n\u{0}"})));
    let (good, bad) = tokio::join!(desk.scan(1, json!({"key": "n"})), futures_util::future::join_all(bad));
    Desk::check(good.ok(), "admit", "ok");
    bad.into_iter().for_each(|answer| drop(answer.refused(422, "invalid")));
}

both!(who_asks_at_a_turnstile_is_asked_nothing);
async fn who_asks_at_a_turnstile_is_asked_nothing() {
    let desk = Desk::new().await;
    let question = json!({"questions": [{"id": "q", "text": "Size?", "required": true, "at_checkin": true}]});
    let path = format!("/v1/events/{}", desk.venue.event);
    desk.venue.cloud.patch(&desk.venue.organizer, &path, question).await.ok();
    Desk::check(desk.scan(0, json!({})).await.ok(), "ask", "question");
    Desk::check(desk.scan(0, json!({"unattended": true, "key": "k"})).await.ok(), "admit", "ok");
    Desk::check(desk.scan(0, json!({"key": "k"})).await.ok(), "refuse", "key_reused");
}

both!(what_is_not_for_this_door_says_why);
async fn what_is_not_for_this_door_says_why() {
    let desk = Desk::new().await;
    let cloud = &desk.venue.cloud;
    Desk::check(
        desk.ask("scans", json!({"code": "HELLO", "list": desk.venue.list})).await.ok(),
        "refuse",
        "not_a_ticket",
    );
    let pending = desk.venue.order("p", 1).await;
    let code = &pending["tickets"][0]["code"];
    Desk::check(desk.ask("scans", json!({"code": code, "list": desk.venue.list})).await.ok(), "refuse", "unpaid");
    let vip = json!({"event": desk.venue.event, "name": "VIP", "kind": "ticket", "price_minor": 0});
    let vip = cloud.post(&desk.venue.organizer, "/v1/products", vip).await.ok();
    let list = json!({"event": desk.venue.event, "name": "VIP door", "products": [vip["id"]]});
    let list = cloud.post(&desk.venue.organizer, "/v1/lists", list).await.ok();
    Desk::check(desk.scan(0, json!({"list": list["id"]})).await.ok(), "refuse", "not_on_list");
    let late = json!({"at": "2026-11-19T21:00:00Z"});
    let narrow = json!({"valid_until": "2026-11-19T20:30:00Z"});
    let ticket = format!("/v1/tickets/{}", desk.order["tickets"][1]["id"].as_str().unwrap());
    let code = cloud.patch(&desk.employee, &ticket, narrow).await.ok()["code"].clone();
    Desk::check(desk.scan(1, late.clone()).await.ok(), "refuse", "revoked");
    let body = json!({"code": code, "list": desk.venue.list, "at": late["at"]});
    Desk::check(desk.ask("scans", body).await.ok(), "refuse", "too_late");
    let other = new_event(cloud, &desk.venue.organizer, "Matinee").await;
    desk.scan(0, json!({"list": "lst_none"})).await.refused(404, "not_found");
    cloud
        .post(&desk.employee, &format!("/v1/events/{other}/scans"), json!({"code": "A", "list": desk.venue.list}))
        .await
        .refused(404, "not_found");
}

both!(the_report_is_a_recount_and_the_totals_agree);
async fn the_report_is_a_recount_and_the_totals_agree() {
    let desk = Desk::new().await;
    let mut gate = desk.venue.device("gate-1", "gate").await;
    let mut bar = desk.venue.device("bar-1", "bar").await;
    let order = desk.venue.paid("many", 40).await;
    for place in 0..40 {
        let ticket = crate::common::ticket_id(&order, place);
        let entry = gate.admit(START_S + 30 * place as i64, ticket, 1);
        if place % 4 == 0 {
            let (list, closes) = (tidegate_core::id::ListId(1), vec![entry]);
            let exit = tidegate_core::journal::kind::Exit::new(ticket, list, closes);
            gate.write(START_S + 30 * place as i64 + 5, tidegate_core::journal::Kind::Exit(exit));
        }
        if place % 5 == 0 {
            bar.serve(START_S + 40 * place as i64, ticket, 1, 2);
        }
    }
    for device in [&gate, &bar, &gate] {
        desk.venue.cloud.exchange(&device.identity, &device.request(device.runs(1))).await.ok().unwrap();
    }
    desk.scan(0, json!({})).await.ok();
    desk.scan(0, json!({})).await.ok();
    let path = format!("/v1/events/{}/attendance", desk.venue.event);
    let report = desk.venue.cloud.get(&desk.employee, &path).await.ok();
    let list = &report["lists"][0];
    assert_eq!(
        (list["entries"].as_u64(), list["exits"].as_u64(), list["inside"].as_u64()),
        (Some(41), Some(10), Some(31))
    );
    let arrived: u64 = report["arrivals"].as_array().unwrap().iter().map(|a| a["count"].as_u64().unwrap()).sum();
    assert_eq!(arrived, 41);
    assert_eq!(report["refusals"], json!([{"code": "used", "count": 1}]));
    assert_eq!(report["servings"], json!([{"product": "Beer", "device": "bar-1", "units": 16}]));
    assert_eq!(report["stock"], json!([{"product": "Beer", "restocked": 100, "served": 16, "left": 84}]));
    let event = desk.venue.event_id();
    let totals = desk
        .venue
        .cloud
        .app
        .read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::books::totals(tx, event).await?) }));
    let served = format!("served/1/{}", bar.journal);
    let expect = [("entries/1", 41), ("exits/1", 10), ("inside/1", 31), (served.as_str(), 16)];
    assert_eq!(totals.await.unwrap(), expect.map(|(name, amount)| (name.to_owned(), amount)));
    let csv = desk.venue.cloud.get(&desk.employee, &format!("{path}?format=csv&by=total")).await;
    assert!(String::from_utf8(csv.body).unwrap().contains("entries,Main door,,41\r\n"));
    let svg = desk.venue.cloud.get(&desk.employee, &format!("{path}?format=svg")).await;
    assert!(String::from_utf8(svg.body).unwrap().contains("North") && svg.kind == "image/svg+xml");
}

both!(acts_that_wait_for_each_other_share_a_commit_and_a_fault_of_one_is_its_own);
async fn acts_that_wait_for_each_other_share_a_commit_and_a_fault_of_one_is_its_own() {
    let desk = Desk::new().await;
    let (app, event) = (desk.venue.cloud.app.clone(), desk.venue.event_id());
    let record =
        app.read(move |tx, _| Box::pin(async move { Ok(events::get(tx, event).await?.unwrap()) })).await.unwrap();
    let journal = JournalId { device: record.journal_device, incarnation: own::FIRST_LIFE };
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), go.clone());
    let first = Act::new(Wants::default(), move |_, _| {
        let (tell, wait) = (tell.clone(), wait.clone());
        Box::pin(async move {
            tell.notify_one();
            wait.notified().await;
            Err(Fault::conflict("held", "It only held the desk"))
        })
    });
    let holder = tokio::spawn({
        let app = app.clone();
        async move { group::act(&app, event, first).await }
    });
    begun.notified().await;
    let tried = Arc::new(AtomicUsize::new(0));
    let scan = |place: usize| -> Act {
        let (ticket, tried) = (ticket_id(&desk.order, place), tried.clone());
        Act::new(Wants { ticket: Some(ticket), key: None }, move |tx, desk| {
            tried.fetch_add(1, Ordering::Relaxed);
            let scan = Scan { reason: Some("ID seen".into()), ..Scan::of(Shown::Found(ticket)) };
            Box::pin(async move { desk.scan(tx, (&scan, ListId(1)), None, Mode::Record).await })
        })
    };
    let refused =
        Act::new(Wants::default(), |_, _| Box::pin(async { Err(Fault::invalid("before it changed anything")) }));
    let failed = Act::new(Wants::default(), move |tx, _| {
        Box::pin(async move {
            tx.later("DELETE FROM totals WHERE event = $1", cloud_sync::params![event]).await?;
            Err(Fault::invalid("after it changed something"))
        })
    });
    let acts = [scan(0), refused, scan(1), failed, scan(2)];
    let mut waiting: Vec<_> = acts.map(|act| Box::pin(group::act(&app, event, act))).into();
    for act in &mut waiting {
        assert!(futures_util::poll!(act).is_pending());
    }
    go.notify_one();
    assert_eq!(holder.await.unwrap().unwrap_err().code(), "held");
    let answers: Vec<_> = futures_util::future::join_all(waiting).await;
    let codes: Vec<_> =
        answers.iter().map(|a| a.as_ref().map_or_else(|f| f.code(), |a| a.code.as_str())).collect();
    assert_eq!(codes, ["ok", "invalid", "ok", "invalid", "ok"]);
    assert_eq!(tried.load(Ordering::Relaxed), 5, "two before the failed one, and all three once more without it");
    let path = format!("/v1/events/{}/attendance", desk.venue.event);
    assert_eq!(desk.venue.cloud.get(&desk.employee, &path).await.ok()["totals"]["entries"], 3);
    let entries =
        app.read(move |tx, _| Box::pin(async move { Ok(journals::after(tx, event, (journal, 0, 0), 10).await?) }));
    let admissions = entries.await.unwrap().into_iter().filter(|entry| entry.ticket.is_some());
    assert_eq!(admissions.count(), 3, "each was recorded once");
}
