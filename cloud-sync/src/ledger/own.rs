//! The cloud's own journals of an event: restocks, allotments and what was scanned here.
//!
//! It writes one at a time, under the event's cloud device; every entry is chained, its
//! head signed, and folded in the transaction that needed it. A journal that may go on
//! elsewhere (the database was set back, or another history of it came) is left, and
//! another one begins, which holds nothing until the one before is retired.

use super::{Books, lend};
use crate::app::App;
use crate::fault::Fault;
use crate::keys::{self, Purpose};
use crate::lots;
use crate::store::devices::{self, DeviceRecord};
use crate::store::events::EventRecord;
use crate::store::journals::{self, JournalRecord};
use crate::store::parts::Point;
use crate::store::{StoreError, Tx};
use tidegate_core::catalogue::DeviceRow;
use tidegate_core::clock::{Clock, Quality};
use tidegate_core::feed::Change;
use tidegate_core::fold::Act;
use tidegate_core::id::{DeviceId, JournalId, TicketId};
use tidegate_core::journal::kind::{Began, Kind};
use tidegate_core::journal::{Entry, EntryRef, Verified, chain};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, Rights, Role};

/// What the cloud's device is called on screens.
pub const NAME: &str = "cloud";
/// The first life of any device; later ones are drawn.
pub const FIRST_LIFE: u32 = 1;
/// How long after the event certificates last, seconds: late entries still come in.
pub const AFTER_EVENT_S: i64 = 30 * 24 * 3600;

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
    if !devices::add(tx, &DeviceRecord::new(event.id, row, app.now())).await? {
        return Err(StoreError::Shape("a new event without devices").into());
    }
    let id = JournalId { device: event.journal_device, incarnation: FIRST_LIFE };
    let journal = JournalRecord::new(event.id, id, certificate.to_bytes());
    Ok(journals::put(tx, event.id, &journal).await?)
}

impl JournalRecord {
    /// Whether its author is to go on in another one: what moves rights counts in it no more, or may not.
    pub fn ended(&self) -> bool {
        self.closed || self.forked_after.is_some() || self.retired_after.is_some()
    }
}

impl Books<'_> {
    /// A device's journals that are here, the newest first.
    fn journals_of(&self, device: DeviceId) -> impl Iterator<Item = &JournalRecord> {
        let all = JournalId { device, incarnation: 0 }..=JournalId { device, incarnation: u32::MAX };
        self.journals.range(all).rev().map(|(_, journal)| journal)
    }

    /// The newest of a device's journals that are here.
    pub fn newest(&self, device: DeviceId) -> Option<&JournalRecord> {
        self.journals_of(device).next()
    }

    /// The cloud's own device.
    pub fn own_device(&self) -> Result<DeviceId, Fault> {
        let own = self.catalogue.devices.values().find(|device| device.role == Role::Cloud);
        own.map(|device| device.id).ok_or_else(|| Fault::internal("the event has no device of the cloud's own"))
    }

    /// The journal that the cloud writes; none before it writes again, where the one before has ended. It need not
    /// be the newest: one of a life that this database knows nothing of may have come from elsewhere.
    pub fn own(&self) -> Result<Option<JournalId>, Fault> {
        Ok(self.journals_of(self.own_device()?).find(|journal| !journal.ended()).map(|journal| journal.id))
    }
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

impl Draft {
    /// What nobody in particular asked for.
    pub fn of(kind: Kind) -> Self {
        Self { kind, at: None, staff: None }
    }
}

/// Writes an entry into the cloud's journal, and what it changes into the books. Of what comes to be held here
/// others get what they are short of.
pub async fn write(tx: &mut Tx, app: &App, event: &EventRecord, draft: Draft) -> Result<EntryRef, Fault> {
    let mut books = Books::open(tx, app, event.id).await?;
    let (id, acts) = append(tx, app, &mut books, draft).await?;
    books.fold(tx, acts).await?;
    lend::pay(tx, app, &mut books).await?;
    books.close(tx).await?;
    Ok(id)
}

/// Writes an entry at the end of the cloud's journal, which is signed when the books are closed; gives what it
/// does to a ticket, which is still to be folded.
pub async fn append(
    tx: &mut Tx,
    app: &App,
    books: &mut Books<'_>,
    draft: Draft,
) -> Result<(EntryRef, Vec<(TicketId, Act)>), Fault> {
    let journal = match books.own()? {
        Some(own) => own,
        None => begin_another(tx, app, books).await?,
    };
    append_to(tx, app, books, journal, draft).await
}

fn missing() -> Fault {
    Fault::internal("the cloud's own journal is missing")
}

/// Begins another life of the cloud's journal, after all that are here. Its number is drawn: two copies of a database
/// that begin anew do not begin the same.
pub(super) async fn begin_another(tx: &mut Tx, app: &App, books: &mut Books<'_>) -> Result<JournalId, Fault> {
    let before = books.newest(books.own_device()?).cloned().ok_or_else(missing)?;
    let step = u32::from(lots::draw::<u16>()) + 1;
    let id = JournalId { incarnation: before.id.incarnation.saturating_add(step), ..before.id };
    tracing::warn!(event = %books.event, left = %before.id, begins = %id, "the cloud goes on in another journal");
    let record = books.begin(tx, id, before.certificate.clone()).await?;
    books.journals.insert(id, record);
    let end = EntryRef { journal: before.id, sequence: before.entries, hash: before.hash };
    let began = Draft::of(Kind::Began(Began { after: Some(end).filter(|end| end.sequence > 0) }));
    append_to(tx, app, books, id, began).await?;
    Ok(id)
}

async fn append_to(
    tx: &mut Tx,
    app: &App,
    books: &mut Books<'_>,
    journal: JournalId,
    Draft { kind, at, staff }: Draft,
) -> Result<(EntryRef, Vec<(TicketId, Act)>), Fault> {
    let journal = books.journals.get(&journal).cloned().ok_or_else(missing)?;
    let author = books.author(journal.id).ok_or_else(missing)?;
    if books.signs.is_none() {
        books.signs = Some(keys::load(tx, &app.vault, Purpose::Journal(books.event)).await?);
    }
    let clock = Clock::resume(journal.clock).stamp(app.now());
    let entry = Entry { clock, at, quality: Quality::Trusted, uncertain_ms: None, staff, kind };
    let bytes = entry.to_bytes();
    let id = EntryRef { journal: journal.id, sequence: journal.entries + 1, hash: chain(&journal.hash, &bytes) };
    books.held.heads.insert(journal.id, id);
    let (at, verified) = (Point::end(&journal), Verified { id, bytes, entry: Some(entry) });
    Ok((id, books.insert(tx, (journal, at), &author, (vec![verified], None)).await?))
}
