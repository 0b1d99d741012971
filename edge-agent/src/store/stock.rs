//! Stock and places by hand: a crate comes, a glass breaks, everything is counted.
//!
//! Each is one entry, decided and recorded in one transaction, under a key like any other act.
//! Where the certificate does not give the right, a supervisor decides and the entry names them.
//! A stocktake is held against what was heard from others: while somebody who serves is not heard,
//! what they sold meanwhile would be charged twice, and it has to be said that this is meant.

use super::acts::{Key, keep, stored};
use super::memory::Memory;
use super::rights::{self, Used, UsedUp};
use super::tx::Tx;
use super::{Fault, contact};
use crate::time::Reading;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use tidegate_core::api::{Held, StockAnswer, StockLine};
use tidegate_core::decide::key::Operation;
use tidegate_core::exposure::Usable;
use tidegate_core::id::DeviceId;
use tidegate_core::journal::kind::{Override, Resource, Restock, Stocktake, Waste, may_write};
use tidegate_core::journal::{Entry, EntryRef, Kind};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Role;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// So many came.
    Restock(u32),
    /// So many will not be used, and why.
    Waste(u32, Option<String>),
    /// So many were found in the whole venue.
    Stocktake {
        /// Units found.
        counted: u32,
        /// It stands although somebody who serves was not heard.
        anyway: bool,
    },
}

/// Who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decides {
    /// The device's own right.
    Device,
    /// A supervisor whose session is open.
    Supervisor(Override),
}

/// Why nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The key stands for another request.
    KeyReused,
    /// The certificate does not give the right, and nobody who may decide did.
    NeedsSupervisor,
    /// Not even with a supervisor: this device does not hand that out.
    NotThisDevice,
    /// The office has withdrawn the device.
    Withdrawn,
    /// More than this device has left.
    NotHere {
        /// What it has.
        left: i64,
    },
    /// Devices that serve and were not heard lately.
    Unheard(Vec<String>),
    /// Nothing of it ever came into being: there is nothing to count.
    Never,
}

/// Records a change, or says why not.
pub fn change(
    tx: &mut Tx<'_>,
    of: Resource,
    change: &Change,
    decides: Decides,
    key: Option<&Key>,
) -> Result<Result<StockAnswer, Refused>, Fault> {
    if let Some(key) = key
        && let Some((content, _, json)) = stored(tx, Operation::Stock, &key.key)?
    {
        if content != key.content {
            return Ok(Err(Refused::KeyReused));
        }
        let kept: StockAnswer = serde_json::from_str(&json).map_err(|e| Fault::Corrupt(e.to_string()))?;
        return Ok(Ok(StockAnswer { repeated: true, ..kept }));
    }
    let books = Books::of(tx, of)?;
    let kind = match kind(tx, &books, change, decides)? {
        Ok(kind) => kind,
        Err(refused) => return Ok(Err(refused)),
    };
    let entry = tx.append(kind.clone(), None)?;
    let answer = answer(tx, &books, &kind, entry)?;
    if let Some(key) = key {
        keep(tx, Operation::Stock, key, (entry.journal, entry.sequence), &answer)?;
    }
    Ok(Ok(answer))
}

/// How the books of one resource stood before.
struct Books {
    of: Resource,
    here: i64,
    everywhere: i64,
}

impl Books {
    fn of(tx: &Tx<'_>, of: Resource) -> Result<Self, Fault> {
        let memory = &tx.memory;
        let used = Used::of(tx.connection, of, rights::come(&tx.memory, &tx.time.read()))?;
        let here = memory.rights.left(of, memory.own, &|_, by| used.by(by));
        Ok(Self { of, here, everywhere: memory.rights.minted(of) - used.all() })
    }
}

