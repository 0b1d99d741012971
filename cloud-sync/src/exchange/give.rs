//! What a device gets: where we stand, the runs it lacks, the feed after its cursor.
//!
//! Runs are cut at heads that their author signed: the signature is kept with the
//! entry it was made over. All of it comes from one snapshot.

use crate::app::App;
use crate::fault::Fault;
use crate::feed;
use crate::store::Tx;
use crate::store::journals::{self, EntryRecord, JournalRecord};
use tidegate_core::id::EventId;
use tidegate_core::journal::{MAX_RUN_ENTRIES, Run};
use tidegate_core::sync::{Head, MAX_MESSAGE_ENTRIES, Request, Response, Vector};
use tidegate_core::trust::Certificate;

/// Answers a request whose runs were taken.
pub async fn give(tx: &mut Tx, app: &App, request: Request) -> Result<Response, Fault> {
    let journals = journals::of_event(tx, request.event).await?;
    let vector = vector(&journals);
    let (runs, more_runs) = match &request.vector {
        Some(theirs) => runs(tx, request.event, &journals, (&vector, theirs)).await?,
        None => (Vec::new(), false),
    };
    let (pages, more_pages) = match request.feed {
        Some(cursor) => feed::pages(tx, app, request.event, cursor).await?,
        None => (Vec::new(), false),
    };
    let digest = vector.digest();
    Ok(Response {
        digest,
        vector: Some(vector).filter(|_| digest != request.digest),
        runs,
        pages,
        rejected: Vec::new(),
        more: more_runs || more_pages,
        now: app.now(),
        device: None,
    })
}

fn vector(journals: &[JournalRecord]) -> Vector {
    let begun = journals.iter().filter(|journal| journal.entries > 0);
    Vector(begun.map(|journal| (journal.id, Head { sequence: journal.entries, hash: journal.hash })).collect())
}

async fn runs(
    tx: &mut Tx,
    event: EventId,
    journals: &[JournalRecord],
    (ours, theirs): (&Vector, &Vector),
) -> Result<(Vec<Run>, bool), Fault> {
    let (mut runs, mut left, mut more) = (Vec::new(), MAX_MESSAGE_ENTRIES as u64, false);
    for (id, from) in ours.beyond(theirs) {
        let Some(journal) = journals.iter().find(|journal| journal.id == id) else { continue };
        let entries = journals::after(tx, event, id, from, left).await?;
        let cut = cut(journal, entries);
        let given: u64 = cut.iter().map(|run| run.entries.len() as u64).sum();
        more |= from + given < journal.entries;
        left -= given;
        runs.extend(cut);
        if left == 0 {
            break;
        }
    }
    let given: usize = runs.iter().map(|run| run.entries.len()).sum();
    Ok((runs, more || ours.ahead_of(theirs) > given as u64))
}

/// Cuts entries in a row into runs that each end at a signed head.
fn cut(journal: &JournalRecord, entries: Vec<EntryRecord>) -> Vec<Run> {
    let Ok(certificate) = Certificate::from_bytes(&journal.certificate) else { return Vec::new() };
    let mut runs = Vec::new();
    let mut rest = &entries[..];
    while let Some(first) = rest.first() {
        let window = &rest[..rest.len().min(MAX_RUN_ENTRIES)];
        let signed = window.iter().enumerate().rev().find_map(|(place, e)| Some((place, e.signature?)));
        let Some((place, signature)) = signed else { break };
        let (run, after) = rest.split_at(place + 1);
        runs.push(Run {
            journal: journal.id,
            first: first.id.sequence,
            entries: run.iter().map(|entry| entry.body.clone().into()).collect(),
            signature,
            certificate: certificate.clone(),
        });
        rest = after;
    }
    runs
}
