//! Links: the cloud and the other agents, one exchange for all of them.
//!
//! Own entries are pushed the moment they are committed; a periodic exchange
//! repairs and relays the rest and brings the feed. A link that is down is tried
//! again with growing pauses, and costs nobody else anything. What was not
//! acknowledged is sent again; nothing is ever dropped. The links of the settings
//! are there from the start; those to peers that were found come and go.

pub mod discover;
pub mod exchange;
mod gate;
mod share;

use crate::agent::Agent;
use crate::config::Config;
use crate::store::Store;
use crate::store::exchange::Theirs;
use crate::store::identity::Enrolment;
use crate::store::memory::Memory;
use axum::extract::DefaultBodyLimit;
use discover::candidates::Reached;
use exchange::{Depth, Done};
pub use gate::{gate, gate_to, welcome};
use share::{Askers, Claimed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tidegate_core::api::LinkStatus;
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::sync::MAX_MESSAGE_BYTES;
use tidegate_link::client::{Client, LinkError};
use tidegate_link::tls::Expect;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Between exchanges that repair: what the cloud decided is known here this much later.
const REPAIR: Duration = Duration::from_secs(1);
/// The first pause after a failure, doubled up to the longest: a healed line is used within two seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A link that was not heard for this long counts as down, whatever its last exchange said.
const SILENT: Duration = Duration::from_secs(5);

/// How long somebody who asked for an exchange at once waits for a link: a connection that is
/// refused says so sooner, one that is swallowed never does.
const HURRIED: Duration = Duration::from_secs(5);

/// What is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Far {
    /// The cloud: entries up, the feed down, and its time.
    Cloud,
    /// Another agent, at an address of the settings.
    Peer,
    /// This other agent and nobody else, at an address that was found.
    Found(DeviceId),
}

/// One link.
pub struct Link {
    /// What is at the other end.
    pub far: Far,
    /// Where.
    pub address: String,
    client: Client,
    state: Mutex<LinkState>,
    /// Somebody wants an exchange now.
    hurry: Notify,
    /// Exchanges that ended, well or not.
    tried: watch::Sender<u64>,
}

#[derive(Default)]
struct LinkState {
    /// Who it says it is: at an address of the settings any device of the event may answer.
    device: Option<DeviceId>,
    name: Option<String>,
    up: bool,
    heard: Option<Instant>,
    theirs: Option<Theirs>,
    /// Since when it answers.
    since: Option<Instant>,
    /// Whether it said at last that it has more for us.
    more: bool,
    /// What it is to bring.
    claimed: Option<Claimed>,
}

/// All links of an agent: those of the settings, and then those to peers that were found.
pub struct Links {
    all: Mutex<Vec<Arc<Link>>>,
    /// Held by whichever link fetches the rows behind the start: they would come twice by two.
    rows: tokio::sync::Mutex<()>,
    askers: Askers,
}

impl Links {
    /// The links that the settings name; nothing is connected yet.
    pub fn new(config: &Config, enrolment: &Enrolment, store: &Store) -> Result<Self, LinkError> {
        let cloud = config.cloud.clone().unwrap_or_else(|| enrolment.cloud.clone());
        let mut links = vec![Link::new(Far::Cloud, cloud, enrolment, store)?];
        for address in &config.peers {
            links.push(Link::new(Far::Peer, address.clone(), enrolment, store)?);
        }
        Ok(Self { all: Mutex::new(links), rows: tokio::sync::Mutex::default(), askers: Askers::default() })
    }

    /// The cloud first, then the peers by name.
    pub fn status(&self, memory: &Memory, own: JournalId) -> Vec<LinkStatus> {
        let mut links = self.all().clone();
        links.sort_by_cached_key(|link| (link.far != Far::Cloud).then(|| link.name()));
        links.iter().map(|link| link.status(memory, own)).collect()
    }

    /// Has every link exchange at once, and waits until each has, or has failed.
    pub async fn hurry(&self, store: &Store) {
        let links = self.all().clone();
        let each = links.iter().map(|link| tokio::time::timeout(HURRIED, link.hurry(store)));
        futures_util::future::join_all(each).await;
    }

    /// Whom links reach now.
    fn reached(&self) -> Reached {
        let mut reached = Reached::default();
        for link in self.all().iter() {
            match (link.far, link.reaches()) {
                (Far::Peer, Some(device)) => reached.by_settings.insert(device),
                (Far::Found(_), Some(device)) => reached.by_finding.insert(device),
                (Far::Cloud, _) | (Far::Peer | Far::Found(_), None) => false,
            };
        }
        reached
    }

    fn add(&self, link: Arc<Link>) {
        self.all().push(link);
    }

