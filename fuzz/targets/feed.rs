//! Target `feed`: pages, rows and certificates.
//!
//! Parts of a start and shelves too. Claims: nothing opens under a key that did not sign it, whatever it holds; what was signed opens
//! exactly if it can be read, is of this event and follows the cursor; what a row changes survives the round
//! trip; what a catalogue answers from such rows is answered without panic and in range.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_core::catalogue::{Catalogue, CheckInList, Event};
use tidegate_core::feed::{Change, Cursor, Epoch, FeedFault, MAX_PAGE_ROWS, Page, Row, SignedPage};
use tidegate_core::id::{DateId, ListId, ProductId, TicketId};
use tidegate_core::seal::Domain;
use tidegate_core::start::uses::{Use, Uses};
use tidegate_core::start::{Place, SignedPart, SignedShelf};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, TrustFault};
use tidegate_fuzz::shape::{Input, round_trip, sealed};
use tidegate_fuzz::world::{EVENT, KEYS, STRANGER};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    // Signatures take a hundred times as long as reading: they get few of the inputs.
    match input.byte() % 34 {
        0 => foreign(input.0),
        1..=3 => drop(round_trip::<SignedPage>(input.0)),
        4..=7 => page(input.0),
        8..=26 => row(input),
        27 => drop(round_trip::<Identity>(input.0)),
        28 => signed(input),
        29 => many(input),
        30 => identity(input.0),
        31 => certificate(input.0),
        32 => part(input.0),
        _ => shelf(input.0),
    }
});

/// A page that nobody signed.
fn foreign(bytes: &[u8]) {
    let Some(page) = round_trip::<SignedPage>(bytes) else { return };
    let opened = page.open(&KEYS.public, EVENT, Cursor::default());
    assert!(matches!(opened, Err(FeedFault::Signature | FeedFault::Size)), "{opened:?}");
}

/// Any bytes under a right signature.
fn signed(mut input: Input<'_>) {
    let cursor = cursor(&mut input);
    signed_page(input.0, cursor);
}

/// A page whose rows come again and again, to as many as a page may have or one more, under a right signature.
fn many(mut input: Input<'_>) {
    let (cursor, rows) = (cursor(&mut input), MAX_PAGE_ROWS + usize::from(input.byte() % 2));
    let Ok(page) = minicbor::decode::<Page>(input.0) else { return };
    let page = Page { rows: page.rows.iter().cycle().take(rows).cloned().collect(), ..page };
    signed_page(&minicbor::to_vec(&page).expect("a vector takes everything"), cursor);
}

fn cursor(input: &mut Input<'_>) -> Cursor {
    let (epoch, revision) = (Epoch([input.byte(); 16]), u64::from(input.byte()));
    if revision == 0 { Cursor::default() } else { Cursor { epoch, revision } }
}

fn signed_page(bytes: &[u8], cursor: Cursor) {
    let signature = Domain::Feed.sign(&KEYS.own, &[bytes]);
    let page: SignedPage = minicbor::decode(&sealed(bytes, &signature.0)).expect("laid out like a page");
    match (page.open(&KEYS.public, EVENT, cursor), minicbor::decode::<Page>(bytes)) {
        (Ok(page), Ok(read)) => {
            assert_eq!(page, read);
            assert!(page.event == EVENT && page.rows.len() <= MAX_PAGE_ROWS);
            assert!(page.from <= cursor.revision && page.to >= cursor.revision, "it goes backwards");
        }
        (Err(FeedFault::Unreadable), Err(_)) => {}
        (Err(FeedFault::Signature | FeedFault::Unreadable) | Ok(_), _) => panic!("it was signed"),
        (Err(FeedFault::Event | FeedFault::Epoch | FeedFault::Gap | FeedFault::Size), _) => {}
    }
    assert_eq!(page.open(&STRANGER.public, EVENT, cursor), Err(FeedFault::Signature));
}

/// A part of a start under a right signature, and what is in it.
fn part(bytes: &[u8]) {
    let signature = Domain::Start.sign(&KEYS.own, &[bytes]);
    let signed: SignedPart = minicbor::decode(&sealed(bytes, &signature.0)).expect("laid out like a part");
    assert_eq!(signed.open(&STRANGER.public, EVENT), Err(FeedFault::Signature));
    let Ok(part) = signed.open(&KEYS.public, EVENT) else { return };
    assert!(part.about.event == EVENT && part.number < part.about.parts);
    let Ok(content) = part.content() else { return };
    content.rows.iter().for_each(|row| drop(change(row)));
    let fingerprints = content.fingerprints.as_deref().map_or(&[][..], |bytes| bytes);
    if let Some(uses) = Uses::from_parts(content.shape, fingerprints) {
        uses.holds(Use::Passage(ListId(1)), TicketId::from_bytes([9; 6]));
        let again = uses.to_parts();
        let read = Uses::from_parts(again.0, &again.1).expect("it was written just now");
        assert_eq!(read.to_parts(), again);
    }
}

