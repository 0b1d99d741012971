//! The exchange: one question and one answer, the same between agent and cloud
//! and between agents.
//!
//! *Here is a digest of what I have, and my vector if you need it; here are runs
//! you lack; send me mine, and feed pages from my cursor.* It is idempotent and
//! can be resumed anywhere: both sides name what they durably have, and the rest
//! follows. What a side has is a [`Vector`], the ends of every journal it knows.
//! A run that is not taken is named with its reason and blocks nothing else.
//!
//! A journal that was forked has several ends; its branches travel like any other
//! part of it. Where two sides know different histories of a journal, each names
//! points of its own ever further back, and sends what follows the last common one.

use crate::allotment::lend::Want;
use crate::clock::Quality;
use crate::feed::{Cursor, SignedPage};
use crate::id::{DeviceId, EventId, JournalId};
use crate::journal::{EntryRef, Run};
use crate::seal::{Domain, Hash};
use crate::start::{Asked, SignedPart, SignedShelf};
use crate::time::Timestamp;
use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use std::collections::BTreeMap;

/// The version of this exchange; a peer of another one is refused with both numbers.
pub const VERSION: u16 = 1;
/// The largest message, before compression: a page of the feed or some thousand entries.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// Items of CBOR in one message: every journal in several histories, and thousands of runs. Each becomes memory of its
/// own, some dozen bytes where it took one: that much of a hostile message is some megabytes.
pub const MAX_MESSAGE_ITEMS: usize = 1 << 18;
/// Entries that one message offers: some 400 KB, so that a slow link makes steady progress.
pub const MAX_MESSAGE_ENTRIES: usize = 4_096;
/// Journals of one event that are taken: every device of a festival, replaced a few times.
pub const MAX_JOURNALS: usize = 4_096;
/// Journals of one device that are taken: a store that is moved every day of a season.
pub const MAX_INCARNATIONS: usize = 64;
/// Parts of one journal that are kept: a card that was copied to every gate of a venue.
pub const MAX_BRANCHES: usize = 16;

/// The end of a history, or a point in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Head {
    /// How many entries come up to it.
    #[n(0)]
    pub sequence: u64,
    /// The hash of the last one.
    #[n(1)]
    pub hash: Hash,
}

/// The ends of one journal: one, or one a branch where its author wrote several histories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads(Vec<Head>);

impl Heads {
    /// Of these ends, in order.
    pub fn of(mut heads: Vec<Head>) -> Self {
        heads.sort();
        heads.dedup();
        Self(heads)
    }

    /// The ends.
    pub fn all(&self) -> &[Head] {
        &self.0
    }

    /// The longest history.
    pub fn longest(&self) -> Option<&Head> {
        self.0.iter().max()
    }
}

/// One end is written as it was before there were branches; several are a list of them.
impl<C> Encode<C> for Heads {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, context: &mut C) -> Result<(), EncodeError<W::Error>> {
        match &self.0[..] {
            [head] => head.encode(e, context),
            heads => heads.encode(e, context),
        }
    }
}

impl<'b, C> Decode<'b, C> for Heads {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, Error> {
        let mut ahead = d.probe();
        let several = ahead.array()? == Some(0) || ahead.datatype()? == Type::Array;
        Ok(Self::of(if several { Vec::decode(d, context)? } else { vec![Head::decode(d, context)?] }))
    }
}

/// The ends of all journals somebody durably has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Vector(#[n(0)] pub BTreeMap<JournalId, Heads>);

impl Vector {
    /// A hash of it: equal digests, equal vectors.
    pub fn digest(&self) -> Hash {
        Domain::Vector.hash(&[&crate::trust::to_cbor(self)])
    }

    /// The end of a journal's longest history.
    pub fn head(&self, journal: &JournalId) -> Option<&Head> {
        self.0.get(journal).and_then(Heads::longest)
    }

    /// How many entries of a journal's longest history it has.
    pub fn sequence(&self, journal: &JournalId) -> u64 {
        self.head(journal).map_or(0, |head| head.sequence)
    }

    /// How many entries this has that `other` lacks, branches aside.
    pub fn ahead_of(&self, other: &Self) -> u64 {
        let lacks = |journal: &JournalId| self.sequence(journal).saturating_sub(other.sequence(journal));
        self.0.keys().map(lacks).fold(0, u64::saturating_add)
    }

