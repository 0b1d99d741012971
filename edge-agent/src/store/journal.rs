//! Runs in and out of the store.
//!
//! A run is verified against our own hash before it, compared with what is known
//! of the same places, and then inserted once. What cannot be taken is set aside
//! with its reason and blocks nothing. Entries of a revoked device after the last
//! that counts are kept as evidence.

use super::Fault;
use super::memory::Memory;
use super::tx::Tx;
use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::journal::kind::may_write;
use tidegate_core::journal::{Entry, EntryRef, MAX_RUN_ENTRIES, Run, RunFault, Verified, genesis};
use tidegate_core::seal::{Hash, Sig};
use tidegate_core::sync::{MAX_JOURNALS, Rejected, Vector};
use tidegate_core::trust::{Identity, TrustFault};

/// Takes runs in; gives those that were not taken, with the reason.
pub fn take(tx: &mut Tx<'_>, source: &str, runs: &[Run]) -> Result<Vec<Rejected>, Fault> {
    let mut rejected = Vec::new();
    for run in runs {
        if let Err(fault) = take_one(tx, run)? {
            tracing::warn!(source, journal = %run.journal, first = run.first, code = fault.code(), "run set aside");
            // A gap is no evidence of anything: the missing part is asked for.
            if fault != RunFault::Gap {
                tx.set_aside(source, fault.code(), &minicbor::to_vec(run).unwrap_or_default())?;
            }
            rejected.push(Rejected { journal: run.journal, first: run.first, code: fault.code().into() });
        }
    }
    Ok(rejected)
}

fn take_one(tx: &mut Tx<'_>, run: &Run) -> Result<Result<(), RunFault>, Fault> {
    let identity = match author(tx, run) {
        Ok(identity) => identity,
        Err(fault) => return Ok(Err(fault)),
    };
    let known = tx.memory.vector.sequence(&run.journal);
    if run.first == 0 || run.first > known + 1 {
        return Ok(Err(if run.first == 0 { RunFault::Size } else { RunFault::Gap }));
    }
    let row = tx.memory.authors.get(&run.journal).map(|author| author.row);
    let Some(previous) = hash_before(tx, row, run)? else { return Ok(Err(RunFault::Gap)) };
    let verified = match run.verify(tx.enrolment.event(), &identity.key, previous) {
        Ok(verified) => verified,
        Err(fault) => return Ok(Err(accuse(tx, row, run, fault)?)),
    };
    let row = tx.author_row(run.journal, &run.certificate, &identity)?;
    let (old, new) = verified.split_at(verified.partition_point(|v| v.id.sequence <= known));
    for entry in old {
        if hash_at(tx.connection, row, entry.id.sequence)? != Some(entry.id.hash) {
            return Ok(Err(RunFault::Fork));
        }
    }
    let last = run.last();
    for entry in new {
        let signature = (entry.id.sequence == last).then_some(&run.signature);
        insert(tx, row, entry, &identity, signature)?;
    }
    Ok(Ok(()))
}

/// A signature that does not fit over entries we know differently is a second history, not a forgery.
fn accuse(tx: &Tx<'_>, row: Option<i64>, run: &Run, fault: RunFault) -> Result<RunFault, Fault> {
    let (Some(row), RunFault::Signature) = (row, fault) else { return Ok(fault) };
    let known = hash_at(tx.connection, row, run.first)?.is_some();
    Ok(if known { RunFault::Fork } else { fault })
}

fn author(tx: &Tx<'_>, run: &Run) -> Result<Identity, RunFault> {
    if let Some(author) = tx.memory.authors.get(&run.journal) {
        return Ok(author.identity.clone());
    }
    if run.journal == tx.enrolment.journal() || tx.memory.authors.len() >= MAX_JOURNALS {
        return Err(RunFault::Author); // ours is written here and nowhere else
    }
    let identity = run.certificate.open(&tx.enrolment.ca)?;
    match identity {
        _ if identity.event != tx.enrolment.event() => Err(RunFault::Certificate(TrustFault::Event)),
        _ if identity.device != run.journal.device => Err(RunFault::Author),
        identity => Ok(identity),
    }
}

fn hash_before(tx: &Tx<'_>, row: Option<i64>, run: &Run) -> Result<Option<Hash>, Fault> {
    match (run.first, row) {
        (1, _) => Ok(Some(genesis(tx.enrolment.event(), run.journal))),
        (first, Some(row)) => hash_at(tx.connection, row, first - 1),
        (_, None) => Ok(None),
    }
}

