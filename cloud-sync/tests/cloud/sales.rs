//! Selling: orders, money, repeated requests, tickets and their codes.

use crate::common::{Venue, new_event, ticket_id};
use serde_json::{Value, json};
use tidegate_core::catalogue::{TicketRow, TicketStatus};
use tidegate_core::feed::Change;
use tidegate_core::id::TicketId;
use tidegate_core::ticket::{Identity, Keyring};

/// What the feed says of a ticket, and the keys it brings.
async fn fed(venue: &Venue, ticket: TicketId) -> (TicketRow, Keyring) {
    let name = format!("probe-{}", rand::random::<u32>());
    let device = venue.device(&name, "gate").await;
    let (changes, _) = venue.feed(&device, Default::default()).await;
    let (mut row, mut keyring) = (None, Keyring::default());
    for change in changes {
        match change {
            Change::Ticket(ticket_row) if ticket_row.id == ticket => row = Some(*ticket_row),
            Change::Key(key) => keyring.insert(key),
            _ => {}
        }
    }
    (row.expect("the feed has the ticket"), keyring)
}

fn path(order: &Value, verb: &str) -> String {
    format!("/v1/orders/{}/{verb}", order["id"].as_str().unwrap())
}

both!(a_paid_ticket_is_genuine_and_its_row_says_so);
async fn a_paid_ticket_is_genuine_and_its_row_says_so() {
    let venue = Venue::new().await;
    let order = venue.order("k1", 2).await;
    assert_eq!((order["state"].as_str(), order["total_minor"].as_i64()), (Some("pending"), Some(5_000)));
    assert_eq!(fed(&venue, ticket_id(&order, 0)).await.0.status, TicketStatus::Pending);
    let paid = venue.cloud.post(&venue.organizer, &path(&order, "pay"), json!({"provider": "test"})).await.ok();
    assert_eq!((paid["state"].as_str(), paid["moves"][1]["action"].as_str()), (Some("paid"), Some("pay")));
    let (row, keyring) = fed(&venue, ticket_id(&order, 1)).await;
    assert_eq!((row.status, row.credits[0].units), (TicketStatus::Paid, 2));
    let code = paid["tickets"][1]["code"].as_str().unwrap();
    assert!(matches!(keyring.identify(venue.event_id(), code), Identity::Genuine(g) if g.ticket().id == row.id));
}

both!(a_repeated_order_is_the_same_order_and_other_content_is_refused);
async fn a_repeated_order_is_the_same_order_and_other_content_is_refused() {
    let venue = Venue::new().await;
    let first = venue.order("same", 3).await;
    assert_eq!(venue.order("same", 3).await, first);
    let body = json!({"event": venue.event, "items": [{"product": venue.ticket, "quantity": 4}]});
    venue.cloud.keyed(&venue.organizer, "/v1/orders", "same", body.clone()).await.refused(409, "key_reused");
    venue.cloud.post(&venue.organizer, "/v1/orders", body.clone()).await.refused(400, "key_missing");
    let employee = venue.token("employee").await;
    let other = venue.cloud.keyed(&employee, "/v1/orders", "same", body).await.ok();
    assert_ne!(other["id"], first["id"], "keys belong to their caller");
    let all = venue.cloud.get(&venue.organizer, &format!("/v1/orders?event={}", venue.event)).await.ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

both!(orders_move_only_where_the_machine_leads);
async fn orders_move_only_where_the_machine_leads() {
    let venue = Venue::new().await;
    let pay = json!({"provider": "test"});
    let order = venue.paid("k1", 1).await;
    for verb in ["pay", "cancel", "expire"] {
        venue.cloud.post(&venue.organizer, &path(&order, verb), pay.clone()).await.refused(409, "order_state");
    }
    let order = venue.order("k2", 1).await;
    venue.cloud.post(&venue.organizer, &path(&order, "refund"), json!({})).await.refused(409, "order_state");
    let declined = json!({"provider": "test", "outcome": "decline"});
    venue.cloud.post(&venue.organizer, &path(&order, "pay"), declined).await.refused(402, "payment_declined");
    venue.cloud.post(&venue.organizer, &path(&order, "expire"), json!({})).await.ok();
    let expired = venue.cloud.get(&venue.organizer, path(&order, "").trim_end_matches('/')).await.ok();
    let actions: Vec<&str> =
        expired["moves"].as_array().unwrap().iter().map(|m| m["action"].as_str().unwrap()).collect();
    assert_eq!((expired["state"].as_str(), actions), (Some("expired"), vec!["place", "decline", "expire"]));
    assert_eq!(expired["tickets"][0]["status"], "cancelled");
}

both!(money_is_given_back_once_and_never_more_than_was_paid);
async fn money_is_given_back_once_and_never_more_than_was_paid() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 3).await;
    let refund = path(&order, "refund");
    let first = json!({"tickets": [order["tickets"][0]["id"]]});
    let part = venue.cloud.post(&venue.organizer, &refund, first.clone()).await.ok();
    assert_eq!((part["state"].as_str(), part["refunded_minor"].as_i64()), (Some("paid"), Some(2_500)));
    venue.cloud.post(&venue.organizer, &refund, first).await.refused(409, "already_refunded");
    let all = venue.cloud.post(&venue.organizer, &refund, json!({})).await.ok();
    assert_eq!((all["state"].as_str(), all["refunded_minor"].as_i64()), (Some("refunded"), Some(7_500)));
    assert_eq!(fed(&venue, ticket_id(&order, 2)).await.0.status, TicketStatus::Cancelled);
    venue.cloud.post(&venue.organizer, &refund, json!({})).await.refused(409, "already_refunded");
}

