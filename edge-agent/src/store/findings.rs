//! Findings: what the journals say that should not be, with the evidence.
//!
//! Entries without effect and why, journals with two histories and the proof that their author
//! signed both, journals that were left for another, journals that are short of what they used, and
//! what could not be taken. Everything is read from what is stored; only a fork is also told, once,
//! when its second history arrives.

use super::Fault;
use super::journal::previous;
use super::memory::{Author, Memory};
use super::parts::Part;
use super::rights::{self, UsedUp};
use super::tx::Tx;
use data_encoding::{BASE64, HEXLOWER};
use rusqlite::{Connection, params};
use tidegate_core::api::{Deficit, Finding, Findings, ForkReport, SignedHead, StreamMessage};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::journal::fork::{Forked, Proof};
use tidegate_core::journal::kind::{Began, no_effect};
use tidegate_core::journal::{Entry, Kind, MAX_RUN_ENTRIES, Run};
use tidegate_core::seal::{PublicKey, Sig};
use tidegate_core::time::Timestamp;

/// Items of one kind that are named; beyond it they are counted.
const MAX_ITEMS: usize = 200;

/// How many findings there are, with these deficits, for a screen that looks once a second.
pub fn count(connection: &Connection, memory: &Memory, short: &[Deficit]) -> Result<u64, Fault> {
    let counted = (forks(memory).count() + short.len()) as u64;
    Ok(without_effect(connection)? + begun(connection)? + set_aside(connection)? + counted)
}

fn begun(connection: &Connection) -> Result<u64, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT COUNT(*) FROM journals j JOIN entries e ON e.journal = j.id AND e.sequence = 1
         WHERE e.kind = 'began'",
    )?;
    Ok(query.query_row([], |row| row.get(0))?)
}

