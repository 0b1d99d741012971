//! How this device stands with the others: who has its entries, who confirmed its
//! rights, how long they are lent, and what could go wrong meanwhile.
//!
//! After every start rights wait until somebody has said that no later entry of this
//! device is known: a store that was set back cannot see that by itself. A lease is
//! counted on the clock of the boot in which it was given.

use super::Fault;
use super::exposure::{self, Known};
use super::memory::Memory;
use super::tx::Tx;
use crate::time::{DeviceTime, Reading};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::allotment::lease::Lease;
use tidegate_core::clock::Quality;
use tidegate_core::exposure::{CUT_OFF_US, Policy, Reach, Usable};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::time::Timestamp;
use tidegate_core::trial::{Bug, planted};

const LEASE: &str = "lease";
const SHARED: &str = "shared";
const WITHDRAWN: &str = "withdrawn";

/// How this device stands with the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Whether somebody has said since the start that no later entry of this device is known.
    pub confirmed: bool,
    /// The last own entry that somebody else is known to have.
    pub shared: u64,
    /// When somebody was heard last, on this boot's clock.
    pub heard: Option<Duration>,
    /// How long rights may be used; absent where nobody ever said.
    pub lease: Option<Lease>,
    /// What each of the others is known to have of this device's journals; the cloud under no device.
    pub others: Arc<BTreeMap<Option<DeviceId>, Known>>,
    /// Whether the cloud has said that the office has withdrawn this device. It gets no feed any more that would say so.
    pub withdrawn: bool,
    /// Whether that changed since it was written, and when it was written in this run.
    pub(super) unkept: (bool, Option<Duration>),
    /// What is on disk of `shared`.
    kept: u64,
}

impl Contact {
    /// Before anybody was heard, of a device that writes this journal; what was known before the start is known
    /// still.
    pub(super) fn at_start(connection: &Connection, own: JournalId) -> Result<Self, Fault> {
        let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        let mut value = |key| query.query_row([key], |row| row.get::<_, Vec<u8>>(0)).optional();
        let lease = value(LEASE)?.and_then(|bytes| minicbor::decode(&bytes).ok());
        let shared = value(SHARED)?.and_then(|bytes| minicbor::decode::<(u32, u64)>(&bytes).ok());
        let shared =
            shared.filter(|(incarnation, _)| *incarnation == own.incarnation).map_or(0, |(_, shared)| shared);
        let others = Arc::new(exposure::kept(connection)?);
        let withdrawn = value(WITHDRAWN)?.is_some_and(|said| said == [1]);
        Ok(Self { lease, shared, withdrawn, kept: shared, others, ..Self::default() })
    }

    /// Another journal begins, of which nobody knows anything.
    pub(super) fn begin_again(&mut self) {
        let others = std::mem::take(&mut self.others);
        let Self { heard, lease, withdrawn, unkept, .. } = *self;
        *self = Self { heard, lease, withdrawn, others, unkept, ..Self::default() };
    }
}

/// Keeps what others have of our journal; with what is written anyway, because a link hears of it all the time.
pub(super) fn keep_shared(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let shared = tx.memory.contact.shared;
    if shared == tx.memory.contact.kept {
        return Ok(());
    }
    tx.memory.contact.kept = shared;
    tx.set_meta(SHARED, &minicbor::to_vec((tx.memory.own.incarnation, shared)).unwrap_or_default())
}

/// Somebody was heard whose time rests on this: a lease that a restart ended runs on, where they know the time.
pub(super) fn heard(tx: &mut Tx<'_>, now: Timestamp, quality: Option<Quality>) -> Result<(), Fault> {
    let Reading { uptime, .. } = tx.time.read();
    tx.memory.contact.heard = Some(uptime);
    let boot = tx.time.boot();
    let ended = tx.memory.contact.lease.filter(|lease| lease.boot != boot);
    match (ended, quality.unwrap_or(Quality::Trusted)) {
        (Some(lease), Quality::Trusted) => keep(tx, lease.resumed(boot, micros(uptime), now)),
        (Some(_), Quality::Unsure | Quality::Wild) | (None, _) => Ok(()),
    }
}

