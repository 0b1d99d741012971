//! One event with something of everything the first release had, told through its API.
//!
//! The first release ran this once: its database and its answers are kept beside this
//! file. Today's program runs it on a new database. It therefore uses only what the
//! first release knew.

use crate::common::{Cloud, Device, START_S, Venue, ticket_id};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

/// What whoever goes on needs: names, tokens, orders, and the gate's keys.
pub async fn told(venue: &Venue) -> Value {
    let (cloud, organizer, event) = (&venue.cloud, &venue.organizer, &venue.event);
    let vip = json!({"event": event, "name": "VIP", "kind": "ticket", "price_minor": 9_000});
    let vip = cloud.post(organizer, "/v1/products", vip).await.ok()["id"].clone();
    let list = json!({"event": event, "name": "VIP door", "products": [vip], "ask_unlisted": true});
    let vip_door = cloud.post(organizer, "/v1/lists", list).await.ok()["id"].clone();
    for (name, may) in [("ana", true), ("bob", false)] {
        let staff = json!({"event": event, "name": name, "pin": "123456", "may_override": may});
        cloud.post(organizer, "/v1/staff", staff).await.ok();
    }
    let employee = venue.token("employee").await;
    let orders = orders(venue, &vip).await;
    let series = series(venue).await;
    let gate = doors(venue, &orders).await;
    desk(venue, &employee, &orders).await;
    cloud.post(organizer, "/v1/keys", json!({"event": event})).await.ok();
    let later = order(venue, "later", json!({"product": vip, "holder": "Chris", "note": "band"}), true).await;
    let theatre = cloud.post(&cloud.admin, "/v1/organizers", json!({"name": "Theatre"})).await.ok();
    json!({
        "admin": cloud.admin, "organizer": organizer, "employee": employee, "theatre": theatre["token"],
        "event": event, "series": series, "ticket": venue.ticket, "beer": venue.beer, "vip": vip,
        "list": venue.list, "vip_door": vip_door, "sold": orders["sold"], "waits": orders["waits"], "later": later,
        "gate": gate,
    })
}

/// Everything that the office can read of the event.
pub async fn read(cloud: &Cloud, told: &Value) -> Value {
    let (token, event) = (told["organizer"].as_str().unwrap(), told["event"].as_str().unwrap());
    let mut all = serde_json::Map::new();
    for noun in ["attendance", "conflicts", "journals", "entries"] {
        let path = format!("/v1/events/{event}/{noun}");
        all.insert(noun.to_owned(), cloud.get(token, &path).await.ok());
    }
    for noun in ["products", "lists", "orders", "tickets", "devices", "staff", "keys"] {
        let path = format!("/v1/{noun}?event={event}&limit=1000");
        all.insert(noun.to_owned(), cloud.get(token, &path).await.ok());
    }
    all.insert("events".to_owned(), cloud.get(token, "/v1/events").await.ok());
    Value::Object(all)
}

async fn order(venue: &Venue, key: &str, item: Value, pay: bool) -> Value {
    let body = json!({"event": venue.event, "email": "ana@example.org", "items": [item]});
    let order = venue.cloud.keyed(&venue.organizer, "/v1/orders", key, body).await.ok();
    let moved = if pay { moved(venue, &order, "pay", json!({"provider": "test"})).await } else { Value::Null };
    if pay { moved } else { order }
}

async fn moved(venue: &Venue, order: &Value, verb: &str, body: Value) -> Value {
    let path = format!("/v1/orders/{}/{verb}", order["id"].as_str().unwrap());
    venue.cloud.post(&venue.organizer, &path, body).await.ok()
}

/// Orders in every state, and tickets that were changed in every way.
async fn orders(venue: &Venue, vip: &Value) -> Value {
    let (cloud, organizer) = (&venue.cloud, &venue.organizer);
    let sold = order(venue, "sold", json!({"product": venue.ticket, "quantity": 10}), true).await;
    let waits = order(venue, "waits", json!({"product": venue.ticket, "needs_approval": true}), false).await;
    order(venue, "guest", json!({"product": vip, "valid_if_pending": true}), false).await;
    let gone = order(venue, "gone", json!({"product": venue.ticket}), false).await;
    moved(venue, &gone, "cancel", json!({})).await;
    let late = order(venue, "late", json!({"product": venue.ticket}), false).await;
    moved(venue, &late, "expire", json!({})).await;
    let back = order(venue, "back", json!({"product": venue.ticket, "quantity": 2}), true).await;
    moved(venue, &back, "refund", json!({"tickets": [back["tickets"][0]["id"]]})).await;
    let place = |n: usize| format!("/v1/tickets/{}", ticket_id(&sold, n));
    cloud.patch(organizer, &place(6), json!({"valid_until": "2026-11-20T01:00:00Z"})).await.ok();
    cloud.post(organizer, &format!("{}/reissue", place(7)), json!({})).await.ok();
    cloud.post(organizer, &format!("{}/block", place(8)), json!({"reason": "lost"})).await.ok();
    cloud.post(organizer, &format!("{}/cancel", place(9)), json!({})).await.ok();
    let grant = json!({"ticket": sold["tickets"][3]["id"], "product": venue.beer, "units": 5});
    cloud.keyed(organizer, "/v1/grants", "grant", grant).await.ok();
    cloud.patch(organizer, &format!("/v1/products/{}", venue.beer), json!({"restock": 50})).await.ok();
    json!({"sold": sold, "waits": waits})
}

