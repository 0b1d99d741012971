//! The start of this device: gathered in parts, begun with in one transaction, kept for peers.
//!
//! Parts come from the cloud or a peer in any mixture; a start is begun with when all of its
//! parts are here and make up its contents. What was here before goes on deciding until then.
//! Another life of the cloud is begun with in the same way, if its signed time is newer; a
//! life that was left never comes back.

mod begin;
pub mod rows;

use super::Fault;
use super::memory::Memory;
use super::tx::Tx;
use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;
use tidegate_core::decide::Rows;
use tidegate_core::feed::{Cursor, Epoch, FeedFault};
use tidegate_core::seal::Hash;
use tidegate_core::start::marks::Marks;
use tidegate_core::start::uses::Uses;
use tidegate_core::start::{self, About, Asked, Gathered, MAX_GATHERED, Part, Place, SignedPart};
use tidegate_core::sync::Vector;
use tidegate_core::time::Timestamp;

/// Bytes of parts in one answer, before compression: a slow line makes steady progress.
const ANSWER_BYTES: usize = 2 << 20;
/// Epochs that are remembered as left; a cloud is not restored more often in the life of an event.
const MAX_LEFT: usize = 64;
const KEY: &str = "start";

/// What is held in memory of it.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// What of it is on disk.
    pub(super) noted: Noted,
    /// The starts that are gathered, and how many parts of each are here.
    pub(super) gathered: Vec<(About, u32)>,
    /// Who was used before, until the entries that say so are all here.
    pub(super) heard: Option<Arc<Heard>>,
    /// Which epoch of the feed it is here, counted: rows of lower ones are replaced.
    pub(super) generation: u32,
    /// Whether another life of the cloud was heard of.
    pub(super) wanted: bool,
}

/// What is noted of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Noted {
    /// The start that was begun with.
    #[n(0)]
    kept: Option<Hash>,
    /// How many epochs were left.
    #[n(1)]
    generation: u32,
    /// The last of them.
    #[n(2)]
    left: Vec<Epoch>,
    /// Where the rows behind are, while they are.
    #[n(3)]
    pub(super) rows: Option<Place>,
    /// The marks whose tickets were told.
    #[n(4)]
    told: Marks,
    /// Whether entries that the digest of uses is made from are still missing.
    #[n(5)]
    unheard: bool,
}

/// Who was used up to a frontier.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The digest.
    pub uses: Uses,
    frontier: Vector,
}

impl Begun {
    /// Whether rows of plain tickets are missing.
    pub fn rows(&self) -> Rows {
        match self.noted.rows {
            Some(_) => Rows::Missing { add_ons_told: self.noted.told.any(Marks::ADD_ON) },
            None => Rows::Here,
        }
    }

    /// Who was used before, while not all entries are here that say so.
    pub fn heard(&self) -> Option<Arc<Heard>> {
        self.heard.clone()
    }

    /// Where the rows behind are, while they are.
    pub fn place(&self) -> Option<Place> {
        self.noted.rows
    }

    /// The epochs that were left.
    pub fn left(&self) -> &[Epoch] {
        &self.noted.left
    }

    /// Changes with every step towards being whole.
    pub(super) fn progress(&self) -> (u64, Option<Hash>, Option<Place>) {
        (self.gathered.iter().map(|(_, here)| u64::from(*here)).sum(), self.noted.kept, self.noted.rows)
    }
}

/// Reads what is noted.
pub(super) fn load(connection: &Connection) -> Result<Begun, Fault> {
    let mut query = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let noted: Option<Vec<u8>> = query.query_row([KEY], |row| row.get(0)).optional()?;
    let noted: Noted = noted.and_then(|bytes| minicbor::decode(&bytes).ok()).unwrap_or_default();
    let heard = match noted.kept.filter(|_| noted.unheard) {
        Some(kept) => Some(Arc::new(begin::heard(connection, kept)?)),
        None => None,
    };
    let gathered = gathered(connection, noted.kept)?;
    Ok(Begun { generation: noted.generation, heard, gathered, noted, wanted: false })
}

/// The starts that some parts are here of, beside the one that was begun with.
fn gathered(connection: &Connection, kept: Option<Hash>) -> Result<Vec<(About, u32)>, Fault> {
    let mut query = connection.prepare("SELECT contents, COUNT(*) FROM start_parts GROUP BY contents")?;
    let rows = query.query_map([], |row| Ok((Hash(row.get(0)?), row.get(1)?)))?;
    let all: Vec<(Hash, u32)> = rows.collect::<Result<_, _>>()?;
    let others = all.into_iter().filter(|(contents, _)| Some(*contents) != kept);
    others.map(|(contents, here)| Ok((part(connection, contents, 0)?.about, here))).collect()
}

