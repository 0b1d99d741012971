//! Private keys, sealed; ticket keys and their numbers; what the installation is.

use super::{Row, StoreError, Tx};
use crate::params;
use tidegate_core::id::EventId;
use tidegate_core::seal::PublicKey;
use tidegate_core::ticket::KeyNumber;
use tidegate_core::time::Timestamp;

/// A private key at rest.
pub struct SealedKey {
    /// Its public half.
    pub public: PublicKey,
    /// The private half, encrypted under the master key.
    pub sealed: Vec<u8>,
}

/// A ticket key's public part.
#[derive(Clone)]
pub struct TicketKeyRecord {
    /// Its number in codes.
    pub number: KeyNumber,
    /// For which event it signs.
    pub event: EventId,
    /// The key.
    pub public: PublicKey,
    /// Whether new codes are signed by it.
    pub signing: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken out of use.
    pub retired_at: Option<Timestamp>,
}

/// The sealed key with this name.
pub async fn sealed(tx: &mut Tx, name: &str) -> Result<Option<SealedKey>, StoreError> {
    let found = tx.first("SELECT public, sealed FROM private_keys WHERE name = $1", params![name]).await?;
    found.map(|mut row| Ok(SealedKey { public: row.take()?, sealed: row.take()? })).transpose()
}

/// Keeps a sealed key.
pub async fn add_sealed(tx: &mut Tx, name: &str, key: &SealedKey, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO private_keys (name, public, sealed, created_at) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![name, key.public, &key.sealed[..], at]).await.map(drop)
}

/// Something the installation knows of itself.
pub async fn known(tx: &mut Tx, name: &str) -> Result<Option<[u8; 16]>, StoreError> {
    let found = tx.first("SELECT content FROM installation WHERE name = $1", params![name]).await?;
    found.map(|mut row| row.take()).transpose()
}

/// Keeps something the installation knows of itself, instead of what it knew.
pub async fn set_known(tx: &mut Tx, name: &str, content: [u8; 16]) -> Result<(), StoreError> {
    let sql = "INSERT INTO installation (name, content) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET content = excluded.content";
    tx.execute(sql, params![name, content]).await.map(drop)
}

/// Adds a ticket key as its event's signing key; `false` where its number is taken.
pub async fn add_ticket_key(tx: &mut Tx, key: &TicketKeyRecord) -> Result<bool, StoreError> {
    let sql = "INSERT INTO ticket_keys (number, event, public, signing, created_at)
        VALUES ($1, $2, $3, 0, $4) ON CONFLICT (number) DO NOTHING";
    if tx.execute(sql, params![key.number.0, key.event, key.public, key.created_at]).await? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE ticket_keys SET signing = CASE WHEN number = $2 THEN 1 ELSE 0 END WHERE event = $1";
    tx.execute(sql, params![key.event, key.number.0]).await.map(|_| true)
}

/// Takes a ticket key out of use for ever.
pub async fn retire(tx: &mut Tx, number: KeyNumber, at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE ticket_keys SET retired_at = $2 WHERE number = $1", params![number.0, at]).await.map(drop)
}

macro_rules! columns {
    () => {
        "number, event, public, signing, created_at, retired_at"
    };
}

/// A ticket key.
pub async fn ticket_key(tx: &mut Tx, number: KeyNumber) -> Result<Option<TicketKeyRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM ticket_keys WHERE number = $1");
    tx.first(sql, params![number.0]).await?.map(key).transpose()
}

/// An event's ticket keys, oldest first, retired ones too.
pub async fn of_event(tx: &mut Tx, event: EventId) -> Result<Vec<TicketKeyRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM ticket_keys WHERE event = $1 ORDER BY created_at, number");
    tx.query(sql, params![event]).await?.into_iter().map(key).collect()
}

fn key(mut row: Row) -> Result<TicketKeyRecord, StoreError> {
    Ok(TicketKeyRecord {
        number: KeyNumber(row.take()?),
        event: row.take()?,
        public: row.take()?,
        signing: row.take()?,
        created_at: row.take()?,
        retired_at: row.take()?,
    })
}
