//! Links: the cloud and the other agents, one exchange for all of them.
//!
//! Own entries are pushed the moment they are committed; a periodic exchange
//! repairs and relays the rest and brings the feed. A link that is down is tried
//! again with growing pauses, and costs nobody else anything. What was not
//! acknowledged is sent again; nothing is ever dropped.

pub mod exchange;

use crate::agent::Agent;
use crate::config::Config;
use crate::store::Store;
use crate::store::identity::Enrolment;
use crate::store::memory::Memory;
use axum::extract::DefaultBodyLimit;
use exchange::Depth;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tidegate_core::api::LinkStatus;
use tidegate_core::id::JournalId;
use tidegate_core::sync::{MAX_MESSAGE_BYTES, Vector};
use tidegate_core::trust::{Identity, Role, TrustFault};
use tidegate_link::client::{Client, LinkError};
use tidegate_link::tls::{Expect, Gate};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Between exchanges that repair: what the cloud decided is known here this much later.
const REPAIR: Duration = Duration::from_secs(1);
/// The first pause after a failure, doubled up to the longest: a healed line is used within two seconds.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A link that was not heard for this long counts as down, whatever its last exchange said.
const SILENT: Duration = Duration::from_secs(5);

/// What is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Far {
    /// The cloud: entries up, the feed down, and its time.
    Cloud,
    /// Another agent.
    Peer,
}

/// One link.
pub struct Link {
    /// What is at the other end.
    pub far: Far,
    /// Where.
    pub address: String,
    client: Client,
    state: Mutex<LinkState>,
}

#[derive(Default)]
struct LinkState {
    name: Option<String>,
    up: bool,
    heard: Option<Instant>,
    theirs: Option<Vector>,
}

/// All links of an agent.
pub struct Links(Vec<Arc<Link>>);

impl Links {
    /// The links that the settings name; nothing is connected yet.
    pub fn new(config: &Config, enrolment: &Enrolment, store: &Store) -> Result<Self, LinkError> {
        let own = enrolment.own();
        let cloud = config.cloud.clone().unwrap_or_else(|| enrolment.cloud.clone());
        let mut links = vec![Link::new(Far::Cloud, cloud.clone(), Client::new(&own, Expect::Cloud, &cloud)?)];
        for address in &config.peers {
            let client = Client::new(&own, Expect::Peer(gate(enrolment, store)), address)?;
            links.push(Link::new(Far::Peer, address.clone(), client));
        }
        Ok(Self(links))
    }

    /// The cloud first, then the peers.
    pub fn status(&self, memory: &Memory, own: JournalId) -> Vec<LinkStatus> {
        self.0.iter().map(|link| link.status(memory, own)).collect()
    }
}

impl Link {
    fn new(far: Far, address: String, client: Client) -> Arc<Self> {
        Arc::new(Self { far, address, client, state: Mutex::default() })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the other side is known to have.
    pub fn theirs(&self) -> Option<Vector> {
        self.state().theirs.clone()
    }

    fn heard(&self, theirs: Vector, name: Option<String>) {
        let mut state = self.state();
        state.name = name;
        state.up = true;
        state.heard = Some(Instant::now());
        state.theirs = Some(theirs);
    }

    fn failed(&self) {
        self.state().up = false;
    }

    fn status(&self, memory: &Memory, own: JournalId) -> LinkStatus {
        let state = self.state();
        let theirs = state.theirs.as_ref().map_or(0, |vector| vector.sequence(&own));
        let name = match self.far {
            Far::Cloud => "cloud".to_owned(),
            Far::Peer => state.name.clone().unwrap_or_else(|| self.address.clone()),
        };
        LinkStatus {
            name,
            up: state.up && state.heard.is_some_and(|heard| heard.elapsed() < SILENT),
            heard_ms_ago: state.heard.map(|heard| heard.elapsed().as_millis() as u64),
            unsent: memory.vector.sequence(&own).saturating_sub(theirs),
        }
    }
}

/// Who may connect to us, or answer us as a peer: our event's devices that are not revoked.
struct EventGate {
    event: tidegate_core::id::EventId,
    store: Store,
}

impl Gate for EventGate {
    fn admit(&self, identity: &Identity) -> Result<(), TrustFault> {
        let memory = self.store.memory();
        let device = memory.catalogue.devices.get(&identity.device);
        match identity {
            _ if identity.event != self.event => Err(TrustFault::Event),
            _ if identity.role == Role::Cloud => Err(TrustFault::Role),
            _ if device.is_some_and(|row| row.revoked_at.is_some()) => Err(TrustFault::Revoked),
            _ if identity.expires < memory.floor => Err(TrustFault::Expired),
            _ => Ok(()),
        }
    }
}

/// The gate of this agent's event.
pub fn gate(enrolment: &Enrolment, store: &Store) -> Arc<dyn Gate> {
    Arc::new(EventGate { event: enrolment.event(), store: store.clone() })
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

/// Keeps every link going until `stop`.
pub fn spawn(agent: &Arc<Agent>, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for link in &agent.links.0 {
        let (agent, link, stop) = (agent.clone(), link.clone(), stop.clone());
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
        match exchange::ask(&agent, &link, depth).await {
            Ok(done) => {
                if pause != FIRST_PAUSE || link.state().heard.is_none() {
                    tracing::info!(link = %link.address, "link is up");
                }
                pause = FIRST_PAUSE;
                link.heard(done.theirs, done.device.map(|id| agent.store.memory().catalogue.device_name(id)));
                if done.refused {
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
                if done.more || done.refused {
                    depth = Depth::Repair;
                    continue;
                }
            }
            Err(error) => {
                if pause == FIRST_PAUSE {
                    tracing::info!(link = %link.address, %error, "link is down");
                }
                link.failed();
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                depth = Depth::Repair;
                continue;
            }
        }
        depth = next(&agent, &link, &mut commits, repaired).await;
    }
}

/// Waits for something of our own to push, or for the time to repair, which comes first when it is due:
/// a gate in a rush hears of a cancellation all the same.
async fn next(
    agent: &Agent,
    link: &Link,
    commits: &mut tokio::sync::watch::Receiver<Arc<Memory>>,
    repaired: Instant,
) -> Depth {
    let own = agent.enrolment.journal();
    let repair = tokio::time::sleep(REPAIR.saturating_sub(repaired.elapsed()));
    tokio::pin!(repair);
    loop {
        if repaired.elapsed() >= REPAIR {
            return Depth::Repair;
        }
        let ours = commits.borrow_and_update().vector.sequence(&own);
        if link.theirs().is_none_or(|theirs| theirs.sequence(&own) < ours) {
            return Depth::Push;
        }
        tokio::select! {
            () = &mut repair => return Depth::Repair,
            // The store ends only with the agent, which cancels this.
            _ = commits.changed() => {}
        }
    }
}
