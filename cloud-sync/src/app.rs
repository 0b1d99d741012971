//! What every handler works with: the store, the vault, the clock and small caches.
//!
//! Time is a function, so that tests own it. Caches hold only what the database
//! holds too, keyed so that a stale entry is never found: a catalogue by its epoch
//! and feed revision, a certificate by its bytes, a law by how many entries it was read from.

mod founding;

use crate::auth::callers::Callers;
use crate::auth::limit::Limiter;
use crate::desk::group::Groups;
use crate::fault::Fault;
use crate::keys::{self, Purpose};
use crate::ledger::law::Law;
use crate::start::Starts;
use crate::store::life::{Asking, Known};
use crate::store::{self, Lock, Store, StoreError, Tx};
use crate::turns::Turns;
use crate::vault::Vault;
use anyhow::Context;
use ed25519_dalek::SigningKey;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_core::catalogue::Catalogue;
use tidegate_core::feed::{Change, Epoch};
use tidegate_core::id::{DeviceId, EventId};
use tidegate_core::seal::PublicKey;
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, Rights, Role, TrustFault};

/// Tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Events whose catalogue is kept in memory; beyond it all are dropped and read again.
const MAX_CATALOGUES: usize = 256;
/// Certificates kept opened; beyond it all are dropped and verified again.
const MAX_CERTIFICATES: usize = 20_000;
/// The cloud's own link certificate is made anew at every start; a server runs a year at most.
const LINK_CERTIFICATE_S: i64 = 400 * 24 * 3600;
/// The file with the administrator's token, made on the first start.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";
/// By which law the entries were judged, as the installation knows it.
const LAW: &str = "law";
/// The database file, where there is no other database.
pub const DATABASE_FILE: &str = "cloud.db";

/// The cloud, open.
pub struct App {
    /// The database.
    pub store: Store,
    /// The lock on private keys.
    pub vault: Vault,
    /// The installation's CA.
    pub ca: PublicKey,
    /// Whether customers may pay by the provider that moves no money: never where tickets are sold.
    pub test_payments: bool,
    /// Failed sign-ins.
    pub limiter: Limiter,
    /// Who asked a moment ago.
    pub callers: Callers,
    /// Failed enrolments.
    pub enrolments: Limiter,
    /// Short codes that no ticket has, by token.
    pub short_codes: Limiter<String>,
    /// Who waits at the events' desks.
    pub desks: Groups,
    /// What new devices begin with.
    pub starts: Starts,
    life: Asking,
    turns: Turns,
    now: Now,
    catalogues: Mutex<HashMap<EventId, (Edition, Arc<Catalogue>)>>,
    certificates: Mutex<HashMap<Vec<u8>, Arc<Identity>>>,
    laws: Mutex<HashMap<EventId, Arc<Law>>>,
    organizers: Mutex<HashMap<EventId, Arc<str>>>,
    seen: Mutex<Option<Epoch>>,
}

/// Which catalogue of an event it is: another life of the cloud numbers its revisions anew.
type Edition = (Epoch, u64);

/// The machine's own clock.
pub fn machine_clock() -> Now {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}

/// Whether the feed goes on, or a restored database starts another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The same database as before.
    Same,
    /// Restored from a copy: revisions after the copy mean something else now.
    Restored,
}

impl App {
    /// Opens an installation, and makes what it needs on its first start: the administrator's token in `data`.
    pub async fn open(store: Store, data: &Path, vault: Vault, now: Now, life: Life) -> anyhow::Result<Self> {
        let (vault, at) = (Arc::new(vault), now());
        let inside = vault.clone();
        let ca =
            store.write(move |tx| Box::pin(async move { founding::found(tx, &inside, at, life).await })).await?;
        founding::first_admin(&store, data, at).await?;
        founding::complete_tickets(&store).await?;
        // The closure above has ended, and with it the other pointer.
        let vault = Arc::into_inner(vault).context("the vault is still in use")?;
        let app = Arc::new(Self::new(store, vault, ca, now));
        founding::relearn(&app).await?;
        Arc::into_inner(app).context("the installation is still in use")
    }