both!(totals_that_do_not_fit_and_too_many_positions_are_refused);
async fn totals_that_do_not_fit_and_too_many_positions_are_refused() {
    let venue = Venue::new().await;
    let dear =
        json!({"event": venue.event, "name": "Dear", "kind": "ticket", "price_minor": 1_000_000_000_000_i64});
    let dear = venue.cloud.post(&venue.organizer, "/v1/products", dear).await.ok();
    for items in [
        json!([{"product": dear["id"], "quantity": 2}]),
        json!([{"product": venue.ticket, "quantity": 1_001}]),
        json!([{"product": venue.ticket, "quantity": 0}]),
        json!([{"product": venue.beer}]),
        json!([]),
        json!([{"product": venue.ticket, "valid_from": "2026-11-19T20:00:00Z", "valid_until": "2026-11-19T19:00:00Z"}]),
    ] {
        let body = json!({"event": venue.event, "items": items});
        venue.cloud.keyed(&venue.organizer, "/v1/orders", "k", body).await.refused(422, "invalid");
    }
    let fraction = json!({"event": venue.event, "items": [{"product": venue.ticket, "valid_from": "2026-11-19T20:00:00.5Z"}]});
    venue.cloud.keyed(&venue.organizer, "/v1/orders", "k", fraction).await.refused(422, "does_not_fit_code");
}

both!(customers_see_their_own_orders_and_codes_once_paid);
async fn customers_see_their_own_orders_and_codes_once_paid() {
    let venue = Venue::new().await;
    let (one, other) = (venue.token("customer").await, venue.token("customer").await);
    let body = json!({"event": venue.event, "items": [{"product": venue.ticket, "quantity": 2}]});
    let order = venue.cloud.keyed(&one, "/v1/orders", "k", body).await.ok();
    let codes =
        |order: &Value| order["tickets"].as_array().unwrap().iter().filter(|t| t["code"].is_string()).count();
    assert_eq!(codes(&order), 0);
    let hidden = order["tickets"].as_array().unwrap().iter().find(|t| t["code"].is_null()).unwrap();
    let picture = format!("/v1/tickets/{}/qr.png", hidden["id"].as_str().unwrap());
    venue.cloud.get(&one, &picture).await.refused(409, "not_paid");
    venue.cloud.get(&other, &picture).await.refused(404, "not_found");
    let place = path(&order, "").trim_end_matches('/').to_owned();
    venue.cloud.get(&other, &place).await.refused(404, "not_found");
    let list = format!("/v1/tickets?event={}", venue.event);
    assert_eq!(venue.cloud.get(&other, &list).await.ok()["items"].as_array().unwrap().len(), 0);
    assert_eq!(venue.cloud.get(&one, &list).await.ok()["items"].as_array().unwrap().len(), 2);
    let pay = json!({"provider": "test"});
    venue.cloud.post(&one, &path(&order, "pay"), pay.clone()).await.refused(403, "test_payments_off");
    venue.cloud.post(&venue.organizer, &path(&order, "pay"), pay).await.ok();
    assert_eq!(codes(&venue.cloud.get(&one, &place).await.ok()), 2);
    let answer = venue.cloud.get(&one, &picture).await;
    assert_eq!((answer.status.as_u16(), answer.kind.as_str()), (200, "image/png"));
}