/// A shelf under a right signature.
fn shelf(bytes: &[u8]) {
    let signature = Domain::Shelf.sign(&KEYS.own, &[bytes]);
    let signed: SignedShelf = minicbor::decode(&sealed(bytes, &signature.0)).expect("laid out like a shelf");
    let place = Place { epoch: Epoch([0xe0; 16]), since: 3, after: None };
    assert_eq!(signed.open(&STRANGER.public, EVENT, place), Err(FeedFault::Signature));
    let Ok(shelf) = signed.open(&KEYS.public, EVENT, place) else { return };
    assert!(shelf.event == EVENT && shelf.revision >= place.since && shelf.rows.len() <= MAX_PAGE_ROWS);
    shelf.rows.iter().for_each(|row| drop(change(row)));
}

fn page(bytes: &[u8]) {
    let Some(page) = round_trip::<Page>(bytes) else { return };
    let mut catalogue = Catalogue::default();
    page.rows.iter().filter_map(change).for_each(|change| change.enter(&mut catalogue));
    ask(&catalogue, page.cloud_time);
}

fn row(mut input: Input<'_>) {
    let (kind, at, key) = (input.byte() % 10, Timestamp(input.number()), input.piece().to_vec());
    let body = (kind > 0).then(|| input.0.to_vec().into());
    let kind = if kind == 0 { input.byte() % 10 } else { kind };
    let mut catalogue = Catalogue::default();
    if let Some(change) = change(&Row { kind, key: key.into(), body }) {
        if let Change::Ticket(ticket) = &change {
            ticket.window.place(ticket.cancelled_at.unwrap_or_default());
        }
        change.enter(&mut catalogue);
        ask(&catalogue, at);
    }
}

/// What a row changes, which is the same once it has been written anew.
fn change(row: &Row) -> Option<Change> {
    let change = Change::of(row)?;
    assert_eq!(Change::of(&change.to_row()).as_ref(), Some(&change));
    Some(change)
}

/// What a door asks of a catalogue.
fn ask(catalogue: &Catalogue, at: Timestamp) {
    let zone = catalogue.zone();
    assert_eq!(at.hour_minute(&zone).len(), 5);
    if let Some(event) = &catalogue.event {
        dates(event, at);
    }
    for (id, list) in &catalogue.lists {
        products(list);
        if let Some(closing) = catalogue.closing(*id) {
            let in_range = Timestamp::in_range(at.0).is_some();
            assert!(closing.after(at) > at || !in_range, "a closing time that has passed already");
        }
    }
    for device in catalogue.devices.values() {
        let trusted = device.certificate.as_ref().is_some_and(|c| c.open(&KEYS.public).is_ok());
        assert!(!trusted, "nobody signed this certificate");
        device.counts(1, u64::MAX);
    }
}

fn dates(event: &Event, at: Timestamp) {
    for date in &event.dates {
        assert_eq!(event.date(date.id).map(|found| found.id), Some(date.id));
        event.zone().days_between(at, date.starts_at);
        event.zone().same_hour(date.starts_at, at.0);
    }
    event.date(DateId(0));
}

fn products(list: &CheckInList) {
    for product in list.products.iter().flatten() {
        assert!(list.takes(*product));
    }
    list.takes(ProductId(0));
    if let Some(rules) = &list.rules {
        assert_eq!(rules.rule().is_ok(), tidegate_core::rule::Rule::parse(rules.text()).is_ok());
    }
}

/// Any bytes as an identity under the CA's signature.
fn identity(bytes: &[u8]) {
    let signature = Domain::Certificate.sign(&KEYS.own, &[bytes]);
    let issued = Certificate::from_bytes(&sealed(bytes, &signature.0)).expect("laid out like a certificate");
    match (issued.open(&KEYS.public), minicbor::decode::<Identity>(bytes)) {
        (Ok(identity), Ok(read)) => assert_eq!(identity, read),
        (Err(TrustFault::Unreadable), Err(_)) => {}
        (opened, _) => panic!("signed, and {opened:?}"),
    }
    assert_eq!(issued.open(&STRANGER.public), Err(TrustFault::Signature));
    assert_eq!(Certificate::from_bytes(&issued.to_bytes()), Ok(issued));
}

fn certificate(bytes: &[u8]) {
    if let Ok(certificate) = Certificate::from_bytes(bytes) {
        assert_eq!(certificate.open(&KEYS.public), Err(TrustFault::Signature));
        assert_eq!(Certificate::from_bytes(&certificate.to_bytes()), Ok(certificate));
    }
}
