//! Lanes: one queue of people with one source of codes, from sighting to answer.
//!
//! The lane reads pictures on threads of its own; here each new code becomes a
//! scan, or at a bar a serving, in the order it was seen. The code nearest the
//! centre decides. A source that fails is told to the screens and tried again;
//! scanning by API goes on whatever happens to it.

use crate::agent::Agent;
use crate::config::{Config, ConfigFault};
use crate::frames::{AfterReading, Lane, LaneEvent, LaneSettings, PipeFormat, PipeInput, SourceSpec};
use crate::store::Fault;
use crate::store::acts::{self, Mode};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tidegate_core::api::{Answer, Direction, SourceStatus, StreamMessage};
use tidegate_core::decide::{Scan, Shown};
use tidegate_core::serve::Order;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events of a lane that wait for a decision: more than a folder full of pictures brings in a second.
const DEPTH: usize = 256;

/// One lane of an agent.
struct Post {
    name: String,
    spec: SourceSpec,
    lane: Mutex<Option<Lane>>,
    error: Mutex<Option<&'static str>>,
}

/// All lanes of an agent.
pub struct Lanes(Vec<Arc<Post>>);

impl Lanes {
    /// The lanes that the settings name; none runs yet.
    pub fn new(config: &Config) -> Result<Self, ConfigFault> {
        let posts = config.sources.iter().map(|text| {
            let spec = parse(text).ok_or_else(|| ConfigFault::Source(text.clone()))?;
            Ok(Arc::new(Post { name: text.clone(), spec, lane: Mutex::default(), error: Mutex::default() }))
        });
        Ok(Self(posts.collect::<Result<_, _>>()?))
    }

    /// Their state.
    pub fn status(&self) -> Vec<SourceStatus> {
        self.0.iter().map(|post| post.status()).collect()
    }
}

impl Post {
    fn status(&self) -> SourceStatus {
        let counts = lock(&self.lane).as_ref().map(Lane::counts).unwrap_or_default();
        SourceStatus {
            name: self.name.clone(),
            up: counts.up,
            error: lock(&self.error).map(str::to_owned),
            frames: counts.frames,
            reads: counts.codes,
        }
    }
}

/// Values behind these locks are whole after every statement.
fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn parse(text: &str) -> Option<SourceSpec> {
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "folder" => Some(SourceSpec::Folder {
            path: PathBuf::from(rest),
            after: AfterReading::MoveTo(PathBuf::from(rest).join("read")),
        }),
        "y4m" => Some(SourceSpec::Pipe { input: input(rest), format: PipeFormat::Y4m }),
        "raw" => {
            let (size, path) = rest.split_once(':')?;
            let (width, height) = size.split_once('x')?;
            let format = PipeFormat::Luma { width: width.parse().ok()?, height: height.parse().ok()? };
            Some(SourceSpec::Pipe { input: input(path), format })
        }
        _ => None,
    }
}

fn input(path: &str) -> PipeInput {
    if path == "-" { PipeInput::Stdin } else { PipeInput::Path(PathBuf::from(path)) }
}

/// Starts every lane; they end with the agent.
pub fn spawn(agent: &Arc<Agent>, stop: &CancellationToken) {
    for post in &agent.lanes.0 {
        let (events, seen) = mpsc::channel(DEPTH);
        // The lane's threads wait for room: a picture that was read is never dropped here.
        let tell = move |event| drop(events.blocking_send(event));
        match Lane::start(post.spec.clone().opener(), LaneSettings::default(), tell) {
            Ok(lane) => *lock(&post.lane) = Some(lane),
            Err(error) => {
                tracing::error!(source = post.name, %error, "lane not started");
                continue;
            }
        }
        let (agent, post, stop) = (agent.clone(), post.clone(), stop.clone());
        tokio::spawn(async move {
            stop.run_until_cancelled(follow(agent, &post, seen)).await;
            lock(&post.lane).take();
        });
    }
}

async fn follow(agent: Arc<Agent>, post: &Post, mut seen: mpsc::Receiver<LaneEvent>) {
    while let Some(event) = seen.recv().await {
        match event {
            LaneEvent::Read { seen, name, .. } => match seen.first() {
                Some(first) if first.same_for.is_some() => {
                    tell(&agent, StreamMessage::Same { lane: post.name.clone() });
                }
                Some(first) => act(&agent, &first.seen.text).await,
                None if matches!(post.spec, SourceSpec::Folder { .. } | SourceSpec::Files(_)) => {
                    agent.trouble("unread", format!("no code found in {name}"));
                }
                None => {} // most live pictures show nothing
            },
            LaneEvent::Rejected(error) => agent.trouble(error.code(), error.what()),
            LaneEvent::SourceLost(error) => {
                tracing::warn!(source = post.name, code = error.code(), why = error.why(), "source lost");
                *lock(&post.error) = Some(error.code());
                agent.trouble(error.code(), format!("{} — {}", error.what(), error.remedy()));
            }
            LaneEvent::SourceBack { after } => {
                tracing::info!(source = post.name, after_ms = after.as_millis(), "source is back");
                lock(&post.error).take();
            }
            LaneEvent::Ended => tracing::info!(source = post.name, "source has ended"),
        }
    }
}

fn tell(agent: &Agent, message: StreamMessage) {
    // Nobody listening is fine: screens come and go.
    let _ = agent.store.messages().send(message);
}

/// A new code came to the lane: a scan, or at a bar a serving.
async fn act(agent: &Agent, text: &str) {
    let shown = Shown::Code(agent.store.memory().catalogue.keyring.identify(agent.enrolment.event(), text));
    let answer = match &agent.config.serves {
        Some(product) => serve(agent, shown, product).await,
        None => scan(agent, shown).await,
    };
    if let Err(fault) = answer {
        tracing::error!(code = fault.code(), error = %fault, "a code was read and not decided");
        agent.trouble(fault.code(), format!("{fault} — {}", fault.action()));
    }
}

async fn scan(agent: &Agent, shown: Shown) -> Result<Answer, Fault> {
    let list = agent.default_list().or_else(|| agent.list_to_come());
    let list = list.ok_or_else(|| Fault::Unknown("this lane has no check-in list".into()))?;
    let scan = Scan {
        shown,
        direction: Direction::Entry,
        at: None,
        gate: agent.config.gate.clone(),
        confirm_unpaid: false,
        overriding: None,
    };
    agent.store.write(move |tx| acts::scan(tx, &scan, list, None, Mode::Record)).await
}

async fn serve(agent: &Agent, shown: Shown, product: &str) -> Result<Answer, Fault> {
    let catalogue = agent.store.memory().catalogue.clone();
    let product = catalogue.products.values().find(|p| p.name == product).map(|p| p.id).unwrap_or_default();
    let order = Order { shown, product, quantity: 1, at: None };
    agent.store.write(move |tx| acts::serving(tx, &order, None, Mode::Record)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_settings_name_them() {
        let y4m = |input| Some(SourceSpec::Pipe { input, format: PipeFormat::Y4m });
        assert_eq!(parse("y4m:-"), y4m(PipeInput::Stdin));
        assert_eq!(parse("y4m:/run/cam"), y4m(PipeInput::Path("/run/cam".into())));
        assert!(matches!(parse("raw:640x480:/run/cam"), Some(SourceSpec::Pipe { .. })));
        assert!(matches!(parse("folder:/tmp/in"), Some(SourceSpec::Folder { .. })));
        for wrong in ["", "camera", "raw:640:/x", "raw:axb:/x", "tape:/x"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
