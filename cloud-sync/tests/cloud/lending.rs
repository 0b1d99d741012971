//! Rights that the cloud holds: given to who asks, paid to who is short, used at its own
//! desk, and not used where another cloud may use them.

use crate::common::{Answer, Cloud, Device, START_S, Venue, ticket_id};
use cloud_sync::app::Life;
use cloud_sync::ledger::{Books, lend};
use cloud_sync::store::devices;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidegate_core::allotment::lend::Want;
use tidegate_core::catalogue::CheckInList;
use tidegate_core::feed::Change;
use tidegate_core::id::{JournalId, ListId, ProductId, ZoneId};
use tidegate_core::journal::kind::{Accepted, Began, Kind, Resource, Restock, Stocktake, Transfer, WantId};
use tidegate_core::journal::{Entry, EntryRef, Run};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Head, Heads, Request, Response, Vector};
use tidegate_core::time::Timestamp;

const BEER: Resource = Resource::Product(ProductId(1));
const BALCONY: Resource = Resource::Zone(ZoneId(7));

/// A request for beer under a number of its own.
fn want(number: u8, units: u32) -> Want {
    Want { id: WantId([number; 16]), of: BEER, units, used: 0, left: 0 }
}

async fn ask(cloud: &Cloud, device: &Device, change: impl FnOnce(&mut Request)) -> Response {
    let mut request = device.request(Vec::new());
    request.vector = Some(Vector::default());
    change(&mut request);
    let answer = cloud.exchange(&device.identity, &request).await;
    answer.unwrap_or_else(|refused| panic!("{} {}", refused.status, refused.json()))
}

async fn send(cloud: &Cloud, device: &Device, runs: Vec<Run>) {
    let rejected = ask(cloud, device, |request| request.runs = runs).await.rejected;
    assert_eq!(rejected, []);
}

/// The transfers in runs, in order.
fn transfers(runs: &[Run]) -> Vec<(EntryRef, Transfer)> {
    let mut all = Vec::new();
    for run in runs {
        for (sequence, bytes) in (run.first..).zip(&run.entries) {
            if let Some(Kind::Transfer(transfer)) = Entry::from_bytes(bytes).map(|entry| entry.kind) {
                let hash = Hash([0; 32]);
                all.push((EntryRef { journal: run.journal, sequence, hash }, transfer));
            }
        }
    }
    all
}

/// A device asks, under these numbers and for so many units, and gets so many.
async fn check(cloud: &Cloud, device: &Device, asks: &[(u8, u32)], expect: &[u32]) {
    let wants: Vec<Want> = asks.iter().map(|(number, units)| want(*number, *units)).collect();
    let answer = ask(cloud, device, |request| request.wants = wants.clone()).await;
    let all = transfers(&answer.runs).into_iter().map(|(_, transfer)| transfer);
    let asked = |transfer: &Transfer| wants.iter().any(|want| Some(want.id) == transfer.want);
    let got: Vec<u32> =
        all.filter(|transfer| asked(transfer) && transfer.to == device.journal).map(|t| t.quantity).collect();
    assert_eq!(got, expect, "{asks:?}");
}

/// What a journal holds, as far as is known.
async fn held(cloud: &Cloud, venue: &Venue, of: Resource, journal: JournalId) -> i64 {
    let event = venue.event_id();
    let law =
        cloud.app.read(move |tx, app| Box::pin(async move { Books::open(tx, app, event).await?.law(tx).await }));
    law.await.unwrap().rights.held(of, journal)
}

/// What the cloud itself may still serve or give, and the journal it writes, if there is one.
async fn own(cloud: &Cloud, venue: &Venue) -> (Option<JournalId>, i64) {
    let event = venue.event_id();
    let own = cloud.app.read(move |tx, app| {
        Box::pin(async move {
            let mut books = Books::open(tx, app, event).await?;
            let own = books.own()?;
            let left = match own {
                Some(own) => books.left(tx, BEER, own).await?,
                None => 0,
            };
            Ok((own, left))
        })
    });
    own.await.unwrap()
}

