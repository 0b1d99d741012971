//! Phones as lanes: a page on the venue's network, whose camera this agent looks through.
//!
//! Keeps true: a phone holds no list and decides nothing; what it shows is what the agent answered to the very frame
//! that it sent. It is let in by a one-time code and known by a token of which only the hash is kept; revoking it
//! takes effect on its next word, and on a frame that is being read. No phone can make a decision wait: frames are
//! bounded in rate, size and pixels, a lane has one at a time, and half of the machine's cores at most look at them.
//! Without `phones` in the settings nothing of this listens.

pub mod acts;
pub mod certificate;
pub mod lane;
pub mod pace;
pub mod pairing;
pub mod site;

use crate::agent::Agent;
use crate::lanes::Undecided;
use crate::store::memory::Memory;
use crate::store::phones::{self, MAX_PHONES, NotKept, Phone, Purpose};
use crate::store::{Fault, Store};
use anyhow::Context;
use certificate::Certificate;
use lane::PhoneLane;
use pairing::Pairing;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use tidegate_core::api::{SourceStatus, Status};
use tidegate_link::server::{Bounds, serve_within};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Photographs of all phones that are here at once: each takes 8 MB, and 50 more while it is decoded.
const PHOTOS: usize = 2;
/// What the listener for phones bears: a stranger on the venue's network must not hold it.
const BOUNDS: Bounds = Bounds {
    // Four for each phone that there may be.
    connections: 128,
    // A browser opens six, and six more before it lets go of them after a reload.
    per_address: 12,
    handshake: Duration::from_secs(10),
    // A phone asks for the state every two seconds; whoever is silent for longer is gone.
    head: Duration::from_secs(15),
};
/// Between two looks at this machine's addresses: a lease of a network is renewed more rarely.
const ADDRESSES_EVERY: Duration = Duration::from_secs(30);
/// How old a state may be that is told to phones: many ask, and one answer is for all.
const STATUS_FOR: Duration = Duration::from_millis(500);

/// The phones of an agent.
pub struct Phones {
    lanes: RwLock<Vec<Arc<PhoneLane>>>,
    pairing: Mutex<Pairing>,
    /// How many eyes may work at once.
    eyes: Arc<Semaphore>,
    /// How many photographs may be here at once.
    photos: Arc<Semaphore>,
    door: OnceLock<Door>,
    status: tokio::sync::Mutex<Option<(Instant, Arc<Status>)>>,
}

/// Where phones come in.
struct Door {
    at: SocketAddr,
    certificate: Arc<Certificate>,
}

impl Default for Phones {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            lanes: RwLock::default(),
            pairing: Mutex::default(),
            eyes: Arc::new(Semaphore::new((cores / 2).max(1))),
            photos: Arc::new(Semaphore::new(PHOTOS)),
            door: OnceLock::new(),
            status: tokio::sync::Mutex::default(),
        }
    }
}

/// What somebody is told who wants to pair a phone.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The one-time code.
    pub code: String,
    /// Where the page is, `HOST:PORT`, best first.
    pub addresses: Vec<String>,
    /// SHA-256 of the certificate, as browsers show it.
    pub fingerprint: String,
}

