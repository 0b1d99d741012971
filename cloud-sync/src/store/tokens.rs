//! Organizers and tokens. A token is known by its hash alone.

use super::{Row, StoreError, Tx};
use crate::params;
use tidegate_core::time::Timestamp;

/// An organizer: whose events, and nobody else's.
pub struct OrganizerRecord {
    /// `org_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A token, without the token.
pub struct TokenRecord {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// `tok_…`, in audit rows.
    pub id: String,
    /// Its role.
    pub role: String,
    /// For whom it works; nobody in particular for an administrator.
    pub organizer: Option<String>,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Adds an organizer.
pub async fn add_organizer(tx: &mut Tx, organizer: &OrganizerRecord) -> Result<(), StoreError> {
    let sql = "INSERT INTO organizers (id, name, created_at) VALUES ($1, $2, $3)";
    tx.execute(sql, params![&organizer.id, &organizer.name, organizer.created_at]).await.map(drop)
}

/// Organizers after `after`, by id.
pub async fn organizers(tx: &mut Tx, after: &str, limit: u32) -> Result<Vec<OrganizerRecord>, StoreError> {
    let sql = "SELECT id, name, created_at FROM organizers WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = tx.query(sql, params![after, limit]).await?;
    rows.into_iter()
        .map(|mut row| Ok(OrganizerRecord { id: row.take()?, name: row.take()?, created_at: row.take()? }))
        .collect()
}

/// Whether there is such an organizer.
pub async fn organizer_exists(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    Ok(tx.first("SELECT 1 FROM organizers WHERE id = $1", params![id]).await?.is_some())
}

/// Adds a token.
pub async fn add(tx: &mut Tx, token: &TokenRecord) -> Result<(), StoreError> {
    let sql = "INSERT INTO tokens (hash, id, role, organizer, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let organizer = token.organizer.clone();
    let params = params![token.hash, &token.id, &token.role, organizer, &token.name, token.created_at];
    tx.execute(sql, params).await.map(drop)
}

/// The token with this hash.
pub async fn by_hash(tx: &mut Tx, hash: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
    let sql = "SELECT hash, id, role, organizer, name, created_at FROM tokens WHERE hash = $1";
    tx.first(sql, params![hash]).await?.map(token).transpose()
}

/// Whether an administrator's token exists.
pub async fn any_admin(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(tx.first("SELECT 1 FROM tokens WHERE role = 'admin' LIMIT 1", params![]).await?.is_some())
}

fn token(mut row: Row) -> Result<TokenRecord, StoreError> {
    Ok(TokenRecord {
        hash: row.take()?,
        id: row.take()?,
        role: row.take()?,
        organizer: row.take()?,
        name: row.take()?,
        created_at: row.take()?,
    })
}