    fn remove(&self, link: &Arc<Link>) {
        self.all().retain(|other| !Arc::ptr_eq(other, link));
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Link>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    fn new(far: Far, address: String, enrolment: &Enrolment, store: &Store) -> Result<Arc<Self>, LinkError> {
        let expect = match far {
            Far::Cloud => Expect::Cloud,
            Far::Peer => Expect::Peer(gate(enrolment, store)),
            Far::Found(device) => Expect::Peer(gate_to(device, enrolment, store)),
        };
        let client = Client::new(&enrolment.own(), expect, &address)?;
        let (hurry, tried) = (Notify::new(), watch::Sender::new(0));
        Ok(Arc::new(Self { far, address, client, state: Mutex::default(), hurry, tried }))
    }

    /// Has it exchange at once; an exchange that was under way already may not have had everything.
    async fn hurry(&self, store: &Store) {
        let mut tried = self.tried.subscribe();
        let (memory, before) = (store.memory(), *tried.borrow_and_update());
        self.hurry.notify_one();
        loop {
            let ended = tried.wait_for(|tried| *tried > before).await.is_ok();
            let told = self.theirs().is_some_and(|theirs| memory.vector.ahead_of(&theirs.vector) == 0);
            if !ended || told || !self.state().up || tried.changed().await.is_err() {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the other side is known to have.
    pub fn theirs(&self) -> Option<Theirs> {
        self.state().theirs.clone()
    }

    /// How many entries of a journal the other side is known to have.
    fn their(&self, journal: &JournalId) -> u64 {
        self.state().theirs.as_ref().map_or(0, |theirs| theirs.vector.sequence(journal))
    }

    fn heard(&self, done: Done, memory: &Memory) {
        let (mut state, now) = (self.state(), Instant::now());
        state.device = done.device;
        state.name = done.device.map(|id| memory.catalogue.device_name(id));
        state.since = if state.up { state.since } else { Some(now) };
        state.up = true;
        state.heard = Some(now);
        state.more = done.more;
        state.claimed = state.claimed.take().filter(|_| done.more);
        state.theirs = Some(done.theirs);
    }

    fn ended(&self) {
        self.tried.send_modify(|tried| *tried += 1);
    }

    fn failed(&self) {
        let mut state = self.state();
        (state.up, state.more, state.claimed) = (false, false, None);
    }

    fn name(&self) -> String {
        match self.far {
            Far::Cloud => "cloud".to_owned(),
            Far::Peer | Far::Found(_) => self.state().name.clone().unwrap_or_else(|| self.address.clone()),
        }
    }

    fn status(&self, memory: &Memory, own: JournalId) -> LinkStatus {
        let name = self.name();
        let state = self.state();
        let theirs = state.theirs.as_ref().map_or(0, |theirs| theirs.vector.sequence(&own));
        LinkStatus {
            name,
            up: state.is_up(),
            heard_ms_ago: state.heard.map(|heard| heard.elapsed().as_millis() as u64),
            unsent: memory.vector.sequence(&own).saturating_sub(theirs),
        }
    }

    /// The device at the other end, while it is heard.
    fn reaches(&self) -> Option<DeviceId> {
        let state = self.state();
        let device = match self.far {
            Far::Cloud => None,
            Far::Peer => state.device,
            Far::Found(device) => Some(device),
        };
        device.filter(|_| state.is_up())
    }
}

impl LinkState {
    fn is_up(&self) -> bool {
        self.up && self.heard.is_some_and(|heard| heard.elapsed() < SILENT)
    }
}

/// The TLS that other devices meet.
pub fn server_tls(enrolment: &Enrolment, store: &Store) -> Result<Arc<rustls::ServerConfig>, LinkError> {
    tidegate_link::tls::server_config(&enrolment.own(), gate(enrolment, store), false)
}

/// What other devices may ask.
pub fn router(agent: Arc<Agent>) -> axum::Router {
    axum::Router::new()
        .route("/v1/exchange", axum::routing::post(exchange::answer))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES))
        .with_state(agent)
}

/// Keeps every link of the settings going until `stop`.
pub fn spawn(agent: &Arc<Agent>, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for link in agent.links.all().iter().cloned() {
        let (agent, stop) = (agent.clone(), stop.clone());
        tasks.spawn(async move {
            stop.run_until_cancelled(keep(agent, link)).await;
        });
    }
    tasks
}

async fn keep(agent: Arc<Agent>, link: Arc<Link>) {
    let mut commits = agent.store.commits();
    let mut pause = FIRST_PAUSE;
    let mut depth = Depth::Repair;
    let mut repaired = Instant::now();
    loop {
        if depth == Depth::Repair {
            repaired = Instant::now();
        }
        let asked = {
            let behind = depth == Depth::Repair && agent.store.memory().start.place().is_some();
            let turn = if behind { agent.links.rows.try_lock().ok() } else { None };
            exchange::ask(&agent, &link, if turn.is_some() { Depth::Rows } else { depth }).await
        };
        match asked {
            Ok(done) => {
                if pause != FIRST_PAUSE || link.state().heard.is_none() {
                    tracing::info!(link = %link.address, "link is up");
                }
                pause = FIRST_PAUSE;
                let (more, refused) = (done.more, done.refused);
                link.heard(done, &agent.store.memory());
                link.ended();
                if refused {
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
                if more || refused {
                    depth = Depth::Repair;
                    continue;
                }
            }
            Err(error) => {
                if pause == FIRST_PAUSE {
                    tracing::info!(link = %link.address, %error, "link is down");
                }
                link.failed();
                link.ended();
                tokio::select! { () = tokio::time::sleep(pause) => {}, () = link.hurry.notified() => {} }
                pause = (pause * 2).min(LONGEST_PAUSE);
                depth = Depth::Repair;
                continue;
            }
        }
        depth = next(&agent.links, &link, &mut commits, repaired).await;
    }
}

/// Waits for something of our own to push, or for the time to repair, which comes first when it is due:
/// a gate in a rush hears of a cancellation all the same.
async fn next(links: &Links, link: &Link, commits: &mut watch::Receiver<Arc<Memory>>, repaired: Instant) -> Depth {
    let repair = tokio::time::sleep(REPAIR.saturating_sub(repaired.elapsed()));
    tokio::pin!(repair);
    loop {
        if repaired.elapsed() >= REPAIR {
            return Depth::Repair;
        }
        let memory = commits.borrow_and_update().clone();
        if links.has_news(link, &memory) {
            return Depth::Push;
        }
        drop(memory);
        tokio::select! {
            () = &mut repair => return Depth::Repair,
            () = link.hurry.notified() => return Depth::Repair,
            // The store ends only with the agent, which cancels this.
            _ = commits.changed() => {}
        }
    }
}
