//! One transaction of the writer: what is appended in it, told after it, and held in memory.
//!
//! Whatever inserts an entry folds it in the same transaction
//! ([`insert`]). [`Memory`] is what reads need at once; it is
//! published after the commit, and falls back with a savepoint.

use super::identity::Enrolment;
use super::insert::{self, New};
use super::memory::{Author, Memory};
use super::{Fault, contact, duty, uncompared};
use crate::time::{DeviceTime, Reading};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use tidegate_core::api::StreamMessage;
use tidegate_core::catalogue::TicketRow;
use tidegate_core::clock::Quality;
use tidegate_core::fold::Act;
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::id::{DeviceId, JournalId, TicketId};
use tidegate_core::journal::kind::{ClockSet, counts, may_write};
use tidegate_core::journal::{Entry, EntryRef, Kind, chain, genesis, sign_head};
use tidegate_core::seal::Hash;
use tidegate_core::ticket::{Identity as Shown, Sealed, Ticket};
use tidegate_core::time::{SECOND_US, Timestamp};
use tidegate_core::trial::{Bug, planted};
use tidegate_core::trust::{Certificate, Identity};

/// How far the floor may trail a trusted clock: a write a minute, not one an entry.
const FLOOR_STEP_US: i64 = 60 * SECOND_US;
/// A clock that was off by less is as good as one that was right: links take longer.
const SHIFT_US: i64 = SECOND_US;
/// A stamp this far ahead of the time does not say when something happened.
const AHEAD_US: i64 = SECOND_US;

