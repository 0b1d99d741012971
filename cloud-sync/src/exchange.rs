//! The exchange with agents: their entries come in, entries and feed pages go out.
//!
//! Runs are taken first and are durable before anything is answered; a run that is
//! not taken is named with its reason, set aside with its bytes, and blocks nothing
//! else. In the same transaction the device gets the rights that it asked for, as far as
//! the cloud has them, and others what they are short of. A revoked device's runs are
//! still taken, as evidence, and it gets nothing back.

mod give;
mod lease;
mod take;

pub use give::frontier;

use crate::app::App;
use crate::fault::Fault;
use crate::ledger::own::FIRST_LIFE;
use crate::ledger::{Books, lend};
use crate::start::{self, Wanted};
use crate::store::Tx;
use crate::store::devices::{self, DeviceRecord};
use axum::http::StatusCode;
use std::sync::Arc;
use tidegate_core::allotment::lend::Want;
use tidegate_core::feed::{Cursor, Epoch};
use tidegate_core::id::{DeviceId, EventId, JournalId};
use tidegate_core::journal::Run;
use tidegate_core::start::SignedPart;
use tidegate_core::sync::{MAX_JOURNALS, MAX_TRACES, Misdirected, Rejected, Request, Response, VERSION};
use tidegate_core::trial::{Bug, planted};
use tidegate_core::trust::{Identity, TrustFault};

/// Journals of one device that are taken: a store that is moved every day of a season.
pub const MAX_INCARNATIONS: usize = 64;
/// Parts of one journal that are kept: a card that was copied to every gate of a venue.
pub const MAX_BRANCHES: usize = 16;

/// Answers a device.
pub async fn answer(app: &Arc<App>, peer: &Identity, mut request: Request) -> Result<Response, Fault> {
    check(peer, &request)?;
    request.traces.truncate(MAX_TRACES);
    let (event, device) = (request.event, peer.device);
    let known = app.read(move |tx, app| {
        Box::pin(async move {
            let device = devices::get(tx, device).await?;
            let epoch = app.epoch_of_this_life(tx).await?;
            Ok((device, app.catalogue(tx, event).await?, epoch))
        })
    });
    let (found, catalogue, epoch) = known.await?;
    let epoch = match epoch {
        Some(epoch) => epoch,
        None => app.settle_life().await?,
    };
    let revoked = found.as_ref().is_some_and(|device| device.row.revoked_at.is_some());
    if revoked {
        request.wants.clear();
    }
    if let Some(device) = found.as_ref().filter(|_| !revoked) {
        note_life(app, device, &request).await?;
    }
    let rejected = bring(app, peer, &mut request).await?;
    if revoked {
        let fault = TrustFault::Revoked;
        return Err(Fault::forbidden(fault.code(), "The device was withdrawn by the office")
            .action("What it sent was kept as evidence; enrol another device"));
    }
    let lease = lease::of(app, &catalogue, found).await?;
    let (start, more) = start_of(app, &mut request, epoch).await?;
    let mut response = app.read(move |tx, app| Box::pin(give::give(tx, app, request, rejected))).await?;
    response.more |= more;
    response.start = start;
    response.lease_s = Some(lease);
    Ok(response)
}

/// Notes which journal a device writes, where that is another than it said before: what it is given goes there.
async fn note_life(app: &Arc<App>, device: &DeviceRecord, request: &Request) -> Result<(), Fault> {
    let id = device.row.id;
    match request.journal.filter(|said| said.device == id) {
        Some(said) if device.writes != Some(said.incarnation) => {
            let note = devices::writes;
            app.write(move |tx, _| Box::pin(async move { Ok(note(tx, id, said.incarnation).await?) })).await
        }
        Some(_) | None => Ok(()),
    }
}

/// The journal that a device says it writes; of an older version the newest that it says it has. Lives are numbered
/// by lot: a copy that began anew elsewhere may have a higher number than the one that asks.
fn writes(device: DeviceId, request: &Request) -> Option<JournalId> {
    let own = |journal: &&JournalId| journal.device == device;
    let newest = || request.vector.as_ref()?.0.keys().filter(own).max();
    let said = request.journal.as_ref().filter(own).filter(|_| !planted(Bug::LentToNewest));
    said.or_else(newest).copied()
}

