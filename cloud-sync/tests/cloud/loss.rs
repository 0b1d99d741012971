//! The database goes away under load, in several ways, and comes back: what was
//! acknowledged is there, what was not says so clearly, and repeating it is enough.

use crate::common::process::Process;
use crate::common::{Cloud, Database, Venue};
use private_postgres::{Disk, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Clients that ask without a pause.
const CLIENTS: usize = 12;
/// How long they may take for what is waited for: a busy two-core machine, and a database that recovers.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two tries of a request that was not answered.
const PAUSE: Duration = Duration::from_millis(20);

/// What the clients were told.
struct Told {
    acknowledged: watch::Sender<usize>,
    stop: AtomicBool,
    next: AtomicUsize,
    refused: watch::Sender<usize>,
    refusals: std::sync::Mutex<BTreeMap<String, usize>>,
}

/// Waits until this many more were counted.
async fn more(count: &watch::Sender<usize>, many: usize) {
    let mut seen = count.subscribe();
    let goal = *seen.borrow() + many;
    let counted = tokio::time::timeout(PATIENCE, seen.wait_for(|counted| *counted >= goal));
    counted.await.expect("the clients go on").unwrap();
}

impl Told {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            acknowledged: watch::Sender::new(0),
            stop: AtomicBool::new(false),
            next: AtomicUsize::new(0),
            refused: watch::Sender::new(0),
            refusals: std::sync::Mutex::default(),
        })
    }

    /// Waits until this many more requests were acknowledged.
    async fn more(&self, many: usize) {
        more(&self.acknowledged, many).await;
    }

    /// Asks until it is done; everything else must be a clear "not now".
    async fn until_done(
        &self,
        server: &Cloud,
        token: &str,
        (path, key): (&str, Option<&str>),
        body: Option<Value>,
    ) -> Value {
        let (method, since) = (if body.is_some() { "POST" } else { "GET" }, Instant::now());
        loop {
            let answer = server.ask(method, path, token, key, body.as_ref()).await;
            if answer.status.is_success() {
                self.acknowledged.send_modify(|count| *count += 1);
                return answer.json();
            }
            let code = answer.code();
            assert!(since.elapsed() < PATIENCE, "{path} is never done: {code}");
            let known = ["database_unavailable", "database_busy", "outcome_unknown"].contains(&code.as_str());
            assert!(known && answer.retry_after.is_some(), "{} {}", answer.status, answer.json());
            answer.refused(503, &code);
            *self.refusals.lock().unwrap().entry(code).or_default() += 1;
            self.refused.send_modify(|count| *count += 1);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Order ids by key, and entries by key.
type Acknowledged = (BTreeMap<String, String>, BTreeMap<String, String>);

/// Sells and scans until told to stop; gives what was acknowledged.
async fn client(
    server: Arc<Cloud>,
    (token, event, ticket, list): (String, String, String, String),
    codes: Arc<Vec<String>>,
    told: Arc<Told>,
) -> Acknowledged {
    let (mut orders, mut entries) = (BTreeMap::new(), BTreeMap::new());
    while !told.stop.load(Ordering::SeqCst) {
        let n = told.next.fetch_add(1, Ordering::SeqCst);
        let key = format!("key-{n}");
        let order = json!({"event": event, "items": [{"product": ticket}]});
        let placed = told.until_done(&server, &token, ("/v1/orders", Some(&key)), Some(order)).await;
        let id = placed["id"].as_str().unwrap();
        let read = told.until_done(&server, &token, (&format!("/v1/orders/{id}"), None), None).await;
        assert_eq!(read["tickets"], placed["tickets"], "what was acknowledged can be read");
        orders.insert(key.clone(), id.to_owned());
        let scan = json!({"code": codes[n], "list": list, "key": key});
        let path = format!("/v1/events/{event}/scans");
        let scanned = told.until_done(&server, &token, (&path, Some(&key)), Some(scan)).await;
        assert_eq!(scanned["verdict"], "admit", "{scanned}");
        entries.insert(key, scanned["entry"].as_str().unwrap().to_owned());
    }
    (orders, entries)
}

servers!(a_database_that_is_lost_under_load_loses_nothing_acknowledged);
async fn a_database_that_is_lost_under_load_loses_nothing_acknowledged() {
    let mut server = Server::start(Disk::Quick).unwrap();
    let url = server.make("lost", None).unwrap();
    let venue = Venue::at(Cloud::on(tempfile::tempdir().unwrap(), Database::Url(url)).await).await;
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Arc::new(venue.cloud.beside().await));
    }
    let load = Load::begin(&venue, &servers).await;
    let told = &load.told;
    let end_sessions =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloud-sync'";
    for _ in 0..3 {
        told.more(40).await;
        server.ask(end_sessions).unwrap();
        told.more(40).await;
        server.crash().unwrap();
        server.resume().unwrap();
    }
    told.more(40).await;
    load.end(&venue).await;
}

