//! Devices: enrolled once, fed only signed pages, their journals taken once.

use crate::common::{Cloud, Device, START_S, Venue, ticket_id};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tidegate_core::catalogue::TicketStatus;
use tidegate_core::feed::{Change, Cursor, Epoch, FeedFault};
use tidegate_core::id::JournalId;
use tidegate_core::journal::kind::{Kind, Undo};
use tidegate_core::journal::{EntryRef, sign_head};
use tidegate_core::sync::{Request, Vector};
use tidegate_core::trust::OneTimeCode;
use tidegate_link::enrol::EnrolRequest;

async fn announce(venue: &Venue, name: &str) -> (String, OneTimeCode) {
    let body = json!({"event": venue.event, "name": name, "role": "gate"});
    let made = venue.cloud.post(&venue.organizer, "/v1/devices", body).await.ok();
    (made["id"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().parse().unwrap())
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&rand::random())
}

/// Sends runs; gives the codes of those that were not taken.
async fn send(cloud: &Cloud, device: &Device, runs: Vec<tidegate_core::journal::Run>) -> Vec<String> {
    let answer = cloud.exchange(&device.identity, &device.request(runs)).await.ok().unwrap();
    answer.rejected.into_iter().map(|rejected| rejected.code).collect()
}

async fn attendance(venue: &Venue) -> Value {
    venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/attendance", venue.event)).await.ok()
}

both!(a_code_enrols_once_in_time_with_a_proof);
async fn a_code_enrols_once_in_time_with_a_proof() {
    let venue = Venue::new().await;
    let (_, code) = announce(&venue, "gate-1").await;
    let good = EnrolRequest::new(&code.secret, &key());
    let stolen = EnrolRequest { key: EnrolRequest::new(&code.secret, &key()).key, ..good.clone() };
    venue.cloud.enrol(&stolen).await.refused(403, "bad_proof");
    venue.cloud.enrol(&EnrolRequest::new(&[0; 10], &key())).await.refused(403, "code_unknown");
    venue.cloud.enrol(&good).await.ok();
    venue.cloud.enrol(&EnrolRequest::new(&code.secret, &key())).await.refused(403, "code_unknown");
}

both!(a_device_that_missed_its_certificate_gets_it_again_while_its_code_lasts);
async fn a_device_that_missed_its_certificate_gets_it_again_while_its_code_lasts() {
    let venue = Venue::new().await;
    let (id, code) = announce(&venue, "gate-1").await;
    let request = EnrolRequest::new(&code.secret, &key());
    let missed = venue.cloud.enrol(&request).await.ok();
    venue.cloud.pass(15 * 60);
    assert_eq!(venue.cloud.enrol(&request).await.ok()["certificate"], missed["certificate"]);
    venue.cloud.pass(1);
    venue.cloud.enrol(&request).await.refused(403, "code_unknown");
    let (second, code) = announce(&venue, "gate-2").await;
    let request = EnrolRequest::new(&code.secret, &key());
    venue.cloud.enrol(&request).await.ok();
    venue.cloud.post(&venue.organizer, &format!("/v1/devices/{second}/revoke"), json!({})).await.ok();
    venue.cloud.enrol(&request).await.refused(403, "code_unknown");
    assert_ne!(id, second);
}

