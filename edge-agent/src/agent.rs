//! The agent: everything that runs beside each other in one process.
//!
//! The store decides; links carry; lanes bring codes; the API asks. They share
//! this and nothing else. It starts all of them and stops when told.

use crate::api;
use crate::config::Config;
use crate::lanes::{self, Lanes};
use crate::links::{self, Links};
use crate::phones::{self, Phones};
use crate::scanners::fault::LAYOUT;
use crate::sessions::Sessions;
use crate::store::exposure::Tally;
use crate::store::identity::{Enrolment, write_private};
use crate::store::look::{self, Look};
use crate::store::{Connection, Fault, Settings, Store, contact, replica};
use anyhow::Context;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tidegate_core::api::{Status, StreamMessage};
use tidegate_core::clock::Quality;
use tidegate_core::exposure::Usable;
use tidegate_core::id::ListId;
use tidegate_core::journal::kind::MAX_TEXT_BYTES;
use tidegate_core::scanned::layout::Mismatch;
use tidegate_core::ticket::Identity;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long answers in progress have when the agent is told to stop; one takes milliseconds.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// What all parts share.
pub struct Agent {
    /// The settings in force.
    pub config: Config,
    /// Who we are.
    pub enrolment: Enrolment,
    /// The one database.
    pub store: Store,
    /// The cloud and the peers.
    pub links: Links,
    /// Sources of codes.
    pub lanes: Lanes,
    /// Phones that are lanes.
    pub phones: Phones,
    /// Supervisors signed in.
    pub sessions: Sessions,
    /// Asked of every API request.
    pub token: String,
    /// Own acts as they were counted so far, for the numbers of exposure.
    tally: Arc<Mutex<Tally>>,
    /// Layouts of scanner and keyboard that were said to differ: once is enough.
    mismatches: Mutex<BTreeSet<Mismatch>>,
}

impl Agent {
    /// Opens everything; nothing runs yet.
    pub fn open(config: Config) -> anyhow::Result<Arc<Self>> {
        let enrolment = Enrolment::load(&config.data)?;
        let settings = Settings { can_ask: config.can_ask, clock_offset_s: config.clock_offset_s };
        let store = Store::open(&config.data, enrolment.clone(), settings)?;
        let token = token(&config)?;
        let links = Links::new(&config, &enrolment, &store)?;
        let lanes = Lanes::new(&config)?;
        let (phones, sessions, tally) = (Phones::default(), Sessions::default(), Arc::default());
        let mismatches = Mutex::default();
        Ok(Arc::new(Self { config, enrolment, store, links, lanes, phones, sessions, token, tally, mismatches }))
    }