/// The parts of a start that are asked for, or the first one for whoever is of another life of the cloud and can
/// read it; pages are of no use to them then.
async fn start_of(app: &Arc<App>, request: &mut Request, epoch: Epoch) -> Result<(Vec<SignedPart>, bool), Fault> {
    let Some(asked) = &request.start else { return Ok((Vec::new(), false)) };
    if let Some(gathered) = asked.gathered.clone() {
        request.feed = None;
        return start::parts(app, (request.event, epoch), &gathered, Wanted::Next).await;
    }
    if request.feed.is_none_or(|cursor| cursor == Cursor::default() || cursor.epoch == epoch) {
        return Ok((Vec::new(), false));
    }
    request.feed = None;
    start::parts(app, (request.event, epoch), &[], Wanted::First).await
}

fn check(peer: &Identity, request: &Request) -> Result<(), Fault> {
    request.is_for(peer.event).map_err(|misdirected| match misdirected {
        Misdirected::Version => {
            let why = format!("version {} was sent, version {VERSION} is spoken here", request.version);
            Fault::new(StatusCode::BAD_REQUEST, "wrong_version", "Another version of the exchange").why(why)
        }
        Misdirected::Event => {
            Fault::forbidden(TrustFault::Event.code(), "The device is enrolled for another event")
        }
    })?;
    if request.vector.as_ref().is_some_and(|vector| vector.0.len() > MAX_JOURNALS) {
        return Err(Fault::invalid(format!("A vector has at most {MAX_JOURNALS} journals")));
    }
    Ok(())
}

/// What a device brings, and what it asks for.
struct Brought {
    event: EventId,
    peer: Identity,
    runs: Vec<Run>,
    wants: Vec<Want>,
    /// The life of its own journal that it says it writes.
    writes: Option<JournalId>,
}

/// Takes what a device brings and gives it what it asks for; gives the runs that were not taken. Nothing is
/// written, and nobody waited for, where there is nothing to take or to give.
async fn bring(app: &Arc<App>, peer: &Identity, request: &mut Request) -> Result<Vec<Rejected>, Fault> {
    let writes = writes(peer.device, request);
    let (event, peer) = (request.event, peer.clone());
    let (runs, wants) = (std::mem::take(&mut request.runs), std::mem::take(&mut request.wants));
    let brought = Brought { event, peer, runs, wants, writes };
    if brought.runs.is_empty() {
        let asked = (brought.peer.clone(), brought.wants.clone());
        let gets = !asked.1.is_empty()
            && app.read(move |tx, app| Box::pin(gets(tx, app, (event, writes), asked))).await?;
        if !gets {
            return Ok(Vec::new());
        }
    }
    app.write_books(event, move |tx, app| Box::pin(taken(tx, app, brought))).await
}

/// Whether a device would get anything of what it asks for.
async fn gets(
    tx: &mut Tx,
    app: &App,
    (event, writes): (EventId, Option<JournalId>),
    (peer, wants): (Identity, Vec<Want>),
) -> Result<bool, Fault> {
    let mut books = Books::open(tx, app, event).await?;
    let Some(journal) = asker(&books, &peer, writes) else { return Ok(false) };
    Ok(!lend::shares(tx, &mut books, (&peer, journal), &wants).await?.is_empty())
}

async fn taken(tx: &mut Tx, app: &App, brought: Brought) -> Result<Vec<Rejected>, Fault> {
    let Brought { event, peer, runs, wants, writes } = brought;
    let mut books = Books::open(tx, app, event).await?;
    let rejected = take::take(tx, (app, &mut books), peer.device, runs).await?;
    lend::accept(tx, app, &mut books).await?;
    if let Some(journal) = asker(&books, &peer, writes).filter(|_| !wants.is_empty()) {
        let shares = lend::shares(tx, &mut books, (&peer, journal), &wants).await?;
        lend::give(tx, app, &mut books, shares).await?;
    }
    lend::pay(tx, app, &mut books).await?;
    books.close(tx).await?;
    Ok(rejected)
}

/// The journal that a device writes: the one that it says, or the newest that is here, or its first. None where
/// that would not be taken.
fn asker(books: &Books<'_>, peer: &Identity, said: Option<JournalId>) -> Option<JournalId> {
    let known = books.newest(peer.device).map(|journal| journal.id);
    let first = JournalId { device: peer.device, incarnation: FIRST_LIFE };
    let journal = said.or(known).unwrap_or(first);
    take::may_begin(books, journal).then_some(journal)
}
