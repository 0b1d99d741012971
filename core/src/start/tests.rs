//! A start and its shelves: what opens, and what is named by what.

use super::uses::Use;
use super::*;
use crate::catalogue::{TicketRow, TicketStatus};
use crate::feed::Change;
use crate::id::{DeviceId, JournalId, ListId, ProductId};
use crate::sync::{Head, Heads};
use std::collections::BTreeSet;

const EVENT: EventId = EventId([1; 16]);
const EPOCH: Epoch = Epoch([4; 16]);

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn ticket(number: u16) -> TicketId {
    let [high, low] = number.to_be_bytes();
    TicketId::from_bytes([high, low, 0, 0, 0, 0])
}

fn cancelled(number: u16) -> Row {
    let row = TicketRow { status: TicketStatus::Cancelled, ..TicketRow::new(ticket(number), ProductId(1)) };
    Change::Ticket(Box::new(row)).to_row()
}

fn frontier() -> Vector {
    let journal = JournalId { device: DeviceId([7; 16]), incarnation: 1 };
    Vector([(journal, Heads::of(vec![Head { sequence: 9, hash: Hash([3; 32]) }]))].into())
}

fn draft(tickets: u16, used: u16) -> Draft {
    let uses = (0..used).map(|number| Use::Passage(ListId(1)).key(ticket(number))).collect();
    Draft {
        event: EVENT,
        epoch: EPOCH,
        revision: 12,
        cloud_time: Timestamp(5),
        told: Marks::ALWAYS,
        rows: (0..tickets).map(cancelled).collect(),
        frontier: frontier(),
        uses: Uses::of(uses),
        codes: vec![vec![1, 2, 3]],
    }
}

fn opened(signed: &[SignedPart]) -> Vec<Part> {
    let public = key().verifying_key().into();
    signed.iter().map(|part| part.open(&public, EVENT).unwrap()).collect()
}

#[test]
fn the_parts_of_a_start_hold_all_of_it_and_their_hash_names_it() {
    let (name, signed) = draft(9_000, 60_000).sign(&key());
    let parts = opened(&signed);
    assert!(parts.len() > 4, "rows and digest are cut: {}", parts.len());
    let numbers: Vec<u32> = parts.iter().map(|part| part.number).collect();
    assert_eq!(numbers, (0..parts.len() as u32).collect::<Vec<_>>());
    let about = &parts[0].about;
    assert!(parts.iter().all(|part| part.about == *about));
    assert_eq!((about.parts as usize, about.revision), (parts.len(), 12));
    assert_eq!(name, about.contents);
    assert_eq!(name, about.name(&parts.iter().map(Part::hash).collect::<Vec<_>>()));
    let (mut pieces, mut rows) = (Pieces::default(), Vec::new());
    for part in &parts {
        let content = part.content().unwrap();
        pieces.add(&content);
        rows.extend(content.rows);
    }
    assert_eq!(rows, (0..9_000).map(cancelled).collect::<Vec<_>>());
    let uses = pieces.uses().unwrap();
    assert!((0..60_000).all(|number| uses.holds(Use::Passage(ListId(1)), ticket(number))));
    let first = parts[0].content().unwrap();
    assert_eq!((first.frontier, first.codes.len()), (Some(frontier()), 1));
}

#[test]
fn the_same_draft_gives_the_same_parts_and_another_another_name() {
    assert_eq!(draft(3, 3).sign(&key()), draft(3, 3).sign(&key()));
    let later = Draft { cloud_time: Timestamp(6), ..draft(3, 3) };
    let names = [draft(3, 3), draft(4, 3), draft(3, 4), Draft { codes: Vec::new(), ..draft(3, 3) }, later]
        .map(|draft| opened(&draft.sign(&key()).1)[0].about.contents);
    assert_eq!(BTreeSet::from(names).len(), 5);
}

#[test]
fn a_part_that_was_altered_or_signed_by_another_or_for_another_event_is_refused() {
    let part = draft(1, 1).sign(&key()).1.remove(0);
    let public: PublicKey = key().verifying_key().into();
    let stranger = SigningKey::from_bytes(&[2; 32]).verifying_key().into();
    assert_eq!(part.open(&stranger, EVENT).err(), Some(FeedFault::Signature));
    assert_eq!(part.open(&public, EventId([9; 16])).err(), Some(FeedFault::Event));
    let mut altered = part.clone();
    altered.body[9] ^= 1;
    assert_eq!(altered.open(&public, EVENT).err(), Some(FeedFault::Signature));
    let garbage = SignedPart { signature: Domain::Start.sign(&key(), &[b"no"]), body: b"no".to_vec().into() };
    assert_eq!(garbage.open(&public, EVENT).err(), Some(FeedFault::Unreadable));
    let beyond = Part { number: 9, ..opened(&[part]).remove(0) };
    assert_eq!(SignedPart::sign(&key(), &beyond).open(&public, EVENT).err(), Some(FeedFault::Size));
}

#[test]
fn a_shelf_is_taken_only_where_it_leads_on() {
    let shelf = Shelf {
        event: EVENT,
        epoch: EPOCH,
        revision: 12,
        cloud_time: Timestamp(5),
        after: Some(ticket(5)),
        until: Some(ticket(9)),
        rows: vec![cancelled(6)],
    };
    let here = Place { epoch: EPOCH, since: 12, after: Some(ticket(5)) };
    let public = key().verifying_key().into();
    let check = |change: &dyn Fn(&mut Shelf, &mut Place), expect: Result<(), FeedFault>| {
        let (mut shelf, mut place) = (shelf.clone(), here);
        change(&mut shelf, &mut place);
        let opened = SignedShelf::sign(&key(), &shelf).open(&public, EVENT, place);
        assert_eq!(opened.map(drop), expect, "{shelf:?} at {place:?}");
    };
    check(&|_, _| (), Ok(()));
    check(&|_, place| place.after = Some(ticket(8)), Ok(()));
    check(&|shelf, place| (shelf.after, place.after) = (None, None), Ok(()));
    check(&|shelf, _| shelf.until = None, Ok(()));
    check(&|_, place| place.after = Some(ticket(9)), Err(FeedFault::Gap));
    check(&|_, place| place.after = Some(ticket(4)), Err(FeedFault::Gap));
    check(&|_, place| place.after = None, Err(FeedFault::Gap));
    check(&|_, place| place.since = 13, Err(FeedFault::Gap));
    check(&|shelf, _| shelf.epoch = Epoch([5; 16]), Err(FeedFault::Epoch));
    check(&|shelf, _| shelf.event = EventId([2; 16]), Err(FeedFault::Event));
    check(&|shelf, _| shelf.rows = vec![cancelled(6); MAX_PAGE_ROWS + 1], Err(FeedFault::Size));
}
