//! What a new device begins with, as the cloud makes it: what is in a start and what is not, who gets
//! which part, the shelves behind it, and another life of the database.

use crate::common::{Cloud, Database, Device, START_S, Venue, ticket_id};
use cloud_sync::store::StoreError;
use private_postgres::{Disk, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tidegate_core::catalogue::TicketRow;
use tidegate_core::feed::{Change, Cursor, Epoch};
use tidegate_core::id::{ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{Admission, Kind, Refusal};
use tidegate_core::start::marks::Marks;
use tidegate_core::start::uses::{Use, Uses};
use tidegate_core::start::{About, Asked, Gathered, Part, Pieces, Place, SignedPart};
use tidegate_core::sync::{Request, Vector};

/// A start as a device reads it.
struct Start {
    about: About,
    small: usize,
    tickets: Vec<TicketRow>,
    uses: Uses,
    frontier: Vector,
    codes: usize,
}

impl Start {
    fn told(&self) -> BTreeSet<TicketId> {
        self.tickets.iter().map(|row| row.id).collect()
    }
}

async fn ask(cloud: &Cloud, device: &Device, feed: Option<Cursor>, asked: Asked) -> tidegate_core::sync::Response {
    let request = Request { feed, start: Some(asked), ..device.request(Vec::new()) };
    cloud.exchange(&device.identity, &request).await.ok().unwrap()
}

fn wish(gathered: &[(&About, u32)]) -> Asked {
    let gathered = gathered.iter().map(|(about, next)| Gathered { contents: about.contents, next: *next });
    Asked { gathered: Some(gathered.collect()), rows: None }
}

fn opened(device: &Device, parts: &[SignedPart]) -> Vec<Part> {
    parts.iter().map(|part| part.open(&device.feed_key, device.identity.event).unwrap()).collect()
}

/// Begins anew, from whichever server.
async fn begin(cloud: &Cloud, device: &Device) -> Start {
    let answer = ask(cloud, device, Some(Cursor::default()), wish(&[])).await;
    assert!(answer.pages.is_empty(), "a start or pages, not both");
    let mut parts = opened(device, &answer.start);
    let about = parts[0].about.clone();
    while parts.len() < about.parts as usize {
        let more = ask(cloud, device, None, wish(&[(&about, parts.len() as u32)])).await;
        parts.extend(opened(device, &more.start));
    }
    assert_eq!(about.contents, about.name(&parts.iter().map(Part::hash).collect::<Vec<_>>()));
    let (mut pieces, mut small, mut tickets, mut codes) = (Pieces::default(), 0, Vec::new(), 0);
    let mut frontier = None;
    for part in &parts {
        let content = part.content().unwrap();
        pieces.add(&content);
        frontier = frontier.or(content.frontier);
        codes += content.codes.len();
        for row in content.rows {
            match Change::of(&row).unwrap() {
                Change::Ticket(ticket) => tickets.push(*ticket),
                _ => small += 1,
            }
        }
    }
    let (uses, frontier) = (pieces.uses().unwrap(), frontier.unwrap());
    Start { about, small, tickets, uses, frontier, codes }
}

async fn post(venue: &Venue, path: &str, body: Value) -> Value {
    venue.cloud.post(&venue.organizer, path, body).await.ok()
}

both!(a_start_tells_every_ticket_whose_code_does_not_say_everything_and_no_other);
async fn a_start_tells_every_ticket_whose_code_does_not_say_everything_and_no_other() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let sold = venue.paid("sold", 9).await;
    let pending = venue.order("pending", 1).await;
    let at = |place: usize, verb: &str| format!("/v1/tickets/{}{verb}", ticket_id(&sold, place));
    post(&venue, &at(0, "/cancel"), json!({})).await;
    post(&venue, &at(1, "/block"), json!({"reason": "stolen"})).await;
    post(&venue, &at(2, "/reissue"), json!({})).await;
    let patch = async |place, body: Value| venue.cloud.patch(&venue.organizer, &at(place, ""), body).await.ok();
    patch(3, json!({"holder": "Maria"})).await; // a name comes behind
    patch(4, json!({"valid_until": "2026-11-19T23:00:00+01:00"})).await; // narrower: a new counter
    patch(5, json!({"valid_until": "2026-11-19T23:00:00+01:00"})).await;
    patch(5, json!({"valid_until": null})).await; // wider again: the code before says less
    post(&venue, &at(6, "/block"), json!({"reason": "stolen"})).await;
    post(&venue, &at(6, "/unblock"), json!({})).await;
    let start = begin(&venue.cloud, &gate).await;
    let expect: BTreeSet<TicketId> = [0, 1, 2, 4, 5].map(|place| ticket_id(&sold, place)).into();
    let expect = &expect | &BTreeSet::from([ticket_id(&pending, 0)]);
    assert_eq!(start.told(), expect);
    assert_eq!((start.about.told, start.codes), (Marks::ALWAYS, 0));
    let (changes, cursor) = venue.feed(&gate, Cursor::default()).await;
    let rows = changes.iter().filter(|change| change.ticket().is_none()).count();
    assert_eq!((start.small, start.about.revision, start.about.epoch), (rows, cursor.revision, cursor.epoch));
    let row = |change: &Change| matches!(change, Change::Ticket(row) if start.tickets.contains(row));
    assert_eq!(changes.iter().filter(|change| row(change)).count(), 6, "as the feed has them");
}

both!(a_window_that_was_widened_without_another_counter_is_told_for_ever);
async fn a_window_that_was_widened_without_another_counter_is_told_for_ever() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let body = json!({"event": venue.event, "items": [{"product": venue.ticket,
        "valid_until": "2026-11-19T23:00:00+01:00", "quantity": 2}]});
    let order = venue.cloud.keyed(&venue.organizer, "/v1/orders", "k", body).await.ok();
    post(&venue, &format!("/v1/orders/{}/pay", order["id"].as_str().unwrap()), json!({"provider": "test"})).await;
    let ticket = ticket_id(&order, 0);
    let path = format!("/v1/tickets/{ticket}");
    venue.cloud.patch(&venue.organizer, &path, json!({"valid_until": "2026-11-20T04:00:00+01:00"})).await.ok();
    assert_eq!(begin(&venue.cloud, &gate).await.told(), [ticket].into());
    venue.cloud.patch(&venue.organizer, &path, json!({"holder": "Maria"})).await.ok();
    venue.cloud.pass(6);
    assert_eq!(begin(&venue.cloud, &gate).await.told(), [ticket].into());
}