async fn restock(cloud: &Cloud, venue: &Venue, units: u32) {
    let body = json!({ "restock": units });
    cloud.patch(&venue.organizer, &format!("/v1/products/{}", venue.beer), body).await.ok();
}

async fn serve(cloud: &Cloud, venue: &Venue, order: &Value, place: usize) -> Value {
    let body = json!({"code": order["tickets"][place]["code"], "product": venue.beer, "quantity": 1});
    cloud.post(&venue.organizer, &format!("/v1/events/{}/servings", venue.event), body).await.ok()
}

async fn allot(venue: &Venue, key: &str, device: &Device, units: u32) -> Answer {
    let device = device.identity.device.to_string();
    let body = json!({"event": venue.event, "product": venue.beer, "device": device, "units": units});
    venue.cloud.keyed(&venue.organizer, "/v1/allotments", key, body).await
}

both!(who_asks_gets_what_the_cloud_has_once_for_a_request);
async fn who_asks_gets_what_the_cloud_has_once_for_a_request() {
    let venue = Venue::new().await; // with a hundred beers
    let (bar, gate) = (venue.device("bar", "bar").await, venue.device("gate", "gate").await);
    let cloud = &venue.cloud;
    check(cloud, &bar, &[(1, 60)], &[60]).await;
    assert_eq!(own(cloud, &venue).await.1, 40);
    check(cloud, &bar, &[(1, 60), (1, 7)], &[60]).await; // the same transfer, once more
    assert_eq!(own(cloud, &venue).await.1, 40);
    check(cloud, &gate, &[(2, 5)], &[]).await; // a gate serves nothing
    check(cloud, &bar, &[(3, 30), (4, 30), (5, 30)], &[30, 10]).await;
    check(cloud, &bar, &[(6, 1)], &[]).await;
    assert_eq!(own(cloud, &venue).await.1, 0);
    restock(cloud, &venue, 1).await;
    check(cloud, &bar, &[(5, 30)], &[1]).await;
}

both!(a_share_goes_to_the_life_that_a_device_says_it_leads);
async fn a_share_goes_to_the_life_that_a_device_says_it_leads() {
    let venue = Venue::new().await;
    let mut bar = venue.device("bar", "bar").await;
    bar.write(START_S, Kind::Began(Began { after: None }));
    send(&venue.cloud, &bar, bar.runs(1)).await;
    let first = bar.journal;
    bar.journal.incarnation = 4_711;
    let (life, end) = (bar.journal, Head { sequence: 1, hash: Hash([1; 32]) });
    let vector = Vector([(first, Heads::of(vec![end])), (life, Heads::of(vec![end]))].into());
    let answer = ask(&venue.cloud, &bar, |request| {
        (request.vector, request.wants) = (Some(vector), vec![want(1, 5)]);
    })
    .await;
    assert_eq!(transfers(&answer.runs)[0].1.to, life);
    check(&venue.cloud, &bar, &[(2, 5)], &[]).await; // it is not said now, and not known here
    allot(&venue, "a", &bar, 3).await.ok();
    let answer = ask(&venue.cloud, &bar, |_| ()).await;
    assert_eq!(transfers(&answer.runs).last().unwrap().1.to, first);
    (bar.entries, bar.hashes) = (Vec::new(), Vec::new());
    bar.write(START_S, Kind::Began(Began { after: None }));
    send(&venue.cloud, &bar, bar.runs(1)).await;
    allot(&venue, "b", &bar, 3).await.ok();
    let answer = ask(&venue.cloud, &bar, |_| ()).await;
    assert_eq!(transfers(&answer.runs).last().unwrap().1.to, life);
}