/// The transaction.
pub struct Tx<'a> {
    /// The connection, inside the transaction.
    pub connection: &'a Connection,
    /// Who we are.
    pub enrolment: &'a Enrolment,
    /// The state in memory, as this transaction has it.
    pub memory: Memory,
    /// The device's time.
    pub time: &'a DeviceTime,
    told: Vec<StreamMessage>,
    /// Tickets whose conflicts were found anew, with those that stood before.
    pub(super) reconciled: BTreeMap<TicketId, Vec<String>>,
    /// Why SQLite gave the whole transaction up; nothing more is done in it.
    lost: Option<Fault>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        enrolment: &'a Enrolment,
        time: &'a DeviceTime,
        memory: Memory,
    ) -> Self {
        Self { connection, enrolment, memory, time, told: Vec::new(), reconciled: BTreeMap::new(), lost: None }
    }

    /// Runs `work` so that a failure, or a panic, changes nothing.
    pub(super) fn savepoint<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.alive()?;
        let (memory, told) = (self.memory.clone(), self.told.len());
        self.run("SAVEPOINT job")?;
        let ended = catch_unwind(AssertUnwindSafe(|| work(self)));
        let result = ended.unwrap_or_else(|_| Err(Fault::Failed("a decision ended in a panic".into())));
        let result = result.and_then(|value| self.run("RELEASE job").map(|()| value));
        if let Err(fault) = &result {
            self.memory = memory;
            self.told.truncate(told);
            // A full disk may have rolled the whole transaction back already: a savepoint
            // outside of it would be a transaction of its own, with entries of a lost history.
            match self.connection.is_autocommit() {
                true => self.lost = Some(fault.clone()),
                false if planted(Bug::NeighbourLost) => drop(self.connection.execute_batch("ROLLBACK; BEGIN")),
                false => drop(self.connection.execute_batch("ROLLBACK TO job; RELEASE job")),
            }
        }
        result
    }

    fn alive(&self) -> Result<(), Fault> {
        self.lost.clone().map_or(Ok(()), Err)
    }

    fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.connection.prepare_cached(sql)?.execute([]).map(|_| ())?)
    }

    /// Signs our head and notes the floor; gives what to publish and tell once committed.
    pub(super) fn seal(mut self) -> (Result<(), Fault>, Memory, Vec<StreamMessage>) {
        let sealed = self.alive().and_then(|()| self.sign_own_head()).and_then(|()| self.note_floor());
        let sealed = sealed.and_then(|()| duty::rebase(&mut self)).and_then(|()| self.tell_conflicts());
        (sealed, self.memory, self.told)
    }

    /// Signs the end of our journal.
    pub(super) fn sign_own_head(&self) -> Result<(), Fault> {
        let own = self.memory.own;
        let (Some(head), Some(author)) = (self.memory.vector.head(&own), self.memory.authors.get(&own)) else {
            return Ok(());
        };
        let id = EntryRef { journal: own, sequence: head.sequence, hash: head.hash };
        let mut unsigned = self
            .connection
            .prepare_cached("SELECT 1 FROM entries WHERE journal = ?1 AND sequence = ?2 AND signature IS NULL")?;
        if unsigned.exists(params![author.row, head.sequence])? {
            self.sign(author.row, &id)?;
        }
        Ok(())
    }

    fn sign(&self, row: i64, id: &EntryRef) -> Result<(), Fault> {
        let signature = sign_head(&self.enrolment.key, self.enrolment.event(), id);
        let mut update = self
            .connection
            .prepare_cached("UPDATE entries SET signature = ?3 WHERE journal = ?1 AND sequence = ?2")?;
        update.execute(params![row, id.sequence, signature.0])?;
        Ok(())
    }

    fn note_floor(&mut self) -> Result<(), Fault> {
        let reading = self.time.read();
        let rises = reading.now.since_us(self.memory.floor) > FLOOR_STEP_US;
        if reading.quality == Quality::Trusted && rises {
            self.memory.floor = reading.now;
            self.set_meta("floor", &reading.now.0.to_be_bytes())?;
        }
        Ok(())
    }

    /// Tells listeners something once the transaction is committed.
    pub fn tell(&mut self, message: StreamMessage) {
        self.told.push(message);
    }

    /// Remembers a value by name.
    pub fn set_meta(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        let mut put = self.connection.prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        put.execute(params![key, value])?;
        Ok(())
    }

    /// Appends an entry to our journal, in the name of who is on duty. `at` is the scan's own time, where it was given.
    pub fn append(&mut self, kind: Kind, at: Option<Timestamp>) -> Result<EntryRef, Fault> {
        if !may_write(&self.enrolment.identity, &kind) {
            return Err(Fault::NotAllowed(kind.name()));
        }
        let own = self.memory.own;
        let row = self.author_row(own, &self.enrolment.certificate, &self.enrolment.identity)?;
        let reading = self.time.read();
        let Reading { now, quality, uncertain_ms, .. } = reading;
        let staff = self.memory.on_duty(&reading).map(str::to_owned);
        let clock = self.memory.clock.stamp(now);
        // A clock that once ran ahead never falls: the true time stands beside it until it is reached.
        let ahead = quality == Quality::Trusted && clock.since_us(now) > AHEAD_US;
        let at = at.or(ahead.then_some(now));
        let entry = Entry { clock, at, quality, uncertain_ms, staff, kind };
        let bytes = entry.to_bytes();
        let previous = self.memory.vector.head(&own).copied();
        let last = previous.map_or_else(|| genesis(self.enrolment.event(), own), |head| head.hash);
        let sequence = previous.map_or(1, |head| head.sequence + 1);
        let id = EntryRef { journal: own, sequence, hash: chain(&last, &bytes) };
        if quality != Quality::Trusted {
            uncompared::note(self, sequence, &reading)?;
        }
        contact::keep_shared(self)?;
        let device = self.memory.catalogue.devices.get(&own.device);
        let counts =
            counts(&self.enrolment.identity, &entry.kind, (own, sequence), device, self.memory.ends(&own));
        insert::together(
            self,
            row,
            &last,
            &[New { id, bytes: &bytes, entry: Some(&entry), signature: None, counts }],
        )?;
        if sequence % tidegate_core::journal::MAX_RUN_ENTRIES as u64 == 0 {
            self.sign(row, &id)?;
        }
        Ok(id)
    }

    /// The time became known in this boot: says by how much it was off, where entries were written before.
    pub(super) fn note_time(&mut self) -> Result<(), Fault> {
        let Some(since) = self.memory.unsure_since.filter(|_| self.time.read().quality == Quality::Trusted) else {
            return Ok(());
        };
        uncompared::forget(self)?;
        match self.time.shift_us() {
            shift_us if shift_us.abs() >= SHIFT_US => {
                self.append(Kind::Clock(ClockSet { since, shift_us }), None).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The number of a journal in the database, adding it if it is new.
    pub fn author_row(
        &mut self,
        journal: JournalId,
        certificate: &Certificate,
        identity: &Identity,
    ) -> Result<i64, Fault> {
        if let Some(author) = self.memory.authors.get(&journal) {
            return Ok(author.row);
        }
        self.connection.execute(
            "INSERT INTO journals (device, incarnation, certificate) VALUES (?1, ?2, ?3)",
            params![journal.device.0, journal.incarnation, certificate.to_bytes()],
        )?;
        let row = self.connection.last_insert_rowid();
        let author =
            Author { row, identity: identity.clone(), certificate: certificate.clone(), parts: Vec::new() };
        Arc::make_mut(&mut self.memory.authors).insert(journal, author);
        Ok(row)
    }

    /// Keeps the code an entry carries, whoever wrote it: the ticket key's signature vouches for it.
    /// Gives whether it says more than was known.
    pub(super) fn note_code(&self, entry: &Entry) -> Result<bool, Fault> {
        entry.kind.code().map_or(Ok(false), |code| self.keep_code(code))
    }

    /// Keeps a genuine code, if it is the newest of its ticket. Gives whether it says more than was known.
    pub(super) fn keep_code(&self, code: &[u8]) -> Result<bool, Fault> {
        let keyring = &self.memory.catalogue.keyring;
        let genuine = match keyring.identify_bytes(self.enrolment.event(), code) {
            Shown::Genuine(genuine) => genuine.ticket().clone(),
            Shown::Forged(_) | Shown::UnknownKey(_) if planted(Bug::CarriedUnsigned) => {
                match Sealed::from_bytes(code) {
                    Ok(sealed) => sealed.ticket,
                    Err(_) => return Ok(false),
                }
            }
            _ => return Ok(false), // kept in its entry; a code that is not genuine vouches for nothing
        };
        let mut put = self.connection.prepare_cached(
            "INSERT INTO codes (ticket, counter, code) VALUES (?1, ?2, ?3)
             ON CONFLICT (ticket) DO UPDATE SET counter = excluded.counter, code = excluded.code
             WHERE (excluded.counter, excluded.code) > (codes.counter, codes.code)",
        )?;
        Ok(put.execute(params![genuine.id.as_i64(), genuine.counter, code])? > 0)
    }

    /// All acts of a ticket that count.
    pub fn acts(&self, ticket: TicketId) -> Result<Vec<Act>, Fault> {
        acts(self.connection, &self.memory.rebases, ticket)
    }

    /// A ticket's row.
    pub fn ticket_row(&self, ticket: TicketId) -> Result<Option<TicketRow>, Fault> {
        ticket_row(self.connection, ticket)
    }

    /// The newest genuine code of a ticket that journals carried.
    pub fn newest_code(&self, ticket: TicketId) -> Result<Option<Ticket>, Fault> {
        let mut query = self.connection.prepare_cached("SELECT code FROM codes WHERE ticket = ?1")?;
        let code: Option<Vec<u8>> = query.query_row([ticket.as_i64()], |row| row.get(0)).optional()?;
        let sealed = code.and_then(|bytes| Sealed::from_bytes(&bytes).ok());
        Ok(sealed.map(|sealed| sealed.ticket)) // verified when it was kept
    }

    /// Keeps what could not be taken, with its evidence; the same thing offered again is kept once.
    pub fn set_aside(&self, source: &str, code: &str, bytes: &[u8]) -> Result<(), Fault> {
        let now = self.time.read().now;
        let bytes = &bytes[..bytes.len().min(MAX_EVIDENCE_BYTES)];
        self.connection.execute(
            "INSERT INTO set_aside (at, source, code, bytes) SELECT ?1, ?2, ?3, ?4
             WHERE NOT EXISTS (SELECT 1 FROM set_aside WHERE source = ?2 AND code = ?3 AND bytes = ?4)",
            params![now.0, source, code, bytes],
        )?;
        if self.connection.changes() == 0 {
            return Ok(());
        }
        let newest = self.connection.last_insert_rowid();
        self.connection.execute("DELETE FROM set_aside WHERE id <= ?1", [newest - MAX_SET_ASIDE])?;
        Ok(())
    }
}

/// Evidence kept of one refused item: its head and first entries.
const MAX_EVIDENCE_BYTES: usize = 64 << 10;
/// Refused items kept: enough to see a pattern, too few to fill a disk.
const MAX_SET_ASIDE: i64 = 1_000;

/// All acts of a ticket that count.
pub fn acts(connection: &Connection, rebases: &Rebases, ticket: TicketId) -> Result<Vec<Act>, Fault> {
    let mut query = connection.prepare_cached(
        "SELECT e.ticket, j.device, j.incarnation, e.sequence, e.hash, e.bytes, j.id
         FROM entries e JOIN journals j ON j.id = e.journal
         WHERE e.ticket = ?1 AND e.counts = 1",
    )?;
    let mut rows = query.query([ticket.as_i64()])?;
    let mut acts = Vec::new();
    while let Some(row) = rows.next()? {
        acts.extend(act(row, rebases)?.map(|(_, act)| act));
    }
    Ok(acts)
}

/// All acts that count of tickets that have any; the tickets come in order, some several times.
pub(super) fn acts_of_each<'a>(
    connection: &Connection,
    rebases: &Rebases,
    tickets: impl Iterator<Item = &'a TicketId>,
) -> Result<BTreeMap<TicketId, Vec<Act>>, Fault> {
    let mut tickets: Vec<TicketId> = tickets.copied().collect();
    tickets.dedup();
    let mut found: BTreeMap<TicketId, Vec<Act>> = BTreeMap::new();
    for tickets in tickets.chunks(ASKED) {
        if let [ticket] = tickets {
            let acts = acts(connection, rebases, *ticket)?;
            found.extend((!acts.is_empty()).then_some((*ticket, acts)));
            continue;
        }
        let mut query = connection.prepare_cached(&ACTS_OF_MANY)?;
        let padded = tickets.iter().map(|ticket| Some(ticket.as_i64())).chain(std::iter::repeat(None));
        let mut rows = query.query(rusqlite::params_from_iter(padded.take(ASKED)))?;
        while let Some(row) = rows.next()? {
            if let Some((ticket, act)) = act(row, rebases)? {
                found.entry(ticket).or_default().push(act);
            }
        }
    }
    Ok(found)
}

/// Tickets that one statement asks about: beyond some dozen nothing is gained.
const ASKED: usize = 64;
static ACTS_OF_MANY: LazyLock<String> = LazyLock::new(|| {
    let asked = ["(?)"; ASKED].join(", ");
    format!(
        "WITH asked (ticket) AS (VALUES {asked})
         SELECT e.ticket, j.device, j.incarnation, e.sequence, e.hash, e.bytes, j.id
         FROM asked CROSS JOIN entries e CROSS JOIN journals j
         WHERE e.ticket = asked.ticket AND e.counts = 1 AND j.id = e.journal"
    )
});

/// The act in a row of one of these questions.
fn act(row: &rusqlite::Row<'_>, rebases: &Rebases) -> Result<Option<(TicketId, Act)>, Fault> {
    let journal = JournalId { device: DeviceId(row.get(1)?), incarnation: row.get(2)? };
    let id = EntryRef { journal, sequence: row.get(3)?, hash: Hash(row.get(4)?) };
    let bytes = row.get_ref(5)?.as_blob().map_err(rusqlite::Error::from)?;
    let found = Entry::from_bytes(bytes).and_then(|entry| Act::of(id, &entry, rebases));
    if planted(Bug::ArrivalOrder) {
        let arrived = Timestamp(row.get(6)?);
        return Ok(found.map(|(ticket, act)| (ticket, Act { clock: arrived, at: None, ..act })));
    }
    Ok(found)
}

/// A ticket's row.
pub fn ticket_row(connection: &Connection, ticket: TicketId) -> Result<Option<TicketRow>, Fault> {
    let mut query = connection.prepare_cached("SELECT body FROM tickets WHERE id = ?1")?;
    let body: Option<Vec<u8>> = query.query_row([ticket.as_i64()], |row| row.get(0)).optional()?;
    Ok(body.and_then(|body| minicbor::decode(&body).ok()))
}