both!(what_only_some_lists_ask_about_is_told_where_one_does);
async fn what_only_some_lists_ask_about_is_told_where_one_does() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let main = ticket_id(&venue.paid("main", 1).await, 0).to_string();
    let body = json!({"event": venue.event, "items": [{"product": venue.ticket, "addon_to": main}]});
    let order = venue.cloud.keyed(&venue.organizer, "/v1/orders", "k", body).await.ok();
    post(&venue, &format!("/v1/orders/{}/pay", order["id"].as_str().unwrap()), json!({"provider": "test"})).await;
    assert!(begin(&venue.cloud, &gate).await.told().is_empty());
    let list = format!("/v1/lists/{}", venue.list);
    venue.cloud.patch(&venue.organizer, &list, json!({"addon_match": true})).await.ok();
    venue.cloud.pass(6);
    let start = begin(&venue.cloud, &gate).await;
    assert!(start.about.told.all(Marks::ALWAYS.and(Marks::ADD_ON)));
    assert_eq!(start.tickets.len(), 1, "{:?}", start.tickets);
    assert!(start.tickets[0].addon_to.is_some());
}

both!(a_start_holds_everybody_who_was_used_up_to_its_frontier);
async fn a_start_holds_everybody_who_was_used_up_to_its_frontier() {
    let venue = Venue::new().await;
    let (mut one, two) = (venue.device("gate-1", "gate").await, venue.device("gate-2", "gate").await);
    let order = venue.paid("k", 6).await;
    let id = |place| ticket_id(&order, place);
    let check = |start: &Start, used: &[usize], served: &[usize]| {
        let all = 0..6;
        let held = |what: Use| all.clone().filter(|place| start.uses.holds(what, id(*place))).collect::<Vec<_>>();
        assert_eq!(held(Use::Passage(ListId(1))), used);
        assert_eq!(held(Use::Serving(ProductId(1))), served);
        assert!(held(Use::Passage(ListId(2))).is_empty());
    };
    check(&begin(&venue.cloud, &two).await, &[], &[]);
    one.admit(START_S, id(0), 1);
    one.serve(START_S, id(1), 1, 1);
    let refusal = Refusal { ticket: Some(id(2)), list: Some(ListId(1)), gate: None, code: "used".into() };
    one.write(START_S, Kind::Refusal(refusal));
    venue.cloud.exchange(&one.identity, &one.request(one.runs(1))).await.ok().unwrap();
    check(&begin(&venue.cloud, &two).await, &[], &[]); // of the same five seconds
    venue.cloud.pass(6);
    let start = begin(&venue.cloud, &two).await;
    check(&start, &[0], &[1]); // a gate may not serve: what came to nothing may come to count
    assert_eq!(start.frontier.sequence(&one.journal), 3);
    // It reads on from there, and finds what the cloud's own desk has written.
    one.admit(START_S + 5, id(3), 1);
    venue.cloud.exchange(&one.identity, &one.request(one.runs(4))).await.ok().unwrap();
    let scan = json!({"code": order["tickets"][4]["code"], "list": venue.list});
    post(&venue, &format!("/v1/events/{}/scans", venue.event), scan).await;
    venue.cloud.pass(6);
    check(&begin(&venue.cloud, &two).await, &[0, 3, 4], &[1]);
    check(&begin(&venue.cloud.beside().await, &two).await, &[0, 3, 4], &[1]);
}

