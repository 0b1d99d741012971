//! Check-in lists: what a gate takes.

mod rules;
pub mod test;

use super::events::shape::numbers;
use super::products::{Products, next_number};
use super::{Answer, By, Made, Shared, in_turn, made};
use crate::app::App;
use crate::auth::Caller;
use crate::auth::tokens::id;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Instant, Line, Page, Path, Query, present, text};
use crate::ledger;
use crate::scope::{self, Named};
use crate::store::events::EventRecord;
use crate::store::lists::{self, ListRecord};
use crate::store::{StoreError, Tx, zones};
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tidegate_core::catalogue::CheckInList;
use tidegate_core::feed::Change;
use tidegate_core::id::{DateId, EventId, ListId, ZoneId};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A list to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewList {
    /// Of which event.
    event: String,
    /// Its name.
    #[schema(value_type = Line)]
    name: String,
    /// The products it takes, `prd_…`; all if absent.
    products: Option<Vec<String>>,
    /// The number of the date it takes; any if absent.
    date: Option<u16>,
    /// Whether a ticket may come in again without having left.
    #[serde(default)]
    multiple_entries: bool,
    /// Whether a ticket that left may come in again.
    #[serde(default = "yes")]
    reentry_after_exit: bool,
    /// Whether unpaid tickets may be let in after a question.
    #[serde(default)]
    accept_unpaid: bool,
    /// Whether tickets sold after an agent's last update are asked about.
    #[serde(default)]
    ask_unlisted: bool,
    /// Whether a ticket lets its add-on in, where the list takes that and not the ticket itself.
    #[serde(default)]
    addon_match: bool,
    /// When everybody inside has left: then, and daily at that hour on the venue's clock.
    auto_exit_at: Option<Instant>,
    /// The counted area that it lets into, `zon_…`; none is counted if absent.
    zone: Option<String>,
    /// What has to be true for an entry, as JSON Logic; nothing if absent.
    rules: Option<Value>,
    /// Keeps rules that this version cannot read, such as those of a newer editor; every entry on
    /// the list is refused until they are mended.
    #[serde(default)]
    unchecked_rules: bool,
}

fn yes() -> bool {
    true
}

/// What is to be changed of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPatch {
    #[schema(value_type = Option<Line>)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    products: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u16>)]
    date: Option<Option<u16>>,
    multiple_entries: Option<bool>,
    reentry_after_exit: Option<bool>,
    accept_unpaid: Option<bool>,
    ask_unlisted: Option<bool>,
    addon_match: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    auto_exit_at: Option<Option<Instant>>,
    /// The counted area that it lets into, `zon_…`; null where none is counted.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    zone: Option<Option<String>>,
    /// What has to be true for an entry, as JSON Logic; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Value>)]
    rules: Option<Option<Value>>,
}

/// A check-in list.
#[derive(Serialize, ToSchema)]
pub struct ListView {
    /// `lst_…`.
    id: String,
    event: String,
    /// Its number in journals.
    number: u16,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<u16>,
    multiple_entries: bool,
    reentry_after_exit: bool,
    accept_unpaid: bool,
    ask_unlisted: bool,
    addon_match: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_exit_at: Option<Instant>,
    /// The counted area that it lets into, `zon_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// As they were saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Value>,
}

/// The products and zones of an event by number, to show them by their ids.
struct Known {
    products: Products,
    zones: BTreeMap<ZoneId, String>,
}

impl Known {
    async fn of(tx: &mut Tx, event: EventId) -> Result<Self, StoreError> {
        Ok(Self { products: Products::of(tx, event).await?, zones: zones::ids_of(tx, event).await? })
    }
}

fn view(Known { products, zones }: &Known, list: &ListRecord) -> ListView {
    let row = &list.row;
    ListView {
        id: list.id.clone(),
        event: list.event.to_string(),
        number: row.id.0,
        name: row.name.clone(),
        products: row.products.as_ref().map(|numbers| numbers.iter().map(|n| products.id(*n)).collect()),
        date: row.date.map(|date| date.0),
        multiple_entries: row.multiple_entries,
        reentry_after_exit: row.reentry_after_exit,
        accept_unpaid: row.accept_unpaid,
        ask_unlisted: row.ask_unlisted,
        addon_match: row.addon_match,
        auto_exit_at: row.auto_exit_at.map(Instant),
        zone: row.zone.and_then(|zone| zones.get(&zone).cloned()),
        rules: row.rules.as_ref().map(rules::value),
    }
}

/// A date of the event by its number.
pub fn date_of(event: &EventRecord, number: Option<u16>) -> Result<Option<DateId>, Fault> {
    let Some(number) = number.map(DateId) else { return Ok(None) };
    match event.dates.iter().any(|date| date.id == number) {
        true => Ok(Some(number)),
        false => Err(Fault::invalid(format!("The event has no date {number}"))),
    }
}

/// A zone of the event by its id.
async fn zone_of(tx: &mut Tx, event: EventId, id: Option<&str>) -> Result<Option<ZoneId>, Fault> {
    match id {
        Some(id) => Ok(Some(scope::zone_of(tx, event, id).await?.row.id)),
        None => Ok(None),
    }
}

