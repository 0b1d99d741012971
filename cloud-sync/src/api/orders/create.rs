//! Placing an order: everything is drawn, signed, written and answered in one
//! transaction, under the key that makes repeating it harmless.

use super::OrderView;
use super::add_ons::{self, Mains};
use crate::api::answers::{Answers, of_a_ticket};
use crate::api::lists::date_of;
use crate::api::products::{CreditShape, credits};
use crate::api::{By, Keyed, Shared};
use crate::app::App;
use crate::auth::tokens::id;
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::json::{Body, IdempotencyKey, Instant, Key, Line, RawJson, maybe_text};
use crate::orders::{Action, State};
use crate::scope;
use crate::store::Tx;
use crate::store::events::EventRecord;
use crate::store::orders::{self, MoveRecord, OrderRecord};
use crate::store::tickets::TicketRecord;
use crate::tickets::draw;
use crate::{keys, lots};
use axum::Extension;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_core::catalogue::{TicketRow, TicketStatus, Variation};
use tidegate_core::id::{TicketId, VariationId};
use tidegate_core::money;
use tidegate_core::time::Window;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// Tickets in one order: a coach company's season, signed and written in a tenth of a second.
pub const MAX_POSITIONS: u32 = 1_000;
/// The longest e-mail address that mail servers carry.
const MAX_EMAIL_BYTES: usize = 254;
/// Tries at a free order code of forty bits.
const MAX_TRIES: usize = 16;
/// Tickets that belong to one: doors look at no more.
pub const MAX_ADD_ONS: u32 = 50;

/// An order to be placed.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// Of which event.
    event: String,
    /// Where its tickets are sent.
    #[schema(
        max_length = 254,
        pattern = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^\s\x00-\x1f\x7f-\x9f]*\.[^\s\x00-\x1f\x7f-\x9f]*$",
        example = "guest@example.org"
    )]
    email: Option<String>,
    /// What is ordered.
    #[schema(min_items = 1, max_items = 1_000)]
    items: Vec<NewItem>,
}

/// Tickets of one kind.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// Which, `prd_…`.
    product: String,
    /// How many; 1 if absent.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000, default = 1)]
    quantity: u32,
    /// The holder's name.
    #[schema(value_type = Option<Line>)]
    holder: Option<String>,
    /// A note for the door.
    #[schema(value_type = Option<Line>)]
    note: Option<String>,
    /// The number of the date of a series.
    date: Option<u16>,
    /// When it starts to be valid, a whole second.
    valid_from: Option<Instant>,
    /// When it stops to be valid, a whole second.
    valid_until: Option<Instant>,
    /// Prepaid units instead of the product's own.
    credits: Option<Vec<CreditShape>>,
    /// Whether it is good although it was not paid yet.
    #[serde(default)]
    valid_if_pending: bool,
    /// Whether the organizer has yet to approve it.
    #[serde(default)]
    needs_approval: bool,
    /// The number of the product's variation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variation: Option<u16>,
    /// The ticket that it belongs to, `tkt_…`; itself no add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    addon_to: Option<String>,
    /// What its holder answered, by the question's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: Answers,
}

impl NewItem {
    /// Whether it asks for what only staff may give.
    fn is_a_favour(&self) -> bool {
        self.credits.is_some() || self.note.is_some() || self.valid_if_pending
    }
}

fn one() -> u32 {
    1
}

/// Places an order. Needs an `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = NewOrder,
    params(("Idempotency-Key" = inline(IdempotencyKey), Header, description = "Makes repeating the request harmless")),
    responses((status = 201, body = OrderView), (status = "default", body = Problem)))]
pub async fn create(
    Extract(app): Shared,
    Extension(caller): By,
    Key(key): Key,
    Body(new): Body<NewOrder>,
) -> Result<RawJson, Fault> {
    let keyed = Keyed::new("order", &caller, key, &new);
    let answer = app.write(move |tx, app| Box::pin(place(tx, app, caller, keyed, new))).await?;
    Ok(RawJson(StatusCode::CREATED, answer))
}

async fn place(tx: &mut Tx, app: &App, caller: Caller, keyed: Keyed, new: NewOrder) -> Result<String, Fault> {
    if let Some(answer) = keyed.repeated(tx).await? {
        return Ok(answer);
    }
    let event = scope::event(tx, &caller, &new.event).await?;
    if caller.role == Role::Customer && new.items.iter().any(NewItem::is_a_favour) {
        return Err(Fault::forbidden("not_allowed", "Only staff give credits, notes, or entry before payment"));
    }
    let templates = templates(tx, (&caller, &event), &new.items).await?;
    let total_minor = total(&templates)?;
    let order = add_order(tx, app, &caller, &event, (email(new.email)?, total_minor)).await?;
    let key = keys::signing_key(tx, &app.vault, &event).await?;
    for (template, quantity) in templates {
        let (code, email) = (Some(order.code.clone()), order.email.clone());
        let row = TicketRow { order: code, email, ..template.row };
        let template = TicketRecord { order: order.id.clone(), row, ..template };
        draw(tx, &key, &template, quantity).await?;
    }
    let view = OrderView::full(tx, &caller, &order, &event).await?;
    keyed.keep(tx, &view, app.now()).await
}