fn without_effect(connection: &Connection) -> Result<u64, Fault> {
    let mut query = connection.prepare_cached("SELECT COUNT(*) FROM entries WHERE counts = 0")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

fn set_aside(connection: &Connection) -> Result<u64, Fault> {
    Ok(connection.prepare_cached("SELECT COUNT(*) FROM set_aside")?.query_row([], |row| row.get(0))?)
}

/// All findings; of each kind the newest are named.
pub fn all(connection: &Connection, memory: &Memory, ca: &PublicKey, now: Timestamp) -> Result<Findings, Fault> {
    let mut items = Vec::new();
    for (journal, author, branch) in forks(memory).take(MAX_ITEMS) {
        items.push(fork(connection, memory, (journal, author), branch, ca)?);
    }
    items.extend(named_begun(connection, memory)?);
    let short = deficits(memory, &UsedUp::read(connection, memory, now)?);
    items.extend(short.iter().take(MAX_ITEMS).map(deficit));
    items.extend(named_without_effect(connection, memory)?);
    items.extend(named_set_aside(connection)?);
    Ok(Findings {
        no_effect: without_effect(connection)?,
        forks: forks(memory).count() as u64,
        begun: begun(connection)?,
        deficits: short.len() as u64,
        set_aside: set_aside(connection)?,
        items,
    })
}

/// Who is short of what they used.
pub fn deficits(memory: &Memory, used: &UsedUp) -> Vec<Deficit> {
    let mut short = Vec::new();
    for (of, used) in used.each() {
        let name = memory.catalogue.resource_name(of);
        for (journal, units) in rights::deficits(memory, of, used) {
            let device = memory.catalogue.device_name(journal.device);
            short.push(Deficit { of: name.clone(), device, units });
        }
    }
    short
}

fn deficit(Deficit { of, device, units }: &Deficit) -> Finding {
    Finding {
        kind: "deficit".into(),
        code: "deficit".into(),
        what: format!("{device} used {units} of {of} more than it held"),
        action: "Whoever holds some pays as they hear of it; restock where nobody does".into(),
        device: Some(device.clone()),
        units: Some(*units),
        ..Finding::default()
    }
}

/// Every branch of every journal that has some.
fn forks(memory: &Memory) -> impl Iterator<Item = (JournalId, &Author, &Part)> {
    memory.authors.iter().flat_map(|(journal, author)| {
        let branches = author.parts.iter().filter(|part| part.segment.parent.is_some());
        branches.map(move |branch| (*journal, author, branch))
    })
}

/// A second history of a journal has begun in the part of this number: it is told, once.
pub(super) fn tell_fork(tx: &mut Tx<'_>, journal: &JournalId, row: i64) -> Result<(), Fault> {
    let authors = tx.memory.authors.clone();
    let branch = authors.get(journal).and_then(|author| author.parts.iter().find(|part| part.row == row));
    if let Some((author, branch)) = authors.get(journal).zip(branch) {
        let found = fork(tx.connection, &tx.memory, (*journal, author), branch, &tx.enrolment.ca)?;
        tx.tell(StreamMessage::Finding(Box::new(found)));
    }
    Ok(())
}

fn fork(
    connection: &Connection,
    memory: &Memory,
    (journal, author): (JournalId, &Author),
    branch: &Part,
    ca: &PublicKey,
) -> Result<Finding, Fault> {
    let proof = proof(connection, memory, (journal, author), branch)?;
    let proven = proof.as_ref().and_then(|proof| Some((proof, proof.verify(ca).ok()?)));
    let device = memory.catalogue.device_name(journal.device);
    let after = branch.segment.base;
    Ok(Finding {
        kind: "fork".into(),
        code: "fork".into(),
        what: format!("{device} wrote two histories after its entry {after}"),
        action: "Stop that device and look for its copy: a card, an image, a machine that was cloned".into(),
        device: Some(device),
        entry: Some(format!("{journal}:{}", after + 1)),
        fork: proven.map(|(proof, forked)| report(proof, &forked)),
        ..Finding::default()
    })
}

/// A proof in words.
pub fn report(proof: &Proof, forked: &Forked) -> ForkReport {
    let runs = [&proof.one, &proof.other];
    let head = |(run, head): (&Run, &tidegate_core::journal::EntryRef)| SignedHead {
        entry: head.to_string(),
        hash: HEXLOWER.encode(&head.hash.0),
        signature: HEXLOWER.encode(&run.signature.0),
    };
    ForkReport {
        journal: forked.journal.to_string(),
        after: forked.after,
        heads: runs.into_iter().zip(&forked.heads).map(head).collect(),
        proof: BASE64.encode(&proof.to_bytes()),
    }
}

/// Both histories from where a branch goes off, each up to the next signature.
fn proof(
    connection: &Connection,
    memory: &Memory,
    (journal, author): (JournalId, &Author),
    branch: &Part,
) -> Result<Option<Proof>, Fault> {
    let trunk = branch.segment.parent.and_then(|parent| author.parts.get(parent));
    let Some(trunk) = trunk else { return Ok(None) };
    let after = branch.segment.base;
    let previous = previous(connection, memory, (journal, trunk), after)?;
    let run = |part: &Part| {
        let signed = signed(connection, part.row, after)?;
        let certificate = author.certificate.clone();
        Ok::<_, Fault>(signed.map(|(entries, signature)| Run {
            journal,
            first: after + 1,
            entries,
            signature,
            certificate,
            previous,
        }))
    };
    Ok(run(trunk)?.zip(run(branch)?).map(|(one, other)| Proof::of(one, other)))
}

type Signed = (Vec<minicbor::bytes::ByteVec>, Sig);

/// The entries of a part after a place, up to the first signature.
fn signed(connection: &Connection, row: i64, after: u64) -> Result<Option<Signed>, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT bytes, signature FROM entries WHERE journal = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
    )?;
    let mut rows = query.query(params![row, after, MAX_RUN_ENTRIES as u64])?;
    let mut entries = Vec::new();
    while let Some(found) = rows.next()? {
        let (bytes, signature): (Vec<u8>, Option<[u8; 64]>) = (found.get(0)?, found.get(1)?);
        entries.push(bytes.into());
        if let Some(signature) = signature {
            return Ok(Some((entries, Sig(signature))));
        }
    }
    Ok(None)
}

