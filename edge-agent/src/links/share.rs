//! Who is asked for what, so that nothing comes twice, and what is left to whoever asks for it.
//!
//! After a cut everybody lacks the same of everybody. A journal is asked of one peer at a time: of its author, while that
//! brings it, else of whoever was asked first. What a peer that asks us by itself lacks is not offered to
//! it beside that, unless it is news. Nothing is ever left out for good: every claim ends with
//! its exchange, or after [`CLAIM`]; who did not ask for [`ASKS`] is offered everything. The cloud neither asks nor is
//! left out.

use super::{Far, Link, LinkState, Links, SILENT};
use crate::store::exchange::{Depth, Offer, Part, Theirs};
use crate::store::memory::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tidegate_core::id::{DeviceId, JournalId};
use tidegate_core::sync::{MAX_MESSAGE_ENTRIES, Request, Response};

/// How long a journal counts as being brought by somebody who was asked for it, or is behind with taking it in:
/// then others may be quicker.
const CLAIM: Duration = SILENT;
/// Who asked us so lately asks again: every second, or when it has taken in what it was given.
const ASKS: Duration = Duration::from_secs(10);
/// Who can ask us does so that soon after we reach it: it tries again within two seconds.
const FIRST: Duration = Duration::from_secs(4);

/// What peers that ask us said last.
#[derive(Default)]
pub(super) struct Askers(Mutex<BTreeMap<DeviceId, Asked>>);

struct Asked {
    at: Instant,
    /// Up to where our own journal was given to it.
    given: u64,
    /// Whether there was more: it asks again at once.
    more: bool,
}

impl Askers {
    fn all(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Links {
    /// What a link does in its next exchange; what it may bring is claimed for it.
    pub fn part(&self, link: &Link, depth: Depth, memory: &Memory) -> Part {
        match (link.far, depth) {
            (Far::Cloud, _) | (_, Depth::Push) => Part::whole(depth),
            (Far::Peer | Far::Found(_), Depth::Repair | Depth::Rows) => {
                Part { offer: self.offer(link, memory), leave: self.claim(link, memory) }
            }
        }
    }

    /// Whether a link has news of ours to tell at once.
    pub fn has_news(&self, link: &Link, memory: &Memory) -> bool {
        let own = memory.vector.sequence(&memory.own);
        match link.far {
            Far::Cloud => link.their(&memory.own) < own,
            Far::Peer | Far::Found(_) => self.news(link, (link.their(&memory.own), own)),
        }
    }

    /// Notes what a peer said that it has, and what it was given.
    pub fn asked(&self, peer: DeviceId, request: &Request, response: &Response, memory: &Memory) {
        // Who pushes does not ask.
        if request.feed.is_none() {
            return;
        }
        let ours = response.runs.iter().filter(|run| run.journal == memory.own);
        let given = ours.map(|run| run.last()).max().unwrap_or(0);
        let asked = Asked { at: Instant::now(), given, more: response.more };
        self.askers.all().insert(peer, asked);
        let Some(vector) = &request.vector else { return };
        for link in self.all().iter().filter(|link| link.reaches() == Some(peer)) {
            let mut state = link.state();
            let newer = |theirs: &Theirs| theirs.vector.ahead_of(vector) == 0;
            if let Some(theirs) = state.theirs.as_mut().filter(|theirs| newer(theirs)) {
                theirs.vector = vector.clone();
            }
        }
    }

    fn offer(&self, link: &Link, memory: &Memory) -> Offer {
        let own = memory.vector.sequence(&memory.own);
        // What it had before it was away is not what it has.
        if !link.state().up {
            Offer::Nothing
        } else if !self.asks(link) {
            Offer::All
        } else if self.news(link, (link.their(&memory.own), own)) {
            Offer::Own
        } else {
            Offer::Nothing
        }
    }

    /// Whether what is at the other end asks us, or may be about to: it has not been there for long.
    fn asks(&self, link: &Link) -> bool {
        let state = link.state();
        let asked = state.device.and_then(|device| self.askers.all().get(&device).map(|asked| asked.at));
        let within = |at: Option<Instant>, time: Duration| at.is_some_and(|at| at.elapsed() < time);
        within(asked, ASKS) || within(state.since, FIRST)
    }

    /// Whether entries of ours up to `own` are news to a peer that has `theirs`: a message holds them, and it is
    /// not being given them. Where it does not ask, all that it lacks is told.
    fn news(&self, link: &Link, (theirs, own): (u64, u64)) -> bool {
        let lacks = own.saturating_sub(theirs);
        if lacks == 0 || !self.asks(link) {
            return lacks > 0;
        }
        let device = link.state().device;
        let askers = self.askers.all();
        let given = device.and_then(|device| askers.get(&device)).filter(|asked| asked.at.elapsed() < CLAIM);
        lacks <= MAX_MESSAGE_ENTRIES as u64 && given.is_none_or(|given| !given.more && given.given < own)
    }

    /// Claims for a link what it may bring, and gives what others bring.
    fn claim(&self, link: &Link, memory: &Memory) -> Vec<JournalId> {
        let links = self.all(); // one at a time, or two would claim the same
        let mut leave: BTreeSet<JournalId> = BTreeSet::new();
        for other in links.iter().filter(|other| !std::ptr::eq(&***other, link)) {
            leave.extend(other.state().bringing(memory));
        }
        let mut state = link.state();
        leave.retain(|journal| Some(journal.device) != state.device);
        let journals = state.ahead_of(memory).filter(|journal| !leave.contains(journal)).collect();
        state.claimed = Some(Claimed { since: Instant::now(), journals });
        leave.into_iter().collect()
    }
}

impl Link {
    /// What was claimed is here, if not taken in yet.
    pub(super) fn answered(&self) {
        if let Some(claimed) = &mut self.state().claimed {
            claimed.since = Instant::now();
        }
    }
}

impl LinkState {
    /// What this link is bringing just now: what it claimed, and its own journal while there is more of it.
    fn bringing(&self, memory: &Memory) -> Vec<JournalId> {
        let claimed = self.claimed.as_ref().filter(|claimed| claimed.since.elapsed() < CLAIM);
        let lately = self.up && self.more && self.heard.is_some_and(|at| at.elapsed() < CLAIM);
        let own = self.ahead_of(memory).filter(|journal| lately && Some(journal.device) == self.device);
        claimed.into_iter().flat_map(|claimed| claimed.journals.iter().copied()).chain(own).collect()
    }

    /// Journals of which the other side has more.
    fn ahead_of(&self, memory: &Memory) -> impl Iterator<Item = JournalId> {
        let theirs =
            self.theirs.iter().flat_map(|theirs| theirs.vector.0.keys().map(move |journal| (theirs, journal)));
        let ahead = |(theirs, journal): (&Theirs, &JournalId)| {
            (theirs.vector.sequence(journal) > memory.vector.sequence(journal)).then_some(*journal)
        };
        theirs.filter_map(ahead)
    }
}

/// What a link was asked to bring.
pub(super) struct Claimed {
    since: Instant,
    journals: BTreeSet<JournalId>,
}
