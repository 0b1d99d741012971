//! How fast it is, measured: run with `cargo test --profile dist -p cloud-sync --test cloud pace -- --ignored --nocapture`.
//!
//! Bounds are asserted only here, on an optimised build and a quiet machine. Both databases wait for their disk
//! at every commit.

use crate::common::{START_S, Venue, backend, ticket_id};
use cloud_sync::report::export::{Format, Wanted, write};
use cloud_sync::report::rows::Grouping;
use cloud_sync::store::events;
use std::time::{Duration, Instant};
use tidegate_core::feed::Cursor;
use tidegate_core::id::{ListId, TicketId};
use tidegate_core::journal::kind::{Admission, Exit, Kind, Refusal, Undo};

fn report(what: &str, took: Duration, bound: Duration) {
    println!("{}: {what}: {:.1} ms", backend::name(), took.as_secs_f64() * 1e3);
    assert!(took < bound, "{what} took {took:?}, more than {bound:?}");
}

async fn durable_venue() -> Venue {
    backend::durable();
    Venue::new().await
}

both!(
    #[ignore = "measures an optimised build"]
    ten_thousand_entries_are_durable_and_a_hundred_thousand_tickets_fed
);
async fn ten_thousand_entries_are_durable_and_a_hundred_thousand_tickets_fed() {
    let venue = durable_venue().await;
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

both!(
    #[ignore = "measures an optimised build"]
    a_start_is_made_in_time_after_half_a_million_entries
);
async fn a_start_is_made_in_time_after_half_a_million_entries() {
    let venue = durable_venue().await;
    let mut gates = Vec::new();
    for gate in 0..10 {
        gates.push(venue.device(&format!("gate-{gate}"), "gate").await);
    }
    let ticket =
        |number: u64| TicketId::from_i64((number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16) as i64).unwrap();
    let started = Instant::now();
    for number in 0..500_000_u64 {
        let gate = &mut gates[(number % 10) as usize];
        gate.admit(START_S + number as i64 / 50, ticket(number), 1);
    }
    for gate in &gates {
        for part in gate.runs(1).chunks(40) {
            venue.cloud.exchange(&gate.identity, &gate.request(part.to_vec())).await.ok().unwrap();
        }
    }
    println!("{}: 500,000 entries taken in {:.1} s", backend::name(), started.elapsed().as_secs_f64());
    let start = async |what: &str, bound| {
        let app = &venue.cloud.app;
        let epoch = app.read(|tx, app| Box::pin(app.epoch(tx))).await.unwrap();
        let started = Instant::now();
        let place = (gates[0].identity.event, epoch);
        let parts = cloud_sync::start::parts(app, place, &[], cloud_sync::start::Wanted::Next).await.unwrap().0;
        let bytes: usize = parts.iter().map(tidegate_core::start::SignedPart::size).sum();
        report(&format!("{what}, {bytes} bytes"), started.elapsed(), bound);
    };
    start("a start after 500,000 entries, the first of a server", Duration::from_secs(4)).await;
    venue.cloud.pass(6);
    start("the next one", Duration::from_secs(1)).await;
    start("the same again", Duration::from_millis(20)).await;
}

async fn pages(venue: &Venue, gate: &crate::common::Device) {
    let app = &venue.cloud.app;
    let (event, started) = (gate.identity.event, Instant::now());
    let (mut cursor, mut rows, mut bytes) = (Cursor::default(), 0, 0);
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
    let (name, rate) = (backend::name(), rows as f64 / building.as_secs_f64());
    println!("{name}: {rows} rows, {} kB, read back too in {:?}", bytes / 1_000, started.elapsed());
    println!("{name}: {rate:.0} rows of the feed a second, signed");
    report("100,000 tickets as signed pages", building, Duration::from_secs(1));
}

both!(
    #[ignore = "measures an optimised build"]
    scans_at_the_desk_are_durable_in_milliseconds
);
async fn scans_at_the_desk_are_durable_in_milliseconds() {
    let venue = durable_venue().await;
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

/// A hundred thousand entries by ten devices in five hours: admissions, exits, refusals, undos.
async fn large_night(venue: &Venue) {
    let mut tickets: Vec<TicketId> = Vec::new();
    for n in 0..80 {
        let order = venue.order(&format!("k{n}"), 1_000).await;
        tickets.extend((0..1_000).map(|place| ticket_id(&order, place)));
    }
    for device in 0..10 {
        let mut own = venue.device(&format!("gate-{device}"), "gate").await;
        let (mut last, mut fresh) = (None, tickets.iter().skip(device * 8_000));
        for n in 0..10_000_i64 {
            let (at_s, list) = (START_S + n * 9 / 5, ListId(1));
            let gate = Some(format!("Gate {}", device / 2).into());
            let kind = match (n % 50, last) {
                (0..40, _) | (_, None) => {
                    let ticket = *fresh.next().unwrap();
                    Kind::Admission(Admission { gate, ..Admission::new(ticket, list) })
                }
                (40..45, Some((ticket, id))) => Kind::Exit(Exit { gate, ..Exit::new(ticket, list, vec![id]) }),
                (45..49, Some((ticket, _))) => {
                    Kind::Refusal(Refusal { ticket: Some(ticket), list: Some(list), gate, code: "used".into() })
                }
                (_, Some((ticket, target))) => Kind::Annul(Undo { ticket, target }),
            };
            let admitted = matches!(kind, Kind::Admission(_));
            let ticket = kind.ticket();
            let id = own.write(at_s, kind);
            last = if admitted { ticket.map(|ticket| (ticket, id)) } else { last };
        }
        assert!(
            venue.cloud.exchange(&own.identity, &own.request(own.runs(1))).await.ok().unwrap().rejected.is_empty()
        );
    }
}

/// Kilobytes of memory in use now, and at most since [`forget_peak`].
fn memory_kb() -> (i64, i64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let number = |name: &str| line(name).split_whitespace().nth(1).unwrap().parse().unwrap();
    (number("VmRSS:"), number("VmHWM:"))
}

/// Linux forgets the most that a process ever used.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[tokio::test]
#[ignore = "measures an optimised build"]
async fn attendance_over_a_hundred_thousand_entries() {
    let venue = Venue::new().await;
    large_night(&venue).await;
    let (app, event) = (&venue.cloud.app, venue.event_id());
    let event = app.read(move |tx, _| Box::pin(async move { Ok(events::get(tx, event).await?) })).await;
    let event = event.unwrap().unwrap();
    let kinds = [
        ("nothing, to fill the caches", Format::Json, None),
        ("JSON", Format::Json, None),
        ("CSV by five minutes", Format::Csv, None),
        ("CSV by scan", Format::Csv, Some(Grouping::Scan)),
        ("XLSX", Format::Xlsx, None),
        ("SVG", Format::Svg, None),
    ];
    for (name, format, by) in kinds {
        let (wanted, event) = (Wanted::new(format, by, None).unwrap(), event.clone());
        let mut file = tempfile::tempfile().unwrap();
        let out = file.try_clone().unwrap();
        let (before, _) = memory_kb();
        forget_peak();
        let started = Instant::now();
        let written = app.read(move |tx, app| {
            Box::pin(async move {
                let mut out = out;
                write(tx, app, &event, &wanted, &mut out).await
            })
        });
        written.await.unwrap();
        let took = started.elapsed();
        let bytes = std::io::Seek::stream_position(&mut file).unwrap();
        let more = (memory_kb().1 - before) / 1_000;
        println!("{}: {name}: {} kB, at most {more} MB more in use", backend::name(), bytes / 1_000);
        report(&format!("attendance over 100,000 entries: {name}"), took, Duration::from_secs(5));
    }
}