/// The entry that says it, or why none may.
fn kind(tx: &Tx<'_>, books: &Books, change: &Change, decides: Decides) -> Result<Result<Kind, Refused>, Fault> {
    let of = books.of;
    let says = |by: Option<Override>| match change {
        Change::Restock(quantity) => Kind::Restock(Restock { by, ..Restock::new(of, *quantity) }),
        Change::Waste(quantity, reason) => Kind::Waste(Waste { by, ..Waste::new(of, *quantity, reason.clone()) }),
        Change::Stocktake { counted, .. } => {
            let frontier = tx.memory.vector.digest();
            Kind::Stocktake(Stocktake { by, ..Stocktake::new(of, *counted, books.everywhere, frontier) })
        }
    };
    let (identity, reading) = (&tx.enrolment.identity, tx.time.read());
    if contact::usable(&tx.memory, tx.time, reading.uptime) == Usable::Withdrawn {
        return Ok(Err(Refused::Withdrawn));
    }
    let kind = match decides {
        Decides::Supervisor(by) => says(Some(by)),
        Decides::Device => says(None),
    };
    if !may_write(identity, &kind) {
        let nobody = Override { supervisor: String::new(), reason: String::new() };
        let with_somebody = may_write(identity, &says(Some(nobody)));
        return Ok(Err(if with_somebody { Refused::NeedsSupervisor } else { Refused::NotThisDevice }));
    }
    let decided = matches!(&kind, Kind::Waste(waste) if waste.by.is_some());
    Ok(match change {
        Change::Waste(quantity, _) if books.here < i64::from(*quantity) && !decided => {
            Err(Refused::NotHere { left: books.here })
        }
        Change::Stocktake { .. } if tx.memory.rights.minted(of) <= 0 && books.everywhere == 0 => {
            Err(Refused::Never)
        }
        Change::Stocktake { anyway: false, .. } => match unheard(&tx.memory, of, reading) {
            silent if silent.is_empty() => Ok(kind),
            silent => Err(Refused::Unheard(silent)),
        },
        Change::Restock(_) | Change::Waste(..) | Change::Stocktake { .. } => Ok(kind),
    })
}

/// Devices that may have handed some of it out and were not heard lately.
fn unheard(memory: &Memory, of: Resource, reading: Reading) -> Vec<String> {
    let hands_out = |role: Role| match of {
        Resource::Product(_) => matches!(role, Role::Bar | Role::Supervisor),
        Resource::Zone(_) => matches!(role, Role::Gate | Role::Kiosk | Role::Supervisor),
    };
    let rows = memory.catalogue.devices.values();
    let others = rows.filter(|row| row.id != memory.own.device && row.revoked_at.is_none());
    let enrolled = others.filter(|row| row.certificate.is_some() && hands_out(row.role));
    let heard = |id: DeviceId| memory.contact.others.get(&Some(id)).and_then(|known| known.heard);
    enrolled.filter(|row| contact::is_silent(heard(row.id), reading.uptime)).map(|row| row.name.clone()).collect()
}

fn answer(tx: &Tx<'_>, before: &Books, kind: &Kind, entry: EntryRef) -> Result<StockAnswer, Fault> {
    let (change, expected, counted, by) = match kind {
        Kind::Restock(restock) => (restock.quantity.into(), None, None, &restock.by),
        Kind::Waste(waste) => (-i64::from(waste.quantity), None, None, &waste.by),
        Kind::Stocktake(taken) => {
            (taken.difference(), Some(taken.expected), Some(i64::from(taken.counted)), &taken.by)
        }
        other => return Err(Fault::Failed(format!("{} is no change of stock", other.name()))),
    };
    let after = Books::of(tx, before.of)?;
    let pays = match after.here < 0 {
        true => elsewhere(&tx.memory, before.of, &Used::of(tx.connection, before.of, tx.time.read().now)?),
        false => Vec::new(),
    };
    Ok(StockAnswer {
        entry: entry.to_string(),
        kind: kind.name().to_owned(),
        of: tx.memory.catalogue.resource_name(before.of),
        change,
        expected,
        counted,
        here: after.here,
        everywhere: after.everywhere,
        pays,
        supervisor: by.as_ref().map(|by| by.supervisor.clone()),
        repeated: false,
    })
}

