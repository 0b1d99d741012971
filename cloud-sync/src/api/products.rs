//! Products: ticket types, and what is served for credits from stock.

use super::{Answer, By, Made, Shared, in_turn, made};
use crate::app::App;
use crate::auth::Caller;
use crate::auth::tokens::id;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Line, Page, Path, Query, text};
use crate::ledger::own::{self, Draft};
use crate::scope::{self, Named};
use crate::store::events::{self, EventRecord};
use crate::store::names::{self, Called};
use crate::store::products::{self, ProductRecord};
use crate::store::{StoreError, Tx};
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_core::catalogue::Variation;
use tidegate_core::feed::Change;
use tidegate_core::id::{EventId, ProductId, VariationId};
use tidegate_core::journal::kind::{Kind, Resource, Restock};
use tidegate_core::money::MAX_AMOUNT_MINOR;
use tidegate_core::ticket::{Credit, MAX_CREDIT_KINDS};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// Products and lists of one event: a festival's whole menu, and an agent's memory stays small.
pub const MAX_PER_EVENT: u32 = 1_000;
/// Kinds that a product comes in: sizes, ages, rows.
const MAX_VARIATIONS: usize = 100;

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Lets somebody in.
    Ticket,
    /// Is served for credits.
    Consumption,
}

/// Units of a product that come with a ticket.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditShape {
    /// Which, `prd_…`.
    pub product: String,
    /// How many.
    #[schema(minimum = 1, maximum = 65_535)]
    pub units: u16,
}

/// A product to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// Of which event.
    event: String,
    /// Its name.
    #[schema(value_type = Line)]
    name: String,
    /// A ticket, or something served.
    kind: ProductKind,
    /// What one costs, in minor units.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    price_minor: i64,
    /// What comes with each ticket.
    #[serde(default)]
    credits: Vec<CreditShape>,
    /// Units in stock, of something served.
    stock: Option<u32>,
    /// The kinds it comes in, such as child and adult, at most 100; the cloud numbers them.
    #[serde(default)]
    #[schema(value_type = Vec<Line>)]
    variations: Vec<String>,
}

/// What is to be changed of a product.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
    #[schema(value_type = Option<Line>)]
    name: Option<String>,
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    price_minor: Option<i64>,
    /// What comes with tickets sold from now on.
    credits: Option<Vec<CreditShape>>,
    /// Units that came in addition.
    restock: Option<u32>,
    /// More kinds that it comes in; those before stay, because tickets name them.
    #[schema(value_type = Option<Vec<Line>>)]
    add_variations: Option<Vec<String>>,
}

/// A kind of a product.
#[derive(Serialize, ToSchema)]
pub struct VariationView {
    /// Its number in orders and rules; no other variation of the event ever has it.
    number: u16,
    name: String,
}

/// A product.
#[derive(Serialize, ToSchema)]
pub struct ProductView {
    /// `prd_…`.
    id: String,
    event: String,
    /// Its number in codes and journals.
    number: u16,
    name: String,
    kind: ProductKind,
    price_minor: i64,
    credits: Vec<CreditShape>,
    /// The kinds it comes in.
    variations: Vec<VariationView>,
}

/// The products of an event by number, to show them by their ids.
pub struct Products(BTreeMap<ProductId, String>);

impl Products {
    /// All of an event.
    pub async fn of(tx: &mut Tx, event: EventId) -> Result<Self, StoreError> {
        let all = products::of_event(tx, event, 0, MAX_PER_EVENT).await?;
        Ok(Self(all.into_iter().map(|p| (p.number, p.id)).collect()))
    }

    /// A product's id.
    pub fn id(&self, number: ProductId) -> String {
        self.0.get(&number).cloned().unwrap_or_default() // products are never taken away
    }

    /// Credits as they are shown.
    pub fn credits(&self, credits: &[Credit]) -> Vec<CreditShape> {
        credits.iter().map(|c| CreditShape { product: self.id(c.product), units: c.units }).collect()
    }

    fn view(&self, p: &ProductRecord) -> ProductView {
        ProductView {
            id: p.id.clone(),
            event: p.event.to_string(),
            number: p.number.0,
            name: p.name.clone(),
            kind: if p.consumption { ProductKind::Consumption } else { ProductKind::Ticket },
            price_minor: p.price_minor,
            credits: self.credits(&p.credits),
            variations: p.variations.iter().map(variation).collect(),
        }
    }
}

