//! Check-in lists: what a gate takes.

use super::products::{MAX_PER_EVENT, Products, next_number};
use super::{Answer, By, Made, Shared, made};
use crate::app::App;
use crate::auth::Caller;
use crate::auth::tokens::id;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Page, Query, present, text};
use crate::ledger;
use crate::scope;
use crate::store::Tx;
use crate::store::events::EventRecord;
use crate::store::lists::{self, ListRecord};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_core::catalogue::CheckInList;
use tidegate_core::feed::Change;
use tidegate_core::id::{DateId, ListId, ProductId};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A list to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewList {
    /// Of which event.
    event: String,
    /// Its name.
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
}

fn yes() -> bool {
    true
}

/// What is to be changed of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPatch {
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
}

fn view(products: &Products, list: &ListRecord) -> ListView {
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
    }
}

async fn numbers(
    tx: &mut Tx,
    event: &EventRecord,
    given: Option<&Vec<String>>,
) -> Result<Option<Vec<ProductId>>, Fault> {
    let Some(given) = given else { return Ok(None) };
    let mut numbers = BTreeSet::new();
    for product in given.iter().take(MAX_PER_EVENT as usize) {
        numbers.insert(scope::product_of(tx, event.id, product).await?.number);
    }
    Ok(Some(numbers.into_iter().collect()))
}

/// A date of the event by its number.
pub fn date_of(event: &EventRecord, number: Option<u16>) -> Result<Option<DateId>, Fault> {
    let Some(number) = number.map(DateId) else { return Ok(None) };
    match event.dates.iter().any(|date| date.id == number) {
        true => Ok(Some(number)),
        false => Err(Fault::invalid(format!("The event has no date {number}"))),
    }
}

/// Makes a list.
#[utoipa::path(post, path = "/v1/lists", tag = "catalogue", request_body = NewList,
    responses((status = 201, body = ListView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewList>) -> Made<ListView> {
    made(app.write(move |tx, _| Box::pin(insert(tx, caller, new))).await?)
}

async fn insert(tx: &mut Tx, caller: Caller, new: NewList) -> Result<ListView, Fault> {
    let event = scope::event(tx, &caller, &new.event).await?;
    let number = next_number(lists::count(tx, event.id).await?, "lists")?;
    let row = CheckInList {
        id: ListId(number),
        name: text("name", &new.name)?,
        products: numbers(tx, &event, new.products.as_ref()).await?,
        date: date_of(&event, new.date)?,
        multiple_entries: new.multiple_entries,
        reentry_after_exit: new.reentry_after_exit,
        accept_unpaid: new.accept_unpaid,
        ask_unlisted: new.ask_unlisted,
    };
    let list = ListRecord { id: id("lst"), event: event.id, row };
    lists::add(tx, &list).await?;
    tx.publish(event.id, Change::List(list.row.clone()));
    Ok(view(&Products::of(tx, event.id).await?, &list))
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
    let products = Products::of(tx, event.id).await?;
    let items = found.iter().map(|list| view(&products, list)).collect();
    Ok(Page::new(items, limit, |list: &ListView| list.number.to_string()))
}

/// Gives a list.
#[utoipa::path(get, path = "/v1/lists/{id}", tag = "catalogue",
    responses((status = 200, body = ListView), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<ListView> {
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let (list, event) = scope::list(tx, &caller, &id).await?;
            Ok(view(&Products::of(tx, event.id).await?, &list))
        })
    });
    found.await.map(Json)
}

/// Changes a list; conflicts are found anew where it matters to them.
#[utoipa::path(patch, path = "/v1/lists/{id}", tag = "catalogue", request_body = ListPatch,
    responses((status = 200, body = ListView), (status = "default", body = Problem)))]
pub async fn patch(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(patch): Body<ListPatch>,
) -> Answer<ListView> {
    app.write(move |tx, app| Box::pin(update(tx, app, caller, id, patch))).await.map(Json)
}

async fn update(tx: &mut Tx, app: &App, caller: Caller, id: String, patch: ListPatch) -> Result<ListView, Fault> {
    let (before, event) = scope::list(tx, &caller, &id).await?;
    let was = before.row;
    let row = CheckInList {
        id: was.id,
        name: patch.name.map_or(Ok(was.name), |name| text("name", &name))?,
        products: match patch.products {
            Some(given) => numbers(tx, &event, given.as_ref()).await?,
            None => was.products,
        },
        date: patch.date.map_or(Ok(was.date), |date| date_of(&event, date))?,
        multiple_entries: patch.multiple_entries.unwrap_or(was.multiple_entries),
        reentry_after_exit: patch.reentry_after_exit.unwrap_or(was.reentry_after_exit),
        accept_unpaid: patch.accept_unpaid.unwrap_or(was.accept_unpaid),
        ask_unlisted: patch.ask_unlisted.unwrap_or(was.ask_unlisted),
    };
    let list = ListRecord { row, ..before };
    lists::update(tx, &list).await?;
    tx.publish(event.id, Change::List(list.row.clone()));
    if list.row.multiple_entries != was.multiple_entries {
        ledger::find_conflicts_anew(tx, app, event.id, &list.row).await?;
    }
    Ok(view(&Products::of(tx, event.id).await?, &list))
}