fn total(templates: &[(TicketRecord, u32)]) -> Result<i64, Fault> {
    let costs: Option<Vec<i64>> =
        templates.iter().map(|(ticket, quantity)| money::times(ticket.price_minor, *quantity)).collect();
    costs.and_then(money::sum).ok_or_else(|| Fault::invalid("The total is more than any order may cost"))
}

async fn templates(
    tx: &mut Tx,
    by: (&Caller, &EventRecord),
    items: &[NewItem],
) -> Result<Vec<(TicketRecord, u32)>, Fault> {
    let positions = items.iter().try_fold(0_u32, |sum, item| sum.checked_add(item.quantity));
    let fits = positions.is_some_and(|sum| (1..=MAX_POSITIONS).contains(&sum));
    if !fits || items.iter().any(|item| item.quantity == 0) {
        return Err(Fault::invalid(format!("An order has 1 to {MAX_POSITIONS} tickets")));
    }
    let add_ons = items.iter().filter_map(|item| Some((item.addon_to.as_deref()?, item.quantity)));
    let mains = add_ons::mains(tx, by, add_ons).await?;
    let mut templates = Vec::with_capacity(items.len());
    for item in items {
        templates.push((template(tx, by.1, &mains, item).await?, item.quantity));
    }
    Ok(templates)
}

async fn template(tx: &mut Tx, event: &EventRecord, mains: &Mains, item: &NewItem) -> Result<TicketRecord, Fault> {
    let product = scope::product_of(tx, event.id, &item.product).await?;
    if product.consumption {
        return Err(Fault::invalid("Only tickets are ordered; what is served comes as their credits"));
    }
    let credits = match &item.credits {
        Some(given) => credits(tx, event.id, given).await?,
        None => product.credits,
    };
    let variation = variation_of(&product.variations, item.variation)?;
    let unnumbered = TicketId::from_bytes([0; TicketId::BYTES]); // drawn for each
    let row = TicketRow {
        status: TicketStatus::Pending,
        date: date_of(event, item.date)?,
        window: window(item.valid_from, item.valid_until)?,
        credits,
        needs_approval: item.needs_approval,
        valid_if_pending: item.valid_if_pending,
        holder: maybe_text("holder", item.holder.as_ref())?,
        note: maybe_text("note", item.note.as_ref())?,
        variation,
        addon_to: item.addon_to.as_ref().and_then(|id| mains.get(id)).copied(), // each was found
        answers: of_a_ticket(event, item.answers.clone())?,
        ..TicketRow::new(unnumbered, product.number)
    };
    let (order, code) = (String::new(), String::new());
    Ok(TicketRecord { event: event.id, order, price_minor: product.price_minor, refunded_at: None, code, row })
}

/// A product's variation by its number.
pub fn variation_of(known: &[Variation], number: Option<u16>) -> Result<Option<VariationId>, Fault> {
    let Some(number) = number.map(VariationId) else { return Ok(None) };
    match known.iter().any(|variation| variation.id == number) {
        true => Ok(Some(number)),
        false => Err(Fault::invalid(format!("The product has no variation {number}"))),
    }
}

/// A window of validity, the right way round.
pub fn window(from: Option<Instant>, until: Option<Instant>) -> Result<Window, Fault> {
    let window = Window { from: from.map(|at| at.0), until: until.map(|at| at.0) };
    match (window.from, window.until) {
        (Some(from), Some(until)) if until < from => Err(Fault::invalid("valid_until lies after valid_from")),
        _ => Ok(window),
    }
}

fn email(given: Option<String>) -> Result<Option<String>, Fault> {
    let Some(email) = given else { return Ok(None) };
    let plain = email.len() <= MAX_EMAIL_BYTES && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if plain && parts { Ok(Some(email)) } else { Err(Fault::invalid("email is no e-mail address")) }
}

async fn add_order(
    tx: &mut Tx,
    app: &App,
    caller: &Caller,
    event: &EventRecord,
    (email, total_minor): (Option<String>, i64),
) -> Result<OrderRecord, Fault> {
    for _ in 0..MAX_TRIES {
        let order = OrderRecord {
            id: id("ord"),
            event: event.id,
            code: BASE32_NOPAD.encode(&lots::draw::<[u8; 5]>()),
            owner: caller.token.clone(),
            email: email.clone(),
            state: State::Pending,
            total_minor,
            refunded_minor: 0,
            created_at: app.now(),
        };
        if orders::add(tx, &order).await? {
            let (action, before, after) = (Action::Place, State::Pending, State::Pending);
            let step = MoveRecord { at: app.now(), token: &caller.token, action, before, after, detail: "" };
            orders::advance(tx, &order, &step).await?;
            return Ok(order);
        }
    }
    Err(Fault::internal("no free order code was found"))
}
