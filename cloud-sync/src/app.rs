//! What every handler works with: the store, the vault, the clock and small caches.
//!
//! Time is a function, so that tests own it. Caches hold only what the database
//! holds too, keyed so that a stale entry is never found: a catalogue by its
//! feed revision, a certificate by its bytes, a law by how many entries it was read from.

use crate::auth::callers::Callers;
use crate::auth::limit::Limiter;
use crate::auth::tokens;
use crate::desk::group::Groups;
use crate::fault::Fault;
use crate::keys::{self, KeyFault, Purpose};
use crate::ledger;
use crate::ledger::law::Law;
use crate::store::tokens::TokenRecord;
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
/// Which life of the cloud this is, as the installation knows it.
const EPOCH: &str = "epoch";
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
    turns: Turns,
    now: Now,
    catalogues: Mutex<HashMap<EventId, (u64, Arc<Catalogue>)>>,
    certificates: Mutex<HashMap<Vec<u8>, Arc<Identity>>>,
    laws: Mutex<HashMap<EventId, Arc<Law>>>,
    organizers: Mutex<HashMap<EventId, Arc<str>>>,
}

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
        let ca = store.write(move |tx| Box::pin(async move { found(tx, &inside, at, life).await })).await?;
        first_admin(&store, data, at).await?;
        complete_tickets(&store).await?;
        // The closure above has ended, and with it the other pointer.
        let vault = Arc::into_inner(vault).context("the vault is still in use")?;
        let app = Arc::new(Self::new(store, vault, ca, now));
        relearn(&app).await?;
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
            turns: Turns::default(),
            now,
            catalogues: Mutex::default(),
            certificates: Mutex::default(),
            laws: Mutex::default(),
            organizers: Mutex::default(),
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
        let revisions = store::feed::revisions(tx, event).await?;
        let small = revisions.ok_or_else(|| Fault::missing("event"))?.small;
        let known = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner).get(&event).cloned();
        if let Some((_, catalogue)) = known.filter(|(revision, _)| *revision == small) {
            return Ok(catalogue);
        }
        let rows = store::feed::small(tx, event).await?;
        let catalogue = Arc::new(catalogue(rows.iter().filter_map(Change::of)));
        let mut all = self.catalogues.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_CATALOGUES {
            all.clear();
        }
        all.insert(event, (small, catalogue.clone()));
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

    /// Which life of the cloud this is: asked each time, because another server may have begun a new one.
    pub async fn epoch(&self, tx: &mut Tx) -> Result<Epoch, Fault> {
        let known = store::keys::known(tx, EPOCH).await?;
        known.map(Epoch).ok_or_else(|| Fault::internal("the installation has no epoch"))
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

async fn found(tx: &mut Tx, vault: &Vault, now: Timestamp, life: Life) -> Result<PublicKey, KeyFault> {
    tx.lock(Lock::Installation).await?; // servers may start together
    let ca = keys::load_or_make(tx, vault, Purpose::Ca, now).await?;
    keys::load_or_make(tx, vault, Purpose::Link, now).await?;
    if store::keys::known(tx, "device").await?.is_none() {
        store::keys::set_known(tx, "device", rand::random()).await?;
    }
    if life == Life::Restored || store::keys::known(tx, EPOCH).await?.is_none() {
        store::keys::set_known(tx, EPOCH, rand::random()).await?;
        store::journals::close_own(tx).await?; // agents may know entries of them that are not here
    }
    Ok(ca.verifying_key().into())
}

async fn complete_tickets(store: &Store) -> anyhow::Result<()> {
    let mut after = Some(-1);
    while let Some(place) = after {
        after = store.write(move |tx| Box::pin(crate::tickets::complete(tx, place))).await?;
    }
    Ok(())
}

/// Entries of all events are judged again where another program did it before.
async fn relearn(app: &Arc<App>) -> anyhow::Result<()> {
    let law = [ledger::LAW; 16];
    if app.read(|tx, _| Box::pin(async move { Ok(store::keys::known(tx, LAW).await?) })).await? == Some(law) {
        return Ok(());
    }
    let mut after = EventId::default();
    loop {
        let next = app.read(move |tx, _| Box::pin(async move { Ok(store::events::all(tx, after, 1).await?) }));
        let Some(event) = next.await?.pop() else { break };
        after = event.id;
        app.write(move |tx, app| Box::pin(ledger::relearn(tx, app, after))).await?;
    }
    Ok(app.write(move |tx, _| Box::pin(async move { Ok(store::keys::set_known(tx, LAW, law).await?) })).await?)
}

/// The file is there before the token counts: a crash between leaves a file that the next start takes up.
async fn first_admin(store: &Store, data: &Path, now: Timestamp) -> anyhow::Result<()> {
    let file = data.join(ADMIN_TOKEN_FILE);
    store.write(move |tx| Box::pin(async move { add_first_admin(tx, &file, now).await })).await
}

async fn add_first_admin(tx: &mut Tx, file: &Path, now: Timestamp) -> anyhow::Result<()> {
    tx.lock(Lock::Installation).await?;
    if store::tokens::any_admin(tx).await? {
        return Ok(());
    }
    let token = match std::fs::read_to_string(file) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => {
            let token = tokens::fresh();
            crate::vault::write_secret(file, &token).context("the administrator's token cannot be written")?;
            token
        }
    };
    let record = TokenRecord {
        hash: tokens::hash(&token),
        id: tokens::fresh_id(),
        role: "admin".into(),
        organizer: None,
        name: "first administrator".into(),
        created_at: now,
    };
    Ok(store::tokens::add(tx, &record).await?)
}

fn catalogue(changes: impl Iterator<Item = Change>) -> Catalogue {
    let mut catalogue = Catalogue::default();
    changes.for_each(|change| change.enter(&mut catalogue));
    catalogue
}