both!(customers_cannot_give_themselves_credits_or_entry_before_payment);
async fn customers_cannot_give_themselves_credits_or_entry_before_payment() {
    let venue = Venue::new().await;
    let one = venue.token("customer").await;
    for favour in [
        json!({"credits": [{"product": venue.beer, "units": 500}]}),
        json!({"valid_if_pending": true}),
        json!({"note": "let in"}),
    ] {
        let mut item = json!({"product": venue.ticket});
        item.as_object_mut().unwrap().extend(favour.as_object().unwrap().clone());
        let body = json!({"event": venue.event, "items": [item]});
        venue.cloud.keyed(&one, "/v1/orders", "k", body.clone()).await.refused(403, "not_allowed");
        venue.cloud.keyed(&venue.organizer, "/v1/orders", &favour.to_string(), body).await.ok();
    }
}

both!(what_takes_something_away_raises_the_counter_and_what_adds_does_not);
async fn what_takes_something_away_raises_the_counter_and_what_adds_does_not() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 1).await;
    let ticket = order["tickets"][0]["id"].as_str().unwrap();
    let one = format!("/v1/tickets/{ticket}");
    let check = async |change: Value, counter: u64| {
        let changed = venue.cloud.patch(&venue.organizer, &one, change).await.ok();
        assert_eq!(changed["counter"].as_u64(), Some(counter), "{changed}");
        changed
    };
    check(json!({"holder": "Ana", "note": "wheelchair"}), 0).await;
    check(json!({"valid_from": "2026-11-19T20:00:00Z"}), 1).await;
    check(json!({"valid_from": "2026-11-19T19:00:00Z"}), 1).await;
    check(json!({"valid_from": null}), 1).await;
    check(json!({"valid_until": "2026-11-20T01:00:00Z"}), 2).await;
    let changed = check(json!({"valid_until": "2026-11-20T02:00:00Z", "holder": null}), 2).await;
    assert!(changed["holder"].is_null() && changed["note"] == "wheelchair");
    let again = venue.cloud.post(&venue.organizer, &format!("{one}/reissue"), json!({})).await.ok();
    assert_eq!(again["counter"], 3);
    assert_ne!(again["code"], changed["code"]);
    let (row, keyring) = fed(&venue, ticket.parse().unwrap()).await;
    assert_eq!(row.counter, 3);
    let Identity::Genuine(genuine) = keyring.identify(venue.event_id(), again["code"].as_str().unwrap()) else {
        panic!("the new code is genuine")
    };
    assert_eq!((genuine.ticket().counter, genuine.ticket().window), (3, row.window));
    venue.cloud.patch(&venue.organizer, &one, json!({"colour": "red"})).await.refused(422, "bad_request");
}

both!(blocking_and_cancelling_reach_the_feed);
async fn blocking_and_cancelling_reach_the_feed() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 2).await;
    let (id, one) = (ticket_id(&order, 0), format!("/v1/tickets/{}", ticket_id(&order, 0)));
    venue.cloud.post(&venue.organizer, &format!("{one}/block"), json!({"reason": "stolen"})).await.ok();
    assert_eq!(fed(&venue, id).await.0.blocked.as_deref(), Some("stolen"));
    venue.cloud.post(&venue.organizer, &format!("{one}/unblock"), json!({})).await.ok();
    venue.cloud.post(&venue.organizer, &format!("{one}/cancel"), json!({})).await.ok();
    let row = fed(&venue, id).await.0;
    assert_eq!((row.blocked, row.status), (None, TicketStatus::Cancelled));
    assert_eq!(fed(&venue, ticket_id(&order, 1)).await.0.status, TicketStatus::Paid);
}

