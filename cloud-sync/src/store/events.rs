//! Events and the dates of a series.

use super::{Json, Row, StoreError, Tx};
use crate::params;
use serde::{Deserialize, Serialize};
use tidegate_core::catalogue::{Event, EventDate, Question};
use tidegate_core::id::{DateId, DeviceId, EventId, ProductId};
use tidegate_core::time::Timestamp;

/// An event as the office keeps it.
#[derive(Clone)]
pub struct EventRecord {
    /// Which.
    pub id: EventId,
    /// Whose.
    pub organizer: String,
    /// Its name.
    pub name: String,
    /// IANA zone of the venue.
    pub timezone: String,
    /// When it starts; absent while that is not settled.
    pub starts_at: Option<Timestamp>,
    /// When doors open.
    pub doors_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// ISO 4217.
    pub currency: String,
    /// The device that writes the cloud's own journal.
    pub journal_device: DeviceId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What guests are asked.
    pub questions: Vec<Question>,
    /// The dates of a series.
    pub dates: Vec<EventDate>,
}

/// How long an event without an end is taken to last, seconds: a night with room.
const UNSAID_END_S: i64 = 24 * 3600;
/// How far ahead an event may be moved, or settled, after its devices were enrolled, seconds: a season and some.
const MOVABLE_S: i64 = 400 * 24 * 3600;

impl EventRecord {
    /// As agents read it.
    pub fn row(&self) -> Event {
        Event {
            id: self.id,
            name: self.name.clone(),
            timezone: self.timezone.clone(),
            starts_at: self.starts_at,
            doors_at: self.doors_at,
            ends_at: self.ends_at,
            dates: self.dates.clone(),
            questions: self.questions.clone(),
        }
    }

    /// When the event and all its dates are over for sure, though they be moved or are not settled yet.
    pub fn over_at(&self, now: Timestamp) -> Timestamp {
        let spans = self.dates.iter().map(EventDate::span).chain([self.row().span()]);
        let ends = spans.filter_map(|span| span.ends.or(span.starts.map(|at| at.plus_secs(UNSAID_END_S))));
        ends.fold(now.plus_secs(MOVABLE_S), Timestamp::max)
    }
}

macro_rules! columns {
    () => {
        "id, organizer, name, timezone, starts_at, doors_at, ends_at, currency, journal_device, created_at, \
         questions"
    };
}

/// Adds an event with its dates.
pub async fn add(tx: &mut Tx, event: &EventRecord) -> Result<(), StoreError> {
    let sql =
        concat!("INSERT INTO events (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    let params = params![
        event.id,
        &event.organizer,
        &event.name,
        &event.timezone,
        event.starts_at,
        event.doors_at,
        event.ends_at,
        &event.currency,
        event.journal_device,
        event.created_at,
        kept(&event.questions),
    ];
    tx.execute(sql, params).await?;
    tx.execute("INSERT INTO feeds (event, revision, small_revision) VALUES ($1, 0, 0)", params![event.id]).await?;
    put_dates(tx, event).await
}

/// Writes what may change of an event.
pub async fn update(tx: &mut Tx, event: &EventRecord) -> Result<(), StoreError> {
    let sql =
        "UPDATE events SET name = $2, timezone = $3, starts_at = $4, doors_at = $5, ends_at = $6, questions = $7
        WHERE id = $1";
    let (starts_at, doors_at, ends_at) = (event.starts_at, event.doors_at, event.ends_at);
    let (id, questions) = (event.id, kept(&event.questions));
    tx.execute(sql, params![id, &event.name, &event.timezone, starts_at, doors_at, ends_at, questions]).await?;
    put_dates(tx, event).await
}