    /// Notes an entry at the end of the history that ended with `previous`.
    pub fn note(&mut self, id: &EntryRef, previous: Option<&Hash>) {
        let Heads(heads) = self.0.entry(id.journal).or_default();
        heads.retain(|head| Some(&head.hash) != previous);
        heads.push(Head { sequence: id.sequence, hash: id.hash });
        heads.sort();
    }
}

/// A part of a journal without a fork in it, as a store keeps it: the trunk, or a branch off another part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The part that it goes off from; none for the trunk, which is the first.
    pub parent: Option<usize>,
    /// The last sequence before it.
    pub base: u64,
    /// Its last sequence.
    pub last: u64,
}

/// What somebody lacks of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// These parts, each after this sequence; nothing where there are none.
    After(Vec<(usize, u64)>),
    /// It has a history that is not here, beside or beyond ours: where they part has to be found.
    Astray,
}

/// What somebody with the ends `theirs`, and who named the points of `trace`, lacks of a journal that is
/// kept in `segments`. `find` says in which segment a point stands, if it is here.
pub fn lack<E>(
    segments: &[Segment],
    theirs: Option<&Heads>,
    trace: &[Head],
    mut find: impl FnMut(&Head) -> Result<Option<usize>, E>,
) -> Result<Lack, E> {
    let mut has: Vec<u64> = segments.iter().map(|segment| segment.base).collect();
    let (mut met, mut unknown, mut beyond) = (false, false, true);
    let longest = segments.iter().map(|segment| segment.last).max().unwrap_or(0);
    // Nobody keeps more histories than that, and each is looked for.
    for point in theirs.map(Heads::all).unwrap_or_default().iter().take(MAX_BRANCHES) {
        match find(point)? {
            Some(place) => {
                met = true;
                reach(segments, &mut has, place, point.sequence);
            }
            None => {
                unknown = true;
                beyond &= point.sequence > longest;
            }
        }
    }
    for point in trace {
        if let Some(place) = find(point)? {
            met = true;
            reach(segments, &mut has, place, point.sequence);
        }
    }
    if unknown && !met && trace.is_empty() {
        // Somebody who is beyond all of ours is more likely ahead than elsewhere, and will send.
        return Ok(if beyond { Lack::After(Vec::new()) } else { Lack::Astray });
    }
    let lacking = segments.iter().zip(has).enumerate();
    let after = lacking.filter(|(_, (segment, has))| segment.last > *has).map(|(place, (_, has))| (place, has));
    Ok(Lack::After(after.collect()))
}

fn reach(segments: &[Segment], has: &mut [u64], place: usize, sequence: u64) {
    let (mut place, mut sequence) = (place, sequence);
    // Every branch goes off from a part before it, so this ends at the trunk.
    while let (Some(segment), Some(known)) = (segments.get(place), has.get_mut(place)) {
        *known = sequence.max(*known);
        match segment.parent.filter(|parent| *parent < place) {
            Some(parent) => (place, sequence) = (parent, segment.base),
            None => return,
        }
    }
}

/// The sequences that are named to find where two histories part: the last one, and then ever further
/// back, so that half of what is sent again at most was common.
pub fn trace(last: u64) -> impl Iterator<Item = u64> {
    let back = (0..u64::BITS).map(move |step| last.checked_sub((1 << step) - 1));
    back.map_while(|place| place.filter(|place| *place > 0))
}

/// The question.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Request {
    /// [`VERSION`].
    #[n(0)]
    pub version: u16,
    /// Of which event.
    #[n(1)]
    pub event: EventId,
    /// The digest of the asker's vector, these runs aside.
    #[n(2)]
    pub digest: Hash,
    /// The asker's vector, where it wants entries back.
    #[n(3)]
    pub vector: Option<Vector>,
    /// Entries that the other side is thought to lack.
    #[n(4)]
    pub runs: Vec<Run>,
    /// Where the asker stands in the feed, if it wants pages.
    #[n(5)]
    pub feed: Option<Cursor>,
    /// The asker's time.
    #[n(6)]
    pub now: Timestamp,
    /// Rights that the asker would like to have.
    #[n(7)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub wants: Vec<Want>,
    /// Points of the asker's history, where the other side's is known to be another.
    #[n(8)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub traces: Vec<Trace>,
    /// The journal that the asker writes, where it wants rights.
    #[n(9)]
    pub journal: Option<JournalId>,
    /// What the asker's time rests on.
    #[n(10)]
    pub quality: Option<Quality>,
    /// What the asker wants of a start, and of the rows behind it.
    #[n(11)]
    pub start: Option<Asked>,
    /// Journals that others are bringing to the asker just now: whoever knows the field leaves them out.
    #[n(12)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub leave: Vec<JournalId>,
}

