//! What tickets carry for the door: questions and answers, variations, add-ons, short
//! codes and their pictures, and closing times in the totals.

use crate::common::{Venue, new_event, ticket_id};
use cloud_sync::app::Life;
use serde_json::{Value, json};
use tidegate_core::catalogue::TicketRow;
use tidegate_core::feed::{Change, Cursor};
use tidegate_core::fold::totals::inside;
use tidegate_core::id::{EventId, ListId};
use tidegate_core::time::Timestamp;

fn question(id: &str) -> Value {
    json!({"id": id, "text": "Wristband size", "required": true, "at_checkin": true})
}

async fn patch_event(venue: &Venue, body: Value) -> crate::common::Answer {
    venue.cloud.patch(&venue.organizer, &format!("/v1/events/{}", venue.event), body).await
}

async fn ask(venue: &Venue, key: &str, item: Value) -> crate::common::Answer {
    let body = json!({"event": venue.event, "email": "ana@example.org", "items": [item]});
    venue.cloud.keyed(&venue.organizer, "/v1/orders", key, body).await
}

async fn sold(venue: &Venue, key: &str, item: Value) -> Value {
    let order = ask(venue, key, item).await.ok();
    let pay = format!("/v1/orders/{}/pay", order["id"].as_str().unwrap());
    venue.cloud.post(&venue.organizer, &pay, json!({"provider": "test"})).await.ok()["tickets"][0].clone()
}

async fn scan(venue: &Venue, body: Value) -> crate::common::Answer {
    let mut body = body;
    if body["list"].is_null() {
        body["list"] = json!(venue.list);
    }
    venue.cloud.post(&venue.organizer, &format!("/v1/events/{}/scans", venue.event), body).await
}

#[track_caller]
fn check(answer: &Value, verdict: &str, code: &str) {
    assert_eq!((answer["verdict"].as_str(), answer["code"].as_str()), (Some(verdict), Some(code)), "{answer}");
}

both!(questions_have_limits_and_an_event_replaces_them_all);
async fn questions_have_limits_and_an_event_replaces_them_all() {
    let venue = Venue::new().await;
    for questions in [
        json!([question("")]),
        json!([question(&"q".repeat(41))]),
        json!([question("q"), question("q")]),
        json!([{"id": "q", "text": "x".repeat(201)}]),
        (0..51).map(|n| question(&format!("q{n}"))).collect(),
    ] {
        patch_event(&venue, json!({ "questions": questions })).await.refused(422, "invalid");
    }
    let nobodys = json!([{"id": "q", "text": "x", "products": ["prd_none"]}]);
    patch_event(&venue, json!({ "questions": nobodys })).await.refused(404, "not_found");
    let all: Value = (0..50).map(|n| question(&format!("q{n}"))).collect();
    assert_eq!(patch_event(&venue, json!({ "questions": all })).await.ok()["questions"], all);
    let one = json!([{"id": "size", "text": "Size?", "required": false, "at_checkin": true, "products": [venue.ticket]}]);
    assert_eq!(patch_event(&venue, json!({ "questions": one })).await.ok()["questions"], one);
    assert_eq!(patch_event(&venue, json!({"name": "Day"})).await.ok()["questions"], one);
}

both!(the_desk_asks_and_remembers_and_a_key_covers_the_answers);
async fn the_desk_asks_and_remembers_and_a_key_covers_the_answers() {
    let venue = Venue::new().await;
    patch_event(&venue, json!({"questions": [question("size")]})).await.ok();
    let ticket = sold(&venue, "k", json!({"product": venue.ticket})).await;
    let with = |answers: Value| json!({"code": ticket["code"], "key": "a", "answers": answers});
    let asked = scan(&venue, with(json!({}))).await.ok();
    check(&asked, "ask", "question");
    assert_eq!(asked["questions"], json!([{"id": "size", "text": "Wristband size", "required": true}]));
    check(&scan(&venue, with(json!({"size": " "}))).await.ok(), "ask", "question");
    check(&scan(&venue, with(json!({"size": "M"}))).await.ok(), "admit", "ok");
    assert_eq!(scan(&venue, with(json!({"size": "M"}))).await.ok()["repeated"], true);
    check(&scan(&venue, with(json!({"size": "L"}))).await.ok(), "refuse", "key_reused");
    scan(&venue, with(json!({"size": "x".repeat(1_000)}))).await.refused(422, "invalid");
    let many: serde_json::Map<String, Value> = (0..21).map(|n| (format!("q{n}"), json!("x"))).collect();
    scan(&venue, with(Value::Object(many))).await.refused(422, "invalid");
}

