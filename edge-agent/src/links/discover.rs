//! Peers without settings: agents of one event find each other on the venue's network.
//!
//! A process of its own ([`mdns`]) announces this agent and hears the others; what it
//! says goes into the table of [`candidates`], which says whom to try and what to
//! keep. An announcement gives an address to try and nothing more: who is there says
//! the certificate, which must be that of the very device that was announced. What
//! answered gets a link like those of the settings; everything else stays outside
//! the list of links, and is bounded in number.

pub mod announcement;
pub mod candidates;
mod listener;
pub mod mdns;

use super::exchange::{self, Depth};
use super::{Far, Link, keep};
use crate::agent::Agent;
use announcement::{Announced, Said};
use candidates::{Candidates, Spot, Standing};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate_core::id::DeviceId;
use tidegate_link::client::LinkError;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Between looks at the links: how late a link that is down, or one too many, is noticed.
const LOOK: Duration = Duration::from_secs(1);
/// Sayings that wait to be heard; beyond that whoever says them waits.
const WAITING: usize = 64;

/// Announces the agent whose link listens at `link`, and links it to those it finds, until `stop`.
pub async fn run(agent: Arc<Agent>, link: SocketAddr, stop: CancellationToken) {
    let (saying, heard) = mpsc::channel(WAITING);
    let announced = Announced {
        device: agent.enrolment.identity.device,
        event: announcement::tag(agent.enrolment.event()),
        link,
    };
    let search = Search::new(agent).go(heard);
    let listening = listener::run(announced, saying, stop.clone());
    tokio::join!(stop.run_until_cancelled(search), listening);
}

type Tried = (Spot, Result<Arc<Link>, LinkError>);

/// The table, and what runs because of it.
struct Search {
    agent: Arc<Agent>,
    candidates: Candidates,
    tries: JoinSet<Tried>,
    kept: BTreeMap<DeviceId, (Arc<Link>, AbortHandle)>,
    keeping: JoinSet<()>,
}

impl Search {
    fn new(agent: Arc<Agent>) -> Self {
        let candidates = Candidates::new(agent.enrolment.identity.device);
        Self { agent, candidates, tries: JoinSet::new(), kept: BTreeMap::new(), keeping: JoinSet::new() }
    }

    async fn go(mut self, mut heard: mpsc::Receiver<Said>) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            let turn = self.candidates.turn(Instant::now(), &self.agent.links.reached());
            turn.ends.iter().for_each(|device| self.end(device));
            for spot in turn.tries {
                let agent = self.agent.clone();
                self.tries.spawn(async move { (spot, meet(&agent, spot).await) });
            }
            tokio::select! {
                Some(said) = heard.recv() => self.hear(said),
                Some(tried) = self.tries.join_next() => match tried {
                    Ok((spot, answer)) => self.tried(spot, answer),
                    Err(error) => tracing::error!(%error, "a try at a peer broke off"),
                },
                _ = look.tick() => {}
            }
        }
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::Found { device, at } => {
                if let Ok(device) = device.parse() {
                    self.candidates.announced(device, self.standing(&device), &at, Instant::now());
                }
            }
            Said::Gone { device } => {
                if let Ok(device) = device.parse() {
                    self.candidates.gone(&device);
                }
            }
            Said::Silent => self.candidates.all_gone(),
            Said::Announced { at } => tracing::info!(?at, "announced on the network"),
            Said::Nowhere => tracing::warn!(
                "no network that carries multicast: other devices are not found until there is one; those of the settings are reached all the same"
            ),
            Said::Flooded => tracing::warn!("the network is flooded with announcements"),
        }
    }

    fn standing(&self, device: &DeviceId) -> Standing {
        let memory = self.agent.store.memory();
        match memory.catalogue.devices.get(device) {
            Some(row) if row.revoked_at.is_none() => Standing::Listed,
            Some(_) | None => Standing::Stranger,
        }
    }

    fn tried(&mut self, spot: Spot, answer: Result<Arc<Link>, LinkError>) {
        let Spot { device, at } = spot;
        match answer {
            Ok(link) => {
                if self.candidates.met(spot, Instant::now(), &self.agent.links.reached()) {
                    tracing::info!(%device, %at, "peer found");
                    self.keep(device, link);
                }
            }
            Err(error) => {
                tracing::debug!(%device, %at, %error, "not the peer that was announced");
                self.candidates.failed(spot, Instant::now());
            }
        }
    }

    fn keep(&mut self, device: DeviceId, link: Arc<Link>) {
        self.end(&device);
        self.agent.links.add(link.clone());
        let keeper = self.keeping.spawn(keep(self.agent.clone(), link.clone()));
        self.kept.insert(device, (link, keeper));
    }

    fn end(&mut self, device: &DeviceId) {
        if let Some((link, keeper)) = self.kept.remove(device) {
            tracing::info!(%device, at = %link.address, "link to a found peer ended");
            keeper.abort();
            self.agent.links.remove(&link);
        }
        while self.keeping.try_join_next().is_some() {} // those that ended before
    }
}

/// One exchange with whoever is there. It fails in the handshake unless that is the device.
async fn meet(agent: &Agent, spot: Spot) -> Result<Arc<Link>, LinkError> {
    let link = Link::new(Far::Found(spot.device), spot.at.to_string(), &agent.enrolment, &agent.store)?;
    let done = exchange::ask(agent, &link, Depth::Repair).await?;
    link.heard(exchange::Done { device: Some(spot.device), ..done }, &agent.store.memory());
    Ok(link)
}