async fn put_dates(tx: &mut Tx, event: &EventRecord) -> Result<(), StoreError> {
    let sql = "INSERT INTO event_dates (event, number, starts_at, doors_at, ends_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (event, number) DO UPDATE
        SET starts_at = excluded.starts_at, doors_at = excluded.doors_at, ends_at = excluded.ends_at";
    for date in &event.dates {
        let params = params![event.id, date.id, date.starts_at, date.doors_at, date.ends_at];
        tx.execute(sql, params).await?;
    }
    Ok(())
}

/// A question as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: String,
    text: String,
    required: bool,
    at_checkin: bool,
    products: Option<Vec<u16>>,
}

fn kept(questions: &[Question]) -> Json<Vec<Kept>> {
    let kept = |question: &Question| Kept {
        id: question.id.clone(),
        text: question.text.clone(),
        required: question.required,
        at_checkin: question.at_checkin,
        products: question.products.as_ref().map(|products| products.iter().map(|p| p.0).collect()),
    };
    Json(questions.iter().map(kept).collect())
}

fn questions(Json(kept): Json<Vec<Kept>>) -> Vec<Question> {
    let question = |Kept { id, text, required, at_checkin, products }: Kept| {
        let products = products.map(|numbers| numbers.into_iter().map(ProductId).collect());
        Question { id, text, required, at_checkin, products }
    };
    kept.into_iter().map(question).collect()
}

/// Draws numbers for so many more variations; gives the last of them.
pub async fn draw_variations(tx: &mut Tx, event: EventId, more: u64) -> Result<u64, StoreError> {
    let sql = "UPDATE events SET variations = variations + $2 WHERE id = $1 RETURNING variations";
    tx.first(sql, params![event, more]).await?.ok_or(StoreError::Shape("an event"))?.take()
}

/// An event with its dates.
pub async fn get(tx: &mut Tx, id: EventId) -> Result<Option<EventRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM events WHERE id = $1");
    match tx.first(sql, params![id]).await? {
        Some(row) => with_dates(tx, row).await.map(Some),
        None => Ok(None),
    }
}

/// An organizer's events after `after`, by id.
pub async fn of_organizer(
    tx: &mut Tx,
    organizer: &str,
    after: EventId,
    limit: u32,
) -> Result<Vec<EventRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM events WHERE organizer = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = tx.query(sql, params![organizer, after, limit]).await?;
    all_with_dates(tx, rows).await
}

/// All events after `after`, by id.
pub async fn all(tx: &mut Tx, after: EventId, limit: u32) -> Result<Vec<EventRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM events WHERE id > $1 ORDER BY id LIMIT $2");
    let rows = tx.query(sql, params![after, limit]).await?;
    all_with_dates(tx, rows).await
}

/// The ids of an organizer's events.
pub async fn ids_of_organizer(tx: &mut Tx, organizer: &str) -> Result<Vec<EventId>, StoreError> {
    let rows = tx.query("SELECT id FROM events WHERE organizer = $1 ORDER BY id", params![organizer]).await?;
    rows.into_iter().map(|mut row| row.take()).collect()
}

async fn all_with_dates(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<EventRecord>, StoreError> {
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        events.push(with_dates(tx, row).await?);
    }
    Ok(events)
}

async fn with_dates(tx: &mut Tx, mut row: Row) -> Result<EventRecord, StoreError> {
    let mut event = EventRecord {
        id: row.take()?,
        organizer: row.take()?,
        name: row.take()?,
        timezone: row.take()?,
        starts_at: row.take()?,
        doors_at: row.take()?,
        ends_at: row.take()?,
        currency: row.take()?,
        journal_device: row.take()?,
        created_at: row.take()?,
        questions: questions(row.take()?),
        dates: Vec::new(),
    };
    let sql = "SELECT number, starts_at, doors_at, ends_at FROM event_dates WHERE event = $1 ORDER BY number";
    for mut row in tx.query(sql, params![event.id]).await? {
        let (id, starts_at) = (DateId(row.take()?), row.take()?);
        event.dates.push(EventDate { id, starts_at, doors_at: row.take()?, ends_at: row.take()? });
    }
    Ok(event)
}