both!(of_a_device_and_its_copy_each_gets_what_it_asks_for_itself_and_a_share_goes_to_who_asked_last);
async fn of_a_device_and_its_copy_each_gets_what_it_asks_for_itself_and_a_share_goes_to_who_asked_last() {
    let venue = Venue::new().await;
    let mut bar = venue.device("bar", "bar").await;
    let first = bar.journal;
    bar.write(START_S, Kind::Began(Began { after: None }));
    send(&venue.cloud, &bar, bar.runs(1)).await;
    // A copy of its folder was started elsewhere: it began anew, under a number that was drawn, and was heard once.
    let copy = JournalId { incarnation: 4_711, ..first };
    (bar.journal, bar.entries, bar.hashes) = (copy, Vec::new(), Vec::new());
    bar.write(START_S, Kind::Began(Began { after: None }));
    send(&venue.cloud, &bar, bar.runs(1)).await;
    let end = Heads::of(vec![Head { sequence: 1, hash: Hash([1; 32]) }]);
    let both = Vector([(first, end.clone()), (copy, end)].into());
    for (number, writes) in [(1, first), (2, copy), (3, first)] {
        let answer = ask(&venue.cloud, &bar, |request| {
            (request.vector, request.journal) = (Some(both.clone()), Some(writes));
            request.wants = vec![want(number, 5)];
        });
        let given = transfers(&answer.await.runs);
        assert_eq!(given.last().map(|(_, given)| given.to), Some(writes), "request {number}");
        allot(&venue, &number.to_string(), &bar, 3).await.ok();
        let given = transfers(&ask(&venue.cloud, &bar, |_| ()).await.runs);
        assert_eq!(given.last().map(|(_, given)| given.to), Some(writes), "the share after request {number}");
    }
}

both!(who_was_revoked_or_writes_two_histories_gets_nothing);
async fn who_was_revoked_or_writes_two_histories_gets_nothing() {
    let venue = Venue::new().await;
    let (mut bar, gone) = (venue.device("bar", "bar").await, venue.device("gone", "bar").await);
    bar.serve(START_S, ticket_id(&venue.paid("k", 1).await, 0), 1, 1);
    let mut other = bar.set_back(0);
    other.write(START_S, Kind::Began(Began { after: None }));
    for history in [&bar, &other] {
        send(&venue.cloud, history, history.runs(1)).await;
    }
    check(&venue.cloud, &bar, &[(1, 5)], &[]).await;
    allot(&venue, "a", &bar, 5).await.refused(409, "journal_ended");
    let revoke = format!("/v1/devices/{}/revoke", gone.identity.device);
    venue.cloud.post(&venue.organizer, &revoke, json!({})).await.ok();
    let request = Request { wants: vec![want(2, 5)], ..gone.request(Vec::new()) };
    venue.cloud.exchange(&gone.identity, &request).await.err().unwrap().refused(403, "device_revoked");
    assert_eq!(own(&venue.cloud, &venue).await.1, 100);
}

both!(what_others_are_short_of_is_paid_as_far_as_it_is_there);
async fn what_others_are_short_of_is_paid_as_far_as_it_is_there() {
    let venue = Venue::new().await;
    let (cloud, mut boss) = (&venue.cloud, venue.device("boss", "supervisor").await);
    allot(&venue, "a", &boss, 95).await.ok(); // five are left at the cloud
    let transfer = named(&venue, transfers(&everything(cloud, &boss).await)[0].0).await;
    boss.write(START_S, Kind::Accepted(Accepted { transfer }));
    let count = Stocktake::new(BEER, 0, 103, Hash([0; 32]));
    boss.write(START_S, Kind::Stocktake(count));
    send(cloud, &boss, boss.runs(1)).await;
    assert_eq!(
        (held(cloud, &venue, BEER, boss.journal).await, own(cloud, &venue).await.1),
        (-8, 0),
        "paid once it is accepted"
    );
    restock(cloud, &venue, 20).await;
    assert_eq!((held(cloud, &venue, BEER, boss.journal).await, own(cloud, &venue).await.1), (-8, 17));
    let answer = ask(cloud, &boss, |_| ()).await;
    let paid: Vec<_> = transfers(&answer.runs).into_iter().map(|(_, t)| t.quantity).collect();
    assert_eq!(paid, [95, 5, 3]);
}