    /// Runs until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> anyhow::Result<()> {
        let listen = self.config.listen;
        let api =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen} (E-NET-01)"))?;
        let link = self.config.link;
        let peers =
            TcpListener::bind(link).await.with_context(|| format!("cannot listen on {link} (E-NET-02)"))?;
        let phones = phones::listen(&self).await?;
        if let Some(phones) = &phones {
            announce(&self.config, "phones.addr", phones.at)?;
        }
        announce(&self.config, "listen.addr", api.local_addr()?)?;
        let at = peers.local_addr()?;
        announce(&self.config, "link.addr", at)?;
        tracing::info!(api = %api.local_addr()?, link = %at, device = %self.enrolment.identity.device, "ready");
        let tls = links::server_tls(&self.enrolment, &self.store)?;
        let link_router = links::router(self.clone());
        let serving =
            tokio::spawn(tidegate_link::server::serve(peers, tls, link_router, stop.clone().cancelled_owned()));
        let mut linking = links::spawn(&self, &stop);
        if self.config.discover {
            linking.spawn(links::discover::run(self.clone(), at, stop.clone()));
        }
        if let Some(phones) = phones {
            linking.spawn(phones::serve(self.clone(), phones, stop.clone()));
        }
        lanes::spawn(&self, &stop);
        let router = api::router(self.clone());
        let answering = axum::serve(api, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::select! {
            served = answering.into_future() => served?,
            () = told_long_ago(&stop) => {} // a screen's stream has no end of its own
        }
        stop.cancel();
        serving.await?;
        linking.join_all().await;
        Ok(())
    }

    /// The list that scans without one use.
    pub fn default_list(&self) -> Option<ListId> {
        replica::default_list(&self.store.memory(), self.config.list.as_deref())
    }

    /// Why there is no such list, once the feed has told all lists.
    pub fn without_list(&self) -> Option<String> {
        let memory = self.store.memory();
        if !memory.ready || self.default_list().is_some() {
            return None;
        }
        let known: Vec<&str> = memory.catalogue.lists.values().map(|list| list.name.as_str()).collect();
        let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
        Some(match &self.config.list {
            Some(name) => format!("No check-in list is named {name:?}; known here: {known}"),
            None => format!("This device has no check-in list of its own; known here: {known}"),
        })
    }

    /// Stands for a list before the feed has named it: a scan then answers `starting`.
    pub fn list_to_come(&self) -> Option<ListId> {
        (!self.store.memory().ready).then(ListId::default)
    }

    /// Everything a screen shows.
    pub async fn status(&self) -> Result<Status, Fault> {
        let memory = self.store.memory();
        let own = memory.own;
        let (list, reading) = (self.default_list(), self.store.time().read());
        let look = self.look(list).await?;
        let (counters, zone) = (look.counters, look.zone);
        let catalogue = &memory.catalogue;
        let event = catalogue.event.as_ref();
        let revoked = contact::usable(&memory, self.store.time(), reading.uptime) == Usable::Withdrawn;
        let links = self.links.status(&memory, own);
        let list = list.and_then(|l| catalogue.lists.get(&l)).map(|l| l.name.clone()).unwrap_or_default();
        Ok(Status {
            event: event.map(|e| e.name.clone()).unwrap_or_default(),
            timezone: event.map_or_else(|| "UTC".into(), |e| e.timezone.clone()),
            device: self.enrolment.identity.name.clone(),
            device_id: own.device.to_string(),
            role: self.enrolment.identity.role.as_str().into(),
            staff: memory.on_duty(&reading).map(str::to_owned),
            state: if revoked {
                "revoked"
            } else if memory.ready {
                "ready"
            } else {
                "starting"
            }
            .into(),
            now: reading.now.to_string(),
            clock: if reading.quality == Quality::Trusted { "trusted" } else { "unsure" }.into(),
            inside: counters.inside,
            capacity: zone.map(|zone| zone.capacity),
            occupied: zone.map(|zone| zone.occupied),
            room_here: zone.map(|zone| zone.room_here),
            admitted: counters.entries.max(0) as u64,
            exits: counters.exits.max(0) as u64,
            refused: counters.refused,
            served: counters.served.max(0) as u64,
            conflicts: counters.conflicts,
            per_minute: counters.per_minute,
            to_upload: links.first().map_or(0, |cloud| cloud.unsent),
            tickets: counters.tickets,
            indexing: counters.indexing,
            replica_age_ms: memory.cloud_time.map(|seen| (reading.now.since_us(seen).max(0) / 1_000) as u64),
            links,
            sources: [self.lanes.status(&memory, &list), self.phones.status(self, &memory, &list)].concat(),
            list,
            stock: look.stock,
            exposure: look.exposure,
            rights: look::rights(&memory, self.store.time()),
            deficits: look.deficits,
            findings: look.findings,
        })
    }

    async fn look(&self, list: Option<ListId>) -> Result<Look, Fault> {
        let (memory, tally, own) = (self.store.memory(), self.tally.clone(), self.enrolment.identity.clone());
        let reading = self.store.time().read();
        let read = move |connection: &Connection| {
            // What a panic left is a shorter tally, which is read on.
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            look::look(connection, &memory, &mut tally, &own, list, reading)
        };
        self.store.read(read).await
    }

    /// What a text is that somebody scanned or typed; where it had to be mapped back from another keyboard layout, that is
    /// said once.
    pub fn identify(&self, text: &str) -> Identity {
        let (memory, event) = (self.store.memory(), self.enrolment.event());
        let (identity, mismatch) = memory.catalogue.keyring.identify_scanned(event, text);
        // A set of a few is whole after every statement.
        let mut told = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mismatch) = mismatch.filter(|mismatch| told.insert(*mismatch)) {
            tracing::warn!(code = LAYOUT, %mismatch, "codes arrive as another keyboard would type them");
            self.trouble(LAYOUT, format!("{mismatch} — Set them alike: edge-agent scanner setup"));
        }
        identity
    }

    /// Tells the screens that something is wrong.
    pub fn trouble(&self, code: &str, what: impl Into<String>) {
        // Nobody listening is fine: the log has it too.
        let _ = self.store.messages().send(StreamMessage::Trouble { code: code.into(), what: what.into() });
    }
}

/// Whether a name is one that an entry may hold and a line of a log shows as it is.
pub fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control)
}

async fn told_long_ago(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_ANSWERS).await;
}

fn announce(config: &Config, name: &str, address: std::net::SocketAddr) -> std::io::Result<()> {
    write_private(&config.data.join(name), address.to_string().as_bytes())
}

/// The token that clients of the API show; made on first use, readable by its owner alone.
fn token(config: &Config) -> anyhow::Result<String> {
    let path = config.data.join("api.token");
    if let Ok(token) = std::fs::read_to_string(&path) {
        return Ok(token.trim().to_owned());
    }
    let secret: [u8; 32] = rand::random();
    let token = format!("tga_{}", data_encoding::HEXLOWER.encode(&secret));
    write_private(&path, token.as_bytes())?;
    Ok(token)
}