servers!(a_standby_takes_over_and_nothing_acknowledged_is_missing_or_doubled);
async fn a_standby_takes_over_and_nothing_acknowledged_is_missing_or_doubled() {
    let mut primary = Server::start(Disk::Quick).unwrap();
    let first = primary.make("venue", None).unwrap();
    let standby = primary.standby().unwrap();
    let second = standby.url("venue");
    let both = format!("{first}&{}&target_session_attrs=read-write", second.split_once('?').unwrap().1);
    let database = Database::Url(both.clone());
    let venue = Venue::at(Cloud::on(tempfile::tempdir().unwrap(), database).await).await;
    let mut process = Process::start(&both, &[]);
    let server = Arc::new(venue.cloud.through(&process));
    let load = Load::begin(&venue, std::slice::from_ref(&server)).await;
    load.told.more(60).await;
    primary.crash().unwrap();
    more(&load.told.refused, 2 * CLIENTS).await;
    server.get("", "/readyz").await.refused(503, "database_unavailable");
    standby.promote().unwrap();
    load.told.more(60).await;
    assert_eq!(server.get("", "/readyz").await.status, 200);
    load.end(&venue).await;
    assert!(process.runs(), "it needed no restart");
}

servers!(a_server_that_takes_connections_and_says_nothing_is_passed_over);
async fn a_server_that_takes_connections_and_says_nothing_is_passed_over() {
    let url = crate::common::backend::fresh_url().await;
    let (folder, name) = (url.split_once("host=").unwrap().1, url.split(['/', '?']).nth(3).unwrap());
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(); // the system takes them for it
    let port = silent.local_addr().unwrap().port();
    let both = format!("user=tidegate dbname={name} host=127.0.0.1,{folder} port={port},5432");
    let store = Database::Url(both).open().await;
    let asked = store.read(|tx| Box::pin(async move { tx.query("SELECT 1", &[]).await }));
    assert_eq!(asked.await.unwrap().len(), 1);
}

servers!(what_the_database_lacks_or_ends_is_no_mistake_of_ours);
async fn what_the_database_lacks_or_ends_is_no_mistake_of_ours() {
    let store = Database::Url(crate::common::backend::fresh_url().await).open().await;
    let check = async |statement: &'static str, code: &str| {
        let raised = store.write(move |tx| Box::pin(async move { tx.execute(statement, &[]).await }));
        let fault = cloud_sync::fault::Fault::from(raised.await.unwrap_err());
        assert_eq!(fault.code(), code, "{statement}");
    };
    check("DO $$ BEGIN RAISE SQLSTATE '25P03'; END $$", "database_unavailable").await; // idle for too long
    check("DO $$ BEGIN RAISE SQLSTATE '25P04'; END $$", "database_unavailable").await; // at work for too long
    check("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", "database_unavailable").await; // disk
    check("DO $$ BEGIN RAISE SQLSTATE '53200'; END $$", "database_unavailable").await; // memory
    check("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", "database_unavailable").await; // connections
    check("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", "database_busy").await; // a lock
    check("DO $$ BEGIN RAISE SQLSTATE '22012'; END $$", "internal").await;
}

/// Clients that sell and scan, and what they were told.
struct Load {
    told: Arc<Told>,
    clients: Vec<JoinHandle<Acknowledged>>,
}

impl Load {
    /// Sells what is scanned, and begins.
    async fn begin(venue: &Venue, servers: &[Arc<Cloud>]) -> Self {
        let mut codes = Vec::new();
        for n in 0..4 {
            let order = venue.paid(&format!("sold-{n}"), 1_000).await;
            let tickets = order["tickets"].as_array().unwrap();
            codes.extend(tickets.iter().map(|ticket| ticket["code"].as_str().unwrap().to_owned()));
        }
        let (codes, told) = (Arc::new(codes), Told::new());
        let clients = servers.iter().cycle().take(CLIENTS).map(|server| {
            let about = (venue.organizer.clone(), venue.event.clone(), venue.ticket.clone(), venue.list.clone());
            tokio::spawn(client(server.clone(), about, codes.clone(), told.clone()))
        });
        Self { clients: clients.collect(), told }
    }

    /// Ends, and holds the books against what was acknowledged.
    async fn end(self, venue: &Venue) {
        self.told.stop.store(true, Ordering::SeqCst);
        let (mut orders, mut entries) = (BTreeMap::new(), BTreeMap::new());
        for client in self.clients {
            let (its_orders, its_entries) = client.await.unwrap();
            orders.extend(its_orders);
            entries.extend(its_entries);
        }
        let refusals = self.told.refusals.lock().unwrap().clone();
        println!("{} acknowledged; {refusals:?}", *self.told.acknowledged.borrow());
        assert!(!refusals.is_empty(), "the load was hit");
        check(venue, &orders, &entries).await;
    }
}

