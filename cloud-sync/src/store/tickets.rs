//! Tickets: what was sold, and the newest code of each.

use super::products::{credits, pairs};
use super::{Json, Row, StoreError, Tx, Value};
use crate::params;
use tidegate_core::catalogue::{TicketRow, TicketStatus};
use tidegate_core::id::{EventId, ProductId, TicketId};
use tidegate_core::journal::kind::Answered;
use tidegate_core::start::marks::Marks;
use tidegate_core::ticket::Ticket;
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::time::{Timestamp, Window};

/// A ticket as the office keeps it.
#[derive(Clone)]
pub struct TicketRecord {
    /// Of which event.
    pub event: EventId,
    /// In which order.
    pub order: String,
    /// What it cost, in minor units.
    pub price_minor: i64,
    /// When its money was given back.
    pub refunded_at: Option<Timestamp>,
    /// The text of its newest code.
    pub code: String,
    /// What agents read.
    pub row: TicketRow,
}

impl TicketRecord {
    /// What its code grants.
    pub fn granted(&self) -> Ticket {
        Ticket {
            id: self.row.id,
            product: self.row.product,
            counter: self.row.counter,
            date: self.row.date,
            window: self.row.window,
            credits: self.row.credits.clone(),
        }
    }
}

macro_rules! columns {
    () => {
        "id, event, order_id, order_code, product, price_minor, status, counter, date_number, valid_from, \
         valid_until, credits, blocked, needs_approval, valid_if_pending, cancelled_at, refunded_at, holder, note, code, \
         variation, addon_to, answers, email, spoken"
    };
}

/// Adds tickets; `false` for each whose id is taken in this installation.
pub async fn add(tx: &mut Tx, tickets: &[TicketRecord]) -> Result<Vec<bool>, StoreError> {
    let sql = concat!(
        "INSERT INTO tickets (",
        columns!(),
        ", marks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
         $21, $22, $23, $24, $25, $26) \
         ON CONFLICT (id) DO NOTHING"
    );
    let added = tx.execute_each(sql, &tickets.iter().map(values).collect::<Vec<_>>()).await?;
    Ok(added.into_iter().map(|rows| rows == 1).collect())
}

/// Writes tickets as they are now. What a ticket grants may have changed while its codes stay good: it is marked
/// so (bit 2, [`Marks::GRANTED`]) from then on.
pub async fn update(tx: &mut Tx, tickets: &[TicketRecord]) -> Result<(), StoreError> {
    let sql = "UPDATE tickets SET product = $5, status = $7, counter = $8, date_number = $9, valid_from = $10,
        valid_until = $11, credits = $12, blocked = $13, needs_approval = $14, valid_if_pending = $15,
        cancelled_at = $16, refunded_at = $17, holder = $18, note = $19, code = $20,
        variation = $21, addon_to = $22, answers = $23, email = $24, spoken = $25,
        marks = CAST($26 AS BIGINT) | CASE WHEN (marks & 2) > 0 OR product <> $5 OR date_number IS DISTINCT FROM $9
            OR valid_from IS DISTINCT FROM $10 OR valid_until IS DISTINCT FROM $11 OR credits <> $12
            THEN 2 ELSE 0 END
        WHERE id = $1 AND event = $2 AND order_id = $3 AND order_code = $4 AND price_minor = $6"; // these never change
    tx.later_each(sql, &tickets.iter().map(values).collect::<Vec<_>>()).await
}

fn values(ticket: &TicketRecord) -> Vec<Value> {
    let row = &ticket.row;
    let params: &[Value] = params![
        row.id,
        ticket.event,
        &ticket.order,
        row.order.clone().unwrap_or_default(),
        row.product,
        ticket.price_minor,
        status_number(row.status),
        row.counter,
        row.date,
        row.window.from,
        row.window.until,
        pairs(&row.credits),
        row.blocked.clone(),
        row.needs_approval,
        row.valid_if_pending,
        row.cancelled_at,
        ticket.refunded_at,
        row.holder.clone(),
        row.note.clone(),
        &ticket.code,
        row.variation,
        row.addon_to,
        pairs_of(&row.answers),
        row.email.clone(),
        row.spoken.map(|spoken| spoken.to_string()),
        Marks::of(row).0,
    ];
    params.to_vec()
}

/// Asks for an event's tickets with exactly these marks after one, by id.
pub(super) const MARKED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE event = $1 AND marks = $2 AND marks > 0 AND id > $3 ORDER BY id LIMIT $4"
);

/// Whether a ticket with this id exists in the installation.
pub async fn exists(tx: &mut Tx, id: TicketId) -> Result<bool, StoreError> {
    Ok(tx.first("SELECT 1 FROM tickets WHERE id = $1", params![id]).await?.is_some())
}

/// Asks for the ticket with an id.
pub(super) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM tickets WHERE id = $1");

/// A ticket.
pub async fn get(tx: &mut Tx, id: TicketId) -> Result<Option<TicketRecord>, StoreError> {
    tx.first(BY_ID, params![id]).await?.map(ticket).transpose()
}

