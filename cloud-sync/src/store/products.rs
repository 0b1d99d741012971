//! Products of an event.

use super::{Json, Row, StoreError, Tx};
use crate::params;
use tidegate_core::catalogue::{Product, Variation};
use tidegate_core::id::{EventId, ProductId, VariationId};
use tidegate_core::ticket::Credit;

/// A product as the office keeps it.
#[derive(Clone)]
pub struct ProductRecord {
    /// `prd_…`.
    pub id: String,
    /// Of which event.
    pub event: EventId,
    /// Its number in codes and journals.
    pub number: ProductId,
    /// Its name.
    pub name: String,
    /// Whether it is served at a bar.
    pub consumption: bool,
    /// What one costs, in minor units.
    pub price_minor: i64,
    /// What comes with each ticket of it.
    pub credits: Vec<Credit>,
    /// The kinds it comes in.
    pub variations: Vec<Variation>,
}

impl ProductRecord {
    /// As agents read it.
    pub fn row(&self) -> Product {
        let (name, variations) = (self.name.clone(), self.variations.clone());
        Product { id: self.number, name, consumption: self.consumption, variations }
    }
}

/// Credits as they are kept: numbers and units.
pub(super) fn pairs(credits: &[Credit]) -> Json<Vec<(u16, u16)>> {
    Json(credits.iter().map(|c| (c.product.0, c.units)).collect())
}

/// Credits as they were kept.
pub(super) fn credits(Json(pairs): Json<Vec<(u16, u16)>>) -> Vec<Credit> {
    pairs.into_iter().map(|(product, units)| Credit { product: ProductId(product), units }).collect()
}

macro_rules! columns {
    () => {
        "id, event, number, name, kind, price_minor, credits, variations"
    };
}

/// Adds a product.
pub async fn add(tx: &mut Tx, p: &ProductRecord) -> Result<(), StoreError> {
    let sql = concat!("INSERT INTO products (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let (kind, credits, variations) = (kind(p.consumption), pairs(&p.credits), named(&p.variations));
    let params = params![&p.id, p.event, p.number, &p.name, kind, p.price_minor, credits, variations];
    tx.execute(sql, params).await.map(drop)
}

/// Writes what may change of a product.
pub async fn update(tx: &mut Tx, p: &ProductRecord) -> Result<(), StoreError> {
    let sql = "UPDATE products SET name = $2, price_minor = $3, credits = $4, variations = $5 WHERE id = $1";
    let params = params![&p.id, &p.name, p.price_minor, pairs(&p.credits), named(&p.variations)];
    tx.execute(sql, params).await.map(drop)
}

/// A product.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ProductRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM products WHERE id = $1");
    tx.first(sql, params![id]).await?.map(product).transpose()
}

/// An event's products after number `after`.
pub async fn of_event(
    tx: &mut Tx,
    event: EventId,
    after: u16,
    limit: u32,
) -> Result<Vec<ProductRecord>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM products WHERE event = $1 AND number > $2 ORDER BY number LIMIT $3");
    tx.query(sql, params![event, after, limit]).await?.into_iter().map(product).collect()
}

/// How many products an event has; the next number is one more.
pub async fn count(tx: &mut Tx, event: EventId) -> Result<u32, StoreError> {
    let row = tx.first("SELECT COUNT(*) FROM products WHERE event = $1", params![event]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

/// Variations as they are kept: numbers and names.
fn named(variations: &[Variation]) -> Json<Vec<(u16, String)>> {
    Json(variations.iter().map(|v| (v.id.0, v.name.clone())).collect())
}

fn variations(Json(named): Json<Vec<(u16, String)>>) -> Vec<Variation> {
    named.into_iter().map(|(number, name)| Variation { id: VariationId(number), name }).collect()
}

fn kind(consumption: bool) -> &'static str {
    if consumption { "consumption" } else { "ticket" }
}

fn product(mut row: Row) -> Result<ProductRecord, StoreError> {
    Ok(ProductRecord {
        id: row.take()?,
        event: row.take()?,
        number: row.take()?,
        name: row.take()?,
        consumption: row.take::<String>()? == kind(true),
        price_minor: row.take()?,
        credits: credits(row.take()?),
        variations: variations(row.take()?),
    })
}
