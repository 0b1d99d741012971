//! Devices that are away: how far they go on alone, and what becomes of what they held
//! once the office gives them up.

use crate::common::{Answer, Device, START_S, Venue, ticket_id};
use cloud_sync::desk::Desk;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tidegate_core::exposure::Policy;
use tidegate_core::feed::{Change, Cursor};
use tidegate_core::id::{JournalId, ProductId};
use tidegate_core::journal::kind::{Accepted, Kind};
use tidegate_core::journal::{EntryRef, Run};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Request, Vector};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Role;

/// Longer than the event and the twelve hours that rights last after it, seconds.
const LONG_AFTER_S: i64 = 3 * 24 * 3_600;

/// Hears a device, which is told its lease; gives nothing back.
async fn hear(venue: &Venue, device: &Device, runs: Vec<Run>) {
    let request = Request { vector: Some(Vector::default()), ..device.request(runs) };
    let answer = venue.cloud.exchange(&device.identity, &request).await;
    let answer = answer.unwrap_or_else(|refused| panic!("{} {}", refused.status, refused.json()));
    assert_eq!(answer.rejected, []);
}

async fn allot(venue: &Venue, key: &str, device: &Device, units: u32) -> Answer {
    let device = device.identity.device.to_string();
    let body = json!({"event": venue.event, "product": venue.beer, "device": device, "units": units});
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", key, body).await
}

async fn give_up(venue: &Venue, device: &Device, verb: &str, body: Value) -> Answer {
    let path = format!("/v1/devices/{}/{verb}", device.identity.device);
    venue.cloud.post(&venue.organizer, &path, body).await
}

/// An entry of the cloud's by the name that an answer gave.
async fn entry(venue: &Venue, name: &str) -> EntryRef {
    let path = format!("/v1/events/{}/entries?limit=1000", venue.event);
    let page = venue.cloud.get(&venue.organizer, &path).await.ok();
    let named = |entry: &&Value| {
        format!("{}:{}:{}", entry["device"].as_str().unwrap(), entry["incarnation"], entry["sequence"]) == name
    };
    let entry = page["items"].as_array().unwrap().iter().find(named).unwrap();
    let hash = HEXLOWER.decode(entry["hash"].as_str().unwrap().as_bytes()).unwrap();
    let incarnation = entry["incarnation"].as_u64().unwrap() as u32;
    let journal = JournalId { device: entry["device"].as_str().unwrap().parse().unwrap(), incarnation };
    EntryRef { journal, sequence: entry["sequence"].as_u64().unwrap(), hash: Hash(hash.try_into().unwrap()) }
}

/// What the cloud has left of a hundred beers.
async fn left(venue: &Venue) -> i64 {
    let event = venue.event_id();
    let left = venue.cloud.app.read(move |tx, app| {
        Box::pin(async move { Desk::open(tx, app, event).await?.stock(tx, ProductId(1)).await })
    });
    left.await.unwrap()
}

/// A bar that was given thirty beers, took them, sold two, and was given five more that it has not taken.
async fn bar_with_beer(venue: &Venue) -> Device {
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let mut bar = venue.device("bar", "bar").await;
    let given = allot(venue, "a", &bar, 30).await.ok();
    let transfer = entry(venue, given["entry"].as_str().unwrap()).await;
    bar.write(START_S, Kind::Accepted(Accepted { transfer }));
    bar.serve(START_S + 1, ticket, 1, 2);
    hear(venue, &bar, bar.runs(1)).await;
    allot(venue, "b", &bar, 5).await.ok();
    bar
}

/// What is told of that bar once it was given up.
fn check_exposure(exposure: &Value, venue: &Venue, bar: &Device) {
    let journal = json!({
        "journal": bar.journal.to_string(),
        "last": 2,
        "last_at": Timestamp::from_secs(START_S + 1).to_string(),
        "held": [{ "product": venue.beer, "units": 33 }],
    });
    let lease_until = "2026-11-20T15:00:00Z"; // twelve hours after the event's end
    let expect = json!({
        "device": bar.identity.device.to_string(), "lease_until": lease_until, "journals": [journal],
    });
    assert_eq!(*exposure, expect);
}

both!(while_its_lease_runs_a_device_is_given_up_with_consent_alone_and_the_answer_tells_the_exposure);
async fn while_its_lease_runs_a_device_is_given_up_with_consent_alone_and_the_answer_tells_the_exposure() {
    let venue = Venue::new().await;
    let bar = bar_with_beer(&venue).await;
    let refused = give_up(&venue, &bar, "retire", json!({})).await;
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    refused.refused(409, "lease_runs");
    assert!(detail.contains("2026-11-20T15:00:00Z") && detail.contains("33 of Beer"), "{detail}");
    assert_eq!(left(&venue).await, 65, "nothing was done");
    let accepted = json!({"accept_exposure": true});
    let exposure = give_up(&venue, &bar, "retire", accepted.clone()).await.ok();
    check_exposure(&exposure, &venue, &bar);
    assert_eq!(left(&venue).await, 98);
    let entries =
        async || venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/journals", venue.event)).await.ok();
    let before = entries().await;
    for again in [accepted, json!({})] {
        assert_eq!(give_up(&venue, &bar, "retire", again).await.ok(), exposure);
    }
    assert_eq!(entries().await, before, "repeating it writes nothing");
    allot(&venue, "c", &bar, 1).await.refused(409, "journal_ended");
}