impl Phones {
    /// Takes up the phones that were paired before.
    pub async fn load(&self, store: &Store) -> Result<(), Fault> {
        let kept = store.read(phones::all).await?;
        *self.write() = kept.into_iter().map(|phone| Arc::new(PhoneLane::new(phone))).collect();
        Ok(())
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<PhoneLane>> {
        self.lanes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Their state as lanes; `own` is the name of the agent's own list.
    pub fn status(&self, agent: &Agent, memory: &Memory, own: &str) -> Vec<SourceStatus> {
        let state =
            |lane: &Arc<PhoneLane>| lane.config(agent).status(memory, own, lane.counts(Instant::now()), None);
        self.all().iter().map(state).collect()
    }

    /// Makes a one-time code.
    pub fn invite(&self, purpose: Purpose) -> Result<Invited, NotIn> {
        let door = self.door.get().ok_or(NotIn::Off)?;
        let phones = self.all();
        if phones.len() >= MAX_PHONES {
            return Err(NotIn::Kept(NotKept::TooMany));
        }
        if phones.iter().any(|lane| lane.name() == purpose.name) {
            return Err(NotIn::Kept(NotKept::NameTaken));
        }
        let code = self.pairing().invite(purpose, Instant::now());
        let addresses = certificate::addresses(door.at.ip());
        let addresses = addresses.into_iter().map(|ip| SocketAddr::from((ip, door.at.port())).to_string());
        Ok(Invited { code, addresses: addresses.collect(), fingerprint: door.certificate.fingerprint() })
    }

    /// SHA-256 of the certificate that phones see, as browsers show it.
    pub fn fingerprint(&self) -> Option<String> {
        self.door.get().map(|door| door.certificate.fingerprint())
    }

    /// The first `phone N` that nobody has and nobody was promised.
    pub fn free_name(&self) -> String {
        let taken: Vec<String> = self.all().iter().map(|lane| lane.name()).collect();
        let pairing = self.pairing();
        let promised: Vec<&str> = pairing.promised(Instant::now()).collect();
        let free = |name: &String| !taken.contains(name) && !promised.contains(&name.as_str());
        // One of so many is free: there are fewer phones and promises.
        (1..=taken.len() + promised.len() + 1).map(|n| format!("phone {n}")).find(free).unwrap_or_default()
    }

    /// Whose token this is. Every hash is compared, in constant time.
    pub fn of_token(&self, token: &str) -> Option<Arc<PhoneLane>> {
        let hash = hash(token);
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        lanes
            .iter()
            .fold(None, |found, lane| if bool::from(lane.token().ct_eq(&hash)) { Some(lane) } else { found })
            .cloned()
    }

    /// Makes whoever shows this code a lane; gives it and its token.
    async fn pair(&self, store: &Store, code: &str, from: IpAddr) -> Result<(Arc<PhoneLane>, String), NotIn> {
        let purpose = self.pairing().redeem(code, from, Instant::now()).map_err(NotIn::Code)?;
        let secret: [u8; 32] = rand::random();
        let token = format!("tgp_{}", data_encoding::HEXLOWER.encode(&secret));
        let hash = hash(&token);
        let phone: Phone = store.write(move |tx| phones::pair(tx, purpose, hash)).await?.map_err(NotIn::Kept)?;
        tracing::info!(phone = phone.purpose.name, %from, "a phone is paired");
        let lane = Arc::new(PhoneLane::new(phone));
        self.write().push(lane.clone());
        Ok((lane, token))
    }

    /// Gives a phone another name.
    pub async fn rename(&self, store: &Store, name: String, to: String) -> Result<(), NotIn> {
        let kept = to.clone();
        let id = store.write(move |tx| phones::rename(tx, &name, &kept)).await?.map_err(NotIn::Kept)?;
        self.all().iter().filter(|lane| lane.id() == id).for_each(|lane| lane.rename(&to));
        Ok(())
    }

    /// Forgets a phone; from here on it is told so.
    pub async fn revoke(&self, store: &Store, name: String) -> Result<(), NotIn> {
        let said = name.clone();
        let id = store.write(move |tx| phones::revoke(tx, &name)).await?.map_err(NotIn::Kept)?;
        tracing::info!(phone = said, "a phone is revoked");
        self.write().retain(|lane| {
            if lane.id() == id {
                lane.revoke();
            }
            lane.id() != id
        });
        Ok(())
    }

    /// The agent's state, a moment old at most.
    async fn seen(&self, agent: &Agent) -> Result<Arc<Status>, Fault> {
        let mut kept = self.status.lock().await;
        if let Some((_, status)) = kept.as_ref().filter(|(at, _)| at.elapsed() < STATUS_FOR) {
            return Ok(status.clone());
        }
        let status = Arc::new(agent.status().await?);
        *kept = Some((Instant::now(), status.clone()));
        Ok(status)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Arc<PhoneLane>>> {
        self.lanes.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn pairing(&self) -> MutexGuard<'_, Pairing> {
        self.pairing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a phone is not invited, let in, named or revoked.
#[derive(Debug)]
pub enum NotIn {
    /// No phone can reach this agent.
    Off,
    /// The code.
    Code(pairing::NotPaired),
    /// The store knows better.
    Kept(NotKept),
    /// The store failed.
    Failed(Fault),
}

impl From<Fault> for NotIn {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<Undecided> for lane::Outcome {
    fn from(Undecided { code, what }: Undecided) -> Self {
        Self::Trouble { code: code.to_owned(), what }
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A listener for phones, and what serves them on it.
pub struct Listening {
    listener: TcpListener,
    /// Where it is.
    pub at: SocketAddr,
}

/// Listens where the settings say that phones come in, if they do.
pub async fn listen(agent: &Agent) -> anyhow::Result<Option<Listening>> {
    agent.phones.load(&agent.store).await?;
    let Some(phones) = agent.config.phones else { return Ok(None) };
    let listener =
        TcpListener::bind(phones).await.with_context(|| format!("cannot listen on {phones} (E-NET-04)"))?;
    let at = listener.local_addr()?;
    let (now, names) = (agent.store.time().read().now, certificate::names(at.ip()));
    let device = &agent.enrolment.identity.name;
    let certificate = Arc::new(Certificate::open(&agent.config.data, device, &names, now)?);
    tracing::info!(phones = %at, certificate = certificate.fingerprint(), "phones are listened to");
    let _ = agent.phones.door.set(Door { at, certificate }); // an agent runs once
    Ok(Some(Listening { listener, at }))
}

/// Serves phones until `stop`.
pub async fn serve(agent: Arc<Agent>, listening: Listening, stop: CancellationToken) {
    let Some(certificate) = agent.phones.door.get().map(|door| door.certificate.clone()) else { return };
    let Ok(tls) =
        certificate::server_config(certificate.clone()).inspect_err(|e| tracing::error!(error = %e, "no TLS"))
    else {
        return;
    };
    let (router, until) = (site::router(agent.clone()), stop.clone().cancelled_owned());
    let serving = serve_within(BOUNDS, listening.listener, tls, router, until);
    let keeping = stop.run_until_cancelled(keep_good(&agent, &certificate, listening.at.ip()));
    tokio::join!(serving, keeping);
}

/// Makes the certificate anew where this machine is reached at another address.
async fn keep_good(agent: &Agent, certificate: &Certificate, bound: IpAddr) {
    loop {
        tokio::time::sleep(ADDRESSES_EVERY).await;
        let (names, now) = (certificate::names(bound), agent.store.time().read().now);
        match certificate.keep_good(&names, now) {
            Ok(false) => {}
            Ok(true) => {
                let what = "This machine is reached at another address: phones have to trust its certificate anew";
                tracing::warn!(certificate = certificate.fingerprint(), what);
                agent.trouble(CERTIFICATE_ANEW, what);
            }
            Err(error) => tracing::error!(%error, "the certificate for phones cannot be made"),
        }
    }
}

/// Phones will warn of a certificate that they do not know.
const CERTIFICATE_ANEW: &str = "E-NET-05";