both!(who_accepted_what_is_not_here_yet_is_not_taken_to_be_short);
async fn who_accepted_what_is_not_here_yet_is_not_taken_to_be_short() {
    let venue = Venue::new().await;
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let (mut boss, mut bar) = (venue.device("boss", "supervisor").await, venue.device("bar", "bar").await);
    boss.write(START_S, Kind::Restock(Restock::new(BEER, 4)));
    let given = boss.write(START_S + 1, Kind::Transfer(Transfer::share(BEER, 4, bar.journal)));
    bar.write(START_S + 2, Kind::Accepted(Accepted { transfer: given }));
    // Of what it was given it gives one on, before any of it is known here.
    bar.write(START_S + 3, Kind::Transfer(Transfer::share(BEER, 1, boss.journal)));
    bar.serve(START_S + 4, ticket, 1, 2);
    send(&venue.cloud, &bar, bar.runs(1)).await;
    assert_eq!(own(&venue.cloud, &venue).await.1, 100, "nothing is paid");
    send(&venue.cloud, &boss, boss.runs(1)).await;
    assert_eq!((held(&venue.cloud, &venue, BEER, bar.journal).await, own(&venue.cloud, &venue).await.1), (3, 100));
}

both!(a_lease_lasts_until_the_event_is_over_and_is_noted_before_it_is_told);
async fn a_lease_lasts_until_the_event_is_over_and_is_noted_before_it_is_told() {
    let venue = Venue::new().await;
    let bar = venue.device("bar", "bar").await;
    let device = bar.identity.device;
    let noted = async || {
        let found =
            venue.cloud.app.read(move |tx, _| Box::pin(async move { Ok(devices::get(tx, device).await?) }));
        found.await.unwrap().unwrap().leased_until.unwrap()
    };
    let ends = Timestamp::parse("2026-11-20T03:00:00Z").unwrap().as_secs();
    for passed in [0, 600] {
        venue.cloud.pass(passed);
        let left = ends + 12 * 3_600 - START_S - passed;
        assert_eq!(ask(&venue.cloud, &bar, |_| ()).await.lease_s, Some(left as u32));
        assert_eq!(noted().await, Timestamp::from_secs(ends + 12 * 3_600));
    }
    let open = json!({ "ends_at": null });
    venue.cloud.patch(&venue.organizer, &format!("/v1/events/{}", venue.event), open).await.ok();
    for _ in 0..3 {
        venue.cloud.pass(1_800);
        let lease = ask(&venue.cloud, &bar, |_| ()).await.lease_s.unwrap();
        assert_eq!(lease, 7 * 24 * 3_600);
        let until = venue.cloud.now().plus_secs(lease.into());
        assert!(noted().await >= until, "who gives it up as lost knows until when it goes on");
    }
}

/// A list that lets into the balcony, known to the agents and to the desk.
async fn balcony(venue: &Venue) -> String {
    let new = json!({"event": venue.event, "name": "Balcony"});
    let list = venue.cloud.post(&venue.organizer, "/v1/lists", new).await.ok();
    let event = venue.event_id();
    let told = venue.cloud.app.write(move |tx, app| {
        Box::pin(async move {
            let list = app.catalogue(tx, event).await?.lists[&ListId(2)].clone();
            tx.publish(event, Change::List(CheckInList { zone: Some(ZoneId(7)), ..list }));
            Ok(())
        })
    });
    told.await.unwrap();
    list["id"].as_str().unwrap().to_owned()
}