both!(a_code_is_good_for_fifteen_minutes_and_void_once_there_is_another);
async fn a_code_is_good_for_fifteen_minutes_and_void_once_there_is_another() {
    let venue = Venue::new().await;
    let (id, code) = announce(&venue, "gate-1").await;
    venue.cloud.pass(15 * 60 + 1);
    venue.cloud.enrol(&EnrolRequest::new(&code.secret, &key())).await.refused(403, "code_unknown");
    let again = format!("/v1/devices/{id}/code");
    let first: OneTimeCode = venue.cloud.post(&venue.organizer, &again, json!({})).await.ok()["code"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let second: OneTimeCode = venue.cloud.post(&venue.organizer, &again, json!({})).await.ok()["code"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    venue.cloud.enrol(&EnrolRequest::new(&first.secret, &key())).await.refused(403, "code_unknown");
    venue.cloud.enrol(&EnrolRequest::new(&second.secret, &key())).await.ok();
    venue.cloud.post(&venue.organizer, &again, json!({})).await.refused(409, "already_enrolled");
    let same = json!({"event": venue.event, "name": "gate-1", "role": "gate"});
    venue.cloud.post(&venue.organizer, "/v1/devices", same).await.refused(409, "name_taken");
}

both!(failed_enrolments_run_out);
async fn failed_enrolments_run_out() {
    let venue = Venue::new().await;
    let mut codes = Vec::new();
    for _ in 0..40 {
        codes.push(venue.cloud.enrol(&EnrolRequest::new(&[1; 10], &key())).await.code());
    }
    assert!(codes.iter().any(|code| code == "too_many_attempts"));
    let (_, code) = announce(&venue, "gate-1").await;
    venue.cloud.enrol(&EnrolRequest::new(&code.secret, &key())).await.ok();
}

both!(entries_count_once_however_often_they_come);
async fn entries_count_once_however_often_they_come() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 600).await;
    let mut gate = venue.device("gate-1", "gate").await;
    for place in 0..600 {
        gate.admit(START_S + place as i64, ticket_id(&order, place), 1);
    }
    let whole = gate.runs(1);
    assert!(send(&venue.cloud, &gate, vec![whole[0].clone()]).await.is_empty());
    assert!(send(&venue.cloud, &gate, gate.runs(1)).await.is_empty());
    assert!(send(&venue.cloud, &gate, gate.runs(1)).await.is_empty());
    assert!(send(&venue.cloud, &gate, vec![gate.run(200, 400)]).await.is_empty());
    let report = attendance(&venue).await;
    assert_eq!(
        (report["lists"][0]["entries"].as_u64(), report["lists"][0]["inside"].as_u64()),
        (Some(600), Some(600))
    );
    let journals = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/journals", venue.event)).await.ok();
    let counts: Vec<u64> =
        journals["items"].as_array().unwrap().iter().map(|j| j["entries"].as_u64().unwrap()).collect();
    assert!(counts.contains(&600), "{journals}");
    assert_eq!(report["conflicts"], 0);
}

both!(a_run_that_is_not_taken_is_named_and_blocks_nothing_else);
async fn a_run_that_is_not_taken_is_named_and_blocks_nothing_else() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 9).await;
    let (mut one, mut two) = (venue.device("gate-1", "gate").await, venue.device("gate-2", "gate").await);
    for place in 0..9 {
        one.admit(START_S + place, ticket_id(&order, place as usize), 1);
    }
    two.admit(START_S, ticket_id(&order, 0), 1);
    let mut bad = one.run(1, 9);
    bad.entries[3][20] ^= 1;
    let mut foreign = one.run(1, 2);
    foreign.certificate = two.certificate.clone();
    let gap = one.run(5, 9);
    let rejected = send(&venue.cloud, &two, vec![bad, foreign, gap, two.run(1, 1)]).await;
    let mut codes = rejected.clone();
    codes.sort();
    assert_eq!(codes, ["bad_signature", "journal_gap", "wrong_author"]);
    assert_eq!(attendance(&venue).await["lists"][0]["entries"], 1);
    let journals = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/journals", venue.event)).await.ok();
    assert_eq!(journals["set_aside"].as_array().unwrap().len(), 2, "a gap is no evidence");
    assert!(send(&venue.cloud, &two, one.runs(1)).await.is_empty());
    assert_eq!(attendance(&venue).await["lists"][0]["entries"], 10);
}

both!(the_entries_themselves_can_be_read_to_the_last);
async fn the_entries_themselves_can_be_read_to_the_last() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 5).await;
    let (mut gate, mut bar) = (venue.device("gate-1", "gate").await, venue.device("bar", "bar").await);
    for place in 0..5 {
        gate.admit(START_S + place, ticket_id(&order, place as usize), 1);
    }
    bar.admit(START_S, ticket_id(&order, 0), 1); // what a bar may not write
    for device in [&gate, &bar] {
        send(&venue.cloud, device, device.runs(1)).await;
    }
    let (mut entries, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/events/{}/entries?limit=2{after}", venue.event);
        let page = venue.cloud.get(&venue.organizer, &path).await.ok();
        entries.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let counted = entries.iter().filter(|entry| entry["counts"] == true).count();
    assert_eq!((entries.len(), counted), (7, 6), "five admissions, a restock, and one that does not count");
    let last =
        entries.iter().find(|e| e["device"] == gate.identity.device.to_string() && e["sequence"] == 5).unwrap();
    assert_eq!(last["hash"], data_encoding::HEXLOWER.encode(&gate.hashes[4].0));
    assert!(last["signature"].is_string() && last["kind"] == "admission");
}

