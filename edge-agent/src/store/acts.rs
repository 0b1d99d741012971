//! Scans, servings and undos: facts, law, record, in one transaction.
//!
//! The law is in core; here its facts are gathered and its record is written. A
//! key that was used answers what was recorded; a refusal leaves nothing under
//! its key.

use super::recent::Seen;
use super::replica::parse_entry;
use super::start::Heard;
use super::tx::Tx;
use super::{Fault, contact, find, index, rights};
use rusqlite::{OptionalExtension, params};
use std::sync::Arc;
use tidegate_core::api::{Answer, CreditChange, Direction, StreamMessage, Verdict};
use tidegate_core::catalogue::CheckInList;
use tidegate_core::decide::answer::{Setting, answer, card, plain};
use tidegate_core::decide::key::{Operation, Recorded, repeat};
use tidegate_core::decide::undo::{Target, undo};
use tidegate_core::decide::{AddOn, Behind, Code, Decision, Facts, Room, Rows, Scan, Shown, Stage, decide};
use tidegate_core::exposure::Reach;
use tidegate_core::fold::{Act, Does};
use tidegate_core::id::{JournalId, ListId, TicketId};
use tidegate_core::journal::kind::Resource;
use tidegate_core::journal::{Entry, EntryRef};
use tidegate_core::language::Language;
use tidegate_core::seal::Hash;
use tidegate_core::serve::{Balance, Order, serve};
use tidegate_core::ticket::Identity;
use tidegate_core::time::Timestamp;
use tidegate_core::trial::{Bug, planted};

/// An idempotency key with the hash of its request's content.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub key: String,
    /// What it stands for.
    pub content: Hash,
}

/// Whether an act is recorded or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Recorded, and told to the screens.
    Record,
    /// What would happen; nothing is written.
    DryRun,
}

/// Which act is to be taken back.
#[derive(Clone, Debug)]
pub enum Which {
    /// The one under this key.
    Key(Operation, String),
    /// The one with this name, `device:incarnation:sequence`.
    Entry(String),
    /// This device's last one that stands; of this operation, if one is given.
    Last(Option<Operation>),
}

/// Decides and records a scan.
pub fn scan(
    tx: &mut Tx<'_>,
    scan: &Scan,
    list: ListId,
    key: Option<&Key>,
    mode: Mode,
    language: Language,
) -> Result<Answer, Fault> {
    if let Some(recorded) = recorded(tx, Operation::Scan, key, language)? {
        return Ok(recorded);
    }
    let catalogue = tx.memory.catalogue.clone();
    let unnamed = CheckInList::unnamed(list);
    let list = match catalogue.lists.get(&list) {
        None if !tx.memory.ready => &unnamed, // the law says `starting` before it looks at the list
        known => known.ok_or_else(|| Fault::Unknown(format!("no list {list}")))?,
    };
    let gathered = Gathered::of(tx, &scan.shown, list.addon_match)?.at(tx, list.id, scan.at)?;
    let decision = decide(&gathered.facts(tx, &catalogue), scan, list);
    let setting = Setting {
        direction: scan.direction,
        list: list.name.clone(),
        gate: scan.gate.clone(),
        at: scan.at.unwrap_or(gathered.now),
        language,
    };
    let entry = record(tx, &decision, scan.at, mode)?;
    note_full(tx, decision.code, list);
    if let Some(entry) = entry.filter(|_| !decision.recorded() && tx.memory.ready) {
        hold(tx, &entry, scan, list.id);
    }
    let answer = answer(&decision, &gathered.facts(tx, &catalogue), setting, entry);
    finish(tx, Operation::Scan, key, decision.recorded(), entry, answer, mode)
}

/// Somebody found a zone full, or looked whether it is: this device asks for a place as if it had been taken.
pub(super) fn note_full(tx: &mut Tx<'_>, code: Code, list: &CheckInList) {
    if let (Code::Full, Some(zone)) = (code, list.zone) {
        rights::note_wanted(tx, Resource::Zone(zone), 1);
    }
}

/// Holds a scan that was not let in, to be decided again.
fn hold(tx: &mut Tx<'_>, entry: &EntryRef, scan: &Scan, list: ListId) {
    let (shown, direction) = (scan.shown.clone(), scan.direction);
    let seen = Seen { shown, list, direction, gate: scan.gate.clone(), reason: scan.reason.clone() };
    tx.memory.recent.hold(entry, seen, tx.time.read().uptime);
}