fn hash_at(connection: &Connection, row: i64, sequence: u64) -> Result<Option<Hash>, Fault> {
    let mut query = connection.prepare_cached("SELECT hash FROM entries WHERE journal = ?1 AND sequence = ?2")?;
    Ok(query.query_row(params![row, sequence], |r| r.get(0)).optional()?.map(Hash))
}

fn insert(
    tx: &mut Tx<'_>,
    row: i64,
    verified: &Verified,
    author: &Identity,
    signature: Option<&Sig>,
) -> Result<(), Fault> {
    let id = verified.id;
    let allowed = verified.entry.as_ref().is_some_and(|entry| may_write(author, &entry.kind));
    let device = tx.memory.catalogue.devices.get(&author.device);
    let counts = allowed && device.is_none_or(|d| d.counts(id.journal.incarnation, id.sequence));
    let signature = signature.map(|s| &s.0[..]);
    tx.insert(row, id, &verified.bytes, verified.entry.as_ref(), counts, signature)
}

/// Which journals a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Every journal: the periodic exchange repairs and relays.
    All,
    /// One only: our own, pushed at once.
    Only(JournalId),
}

/// Runs that somebody with `theirs` lacks, at most `limit` entries; also whether more are left.
pub fn lacking(
    connection: &Connection,
    memory: &Memory,
    theirs: &Vector,
    whose: Whose,
    limit: usize,
) -> Result<(Vec<Run>, bool), Fault> {
    let mut runs = Vec::new();
    let mut room = limit;
    let wanted = memory.vector.beyond(theirs);
    for (journal, mut after) in wanted.into_iter().filter(|(j, _)| whose == Whose::All || whose == Whose::Only(*j))
    {
        while room > 0 {
            let Some(run) = run_after(connection, memory, journal, after)? else { break };
            after = run.last();
            room = room.saturating_sub(run.entries.len());
            runs.push(run);
        }
    }
    Ok((runs, room == 0))
}

/// The longest run after `after` that ends at a signed head.
fn run_after(
    connection: &Connection,
    memory: &Memory,
    journal: JournalId,
    after: u64,
) -> Result<Option<Run>, Fault> {
    let Some(author) = memory.authors.get(&journal) else { return Ok(None) };
    let mut head = connection.prepare_cached(
        "SELECT sequence, signature FROM entries
         WHERE journal = ?1 AND sequence > ?2 AND sequence <= ?3 AND signature IS NOT NULL
         ORDER BY sequence DESC LIMIT 1",
    )?;
    let reach = after + MAX_RUN_ENTRIES as u64;
    let signed: Option<(u64, [u8; 64])> =
        head.query_row(params![author.row, after, reach], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((last, signature)) = signed else { return Ok(None) };
    let mut entries = connection.prepare_cached(
        "SELECT bytes FROM entries WHERE journal = ?1 AND sequence > ?2 AND sequence <= ?3 ORDER BY sequence",
    )?;
    let rows = entries.query_map(params![author.row, after, last], |row| row.get::<_, Vec<u8>>(0))?;
    let entries = rows.map(|bytes| bytes.map(Into::into)).collect::<Result<_, _>>()?;
    let certificate = author.certificate.clone();
    Ok(Some(Run { journal, first: after + 1, entries, signature: Sig(signature), certificate }))
}

/// Every entry of every journal in a store, for reports: journal, sequence, hash, bytes, whether it counts.
pub fn all(connection: &Connection) -> Result<Vec<(Verified, bool)>, Fault> {
    let mut query = connection.prepare(
        "SELECT j.device, j.incarnation, e.sequence, e.hash, e.bytes, e.counts
         FROM entries e JOIN journals j ON j.id = e.journal ORDER BY j.device, j.incarnation, e.sequence",
    )?;
    let rows = query.query_map([], |row| {
        let journal = JournalId { device: DeviceId(row.get(0)?), incarnation: row.get(1)? };
        let id = EntryRef { journal, sequence: row.get(2)?, hash: Hash(row.get(3)?) };
        let bytes: Vec<u8> = row.get(4)?;
        let entry = Entry::from_bytes(&bytes);
        Ok((Verified { id, bytes, entry }, row.get(5)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