/// What each other device has left, most first; journals of one device together.
pub fn elsewhere(memory: &Memory, of: Resource, used: &Used) -> Vec<Held> {
    let mut by_device: BTreeMap<DeviceId, i64> = BTreeMap::new();
    for (held, journal) in memory.rights.holders() {
        if held == of && journal.device != memory.own.device {
            *by_device.entry(journal.device).or_default() += memory.rights.left(of, journal, &|_, by| used.by(by));
        }
    }
    let mut held: Vec<(i64, String)> = by_device
        .into_iter()
        .filter(|(_, units)| *units > 0)
        .map(|(device, units)| (units, memory.catalogue.device_name(device)))
        .collect();
    held.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.cmp(second)));
    held.into_iter().map(|(units, device)| Held { device, units }).collect()
}

/// The books of every product that is served and every zone, on this device.
pub fn lines(connection: &Connection, memory: &Memory, now: Timestamp) -> Result<Vec<StockLine>, Fault> {
    let mut lines: BTreeMap<Resource, StockLine> = BTreeMap::new();
    for (of, used) in UsedUp::read(connection, memory, now)?.each() {
        let deficits = rights::deficits(memory, of, used);
        let held = |(journal, units): (tidegate_core::id::JournalId, i64)| Held {
            device: memory.catalogue.device_name(journal.device),
            units,
        };
        let line = StockLine {
            name: memory.catalogue.resource_name(of),
            kind: if matches!(of, Resource::Product(_)) { "product" } else { "zone" }.to_owned(),
            here: memory.rights.left(of, memory.own, &|_, by| used.by(by)),
            everywhere: memory.rights.minted(of) - used.all(),
            elsewhere: elsewhere(memory, of, used),
            on_the_way: memory.rights.in_flight(of),
            deficits: deficits.into_iter().map(held).collect(),
            // What is in use now; what was handed out in all comes from the entries.
            returned: -used.by(memory.own),
            received: memory.rights.held(of, memory.own),
            ..StockLine::default()
        };
        lines.insert(of, line);
    }
    written(connection, memory, &mut lines)?;
    Ok(lines.into_values().map(closed).collect())
}

/// Adds up what this device's journal says.
fn written(
    connection: &Connection,
    memory: &Memory,
    lines: &mut BTreeMap<Resource, StockLine>,
) -> Result<(), Fault> {
    let Some(author) = memory.authors.get(&memory.own) else { return Ok(()) };
    let mut query = connection.prepare_cached(
        "SELECT bytes FROM entries WHERE journal = ?1 AND counts = 1
         AND kind IN ('restock', 'waste', 'stocktake', 'transfer', 'serving', 'admission')",
    )?;
    let mut rows = query.query(params![author.row])?;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        let Some(Entry { kind, .. }) = Entry::from_bytes(&bytes) else { continue };
        let admitted = |list| memory.catalogue.zone_of(list).map(Resource::Zone);
        let of = match &kind {
            Kind::Admission(admission) => admitted(admission.list),
            kind => kind.resource(),
        };
        if let Some(line) = of.and_then(|of| lines.get_mut(&of)) {
            add(line, &kind);
        }
    }
    Ok(())
}

fn add(line: &mut StockLine, kind: &Kind) {
    match kind {
        Kind::Restock(restock) => line.restocked += i64::from(restock.quantity),
        Kind::Waste(waste) => line.wasted += i64::from(waste.quantity),
        Kind::Stocktake(taken) => line.corrected += taken.difference(),
        Kind::Transfer(transfer) => line.given += i64::from(transfer.quantity),
        Kind::Serving(serving) => {
            line.used += i64::from(serving.quantity);
            line.overridden += serving.overridden.as_ref().map_or(0, |_| i64::from(serving.quantity));
        }
        Kind::Admission(admission) => {
            line.used += 1;
            line.overridden += i64::from(admission.overridden.is_some());
        }
        Kind::Exit(_) | Kind::Refusal(_) | Kind::Annul(_) | Kind::Void(_) | Kind::Accepted(_) => {}
        Kind::Clock(_) | Kind::Retire(_) | Kind::Began(_) | Kind::Unknown { .. } => {}
    }
}

/// What is still in use says what came back, and what is held says what was accepted.
fn closed(line: StockLine) -> StockLine {
    let received = line.received - line.restocked + line.wasted - line.corrected + line.given;
    StockLine { returned: line.used + line.returned, received, ..line }
}