/// The cloud lends the rights for so long from when it was asked, `asked` on this boot's clock.
pub(super) fn lend(tx: &mut Tx<'_>, seconds: u32, asked: Duration, now: Timestamp) -> Result<(), Fault> {
    let given = Lease::given(seconds, tx.time.boot(), micros(asked), now);
    // It moves with every answer by what the answer took: only what is worth a write is written.
    let same = tx.memory.contact.lease.is_some_and(|lease| {
        lease.boot == given.boot && (0..LEASE_STEP_US).contains(&(given.until_boot_us - lease.until_boot_us))
    });
    if same { Ok(()) } else { keep(tx, given) }
}

/// The cloud has withdrawn this device, or answers it again: one that was restored from before knows nothing of it.
pub fn withdraw(tx: &mut Tx<'_>, withdrawn: bool) -> Result<(), Fault> {
    if tx.memory.contact.withdrawn == withdrawn {
        return Ok(());
    }
    tx.memory.contact.withdrawn = withdrawn;
    let what =
        if withdrawn { "the office has withdrawn this device" } else { "the cloud answers this device again" };
    tracing::warn!("{what}");
    tx.set_meta(WITHDRAWN, &[u8::from(withdrawn)])
}

/// A lease that is longer by less than this is not written again.
const LEASE_STEP_US: i64 = 60 * 1_000_000;

fn keep(tx: &mut Tx<'_>, lease: Lease) -> Result<(), Fault> {
    tx.memory.contact.lease = Some(lease);
    tx.set_meta(LEASE, &minicbor::to_vec(lease).unwrap_or_default()) // to a vector: cannot fail
}

fn micros(uptime: Duration) -> i64 {
    i64::try_from(uptime.as_micros()).unwrap_or(i64::MAX)
}

/// Whether rights may be used.
pub fn usable(memory: &Memory, time: &DeviceTime, uptime: Duration) -> Usable {
    let contact = &memory.contact;
    let row = memory.catalogue.devices.get(&memory.own.device);
    match contact.lease {
        _ if contact.withdrawn || row.is_some_and(|row| row.revoked_at.is_some()) => Usable::Withdrawn,
        _ if planted(Bug::UseUnconfirmed) && !contact.confirmed => Usable::Yes,
        Some(lease) if !planted(Bug::EndlessLease) && !lease.runs(time.boot(), micros(uptime)) => {
            Usable::LeaseEnded
        }
        _ if !contact.confirmed => Usable::Unconfirmed,
        _ => Usable::Yes,
    }
}

/// Whether somebody who was heard last then, or never, counts as cut off.
pub(super) fn is_silent(heard: Option<Duration>, uptime: Duration) -> bool {
    heard.is_none_or(|heard| micros(uptime.saturating_sub(heard)) > CUT_OFF_US)
}

/// How far this device stands from the others.
pub fn reach(connection: &Connection, memory: &Memory, time: &DeviceTime, policy: Policy) -> Result<Reach, Fault> {
    let Reading { now, uptime, .. } = time.read();
    let unverified = match policy.unverified_hard.or(policy.unverified_soft) {
        Some(_) => admissions_after(connection, memory, memory.contact.shared)?,
        None => 0,
    };
    Ok(Reach {
        cut_off: is_silent(memory.contact.heard, uptime),
        shared: memory.contact.shared,
        unverified,
        update_age_us: memory.cloud_time.map(|seen| now.since_us(seen).max(0)),
        usable: usable(memory, time, uptime),
        policy,
    })
}

/// Own admissions after a place.
pub fn admissions_after(connection: &Connection, memory: &Memory, after: u64) -> Result<u64, Fault> {
    let Some(author) = memory.authors.get(&memory.own) else { return Ok(0) };
    let mut query = connection.prepare_cached(
        "SELECT COUNT(*) FROM entries WHERE journal = ?1 AND sequence > ?2 AND kind = 'admission'",
    )?;
    Ok(query.query_row(params![author.row, after], |row| row.get(0))?)
}