/// The scan that an entry of this device refused, while it is held; its code is held against the
/// keys as they are now.
pub fn held(tx: &Tx<'_>, entry: &str) -> Option<Seen> {
    let mut seen = tx.memory.recent.find(entry, tx.time.read().uptime)?;
    if let Shown::Code(Identity::Genuine(genuine)) = &seen.shown {
        let keyring = &tx.memory.catalogue.keyring;
        seen.shown = Shown::Code(keyring.identify_bytes(tx.enrolment.event(), genuine.code()));
    }
    Some(seen)
}

/// Decides and records a serving.
pub fn serving(
    tx: &mut Tx<'_>,
    order: &Order,
    key: Option<&Key>,
    mode: Mode,
    language: Language,
) -> Result<Answer, Fault> {
    if let Some(recorded) = recorded(tx, Operation::Serving, key, language)? {
        return Ok(recorded);
    }
    let catalogue = tx.memory.catalogue.clone();
    let gathered = Gathered::of(tx, &order.shown, false)?;
    let stock = rights::stock_here(tx, order.product)?;
    let (decision, balance) = serve(&gathered.facts(tx, &catalogue), order, stock);
    let setting = Setting {
        direction: Direction::Entry,
        list: String::new(),
        gate: None,
        at: order.at.unwrap_or(gathered.now),
        language,
    };
    let entry = record(tx, &decision, order.at, mode)?;
    if decision.code == Code::SoldOut {
        rights::note_wanted(tx, Resource::Product(order.product), order.quantity.into());
    }
    let mut answer = answer(&decision, &gathered.facts(tx, &catalogue), setting, entry);
    answer.credits = credits(&decision, order, balance, &catalogue.product_name(order.product));
    finish(tx, Operation::Serving, key, decision.recorded(), entry, answer, mode)
}

fn credits(decision: &Decision, order: &Order, balance: Option<Balance>, product: &str) -> Vec<CreditChange> {
    let taken = if decision.recorded() { i64::from(order.quantity) } else { 0 };
    let change = balance.map(|balance| CreditChange {
        product: product.to_owned(),
        before: balance.left(),
        after: balance.left() - taken,
    });
    change.into_iter().collect()
}

/// Takes an act of this device back.
pub fn take_back(
    tx: &mut Tx<'_>,
    which: &Which,
    at: Option<Timestamp>,
    language: Language,
) -> Result<Answer, Fault> {
    let target = target(tx, which)?;
    let now = tx.time.read().now;
    let decided = undo(target.as_ref(), tx.enrolment.identity.device, at.unwrap_or(now));
    let entry = decided.record.map(|kind| tx.append(kind, at)).transpose()?;
    let catalogue = tx.memory.catalogue.clone();
    let setting = Setting { at: at.unwrap_or(now), language, ..Setting::default() };
    let explain = decided.why.explain(&catalogue, language);
    let mut answer = plain(decided.verdict, decided.code.as_str(), explain, setting, entry);
    if let Some(target) = target.filter(|_| decided.verdict != Verdict::Refuse) {
        let row = tx.ticket_row(target.ticket)?;
        let product = row.as_ref().map(|r| r.product);
        answer.ticket = Some(card(&catalogue, target.ticket, product, row.as_ref()));
    }
    tx.tell(StreamMessage::Answer(Box::new(answer.clone())));
    Ok(answer)
}

/// What the store knows of one ticket.
pub(super) struct Gathered {
    row: Option<tidegate_core::catalogue::TicketRow>,
    code: Option<tidegate_core::ticket::Ticket>,
    acts: Vec<Act>,
    add_ons: Vec<AddOn>,
    pub(super) now: Timestamp,
    quality: tidegate_core::clock::Quality,
    room: Option<Room>,
    reach: Reach,
    starting: bool,
    heard: Option<Arc<Heard>>,
    rows: Rows,
}

impl Gathered {
    pub(super) fn of(tx: &Tx<'_>, shown: &Shown, with_add_ons: bool) -> Result<Self, Fault> {
        let reading = tx.time.read();
        let (row, code, acts) = match shown.ticket() {
            Some(ticket) => (tx.ticket_row(ticket)?, tx.newest_code(ticket)?, tx.acts(ticket)?),
            None => (None, None, Vec::new()),
        };
        let mut acts = acts;
        if planted(Bug::OwnEntriesOnly) {
            let others = |act: &Act| matches!(act.does, Does::Admit { .. }) && act.id.journal != tx.memory.own;
            acts.retain(|act| !others(act));
        }
        if planted(Bug::OwnServingsOnly) {
            let others = |act: &Act| matches!(act.does, Does::Serve { .. }) && act.id.journal != tx.memory.own;
            acts.retain(|act| !others(act));
        }
        let others = match (shown, shown.ticket()) {
            (Shown::Typed(tickets), None) => tickets.clone(),
            (_, Some(main)) if with_add_ons => find::add_ons(tx.connection, main)?,
            _ => Vec::new(),
        };
        let add_ons: Vec<Option<AddOn>> = others.into_iter().map(|id| add_on(tx, id)).collect::<Result<_, _>>()?;
        let add_ons = add_ons.into_iter().flatten().collect();
        let policy = tx.memory.catalogue.policy(tx.enrolment.identity.role);
        let reach = contact::reach(tx.connection, &tx.memory, tx.time, policy)?;
        let (now, quality, starting) = (reading.now, reading.quality, !tx.memory.ready);
        let (heard, rows) = (tx.memory.start.heard(), rows(tx, shown)?);
        Ok(Self { row, code, acts, add_ons, now, quality, room: None, reach, starting, heard, rows })
    }