/// Why a question is not for whoever got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdirected {
    /// It speaks another version.
    Version,
    /// It is about another event.
    Event,
}

impl Request {
    /// Whether it can be answered by whoever works for `event` and speaks [`VERSION`].
    ///
    /// # Errors
    /// Where it speaks another version, or is about another event.
    pub fn is_for(&self, event: EventId) -> Result<(), Misdirected> {
        match (self.version == VERSION, self.event == event) {
            (false, _) => Err(Misdirected::Version),
            (true, false) => Err(Misdirected::Event),
            (true, true) => Ok(()),
        }
    }

    /// A question that brings nothing and asks for nothing but the time, of somebody who has nothing.
    pub fn empty(event: EventId, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            event,
            digest: Vector::default().digest(),
            vector: None,
            runs: Vec::new(),
            feed: None,
            now,
            wants: Vec::new(),
            traces: Vec::new(),
            journal: None,
            quality: None,
            start: None,
            leave: Vec::new(),
        }
    }
}

/// Points of one journal's histories, to find where two part.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Trace {
    /// Whose journal.
    #[n(0)]
    pub journal: JournalId,
    /// The points, of every history that its sender has.
    #[n(1)]
    pub points: Vec<Head>,
}

/// Points in one trace: every step back in the longest journal, in some dozen branches.
pub const MAX_TRACE_POINTS: usize = 1_024;
/// Journals that are traced in one message; more forks at once than any event sees.
pub const MAX_TRACES: usize = 16;

/// What the points are that somebody named of a journal.
pub fn points(traces: &[Trace], journal: JournalId) -> &[Head] {
    let found = traces.iter().take(MAX_TRACES).find(|trace| trace.journal == journal);
    found.map(|trace| &trace.points[..trace.points.len().min(MAX_TRACE_POINTS)]).unwrap_or_default()
}

/// A run that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Rejected {
    /// Whose.
    #[n(0)]
    pub journal: JournalId,
    /// From where.
    #[n(1)]
    pub first: u64,
    /// Stable code: `journal_gap`, `bad_signature`, …
    #[n(2)]
    pub code: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Response {
    /// The digest of what the answerer durably has, the runs included.
    #[n(0)]
    pub digest: Hash,
    /// What it durably has, where the digests differ.
    #[n(1)]
    pub vector: Option<Vector>,
    /// Entries that the asker lacks, if it gave its vector.
    #[n(2)]
    pub runs: Vec<Run>,
    /// Pages after the asker's cursor.
    #[n(3)]
    pub pages: Vec<SignedPage>,
    /// Runs that were not taken, and why.
    #[n(4)]
    pub rejected: Vec<Rejected>,
    /// Whether there is more of runs or pages to ask for.
    #[n(5)]
    pub more: bool,
    /// The answerer's time.
    #[n(6)]
    pub now: Timestamp,
    /// Who answers; absent for the cloud.
    #[n(7)]
    pub device: Option<DeviceId>,
    /// Points of the answerer's history, where the asker's is known to be another.
    #[n(8)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub traces: Vec<Trace>,
    /// From the cloud: how long the asker may use its rights from when it asked, seconds.
    #[n(9)]
    pub lease_s: Option<u32>,
    /// What the answerer's time rests on; absent for the cloud, whose time is the one that counts.
    #[n(10)]
    pub quality: Option<Quality>,
    /// Parts of a start: those that follow what the asker has gathered, or the first of another.
    #[n(11)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub start: Vec<SignedPart>,
    /// Rows behind the asker's start.
    #[n(12)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub shelves: Vec<SignedShelf>,
}

#[cfg(test)]
mod tests;