both!(answers_given_when_buying_are_shown_and_not_asked_again);
async fn answers_given_when_buying_are_shown_and_not_asked_again() {
    let venue = Venue::new().await;
    patch_event(&venue, json!({"questions": [question("size")]})).await.ok();
    let item = |answers: Value| json!({"product": venue.ticket, "answers": answers});
    ask(&venue, "a", item(json!({"colour": "red"}))).await.refused(422, "invalid");
    ask(&venue, "b", item(json!({"size": "x".repeat(4_000)}))).await.refused(422, "invalid");
    let ticket = sold(&venue, "c", item(json!({"size": "M"}))).await;
    assert_eq!(ticket["answers"], json!({"size": "M"}));
    check(&scan(&venue, json!({"code": ticket["code"]})).await.ok(), "admit", "ok");
}

both!(variations_are_numbered_for_the_event_and_belong_to_their_product);
async fn variations_are_numbered_for_the_event_and_belong_to_their_product() {
    let venue = Venue::new().await;
    let (cloud, token) = (&venue.cloud, &venue.organizer);
    let path = format!("/v1/products/{}", venue.ticket);
    let product = json!({"event": venue.event, "name": "Shirt", "kind": "ticket", "price_minor": 0,
        "variations": ["small", "large"]});
    let shirt = cloud.post(token, "/v1/products", product).await.ok();
    let more = cloud.patch(token, &path, json!({"add_variations": ["child"]})).await.ok();
    assert_eq!(more["variations"], json!([{"number": 3, "name": "child"}]));
    for bad in [json!(["child"]), json!([""]), (0..100).map(|n| json!(format!("v{n}"))).collect()] {
        cloud.patch(token, &path, json!({ "add_variations": bad })).await.refused(422, "invalid");
    }
    let more = cloud.patch(token, &path, json!({"add_variations": ["adult"]})).await.ok();
    assert_eq!(more["variations"][1]["number"], 4, "what was refused drew no number");
    ask(&venue, "a", json!({"product": venue.ticket, "variation": 1})).await.refused(422, "invalid");
    let ticket = sold(&venue, "b", json!({"product": venue.ticket, "variation": 3})).await;
    assert_eq!(ticket["variation"], 3);
    let place = format!("/v1/tickets/{}", ticket["id"].as_str().unwrap());
    cloud.patch(token, &place, json!({"variation": 2})).await.refused(422, "invalid");
    let moved = cloud.patch(token, &place, json!({"product": shirt["id"]})).await.ok();
    assert!(moved["variation"].is_null(), "another product has other variations");
}

