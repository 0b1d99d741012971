//! Journals of which there are several histories: all of them are kept and passed on, and
//! what they come to does not depend on which of them came first.

use crate::common::{Backend, Cloud, Device, ON, START_S, Venue, ticket_id};
use crate::model::Model;
use crate::model::night::{Night, certified};
use cloud_sync::app::Life;
use cloud_sync::exchange::{MAX_BRANCHES, MAX_INCARNATIONS};
use cloud_sync::ledger::Books;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tidegate_core::allotment::Rights as Held;
use tidegate_core::clock::Quality;
use tidegate_core::fold::totals::Total;
use tidegate_core::id::{EventId, ListId, ProductId, TicketId};
use tidegate_core::journal::kind::{
    Accepted, Admission, Began, ClockSet, Kind, Resource, Restock, Retire, Transfer,
};
use tidegate_core::journal::{Entry, EntryRef, MAX_RUN_ENTRIES, Run, sign_head};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{Head, Lack, Rejected, Request, Response, Segment, Trace, lack, points, trace};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Rights;

const BEER: Resource = Resource::Product(ProductId(1));

/// Sends runs by a device; gives those that were not taken.
async fn send(cloud: &Cloud, device: &Device, runs: Vec<Run>) -> Vec<Rejected> {
    let answer = cloud.exchange(&device.identity, &device.request(runs)).await;
    answer.unwrap_or_else(|refused| panic!("{} {}", refused.status, refused.json())).rejected
}

/// What somebody who has this is answered.
async fn ask(cloud: &Cloud, device: &Device, change: impl FnOnce(&mut Request)) -> Response {
    let mut request = device.request(Vec::new());
    change(&mut request);
    cloud.exchange(&device.identity, &request).await.ok().unwrap()
}