both!(another_event_and_another_version_are_refused);
async fn another_event_and_another_version_are_refused() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let refused = async |change: fn(&mut Request)| {
        let mut request = gate.request(Vec::new());
        change(&mut request);
        venue.cloud.exchange(&gate.identity, &request).await.err().unwrap()
    };
    refused(|r| r.event.0[0] ^= 1).await.refused(403, "wrong_event");
    refused(|r| r.version = 9).await.refused(400, "wrong_version");
    venue.cloud.link_post("/v1/exchange").await.refused(401, "no_certificate");
}

both!(a_revoked_device_delivers_evidence_and_gets_nothing);
async fn a_revoked_device_delivers_evidence_and_gets_nothing() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 4).await;
    let (mut gate, other) = (venue.device("gate-1", "gate").await, venue.device("gate-2", "gate").await);
    gate.admit(START_S, ticket_id(&order, 0), 1);
    send(&venue.cloud, &gate, gate.runs(1)).await;
    let revoke = format!("/v1/devices/{}/revoke", gate.identity.device);
    venue.cloud.post(&venue.organizer, &revoke, json!({})).await.ok();
    gate.admit(START_S + 1, ticket_id(&order, 1), 1);
    let late = gate.request(gate.runs(2));
    venue.cloud.exchange(&gate.identity, &late).await.err().unwrap().refused(403, "device_revoked");
    gate.admit(START_S + 2, ticket_id(&order, 2), 1);
    assert!(send(&venue.cloud, &other, gate.runs(3)).await.is_empty(), "a peer may carry it");
    let report = attendance(&venue).await;
    assert_eq!(report["lists"][0]["entries"], 1, "{report}");
    let journals = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/journals", venue.event)).await.ok();
    let own = journals["items"].as_array().unwrap().iter().find(|j| j["name"] == "gate-1").unwrap();
    assert_eq!((own["entries"].as_u64(), own["counted"].as_u64()), (Some(3), Some(1)));
    let (changes, _) = venue.feed(&other, Cursor::default()).await;
    let row = changes.into_iter().find_map(|change| match change {
        Change::Device(row) if row.id == gate.identity.device => Some(row),
        _ => None,
    });
    let row = row.unwrap();
    assert!(row.counts(1, 1) && !row.counts(1, 2) && !row.counts(2, 1));
}

both!(a_device_gets_what_others_wrote_in_verifiable_runs);
async fn a_device_gets_what_others_wrote_in_verifiable_runs() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 700).await;
    let (mut one, two) = (venue.device("gate-1", "gate").await, venue.device("gate-2", "gate").await);
    for place in 0..700 {
        one.admit(START_S + place as i64, ticket_id(&order, place), 1);
    }
    send(&venue.cloud, &one, one.runs(1)).await;
    let wish = Request { vector: Some(Vector::default()), ..two.request(Vec::new()) };
    let answer = venue.cloud.exchange(&two.identity, &wish).await.ok().unwrap();
    let mut previous = tidegate_core::journal::genesis(one.identity.event, one.journal);
    let mut got = 0;
    for run in answer.runs.iter().filter(|run| run.journal == one.journal) {
        let entries = run.verify(one.identity.event, &one.identity.key, previous).unwrap();
        previous = entries.last().unwrap().id.hash;
        got += entries.len();
    }
    assert_eq!((got, answer.more), (700, false));
    let vector = answer.vector.unwrap();
    assert_eq!(vector.sequence(&one.journal), 700);
    let same = Request { digest: vector.digest(), vector: Some(vector), ..two.request(Vec::new()) };
    let answer = venue.cloud.exchange(&two.identity, &same).await.ok().unwrap();
    assert!(answer.vector.is_none() && answer.runs.is_empty());
}

