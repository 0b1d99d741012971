//! Zones: the office says how many people one holds, the cloud holds the places, devices
//! get their shares, and nobody more comes in where none is left.

use crate::common::{Answer, Venue};
use serde_json::{Value, json};
use tidegate_core::catalogue::{CheckInList, Zone};
use tidegate_core::feed::{Change, Cursor};
use tidegate_core::id::{ListId, ZoneId};

/// A venue with one zone and a list that lets into it.
struct Hall {
    venue: Venue,
    zone: String,
    list: String,
    order: Value,
}

impl Hall {
    async fn of(capacity: u32) -> Self {
        let venue = Venue::new().await;
        let zone = made(&venue, "Hall", capacity).await;
        let new = json!({"event": venue.event, "name": "Hall door", "zone": zone});
        let list = venue.cloud.post(&venue.organizer, "/v1/lists", new).await.ok();
        assert_eq!(list["zone"], zone, "{list}");
        let (list, order) = (id(&list), venue.paid("k", 6).await);
        Self { venue, zone, list, order }
    }

    async fn scan(&self, place: usize, direction: &str) -> String {
        let code = &self.order["tickets"][place]["code"];
        let body = json!({"code": code, "list": self.list, "direction": direction});
        let path = format!("/v1/events/{}/scans", self.venue.event);
        let answer = self.venue.cloud.post(&self.venue.organizer, &path, body).await.ok();
        answer["code"].as_str().unwrap().to_owned()
    }

    async fn patch(&self, body: Value) -> Answer {
        self.venue.cloud.patch(&self.venue.organizer, &format!("/v1/zones/{}", self.zone), body).await
    }

    /// How many people each zone holds, and how many places of it the cloud has left.
    async fn zones(&self) -> Vec<(String, u64, i64)> {
        let path = format!("/v1/zones?event={}", self.venue.event);
        let page = self.venue.cloud.get(&self.venue.organizer, &path).await.ok();
        let zones = page["items"].as_array().unwrap().iter();
        let of = |zone: &Value| {
            let name = zone["name"].as_str().unwrap().to_owned();
            (name, zone["capacity"].as_u64().unwrap(), zone["left"].as_i64().unwrap())
        };
        zones.map(of).collect()
    }