both!(the_desk_lets_into_a_zone_as_many_as_the_cloud_has_places_for);
async fn the_desk_lets_into_a_zone_as_many_as_the_cloud_has_places_for() {
    let venue = Venue::new().await;
    let (list, order) = (balcony(&venue).await, venue.paid("k", 4).await);
    let mut boss = venue.device("boss", "supervisor").await;
    let scan = async |place: usize, direction: &str| {
        let body = json!({"code": order["tickets"][place]["code"], "list": list, "direction": direction});
        let path = format!("/v1/events/{}/scans", venue.event);
        venue.cloud.post(&venue.organizer, &path, body).await.ok()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(scan(0, "entry").await, "full");
    boss.write(START_S, Kind::Restock(Restock::new(BALCONY, 9)));
    let (own, _) = own(&venue.cloud, &venue).await;
    boss.write(START_S, Kind::Transfer(Transfer::share(BALCONY, 2, own.unwrap())));
    send(&venue.cloud, &boss, boss.runs(1)).await; // who is given something accepts it
    let codes = [scan(0, "entry").await, scan(1, "entry").await, scan(2, "entry").await];
    assert_eq!(codes, ["ok", "ok", "full"]);
    assert_eq!((scan(0, "exit").await, scan(2, "entry").await), ("ok".into(), "ok".into()));
    assert_eq!(scan(3, "entry").await, "full");
}

/// Everything that somebody gets who begins with nothing.
async fn everything(cloud: &Cloud, device: &Device) -> Vec<Run> {
    ask(cloud, device, |_| ()).await.runs
}

both!(a_restored_cloud_goes_on_in_another_journal_without_rights);
async fn a_restored_cloud_goes_on_in_another_journal_without_rights() {
    let venue = Venue::new().await;
    let (bar, order) = (venue.device("bar", "bar").await, venue.paid("k", 5).await);
    assert_eq!(serve(&venue.cloud, &venue, &order, 0).await["verdict"], "serve");
    let copy = venue.cloud.copied().await;
    let (before, _) = own(&venue.cloud, &venue).await;
    // What happens after the copy, agents know.
    restock(&venue.cloud, &venue, 10).await;
    assert_eq!(serve(&venue.cloud, &venue, &order, 1).await["verdict"], "serve");
    let known = everything(&venue.cloud, &bar).await;
    let restored = copy.restarted(Life::Restored).await;
    assert_eq!(own(&restored, &venue).await, (None, 0));
    assert_eq!(serve(&restored, &venue, &order, 2).await["code"], "sold_out");
    let (now, left) = own(&restored, &venue).await;
    assert!(now.unwrap() > before.unwrap() && left == 0);
    send(&restored, &bar, known).await;
    let journals = restored.get(&venue.organizer, &format!("/v1/events/{}/journals", venue.event)).await.ok();
    let lives: Vec<_> =
        journals["items"].as_array().unwrap().iter().filter(|one| one["name"] == "cloud").collect();
    assert_eq!(lives.iter().map(|one| &one["entries"]).collect::<Vec<_>>(), [4, 2], "{lives:?}");
    assert!(lives.iter().all(|one| one["forked_after"].is_null()));
    let had = retire(&restored, &venue, before.unwrap(), 4).await;
    assert_eq!((had, own(&restored, &venue).await.1), (BTreeMap::from([(BEER, 108)]), 108));
    assert_eq!(serve(&restored, &venue, &order, 3).await["verdict"], "serve");
    assert_eq!(own(&restored, &venue).await, (now, 107));
}

both!(a_restored_cloud_writes_no_journal_on_that_another_life_of_it_began);
async fn a_restored_cloud_writes_no_journal_on_that_another_life_of_it_began() {
    let venue = Venue::new().await;
    let (bar, order) = (venue.device("bar", "bar").await, venue.paid("k", 3).await);
    let restored = async || venue.cloud.copied().await.restarted(Life::Restored).await;
    let [first, hears, writes] = [restored().await, restored().await, restored().await];
    serve(&first, &venue, &order, 0).await;
    let theirs = own(&first, &venue).await.0.unwrap();
    let known = everything(&first, &bar).await;
    serve(&writes, &venue, &order, 1).await;
    let its = own(&writes, &venue).await.0;
    for (cloud, goes_on) in [(&hears, None), (&writes, its)] {
        send(cloud, &bar, known.clone()).await;
        assert_eq!(own(cloud, &venue).await.0, goes_on, "{theirs}");
        serve(cloud, &venue, &order, 2).await;
        let after = own(cloud, &venue).await.0.unwrap();
        assert!(Some(after) == goes_on || after > theirs, "{after} {theirs}");
        let journals = cloud.get(&venue.organizer, &format!("/v1/events/{}/journals", venue.event)).await.ok();
        let forked: Vec<_> =
            journals["items"].as_array().unwrap().iter().map(|one| &one["forked_after"]).collect();
        assert!(forked.iter().all(|after| after.is_null()), "{journals}");
    }
}

/// Gives a journal up as lost.
async fn retire(cloud: &Cloud, venue: &Venue, journal: JournalId, last: u64) -> BTreeMap<Resource, i64> {
    let event = venue.event_id();
    let retired = cloud.app.write(move |tx, app| {
        Box::pin(async move {
            let mut books = Books::open(tx, app, event).await?;
            let had = lend::retire(tx, app, &mut books, (journal, last)).await?;
            books.close(tx).await?;
            Ok(had)
        })
    });
    retired.await.unwrap()
}

both!(a_cloud_that_was_set_back_unnoticed_leaves_its_journal_once_that_shows);
async fn a_cloud_that_was_set_back_unnoticed_leaves_its_journal_once_that_shows() {
    let venue = Venue::new().await;
    let (bar, order) = (venue.device("bar", "bar").await, venue.paid("k", 5).await);
    let copy = venue.cloud.copied().await;
    let (before, _) = own(&venue.cloud, &venue).await;
    assert_eq!(serve(&venue.cloud, &venue, &order, 0).await["verdict"], "serve");
    let known = everything(&venue.cloud, &bar).await;
    let again = copy.restarted(Life::Same).await;
    assert_eq!(serve(&again, &venue, &order, 1).await["verdict"], "serve");
    send(&again, &bar, known).await;
    assert_eq!(own(&again, &venue).await, (None, 0));
    let report = again.get(&venue.organizer, &format!("/v1/events/{}/attendance", venue.event)).await.ok();
    assert_eq!(report["totals"]["served"], 2, "both were handed over");
    assert_eq!(serve(&again, &venue, &order, 2).await["code"], "sold_out");
    assert_ne!(own(&again, &venue).await.0, before);
    assert_eq!(retire(&again, &venue, before.unwrap(), 2).await, BTreeMap::from([(BEER, 98)]));
    assert_eq!(own(&again, &venue).await.1, 98);
}

both!(a_device_that_is_given_up_leaves_what_it_had_to_the_cloud);
async fn a_device_that_is_given_up_leaves_what_it_had_to_the_cloud() {
    let venue = Venue::new().await;
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let mut bar = venue.device("bar", "bar").await;
    allot(&venue, "a", &bar, 30).await.ok();
    let runs = everything(&venue.cloud, &bar).await;
    let given = transfers(&runs)[0].0;
    let transfer = named(&venue, given).await;
    bar.write(START_S, Kind::Accepted(Accepted { transfer }));
    bar.serve(START_S + 1, ticket, 1, 2);
    send(&venue.cloud, &bar, bar.runs(1)).await;
    allot(&venue, "b", &bar, 5).await.ok(); // on its way, perhaps for ever
    let had = retire(&venue.cloud, &venue, bar.journal, 2).await;
    assert_eq!(had, BTreeMap::from([(BEER, 28 + 5)]));
    assert_eq!(own(&venue.cloud, &venue).await.1, 65 + 28 + 5);
    // It comes back, and had used more.
    bar.serve(START_S + 2, ticket, 1, 4);
    send(&venue.cloud, &bar, bar.runs(3)).await;
    assert_eq!(own(&venue.cloud, &venue).await.1, 98, "what it used late is nobody's right");
    let event = venue.event_id();
    let totals = venue
        .cloud
        .app
        .read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::books::totals(tx, event).await?) }));
    let late = format!("late/product/1/{}", bar.journal);
    assert!(totals.await.unwrap().contains(&(late, 4)));
    check(&venue.cloud, &bar, &[(1, 1)], &[]).await;
}

/// An entry of the cloud's by its place, with its hash.
async fn named(venue: &Venue, id: EntryRef) -> EntryRef {
    let path = format!("/v1/events/{}/entries?limit=1000", venue.event);
    let page = venue.cloud.get(&venue.organizer, &path).await.ok();
    let same =
        |entry: &&Value| entry["device"] == id.journal.device.to_string() && entry["sequence"] == id.sequence;
    let entry = page["items"].as_array().unwrap().iter().find(same).unwrap();
    let hash = data_encoding::HEXLOWER.decode(entry["hash"].as_str().unwrap().as_bytes()).unwrap();
    EntryRef { hash: Hash(hash.try_into().unwrap()), ..id }
}