both!(a_code_that_a_journal_carried_and_the_cloud_has_lost_is_told);
async fn a_code_that_a_journal_carried_and_the_cloud_has_lost_is_told() {
    let venue = Venue::new().await;
    let mut gate = venue.device("gate-1", "gate").await;
    let order = venue.paid("k", 1).await;
    let id = ticket_id(&order, 0);
    let reissued = post(&venue, &format!("/v1/tickets/{id}/reissue"), json!({})).await;
    let sealed = tidegate_core::ticket::Sealed::read(reissued["code"].as_str().unwrap()).unwrap();
    let code = Some(sealed.as_bytes().to_vec().into());
    gate.write(START_S, Kind::Admission(Admission { code, ..Admission::new(id, ListId(1)) }));
    venue.cloud.exchange(&gate.identity, &gate.request(gate.runs(1))).await.ok().unwrap();
    assert_eq!(begin(&venue.cloud, &gate).await.codes, 0, "the row says as much");
    let lost = venue.cloud.app.store.write::<u64, StoreError, _>(|tx| {
        Box::pin(async move { tx.execute("UPDATE tickets SET counter = 0", &[]).await })
    });
    lost.await.unwrap();
    venue.cloud.pass(6);
    assert_eq!(begin(&venue.cloud, &gate).await.codes, 1);
}

both!(parts_go_on_where_they_were_broken_off_and_a_start_is_made_once_in_a_while);
async fn parts_go_on_where_they_were_broken_off_and_a_start_is_made_once_in_a_while() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let first = begin(&venue.cloud, &gate).await.about;
    venue.paid("k", 2).await;
    venue.cloud.pass(4);
    assert_eq!(begin(&venue.cloud, &gate).await.about, first, "made four seconds ago");
    venue.cloud.pass(2);
    let second = begin(&venue.cloud, &gate).await.about;
    assert_ne!(second, first);
    let next = async |about: &About, next: u32| {
        let answer = ask(&venue.cloud, &gate, None, wish(&[(about, next)])).await;
        opened(&gate, &answer.start).iter().map(|part| (part.about.contents, part.number)).collect::<Vec<_>>()
    };
    assert!(second.parts > 1);
    assert_eq!(next(&first, 1).await[0], (first.contents, 1), "whoever has some of it gets the rest");
    assert_eq!(next(&second, 1).await[0], (second.contents, 1));
    venue.cloud.pass(601);
    let third = next(&first, 1).await[0];
    assert!(third.1 == 0 && third.0 != second.contents, "it is no longer kept: another one from the beginning");
}

