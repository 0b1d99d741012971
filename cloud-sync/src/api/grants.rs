//! Credit added to a ticket: its total rises, its code stays.

use super::tickets::shape::{Shown, TicketView};
use super::{By, Keyed, Shared, in_turn};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, IdempotencyKey, Key, RawJson};
use crate::scope::Named;
use crate::store::Tx;
use crate::{keys, ledger, scope, tickets};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tidegate_core::ticket::Credit;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// Credit to be added.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// To which ticket, `tkt_…`.
    ticket: String,
    /// Of which product, `prd_…`.
    product: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 65_535)]
    units: u16,
}

/// Adds credit to a ticket. Needs an `Idempotency-Key`.
#[utoipa::path(post, path = "/v1/grants", tag = "tickets", request_body = NewGrant,
    params(("Idempotency-Key" = inline(IdempotencyKey), Header, description = "Makes repeating the request harmless")),
    responses((status = 201, body = TicketView), (status = "default", body = Problem)))]
pub async fn create(
    State(app): Shared,
    Extension(caller): By,
    Key(key): Key,
    Body(new): Body<NewGrant>,
) -> Result<RawJson, Fault> {
    let keyed = Keyed::new("grant", &caller, key, &new);
    let of = (caller.clone(), Some(Named::Ticket(new.ticket.clone())));
    let granted = in_turn(&app, of, move |tx, app| Box::pin(grant(tx, app, caller, keyed, new)));
    let answer = granted.await?;
    Ok(RawJson(StatusCode::CREATED, answer))
}

async fn grant(tx: &mut Tx, app: &App, caller: Caller, keyed: Keyed, new: NewGrant) -> Result<String, Fault> {
    if let Some(answer) = keyed.repeated(tx).await? {
        return Ok(answer);
    }
    let (mut ticket, event) = scope::ticket_to_change(tx, &caller, &new.ticket).await?;
    let product = scope::product_of(tx, event.id, &new.product).await?;
    if !product.consumption || new.units == 0 {
        return Err(Fault::invalid("Credit is of something served, above zero units"));
    }
    let credits = &mut ticket.row.credits;
    match credits.iter_mut().find(|credit| credit.product == product.number) {
        Some(credit) => {
            let raised = credit.units.checked_add(new.units);
            credit.units =
                raised.ok_or_else(|| Fault::invalid("A ticket holds at most 65535 units of a product"))?;
        }
        None => credits.push(Credit { product: product.number, units: new.units }),
    }
    credits.sort_by_key(|credit| credit.product);
    // A later code has to carry the whole total.
    tickets::fits(&keys::signing_key(tx, &app.vault, &event).await?, event.id, &ticket)?;
    tickets::keep(tx, std::slice::from_ref(&ticket)).await?;
    ledger::look_again(tx, app, event.id, ticket.row.id).await?;
    let view = Shown::of(tx, &caller, &event).await?.view(&ticket);
    keyed.keep(tx, &view, app.now()).await
}