both!(the_feed_is_signed_whole_and_goes_on_where_the_reader_stands);
async fn the_feed_is_signed_whole_and_goes_on_where_the_reader_stands() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let (changes, cursor) = venue.feed(&gate, Cursor::default()).await;
    assert!(changes.iter().any(|change| matches!(change, Change::Event(event) if event.name == "Night")));
    assert!(changes.iter().any(|change| matches!(change, Change::List(list) if list.name == "Main door")));
    let (nothing, same) = venue.feed(&gate, cursor).await;
    assert!(nothing.is_empty() && same == cursor);
    let order = venue.paid("k1", 3).await;
    let (news, later) = venue.feed(&gate, cursor).await;
    assert_eq!(news.len(), 3, "each row stands once, at its newest revision");
    assert!(news.iter().all(|c| matches!(c, Change::Ticket(row) if row.status == TicketStatus::Paid)), "{news:?}");
    assert!(later.revision > cursor.revision && order["state"] == "paid");
    let request = Request { feed: Some(cursor), ..gate.request(Vec::new()) };
    let answer = venue.cloud.exchange(&gate.identity, &request).await.ok().unwrap();
    let stranger = key().verifying_key().into();
    let event = gate.identity.event;
    assert!(answer.pages.iter().all(|p| p.open(&stranger, event, cursor) == Err(FeedFault::Signature)));
    let lost = Cursor { epoch: tidegate_core::feed::Epoch([9; 16]), revision: 3 };
    let request = Request { feed: Some(lost), ..gate.request(Vec::new()) };
    let answer = venue.cloud.exchange(&gate.identity, &request).await.ok().unwrap();
    let page = answer.pages[0].open(&gate.feed_key, event, Cursor::default()).unwrap();
    assert_eq!(page.from, 0, "another epoch begins anew");
}

both!(what_is_taken_away_stays_in_the_feed_as_a_tombstone);
async fn what_is_taken_away_stays_in_the_feed_as_a_tombstone() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let staff = json!({"event": venue.event, "name": "ana", "pin": "123456", "may_override": true});
    venue.cloud.post(&venue.organizer, "/v1/staff", staff).await.ok();
    let (changes, cursor) = venue.feed(&gate, Cursor::default()).await;
    assert!(
        changes
            .iter()
            .any(|c| matches!(c, Change::Staff(s) if s.name == "ana" && s.pin_hash.starts_with("$argon2id$")))
    );
    let ana = format!("/v1/staff/{}/ana", venue.event);
    venue.cloud.ask("DELETE", &ana, &venue.organizer, None, None).await.ok();
    venue.cloud.ask("DELETE", &ana, &venue.organizer, None, None).await.refused(404, "not_found");
    let (changes, _) = venue.feed(&gate, cursor).await;
    assert_eq!(changes, [Change::StaffGone("ana".into())]);
    let (all, _) = venue.feed(&gate, Cursor::default()).await;
    assert!(all.contains(&Change::StaffGone("ana".into())));
}

both!(doubles_and_overdrawn_credits_are_found_once_and_go_when_credit_comes);
async fn doubles_and_overdrawn_credits_are_found_once_and_go_when_credit_comes() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 2).await;
    let ticket = ticket_id(&order, 0);
    let (mut one, mut two) = (venue.device("gate-1", "gate").await, venue.device("gate-2", "gate").await);
    let mut bar = venue.device("bar", "bar").await;
    one.admit(START_S, ticket, 1);
    two.admit(START_S + 60, ticket, 1);
    bar.serve(START_S + 70, ticket, 1, 3);
    for device in [&two, &one, &bar, &two] {
        assert!(send(&venue.cloud, device, device.runs(1)).await.is_empty());
    }
    let path = format!("/v1/events/{}/conflicts", venue.event);
    let found = venue.cloud.get(&venue.organizer, &path).await.ok();
    let found = found["items"].as_array().unwrap();
    let kinds: Vec<_> =
        found.iter().map(|c| (c["kind"].as_str().unwrap(), c["units"].as_i64().unwrap())).collect();
    assert_eq!(kinds, [("entry", 1), ("credit", 1)]);
    assert_eq!(
        (found[0]["excess"]["device"].as_str(), found[0]["against"]["device"].as_str()),
        (Some("gate-2"), Some("gate-1"))
    );
    let grant = json!({"ticket": ticket.to_string(), "product": venue.beer, "units": 1});
    venue.cloud.keyed(&venue.organizer, "/v1/grants", "g", grant).await.ok();
    assert_eq!(venue.cloud.get(&venue.organizer, &path).await.ok()["items"].as_array().unwrap().len(), 1);
    let list = format!("/v1/lists/{}", venue.list);
    venue.cloud.patch(&venue.organizer, &list, json!({"multiple_entries": true})).await.ok();
    assert_eq!(venue.cloud.get(&venue.organizer, &path).await.ok()["items"].as_array().unwrap().len(), 0);
    venue.cloud.patch(&venue.organizer, &list, json!({"multiple_entries": false})).await.ok();
    assert_eq!(venue.cloud.get(&venue.organizer, &path).await.ok()["items"].as_array().unwrap().len(), 1);
}