both!(add_ons_belong_to_a_ticket_of_the_event_that_is_none_itself);
async fn add_ons_belong_to_a_ticket_of_the_event_that_is_none_itself() {
    let venue = Venue::new().await;
    let main = sold(&venue, "m", json!({"product": venue.ticket})).await;
    let to = |id: &Value| json!({"product": venue.ticket, "addon_to": id});
    let one = sold(&venue, "a", to(&main["id"])).await;
    assert_eq!(one["addon_to"], main["id"]);
    ask(&venue, "b", to(&one["id"])).await.refused(422, "invalid");
    ask(&venue, "c", to(&json!("tkt_none"))).await.refused(404, "not_found");
    let cloud = &venue.cloud;
    // Another organizer's ticket, and one of another event, are not there.
    let rival = cloud.post(&cloud.admin, "/v1/organizers", json!({"name": "Rival"})).await.ok();
    let rival = rival["token"].as_str().unwrap();
    for (token, name) in [(rival, "Theirs"), (venue.organizer.as_str(), "Matinee")] {
        let event = new_event(cloud, token, name).await;
        let product = json!({"event": event, "name": "N", "kind": "ticket", "price_minor": 0});
        let product = cloud.post(token, "/v1/products", product).await.ok();
        let items = json!([{"product": product["id"], "addon_to": main["id"]}]);
        let order = json!({"event": event, "items": items});
        cloud.keyed(token, "/v1/orders", name, order).await.refused(404, "not_found");
    }
    let customer = venue.token("customer").await;
    let order = json!({"event": venue.event, "items": [to(&main["id"])]});
    cloud.keyed(&customer, "/v1/orders", "d", order).await.refused(404, "not_found");
    let many = json!({"product": venue.ticket, "addon_to": main["id"], "quantity": 50});
    ask(&venue, "e", many).await.refused(422, "invalid");
    // One has come; two items of one order are counted together.
    let some = json!({"product": venue.ticket, "addon_to": main["id"], "quantity": 25});
    let order = |items: Value| json!({"event": venue.event, "items": items});
    cloud.keyed(&venue.organizer, "/v1/orders", "f", order(json!([some, some]))).await.refused(422, "invalid");
    let fewer = json!({"product": venue.ticket, "addon_to": main["id"], "quantity": 24});
    cloud.keyed(&venue.organizer, "/v1/orders", "g", order(json!([some, fewer]))).await.ok();
    ask(&venue, "h", to(&main["id"])).await.refused(422, "invalid");
}

both!(a_main_ticket_lets_its_add_on_in);
async fn a_main_ticket_lets_its_add_on_in() {
    let venue = Venue::new().await;
    let (cloud, token) = (&venue.cloud, &venue.organizer);
    let workshop = json!({"event": venue.event, "name": "Workshop", "kind": "ticket", "price_minor": 0});
    let workshop = cloud.post(token, "/v1/products", workshop).await.ok()["id"].clone();
    let list = json!({"event": venue.event, "name": "Workshop", "products": [workshop], "addon_match": true});
    let list = cloud.post(token, "/v1/lists", list).await.ok()["id"].clone();
    let main = sold(&venue, "m", json!({"product": venue.ticket})).await;
    let here = json!({"code": main["code"], "list": list});
    check(&scan(&venue, here.clone()).await.ok(), "refuse", "not_on_list");
    let one = sold(&venue, "a", json!({"product": workshop, "addon_to": main["id"]})).await;
    let two = sold(&venue, "b", json!({"product": workshop, "addon_to": main["id"]})).await;
    let asked = scan(&venue, here.clone()).await.ok();
    check(&asked, "ask", "ambiguous");
    assert_eq!(asked["choices"].as_array().unwrap().len(), 2);
    cloud.post(token, &format!("/v1/tickets/{}/cancel", two["id"].as_str().unwrap()), json!({})).await.ok();
    let admitted = scan(&venue, here.clone()).await.ok();
    check(&admitted, "admit", "ok");
    assert_eq!(admitted["admitted_ticket"], one["id"]);
    check(&scan(&venue, here).await.ok(), "refuse", "used");
}