    /// Opens an installation that is there, to read from it: nothing is made, drawn or written.
    pub async fn existing(store: Store, vault: Vault, now: Now) -> anyhow::Result<Self> {
        let vault = Arc::new(vault);
        let inside = vault.clone();
        let ca = store.read(move |tx| Box::pin(async move { keys::load(tx, &inside, Purpose::Ca).await })).await?;
        let vault = Arc::into_inner(vault).context("the vault is still in use")?;
        Ok(Self::new(store, vault, ca.verifying_key().into(), now))
    }

    fn new(store: Store, vault: Vault, ca: PublicKey, now: Now) -> Self {
        Self {
            store,
            vault,
            ca,
            test_payments: false,
            limiter: Limiter::default(),
            callers: Callers::default(),
            enrolments: Limiter::default(),
            short_codes: Limiter::default(),
            desks: Groups::default(),
            starts: Starts::default(),
            life: Asking::default(),
            turns: Turns::default(),
            now,
            catalogues: Mutex::default(),
            certificates: Mutex::default(),
            laws: Mutex::default(),
            organizers: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Runs `work` alone among writers; see [`Store::write`].
    pub async fn write<T, F>(self: &Arc<Self>, work: F) -> Result<T, Fault>
    where
        F: for<'a> FnOnce(&'a mut Tx, &'a App) -> store::Work<'a, T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let app = self.clone();
        self.store.write(move |tx| Box::pin(async move { work(tx, &app).await })).await
    }

    /// Runs `work`, which writes in an event's books, when it is its turn there; see [`Turns`].
    pub async fn write_books<T, E, F>(self: &Arc<Self>, event: EventId, work: F) -> Result<T, E>
    where
        F: for<'a> FnOnce(&'a mut Tx, &'a App) -> store::Work<'a, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (app, turn) = (self.clone(), self.turns.take(event).await?);
        let done = self.store.write(move |tx| {
            Box::pin(async move {
                let _until_done = turn; // whether or not anybody waits for the answer
                work(tx, &app).await
            })
        });
        done.await
    }

