//! A valid request for every route, in every way in which ids can be given.

use super::{Ids, PIN};
use cloud_sync::router;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// The routes of the document that need a token: method and path.
pub fn routes() -> Vec<(String, String)> {
    let document: Value = serde_json::to_value(router::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] != json!([{}]) {
                routes.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    assert!(routes.len() > 50, "the document lost its routes");
    routes
}

/// Every way to ask a route, with these ids; a route that nobody wrote down here fails.
pub fn requests(method: &str, path: &str, ids: &Ids) -> Vec<(String, Option<Value>)> {
    let count = bodies(method, path, ids).len().max(places(method, path, ids).len());
    (0..count).map(|way| request(method, path, way, ids)).collect()
}

/// One of the ways to ask a route.
pub fn request(method: &str, path: &str, way: usize, ids: &Ids) -> (String, Option<Value>) {
    let _ = ids.used();
    let (places, _) = (places(method, path, ids), ids.used());
    let (bodies, _) = (bodies(method, path, ids), ids.used());
    let place = places[way.min(places.len() - 1)](ids);
    let body = (!bodies.is_empty()).then(|| bodies[way.min(bodies.len() - 1)](ids));
    (place, body)
}

type Place = Box<dyn Fn(&Ids) -> String>;
type Body = fn(&Ids) -> Value;

/// The addresses of a route.
fn places(method: &str, path: &str, _: &Ids) -> Vec<Place> {
    let nouns = ["products", "zones", "lists", "orders", "tickets", "devices", "keys", "staff"];
    let of_event = nouns.map(|noun| format!("/v1/{noun}"));
    let slot = match path.split('/').nth(2).unwrap() {
        "events" => "event",
        "products" => "product",
        "zones" => "zone",
        "lists" => "list",
        "orders" => "order",
        "tickets" => "ticket",
        "devices" => "device",
        "keys" => "key",
        _ => "none",
    };
    let template = path.to_owned();
    let plain: Place = Box::new(move |ids| match template.as_str() {
        template if template.contains("{name}") => {
            template.replace("{event}", ids.get("event")).replace("{name}", ids.get("staff"))
        }
        template if template.contains("{id}") => template.replace("{id}", ids.get(slot)).replace("{role}", "bar"),
        template => template.to_owned(),
    });
    let template = path.to_owned();
    let by_event: Place = Box::new(move |ids| format!("{template}?event={}", ids.get("event")));
    match (method, path) {
        ("GET", "/v1/tickets") => {
            vec![by_event, Box::new(|ids| format!("/v1/tickets?order={}", ids.get("order")))]
        }
        ("GET", path) if of_event.iter().any(|noun| noun == path) => vec![by_event],
        ("GET", "/v1/events/{id}/attendance") => {
            let mut all = vec![plain];
            for query in ["format=csv", "format=xlsx", "format=svg&by=list", "format=csv&by=scan"] {
                let place = move |ids: &Ids| {
                    format!("/v1/events/{}/attendance?{query}&list={}", ids.get("event"), ids.get("list"))
                };
                all.push(Box::new(place));
            }
            all
        }
        _ => vec![plain],
    }
}

/// The bodies of a route; none where it takes none.
fn bodies(method: &str, path: &str, _: &Ids) -> Vec<Body> {
    match (method, path) {
        ("GET" | "DELETE", _) => vec![],
        ("POST", "/v1/organizers") => vec![|_| json!({"name": "N"})],
        ("POST", "/v1/tokens") => {
            vec![|ids| json!({"role": "customer", "name": "N", "organizer": ids.get("organizer")})]
        }
        ("POST", "/v1/events") => vec![|ids| {
            json!({"name": "N", "timezone": "UTC", "starts_at": "2026-01-01T00:00:00Z", "currency": "EUR",
                "organizer": ids.get("organizer")})
        }],
        ("PATCH", "/v1/events/{id}") => vec![|_| json!({"name": "Another night"})],
        ("POST", "/v1/products") => vec![
            |ids| json!({"event": ids.get("event"), "name": "N", "kind": "ticket", "price_minor": 1}),
            |ids| {
                json!({"event": ids.get("event"), "name": "N", "kind": "ticket", "price_minor": 1,
                "credits": [{"product": ids.get("beer"), "units": 1}]})
            },
        ],
        ("PATCH", "/v1/products/{id}") => vec![
            |_| json!({"name": "Another entry"}),
            |ids| json!({"credits": [{"product": ids.get("beer"), "units": 1}]}),
        ],
        ("POST", "/v1/lists") => vec![
            |ids| json!({"event": ids.get("event"), "name": "N"}),
            |ids| json!({"event": ids.get("event"), "name": "N", "products": [ids.get("product")]}),
            |ids| json!({"event": ids.get("event"), "name": "N", "zone": ids.get("zone")}),
        ],
        ("PATCH", "/v1/lists/{id}") => vec![
            |_| json!({"multiple_entries": true}),
            |ids| json!({"products": [ids.get("product")]}),
            |ids| json!({"zone": ids.get("zone")}),
        ],
        ("POST", "/v1/zones") => vec![|ids| json!({"event": ids.get("event"), "name": another(), "capacity": 5})],
        ("PATCH", "/v1/zones/{id}") => vec![|_| json!({"name": "Another hall"}), |_| json!({"capacity": 99})],
        ("PUT", "/v1/events/{id}/policies/{role}") => vec![|_| json!({"unverified_hard": 50})],
        ("POST", "/v1/lists/{id}/test") => {
            vec![|ids| json!({"ticket": ids.get("ticket")}), |ids| json!({"product": ids.get("product")})]
        }
        ("POST", "/v1/orders") => {
            vec![|ids| json!({"event": ids.get("event"), "items": [{"product": ids.get("product")}]}), |ids| {
                json!({"event": ids.get("event"),
                    "items": [{"product": ids.get("product"), "addon_to": ids.get("ticket")}]})
            }]
        }
        ("POST", "/v1/orders/{id}/pay") => vec![|_| json!({"provider": "test"})],
        ("POST", "/v1/orders/{id}/refund") => vec![|ids| json!({"tickets": [ids.get("ticket")]}), |_| json!({})],
        ("POST", "/v1/orders/{id}/cancel" | "/v1/orders/{id}/expire" | "/v1/orders/{id}/approve") => vec![],
        ("PATCH", "/v1/tickets/{id}") => {
            vec![|_| json!({"holder": "N"}), |ids| json!({"product": ids.get("product")})]
        }
        ("POST", "/v1/tickets/{id}/block") => vec![|_| json!({"reason": "r"})],
        ("POST", "/v1/tickets/{id}/unblock" | "/v1/tickets/{id}/cancel" | "/v1/tickets/{id}/reissue") => vec![],
        ("POST", "/v1/grants") => {
            vec![|ids| json!({"ticket": ids.get("ticket"), "product": ids.get("beer"), "units": 1})]
        }
        ("POST", "/v1/devices") => {
            vec![
                |ids| json!({"event": ids.get("event"), "name": format!("N{}", rand::random::<u32>()), "role": "bar"}),
            ]
        }
        ("POST", "/v1/devices/{id}/retire") => vec![|_| json!({"accept_exposure": true})],
        ("POST", "/v1/devices/{id}/code" | "/v1/devices/{id}/revoke" | "/v1/keys/{id}/retire") => vec![],
        ("POST", "/v1/allotments") => vec![
            |ids| json!({"event": ids.get("event"), "product": ids.get("beer"), "device": ids.get("device"), "units": 1}),
            |ids| json!({"event": ids.get("event"), "zone": ids.get("zone"), "device": ids.get("gate"), "units": 1}),
        ],
        ("POST", "/v1/keys") => vec![|ids| json!({"event": ids.get("event")})],
        ("POST", "/v1/staff/{event}/{name}/badge") => vec![],
        ("POST", "/v1/staff") => vec![|ids| json!({"event": ids.get("event"), "name": "N", "pin": "123456"})],
        ("POST", "/v1/events/{id}/scans") => vec![
            |ids| json!({"ticket": ids.get("ticket"), "list": ids.get("list"), "dry_run": true}),
            |ids| json!({"ticket": ids.get("ticket"), "list": ids.get("list"), "direction": "exit", "reason": "r"}),
            |ids| {
                let by = json!({"supervisor": ids.get("staff"), "reason": "r", "pin": PIN});
                json!({"ticket": ids.get("ticket"), "list": ids.get("list"), "reason": "r", "override": by})
            },
        ],
        ("POST", "/v1/events/{id}/servings") => vec![
            |ids| json!({"ticket": ids.get("ticket"), "product": ids.get("beer"), "quantity": 1, "dry_run": true}),
            |ids| json!({"ticket": ids.get("ticket"), "product": ids.get("beer"), "quantity": 1}),
        ],
        ("POST", "/v1/events/{id}/undo") => vec![|ids| json!({"key": ids.get("act"), "operation": "scan"})],
        _ => panic!("{method} {path} has no request in {}", file!()),
    }
}

/// A name that no zone has yet.
fn another() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    format!("N {}", NAMES.fetch_add(1, Ordering::Relaxed))
}