    /// The same for a scan on this list, at the time that it names: who has left at a closing time had
    /// not left before it.
    pub(super) fn at(self, tx: &Tx<'_>, list: ListId, at: Option<Timestamp>) -> Result<Self, Fault> {
        Ok(Self { room: rights::room(tx, list, at)?, ..self })
    }

    fn stage(&self) -> Stage<'_> {
        let behind = Behind { uses: self.heard.as_ref().map(|heard| &heard.uses), rows: self.rows };
        match behind {
            _ if self.starting => Stage::Starting,
            Behind { uses: None, rows: Rows::Here } => Stage::Whole,
            behind => Stage::Started(behind),
        }
    }

    pub(super) fn facts<'a>(
        &'a self,
        tx: &Tx<'_>,
        catalogue: &'a tidegate_core::catalogue::Catalogue,
    ) -> Facts<'a> {
        Facts {
            catalogue,
            row: self.row.as_ref(),
            newest_code: self.code.as_ref(),
            acts: &self.acts,
            add_ons: &self.add_ons,
            now: self.now,
            quality: self.quality,
            can_ask: tx.memory.can_ask,
            stage: self.stage(),
            room: self.room,
            reach: self.reach,
            own: Some(tx.memory.own),
        }
    }
}

/// Whether rows are here that what was shown may stand for.
fn rows(tx: &Tx<'_>, shown: &Shown) -> Result<Rows, Fault> {
    let lags = matches!(shown, Shown::Typed(found) if found.is_empty()) && index::lags(tx.connection)?;
    // A short code is found by the index alone.
    Ok(if lags { Rows::Missing { add_ons_told: true } } else { tx.memory.start.rows() })
}

fn add_on(tx: &Tx<'_>, id: TicketId) -> Result<Option<AddOn>, Fault> {
    let Some(row) = tx.ticket_row(id)? else { return Ok(None) };
    Ok(Some(AddOn { row, newest_code: tx.newest_code(id)?, acts: tx.acts(id)? }))
}

fn record(
    tx: &mut Tx<'_>,
    decision: &Decision,
    at: Option<Timestamp>,
    mode: Mode,
) -> Result<Option<EntryRef>, Fault> {
    match mode {
        Mode::Record => tx.append(decision.record.clone(), at).map(Some),
        Mode::DryRun => Ok(None),
    }
}

fn finish(
    tx: &mut Tx<'_>,
    operation: Operation,
    key: Option<&Key>,
    recorded: bool,
    entry: Option<EntryRef>,
    answer: Answer,
    mode: Mode,
) -> Result<Answer, Fault> {
    if let (Some(key), Some(entry), true) = (key, entry, recorded) {
        keep(tx, operation, key, (entry.journal, entry.sequence), &answer)?;
    }
    if mode == Mode::Record {
        tx.tell(StreamMessage::Answer(Box::new(answer.clone())));
    }
    Ok(answer)
}