both!(shelves_hold_every_ticket_in_the_order_of_ids);
async fn shelves_hold_every_ticket_in_the_order_of_ids() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let mut ids = BTreeSet::new();
    for order in 0..5 {
        let order = venue.order(&format!("k{order}"), 900).await;
        ids.extend((0..900).map(|place| ticket_id(&order, place)));
    }
    let about = begin(&venue.cloud, &gate).await.about;
    let (mut place, mut found) = (Place { epoch: about.epoch, since: about.revision, after: None }, Vec::new());
    loop {
        let answer = ask(&venue.cloud, &gate, None, Asked { gathered: None, rows: Some(place) }).await;
        let shelf = answer.shelves[0].open(&gate.feed_key, gate.identity.event, place).unwrap();
        found.extend(shelf.rows.iter().filter_map(|row| Change::of(row)?.ticket()));
        let Some(until) = shelf.until else { break };
        assert!(answer.shelves.len() == 2 && !answer.more, "4,500 stand on two");
        place.after = Some(until);
    }
    assert_eq!(found, ids.into_iter().collect::<Vec<_>>());
    let elsewhere = Place { epoch: Epoch([9; 16]), ..place };
    let answer = ask(&venue.cloud, &gate, None, Asked { gathered: None, rows: Some(elsewhere) }).await;
    assert!(answer.shelves.is_empty());
}

both!(whoever_is_of_another_life_of_the_cloud_hears_of_this_one);
async fn whoever_is_of_another_life_of_the_cloud_hears_of_this_one() {
    let venue = Venue::new().await;
    let gate = venue.device("gate-1", "gate").await;
    let epoch = begin(&venue.cloud, &gate).await.about.epoch;
    let lost = Some(Cursor { epoch: Epoch([9; 16]), revision: 3 });
    let answer = ask(&venue.cloud, &gate, lost, Asked::default()).await;
    let parts = opened(&gate, &answer.start);
    assert_eq!((parts.len(), parts[0].number, parts[0].about.epoch), (1, 0, epoch));
    assert!(answer.pages.is_empty() && !answer.more);
    let restored = venue.cloud.again(cloud_sync::app::Life::Restored).await;
    let mine = Some(Cursor { epoch, revision: 3 });
    let answer = ask(&venue.cloud, &gate, mine, Asked::default()).await;
    let now = restored.read(|tx, app| Box::pin(app.epoch(tx))).await.unwrap();
    assert_eq!(opened(&gate, &answer.start)[0].about.epoch, now, "a server that ran on knows it at once");
    assert_ne!(now, epoch);
}

servers!(a_standby_that_was_promoted_begins_another_life_under_servers_that_run_on);
async fn a_standby_that_was_promoted_begins_another_life_under_servers_that_run_on() {
    let mut primary = Server::start(Disk::Quick).unwrap();
    let first = primary.make("venue", None).unwrap();
    let standby = primary.standby().unwrap();
    let second = standby.url("venue");
    let both = format!("{first}&{}&target_session_attrs=read-write", second.split_once('?').unwrap().1);
    let venue = Venue::at(Cloud::on(tempfile::tempdir().unwrap(), Database::Url(both)).await).await;
    let gate = venue.device("gate-1", "gate").await;
    let before = begin(&venue.cloud, &gate).await.about.epoch;
    assert_eq!(
        begin(&venue.cloud.beside().await, &gate).await.about.epoch,
        before,
        "a start of a server is no other life"
    );
    primary.crash().unwrap();
    standby.promote().unwrap();
    let mut answered = None;
    while answered.is_none() {
        // The connections to the one that has gone end one after the other.
        let request = Request { start: Some(wish(&[])), ..gate.request(Vec::new()) };
        answered = venue.cloud.exchange(&gate.identity, &request).await.ok();
    }
    let after = begin(&venue.cloud, &gate).await.about.epoch;
    assert_ne!(after, before);
    assert_eq!(begin(&venue.cloud.beside().await, &gate).await.about.epoch, after, "drawn once");
    venue.paid("k", 1).await;
}

servers!(a_role_that_may_not_ask_for_the_timeline_serves_all_the_same);
async fn a_role_that_may_not_ask_for_the_timeline_serves_all_the_same() {
    let server = Server::start(Disk::Quick).unwrap();
    let url = server.make("poor", None).unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let poor = "REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC;
        REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
        CREATE ROLE poor LOGIN; ALTER DATABASE poor OWNER TO poor; ALTER SCHEMA public OWNER TO poor";
    client.batch_execute(poor).await.unwrap();
    let url = url.replace("user=tidegate", "user=poor").replace("//tidegate@", "//poor@");
    assert!(url.contains("poor"), "{url}");
    let venue = Venue::at(Cloud::on(tempfile::tempdir().unwrap(), Database::Url(url)).await).await;
    let gate = venue.device("gate-1", "gate").await;
    let epoch = begin(&venue.cloud, &gate).await.about.epoch;
    assert_eq!(begin(&venue.cloud.beside().await, &gate).await.about.epoch, epoch);
}
