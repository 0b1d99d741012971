//! The cloud's own journal of an event: restocks, allotments and what was scanned here.
//!
//! One journal per event, written under the event's cloud device; every entry is
//! chained, its head signed, and folded in the transaction that needed it.

use super::Books;
use crate::app::App;
use crate::fault::Fault;
use crate::keys::{self, Purpose};
use crate::store::devices::{self, DeviceRecord};
use crate::store::events::EventRecord;
use crate::store::journals::{self, JournalRecord};
use crate::store::{StoreError, Tx};
use tidegate_core::catalogue::DeviceRow;
use tidegate_core::clock::{Clock, Quality};
use tidegate_core::feed::Change;
use tidegate_core::fold::Act;
use tidegate_core::id::{EventId, JournalId, TicketId};
use tidegate_core::journal::kind::Kind;
use tidegate_core::journal::{Entry, EntryRef, Verified, chain, genesis};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, Rights, Role};

/// What the cloud's device is called on screens.
pub const NAME: &str = "cloud";
/// The one life of the journal that this version writes.
const INCARNATION: u32 = 1;
/// How long after the event certificates last, seconds: late entries still come in.
pub const AFTER_EVENT_S: i64 = 30 * 24 * 3600;

/// The cloud's journal of an event.
pub fn journal_of(event: &EventRecord) -> JournalId {
    JournalId { device: event.journal_device, incarnation: INCARNATION }
}

/// An event, and the cloud's journal of it.
pub fn place_of(event: &EventRecord) -> (EventId, JournalId) {
    (event.id, journal_of(event))
}

/// Makes the device, the certificate and the empty journal of a new event.
pub async fn open(tx: &mut Tx, app: &App, event: &EventRecord) -> Result<(), Fault> {
    let key = keys::load_or_make(tx, &app.vault, Purpose::Journal(event.id), app.now()).await?;
    let ca = keys::load(tx, &app.vault, Purpose::Ca).await?;
    let identity = Identity {
        event: event.id,
        device: event.journal_device,
        key: key.verifying_key().into(),
        role: Role::Cloud,
        rights: Rights::default(),
        name: NAME.into(),
        issued: app.now(),
        expires: event.over_at(app.now()).plus_secs(AFTER_EVENT_S),
    };
    let certificate = Certificate::issue(&ca, &identity);
    let row = DeviceRow {
        id: event.journal_device,
        name: NAME.into(),
        role: Role::Cloud,
        certificate: Some(certificate.clone()),
        revoked_at: None,
        counts_until: Vec::new(),
    };
    tx.publish(event.id, Change::Device(row.clone()));
    let (secret_hash, secret_expires, created_at) = (None, None, app.now());
    let device =
        DeviceRecord { event: event.id, rights: Rights::default(), secret_hash, secret_expires, created_at, row };
    if !devices::add(tx, &device).await? {
        return Err(StoreError::Shape("a new event without devices").into());
    }
    let id = journal_of(event);
    let (hash, clock) = (genesis(event.id, id), Timestamp(0));
    let journal = JournalRecord { id, entries: 0, counted: 0, hash, clock, certificate: certificate.to_bytes() };
    Ok(journals::put(tx, event.id, &journal).await?)
}

/// What is to be written.
pub struct Draft {
    /// What happened.
    pub kind: Kind,
    /// Its own trusted time, where somebody vouches for one.
    pub at: Option<Timestamp>,
    /// Who asked for it: what their token is called.
    pub staff: Option<String>,
}

/// Writes an entry into the cloud's journal, and what it changes into the books.
pub async fn write(tx: &mut Tx, app: &App, event: &EventRecord, draft: Draft) -> Result<EntryRef, Fault> {
    let mut books = Books::open(tx, app, event.id).await?;
    let (id, acts) = append(tx, app, &mut books, journal_of(event), draft).await?;
    books.fold(tx, acts).await?;
    books.close(tx).await?;
    Ok(id)
}

/// Writes an entry at the end of the journal, which is signed when the books are closed; gives what it does to a
/// ticket, which is still to be folded.
pub async fn append(
    tx: &mut Tx,
    app: &App,
    books: &mut Books<'_>,
    journal: JournalId,
    Draft { kind, at, staff }: Draft,
) -> Result<(EntryRef, Vec<(TicketId, Act)>), Fault> {
    let missing = || Fault::internal("the cloud's own journal is missing");
    let journal = books.journals.get(&journal).cloned().ok_or_else(missing)?;
    let author = books.author(journal.id).ok_or_else(missing)?;
    if books.signs.is_none() {
        books.signs = Some(keys::load(tx, &app.vault, Purpose::Journal(books.event)).await?);
    }
    let clock = Clock::resume(journal.clock).stamp(app.now());
    let entry = Entry { clock, at, quality: Quality::Trusted, uncertain_ms: None, staff, kind };
    let bytes = entry.to_bytes();
    let id = EntryRef { journal: journal.id, sequence: journal.entries + 1, hash: chain(&journal.hash, &bytes) };
    books.held.head = Some(id);
    let verified = Verified { id, bytes, entry: Some(entry) };
    Ok((id, books.insert(tx, journal, &author, (vec![verified], None)).await?))
}