/// A part that is here.
fn part(connection: &Connection, contents: Hash, number: u32) -> Result<Part, Fault> {
    start::reopen(&signed(connection, contents, number)?.ok_or_else(damaged)?).map_err(|_| damaged())
}

fn signed(connection: &Connection, contents: Hash, number: u32) -> Result<Option<SignedPart>, Fault> {
    let mut query =
        connection.prepare_cached("SELECT signed FROM start_parts WHERE contents = ?1 AND number = ?2")?;
    let signed: Option<Vec<u8>> = query.query_row(params![contents.0, number], |row| row.get(0)).optional()?;
    signed.map(|signed| minicbor::decode(&signed).map_err(|_| damaged())).transpose()
}

fn damaged() -> Fault {
    Fault::Corrupt("a part of a start".into())
}

/// What is asked for of a start; of rows only by whoever fetches them.
pub(super) fn asked(memory: &Memory, with_rows: bool) -> Asked {
    let next = |(about, here): &(About, u32)| Gathered { contents: about.contents, next: *here };
    let wants = !memory.ready || memory.start.wanted;
    Asked {
        gathered: wants.then(|| memory.start.gathered.iter().map(next).collect()),
        rows: memory.start.noted.rows.filter(|_| with_rows),
    }
}

/// Takes parts in; what is not wanted is passed over, and what cannot be read is set aside and ends it, with the fault.
pub(crate) fn take(tx: &mut Tx<'_>, source: &str, parts: &[SignedPart]) -> Result<Option<FeedFault>, Fault> {
    for signed in parts {
        match signed.open(&tx.enrolment.feed_key, tx.enrolment.event()) {
            Ok(part) => {
                heard_of(tx, part.about.epoch, part.about.cloud_time);
                if !tx.memory.ready || tx.memory.start.wanted && is_newer(&tx.memory, &part.about) {
                    gather(tx, signed, part)?;
                }
            }
            Err(fault) => {
                refuse(tx, source, fault, signed)?;
                return Ok(Some(fault));
            }
        }
    }
    Ok(None)
}

fn refuse(tx: &mut Tx<'_>, source: &str, fault: FeedFault, signed: &SignedPart) -> Result<(), Fault> {
    tracing::warn!(source, code = fault.code(), "part of a start refused");
    tx.set_aside(source, fault.code(), &minicbor::to_vec(signed).unwrap_or_default())
}

/// Notes that the cloud signed something of an epoch at a time: another one is wanted, if it is newer than all
/// that is here.
pub(super) fn heard_of(tx: &mut Tx<'_>, epoch: Epoch, at: Timestamp) {
    let memory = &mut tx.memory;
    let other = memory.cursor != Cursor::default() && memory.cursor.epoch != epoch;
    let newer = memory.cloud_time.is_none_or(|seen| at > seen);
    if other && newer && !memory.start.noted.left.contains(&epoch) {
        memory.start.wanted = true;
    }
}

/// Whether a start is of another life of the cloud than ours, and a later one.
fn is_newer(memory: &Memory, about: &About) -> bool {
    about.epoch != memory.cursor.epoch
        && !memory.start.noted.left.contains(&about.epoch)
        && memory.cloud_time.is_none_or(|seen| about.cloud_time > seen)
}

fn gather(tx: &mut Tx<'_>, signed: &SignedPart, part: Part) -> Result<(), Fault> {
    if tx.memory.start.noted.left.contains(&part.about.epoch) {
        return Ok(());
    }
    let contents = part.about.contents;
    let here =
        tx.memory.start.gathered.iter().find(|(about, _)| about.contents == contents).map(|(_, here)| *here);
    if part.number != here.unwrap_or(0) {
        return Ok(()); // known, or it comes again in its turn
    }
    if here.is_none() {
        make_room(tx)?;
        tx.memory.start.gathered.push((part.about.clone(), 0));
    }
    let mut put =
        tx.connection.prepare_cached("INSERT INTO start_parts (contents, number, signed) VALUES (?1, ?2, ?3)")?;
    put.execute(params![contents.0, part.number, minicbor::to_vec(signed).unwrap_or_default()])?;
    let gathered = tx.memory.start.gathered.iter_mut().find(|(about, _)| *about == part.about);
    let Some((about, here)) = gathered else { return forget(tx, contents) }; // one contents, two starts: nobody signs that
    *here += 1;
    if *here < about.parts { Ok(()) } else { begin::begin(tx, part.about) }
}

