//! The installation's keys, each for one purpose: CA, device link, and for every
//! event its feed, its cloud journal and its ticket keys.
//!
//! They are made here and leave the vault only to sign. Ticket key numbers are
//! unique in the installation and never reused: another key is made on collision.

use crate::fault::Fault;
use crate::lots;
use crate::store::events::EventRecord;
use crate::store::keys::{self, SealedKey, TicketKeyRecord};
use crate::store::{Lock, Store, StoreError, Tx};
use crate::vault::{Vault, VaultFault};
use ed25519_dalek::SigningKey;
use tidegate_core::id::EventId;
use tidegate_core::seal::PublicKey;
use tidegate_core::ticket::KeyNumber;
use tidegate_core::time::Timestamp;

/// Tries at a free ticket key number: with thousands of keys taken of 16 million, the second one always has done.
const MAX_TRIES: usize = 16;

/// What a private key is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Signs certificates.
    Ca,
    /// The cloud's side of the device link.
    Link,
    /// Signs an event's feed.
    Feed(EventId),
    /// Signs the cloud's journal of an event.
    Journal(EventId),
    /// Signs tickets.
    Ticket(KeyNumber),
}

impl Purpose {
    fn name(self) -> String {
        match self {
            Self::Ca => "ca".into(),
            Self::Link => "link".into(),
            Self::Feed(event) => format!("feed/{event}"),
            Self::Journal(event) => format!("journal/{event}"),
            Self::Ticket(number) => format!("ticket/{number}"),
        }
    }
}

/// Why a key is out of reach.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault does not open it.
    #[error(transparent)]
    Vault(#[from] VaultFault),
    /// The key store has none of this name.
    #[error("the key {0} is missing from the key store")]
    Missing(String),
    /// Every number that was drawn is taken.
    #[error("no free ticket key number was found")]
    NoFreeNumber,
    /// The event's keys are all retired.
    #[error("the event has no key to sign with")]
    NothingSigns,
}

impl From<KeyFault> for Fault {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::NothingSigns => Self::conflict("no_signing_key", "The event has no key to sign with"),
            KeyFault::Store(error) => error.into(),
            KeyFault::Vault(_) | KeyFault::Missing(_) | KeyFault::NoFreeNumber => Self::internal(&fault),
        }
    }
}

/// A fresh key; nothing knows it yet.
pub fn fresh() -> SigningKey {
    SigningKey::from_bytes(&lots::draw())
}

/// Whether there are keys already: another master key than theirs is of no use.
pub async fn exist(store: &Store) -> Result<bool, StoreError> {
    store.read(|tx| Box::pin(async move { Ok(keys::sealed(tx, &Purpose::Ca.name()).await?.is_some()) })).await
}

/// The key for a purpose.
pub async fn load(tx: &mut Tx, vault: &Vault, purpose: Purpose) -> Result<SigningKey, KeyFault> {
    let found = find(tx, vault, purpose).await?;
    found.ok_or_else(|| KeyFault::Missing(purpose.name()))
}

/// The key for a purpose, made where there is none.
pub async fn load_or_make(
    tx: &mut Tx,
    vault: &Vault,
    purpose: Purpose,
    now: Timestamp,
) -> Result<SigningKey, KeyFault> {
    if let Some(key) = find(tx, vault, purpose).await? {
        return Ok(key);
    }
    let key = fresh();
    keep(tx, vault, purpose, &key, now).await?;
    Ok(key)
}

async fn find(tx: &mut Tx, vault: &Vault, purpose: Purpose) -> Result<Option<SigningKey>, KeyFault> {
    let name = purpose.name();
    match keys::sealed(tx, &name).await? {
        Some(SealedKey { sealed, .. }) => Ok(Some(vault.open(&name, &sealed)?)),
        None => Ok(None),
    }
}

async fn keep(
    tx: &mut Tx,
    vault: &Vault,
    purpose: Purpose,
    key: &SigningKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = purpose.name();
    let sealed = SealedKey { public: key.verifying_key().into(), sealed: vault.seal(&name, key) };
    keys::add_sealed(tx, &name, &sealed, now).await
}

/// A new ticket key of an event, which signs from now on.
pub async fn add_ticket_key(
    tx: &mut Tx,
    vault: &Vault,
    event: EventId,
    now: Timestamp,
) -> Result<TicketKeyRecord, KeyFault> {
    for _ in 0..MAX_TRIES {
        let key = fresh();
        let public = PublicKey::from(key.verifying_key());
        let number = KeyNumber::of(&public);
        let record = TicketKeyRecord { number, event, public, signing: true, created_at: now, retired_at: None };
        if keys::add_ticket_key(tx, &record).await? {
            keep(tx, vault, Purpose::Ticket(number), &key, now).await?;
            return Ok(record);
        }
    }
    Err(KeyFault::NoFreeNumber)
}

/// The key that signs an event's tickets now; it is not retired before this transaction ends.
pub async fn signing_key(tx: &mut Tx, vault: &Vault, event: &EventRecord) -> Result<SigningKey, KeyFault> {
    tx.share(Lock::Office(&event.organizer)).await?;
    let all = keys::of_event(tx, event.id).await?;
    let signing = all.iter().find(|key| key.signing && key.retired_at.is_none());
    let number = signing.ok_or(KeyFault::NothingSigns)?;
    load(tx, vault, Purpose::Ticket(number.number)).await
}