both!(allotments_never_exceed_what_the_cloud_holds);
async fn allotments_never_exceed_what_the_cloud_holds() {
    let venue = Venue::new().await;
    let bar = venue.device("bar", "bar").await;
    let gate = venue.device("gate", "gate").await;
    let ask = |device: &Device, units: u32| json!({"event": venue.event, "product": venue.beer, "device": device.identity.device.to_string(), "units": units});
    for _ in 0..2 {
        let given = venue.cloud.keyed(&venue.organizer, "/v1/allotments", "a", ask(&bar, 60)).await.ok();
        assert_eq!(given["left"], 40);
    }
    venue
        .cloud
        .keyed(&venue.organizer, "/v1/allotments", "b", ask(&bar, 41))
        .await
        .refused(409, "not_enough_stock");
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", "c", ask(&gate, 1)).await.refused(422, "invalid");
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", "d", ask(&bar, 40)).await.ok();
    let restock = json!({"restock": 5});
    venue.cloud.patch(&venue.organizer, &format!("/v1/products/{}", venue.beer), restock).await.ok();
    venue
        .cloud
        .keyed(&venue.organizer, "/v1/allotments", "e", ask(&bar, 6))
        .await
        .refused(409, "not_enough_stock");
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", "f", ask(&bar, 5)).await.ok();
}

async fn epoch(app: &std::sync::Arc<cloud_sync::app::App>) -> Epoch {
    app.read(|tx, app| Box::pin(app.epoch(tx))).await.unwrap()
}

both!(a_restored_cloud_starts_another_epoch_and_keeps_everything_else);
async fn a_restored_cloud_starts_another_epoch_and_keeps_everything_else() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let (_, cursor) = venue.feed(&gate, Cursor::default()).await;
    let same = venue.cloud.again(cloud_sync::app::Life::Same).await;
    assert_eq!((epoch(&same).await, same.ca), (cursor.epoch, venue.cloud.app.ca));
    let restored = venue.cloud.again(cloud_sync::app::Life::Restored).await;
    assert_ne!(epoch(&restored).await, cursor.epoch);
    assert_eq!(epoch(&venue.cloud.app).await, epoch(&restored).await, "servers that ran on have it too");
    assert_eq!(restored.ca, venue.cloud.app.ca);
}

both!(our_own_journal_coming_back_changes_nothing_and_cannot_be_forged);
async fn our_own_journal_coming_back_changes_nothing_and_cannot_be_forged() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let wish = Request { vector: Some(Vector::default()), ..gate.request(Vec::new()) };
    let answer = venue.cloud.exchange(&gate.identity, &wish).await.ok().unwrap();
    let own = answer.runs.first().unwrap().clone(); // the restock of the beer
    assert!(send(&venue.cloud, &gate, vec![own.clone()]).await.is_empty());
    let journal = JournalId { incarnation: 2, ..own.journal };
    let forged = EntryRef { journal, sequence: 1, hash: tidegate_core::seal::Hash([1; 32]) };
    let signature = sign_head(&gate.key, gate.identity.event, &forged);
    let run = tidegate_core::journal::Run { journal, signature, ..own };
    assert_eq!(send(&venue.cloud, &gate, vec![run]).await, ["bad_signature"]);
}

both!(what_was_served_too_much_is_no_conflict_once_it_was_taken_back);
async fn what_was_served_too_much_is_no_conflict_once_it_was_taken_back() {
    let venue = Venue::new().await;
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let mut bar = venue.device("bar-1", "bar").await;
    let conflicts = async || {
        let path = format!("/v1/events/{}/attendance", venue.event);
        venue.cloud.get(&venue.organizer, &path).await.ok()["conflicts"].as_u64().unwrap()
    };
    let target = bar.serve(START_S, ticket, 1, 3); // of two
    assert!(send(&venue.cloud, &bar, bar.runs(1)).await.is_empty());
    assert_eq!(conflicts().await, 1);
    bar.write(START_S + 1, Kind::Void(Undo { ticket, target }));
    assert!(send(&venue.cloud, &bar, bar.runs(2)).await.is_empty());
    assert_eq!(conflicts().await, 0);
}
