//! Which of its lives a device writes: a journal belongs to one place on one disk.
//!
//! The store's place has a fingerprint that no copy of the file takes along. Under
//! another one, or when a peer shows an entry of ours that is not here, the device
//! leaves its journal and begins another, with no rights: whoever else may go on
//! under the old one is found out, and what it gives away counts no more.

use super::tx::Tx;
use super::{Fault, uncompared};
use rusqlite::{Connection, OptionalExtension};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::journal::EntryRef;
use tidegate_core::journal::kind::{Began, Kind};
use tidegate_core::seal::{Domain, Hash};
use tidegate_core::sync::{Head, Heads, MAX_BRANCHES, Vector};
use tidegate_core::trial::{Bug, planted};

const INCARNATION: &str = "incarnation";
const FINGERPRINT: &str = "fingerprint";
/// Incarnations are drawn from this many: two copies of a store that begin anew do not begin the same.
const SPREAD: u32 = 1 << 16;

/// The journal that this store writes.
pub(super) fn current(connection: &Connection, device: DeviceId) -> Result<JournalId, Fault> {
    let bytes = meta(connection, INCARNATION)?;
    let incarnation = bytes.and_then(|bytes| bytes.try_into().ok()).map_or(1, u32::from_be_bytes);
    Ok(JournalId { device, incarnation })
}

/// Holds the store against the place that it is in; under another than before, the journal is left.
pub(super) fn settle(tx: &mut Tx<'_>, fingerprint: Option<Hash>) -> Result<(), Fault> {
    let Some(here) = fingerprint else { return Ok(()) };
    match meta(tx.connection, FINGERPRINT)? {
        Some(known) if known == here.0 => return Ok(()),
        Some(_) if planted(Bug::CopyKeepsRights) => {}
        Some(_) => {
            tracing::warn!("the store is in another place than before: another journal begins, without rights");
            begin_again(tx, &here.0)?;
        }
        None => {} // made just now, or by a program that knew no places
    }
    tx.set_meta(FINGERPRINT, &here.0)
}

/// Leaves the journal and begins another.
pub(super) fn begin_again(tx: &mut Tx<'_>, why: &[u8]) -> Result<(), Fault> {
    tx.sign_own_head()?;
    let left = tx.memory.own;
    let Head { sequence, hash } =
        tx.memory.vector.head(&left).copied().unwrap_or(Head { sequence: 0, hash: Hash([0; 32]) });
    let uptime = tx.time.read().uptime.as_micros().to_be_bytes();
    let Hash(drawn) =
        Domain::Incarnation.hash(&[&left.incarnation.to_be_bytes(), &tx.time.boot(), &uptime, &hash.0, why]);
    let step = 1 + u32::from(u16::from_be_bytes([drawn[0], drawn[1]])) % SPREAD;
    tx.memory.own.incarnation = left.incarnation.saturating_add(step);
    tx.memory.contact.begin_again();
    uncompared::forget(tx)?;
    tx.set_meta(INCARNATION, &tx.memory.own.incarnation.to_be_bytes())?;
    let after = (sequence > 0).then_some(EntryRef { journal: left, sequence, hash });
    tx.append(Kind::Began(Began { after }), None).map(drop)
}

/// What somebody says that they have of our journal: it confirms that nothing was lost, or it does not.
pub(super) fn confirm(tx: &mut Tx<'_>, theirs: &Vector) -> Result<(), Fault> {
    let own = tx.memory.own;
    let said = theirs.0.get(&own).map(Heads::all).unwrap_or_default();
    let said = &said[..said.len().min(MAX_BRANCHES)];
    let parts = tx.memory.parts(&own);
    for head in said {
        if super::parts::find(tx.connection, &parts, head)?.is_none() {
            // Whether they are right shows when it comes: they have not confirmed anything.
            return Ok(());
        }
    }
    let contact = &mut tx.memory.contact;
    contact.confirmed = true;
    contact.shared = said.iter().map(|head| head.sequence).fold(contact.shared, u64::max);
    Ok(())
}

fn meta(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(query.query_row([key], |row| row.get(0)).optional()?)
}