/// Keeps what was answered under a key, beside the act that it belongs to.
pub(super) fn keep(
    tx: &Tx<'_>,
    operation: Operation,
    key: &Key,
    (journal, sequence): (JournalId, u64),
    answer: &impl serde::Serialize,
) -> Result<(), Fault> {
    if planted(Bug::KeyNotKept) {
        return Ok(());
    }
    let json = serde_json::to_string(answer).map_err(|e| Fault::Failed(e.to_string()))?;
    let mut put = tx.connection.prepare_cached(
        "INSERT INTO keys (operation, key, content, incarnation, sequence, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let content = key.content.0;
    put.execute(params![operation.as_str(), key.key, content, journal.incarnation, sequence, json])?;
    Ok(())
}

/// The answer to a request whose key was used before.
pub fn recorded(
    tx: &Tx<'_>,
    operation: Operation,
    key: Option<&Key>,
    language: Language,
) -> Result<Option<Answer>, Fault> {
    let Some(key) = key else { return Ok(None) };
    let Some((content, (journal, sequence), json)) = stored(tx, operation, &key.key)? else { return Ok(None) };
    let answer = serde_json::from_str(&json).map_err(|e| Fault::Corrupt(e.to_string()))?;
    let undone = target_at(tx, journal, sequence)?.is_some_and(|target| target.undone);
    let recorded = Recorded { content, answer, undone };
    Ok(Some(repeat(recorded, key.content, &tx.memory.catalogue, language)))
}

/// What was recorded under a key, whatever its request was: for whoever lost the answer and asks what became of it.
pub fn answered(
    tx: &Tx<'_>,
    operation: Operation,
    key: &str,
    language: Language,
) -> Result<Option<Answer>, Fault> {
    let Some((content, _, _)) = stored(tx, operation, key)? else { return Ok(None) };
    recorded(tx, operation, Some(&Key { key: key.to_owned(), content }), language)
}

/// Whether a request's key was used before.
pub fn is_recorded(tx: &Tx<'_>, operation: Operation, key: Option<&Key>) -> Result<bool, Fault> {
    let stored = key.map(|key| stored(tx, operation, &key.key)).transpose()?;
    Ok(stored.flatten().is_some())
}

/// What a key stands for: its request's content, the entry that was written, and the answer.
type Stored = (Hash, (JournalId, u64), String);

pub(super) fn stored(tx: &Tx<'_>, operation: Operation, key: &str) -> Result<Option<Stored>, Fault> {
    let mut query = tx.connection.prepare_cached(
        "SELECT content, incarnation, sequence, answer FROM keys WHERE operation = ?1 AND key = ?2",
    )?;
    let device = tx.enrolment.identity.device;
    let row = |row: &rusqlite::Row<'_>| {
        let journal = JournalId { device, incarnation: row.get(1)? };
        Ok((Hash(row.get(0)?), (journal, row.get(2)?), row.get(3)?))
    };
    Ok(query.query_row(params![operation.as_str(), key], row).optional()?)
}

fn target(tx: &Tx<'_>, which: &Which) -> Result<Option<Target>, Fault> {
    match which {
        Which::Key(operation, key) => match stored(tx, *operation, key)? {
            Some((_, (journal, sequence), _)) => target_at(tx, journal, sequence),
            None => Ok(None),
        },
        Which::Entry(text) => match parse_entry(text) {
            Some((journal, sequence)) => target_at(tx, journal, sequence),
            None => Ok(None),
        },
        Which::Last(of) => last(tx, *of),
    }
}

pub(super) fn target_at(tx: &Tx<'_>, journal: JournalId, sequence: u64) -> Result<Option<Target>, Fault> {
    let Some(author) = tx.memory.authors.get(&journal) else { return Ok(None) };
    let mut query = tx
        .connection
        .prepare_cached("SELECT hash, bytes FROM entries WHERE journal = ?1 AND sequence = ?2 AND counts = 1")?;
    let row = |row: &rusqlite::Row<'_>| Ok((Hash(row.get(0)?), row.get::<_, Vec<u8>>(1)?));
    let Some((hash, bytes)) = query.query_row(params![author.row, sequence], row).optional()? else {
        return Ok(None);
    };
    let id = EntryRef { journal, sequence, hash };
    let Some((ticket, act)) = Entry::from_bytes(&bytes).and_then(|entry| Act::of(id, &entry, &tx.memory.rebases))
    else {
        return Ok(None);
    };
    let undone = tx.state(&tx.acts(ticket)?).undone.contains(&id);
    Ok(Some(Target { act, ticket, undone }))
}

/// How far back "my last" looks: more undos in a row than anybody makes.
const LAST_DEPTH: i64 = 50;

fn last(tx: &Tx<'_>, of: Option<Operation>) -> Result<Option<Target>, Fault> {
    let own = tx.memory.own;
    let Some(author) = tx.memory.authors.get(&own) else { return Ok(None) };
    let mut query = tx.connection.prepare_cached(
        "SELECT sequence FROM entries WHERE journal = ?1 AND kind IN (?2, ?3, ?4)
         ORDER BY sequence DESC LIMIT ?5",
    )?;
    let [one, other, third] = match of {
        None => ["admission", "exit", "serving"],
        Some(Operation::Serving) => ["serving"; 3],
        Some(Operation::Scan | Operation::Party | Operation::Stock) => ["admission", "exit", "exit"],
    };
    let bound = params![author.row, one, other, third, LAST_DEPTH];
    let sequences: Vec<u64> = query.query_map(bound, |row| row.get(0))?.collect::<Result<_, _>>()?;
    for sequence in sequences {
        if let Some(target) = target_at(tx, own, sequence)?.filter(|target| !target.undone) {
            return Ok(Some(target));
        }
    }
    Ok(None)
}