/// Which entries count, by the API.
async fn entries(venue: &Venue, cloud: &Cloud) -> BTreeMap<EntryRef, bool> {
    let (mut all, mut after) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("/v1/events/{}/entries?limit=100{after}", venue.event);
        let page = cloud.get(&venue.organizer, &path).await.ok();
        for item in page["items"].as_array().unwrap() {
            let journal = format!("{}:{}", item["device"].as_str().unwrap(), item["incarnation"]).parse().unwrap();
            let hash = data_encoding::HEXLOWER.decode(item["hash"].as_str().unwrap().as_bytes()).unwrap();
            let hash = Hash(hash.try_into().unwrap());
            let sequence = item["sequence"].as_u64().unwrap();
            all.insert(EntryRef { journal, sequence, hash }, item["counts"] == true);
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

/// Totals and rights, as they are kept.
async fn kept(cloud: &Cloud, event: EventId) -> (BTreeMap<String, i64>, Held) {
    let read = cloud.app.read(move |tx, app| {
        Box::pin(async move {
            let totals = cloud_sync::store::books::totals(tx, event).await?;
            let law = Books::open(tx, app, event).await?.law(tx).await?;
            Ok((totals.into_iter().collect(), law.rights.clone()))
        })
    });
    read.await.unwrap()
}

async fn get(venue: &Venue, cloud: &Cloud, what: &str) -> Value {
    cloud.get(&venue.organizer, &format!("/v1/events/{}/{what}", venue.event)).await.ok()
}

/// Everything that a cloud says of an event and that does not change with time.
async fn says(venue: &Venue, cloud: &Cloud, reader: &Device) -> Value {
    let (totals, rights) = kept(cloud, venue.event_id()).await;
    let answer = ask(cloud, reader, |_| ()).await;
    let counted: Vec<_> = entries(venue, cloud)
        .await
        .into_iter()
        .map(|(id, counts)| format!("{id:?} {:?} {counts}", id.hash))
        .collect();
    let mut journals = get(venue, cloud, "journals").await;
    journals["set_aside"] = Value::Null; // what came too early differs
    serde_json::json!({
        "attendance": get(venue, cloud, "attendance").await,
        "conflicts": get(venue, cloud, "conflicts").await,
        "journals": journals,
        "entries": counted,
        "totals": totals,
        "rights": format!("{rights:?}"),
        "vector": format!("{:?}", answer.vector),
        "digest": format!("{:?}", answer.digest),
    })
}

/// Holds what a cloud says against the model.
async fn check(venue: &Venue, cloud: &Cloud, reader: &Device, model: &Model, seed: u64) {
    let (count, totals, rights) = model.says();
    let known = entries(venue, cloud).await;
    let counted: BTreeSet<EntryRef> = known.iter().filter(|(_, counts)| **counts).map(|(id, _)| *id).collect();
    assert_eq!(known.len(), model.len(), "seed {seed}");
    assert_eq!(counted, count, "seed {seed}");
    assert_eq!(kept(cloud, venue.event_id()).await, (totals, rights), "seed {seed}");
    let answer = ask(cloud, reader, |_| ()).await;
    assert_eq!(answer.vector.unwrap(), model.vector(), "seed {seed}");
    assert_eq!(answer.digest, model.vector().digest(), "seed {seed}");
}

/// Everything that a cloud passes on, to somebody who begins with nothing.
async fn read_all(cloud: &Cloud, reader: &Device, model: &mut Model) {
    loop {
        let vector = model.vector();
        let answer = ask(cloud, reader, |request| {
            (request.digest, request.vector) = (vector.digest(), Some(vector.clone()));
        })
        .await;
        for run in &answer.runs {
            assert!(model.take(run), "it goes on from what was given before");
        }
        if !answer.more {
            return;
        }
    }
}

/// Delivers pieces, some at a time, which may come too early and are then brought again; checks on the way.
async fn deliver(night: &Night, cloud: &Cloud, empty: &Model, seed: u64) {
    let (venue, reader) = (&night.venue, &night.histories[0]);
    let (mut model, mut left) = (empty.clone(), VecDeque::from(night.pieces(seed)));
    let (mut dice, mut refused) = (StdRng::seed_from_u64(seed), 0);
    while !left.is_empty() {
        let some = some(&mut left, dice.random_range(1..5));
        let rejected = send(cloud, reader, some.clone()).await;
        let mut taken = Vec::new();
        for run in some {
            match rejected.iter().find(|one| (one.journal, one.first) == (run.journal, run.first)) {
                None => taken.push(named(night, &run)),
                Some(why) => {
                    // Who names no hash before a run cannot be told from a liar where another history is known.
                    let liar = run.previous.is_none() && why.code == "bad_signature";
                    assert!(liar || ["journal_gap", "journal_astray"].contains(&why.code.as_str()), "{why:?}");
                    left.push_back(run);
                }
            }
        }
        refused = if taken.is_empty() { refused + 1 } else { 0 };
        assert!(refused <= left.len() + 1, "seed {seed}: nothing more is taken");
        taken.sort_by_key(|run| run.first);
        assert!(taken.iter().all(|run| model.take(run)), "seed {seed}");
        if dice.random_range(0..8) == 0 {
            check(venue, cloud, reader, &model, seed).await;
        }
    }
    check(venue, cloud, reader, &model, seed).await;
}

/// The first of these runs, up to one that begins as another does.
fn some(left: &mut VecDeque<Run>, many: usize) -> Vec<Run> {
    let mut some: Vec<Run> = Vec::new();
    while some.len() < many {
        let Some(run) = left.pop_front() else { break };
        if some.iter().any(|one| (one.journal, one.first) == (run.journal, run.first)) {
            left.push_back(run);
            break;
        }
        some.push(run);
    }
    some
}

/// The run with the hash before it, whether or not its sender named it.
fn named(night: &Night, run: &Run) -> Run {
    let same = |history: &&Device| {
        history.journal == run.journal
            && history.entries.len() as u64 >= run.last()
            && history.run(run.first, run.last()).signature == run.signature
    };
    night.histories.iter().find(same).unwrap().run(run.first, run.last())
}

/// A model of an event's entries; none are in it yet.
async fn modelled(venue: &Venue) -> Model {
    let event = venue.event_id();
    let catalogue = venue.cloud.app.read(move |tx, app| Box::pin(app.catalogue(tx, event))).await.unwrap();
    Model::new(event, venue.cloud.app.ca, catalogue)
}

/// Counts everything again from all entries.
async fn recount(cloud: &Cloud, event: EventId) {
    let again = cloud.app.write(move |tx, app| Box::pin(cloud_sync::ledger::recount(tx, app, event, |_| ())));
    again.await.unwrap();
}

/// The cloud after an upgrade from a program that knew neither clocks nor retirements, and judged nothing.
async fn as_an_older_program_knew_it(cloud: Cloud) -> Cloud {
    let older = cloud.app.write(|tx, _| {
        Box::pin(async move {
            for sql in [
                "DELETE FROM right_entries",
                "UPDATE journals SET rights = 0, clocks = 0, counted = 0, retired_after = NULL",
                "UPDATE entries SET ticket = NULL, counts = 1 WHERE counts = 0",
                "DELETE FROM totals",
                "DELETE FROM installation WHERE name = 'law'",
            ] {
                tx.execute(sql, &[]).await?;
            }
            Ok(())
        })
    });
    older.await.unwrap();
    cloud.restarted(Life::Same).await
}

/// How many nights, and how often each is delivered, on the database at hand.
fn nights() -> (u64, u64) {
    match ON.get() {
        Backend::Sqlite => (6, 3),
        Backend::Postgres => (2, 2),
    }
}

async fn order_makes_no_difference(all_kinds: bool, entries: usize) {
    let (nights, deliveries) = nights();
    for seed in 0..nights {
        let mut night = Night::begin(seed, all_kinds).await;
        night.write(entries);
        let mut empty = modelled(&night.venue).await;
        read_all(&night.venue.cloud, &night.histories[0], &mut empty).await; // what the cloud wrote itself
        let mut said: Option<Value> = None;
        for delivery in 0..deliveries {
            let cloud = night.venue.cloud.copied().await;
            deliver(&night, &cloud, &empty, 100 * seed + delivery).await;
            let says = says(&night.venue, &cloud, &night.histories[0]).await;
            assert_eq!(*said.get_or_insert_with(|| says.clone()), says, "seed {seed}, delivery {delivery}");
            recount(&cloud, night.venue.event_id()).await;
            assert_eq!(self::says(&night.venue, &cloud, &night.histories[0]).await, says, "seed {seed}");
            let cloud = as_an_older_program_knew_it(cloud).await;
            assert_eq!(self::says(&night.venue, &cloud, &night.histories[0]).await, says, "seed {seed}");
            let mut read = empty.clone();
            read_all(&cloud, &night.histories[0], &mut read).await;
            check(&night.venue, &cloud, &night.histories[0], &read, seed).await;
        }
    }
}

both!(whatever_history_comes_first_everything_comes_to_the_same);
async fn whatever_history_comes_first_everything_comes_to_the_same() {
    order_makes_no_difference(false, 150).await;
}

both!(whenever_clocks_are_set_and_journals_retired_everything_comes_to_the_same);
async fn whenever_clocks_are_set_and_journals_retired_everything_comes_to_the_same() {
    order_makes_no_difference(true, 200).await;
}

/// A gate that goes on after `common` entries as two: `ours` more in the history that the cloud has, and
/// `theirs` more in the other one.
async fn parted(venue: &Venue, common: usize, ours: usize, theirs: usize) -> (Device, Device) {
    let mut gate = venue.device("gate-1", "gate").await;
    let ticket = TicketId::from_bytes([7; 6]);
    for n in 0..common {
        gate.admit(START_S + n as i64, ticket, 1);
    }
    let mut other = gate.clone();
    for n in 0..ours {
        gate.admit(START_S + 1_000 + n as i64, ticket, 1);
    }
    for n in 0..theirs {
        other.admit(START_S + 5_000 + n as i64, ticket, 1);
    }
    assert!(send(&venue.cloud, &gate, gate.runs(1)).await.is_empty());
    (gate, other)
}

/// The runs of a device after a place of a part of its journal.
fn after(model: &Model, device: &Device, (part, place): (usize, u64)) -> Vec<Run> {
    let (segment, before, entries) = model.parts(device.journal)[part].clone();
    let (here, entries) = entries.split_at((place - segment.base) as usize);
    let mut previous = (place > 0).then(|| here.last().map_or(before, |last| last.hash));
    let run = |some: &[EntryRef]| {
        let bytes = some.iter().map(|id| model.bytes(id).into()).collect();
        let signature = sign_head(&device.key, device.identity.event, some.last().unwrap());
        let before = std::mem::replace(&mut previous, some.last().map(|last| last.hash));
        let (journal, first, certificate) = (device.journal, some[0].sequence, device.certificate.clone());
        Run { journal, first, entries: bytes, signature, certificate, previous: before }
    };
    entries.chunks(MAX_RUN_ENTRIES).map(run).collect()
}

/// What a device has of its own journal, as an agent asks and answers; gives how many rounds it takes until both
/// sides have everything.
async fn rounds(venue: &Venue, own: &Device, model: &mut Model) -> usize {
    own.runs(1).iter().for_each(|run| assert!(model.take(run)));
    let (mut runs, mut traces) = (Vec::new(), Vec::new());
    for round in 1..9 {
        let vector = model.vector();
        let answer = ask(&venue.cloud, own, |request| {
            (request.digest, request.runs, request.traces) = (vector.digest(), runs.clone(), traces.clone());
            request.vector = Some(vector.clone());
        })
        .await;
        answer.runs.iter().for_each(|run| assert!(model.take(run), "round {round}"));
        let Some(theirs) = answer.vector.filter(|_| model.vector().digest() != answer.digest) else {
            return round;
        };
        let parts = model.parts(own.journal);
        let segments: Vec<Segment> = parts.iter().map(|(segment, ..)| *segment).collect();
        let of = |id: &EntryRef| Head { sequence: id.sequence, hash: id.hash };
        let find = |point: &Head| {
            Ok::<_, ()>(parts.iter().position(|(.., entries)| entries.iter().any(|id| of(id) == *point)))
        };
        let lacking = lack(&segments, theirs.0.get(&own.journal), points(&answer.traces, own.journal), find);
        (runs, traces) = match lacking.unwrap() {
            Lack::After(places) => {
                (places.iter().flat_map(|place| after(model, own, *place)).collect(), Vec::new())
            }
            Lack::Astray => {
                let of_part = |(segment, _, entries): &(Segment, Hash, Vec<EntryRef>)| {
                    let places = trace(segment.last).take_while(|place| *place > segment.base);
                    places.map(|place| of(&entries[(place - segment.base) as usize - 1])).collect::<Vec<_>>()
                };
                let points = parts.iter().flat_map(of_part).collect();
                (Vec::new(), vec![Trace { journal: own.journal, points }])
            }
        };
    }
    panic!("they never agree");
}

both!(two_sides_that_know_different_histories_find_where_they_part);
async fn two_sides_that_know_different_histories_find_where_they_part() {
    for (common, ours, theirs) in [(0, 1, 1), (5, 1, 9), (5, 9, 1), (300, 40, 40), (40, 600, 3), (40, 3, 600)] {
        let venue = Venue::new().await;
        let (gate, other) = parted(&venue, common, ours, theirs).await;
        let mut model = modelled(&venue).await;
        let rounds = rounds(&venue, &other, &mut model).await;
        assert!(rounds <= 5, "{common} {ours} {theirs}: {rounds} rounds");
        assert_eq!(model.forked_after(gate.journal), Some(common as u64));
        let of_gate = model.vector().0[&gate.journal].all().len();
        assert_eq!(of_gate, 2);
        check(&venue, &venue.cloud, &gate, &model, 0).await;
    }
}

both!(another_history_is_kept_beside_the_first_and_people_in_it_count);
async fn another_history_is_kept_beside_the_first_and_people_in_it_count() {
    let venue = Venue::new().await;
    let order = venue.paid("k1", 3).await;
    let mut gate = venue.device("gate-1", "gate").await;
    gate.admit(START_S, ticket_id(&order, 0), 1);
    let mut other = gate.set_back(0);
    other.admit(START_S + 5, ticket_id(&order, 1), 1);
    other.admit(START_S + 6, ticket_id(&order, 2), 1);
    for device in [&gate, &other] {
        assert!(send(&venue.cloud, device, device.runs(1)).await.is_empty());
    }
    assert_eq!(get(&venue, &venue.cloud, "attendance").await["lists"][0]["entries"], 3);
    let journals = get(&venue, &venue.cloud, "journals").await;
    let journal = journals["items"].as_array().unwrap().iter().find(|one| one["name"] == "gate-1").unwrap();
    assert_eq!((&journal["entries"], &journal["forked_after"]), (&3.into(), &0.into()));
}

fn restock(quantity: u32) -> Kind {
    Kind::Restock(Restock::new(BEER, quantity))
}

/// What a journal holds of the beer.
async fn held(venue: &Venue, device: &Device) -> i64 {
    kept(&venue.cloud, venue.event_id()).await.1.held(BEER, device.journal)
}

async fn journal(venue: &Venue, name: &str) -> Value {
    let mut journals = get(venue, &venue.cloud, "journals").await;
    journals["items"].as_array_mut().unwrap().drain(..).find(|one| one["name"] == name).unwrap()
}

/// Sends runs of which none is refused.
async fn sent(venue: &Venue, device: &Device, first: u64) {
    assert_eq!(send(&venue.cloud, device, device.runs(first)).await, []);
}

both!(after_a_fork_people_count_and_what_moves_rights_counts_in_no_history);
async fn after_a_fork_people_count_and_what_moves_rights_counts_in_no_history() {
    let venue = Venue::new().await;
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let (mut boss, mut bar) = (venue.device("boss", "supervisor").await, venue.device("bar", "bar").await);
    boss.write(START_S, restock(10));
    let first = boss.write(START_S + 1, Kind::Transfer(Transfer::share(BEER, 2, bar.journal)));
    let mut other = boss.clone();
    for (history, units) in [(&mut boss, 4), (&mut other, 5)] {
        let given = history.write(START_S + 2, Kind::Transfer(Transfer::share(BEER, units, bar.journal)));
        history.serve(START_S + 3, ticket, 1, 1);
        bar.write(START_S + 4, Kind::Accepted(Accepted { transfer: given }));
    }
    bar.write(START_S + 5, Kind::Accepted(Accepted { transfer: first }));
    sent(&venue, &bar, 1).await;
    sent(&venue, &boss, 1).await;
    assert_eq!((held(&venue, &boss).await, held(&venue, &bar).await), (4, 6));
    sent(&venue, &other, 1).await;
    assert_eq!((held(&venue, &boss).await, held(&venue, &bar).await), (8, 2), "what was given before counts");
    assert_eq!(get(&venue, &venue.cloud, "attendance").await["totals"]["served"], 2);
    let boss = journal(&venue, "boss").await;
    assert_eq!((&boss["entries"], &boss["counted"], &boss["forked_after"]), (&6.into(), &4.into(), &2.into()));
}

both!(a_journal_is_retired_for_what_comes_later_and_before_anything_of_it_came);
async fn a_journal_is_retired_for_what_comes_later_and_before_anything_of_it_came() {
    let venue = Venue::new().await;
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let boss = venue.device("boss", "supervisor").await;
    let mut boss = certified(&venue.cloud, boss, Rights::RECLAIM).await;
    let (mut lost, bar) = (venue.device("lost", "supervisor").await, venue.device("bar", "bar").await);
    lost.write(START_S, restock(10));
    lost.serve(START_S + 1, ticket, 1, 1);
    lost.serve(START_S + 2, ticket, 1, 2);
    lost.write(START_S + 3, Kind::Transfer(Transfer::share(BEER, 3, bar.journal)));
    let retired = boss.write(START_S + 9, Kind::Retire(Retire { journal: lost.journal, last: 2 }));
    sent(&venue, &boss, 1).await;
    sent(&venue, &lost, 1).await;
    let (totals, rights) = kept(&venue.cloud, venue.event_id()).await;
    assert_eq!(rights.retired_by(lost.journal), Some((retired.journal, 2)));
    assert_eq!(rights.held(BEER, lost.journal), 10, "it gave nothing away after its end");
    let total = |total: Total| totals.get(&total.to_string()).copied();
    assert_eq!(total(Total::Served(ProductId(1), lost.journal)), Some(1));
    assert_eq!(total(Total::Late(BEER, lost.journal)), Some(2));
    assert_eq!(get(&venue, &venue.cloud, "attendance").await["totals"]["served"], 3);
    let lost = journal(&venue, "lost").await;
    assert_eq!((&lost["counted"], &lost["retired_after"]), (&3.into(), &2.into()));
}

both!(what_was_written_by_a_wrong_clock_happened_when_it_turns_out_to_have);
async fn what_was_written_by_a_wrong_clock_happened_when_it_turns_out_to_have() {
    let venue = Venue::new().await;
    let ticket = ticket_id(&venue.paid("k", 1).await, 0);
    let mut gate = venue.device("gate", "gate").await;
    let mut write = |clock_s: i64, quality, kind| {
        let clock = Timestamp::from_secs(clock_s);
        gate.put(&Entry { clock, at: None, quality, uncertain_ms: None, staff: None, kind });
        gate.clone()
    };
    let gate = write(1_000, Quality::Wild, Kind::Admission(Admission::new(ticket, ListId(1))));
    sent(&venue, &gate, 1).await;
    let arrived = async || get(&venue, &venue.cloud, "attendance").await["arrivals"][0]["from"].clone();
    assert_eq!(arrived().await, "1970-01-01T00:15:00Z");
    let shift_us = (START_S - 1_000) * 1_000_000;
    let gate = write(START_S + 60, Quality::Trusted, Kind::Clock(ClockSet { since: 1, shift_us }));
    sent(&venue, &gate, 2).await;
    assert_eq!(arrived().await, Timestamp::from_secs(START_S).to_string());
}

both!(histories_and_lives_beyond_any_number_that_happens_are_set_aside);
async fn histories_and_lives_beyond_any_number_that_happens_are_set_aside() {
    let venue = Venue::new().await;
    let ticket = TicketId::from_bytes([7; 6]);
    let gate = venue.device("gate", "gate").await;
    for n in 0..=MAX_BRANCHES as i64 {
        let mut history = gate.clone();
        history.admit(START_S + n, ticket, 1);
        let codes: Vec<String> =
            send(&venue.cloud, &gate, history.runs(1)).await.into_iter().map(|one| one.code).collect();
        let expect: &[&str] = if n < MAX_BRANCHES as i64 { &[] } else { &["too_many_branches"] };
        assert_eq!(codes, expect, "{n}");
    }
    for life in 2..=MAX_INCARNATIONS as u32 + 1 {
        let mut history = gate.clone();
        history.journal.incarnation = life * 1_000;
        history.write(START_S, Kind::Began(Began { after: None }));
        let codes: Vec<String> =
            send(&venue.cloud, &gate, history.runs(1)).await.into_iter().map(|one| one.code).collect();
        let expect: &[&str] = if life <= MAX_INCARNATIONS as u32 { &[] } else { &["too_many_journals"] };
        assert_eq!(codes, expect, "{life}");
    }
    let aside = get(&venue, &venue.cloud, "journals").await["set_aside"].as_array().unwrap().len();
    assert_eq!(aside, 2, "both are kept as evidence");
}