fn variation(variation: &Variation) -> VariationView {
    VariationView { number: variation.id.0, name: variation.name.clone() }
}

/// Draws numbers for more kinds of a product.
async fn more_variations(tx: &mut Tx, product: &mut ProductRecord, names: &[String]) -> Result<(), Fault> {
    if names.is_empty() {
        return Ok(());
    }
    if product.variations.len() + names.len() > MAX_VARIATIONS {
        return Err(Fault::invalid(format!("A product comes in at most {MAX_VARIATIONS} variations")));
    }
    let last = events::draw_variations(tx, product.event, names.len() as u64).await?;
    for (number, name) in (last + 1 - names.len() as u64..).zip(names) {
        let number = u16::try_from(number)
            .map_err(|_| Fault::conflict("too_many", "The event has had all the variations it can have"))?;
        let name = text("A variation's name", name)?;
        if product.variations.iter().any(|known| known.name == name) {
            return Err(Fault::invalid("Every variation of a product has a name of its own"));
        }
        product.variations.push(Variation { id: VariationId(number), name });
    }
    Ok(())
}

/// Credits as they are signed: each product once, ascending, something served.
pub async fn credits(tx: &mut Tx, event: EventId, given: &[CreditShape]) -> Result<Vec<Credit>, Fault> {
    let mut credits = BTreeMap::new();
    for credit in given {
        let product = scope::product_of(tx, event, &credit.product).await?;
        if !product.consumption || credit.units == 0 || credits.insert(product.number, credit.units).is_some() {
            return Err(Fault::invalid("Credits name each product that is served once, with units above zero"));
        }
    }
    if credits.len() > MAX_CREDIT_KINDS {
        return Err(Fault::invalid(format!("A code carries at most {MAX_CREDIT_KINDS} kinds of credit")));
    }
    Ok(credits.into_iter().map(|(product, units)| Credit { product, units }).collect())
}

