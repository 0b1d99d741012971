//! An exchange without a network: what is asked, what is answered, what is taken in.
//!
//! The runs that are sent are cut at signed heads; the answer holds what the asker
//! lacks and pages of the feed, as many as fit. What comes in is taken in one
//! transaction, and acknowledged by a vector that was read after its commit. Messages
//! are carried by others: sockets, waiting and the state of links are not known here.

use super::journal::{self, Lacking, Whose};
use super::memory::Memory;
use super::tx::Tx;
use super::{Fault, contact, exposure, incarnation, replica, rights, start};
use crate::time::Reading;
use rusqlite::Connection;
use std::time::Duration;
use tidegate_core::allotment::lend::Want;
use tidegate_core::clock::Quality;
use tidegate_core::feed::SignedPage;
use tidegate_core::id::{DeviceId, EventId, JournalId};
use tidegate_core::journal::Run;
use tidegate_core::start::SignedPart;
use tidegate_core::sync::{
    MAX_JOURNALS, MAX_MESSAGE_ENTRIES, Rejected, Request, Response, Trace, VERSION, Vector,
};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Rights;

/// How much an exchange asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Our own new entries, at once.
    Push,
    /// Everything: all journals both ways, the feed, and a start where one is wanted.
    Repair,
    /// The same, and the rows behind the start.
    Rows,
}

/// What a question brings along and asks for, beside its depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which of the runs that the other side lacks it brings.
    pub offer: Offer,
    /// Journals that it does not ask for: others are bringing them.
    pub leave: Vec<JournalId>,
}

/// Which runs are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// All that are lacking.
    All,
    /// Those of our own journal.
    Own,
    /// None: the other side asks for itself.
    Nothing,
}

impl Part {
    /// Everything that a question of this depth can bring and ask for.
    pub fn whole(depth: Depth) -> Self {
        let offer = if depth == Depth::Push { Offer::Own } else { Offer::All };
        Self { offer, leave: Vec::new() }
    }
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What the other side has now.
    pub theirs: Theirs,
    /// Who it is, if it is a device.
    pub device: Option<DeviceId>,
    /// Whether there is more to do at once.
    pub more: bool,
    /// Whether something we sent was not taken; it is offered again later, not at once.
    pub refused: bool,
}

/// What the other side is known to have, from its last answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theirs {
    /// The ends of its journals.
    pub vector: Vector,
    /// Points of its histories, where they are known to be others than ours.
    pub traces: Vec<Trace>,
}

/// The question about an event by a device with the rights `own`, to somebody who has `theirs`, where that is known; also whether runs are left for the
/// next one. Nothing is offered before the other side has said once what it has.
pub fn request(
    connection: &Connection,
    memory: &Memory,
    (event, own): (EventId, Rights),
    theirs: Option<&Theirs>,
    depth: Depth,
    reading: Reading,
) -> Result<(Request, bool), Fault> {
    part_of_request(connection, memory, (event, own), theirs, (depth, Part::whole(depth)), reading)
}

/// The same, for one of several links that share the work.
pub fn part_of_request(
    connection: &Connection,
    memory: &Memory,
    (event, own): (EventId, Rights),
    theirs: Option<&Theirs>,
    (depth, part): (Depth, Part),
    reading: Reading,
) -> Result<(Request, bool), Fault> {
    let found = match theirs {
        Some(theirs) => offered(connection, memory, theirs, part.offer)?,
        None => Lacking { more: true, ..Lacking::default() },
    };
    let repair = depth != Depth::Push;
    // Who had the same is told so by the digest; where it has come to differ, the next question says by what.
    let same = theirs.is_some_and(|theirs| theirs.vector == memory.vector);
    let request = Request {
        version: VERSION,
        event,
        digest: memory.vector.digest(),
        vector: (repair && !same).then(|| memory.vector.clone()),
        runs: found.runs,
        feed: repair.then_some(memory.cursor),
        now: reading.now,
        wants: rights::wants(connection, memory, own, &reading)?,
        traces: found.traces,
        journal: Some(memory.own),
        quality: Some(reading.quality),
        start: repair.then(|| start::asked(memory, depth == Depth::Rows)),
        leave: part.leave,
    };
    Ok((request, found.more))
}

