//! Who may do what, and whose things exist for whom; every route, as the document names it.

mod common;

use axum::http::StatusCode;
use cloud_sync::auth::{Role, TABLE, may};
use cloud_sync::router;
use common::{Venue, open};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every route of the document: method, path, whether it is on the device link.
fn documented() -> Vec<(String, String, bool)> {
    let document: Value = serde_json::to_value(router::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let linked = operation["tags"].as_array().unwrap().contains(&json!("device link"));
            routes.push((method.to_uppercase(), path.clone(), linked));
        }
    }
    routes
}

/// A path with things of this venue in its holes.
fn filled(path: &str, venue: &Venue, order: &Value, device: &str, key: &str) -> String {
    let id = match path {
        p if p.starts_with("/v1/events") => venue.event.as_str(),
        p if p.starts_with("/v1/products") => &venue.ticket,
        p if p.starts_with("/v1/lists") => &venue.list,
        p if p.starts_with("/v1/orders") => order["id"].as_str().unwrap(),
        p if p.starts_with("/v1/tickets") => order["tickets"][0]["id"].as_str().unwrap(),
        p if p.starts_with("/v1/devices") => device,
        p if p.starts_with("/v1/keys") => key,
        _ => "",
    };
    path.replace("{id}", id).replace("{event}", &venue.event).replace("{name}", "ana")
}

/// A body with which the route finds the thing it is about.
fn body(path: &str, venue: &Venue, order: &Value, device: &str) -> Value {
    let event = &venue.event;
    let ticket = &order["tickets"][0]["id"];
    match path {
        "/v1/events" => {
            json!({"name": "N", "timezone": "UTC", "starts_at": "2026-01-01T00:00:00Z", "currency": "EUR"})
        }
        "/v1/organizers" => json!({"name": "N"}),
        "/v1/tokens" => json!({"role": "customer", "name": "N"}),
        "/v1/products" => json!({"event": event, "name": "N", "kind": "ticket", "price_minor": 1}),
        "/v1/lists" => json!({"event": event, "name": "N"}),
        "/v1/orders" => json!({"event": event, "items": [{"product": venue.ticket}]}),
        "/v1/orders/{id}/pay" => json!({"provider": "test"}),
        "/v1/tickets/{id}/block" => json!({"reason": "r"}),
        "/v1/grants" => json!({"ticket": ticket, "product": venue.beer, "units": 1}),
        "/v1/devices" => json!({"event": event, "name": "N", "role": "bar"}),
        "/v1/allotments" => json!({"event": event, "product": venue.beer, "device": device, "units": 1}),
        "/v1/keys" => json!({"event": event}),
        "/v1/staff" => json!({"event": event, "name": "N", "pin": "123456"}),
        "/v1/events/{id}/scans" => json!({"ticket": ticket, "list": venue.list}),
        "/v1/events/{id}/servings" => json!({"ticket": ticket, "product": venue.beer, "quantity": 1}),
        "/v1/events/{id}/undo" => json!({"key": "k", "operation": "scan"}),
        _ => json!({}),
    }
}

struct Scene {
    venue: Venue,
    order: Value,
    device: String,
    key: String,
}

impl Scene {
    async fn new() -> Self {
        let venue = Venue::new().await;
        let order = venue.paid("k", 1).await;
        let device = json!({"event": venue.event, "name": "bar", "role": "bar"});
        let device = venue.cloud.post(&venue.organizer, "/v1/devices", device).await.ok();
        let keys = venue.cloud.get(&venue.organizer, &format!("/v1/keys?event={}", venue.event)).await.ok();
        let (device, key) =
            (device["id"].as_str().unwrap().to_owned(), keys["items"][0]["id"].as_str().unwrap().to_owned());
        Self { venue, order, device, key }
    }

    async fn ask(&self, token: &str, method: &str, path: &str) -> common::Answer {
        let mut place = filled(path, &self.venue, &self.order, &self.device, &self.key);
        let lists =
            ["/v1/products", "/v1/lists", "/v1/orders", "/v1/tickets", "/v1/devices", "/v1/keys", "/v1/staff"];
        if method == "GET" && lists.contains(&path) {
            place = format!("{place}?event={}", self.venue.event);
        }
        let body = body(path, &self.venue, &self.order, &self.device);
        let body = (method == "POST" || method == "PATCH").then_some(&body);
        self.venue.cloud.ask(method, &place, token, Some(&format!("key-{}", rand::random::<u64>())), body).await
    }
}

#[test]
fn the_table_and_the_document_name_the_same_routes() {
    let documented: BTreeSet<_> = documented().into_iter().filter(|r| !r.2).map(|r| (r.0, r.1)).collect();
    let table: BTreeSet<_> = TABLE.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
    assert_eq!(documented, table);
    assert_eq!(TABLE.len(), table.len(), "no route stands twice");
}

