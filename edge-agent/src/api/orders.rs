//! Orders: all tickets of one, and parties that come in by it.

use super::input::{self, bad};
use super::problem;
use crate::agent::Agent;
use crate::store::party::{self, MAX_PARTY, Party, PartyFault};
use crate::store::{acts, find};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{FoundTicket, PartyAnswer};
use tidegate_core::decide::key::Operation;
use tidegate_core::decide::{Scan, Shown};
use tidegate_link::language::Preferred;
use tidegate_link::problem::{Body, Path, Problem};
use utoipa::ToSchema;

/// The longest order code that is looked for.
const MAX_ORDER_BYTES: usize = 100;

/// All tickets of an order, by its code in any case, with hyphens or without.
#[utoipa::path(get, path = "/v1/orders/{order}", tag = "orders",
    params(("order" = String, Path, description = "The order's code, in any case, with hyphens or without")),
    responses(
        (status = 200, body = Vec<FoundTicket>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn order(
    State(agent): State<Arc<Agent>>,
    Path(order): Path<String>,
) -> Result<Json<Vec<FoundTicket>>, Problem> {
    let order = named(order)?;
    let (memory, now) = (agent.store.memory(), agent.store.time().read().now);
    let ready = memory.ready;
    let read = agent.store.read(move |connection| {
        let rows = find::of_order(connection, &order)?;
        rows.iter().map(|row| find::found(connection, &memory, row, now)).collect::<Result<Vec<_>, _>>()
    });
    let found = read.await.map_err(|fault| problem(&fault))?;
    match found.is_empty() {
        true if !ready => Err(refused(PartyFault::Starting)),
        true => Err(refused(PartyFault::UnknownOrder)),
        false => Ok(Json(found)),
    }
}

fn named(order: String) -> Result<String, Problem> {
    match order.trim().len() {
        1..=MAX_ORDER_BYTES => Ok(order),
        _ => Err(bad("bad_order", format!("An order's code takes 1 to {MAX_ORDER_BYTES} bytes"))),
    }
}

/// Several people of one order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRequest {
    /// How many come in.
    #[schema(minimum = 1, maximum = 100)]
    count: usize,
    /// Why they come in without their codes.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
    /// Instead of a reason: the code, or the short code, of one ticket of the order.
    #[schema(max_length = 4096)]
    code: Option<String>,
    /// Name of the check-in list; this device's own if absent.
    list: Option<String>,
    /// The gate's name.
    gate: Option<String>,
    /// The party's own trusted time, RFC 3339.
    at: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
}

/// Lets several tickets of an order in at once: those first that are not inside.
#[utoipa::path(post, path = "/v1/orders/{order}/admissions", tag = "orders", request_body = PartyRequest,
    params(("order" = String, Path, description = "The order's code, in any case, with hyphens or without")),
    responses(
        (status = 200, body = PartyAnswer, description = "Who went in, and who did not and why"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing was recorded"),
    ))]
pub async fn admit(
    State(agent): State<Arc<Agent>>,
    Path(order): Path<String>,
    Preferred(preferred): Preferred,
    Body(request): Body<PartyRequest>,
) -> Result<Json<PartyAnswer>, Problem> {
    let order = named(order)?;
    if !(1..=MAX_PARTY).contains(&request.count) {
        return Err(bad("bad_count", format!("count is 1 to {MAX_PARTY}")));
    }
    let reason = input::name("reason", request.reason)?;
    if reason.is_none() && request.code.is_none() {
        return Err(bad("reason_needed", "People without a code come in for a reason").action(GIVE));
    }
    let list = input::list(&agent, request.list.as_deref())?;
    let gate = input::name("gate", request.gate)?.or_else(|| agent.config.gate.clone());
    let compact: String = order.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    let (count, list_number) = (request.count.to_string(), list.to_string());
    let [said, code, at_gate] = [&reason, &request.code, &gate].map(|text| text.as_deref().unwrap_or_default());
    let key = input::key(request.key, &[&compact, &count, &list_number, said, code, at_gate])?;
    let at = input::instant(request.at.as_deref())?;
    let voucher = request.code.as_deref().map(|code| input::put(&agent, Some(code), None)).transpose()?;
    // What is shown is set for each ticket in turn.
    let scan = Scan { at, gate, reason, ..Scan::of(Shown::Typed(Vec::new())) };
    let language = preferred.unwrap_or(agent.config.language);
    let mut party = Party { order, count: request.count, list, voucher: None, scan, language };
    let admitted = agent.store.write(move |tx| {
        let repeated = acts::is_recorded(tx, Operation::Party, key.as_ref())?; // no code vouches for that
        if let Some(put) = voucher.filter(|_| !repeated) {
            match put.shown(tx)? {
                Ok(shown) => party.voucher = Some(shown),
                Err(wait) => return Ok(Err(input::slow_down(wait))),
            }
        }
        Ok(party::admit(tx, &party, key.as_ref())?.map_err(refused))
    });
    admitted.await.map_err(|fault| problem(&fault))?.map(Json)
}

/// What to do where nothing vouches for a party.
const GIVE: &str = "Give reason, such as \"ID seen, phone empty\", or the code of one of its tickets";

fn refused(fault: PartyFault) -> Problem {
    match fault {
        PartyFault::Starting => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", "The list is still coming in").retry_after(1)
        }
        PartyFault::UnknownOrder => {
            Problem::new(StatusCode::NOT_FOUND, "unknown_order", "No ticket here has that order code")
                .action("Look at the code again, or find the guest by name")
        }
        PartyFault::AnotherOrder => Problem::new(
            StatusCode::CONFLICT,
            "code_of_another_order",
            "That code is of a ticket of another order",
        )
        .action("Show a code of this order, or give reason"),
        PartyFault::NoVoucher => bad("reason_needed", "That code vouches for nobody")
            .why("It is not a genuine code of this event, or a newer one has replaced it")
            .action(GIVE),
        PartyFault::KeyReused => {
            Problem::new(StatusCode::CONFLICT, "key_reused", "This key was used for another party")
                .action("Send every new request with a key of its own")
        }
    }
}