both!(once_its_lease_has_run_out_nobody_has_to_consent);
async fn once_its_lease_has_run_out_nobody_has_to_consent() {
    let venue = Venue::new().await;
    let bar = bar_with_beer(&venue).await;
    venue.cloud.pass(LONG_AFTER_S);
    let exposure = give_up(&venue, &bar, "retire", json!({})).await.ok();
    check_exposure(&exposure, &venue, &bar);
    assert_eq!(left(&venue).await, 98);
}

both!(a_device_that_is_revoked_leaves_what_it_held);
async fn a_device_that_is_revoked_leaves_what_it_held() {
    let venue = Venue::new().await;
    let bar = bar_with_beer(&venue).await;
    let revoked = give_up(&venue, &bar, "revoke", json!({})).await.ok();
    check_exposure(&revoked["exposure"], &venue, &bar);
    assert_eq!((&revoked["name"], left(&venue).await), (&json!("bar"), 98));
    assert_eq!(give_up(&venue, &bar, "revoke", json!({})).await.ok(), revoked);
    assert_eq!(give_up(&venue, &bar, "retire", json!({})).await.ok(), revoked["exposure"]);
}

both!(a_device_that_was_given_nothing_is_given_up_plainly_and_one_that_never_came_for_its_share_is_not);
async fn a_device_that_was_given_nothing_is_given_up_plainly_and_one_that_never_came_for_its_share_is_not() {
    let venue = Venue::new().await;
    let (idle, gone) = (venue.device("idle", "bar").await, venue.device("gone", "bar").await);
    let exposure = give_up(&venue, &idle, "retire", json!({})).await.ok();
    assert_eq!(exposure["journals"], json!([]), "it has nothing that could end");
    allot(&venue, "a", &gone, 30).await.ok();
    give_up(&venue, &gone, "retire", json!({})).await.refused(409, "lease_runs");
    give_up(&venue, &gone, "retire", json!({"accept_exposure": true})).await.ok();
    assert_eq!(left(&venue).await, 100);
}

/// What is said of a role's devices, and what they read.
async fn check_policy(venue: &Venue, gate: &Device, body: Value, expect: Policy) {
    let path = format!("/v1/events/{}/policies", venue.event);
    let put = venue.cloud.ask("PUT", &format!("{path}/gate"), &venue.organizer, None, Some(&body)).await.ok();
    let all = venue.cloud.get(&venue.organizer, &path).await.ok();
    assert_eq!(all["items"][0], put);
    let (changes, _) = venue.feed(gate, Cursor::default()).await;
    let told = changes.iter().rev().find_map(|change| match change {
        Change::Policy(policy) => Some(*policy),
        _ => None,
    });
    assert_eq!(told, Some(expect), "{body}");
}

both!(what_devices_of_a_role_do_cut_off_is_limited_as_the_office_says_and_devices_read_it);
async fn what_devices_of_a_role_do_cut_off_is_limited_as_the_office_says_and_devices_read_it() {
    let venue = Venue::new().await;
    let gate = venue.device("gate", "gate").await;
    let path = format!("/v1/events/{}/policies", venue.event);
    let roles =
        ["gate", "bar", "supervisor", "kiosk"].map(|role| json!({"role": role, "before_confirmed": false}));
    assert_eq!(venue.cloud.get(&venue.organizer, &path).await.ok()["items"], json!(roles));
    let free = Policy::unlimited(Role::Gate);
    let hard = Policy { unverified_soft: Some(5), unverified_hard: Some(9), ..free };
    check_policy(&venue, &gate, json!({"unverified_soft": 5, "unverified_hard": 9}), hard).await;
    let old = Policy { oldest_update_s: Some(600), share_percent: Some(50), before_confirmed: true, ..free };
    let body = json!({"oldest_update_s": 600, "share_percent": 50, "before_confirmed": true});
    check_policy(&venue, &gate, body, old).await; // what is left out is not limited any more
    check_policy(&venue, &gate, json!({}), free).await;
}

both!(a_policy_that_makes_no_sense_is_refused);
async fn a_policy_that_makes_no_sense_is_refused() {
    let venue = Venue::new().await;
    let check = async |role: &str, body: Value, (status, code): (u16, &str)| {
        let path = format!("/v1/events/{}/policies/{role}", venue.event);
        venue.cloud.ask("PUT", &path, &venue.organizer, None, Some(&body)).await.refused(status, code);
    };
    check("gate", json!({"oldest_update_s": 59}), (422, "invalid")).await;
    check("gate", json!({"share_percent": 101}), (422, "invalid")).await;
    check("gate", json!({"unverified_soft": 10, "unverified_hard": 9}), (422, "invalid")).await;
    check("cloud", json!({}), (404, "not_found")).await;
    check("steward", json!({}), (404, "not_found")).await;
}