/// Makes a product.
#[utoipa::path(post, path = "/v1/products", tag = "catalogue", request_body = NewProduct,
    responses((status = 201, body = ProductView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewProduct>) -> Made<ProductView> {
    let of = (caller.clone(), new.stock.map(|_| Named::Event(new.event.clone())));
    made(in_turn(&app, of, move |tx, app| Box::pin(insert(tx, app, caller, new))).await?)
}

async fn insert(tx: &mut Tx, app: &App, caller: Caller, new: NewProduct) -> Result<ProductView, Fault> {
    let event = scope::event_to_change(tx, &caller, &new.event).await?;
    let count = products::count(tx, event.id).await?;
    let number = next_number(count, "products")?;
    let mut product = ProductRecord {
        id: id("prd"),
        event: event.id,
        number: ProductId(number),
        name: match new.kind {
            ProductKind::Consumption => new_name(tx, Called::Served, event.id, &new.name).await?,
            ProductKind::Ticket => text("name", &new.name)?,
        },
        consumption: new.kind == ProductKind::Consumption,
        price_minor: price(new.price_minor)?,
        credits: credits(tx, event.id, &new.credits).await?,
        variations: Vec::new(),
    };
    more_variations(tx, &mut product, &new.variations).await?;
    products::add(tx, &product).await?;
    tx.publish(event.id, Change::Product(product.row()));
    restock(tx, app, (&event, caller.name), &product, new.stock).await?;
    Ok(Products::of(tx, event.id).await?.view(&product))
}

/// The name of something new, which nothing else of its kind has.
pub async fn new_name(tx: &mut Tx, what: Called, event: EventId, name: &str) -> Result<String, Fault> {
    let name = text("name", name)?;
    match names::is_taken(tx, what, event, &name).await? {
        false => Ok(name),
        true => Err(Fault::conflict("name_taken", format!("The event has a {} of this name", what.word()))),
    }
}

/// The name that something has from now on: a new one, or the one that it had.
pub async fn renamed(
    tx: &mut Tx,
    what: Called,
    event: EventId,
    was: String,
    given: Option<String>,
) -> Result<String, Fault> {
    match given {
        Some(name) if name != was => new_name(tx, what, event, &name).await,
        Some(_) | None => Ok(was),
    }
}

/// The next number of an event's products or lists; numbers are never reused.
pub fn next_number(count: u32, of_what: &str) -> Result<u16, Fault> {
    match u16::try_from(count + 1) {
        Ok(number) if count < MAX_PER_EVENT => Ok(number),
        _ => Err(Fault::conflict("too_many", format!("An event has at most {MAX_PER_EVENT} {of_what}"))),
    }
}

fn price(minor: i64) -> Result<i64, Fault> {
    match (0..=MAX_AMOUNT_MINOR).contains(&minor) {
        true => Ok(minor),
        false => Err(Fault::invalid("price_minor is 0 or more, in minor units")),
    }
}

async fn restock(
    tx: &mut Tx,
    app: &App,
    (event, staff): (&EventRecord, String),
    product: &ProductRecord,
    units: Option<u32>,
) -> Result<(), Fault> {
    match units {
        None | Some(0) => Ok(()),
        Some(_) if !product.consumption => Err(Fault::invalid("Only what is served has stock")),
        Some(quantity) => {
            let kind = Kind::Restock(Restock::new(Resource::Product(product.number), quantity));
            let draft = Draft { kind, at: None, staff: Some(staff) };
            own::write(tx, app, event, draft).await.map(drop)
        }
    }
}

/// Lists an event's products.
#[utoipa::path(get, path = "/v1/products", tag = "catalogue", params(EventPaging),
    responses((status = 200, body = Page<ProductView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<ProductView>> {
    app.read(move |tx, _| Box::pin(page(tx, caller, query))).await.map(Json)
}

async fn page(tx: &mut Tx, caller: Caller, query: EventPaging) -> Result<Page<ProductView>, Fault> {
    let event = scope::event(tx, &caller, &query.event).await?;
    let (after, limit) = (query.paging().after_number()?, query.paging().limit());
    let found = products::of_event(tx, event.id, after, limit).await?;
    let all = Products::of(tx, event.id).await?;
    let items = found.iter().map(|product| all.view(product)).collect();
    Ok(Page::new(items, limit, |product: &ProductView| product.number.to_string()))
}

/// Gives a product.
#[utoipa::path(get, path = "/v1/products/{id}", tag = "catalogue",
    responses((status = 200, body = ProductView), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<ProductView> {
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let (product, event) = scope::product(tx, &caller, &id).await?;
            Ok(Products::of(tx, event.id).await?.view(&product))
        })
    });
    found.await.map(Json)
}

/// Changes a product; tickets sold keep what they were sold with.
#[utoipa::path(patch, path = "/v1/products/{id}", tag = "catalogue", request_body = ProductPatch,
    responses((status = 200, body = ProductView), (status = "default", body = Problem)))]
pub async fn patch(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Body(patch): Body<ProductPatch>,
) -> Answer<ProductView> {
    let of = (caller.clone(), patch.restock.map(|_| Named::Product(id.clone())));
    in_turn(&app, of, move |tx, app| Box::pin(update(tx, app, caller, id, patch))).await.map(Json)
}

async fn update(
    tx: &mut Tx,
    app: &App,
    caller: Caller,
    id: String,
    patch: ProductPatch,
) -> Result<ProductView, Fault> {
    let (before, event) = scope::product_to_change(tx, &caller, &id).await?;
    let mut product = ProductRecord {
        name: match (patch.name, before.consumption) {
            (Some(name), false) => text("name", &name)?,
            (name, _) => renamed(tx, Called::Served, event.id, before.name, name).await?,
        },
        price_minor: patch.price_minor.map_or(Ok(before.price_minor), price)?,
        credits: match &patch.credits {
            Some(given) => credits(tx, event.id, given).await?,
            None => before.credits,
        },
        ..before
    };
    more_variations(tx, &mut product, patch.add_variations.as_deref().unwrap_or_default()).await?;
    products::update(tx, &product).await?;
    tx.publish(event.id, Change::Product(product.row()));
    restock(tx, app, (&event, caller.name), &product, patch.restock).await?;
    Ok(Products::of(tx, event.id).await?.view(&product))
}
