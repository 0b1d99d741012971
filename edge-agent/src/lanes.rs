//! Lanes: one queue of people with one source of codes, from sighting to answer.
//!
//! Each has a list, a gate and a direction of its own where the settings say so. Its source ([`source`]) reads on
//! threads of its own; here each new code becomes a scan, or at a bar a serving, in the order it came. A source that
//! fails is told to the screens and tried again; scanning by API goes on whatever happens to it.

mod source;

pub use source::{Counts, Source};

use crate::agent::Agent;
use crate::config::{Config, ConfigFault, LaneConfig};
use crate::store::acts::{self, Key, Mode};
use crate::store::memory::Memory;
use crate::store::{Fault, replica};
use source::{Running, Told};
use std::sync::{Arc, Mutex};
use tidegate_core::api::{Answer, Direction, SourceStatus, StreamMessage};
use tidegate_core::decide::key::content;
use tidegate_core::decide::{Scan, Shown};
use tidegate_core::id::ListId;
use tidegate_core::language::Language;
use tidegate_core::serve::Order;
use tidegate_core::ticket::Identity;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events of a lane that wait for a decision: more than a folder full of pictures brings in a second.
const DEPTH: usize = 256;

/// One lane of an agent.
struct Post {
    config: LaneConfig,
    source: Source,
    running: Mutex<Option<Running>>,
    error: Mutex<Option<&'static str>>,
}

/// All lanes of an agent.
pub struct Lanes(Vec<Arc<Post>>);

impl Lanes {
    /// The lanes that the settings name; none runs yet.
    pub fn new(config: &Config) -> Result<Self, ConfigFault> {
        let posts = config.lanes.iter().cloned().map(|config| {
            let source =
                Source::parse(&config.source).ok_or_else(|| ConfigFault::Source(config.source.clone()))?;
            Ok(Arc::new(Post { config, source, running: Mutex::default(), error: Mutex::default() }))
        });
        Ok(Self(posts.collect::<Result<_, _>>()?))
    }

    /// Their state; `own` is the name of the agent's own list.
    pub fn status(&self, memory: &Memory, own: &str) -> Vec<SourceStatus> {
        self.0.iter().map(|post| post.status(memory, own)).collect()
    }
}

impl Post {
    fn status(&self, memory: &Memory, own: &str) -> SourceStatus {
        let counts = lock(&self.running).as_ref().map(Running::counts).unwrap_or_default();
        self.config.status(memory, own, counts, *lock(&self.error))
    }
}

impl LaneConfig {
    /// Its state, where its source has done so much; `own` is the name of the agent's own list.
    pub fn status(&self, memory: &Memory, own: &str, counts: Counts, error: Option<&'static str>) -> SourceStatus {
        let list = self.list.clone().unwrap_or_else(|| own.to_owned());
        let lacks = memory.ready && own.is_empty() && self.uses_own_list();
        let misnamed = self.misnamed(memory).map(|(code, _)| code).or(lacks.then_some(NO_SUCH_LIST));
        SourceStatus {
            name: self.source.clone(),
            up: counts.up,
            list: Some(list).filter(|list| !list.is_empty() && self.serves.is_none()),
            gate: self.gate.clone(),
            direction: self.direction,
            serves: self.serves.clone(),
            error: error.or(misnamed).map(str::to_owned),
            frames: counts.frames,
            steps: counts.steps.into_iter().map(|(step, codes)| (step.to_owned(), codes)).collect(),
            reads: counts.reads,
        }
    }

    /// What is wrong with the name of its list or product, once the feed has told all of them.
    pub fn misnamed(&self, memory: &Memory) -> Option<(&'static str, String)> {
        let (lists, products) = (&memory.catalogue.lists, &memory.catalogue.products);
        let (code, what, name, known): (_, _, _, Vec<&str>) = match (&self.serves, &self.list) {
            (Some(product), _) => {
                let served = products.values().filter(|product| product.consumption);
                (
                    NO_SUCH_PRODUCT,
                    "product for bars",
                    product,
                    served.map(|product| product.name.as_str()).collect(),
                )
            }
            (None, Some(list)) => {
                (NO_SUCH_LIST, "check-in list", list, lists.values().map(|list| list.name.as_str()).collect())
            }
            (None, None) => return None,
        };
        let (source, there) = (&self.source, known.contains(&name.as_str()));
        (memory.ready && !there).then(|| {
            let known = known.join(", ");
            let what = format!("lane {source}: no {what} is named {name:?}");
            (code, format!("{what} — Correct the lane in edge.toml; known here: {known}"))
        })
    }