    /// The zone holds so many people, of whose places the cloud has so many left.
    async fn check(&self, name: &str, capacity: u64, left: i64) {
        assert_eq!(self.zones().await, [(name.to_owned(), capacity, left)]);
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

async fn made(venue: &Venue, name: &str, capacity: u32) -> String {
    let new = json!({"event": venue.event, "name": name, "capacity": capacity});
    id(&venue.cloud.post(&venue.organizer, "/v1/zones", new).await.ok())
}

async fn allot(venue: &Venue, key: &str, device: &str, of: Value, units: u32) -> Answer {
    let mut body = json!({"event": venue.event, "device": device, "units": units});
    body.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", key, body).await
}

both!(doors_are_told_of_a_zone_and_the_desk_lets_in_as_many_as_it_holds);
async fn doors_are_told_of_a_zone_and_the_desk_lets_in_as_many_as_it_holds() {
    let hall = Hall::of(2).await;
    let gate = hall.venue.device("gate", "gate").await;
    let (changes, _) = hall.venue.feed(&gate, Cursor::default()).await;
    let told = Zone { id: ZoneId(1), name: "Hall".into(), capacity: 2 };
    assert!(changes.contains(&Change::Zone(told)), "{changes:?}");
    let of_list = |change: &Change| match change {
        Change::List(CheckInList { id: ListId(2), zone, .. }) => *zone,
        _ => None,
    };
    assert_eq!(changes.iter().find_map(of_list), Some(ZoneId(1)));
    let codes = [hall.scan(0, "entry").await, hall.scan(1, "entry").await, hall.scan(2, "entry").await];
    assert_eq!(codes, ["ok", "ok", "full"]);
    hall.check("Hall", 2, 0).await;
    assert_eq!([hall.scan(0, "exit").await, hall.scan(2, "entry").await], ["ok", "ok"]);
    assert_eq!(hall.scan(3, "entry").await, "full");
}

both!(a_capacity_falls_by_places_that_the_cloud_holds_and_by_no_others);
async fn a_capacity_falls_by_places_that_the_cloud_holds_and_by_no_others() {
    let hall = Hall::of(10).await;
    let gate = hall.venue.device("gate", "gate").await.identity.device.to_string();
    let given = allot(&hall.venue, "a", &gate, json!({"zone": hall.zone}), 4).await.ok();
    assert_eq!((&given["left"], &given["zone"], &given["product"]), (&json!(6), &json!(hall.zone), &Value::Null));
    assert_eq!(hall.scan(0, "entry").await, "ok");
    hall.check("Hall", 10, 5).await;
    hall.patch(json!({"capacity": 5, "name": "Small hall"})).await.ok();
    hall.check("Small hall", 5, 0).await;
    hall.patch(json!({"capacity": 4, "name": "Smaller hall"})).await.refused(409, "not_enough_places");
    hall.check("Small hall", 5, 0).await;
    assert_eq!(hall.scan(1, "entry").await, "full");
    hall.patch(json!({"capacity": 7})).await.ok();
    hall.patch(json!({"capacity": 7})).await.ok(); // the same again opens nothing more
    hall.check("Small hall", 7, 2).await;
    assert_eq!(hall.scan(1, "entry").await, "ok");
}

both!(places_go_to_whoever_admits_and_never_beyond_what_is_left);
async fn places_go_to_whoever_admits_and_never_beyond_what_is_left() {
    let hall = Hall::of(3).await;
    let (venue, zone) = (&hall.venue, json!({"zone": hall.zone}));
    let gate = venue.device("gate", "gate").await.identity.device.to_string();
    let bar = venue.device("bar", "bar").await.identity.device.to_string();
    let both = json!({"zone": hall.zone, "product": venue.beer});
    allot(venue, "a", &bar, zone.clone(), 1).await.refused(422, "invalid");
    allot(venue, "b", &gate, json!({"product": venue.beer}), 1).await.refused(422, "invalid");
    allot(venue, "c", &gate, both, 1).await.refused(422, "invalid");
    allot(venue, "d", &gate, json!({}), 1).await.refused(422, "invalid");
    allot(venue, "e", &gate, json!({"zone": "zon_of_nobody"}), 1).await.refused(404, "not_found");
    allot(venue, "f", &gate, zone.clone(), 4).await.refused(409, "not_enough_places");
    let first = allot(venue, "g", &gate, zone.clone(), 2).await.ok();
    assert_eq!(allot(venue, "g", &gate, zone, 2).await.ok(), first, "repeating it gives nothing more");
    hall.check("Hall", 3, 1).await;
}

both!(a_list_that_lets_into_another_zone_takes_its_guests_along);
async fn a_list_that_lets_into_another_zone_takes_its_guests_along() {
    let hall = Hall::of(1).await;
    let yard = made(&hall.venue, "Yard", 5).await;
    let change = async |zone: Value| {
        let path = format!("/v1/lists/{}", hall.list);
        hall.venue.cloud.patch(&hall.venue.organizer, &path, json!({"zone": zone})).await
    };
    let zones = |hall: i64, yard: i64| [("Hall".to_owned(), 1, hall), ("Yard".to_owned(), 5, yard)];
    assert_eq!([hall.scan(0, "entry").await, hall.scan(1, "entry").await], ["ok", "full"]);
    change(json!("zon_of_nobody")).await.refused(404, "not_found");
    assert_eq!(change(json!(yard)).await.ok()["zone"], yard);
    assert_eq!(hall.zones().await, zones(1, 4));
    assert_eq!(hall.scan(1, "entry").await, "ok");
    assert_eq!(change(Value::Null).await.ok()["zone"], Value::Null);
    assert_eq!(hall.zones().await, zones(1, 5));
    for place in 2..6 {
        assert_eq!(hall.scan(place, "entry").await, "ok", "nobody counts here");
    }
}

both!(a_closing_time_frees_the_places_of_later_scans_and_not_of_earlier_ones);
async fn a_closing_time_frees_the_places_of_later_scans_and_not_of_earlier_ones() {
    let hall = Hall::of(1).await;
    let path = format!("/v1/lists/{}", hall.list);
    let closes = json!({"auto_exit_at": "2026-11-19T23:00:00Z"});
    hall.venue.cloud.patch(&hall.venue.organizer, &path, closes).await.ok();
    hall.venue.cloud.pass(3 * 24 * 3_600); // what was scanned on paper is typed in days later
    let scan = async |place: usize, at: &str| {
        let body = json!({"code": hall.order["tickets"][place]["code"], "list": hall.list, "at": at});
        let path = format!("/v1/events/{}/scans", hall.venue.event);
        hall.venue.cloud.post(&hall.venue.organizer, &path, body).await.ok()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(scan(0, "2026-11-19T21:00:00Z").await, "ok");
    assert_eq!(scan(1, "2026-11-19T22:59:59Z").await, "full");
    assert_eq!(scan(1, "2026-11-19T23:00:00Z").await, "ok");
}

both!(a_zone_is_no_other_events_and_holds_a_number_of_people_that_there_can_be);
async fn a_zone_is_no_other_events_and_holds_a_number_of_people_that_there_can_be() {
    let hall = Hall::of(0).await;
    assert_eq!(hall.scan(0, "entry").await, "full");
    hall.patch(json!({"capacity": 10_000_001})).await.refused(422, "invalid");
    hall.patch(json!({"name": " "})).await.refused(422, "invalid");
    let other = crate::common::new_event(&hall.venue.cloud, &hall.venue.organizer, "Day").await;
    let new = json!({"event": other, "name": "Door", "zone": hall.zone});
    hall.venue.cloud.post(&hall.venue.organizer, "/v1/lists", new).await.refused(404, "not_found");
    let page = hall.venue.cloud.get(&hall.venue.organizer, &format!("/v1/zones?event={other}")).await.ok();
    assert_eq!(page["items"], json!([]));
    hall.check("Hall", 0, 0).await;
}

both!(what_a_bar_is_told_by_name_has_a_name_of_its_own);
async fn what_a_bar_is_told_by_name_has_a_name_of_its_own() {
    let hall = Hall::of(5).await;
    let (cloud, organizer, event) = (&hall.venue.cloud, &hall.venue.organizer, &hall.venue.event);
    let cider = json!({"event": event, "name": "Cider", "kind": "consumption", "price_minor": 1});
    cloud.post(organizer, "/v1/products", cider.clone()).await.ok();
    let again =
        [("/v1/zones", json!({"event": event, "name": " Hall ", "capacity": 9})), ("/v1/products", cider.clone())];
    for (path, body) in again {
        cloud.post(organizer, path, body).await.refused(409, "name_taken");
    }
    hall.check("Hall", 5, 5).await;
    let yard = made(&hall.venue, "Yard", 1).await;
    let path = format!("/v1/zones/{yard}");
    cloud.patch(organizer, &path, json!({"name": "Hall"})).await.refused(409, "name_taken");
    cloud.patch(organizer, &path, json!({"name": "Yard", "capacity": 2})).await.ok();
    let ticket = json!({"event": event, "name": "Cider", "kind": "ticket", "price_minor": 1});
    cloud.post(organizer, "/v1/products", ticket).await.ok();
}