/// Makes a list.
#[utoipa::path(post, path = "/v1/lists", tag = "catalogue", request_body = NewList,
    responses((status = 201, body = ListView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewList>) -> Made<ListView> {
    made(app.write(move |tx, _| Box::pin(insert(tx, caller, new))).await?)
}

async fn insert(tx: &mut Tx, caller: Caller, new: NewList) -> Result<ListView, Fault> {
    let event = scope::event_to_change(tx, &caller, &new.event).await?;
    let number = next_number(lists::count(tx, event.id).await?, "lists")?;
    let row = CheckInList {
        id: ListId(number),
        name: text("name", &new.name)?,
        products: numbers(tx, event.id, new.products.as_deref()).await?,
        date: date_of(&event, new.date)?,
        multiple_entries: new.multiple_entries,
        reentry_after_exit: new.reentry_after_exit,
        accept_unpaid: new.accept_unpaid,
        ask_unlisted: new.ask_unlisted,
        addon_match: new.addon_match,
        auto_exit_at: new.auto_exit_at.map(|at| at.0),
        rules: match (&new.rules, new.unchecked_rules) {
            (Some(given), false) => Some(rules::checked(tx, event.id, given).await?),
            (Some(given), true) => Some(rules::unchecked(given)?),
            (None, _) => None,
        },
        zone: zone_of(tx, event.id, new.zone.as_deref()).await?,
    };
    let list = ListRecord { id: id("lst"), event: event.id, row };
    lists::add(tx, &list).await?;
    tx.publish(event.id, Change::List(list.row.clone()));
    Ok(view(&Known::of(tx, event.id).await?, &list))
}

/// Lists an event's check-in lists.
#[utoipa::path(get, path = "/v1/lists", tag = "catalogue", params(EventPaging),
    responses((status = 200, body = Page<ListView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<ListView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, query))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, query: EventPaging) -> Result<Page<ListView>, Fault> {
    let event = scope::event(tx, &caller, &query.event).await?;
    let (after, limit) = (query.paging().after_number()?, query.paging().limit());
    let found = lists::of_event(tx, event.id, after, limit).await?;
    let known = Known::of(tx, event.id).await?;
    let items = found.iter().map(|list| view(&known, list)).collect();
    Ok(Page::new(items, limit, |list: &ListView| list.number.to_string()))
}

/// Gives a list.
#[utoipa::path(get, path = "/v1/lists/{id}", tag = "catalogue",
    responses((status = 200, body = ListView), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<ListView> {
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let (list, event) = scope::list(tx, &caller, &id).await?;
            Ok(view(&Known::of(tx, event.id).await?, &list))
        })
    });
    found.await.map(Json)
}

/// Changes a list; who is inside and what is too much is counted anew where that depends on it.
#[utoipa::path(patch, path = "/v1/lists/{id}", tag = "catalogue", request_body = ListPatch,
    responses((status = 200, body = ListView), (status = "default", body = Problem)))]
pub async fn patch(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(patch): Body<ListPatch>,
) -> Answer<ListView> {
    let counts = patch.multiple_entries.is_some() || patch.auto_exit_at.is_some() || patch.zone.is_some();
    let of = (caller.clone(), counts.then(|| Named::List(id.clone())));
    in_turn(&app, of, move |tx, app| Box::pin(update(tx, app, caller, id, patch))).await.map(Json)
}

async fn update(tx: &mut Tx, app: &App, caller: Caller, id: String, patch: ListPatch) -> Result<ListView, Fault> {
    let (before, event) = scope::list_to_change(tx, &caller, &id).await?;
    let was = before.row;
    let row = CheckInList {
        id: was.id,
        name: patch.name.map_or(Ok(was.name.clone()), |name| text("name", &name))?,
        products: match patch.products {
            Some(given) => numbers(tx, event.id, given.as_deref()).await?,
            None => was.products.clone(),
        },
        date: patch.date.map_or(Ok(was.date), |date| date_of(&event, date))?,
        multiple_entries: patch.multiple_entries.unwrap_or(was.multiple_entries),
        reentry_after_exit: patch.reentry_after_exit.unwrap_or(was.reentry_after_exit),
        accept_unpaid: patch.accept_unpaid.unwrap_or(was.accept_unpaid),
        ask_unlisted: patch.ask_unlisted.unwrap_or(was.ask_unlisted),
        addon_match: patch.addon_match.unwrap_or(was.addon_match),
        auto_exit_at: patch.auto_exit_at.map_or(was.auto_exit_at, |at| at.map(|at| at.0)),
        rules: match &patch.rules {
            Some(Some(given)) => Some(rules::checked(tx, event.id, given).await?),
            Some(None) => None,
            None => was.rules.clone(),
        },
        zone: match &patch.zone {
            Some(given) => zone_of(tx, event.id, given.as_deref()).await?,
            None => was.zone,
        },
    };
    let list = ListRecord { row, ..before };
    lists::update(tx, &list).await?;
    tx.publish(event.id, Change::List(list.row.clone()));
    let counted = |list: &CheckInList| (list.multiple_entries, list.auto_exit_at, list.zone);
    if counted(&list.row) != counted(&was) {
        let row = list.row.clone();
        ledger::recount(tx, app, event.id, |catalogue| drop(catalogue.lists.insert(row.id, row))).await?;
    }
    Ok(view(&Known::of(tx, event.id).await?, &list))
}