both!(a_short_code_finds_its_ticket_and_guessing_is_slowed_down);
async fn a_short_code_finds_its_ticket_and_guessing_is_slowed_down() {
    let venue = Venue::new().await;
    let ticket = sold(&venue, "k", json!({"product": venue.ticket})).await;
    let short = ticket["short_code"].as_str().unwrap().to_owned();
    assert_eq!(short.len(), 9);
    let customer = venue.token("customer").await;
    let order = json!({"event": venue.event, "items": [{"product": venue.ticket}]});
    let unpaid = venue.cloud.keyed(&customer, "/v1/orders", "c", order).await.ok();
    assert!(unpaid["tickets"][0]["short_code"].is_null(), "as hidden as the code");
    let typed = short.replace('-', " ").to_lowercase();
    check(&scan(&venue, json!({ "code": typed })).await.ok(), "admit", "ok");
    let place = format!("/v1/tickets/{}/reissue", ticket["id"].as_str().unwrap());
    let newer = venue.cloud.post(&venue.organizer, &place, json!({})).await.ok();
    assert_ne!(newer["short_code"], json!(short), "a new code has another");
    check(&scan(&venue, json!({ "code": short })).await.ok(), "refuse", "not_a_ticket");
    let serving = json!({"code": newer["short_code"], "product": venue.beer, "quantity": 1});
    let servings = format!("/v1/events/{}/servings", venue.event);
    check(&venue.cloud.post(&venue.organizer, &servings, serving).await.ok(), "serve", "ok");
    for _ in 0..29 {
        scan(&venue, json!({"code": "0000-0000"})).await.ok();
    }
    let slow = scan(&venue, json!({"code": newer["short_code"]})).await.refused(429, "slow_down");
    assert!(slow["retry_after"].as_u64().unwrap() >= 1);
    check(&scan(&venue, json!({"code": newer["code"]})).await.ok(), "refuse", "used");
    let other = venue.token("employee").await;
    let body = json!({"code": newer["short_code"], "list": venue.list});
    let scans = format!("/v1/events/{}/scans", venue.event);
    check(&venue.cloud.post(&other, &scans, body).await.ok(), "refuse", "used");
    venue.cloud.pass(2);
    check(&scan(&venue, json!({"code": newer["short_code"]})).await.ok(), "refuse", "used");
}

async fn rows(venue: &Venue, from: Cursor, device: &crate::common::Device) -> (Vec<TicketRow>, Cursor) {
    let (changes, cursor) = venue.feed(device, from).await;
    let ticket = |change| match change {
        Change::Ticket(row) => Some(*row),
        _ => None,
    };
    (changes.into_iter().filter_map(ticket).collect(), cursor)
}

