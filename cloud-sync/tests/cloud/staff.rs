//! Badges of staff as the office issues, replaces and draws them, and whom entries name.

use crate::common::{Device, Venue};
use serde_json::{Value, json};
use tidegate_core::badge::{self, NotABadge};
use tidegate_core::catalogue::Catalogue;
use tidegate_core::feed::{Change, Cursor};

const PICTURES: [(&str, &str); 2] = [("badge.png", "image/png"), ("badge.svg", "image/svg+xml")];

async fn hire(venue: &Venue, name: &str) -> Value {
    let staff = json!({"event": venue.event, "name": name, "pin": "123456"});
    venue.cloud.post(&venue.organizer, "/v1/staff", staff).await.ok()
}

async fn issue(venue: &Venue, name: &str) -> crate::common::Answer {
    let path = format!("/v1/staff/{}/{name}/badge", venue.event);
    venue.cloud.post(&venue.organizer, &path, json!({})).await
}

async fn picture(venue: &Venue, name: &str, file: &str) -> crate::common::Answer {
    venue.cloud.get(&venue.organizer, &format!("/v1/staff/{}/{name}/{file}", venue.event)).await
}

/// What a device makes of a badge that is shown to it.
async fn shown(venue: &Venue, device: &Device, code: &str) -> Result<String, NotABadge> {
    let mut catalogue = Catalogue::default();
    for change in venue.feed(device, Cursor::default()).await.0 {
        match change {
            Change::Staff(staff) => drop(catalogue.staff.insert(staff.name.clone(), staff)),
            Change::StaffGone(name) => drop(catalogue.staff.remove(&name)),
            _ => {}
        }
    }
    let badge = badge::read(&device.feed_key, venue.event_id(), code)?;
    badge.holder(&catalogue).map(|staff| staff.name.clone())
}

both!(a_new_badge_replaces_the_one_before_and_its_picture_says_the_same);
async fn a_new_badge_replaces_the_one_before_and_its_picture_says_the_same() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    assert_eq!(hire(&venue, "ana").await["badge_counter"], 0);
    for (file, _) in PICTURES {
        picture(&venue, "ana", file).await.refused(409, "no_badge");
    }
    let first = issue(&venue, "ana").await.ok();
    assert_eq!((&first["name"], &first["counter"]), (&json!("ana"), &json!(1)));
    assert_eq!(shown(&venue, &gate, first["code"].as_str().unwrap()).await, Ok("ana".into()));
    let second = issue(&venue, "ana").await.ok();
    assert_eq!(second["counter"], 2);
    assert_eq!(shown(&venue, &gate, first["code"].as_str().unwrap()).await, Err(NotABadge::Replaced));
    let code = second["code"].as_str().unwrap();
    assert_eq!(shown(&venue, &gate, code).await, Ok("ana".into()));
    for (file, kind) in PICTURES {
        let drawn = picture(&venue, "ana", file).await;
        assert_eq!((drawn.status.as_u16(), drawn.kind.as_str()), (200, kind));
        assert_eq!(picture(&venue, "ana", file).await.body, drawn.body, "the same each time");
    }
    let drawn = image::load_from_memory(&picture(&venue, "ana", "badge.png").await.body).unwrap().to_luma8();
    let (width, height) = (drawn.width() as usize, drawn.height() as usize);
    let luma = |x: usize, y: usize| drawn.get_pixel(x as u32, y as u32).0[0];
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, luma);
    assert_eq!(prepared.detect_grids()[0].decode().unwrap().1, code);
    hire(&venue, "ana").await;
    assert_eq!(shown(&venue, &gate, code).await, Ok("ana".into()), "another PIN leaves the badge as it was");
}