fn named_begun(connection: &Connection, memory: &Memory) -> Result<Vec<Finding>, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT j.device, j.incarnation, e.bytes
         FROM journals j JOIN entries e ON e.journal = j.id AND e.sequence = 1
         WHERE e.kind = 'began' ORDER BY j.id DESC LIMIT ?1",
    )?;
    let rows = query.query_map([MAX_ITEMS as u64], |row| {
        let journal = JournalId { device: DeviceId(row.get(0)?), incarnation: row.get(1)? };
        Ok((journal, row.get::<_, Vec<u8>>(2)?))
    })?;
    let item = |(journal, bytes): (JournalId, Vec<u8>)| {
        let entry = Entry::from_bytes(&bytes);
        let device = memory.catalogue.device_name(journal.device);
        let left = match entry.as_ref().map(|entry| &entry.kind) {
            Some(Kind::Began(Began { after: Some(left) })) => format!(" after its entry {}", left.sequence),
            _ => String::new(),
        };
        Finding {
            kind: "begun".into(),
            code: "journal_left".into(),
            what: format!("{device} left its journal{left} and began another, without its rights"),
            action:
                "Its data was moved, copied or set back: if a copy runs elsewhere, stop it, then retire the device"
                    .into(),
            device: Some(device),
            entry: Some(format!("{journal}:1")),
            at: entry.map(|entry| entry.happened_at().to_string()),
            ..Finding::default()
        }
    };
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().map(item).collect())
}

fn named_without_effect(connection: &Connection, memory: &Memory) -> Result<Vec<Finding>, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT j.device, j.incarnation, e.sequence, e.bytes
         FROM entries e JOIN journals j ON j.id = e.journal WHERE e.counts = 0
         ORDER BY e.journal DESC, e.sequence DESC LIMIT ?1",
    )?;
    let rows = query.query_map([MAX_ITEMS as u64], |row| {
        let journal = JournalId { device: DeviceId(row.get(0)?), incarnation: row.get(1)? };
        Ok((journal, row.get::<_, u64>(2)?, row.get::<_, Vec<u8>>(3)?))
    })?;
    let mut items = Vec::new();
    for row in rows {
        let (journal, sequence, bytes) = row?;
        let Some(author) = memory.authors.get(&journal) else { continue };
        let entry = Entry::from_bytes(&bytes);
        let kind = entry.as_ref().map(|entry| &entry.kind);
        let row = memory.catalogue.devices.get(&journal.device);
        let at = (journal, sequence);
        let Some(why) = no_effect(&author.identity, kind, at, row, memory.ends(&journal)) else { continue };
        let device = memory.catalogue.device_name(journal.device);
        items.push(Finding {
            kind: "no_effect".into(),
            code: why.code().into(),
            what: format!("{} of {device} {}", kind.map_or("an entry", |kind| kind.name()), why.what()),
            action: "It is kept and has no effect; ask whoever had the device".into(),
            device: Some(device),
            entry: Some(format!("{journal}:{sequence}")),
            at: entry.map(|entry| entry.happened_at().to_string()),
            ..Finding::default()
        });
    }
    Ok(items)
}

fn named_set_aside(connection: &Connection) -> Result<Vec<Finding>, Fault> {
    let mut query = connection
        .prepare_cached("SELECT at, source, code, length(bytes) FROM set_aside ORDER BY id DESC LIMIT ?1")?;
    let rows = query.query_map([MAX_ITEMS as u64], |row| {
        Ok((Timestamp(row.get(0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, u64>(3)?))
    })?;
    let item = |(at, source, code, bytes): (Timestamp, String, String, u64)| Finding {
        kind: "set_aside".into(),
        what: format!("what {source} brought could not be taken ({bytes} bytes are kept)"),
        action: "Nothing else was held up by it; ask whoever runs that device".into(),
        code,
        device: Some(source),
        at: Some(at.to_string()),
        ..Finding::default()
    };
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().map(item).collect())
}