    /// Whether its scans go by the agent's own list.
    fn uses_own_list(&self) -> bool {
        self.list.is_none() && self.serves.is_none()
    }

    /// The list of its scans.
    fn list(&self, agent: &Agent) -> Option<ListId> {
        let named = match &self.list {
            Some(name) => replica::default_list(&agent.store.memory(), Some(name)),
            None => agent.default_list(),
        };
        named.or_else(|| agent.list_to_come())
    }
}

/// A lane names a list that is not here.
const NO_SUCH_LIST: &str = "E-CFG-05";
/// A lane serves what is not here.
const NO_SUCH_PRODUCT: &str = "E-CFG-06";

/// What is wrong with the agent's own list, where somebody relies on it: a lane, or whoever named it.
fn own_unlisted(agent: &Agent) -> Option<(&'static str, String)> {
    let relied_on = agent.config.list.is_some() || agent.lanes.0.iter().any(|post| post.config.uses_own_list());
    let what = agent.without_list().filter(|_| relied_on)?;
    Some((NO_SUCH_LIST, format!("{what} — Start with --list NAME, or set list in edge.toml")))
}

/// Tells of a wrong name once the feed is complete, and again after every change to one.
async fn watch_names(agent: Arc<Agent>, wrong: impl Fn(&Agent) -> Option<(&'static str, String)>) {
    let (mut commits, mut told) = (agent.store.commits(), None);
    loop {
        let wrong = wrong(&agent);
        if wrong != told {
            if let Some((code, what)) = &wrong {
                tracing::error!(code, what, "a name that is not here");
                agent.trouble(code, what.clone());
            }
            told = wrong;
        }
        if commits.changed().await.is_err() {
            return;
        }
    }
}

/// Values behind these locks are whole after every statement.
fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Starts every lane; they end with the agent.
pub fn spawn(agent: &Arc<Agent>, stop: &CancellationToken) {
    let (watched, until) = (watch_names(agent.clone(), own_unlisted), stop.clone());
    tokio::spawn(async move { until.run_until_cancelled(watched).await });
    for post in &agent.lanes.0 {
        let (events, seen) = mpsc::channel(DEPTH);
        // The lane's threads wait for room: a picture that was read is never dropped here.
        let tell = move |told| drop(events.blocking_send(told));
        let of_agent = agent.clone();
        let is_ticket = move |text: &str| is_ticket(&of_agent, text);
        match post.source.start(Box::new(is_ticket), tell) {
            Ok(running) => *lock(&post.running) = Some(running),
            Err(error) => {
                tracing::error!(source = post.config.source, %error, "lane not started");
                continue;
            }
        }
        let (agent, post, stop) = (agent.clone(), post.clone(), stop.clone());
        if post.config.list.is_some() || post.config.serves.is_some() {
            let of_lane = post.clone();
            let watched = watch_names(agent.clone(), move |agent| of_lane.config.misnamed(&agent.store.memory()));
            let until = stop.clone();
            tokio::spawn(async move { until.run_until_cancelled(watched).await });
        }
        tokio::spawn(async move {
            stop.run_until_cancelled(follow(agent, &post, seen)).await;
            lock(&post.running).take();
        });
    }
}

async fn follow(agent: Arc<Agent>, post: &Post, mut seen: mpsc::Receiver<Told>) {
    let source = post.config.source.as_str();
    while let Some(told) = seen.recv().await {
        match told {
            Told::Code(text) => act(&agent, post, &text).await,
            Told::Same => tell(&agent, StreamMessage::Same { lane: source.to_owned() }),
            Told::Several(tickets) => {
                let Undecided { code, what } = Undecided::several(tickets);
                agent.trouble(code, what);
            }
            Told::Trouble { code, what } => agent.trouble(code, what),
            Told::Lost { code, what, why, remedy } => {
                tracing::warn!(source, code, why, "source lost");
                *lock(&post.error) = Some(code);
                agent.trouble(code, format!("{what} — {remedy}"));
            }
            Told::Back { after } => {
                tracing::info!(source, after_ms = after.as_millis(), "source is back");
                lock(&post.error).take();
            }
            Told::Ended => tracing::info!(source, "source has ended"),
        }
    }
}

fn tell(agent: &Agent, message: StreamMessage) {
    // Nobody listening is fine: screens come and go.
    let _ = agent.store.messages().send(message);
}

/// A new code came to the lane: a scan, or at a bar a serving.
async fn act(agent: &Agent, post: &Post, text: &str) {
    // No key: a source tells a code once, and asks for no answer.
    if let Err(Undecided { code, what }) = decide(agent, &post.config, text, None, agent.config.language).await {
        agent.trouble(code, what);
    }
}

/// A code was read and nothing was decided about it.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// The stable code.
    pub code: &'static str,
    /// What happened and what to do.
    pub what: String,
}