both!(whoever_left_has_no_badge_and_a_namesake_does_not_bring_it_back);
async fn whoever_left_has_no_badge_and_a_namesake_does_not_bring_it_back() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    hire(&venue, "ana").await;
    let old = issue(&venue, "ana").await.ok()["code"].as_str().unwrap().to_owned();
    let path = format!("/v1/staff/{}/ana", venue.event);
    venue.cloud.ask("DELETE", &path, &venue.organizer, None, None).await.ok();
    assert_eq!(shown(&venue, &gate, &old).await, Err(NotABadge::Gone));
    issue(&venue, "ana").await.refused(404, "not_found");
    picture(&venue, "ana", "badge.png").await.refused(404, "not_found");
    let listed = venue.cloud.get(&venue.organizer, &format!("/v1/staff?event={}", venue.event)).await.ok();
    assert_eq!(listed["items"], json!([]));
    hire(&venue, "ana").await;
    assert_eq!(shown(&venue, &gate, &old).await, Err(NotABadge::Replaced));
    let new = issue(&venue, "ana").await.ok()["code"].as_str().unwrap().to_owned();
    assert_eq!(shown(&venue, &gate, &old).await, Err(NotABadge::Replaced));
    assert_eq!(shown(&venue, &gate, &new).await, Ok("ana".into()));
}

both!(a_badge_is_for_its_event_and_for_names_that_fit);
async fn a_badge_is_for_its_event_and_for_names_that_fit() {
    let venue = Venue::new().await;
    let other = crate::common::new_event(&venue.cloud, &venue.organizer, "Matinee").await;
    hire(&venue, "ana").await;
    issue(&venue, "bo").await.refused(404, "not_found");
    let elsewhere = format!("/v1/staff/{other}/ana/badge");
    venue.cloud.post(&venue.organizer, &elsewhere, json!({})).await.refused(404, "not_found");
    let long = "x".repeat(badge::MAX_NAME_BYTES + 1);
    hire(&venue, &long).await;
    issue(&venue, &long).await.refused(422, "invalid");
    let gate = venue.device("gate-1", "gate").await;
    let code = issue(&venue, "ana").await.ok()["code"].as_str().unwrap().to_owned();
    let read = badge::read(&gate.feed_key, other.parse().unwrap(), &code);
    assert_eq!(read, Err(NotABadge::Forged));
}

both!(a_badge_shown_at_the_desk_says_what_it_is_and_entries_name_the_token);
async fn a_badge_shown_at_the_desk_says_what_it_is_and_entries_name_the_token() {
    let venue = Venue::new().await;
    hire(&venue, "ana").await;
    let badge = issue(&venue, "ana").await.ok();
    let employee = venue.token("employee").await;
    let scans = format!("/v1/events/{}/scans", venue.event);
    let refused =
        venue.cloud.post(&employee, &scans, json!({"code": badge["code"], "list": venue.list})).await.ok();
    assert_eq!((&refused["verdict"], &refused["code"]), (&json!("refuse"), &json!("not_a_ticket")));
    assert_eq!(refused["explain"]["line"], "That is a staff badge, not a ticket");
    let order = venue.paid("k", 1).await;
    let scan = json!({"code": order["tickets"][0]["code"], "list": venue.list, "key": "a"});
    venue.cloud.post(&employee, &scans, scan).await.ok();
    let undo = json!({"key": "a", "operation": "scan"});
    venue.cloud.post(&venue.organizer, &format!("/v1/events/{}/undo", venue.event), undo).await.ok();
    let entries = venue.cloud.get(&employee, &format!("/v1/events/{}/entries", venue.event)).await.ok();
    let named: Vec<(&str, &str)> = entries["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["kind"].as_str().unwrap(), entry["staff"].as_str().unwrap_or("")))
        .collect();
    let expect =
        [("restock", "first token"), ("refusal", "employee"), ("admission", "employee"), ("annul", "first token")];
    assert_eq!(named, expect);
}

both!(the_counter_is_there_after_a_restart);
async fn the_counter_is_there_after_a_restart() {
    let venue = Venue::new().await;
    hire(&venue, "ana").await;
    issue(&venue, "ana").await.ok();
    let again = venue.cloud.again(cloud_sync::app::Life::Same).await;
    let event = venue.event_id();
    let kept = again
        .read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::staff::get(tx, event, "ana").await?) }));
    assert_eq!(kept.await.unwrap().unwrap().row.badge_counter, 1);
}