    /// Runs `work` on one snapshot; see [`Store::read`].
    pub async fn read<T, F>(self: &Arc<Self>, work: F) -> Result<T, Fault>
    where
        F: for<'a> FnOnce(&'a mut Tx, &'a App) -> store::Work<'a, T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let app = self.clone();
        self.store.read(move |tx| Box::pin(async move { work(tx, &app).await })).await
    }

    /// An event's catalogue as its agents read it.
    pub async fn catalogue(&self, tx: &mut Tx, event: EventId) -> Result<Arc<Catalogue>, Fault> {
        let edition = store::feed::edition(tx, event).await?.ok_or_else(|| Fault::missing("event"))?;
        self.live_in(edition.0);
        let known = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner).get(&event).cloned();
        if let Some((_, catalogue)) = known.filter(|(known, _)| *known == edition) {
            return Ok(catalogue);
        }
        let rows = store::feed::small(tx, event).await?;
        let catalogue = Arc::new(catalogue(rows.iter().filter_map(Change::of)));
        let mut all = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_CATALOGUES {
            all.clear();
        }
        all.insert(event, (edition, catalogue.clone()));
        Ok(catalogue)
    }

    /// Whose an event is, where it was asked before.
    pub fn organizer_of(&self, event: EventId) -> Option<Arc<str>> {
        self.organizers.lock().unwrap_or_else(PoisonError::into_inner).get(&event).cloned()
    }

    /// Remembers it.
    pub fn note_organizer(&self, event: EventId, organizer: Arc<str>) -> Arc<str> {
        let mut known = self.organizers.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_CATALOGUES {
            known.clear();
        }
        known.insert(event, organizer.clone());
        organizer
    }

    /// What an event's journals said of rights and times when they were last read, as far as they had come.
    pub fn law(&self, event: EventId) -> Option<Arc<Law>> {
        self.laws.lock().unwrap_or_else(PoisonError::into_inner).get(&event).cloned()
    }

    /// Remembers it, as it was committed.
    pub fn note_law(&self, event: EventId, law: &Arc<Law>) {
        let mut known = self.laws.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_CATALOGUES {
            known.clear();
        }
        known.insert(event, law.clone());
    }

    /// What a certificate of this installation says; each is verified once.
    pub fn identity(&self, certificate: &Certificate) -> Result<Arc<Identity>, TrustFault> {
        let bytes = certificate.to_bytes();
        let mut known = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = known.get(&bytes) {
            return Ok(identity.clone());
        }
        let identity = Arc::new(certificate.open(&self.ca)?);
        if known.len() >= MAX_CERTIFICATES {
            known.clear();
        }
        known.insert(bytes, identity.clone());
        Ok(identity)
    }

    /// Which life of the cloud this is: asked each time, because another server may have begun a new one, or
    /// the database itself. Where it has, nothing is given out until [`App::settle_life`] has noted it.
    pub async fn epoch(&self, tx: &mut Tx) -> Result<Epoch, Fault> {
        let known = self.epoch_of_this_life(tx).await?;
        known.ok_or_else(|| StoreError::Busy("the database has begun another life".into()).into())
    }

    /// The epoch, and the life of the database, whether or not they belong together: equal only where nothing that
    /// was numbered before is numbered anew.
    pub async fn life(&self, tx: &mut Tx) -> Result<Known, Fault> {
        let known = self.life.known(tx).await?;
        known.epoch.into_iter().for_each(|epoch| self.live_in(epoch));
        Ok(known)
    }

    /// What was remembered of another life than this is forgotten, whoever drew the epoch.
    fn live_in(&self, epoch: Epoch) {
        let before = self.seen.lock().unwrap_or_else(PoisonError::into_inner).replace(epoch);
        if before.is_some_and(|before| before != epoch) {
            self.starts.forget();
            self.laws.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// The epoch; absent where the database has begun another life since it was drawn.
    pub async fn epoch_of_this_life(&self, tx: &mut Tx) -> Result<Option<Epoch>, Fault> {
        let known = self.life(tx).await?;
        let epoch = known.epoch.ok_or_else(|| Fault::internal("the installation has no epoch"))?;
        Ok(Some(epoch).filter(|_| known.is_of_this_life))
    }

    /// Draws another epoch where the database has begun another life: agents begin their feed anew.
    pub async fn settle_life(self: &Arc<Self>) -> Result<Epoch, Fault> {
        let settled = self.write(|tx, app| {
            Box::pin(async move {
                tx.lock(Lock::Installation).await?;
                app.life.settle(tx, false).await?;
                app.epoch(tx).await
            })
        });
        settled.await
    }

    /// The cloud's certificate on the device link, and its key.
    pub async fn link_identity(self: &Arc<Self>) -> Result<(Certificate, SigningKey), Fault> {
        self.read(|tx, app| Box::pin(link_identity(tx, app))).await
    }
}

async fn link_identity(tx: &mut Tx, app: &App) -> Result<(Certificate, SigningKey), Fault> {
    let ca = keys::load(tx, &app.vault, Purpose::Ca).await?;
    let key = keys::load(tx, &app.vault, Purpose::Link).await?;
    let device = store::keys::known(tx, "device").await?.unwrap_or_default(); // found() made one
    let identity = Identity {
        event: EventId::default(),
        device: DeviceId(device),
        key: key.verifying_key().into(),
        role: Role::Cloud,
        rights: Rights::default(),
        name: "cloud".into(),
        issued: app.now(),
        expires: app.now().plus_secs(LINK_CERTIFICATE_S),
    };
    Ok((Certificate::issue(&ca, &identity), key))
}

fn catalogue(changes: impl Iterator<Item = Change>) -> Catalogue {
    let mut catalogue = Catalogue::default();
    changes.for_each(|change| change.enter(&mut catalogue));
    catalogue
}
