//! What a device brings: each run verified from what is here, each entry taken once.

use crate::app::App;
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::Tx;
use crate::store::books::{self, AsideRecord};
use crate::store::journals::{self, JournalRecord};
use sha2::{Digest, Sha256};
use tidegate_core::fold::Act;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};
use tidegate_core::journal::{Run, RunFault, Verified, genesis};
use tidegate_core::seal::Hash;
use tidegate_core::sync::{MAX_JOURNALS, Rejected};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Identity, TrustFault};

/// Things set aside in one event: enough to see what somebody tries, not to fill a disk.
const MAX_ASIDE: u64 = 256;

/// Takes runs that `brought_by` sent; gives those that were not taken.
pub async fn take(
    tx: &mut Tx,
    app: &App,
    (event, brought_by): (EventId, DeviceId),
    mut runs: Vec<Run>,
) -> Result<Vec<Rejected>, Fault> {
    let mut books = Books::open(tx, app, event).await?;
    runs.sort_by_key(|run| (run.journal, run.first));
    let (mut fresh, mut rejected) = (Vec::new(), Vec::new());
    for run in runs {
        match admit(tx, app, &mut books, &run).await? {
            Ok(acts) => fresh.extend(acts),
            Err(code) => {
                tracing::warn!(journal = %run.journal, first = run.first, code, "run not taken");
                // A gap is no evidence of anything: what lies between comes by whoever has it.
                if code != RunFault::Gap.code() {
                    set_aside(tx, app, (event, brought_by), &run, code).await?;
                }
                rejected.push(Rejected { journal: run.journal, first: run.first, code: code.into() });
            }
        }
    }
    books.fold(tx, fresh).await?;
    books.close(tx).await?;
    Ok(rejected)
}

type Taken = Result<Vec<(TicketId, Act)>, &'static str>;

async fn admit(tx: &mut Tx, app: &App, books: &mut Books<'_>, run: &Run) -> Result<Taken, Fault> {
    let author = match author(app, books.event, run) {
        Ok(author) => author,
        Err(fault) => return Ok(Err(fault.code())),
    };
    let known = books.journals.get(&run.journal).cloned();
    if known.is_none() && books.journals.len() >= MAX_JOURNALS {
        return Ok(Err("too_many_journals"));
    }
    let journal = known.unwrap_or_else(|| JournalRecord {
        id: run.journal,
        entries: 0,
        counted: 0,
        hash: genesis(books.event, run.journal),
        clock: Timestamp(0),
        certificate: run.certificate.to_bytes(),
    });
    match fresh_part(tx, books.event, &journal, &author, run).await? {
        Ok(entries) if entries.is_empty() => Ok(Ok(Vec::new())),
        Ok(entries) => books.insert(tx, journal, &author, (entries, Some(run.signature))).await.map(Ok),
        Err(fault) => Ok(Err(fault.code())),
    }
}

fn author(app: &App, event: EventId, run: &Run) -> Result<std::sync::Arc<Identity>, RunFault> {
    let author = app.identity(&run.certificate)?;
    if author.event != event {
        return Err(TrustFault::Event.into());
    }
    if author.device != run.journal.device { Err(RunFault::Author) } else { Ok(author) }
}

/// The entries of a run that are not here yet, if all of it fits what is.
async fn fresh_part(
    tx: &mut Tx,
    event: EventId,
    journal: &JournalRecord,
    author: &Identity,
    run: &Run,
) -> Result<Result<Vec<Verified>, RunFault>, Fault> {
    if run.first > journal.entries + 1 {
        return Ok(Err(RunFault::Gap));
    }
    let Some(previous) = hash_before(tx, event, journal, run.first).await? else { return Ok(Err(RunFault::Size)) };
    let mut entries = match run.verify(event, &author.key, previous) {
        Ok(entries) => entries,
        Err(fault) => return Ok(Err(fault)),
    };
    let here = (journal.entries + 1).saturating_sub(run.first).min(entries.len() as u64);
    if let Some(last_here) = here.checked_sub(1).and_then(|place| entries.get(place as usize)) {
        // The chain makes one hash speak for all before it.
        let ours = hash_before(tx, event, journal, last_here.id.sequence + 1).await?;
        if ours != Some(last_here.id.hash) {
            return Ok(Err(RunFault::Fork));
        }
    }
    Ok(Ok(entries.split_off(here as usize)))
}

async fn hash_before(
    tx: &mut Tx,
    event: EventId,
    journal: &JournalRecord,
    sequence: u64,
) -> Result<Option<Hash>, Fault> {
    Ok(match sequence {
        0 => None,
        1 => Some(genesis(event, journal.id)),
        sequence if sequence == journal.entries + 1 => Some(journal.hash),
        sequence => journals::hash_at(tx, event, journal.id, sequence - 1).await?,
    })
}

async fn set_aside(
    tx: &mut Tx,
    app: &App,
    (event, brought_by): (EventId, DeviceId),
    run: &Run,
    code: &'static str,
) -> Result<(), Fault> {
    if books::aside_count(tx, event).await? >= MAX_ASIDE {
        return Ok(());
    }
    let body = minicbor::to_vec(run).unwrap_or_default(); // to a vector: cannot fail
    let JournalId { device, incarnation } = run.journal;
    let aside = AsideRecord {
        digest: Hash(Sha256::digest(&body).into()),
        journal: JournalId { device, incarnation },
        first: run.first,
        code,
        brought_by,
        body,
        at: app.now(),
    };
    Ok(books::set_aside(tx, event, &aside).await?)
}