fn offered(connection: &Connection, memory: &Memory, theirs: &Theirs, offer: Offer) -> Result<Lacking, Fault> {
    let (whose, limit) = match offer {
        Offer::All => (Whose::All, MAX_MESSAGE_ENTRIES),
        Offer::Own => (Whose::Only(memory.own), MAX_MESSAGE_ENTRIES),
        Offer::Nothing => (Whose::All, 0), // where histories part is said all the same
    };
    let found = journal::lacking(connection, memory, &theirs.vector, &theirs.traces, whose, limit)?;
    Ok(Lacking { more: found.more && limit > 0, ..found })
}

/// What came from another side, to be taken in.
#[derive(Debug)]
pub struct Arrived<'a> {
    /// Who brought it, for logs and evidence.
    pub source: &'a str,
    /// Which device that is; none for the cloud.
    pub who: Option<DeviceId>,
    /// Entries.
    pub runs: &'a [Run],
    /// Parts of a start.
    pub start: &'a [SignedPart],
    /// Pages of the feed.
    pub pages: &'a [SignedPage],
    /// What that side has; absent where it did not say.
    pub theirs: Option<&'a Vector>,
    /// Its time.
    pub now: Timestamp,
    /// What its time rests on; absent for the cloud.
    pub quality: Option<Quality>,
    /// How long the cloud lends the rights, seconds, and when it was asked on this boot's clock.
    pub lease: Option<(u32, Duration)>,
    /// The rights that it would like to have, for its journal.
    pub wants: Option<(JournalId, &'a [Want])>,
}

/// Takes in what came, in one transaction; gives the runs that were not taken.
pub fn take(tx: &mut Tx<'_>, arrived: &Arrived<'_>) -> Result<Vec<Rejected>, Fault> {
    start::take(tx, arrived.source, arrived.start)?;
    replica::take(tx, arrived.source, arrived.pages)?;
    let rejected = journal::take(tx, arrived.source, arrived.runs)?;
    start::look(tx)?;
    contact::heard(tx, arrived.now, arrived.quality)?;
    exposure::met(tx, arrived.who, arrived.theirs)?;
    if let Some((seconds, asked)) = arrived.lease {
        contact::lend(tx, seconds, asked, arrived.now)?;
    }
    let confirmed = tx.memory.contact.confirmed;
    if let Some(theirs) = arrived.theirs {
        incarnation::confirm(tx, theirs)?;
    }
    let rights = tx.enrolment.identity.all_rights();
    if rights.holds(Rights::SERVE) || rights.holds(Rights::ADMIT) {
        rights::accept_offers(tx)?;
    }
    if let Some((journal, wants)) = arrived.wants {
        rights::lend(tx, journal, wants)?;
    }
    if !arrived.runs.is_empty() || confirmed != tx.memory.contact.confirmed {
        rights::pay_deficits(tx)?;
    }
    Ok(rejected)
}

/// Takes in a question from `peer`, whom the link knows by its certificate.
pub fn take_request(
    tx: &mut Tx<'_>,
    source: &str,
    peer: DeviceId,
    request: &Request,
) -> Result<Vec<Rejected>, Fault> {
    let same = (request.digest == tx.memory.vector.digest()).then(|| tx.memory.vector.clone());
    let arrived = Arrived {
        source,
        who: Some(peer),
        runs: &request.runs,
        start: &[],
        pages: &[],
        theirs: same.as_ref().or(request.vector.as_ref()),
        now: request.now,
        quality: Some(request.quality.unwrap_or(Quality::Unsure)),
        lease: None,
        wants: request
            .journal
            .filter(|journal| journal.device == peer)
            .map(|journal| (journal, &request.wants[..])),
    };
    take(tx, &arrived)
}