#[tokio::test]
async fn every_route_answers_each_role_as_the_table_says() {
    let scene = Scene::new().await;
    for role in [Role::Employee, Role::Customer] {
        let token = scene.venue.token(role.as_str()).await;
        for (method, path, _) in documented().into_iter().filter(|route| !route.2) {
            let answer = scene.ask(&token, &method, &path).await;
            let refused = answer.status == StatusCode::FORBIDDEN && answer.code() == "not_allowed";
            assert_eq!(!refused, may(role, &method, &path), "{role:?} {method} {path} {}", answer.status);
            assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
        }
    }
    for (method, path, _) in documented().into_iter().filter(|route| !route.2) {
        scene.venue.cloud.pass(10); // failed attempts are slowed down
        scene.ask("", &method, &path).await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn every_route_does_its_work_for_the_organizer() {
    let scene = Scene::new().await;
    let expected_conflicts = ["order_state", "key_signs", "not_enough_stock"];
    for (method, path, _) in documented().into_iter().filter(|route| !route.2 && route.1 != "/v1/organizers") {
        let answer = scene.ask(&scene.venue.organizer, &method, &path).await;
        let fine = answer.status.is_success()
            || (answer.status == StatusCode::CONFLICT && expected_conflicts.contains(&answer.code().as_str()))
            || (path == "/v1/staff/{event}/{name}" && answer.status == StatusCode::NOT_FOUND);
        assert!(fine, "{method} {path} {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    scene.ask(&scene.venue.cloud.admin, "GET", "/v1/organizers").await.ok();
    scene.ask(&scene.venue.cloud.admin, "POST", "/v1/organizers").await.ok();
}

#[tokio::test]
async fn what_belongs_to_another_organizer_does_not_exist() {
    let scene = Scene::new().await;
    let cloud = &scene.venue.cloud;
    let other = cloud.post(&cloud.admin, "/v1/organizers", json!({"name": "Rival"})).await.ok();
    let rival = other["token"].as_str().unwrap();
    let made_for_oneself = ["/v1/organizers", "/v1/tokens", "/v1/events"];
    for (method, path, _) in documented().into_iter().filter(|r| !r.2 && !made_for_oneself.contains(&r.1.as_str()))
    {
        scene.ask(rival, &method, &path).await.refused(404, "not_found");
    }
    assert_eq!(cloud.get(rival, "/v1/events").await.ok()["items"], json!([]));
    let theirs = json!({"role": "organizer", "name": "spy", "organizer": "org_none"});
    cloud.post(rival, "/v1/tokens", theirs).await.refused(404, "not_found");
    let admin = json!({"role": "admin", "name": "spy"});
    cloud.post(rival, "/v1/tokens", admin).await.refused(422, "invalid");
}

#[tokio::test]
async fn a_thing_of_another_event_cannot_be_slipped_in() {
    let scene = Scene::new().await;
    let cloud = &scene.venue.cloud;
    let rival = cloud.post(&cloud.admin, "/v1/organizers", json!({"name": "Rival"})).await.ok();
    let rival = rival["token"].as_str().unwrap();
    let event = common::new_event(cloud, rival, "Rivals").await;
    let product = json!({"event": event, "name": "N", "kind": "ticket", "price_minor": 1});
    let product = cloud.post(rival, "/v1/products", product).await.ok();
    let order = json!({"event": event, "items": [{"product": scene.venue.ticket}]});
    cloud.keyed(rival, "/v1/orders", "k", order).await.refused(422, "invalid");
    let list = json!({"event": event, "name": "N", "products": [scene.venue.ticket]});
    cloud.post(rival, "/v1/lists", list).await.refused(422, "invalid");
    let order = json!({"event": scene.venue.event, "items": [{"product": product["id"]}]});
    cloud.keyed(&scene.venue.organizer, "/v1/orders", "k9", order).await.refused(422, "invalid");
    let scan = json!({"ticket": scene.order["tickets"][0]["id"], "list": scene.venue.list});
    cloud.post(rival, &format!("/v1/events/{event}/scans"), scan).await.refused(404, "not_found");
}

#[tokio::test]
async fn wrong_tokens_and_strange_requests_are_problems_with_codes() {
    let scene = Scene::new().await;
    let cloud = &scene.venue.cloud;
    cloud.get(&"tg_".repeat(10), "/v1/events").await.refused(401, "unauthorized");
    cloud.get(&format!("tg_{}", "a".repeat(52)), "/v1/events").await.refused(401, "unauthorized");
    cloud.get(&cloud.admin, "/v1/nowhere").await.refused(404, "not_found");
    cloud.ask("PUT", "/v1/events", &cloud.admin, None, None).await.refused(405, "method_not_allowed");
    cloud.get(&cloud.admin, "/v1/events?limit=x").await.refused(400, "bad_request");
    cloud.get(&cloud.admin, "/v1/events?colour=red").await.refused(400, "bad_request");
    cloud
        .post(&cloud.admin, "/v1/organizers", json!({"name": "a".repeat(2 << 20)}))
        .await
        .refused(413, "too_large");
    cloud.post(&cloud.admin, "/v1/organizers", json!({"name": " "})).await.refused(422, "invalid");
    let mut codes = BTreeSet::new();
    for _ in 0..40 {
        codes.insert(cloud.get("", "/v1/events").await.code());
    }
    assert!(codes.contains("too_many_attempts"));
    cloud.get(&cloud.admin, "/v1/events").await.ok();
}

#[tokio::test]
async fn health_and_document_need_no_token() {
    let scene = Scene::new().await;
    let cloud = &scene.venue.cloud;
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(cloud.get("", path).await.status, StatusCode::OK, "{path}");
    }
    let document = cloud.get("", "/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let operation = &document["paths"]["/v1/orders"]["post"];
    assert_eq!(operation["security"][0]["token"], json!([]));
    assert!(document["paths"]["/v1/enrol"]["post"]["security"].is_null());
    assert!(document["components"]["schemas"]["Answer"].is_object());
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let scene = Scene::new().await;
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(scene.venue.cloud.now().0));
    let app = open(scene.venue.cloud.folder.path(), clock, cloud_sync::app::Life::Same).await;
    let order = scene.order["id"].as_str().unwrap().to_owned();
    let found =
        app.read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::orders::get(tx, &order).await?) }));
    assert!(found.await.unwrap().is_some());
}