/// Several tickets, each where there is one.
pub async fn several(tx: &mut Tx, ids: &[TicketId]) -> Result<Vec<Option<TicketRecord>>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM tickets WHERE id = $1");
    let found = tx.query_each(sql, &ids.iter().map(|id| params![*id].to_vec()).collect::<Vec<_>>()).await?;
    found.into_iter().map(|rows| rows.into_iter().next().map(ticket).transpose()).collect()
}

/// The tickets of an order, by id.
pub async fn of_order(tx: &mut Tx, order: &str) -> Result<Vec<TicketRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM tickets WHERE order_id = $1 ORDER BY id");
    tx.query(sql, params![order]).await?.into_iter().map(ticket).collect()
}

/// An event's tickets after `after`, by id.
pub async fn of_event(
    tx: &mut Tx,
    event: EventId,
    after: i64,
    limit: u32,
) -> Result<Vec<TicketRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM tickets WHERE event = $1 AND id > $2 ORDER BY id LIMIT $3");
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(ticket).collect()
}

/// The tickets of one token's orders of an event after `after`, by id.
pub async fn of_owner(
    tx: &mut Tx,
    event: EventId,
    owner: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<TicketRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM tickets WHERE event = $1 AND id > $3
         AND order_id IN (SELECT id FROM orders WHERE event = $1 AND owner = $2) ORDER BY id LIMIT $4"
    );
    tx.query(sql, params![event, owner, after, limit]).await?.into_iter().map(ticket).collect()
}

/// What the tickets of an event are of.
pub async fn products(tx: &mut Tx, event: EventId) -> Result<Vec<(TicketId, ProductId)>, StoreError> {
    let rows = tx.query("SELECT id, product FROM tickets WHERE event = $1", params![event]).await?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// The tickets that belong to one, by id.
pub async fn of_main(tx: &mut Tx, main: TicketId, limit: u32) -> Result<Vec<TicketRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM tickets WHERE addon_to = $1 ORDER BY id LIMIT $2");
    tx.query(sql, params![main, limit]).await?.into_iter().map(ticket).collect()
}

/// The tickets of an event that have this short code: none, one, seldom more.
pub async fn spoken(tx: &mut Tx, event: EventId, spoken: Spoken) -> Result<Vec<TicketId>, StoreError> {
    let sql = "SELECT id FROM tickets WHERE event = $1 AND spoken = $2 ORDER BY id";
    let found = tx.query(sql, params![event, spoken.to_string()]).await?;
    found.into_iter().map(|mut row| row.take()).collect()
}

/// Tickets after `after` that have no short code yet, by id.
pub async fn without_spoken(tx: &mut Tx, after: i64, limit: u32) -> Result<Vec<TicketRecord>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM tickets WHERE spoken IS NULL AND id > $1 ORDER BY id LIMIT $2");
    tx.query(sql, params![after, limit]).await?.into_iter().map(ticket).collect()
}

/// Answers as they are kept: questions and texts.
fn pairs_of(answers: &[Answered]) -> Json<Vec<(String, String)>> {
    Json(answers.iter().map(|a| (a.question.clone(), a.text.clone())).collect())
}

fn answers(Json(pairs): Json<Vec<(String, String)>>) -> Vec<Answered> {
    pairs.into_iter().map(|(question, text)| Answered { question, text }).collect()
}

fn status_number(status: TicketStatus) -> i64 {
    match status {
        TicketStatus::Paid => 0,
        TicketStatus::Pending => 1,
        TicketStatus::Cancelled => 2,
    }
}

fn status(number: i64) -> Result<TicketStatus, StoreError> {
    [TicketStatus::Paid, TicketStatus::Pending, TicketStatus::Cancelled]
        .into_iter()
        .find(|status| status_number(*status) == number)
        .ok_or(StoreError::Shape("a ticket status"))
}

pub(super) fn ticket(mut row: Row) -> Result<TicketRecord, StoreError> {
    let (id, event, order) = (row.take()?, row.take()?, row.take()?);
    let (code, product, price_minor) = (row.take()?, row.take()?, row.take()?);
    let status = status(row.take()?)?;
    let row_part = TicketRow {
        id,
        product,
        status,
        counter: row.take()?,
        date: row.take()?,
        window: Window { from: row.take()?, until: row.take()? },
        credits: credits(row.take()?),
        blocked: row.take()?,
        needs_approval: row.take()?,
        valid_if_pending: row.take()?,
        cancelled_at: row.take()?,
        order: Some(code),
        ..TicketRow::new(id, product)
    };
    let refunded_at = row.take()?;
    let row_part = TicketRow { holder: row.take()?, note: row.take()?, ..row_part };
    let signed = row.take()?;
    let row_part = TicketRow {
        variation: row.take()?,
        addon_to: row.take()?,
        answers: answers(row.take()?),
        email: row.take()?,
        spoken: row.take::<Option<String>>()?.as_deref().and_then(Spoken::read),
        ..row_part
    };
    Ok(TicketRecord { event, order, price_minor, refunded_at, code: signed, row: row_part })
}
