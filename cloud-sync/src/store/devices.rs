//! Devices of an event, enrolled or about to be.

use super::{Json, Row, StoreError, Tx};
use crate::params;
use tidegate_core::catalogue::{Counts, DeviceRow};
use tidegate_core::id::{DeviceId, EventId};
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Rights, Role};

/// A device as the office keeps it.
#[derive(Clone)]
pub struct DeviceRecord {
    /// Of which event.
    pub event: EventId,
    /// Rights beyond its role's.
    pub rights: Rights,
    /// Hash of the secret that enrols it, while it may.
    pub secret_hash: Option<Hash>,
    /// Until when.
    pub secret_expires: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it may use rights without being heard, as it was told.
    pub leased_until: Option<Timestamp>,
    /// The life of its journal that it said it writes when it asked last.
    pub writes: Option<u32>,
    /// What agents read.
    pub row: DeviceRow,
}

impl DeviceRecord {
    /// A device that nobody enrols yet, with the rights of its role.
    pub fn new(event: EventId, row: DeviceRow, created_at: Timestamp) -> Self {
        let (rights, secret_hash, secret_expires, leased_until) = (Rights::default(), None, None, None);
        Self { event, rights, secret_hash, secret_expires, created_at, leased_until, writes: None, row }
    }
}

macro_rules! columns {
    () => {
        "id, event, name, role, rights, certificate, secret_hash, secret_expires, revoked_at, counts_until, created_at, \
         leased_until, writes"
    };
}

const ROLES: [Role; 5] = [Role::Gate, Role::Bar, Role::Supervisor, Role::Kiosk, Role::Cloud];

/// Adds a device; `false` where the event has one of that name that is not revoked.
pub async fn add(tx: &mut Tx, device: &DeviceRecord) -> Result<bool, StoreError> {
    let sql = concat!(
        "INSERT INTO devices (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (event, name) WHERE revoked_at IS NULL DO NOTHING"
    );
    Ok(tx.execute(sql, &values(device)).await? == 1)
}

/// Writes a device as it is now.
pub async fn update(tx: &mut Tx, device: &DeviceRecord) -> Result<(), StoreError> {
    let sql = "UPDATE devices SET certificate = $6, secret_hash = $7, secret_expires = $8, revoked_at = $9,
        counts_until = $10
        WHERE id = $1 AND event = $2 AND name = $3 AND role = $4 AND rights = $5 AND created_at = $11"; // these never change
    tx.execute(sql, &values(device)[..11]).await.map(drop)
}

/// Notes until when a device was told that it may use rights; what was told before stands.
pub async fn lease(tx: &mut Tx, id: DeviceId, until: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE devices SET leased_until = $2
        WHERE id = $1 AND (leased_until IS NULL OR leased_until < $2)";
    tx.execute(sql, params![id, until]).await.map(drop)
}

/// Notes which life of its journal a device says that it writes.
pub async fn writes(tx: &mut Tx, id: DeviceId, life: u32) -> Result<(), StoreError> {
    tx.execute("UPDATE devices SET writes = $2 WHERE id = $1", params![id, life]).await.map(drop)
}

fn values(device: &DeviceRecord) -> Vec<super::Value> {
    let row = &device.row;
    let counts: Vec<(u32, u64)> = row.counts_until.iter().map(|c| (c.incarnation, c.sequence)).collect();
    params![
        row.id,
        device.event,
        &row.name,
        row.role.as_str(),
        device.rights.0,
        row.certificate.as_ref().map(Certificate::to_bytes),
        device.secret_hash,
        device.secret_expires,
        row.revoked_at,
        Json(counts),
        device.created_at,
        device.leased_until,
        device.writes,
    ]
    .to_vec()
}

/// A device.
pub async fn get(tx: &mut Tx, id: DeviceId) -> Result<Option<DeviceRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM devices WHERE id = $1");
    tx.first(sql, params![id]).await?.map(device).transpose()
}

/// The device that a secret with this hash would enrol.
pub async fn by_secret(tx: &mut Tx, hash: Hash) -> Result<Option<DeviceRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM devices WHERE secret_hash = $1");
    tx.first(sql, params![hash]).await?.map(device).transpose()
}

/// An event's devices after `after`, by id, the cloud's own left out.
pub async fn of_event(
    tx: &mut Tx,
    event: EventId,
    after: DeviceId,
    limit: u32,
) -> Result<Vec<DeviceRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM devices WHERE event = $1 AND id > $2 AND role <> 'cloud' ORDER BY id LIMIT $3"
    );
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(device).collect()
}

fn device(mut row: Row) -> Result<DeviceRecord, StoreError> {
    let (id, event, name) = (row.take()?, row.take()?, row.take()?);
    let role: String = row.take()?;
    let rights = Rights(row.take()?);
    let certificate: Option<Vec<u8>> = row.take()?;
    let (secret_hash, secret_expires, revoked_at) = (row.take()?, row.take()?, row.take()?);
    let Json(counts): Json<Vec<(u32, u64)>> = row.take()?;
    let counts_until = counts.into_iter().map(|(incarnation, sequence)| Counts { incarnation, sequence });
    Ok(DeviceRecord {
        event,
        rights,
        secret_hash,
        secret_expires,
        created_at: row.take()?,
        leased_until: row.take()?,
        writes: row.take()?,
        row: DeviceRow {
            id,
            name,
            role: *ROLES.iter().find(|r| r.as_str() == role).ok_or(StoreError::Shape("a role"))?,
            certificate: certificate
                .map(|bytes| Certificate::from_bytes(&bytes).map_err(|_| StoreError::Shape("a certificate")))
                .transpose()?,
            revoked_at,
            counts_until: counts_until.collect(),
        },
    })
}