/// Starts that are gathered beside each other are few: the oldest goes.
fn make_room(tx: &mut Tx<'_>) -> Result<(), Fault> {
    while tx.memory.start.gathered.len() >= MAX_GATHERED {
        let oldest = tx.memory.start.gathered.iter().min_by_key(|(about, _)| about.cloud_time);
        let Some(contents) = oldest.map(|(about, _)| about.contents) else { return Ok(()) };
        forget(tx, contents)?;
    }
    Ok(())
}

fn forget(tx: &mut Tx<'_>, contents: Hash) -> Result<(), Fault> {
    tx.memory.start.gathered.retain(|(about, _)| about.contents != contents);
    let mut out = tx.connection.prepare_cached("DELETE FROM start_parts WHERE contents = ?1")?;
    out.execute([contents.0])?;
    Ok(())
}

/// Forgets what was gathered: the feed became whole by its pages.
pub(super) fn forget_gathered(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let gathered: Vec<Hash> = tx.memory.start.gathered.iter().map(|(about, _)| about.contents).collect();
    gathered.into_iter().try_for_each(|contents| forget(tx, contents))
}

/// Drops the digest of uses, once all entries are here that it was made from.
pub(super) fn look(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let Some(heard) = tx.memory.start.heard.clone() else { return Ok(()) };
    if reaches(tx, &heard.frontier)? {
        tx.memory.start.heard = None;
        tx.memory.start.noted.unheard = false;
        note(tx)?;
    }
    Ok(())
}

/// Whether every entry up to a frontier is here.
fn reaches(tx: &Tx<'_>, frontier: &Vector) -> Result<bool, Fault> {
    // The lengths say no at once, while entries are still coming.
    if frontier.ahead_of(&tx.memory.vector) > 0 {
        return Ok(false);
    }
    let mut here = tx
        .connection
        .prepare_cached("SELECT 1 FROM entries WHERE journal = ?1 AND sequence = ?2 AND hash = ?3")?;
    for (journal, ends) in &frontier.0 {
        let rows = tx.memory.authors.get(journal).map(|author| author.rows()).unwrap_or_default();
        for end in ends.all() {
            let mut found = false;
            for row in &rows {
                found = found || here.exists(params![row, end.sequence, end.hash.0])?;
            }
            if !found {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn note(tx: &Tx<'_>) -> Result<(), Fault> {
    tx.set_meta(KEY, &minicbor::to_vec(&tx.memory.start.noted).unwrap_or_default()) // to a vector: cannot fail
}

/// The parts of the start that this device began with which follow what somebody has gathered; and whether there
/// are more.
pub(super) fn parts_for(
    connection: &Connection,
    memory: &Memory,
    gathered: &[Gathered],
) -> Result<(Vec<SignedPart>, bool), Fault> {
    let Some(kept) = memory.start.noted.kept else { return Ok((Vec::new(), false)) };
    let from = gathered.iter().find(|one| one.contents == kept).map_or(0, |one| one.next);
    let (mut parts, mut bytes, mut number) = (Vec::<SignedPart>::new(), 0, from);
    while let Some(part) = signed(connection, kept, number)? {
        if !parts.is_empty() && bytes + part.size() > ANSWER_BYTES {
            return Ok((parts, true));
        }
        bytes += part.size();
        parts.push(part);
        number += 1;
    }
    Ok((parts, false))
}

/// A part of the start that this device began with, where there was one.
pub(super) fn kept_part(
    connection: &Connection,
    memory: &Memory,
    number: u32,
) -> Result<Option<SignedPart>, Fault> {
    memory.start.noted.kept.map_or(Ok(None), |kept| signed(connection, kept, number))
}

/// Where whoever began with it stands in the feed, with no page and no row behind.
pub(super) fn base(connection: &Connection, memory: &Memory) -> Result<Option<Place>, Fault> {
    let Some(kept) = memory.start.noted.kept else { return Ok(None) };
    let About { epoch, revision: since, .. } = part(connection, kept, 0)?.about;
    Ok(Some(Place { epoch, since, after: None }))
}

/// The first part of it, which says to somebody of another life of the cloud that there is this one.
pub(super) fn first_part(connection: &Connection, memory: &Memory) -> Result<Vec<SignedPart>, Fault> {
    let first = memory.start.noted.kept.map(|kept| signed(connection, kept, 0)).transpose()?;
    Ok(first.flatten().into_iter().collect())
}