both!(devices_learn_what_doors_need);
async fn devices_learn_what_doors_need() {
    let venue = Venue::new().await;
    patch_event(&venue, json!({"questions": [question("size")]})).await.ok();
    let path = format!("/v1/products/{}", venue.ticket);
    venue.cloud.patch(&venue.organizer, &path, json!({"add_variations": ["child"]})).await.ok();
    let rules = json!({"rules": {"<": [{"var": "entries_number"}, 3]}, "addon_match": true,
        "auto_exit_at": "2026-11-20T05:00:00+01:00"});
    venue.cloud.patch(&venue.organizer, &format!("/v1/lists/{}", venue.list), rules).await.ok();
    let main = sold(&venue, "m", json!({"product": venue.ticket})).await;
    let item = json!({"product": venue.ticket, "variation": 1, "addon_to": main["id"], "answers": {"size": "M"}});
    let add_on = sold(&venue, "a", item).await;
    let device = venue.device("gate-1", "gate").await;
    let (changes, _) = venue.feed(&device, Cursor::default()).await;
    let mut seen = 0;
    for change in changes {
        match change {
            Change::Event(event) => {
                seen += 1;
                assert_eq!(event.questions.len(), 1);
            }
            Change::Product(product) if product.name == "Entry" => {
                seen += 1;
                assert_eq!(product.variations[0].name, "child");
            }
            Change::List(list) => {
                seen += 1;
                assert!(list.addon_match && list.auto_exit_at.is_some());
                assert_eq!(list.rules.unwrap().text(), r#"{"<":[{"var":"entries_number"},3]}"#);
            }
            Change::Ticket(row) if row.addon_to.is_some() => {
                seen += 1;
                assert_eq!(row.email.as_deref(), Some("ana@example.org"));
                assert_eq!(row.spoken.unwrap().to_string(), add_on["short_code"].as_str().unwrap());
                assert_eq!((row.variation.unwrap().0, row.answers[0].text.as_str()), (1, "M"));
                assert_eq!(row.addon_to.unwrap().to_string(), main["id"].as_str().unwrap());
            }
            _ => {}
        }
    }
    assert_eq!(seen, 4);
}

both!(tickets_sold_by_an_earlier_version_get_their_short_codes_at_the_next_start);
async fn tickets_sold_by_an_earlier_version_get_their_short_codes_at_the_next_start() {
    let venue = Venue::new().await;
    let order = venue.paid("k", 3).await;
    let device = venue.device("gate-1", "gate").await;
    let (_, cursor) = rows(&venue, Cursor::default(), &device).await;
    let forget = venue
        .cloud
        .app
        .store
        .write(|tx| Box::pin(async move { tx.execute("UPDATE tickets SET spoken = NULL", &[]).await }));
    assert_eq!(forget.await.unwrap(), 3);
    for expect in [3, 0] {
        drop(venue.cloud.again(Life::Same).await);
        let (again, _) = rows(&venue, cursor, &device).await;
        assert_eq!(again.iter().filter(|row| row.spoken.is_some()).count(), 3);
        let revisions = venue.cloud.app.read({
            let event = venue.event_id();
            move |tx, _| Box::pin(async move { Ok(cloud_sync::store::feed::revisions(tx, event).await?) })
        });
        let newest = revisions.await.unwrap().unwrap().newest;
        assert_eq!(newest - cursor.revision, 3, "{expect}: published once");
    }
    let shown = venue.cloud.get(&venue.organizer, &format!("/v1/tickets/{}", ticket_id(&order, 0))).await.ok();
    assert_eq!(shown["short_code"], order["tickets"][0]["short_code"]);
}

both!(a_picture_is_read_by_a_machine_and_has_the_short_code_beneath);
async fn a_picture_is_read_by_a_machine_and_has_the_short_code_beneath() {
    let venue = Venue::new().await;
    let ticket = sold(&venue, "k", json!({"product": venue.ticket})).await;
    let place = format!("/v1/tickets/{}/qr", ticket["id"].as_str().unwrap());
    let png = venue.cloud.get(&venue.organizer, &format!("{place}.png")).await;
    let picture = image::load_from_memory(&png.body).unwrap().to_luma8();
    assert!(picture.height() > picture.width(), "the short code has its own room");
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let at = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32).0[0];
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, at);
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1);
    assert_eq!(grids[0].decode().unwrap().1, ticket["code"].as_str().unwrap());
    let svg = venue.cloud.get(&venue.organizer, &format!("{place}.svg")).await;
    let svg = String::from_utf8(svg.body).unwrap();
    assert!(
        svg.contains(&format!(r#"viewBox="0 0 {width} {height}""#)) && !svg.contains("<text"),
        "no font needed"
    );
}

/// Who is inside and who was put out at closing time, by the totals.
async fn by_totals(venue: &Venue) -> ((i64, i64), Vec<String>) {
    let event: EventId = venue.event_id();
    let totals = venue
        .cloud
        .app
        .read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::books::totals(tx, event).await?) }));
    let totals = totals.await.unwrap();
    let stored = totals.iter().map(|(name, amount)| (name.as_str(), *amount));
    let names = totals.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with("inside/"));
    (inside(ListId(1), stored, venue.cloud.now()), names.collect())
}

async fn by_report(venue: &Venue) -> (i64, i64) {
    let path = format!("/v1/events/{}/attendance", venue.event);
    let list = venue.cloud.get(&venue.organizer, &path).await.ok()["lists"][0].clone();
    (list["inside"].as_i64().unwrap(), list["exits"].as_i64().unwrap())
}

both!(a_report_is_another_once_a_closing_time_has_passed);
async fn a_report_is_another_once_a_closing_time_has_passed() {
    let venue = Venue::new().await;
    let ticket = sold(&venue, "a", json!({"product": venue.ticket})).await;
    check(&scan(&venue, json!({"code": ticket["code"]})).await.ok(), "admit", "ok");
    let closing = json!({"auto_exit_at": "2026-11-20T01:00:00Z"}); // seven hours from now
    venue.cloud.patch(&venue.organizer, &format!("/v1/lists/{}", venue.list), closing).await.ok();
    let path = format!("/v1/events/{}/attendance", venue.event);
    for inside in [1, 0] {
        let report = venue.cloud.get(&venue.organizer, &path).await;
        let tag = report.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(report.json()["totals"]["inside"], inside);
        venue.cloud.pass(7 * 3600 - 1);
        assert_eq!(venue.cloud.get_unless(&venue.organizer, &path, &tag).await.status, 304);
        venue.cloud.pass(1);
        let status = if inside == 1 { 200 } else { 304 };
        assert_eq!(venue.cloud.get_unless(&venue.organizer, &path, &tag).await.status, status);
    }
}

