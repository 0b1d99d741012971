//! How fast it is, measured: run with `cargo test --release -p cloud-sync --test pace -- --ignored --nocapture`.
//!
//! Bounds are asserted only here, on an optimised build and a quiet machine.

mod common;

use common::{START_S, Venue, ticket_id};
use std::time::{Duration, Instant};
use tidegate_core::feed::Cursor;

fn report(what: &str, took: Duration, bound: Duration) {
    println!("{what}: {:.1} ms", took.as_secs_f64() * 1e3);
    assert!(took < bound, "{what} took {took:?}, more than {bound:?}");
}

#[tokio::test]
#[ignore = "measures an optimised build"]
async fn ten_thousand_entries_are_durable_and_a_hundred_thousand_tickets_fed() {
    let venue = Venue::new().await;
    let mut orders = Vec::new();
    let started = Instant::now();
    for n in 0..100 {
        orders.push(venue.order(&format!("k{n}"), 1_000).await);
    }
    report("100 orders of 1,000 tickets, each order", started.elapsed() / 100, Duration::from_millis(400));
    let pay = format!("/v1/orders/{}/pay", orders[0]["id"].as_str().unwrap());
    let started = Instant::now();
    venue.cloud.post(&venue.organizer, &pay, serde_json::json!({"provider": "test"})).await.ok();
    report("paying an order of 1,000", started.elapsed(), Duration::from_millis(400));
    let mut gate = venue.device("gate-1", "gate").await;
    for place in 0..10_000 {
        let ticket = ticket_id(&orders[place / 1_000], place % 1_000);
        gate.admit(START_S + place as i64 / 5, ticket, 1);
    }
    let request = gate.request(gate.runs(1));
    let started = Instant::now();
    venue.cloud.exchange(&gate.identity, &request).await.ok().unwrap();
    report("10,000 entries in one exchange", started.elapsed(), Duration::from_millis(500));
    let started = Instant::now();
    venue.cloud.exchange(&gate.identity, &request).await.ok().unwrap();
    report("the same again", started.elapsed(), Duration::from_millis(500));
    pages(&venue, &gate).await;
    let path = format!("/v1/events/{}/attendance", venue.event);
    let started = Instant::now();
    venue.cloud.get(&venue.organizer, &path).await.ok();
    report("attendance over 10,000 entries", started.elapsed(), Duration::from_millis(500));
}

async fn pages(venue: &Venue, gate: &common::Device) {
    let app = &venue.cloud.app;
    let (event, started) = (gate.identity.event, Instant::now());
    let (mut cursor, mut rows, mut bytes) = (Cursor { epoch: app.epoch, revision: 0 }, 0, 0);
    let mut building = Duration::ZERO;
    loop {
        let from = cursor;
        let begun = Instant::now();
        let (pages, more) =
            app.read(move |tx, app| Box::pin(cloud_sync::feed::pages(tx, app, event, from))).await.unwrap();
        building += begun.elapsed();
        for page in &pages {
            let opened = page.open(&gate.feed_key, event, cursor).unwrap();
            rows += opened.rows.len();
            bytes += minicbor::to_vec(page).unwrap().len();
            cursor = opened.cursor();
        }
        if !more {
            break;
        }
    }
    assert!(rows >= 100_000);
    println!("{rows} rows, {} kB, read back too in {:?}", bytes / 1_000, started.elapsed());
    report("100,000 tickets as signed pages", building, Duration::from_secs(1));
}

#[tokio::test]
#[ignore = "measures an optimised build"]
async fn scans_at_the_desk_are_durable_in_milliseconds() {
    let venue = Venue::new().await;
    let order = venue.paid("k", 500).await;
    let path = format!("/v1/events/{}/scans", venue.event);
    let mut took = Vec::new();
    for place in 0..500 {
        let body = serde_json::json!({"code": order["tickets"][place]["code"], "list": venue.list});
        let started = Instant::now();
        venue.cloud.post(&venue.organizer, &path, body).await.ok();
        took.push(started.elapsed());
    }
    took.sort();
    report("a scan at the desk, median", took[250], Duration::from_millis(20));
    report("a scan at the desk, 99th of 100", took[495], Duration::from_millis(50));
}
