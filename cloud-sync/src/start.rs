//! Starts: what a new device needs before it decides, made once for whoever asks in the same seconds.
//!
//! A start is read from one snapshot: small rows, marked tickets, a digest of who was used, the
//! journals' frontier. It is signed when it is made; parts leave as they are, so that a line that breaks
//! goes on where it was. What every ticket is called comes behind, on shelves in the order of ids.

mod make;
mod uses;

use crate::app::App;
use crate::fault::Fault;
use crate::keys::{self, Purpose};
use crate::store::{self, Tx};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError};
use tidegate_core::feed::{Epoch, MAX_PAGE_ROWS};
use tidegate_core::id::{EventId, TicketId};
use tidegate_core::seal::Hash;
use tidegate_core::start::{Gathered, Place, Shelf, SignedPart, SignedShelf};
use tidegate_core::time::{SECOND_US, Timestamp};
use tokio::sync::Mutex;
use uses::KnownUses;

/// A start that is younger is given to whoever asks next: what changed since comes by pages and journals.
const FRESH_US: i64 = 5 * SECOND_US;
/// How long a start is kept for whoever has some of its parts: a slow line, and a pause on it.
const KEPT_US: i64 = 600 * SECOND_US;
/// Starts of one event that are kept.
const KEPT: usize = 2;
/// Events whose starts are kept; beyond it all are dropped and made again.
const MAX_EVENTS: usize = 32;
/// Bytes of parts in one answer, before compression: a slow line makes steady progress.
const ANSWER_BYTES: usize = 2 << 20;
/// Shelves in one answer: about a megabyte.
const ANSWER_SHELVES: usize = 4;

/// The starts of all events that were asked for lately.
#[derive(Default)]
pub struct Starts(std::sync::Mutex<HashMap<EventId, Arc<Mutex<OfEvent>>>>);

#[derive(Default)]
struct OfEvent {
    uses: KnownUses,
    made: VecDeque<Made>,
}

/// A start, signed.
struct Made {
    epoch: Epoch,
    contents: Hash,
    at: Timestamp,
    parts: Vec<SignedPart>,
}

/// Which parts are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that follow, as many as fit an answer.
    Next,
    /// The first alone: somebody does not know yet that there is another life of the cloud.
    First,
}

impl Starts {
    fn of(&self, event: EventId) -> Arc<Mutex<OfEvent>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_EVENTS && !all.contains_key(&event) {
            all.clear();
        }
        all.entry(event).or_default().clone()
    }

    /// Forgets all of them: another life of the cloud has begun.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The parts that follow what somebody has gathered, or the first ones of a start of now; and whether
/// there are more.
pub async fn parts(
    app: &Arc<App>,
    (event, epoch): (EventId, Epoch),
    gathered: &[Gathered],
    wanted: Wanted,
) -> Result<(Vec<SignedPart>, bool), Fault> {
    let of_event = app.starts.of(event);
    let mut of_event = of_event.lock_owned().await;
    let now = app.now();
    let age = |made: &Made| now.since_us(made.at).abs();
    of_event.made.retain(|made| made.epoch == epoch && age(made) < KEPT_US);
    let going_on = of_event.made.iter().find_map(|made| {
        let of_it = gathered.iter().find(|one| one.contents == made.contents)?;
        Some((made, of_it.next as usize)).filter(|(made, next)| *next < made.parts.len())
    });
    if let Some((made, next)) = going_on {
        return Ok(answer(&made.parts, next, wanted));
    }
    if of_event.made.back().is_none_or(|made| age(made) >= FRESH_US) {
        // The lock goes with the work: whoever asked may hang up, and the next one finds what was made.
        let made = app.read(move |tx, app| {
            Box::pin(async move {
                let made = make::make(tx, app, event, &mut of_event.uses).await?;
                of_event.made.push_back(made);
                while of_event.made.len() > KEPT {
                    of_event.made.pop_front();
                }
                Ok(of_event)
            })
        });
        of_event = made.await?;
    }
    Ok(of_event.made.back().map(|made| answer(&made.parts, 0, wanted)).unwrap_or_default())
}

fn answer(parts: &[SignedPart], from: usize, wanted: Wanted) -> (Vec<SignedPart>, bool) {
    let (mut given, mut bytes) = (Vec::new(), 0);
    for part in &parts[from..] {
        if !given.is_empty() && (bytes + part.size() > ANSWER_BYTES || wanted == Wanted::First) {
            break;
        }
        bytes += part.size();
        given.push(part.clone());
    }
    let more = from + given.len() < parts.len() && wanted == Wanted::Next;
    (given, more)
}

/// The shelves after a place, at most [`ANSWER_SHELVES`], and whether there are more.
pub async fn shelves(
    tx: &mut Tx,
    app: &App,
    event: EventId,
    place: Place,
) -> Result<(Vec<SignedShelf>, bool), Fault> {
    let epoch = app.epoch(tx).await?;
    if place.epoch != epoch {
        return Ok((Vec::new(), false));
    }
    let revisions = store::feed::revisions(tx, event).await?.ok_or_else(|| Fault::missing("event"))?;
    let key = keys::load(tx, &app.vault, Purpose::Feed(event)).await?;
    let (mut shelves, mut after) = (Vec::new(), place.after);
    while shelves.len() < ANSWER_SHELVES {
        let rows = store::starts::shelf(tx, event, after, MAX_PAGE_ROWS as u64).await?;
        let last = rows.last().filter(|_| rows.len() == MAX_PAGE_ROWS);
        let until = last.and_then(|row| row.key[..].try_into().ok()).map(TicketId::from_bytes);
        let (revision, cloud_time) = (revisions.newest, app.now());
        shelves.push(SignedShelf::sign(&key, &Shelf { event, epoch, revision, cloud_time, after, until, rows }));
        if until.is_none() {
            return Ok((shelves, false));
        }
        after = until;
    }
    Ok((shelves, true))
}