impl Undecided {
    /// So many tickets were held up beside each other.
    pub fn several(tickets: usize) -> Self {
        Self {
            code: "several",
            what: format!("{tickets} tickets side by side — Show the one that is meant alone"),
        }
    }
}

/// Whether a code is one of a ticket of this event, as far as can be said without deciding.
pub fn is_ticket(agent: &Agent, text: &str) -> bool {
    let keyring = &agent.store.memory().catalogue.keyring;
    matches!(keyring.identify(agent.enrolment.event(), text), Identity::Genuine(_))
}

impl From<Fault> for Undecided {
    fn from(fault: Fault) -> Self {
        tracing::error!(code = fault.code(), error = %fault, "a code was read and not decided");
        Self { code: fault.code(), what: format!("{fault} — {}", fault.action()) }
    }
}

/// Decides about a code as a lane does that is for this, and records it; under a key once, however often it is asked.
pub async fn decide(
    agent: &Agent,
    lane: &LaneConfig,
    text: &str,
    key: Option<String>,
    language: Language,
) -> Result<Answer, Undecided> {
    if let Some((code, what)) = lane.misnamed(&agent.store.memory()) {
        return Err(Undecided { code, what });
    }
    let shown = Shown::Code(agent.identify(text));
    let way = if lane.direction == Direction::Exit { "exit" } else { "entry" };
    let key = key.map(|key| Key { key, content: content(&[text, way]) });
    Ok(match &lane.serves {
        Some(product) => serve(agent, shown, product, key, language).await?,
        None => scan(agent, lane, shown, key, language).await?,
    })
}

async fn scan(
    agent: &Agent,
    lane: &LaneConfig,
    shown: Shown,
    key: Option<Key>,
    language: Language,
) -> Result<Answer, Fault> {
    let list = lane.list(agent).ok_or_else(|| Fault::Unknown("this lane has no check-in list".into()))?;
    let LaneConfig { gate, direction, .. } = lane.clone();
    let scan = Scan { gate, direction, ..Scan::of(shown) };
    agent.store.write(move |tx| acts::scan(tx, &scan, list, key.as_ref(), Mode::Record, language)).await
}

async fn serve(
    agent: &Agent,
    shown: Shown,
    product: &str,
    key: Option<Key>,
    language: Language,
) -> Result<Answer, Fault> {
    let catalogue = agent.store.memory().catalogue.clone();
    let product = catalogue.products.values().find(|p| p.name == product).map(|p| p.id).unwrap_or_default();
    let order = Order { shown, product, quantity: 1, at: None, overriding: None };
    agent.store.write(move |tx| acts::serving(tx, &order, key.as_ref(), Mode::Record, language)).await
}
