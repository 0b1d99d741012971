//! Taking requests in: names, times and keys with their limits, each fault named.

use crate::agent::{Agent, fits};
use crate::store::acts::Key;
use crate::store::typed::{Put, TooMany};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use tidegate_core::decide::Shown;
use tidegate_core::decide::key::{MAX_KEY_CHARS, content};
use tidegate_core::id::{ListId, ProductId};
use tidegate_core::journal::kind::Answered;
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::time::Timestamp;
use tidegate_link::problem::Problem;

/// The longest code taken: what a hand scanner could send by mistake, a page of text.
const MAX_CODE_BYTES: usize = 4_096;

/// A request that names something wrongly.
pub fn bad(code: &str, what: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, what)
}

/// What was put in front of the device: a code, a short code, or a ticket found by search; exactly one.
pub fn put(agent: &Agent, code: Option<&str>, ticket: Option<&str>) -> Result<Put, Problem> {
    match (code, ticket) {
        (Some(code), None) if code.len() <= MAX_CODE_BYTES => Ok(match Spoken::read(code) {
            Some(spoken) => Put::Typed(spoken),
            None => Put::Shown(Shown::Code(agent.identify(code))),
        }),
        (Some(_), None) => Err(bad("code_too_long", "A code is shorter than 4096 bytes")),
        (None, Some(ticket)) => {
            let id = ticket.parse().map_err(|e| bad("bad_ticket", format!("{e}")))?;
            Ok(Put::Shown(Shown::Found(id)))
        }
        (None, None) | (Some(_), Some(_)) => Err(bad("code_or_ticket", "Give either code or ticket")),
    }
}

/// Too many short codes were wrong.
pub fn slow_down(TooMany(seconds): TooMany) -> Problem {
    let what = "Too many short codes that no ticket here has";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", what)
        .action("Scan the code itself, or find the guest by name")
        .retry_after(seconds)
}

/// Answers in one request: more than any door asks.
const MAX_ANSWERS: usize = 20;
/// Bytes of all of them with their questions' ids: an entry has to hold them.
const MAX_ANSWERS_BYTES: usize = 1_000;

/// What the guest answered.
pub fn answers(given: BTreeMap<String, String>) -> Result<Vec<Answered>, Problem> {
    let bytes: usize = given.iter().map(|(question, text)| question.len() + text.len()).sum();
    if given.len() > MAX_ANSWERS || bytes > MAX_ANSWERS_BYTES {
        let what = format!("answers takes {MAX_ANSWERS} answers of {MAX_ANSWERS_BYTES} bytes in all");
        return Err(bad("answers_too_long", what));
    }
    Ok(given.into_iter().map(|(question, text)| Answered { question, text }).collect())
}

/// The list of that name, else the one that scans use.
pub fn list(agent: &Agent, name: Option<&str>) -> Result<ListId, Problem> {
    let catalogue = &agent.store.memory().catalogue;
    match name {
        Some(name) => {
            let found = catalogue.lists.values().find(|list| list.name == name);
            found.map(|list| list.id).or_else(|| agent.list_to_come()).ok_or_else(|| {
                let known: Vec<&str> = catalogue.lists.values().map(|l| l.name.as_str()).collect();
                let known = known.join(", ");
                Problem::new(StatusCode::NOT_FOUND, "unknown_list", "No check-in list of that name")
                    .why(format!("known here: {known}"))
                    .action(format!("Use one of: {known}"))
            })
        }
        None => agent.default_list().or_else(|| agent.list_to_come()).ok_or_else(|| {
            let what = agent.without_list().unwrap_or_default();
            bad("list_needed", what)
                .action("Name one in the request, or start with --list NAME (list in edge.toml)")
        }),
    }
}

/// The product of that name.
pub fn product(agent: &Agent, name: &str) -> Result<ProductId, Problem> {
    let catalogue = &agent.store.memory().catalogue;
    let found = catalogue.products.values().find(|product| product.name == name);
    // A product that no feed has named is a verdict, not a fault of the request.
    Ok(found.map_or(UNKNOWN_PRODUCT, |product| product.id))
}

/// A number that no product has: the cloud counts from 1.
const UNKNOWN_PRODUCT: ProductId = ProductId(0);

/// A time somebody vouches for.
pub fn instant(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| {
        Timestamp::parse(text).ok_or_else(|| bad("bad_time", "Times are RFC 3339, between 1900 and 2200"))
    })
    .transpose()
}

/// A name that goes into an entry.
pub fn name(field: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if !fits(&text) => {
            Err(bad("bad_name", format!("{field} takes 1 to 200 bytes and no control characters")))
        }
        text => Ok(text),
    }
}

/// An idempotency key with the hash of what it stands for.
pub fn key(text: Option<String>, parts: &[&str]) -> Result<Option<Key>, Problem> {
    match text {
        Some(key) if key.is_empty() || key.chars().count() > MAX_KEY_CHARS => {
            Err(bad("bad_key", format!("key takes 1 to {MAX_KEY_CHARS} characters")))
        }
        text => Ok(text.map(|key| Key { key, content: content(parts) })),
    }
}