both!(a_grant_counts_once_and_raises_the_total);
async fn a_grant_counts_once_and_raises_the_total() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 1).await;
    let body = json!({"ticket": order["tickets"][0]["id"], "product": venue.beer, "units": 5});
    for _ in 0..2 {
        let granted = venue.cloud.keyed(&venue.organizer, "/v1/grants", "g", body.clone()).await.ok();
        assert_eq!(granted["credits"][0]["units"], 7);
    }
    let row = fed(&venue, ticket_id(&order, 0)).await.0;
    assert_eq!((row.credits[0].units, row.counter), (7, 0));
    let much = json!({"ticket": order["tickets"][0]["id"], "product": venue.beer, "units": 65_530});
    venue.cloud.keyed(&venue.organizer, "/v1/grants", "h", much).await.refused(422, "invalid");
}

both!(keys_rotate_without_touching_tickets_and_retire_with_their_codes);
async fn keys_rotate_without_touching_tickets_and_retire_with_their_codes() {
    let venue = Venue::new().await;
    let old = venue.paid("k1", 1).await;
    let keys = format!("/v1/keys?event={}", venue.event);
    let first = venue.cloud.get(&venue.organizer, &keys).await.ok()["items"][0].clone();
    let retire = format!("/v1/keys/{}/retire", first["id"].as_str().unwrap());
    venue.cloud.post(&venue.organizer, &retire, json!({})).await.refused(409, "key_signs");
    venue.cloud.post(&venue.organizer, "/v1/keys", json!({"event": venue.event})).await.ok();
    let new = venue.paid("k2", 1).await;
    let genuine = |keyring: &Keyring, order: &Value| {
        let code = order["tickets"][0]["code"].as_str().unwrap();
        matches!(keyring.identify(venue.event_id(), code), Identity::Genuine(_))
    };
    let keyring = fed(&venue, ticket_id(&old, 0)).await.1;
    assert!(genuine(&keyring, &old) && genuine(&keyring, &new));
    venue.cloud.post(&venue.organizer, &retire, json!({})).await.ok();
    let keyring = fed(&venue, ticket_id(&old, 0)).await.1;
    assert!(!genuine(&keyring, &old) && genuine(&keyring, &new));
}

both!(the_organizers_other_events_learn_each_others_keys_and_new_names);
async fn the_organizers_other_events_learn_each_others_keys_and_new_names() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 1).await;
    let other = new_event(&venue.cloud, &venue.organizer, "Matinee").await;
    venue.cloud.patch(&venue.organizer, &format!("/v1/events/{other}"), json!({"name": "Matinée"})).await.ok();
    let keyring = fed(&venue, ticket_id(&order, 0)).await.1;
    assert_eq!(keyring.len(), 2);
    let product = json!({"event": other, "name": "Seat", "kind": "ticket", "price_minor": 0});
    let product = venue.cloud.post(&venue.organizer, "/v1/products", product).await.ok();
    let body = json!({"event": other, "items": [{"product": product["id"]}]});
    let foreign = venue.cloud.keyed(&venue.organizer, "/v1/orders", "f", body).await.ok();
    let code = foreign["tickets"][0]["code"].as_str().unwrap();
    assert!(
        matches!(keyring.identify(venue.event_id(), code), Identity::Foreign { event, .. } if event == "Matinée")
    );
}

both!(lists_of_things_go_on_where_they_ended);
async fn lists_of_things_go_on_where_they_ended() {
    let venue = Venue::new().await;
    venue.order("k1", 7).await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/tickets?event={}&limit=3{after}", venue.event);
        let page = venue.cloud.get(&venue.organizer, &path).await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|t| t["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), unique.len()), (7, 7));
}