/// Takes in the answer to a question that was asked from the state `before`, at `asked` on this boot's clock.
pub fn take_response(
    tx: &mut Tx<'_>,
    source: &str,
    response: &Response,
    before: &Memory,
    asked: Duration,
) -> Result<(), Fault> {
    let arrived = Arrived {
        source,
        who: response.device,
        runs: &response.runs,
        start: &response.start,
        pages: &response.pages,
        theirs: Some(response.vector.as_ref().unwrap_or(&before.vector)),
        now: response.now,
        quality: response.quality.or(response.device.map(|_| Quality::Unsure)),
        lease: response.lease_s.filter(|_| response.device.is_none()).map(|seconds| (seconds, asked)),
        wants: None,
    };
    take(tx, &arrived).map(drop)
}

/// The answer of `device` to a question whose runs were taken, from the state after that.
pub fn respond(
    connection: &Connection,
    memory: &Memory,
    request: &Request,
    rejected: Vec<Rejected>,
    reading: Reading,
    device: DeviceId,
) -> Result<Response, Fault> {
    let digest = memory.vector.digest();
    let same = digest == request.digest;
    let found = match request.vector.as_ref().filter(|_| !same) {
        Some(theirs) => {
            let leave = request.leave.iter().take(MAX_JOURNALS).copied().collect();
            journal::lacking(connection, memory, theirs, &request.traces, Whose::But(&leave), MAX_MESSAGE_ENTRIES)?
        }
        None => Lacking::default(),
    };
    let (parts, more_parts) = parts(connection, memory, request)?;
    // Pages are of no use to somebody who is given a start.
    let (pages, more_pages) = match request.feed.filter(|theirs| *theirs != memory.cursor && parts.is_empty()) {
        Some(cursor) => replica::pages_after(connection, cursor)?,
        None => (Vec::new(), false),
    };
    let (shelves, more_shelves) = match request.start.as_ref().and_then(|asked| asked.rows) {
        Some(place) => start::rows::shelves_after(connection, place)?,
        None => (Vec::new(), false),
    };
    Ok(Response {
        digest,
        vector: (!same).then(|| memory.vector.clone()),
        runs: found.runs,
        pages,
        rejected,
        more: found.more || more_parts || more_pages || more_shelves,
        now: reading.now,
        device: Some(device),
        traces: found.traces,
        lease_s: None,
        quality: Some(reading.quality),
        start: parts,
        shelves,
    })
}

/// The parts of a start that are asked for, or the first one for whoever is of another life of the cloud.
fn parts(connection: &Connection, memory: &Memory, request: &Request) -> Result<(Vec<SignedPart>, bool), Fault> {
    let Some(asked) = &request.start else { return Ok((Vec::new(), false)) };
    match (&asked.gathered, request.feed) {
        (Some(gathered), _) => start::parts_for(connection, memory, gathered),
        (None, Some(cursor)) if cursor.epoch != memory.cursor.epoch && memory.ready => {
            Ok((start::first_part(connection, memory)?, false))
        }
        (None, Some(_) | None) => Ok((Vec::new(), false)),
    }
}

/// What an exchange came to: asked from the state `before`, with more runs left or not, and with what
/// the answer brought in the state `after`.
pub fn done(request: &Request, more_runs: bool, response: &Response, before: &Memory, after: &Memory) -> Done {
    let refused = !response.rejected.is_empty();
    // What we could not take comes again as it is: asking for it at once would ask for ever.
    let took = after.vector != before.vector
        || after.cursor != before.cursor
        || after.start.progress() != before.start.progress();
    let progress = took || !request.runs.is_empty();
    let differs = request.feed.is_some() && request.vector.is_none() && response.vector.is_some();
    let vector = response.vector.clone().unwrap_or_else(|| before.vector.clone());
    Done {
        theirs: Theirs { vector, traces: response.traces.clone() },
        device: response.device,
        more: (progress && !refused && (response.more || more_runs)) || differs,
        refused,
    }
}