both!(closing_times_are_in_the_report_and_the_totals_and_move_with_the_list_and_the_zone);
async fn closing_times_are_in_the_report_and_the_totals_and_move_with_the_list_and_the_zone() {
    let venue = Venue::new().await;
    let list = format!("/v1/lists/{}", venue.list);
    let first = sold(&venue, "a", json!({"product": venue.ticket})).await;
    check(&scan(&venue, json!({"code": first["code"]})).await.ok(), "admit", "ok");
    assert_eq!((by_report(&venue).await, by_totals(&venue).await.0), ((1, 0), (1, 0)));
    // Two in the night in Berlin, eight in the evening in New York.
    let closing = json!({"auto_exit_at": "2026-11-20T01:00:00Z"});
    venue.cloud.patch(&venue.organizer, &list, closing.clone()).await.ok();
    let until = |text: &str| format!("inside/1/{}", Timestamp::parse(text).unwrap().0);
    assert_eq!(by_totals(&venue).await, ((1, 0), vec![until("2026-11-20T01:00:00Z")]));
    venue.cloud.pass(7 * 3600);
    assert_eq!((by_report(&venue).await, by_totals(&venue).await.0), ((0, 1), (0, 1)));
    venue.cloud.patch(&venue.organizer, &list, json!({"auto_exit_at": null})).await.ok();
    assert_eq!((by_report(&venue).await, by_totals(&venue).await.0), ((1, 0), (1, 0)));
    venue.cloud.patch(&venue.organizer, &list, closing).await.ok();
    // In March America's clocks have changed and Europe's have not.
    let spring = json!({"code": first["code"], "at": "2027-03-20T12:00:00Z"});
    check(&scan(&venue, spring).await.ok(), "admit", "ok");
    let (_, names) = by_totals(&venue).await;
    assert_eq!(names, [until("2026-11-20T01:00:00Z"), until("2027-03-21T01:00:00Z")]);
    patch_event(&venue, json!({"timezone": "America/New_York"})).await.ok();
    let (_, names) = by_totals(&venue).await;
    assert_eq!(names, [until("2026-11-20T01:00:00Z"), until("2027-03-21T00:00:00Z")]);
}

both!(a_series_keeps_its_numbers_and_a_start_may_be_unsettled);
async fn a_series_keeps_its_numbers_and_a_start_may_be_unsettled() {
    let venue = Venue::new().await;
    let patch = async |body: Value| patch_event(&venue, body).await;
    let (friday, saturday) = ("2026-11-20T20:00:00Z", "2026-11-21T20:00:00Z");
    let both = json!({"dates": [{"starts_at": friday}, {"number": 2, "starts_at": saturday}]});
    let made = patch(both).await.ok();
    assert_eq!((&made["dates"][1]["number"], &made["dates"][1]["starts_at"]), (&json!(2), &json!(saturday)));
    for dates in [
        json!([{"number": 2, "starts_at": saturday}, {"number": 1, "starts_at": friday}]),
        json!([{"number": 1, "starts_at": friday}, {"number": 1, "starts_at": saturday}]),
        json!([{"number": 1, "starts_at": friday}]),
    ] {
        patch(json!({ "dates": dates })).await.refused(422, "invalid");
    }
    let unsettled = patch(json!({"starts_at": null})).await.ok();
    assert!(unsettled["starts_at"].is_null() && unsettled["dates"][0]["starts_at"] == friday);
    patch(json!({"starts_at": saturday, "ends_at": friday})).await.refused(422, "invalid");
    assert_eq!(patch(json!({"starts_at": friday, "ends_at": null})).await.ok()["starts_at"], friday);
}