/// Another event, with dates, and a ticket for one of them.
async fn series(venue: &Venue) -> Value {
    let (cloud, organizer) = (&venue.cloud, &venue.organizer);
    let dates = json!([{"starts_at": "2026-12-01T19:00:00Z"}, {"starts_at": "2026-12-02T19:00:00Z"}]);
    let event = json!({"name": "Series", "timezone": "Europe/Vienna", "starts_at": "2026-12-01T19:00:00Z",
        "currency": "EUR", "dates": dates});
    let event = cloud.post(organizer, "/v1/events", event).await.ok()["id"].clone();
    let seat = json!({"event": event, "name": "Seat", "kind": "ticket", "price_minor": 3_000});
    let seat = cloud.post(organizer, "/v1/products", seat).await.ok()["id"].clone();
    let body = json!({"event": event, "items": [{"product": seat, "date": 2}]});
    cloud.keyed(organizer, "/v1/orders", "seat", body).await.ok();
    event
}

/// Devices in every state, and the journals of two gates and a bar.
async fn doors(venue: &Venue, orders: &Value) -> Value {
    let (cloud, organizer, sold) = (&venue.cloud, &venue.organizer, &orders["sold"]);
    let announced = json!({"event": venue.event, "name": "gate-3", "role": "gate"});
    cloud.post(organizer, "/v1/devices", announced).await.ok();
    let lost = venue.device("gate-4", "gate").await.identity.device;
    cloud.post(organizer, &format!("/v1/devices/{lost}/revoke"), json!({})).await.ok();
    let mut gate = venue.device("gate-1", "gate").await;
    let mut other = venue.device("gate-2", "gate").await;
    let mut bar = venue.device("bar-1", "bar").await;
    let device = bar.identity.device.to_string();
    let share = json!({"event": venue.event, "product": venue.beer, "device": device, "units": 20});
    cloud.keyed(organizer, "/v1/allotments", "share", share).await.ok();
    for place in 0..3 {
        gate.admit(START_S + 60 * place, ticket_id(sold, place as usize), 1);
    }
    other.admit(START_S + 30, ticket_id(sold, 0), 1);
    bar.serve(START_S + 90, ticket_id(sold, 0), 1, 1);
    let mut altered = other.run(1, 1);
    altered.entries[0][20] ^= 1;
    for (device, runs) in
        [(&other, vec![altered]), (&gate, gate.runs(1)), (&other, other.runs(1)), (&bar, bar.runs(1))]
    {
        cloud.exchange(&device.identity, &device.request(runs)).await.ok().unwrap();
    }
    let (_, cursor) = venue.feed(&gate, Default::default()).await;
    keys(venue, &gate, (HEXLOWER.encode(&cursor.epoch.0), cursor.revision))
}

fn keys(venue: &Venue, gate: &Device, (epoch, revision): (String, u64)) -> Value {
    json!({
        "key": HEXLOWER.encode(&gate.key.to_bytes()), "certificate": HEXLOWER.encode(&gate.certificate.to_bytes()),
        "ca": HEXLOWER.encode(&venue.cloud.app.ca.0), "feed_key": HEXLOWER.encode(&gate.feed_key.0),
        "epoch": epoch, "revision": revision,
    })
}

/// Scans, servings, an undo and an override at the cloud's own desk.
async fn desk(venue: &Venue, employee: &str, orders: &Value) {
    let code = |place: usize| orders["sold"]["tickets"][place]["code"].clone();
    let by = json!({"supervisor": "ana", "reason": "guest of the band", "pin": "123456"});
    let asked = [
        ("scans", json!({"code": code(3), "list": venue.list, "key": "in", "gate": "Box office"})),
        ("scans", json!({"code": code(4), "list": venue.list, "key": "wrong"})),
        ("undo", json!({"key": "wrong", "operation": "scan"})),
        ("scans", json!({"code": code(5), "list": venue.list})),
        ("scans", json!({"code": code(5), "list": venue.list, "direction": "exit"})),
        ("scans", json!({"code": code(0), "list": venue.list})),
        ("scans", json!({"code": code(1), "list": venue.list, "override": by})),
        ("scans", json!({"code": orders["waits"]["tickets"][0]["code"], "list": venue.list})),
        ("servings", json!({"code": code(3), "product": venue.beer, "quantity": 2, "key": "beer"})),
    ];
    for (verb, body) in asked {
        let path = format!("/v1/events/{}/{verb}", venue.event);
        venue.cloud.post(employee, &path, body).await.ok();
    }
}