/// Every acknowledged order and admission is there, once.
async fn check(venue: &Venue, orders: &BTreeMap<String, String>, entries: &BTreeMap<String, String>) {
    let mut found = BTreeSet::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/orders?event={}&limit=1000{after}", venue.event);
        let page = venue.cloud.get(&venue.organizer, &path).await.ok();
        found.extend(page["items"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let acknowledged: BTreeSet<String> = orders.values().cloned().collect();
    assert_eq!(acknowledged.len(), orders.len(), "an order for each key");
    assert!(acknowledged.is_subset(&found));
    assert_eq!(found.len(), acknowledged.len() + 4, "no order twice, beside the four that were sold before");
    let report = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/attendance", venue.event)).await.ok();
    assert_eq!(report["lists"][0]["entries"], entries.len());
    assert_eq!(report["conflicts"], 0);
    let places: BTreeSet<&String> = entries.values().collect();
    assert_eq!(places.len(), entries.len(), "an entry for each admission");
}

/// What happens to a commit on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It never reaches the database.
    Lost,
    /// It does, and the answer is lost.
    Unanswered,
}

/// A way to the database that cuts the next commit off when it is told to.
struct Way {
    url: String,
    cut: Arc<std::sync::Mutex<Option<Fate>>>,
}

impl Way {
    async fn to(database: &str) -> Self {
        let socket = database.split_once("host=").unwrap().1.to_owned() + "/.s.PGSQL.5432";
        let name = database.split(['/', '?']).nth(3).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgresql://tidegate@{}/{name}", listener.local_addr().unwrap());
        let cut = Arc::new(std::sync::Mutex::new(None));
        let told = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = tokio::net::UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(carry(client, server, told.clone()));
            }
        });
        Self { url, cut }
    }
}

async fn carry(
    mut client: tokio::net::TcpStream,
    mut server: tokio::net::UnixStream,
    cut: Arc<std::sync::Mutex<Option<Fate>>>,
) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let commits = asked[..length].windows(7).any(|part| part == b"COMMIT\0");
                let fate = if commits { cut.lock().unwrap().take() } else { None };
                if matches!(fate, Some(Fate::Lost)) {
                    return;
                }
                server.write_all(&asked[..length]).await.unwrap();
                if matches!(fate, Some(Fate::Unanswered)) {
                    let mut told = Vec::new();
                    while !told.windows(7).any(|part| part == b"COMMIT\0") {
                        let length = server.read(&mut answered).await.unwrap();
                        told.extend_from_slice(&answered[..length]);
                    }
                    return; // it has committed, and nobody hears of it
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

servers!(a_commit_that_nobody_answered_says_so_and_repeating_it_is_harmless);
async fn a_commit_that_nobody_answered_says_so_and_repeating_it_is_harmless() {
    let way = Way::to(&crate::common::backend::fresh_url().await).await;
    let database = Database::Url(way.url.clone());
    let venue = Venue::at(Cloud::on(tempfile::tempdir().unwrap(), database).await).await;
    let sold = venue.paid("sold", 2).await;
    for (place, fate) in [Fate::Lost, Fate::Unanswered].into_iter().enumerate() {
        let order = json!({"event": venue.event, "items": [{"product": venue.ticket}]});
        let key = format!("key-{place}");
        let scan = json!({"code": sold["tickets"][place]["code"], "list": venue.list, "key": key});
        let mut answers = Vec::new();
        for (path, body) in [("/v1/orders".to_owned(), order), (format!("/v1/events/{}/scans", venue.event), scan)]
        {
            *way.cut.lock().unwrap() = Some(fate);
            let answer = venue.cloud.keyed(&venue.organizer, &path, &key, body.clone()).await;
            assert!(answer.retry_after.is_some());
            answer.refused(503, "outcome_unknown");
            answers.push(venue.cloud.keyed(&venue.organizer, &path, &key, body).await.ok());
        }
        assert_eq!(answers[1]["verdict"], "admit", "{fate:?}");
    }
    let orders = venue.cloud.get(&venue.organizer, &format!("/v1/orders?event={}", venue.event)).await.ok();
    assert_eq!(orders["items"].as_array().unwrap().len(), 3, "one that was sold before, one for each key");
    let report = venue.cloud.get(&venue.organizer, &format!("/v1/events/{}/attendance", venue.event)).await.ok();
    assert_eq!((&report["lists"][0]["entries"], &report["conflicts"]), (&json!(2), &json!(0)));
}
