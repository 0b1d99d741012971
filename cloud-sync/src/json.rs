//! What handlers take and give beside the link's bodies and queries: keys, times,
//! pages of lists, texts that people wrote.
//!
//! What cannot be read is a problem+json like every other; unknown fields are
//! refused, because a misspelt one would otherwise be a wish that nobody heard.

use crate::fault::Fault;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tidegate_core::decide::key::MAX_KEY_CHARS;
use tidegate_core::journal::kind::MAX_TEXT_BYTES;
use tidegate_core::time::Timestamp;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

pub use tidegate_link::problem::{Body, Path, Query};

/// The largest REST body: an order of a thousand positions takes a quarter of it.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// How much of a list one answer gives at most, so that an answer stays below a megabyte.
pub const MAX_LIST: u32 = 1_000;
/// How much it gives unless asked otherwise.
pub const USUAL_LIST: u32 = 100;

/// The header that makes a request safe to repeat.
pub const KEY_HEADER: &str = "idempotency-key";

/// The request's key, where it has one.
pub struct MaybeKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeKey {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let Some(value) = parts.headers.get(KEY_HEADER) else { return Ok(Self(None)) };
        let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= MAX_KEY_CHARS);
        key.map(|key| Self(Some(key.to_owned()))).ok_or_else(|| {
            Fault::new(StatusCode::BAD_REQUEST, "bad_key", "Idempotency-Key is 1 to 100 plain characters")
        })
    }
}

/// The request's key, which it must have.
pub struct Key(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let MaybeKey(key) = MaybeKey::from_request_parts(parts, state).await?;
        key.map(Self).ok_or_else(|| {
            Fault::new(StatusCode::BAD_REQUEST, "key_missing", "This request needs an Idempotency-Key")
                .action("Send a fresh key with each new request, and the same one when you repeat it")
        })
    }
}

/// An answer that is JSON already: a repeated one, as it was given.
pub struct RawJson(pub StatusCode, pub String);

impl IntoResponse for RawJson {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, "application/json")], self.1).into_response()
    }
}

/// An instant as RFC 3339, from 1900 to 2200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let instant = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        let instant = instant.pattern(Some("^(19|20|21)")).examples(["2027-05-01T18:00:00Z"]);
        instant.description(Some("RFC 3339 with an offset, from 1900 to 2200")).into()
    }
}

impl ToSchema for Instant {}

/// One line that a person wrote, as the document describes what [`text`] takes.
pub struct Line;

impl PartialSchema for Line {
    fn schema() -> RefOr<Schema> {
        let line =
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX_TEXT_BYTES));
        let line = line.pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"));
        let line = line.examples(["Autumn Ball"]);
        line.description(Some("One line that is not blank, of at most 200 bytes in UTF-8")).into()
    }
}

impl ToSchema for Line {}

/// A key that makes repeating a request harmless, as the document describes what [`Key`] takes.
pub struct IdempotencyKey;

impl PartialSchema for IdempotencyKey {
    fn schema() -> RefOr<Schema> {
        let key =
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX_KEY_CHARS));
        key.pattern(Some(r"^[!-~]([\t -~]*[!-~])?$")).examples(["6f1d9c1e-order-1"]).into()
    }
}

impl ToSchema for IdempotencyKey {}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Timestamp::parse(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("an instant is RFC 3339 with an offset, from 1900 to 2200"))
    }
}

/// A field of a PATCH that may be left out (`None`) or be null (`Some(None)`).
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

/// How many of a list one answer is to give.
pub fn within<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    match Option::<u32>::deserialize(d)? {
        Some(limit) if !(1..=MAX_LIST).contains(&limit) => {
            Err(serde::de::Error::custom(format!("limit is 1 to {MAX_LIST}")))
        }
        limit => Ok(limit),
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// How many, at most 1000.
    #[serde(default, deserialize_with = "within")]
    #[param(minimum = 1, maximum = 1_000)]
    pub limit: Option<u32>,
}

/// Where a list of an event's things goes on.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventPaging {
    /// Of which event, `evt_…`.
    pub event: String,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// How many, at most 1000.
    #[serde(default, deserialize_with = "within")]
    #[param(minimum = 1, maximum = 1_000)]
    pub limit: Option<u32>,
}

impl EventPaging {
    /// The part without the event.
    pub fn paging(&self) -> Paging {
        Paging { after: self.after.clone(), limit: self.limit }
    }
}

impl Paging {
    /// How many to give.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(USUAL_LIST)
    }

    /// After which number, for lists in the order of numbers.
    pub fn after_number(&self) -> Result<u16, Fault> {
        self.after.as_deref().map_or(Ok(0), |after| after.parse().map_err(|_| bad_cursor()))
    }
}

/// `after` is not what a page gave as `next`.
pub fn bad_cursor() -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, "bad_query", "after is the next of the page before")
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// The `after` of the next page; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` things, of which more may follow if it is full.
    pub fn new(items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let full = items.len() >= limit as usize;
        let next = items.last().filter(|_| full).map(cursor);
        Self { items, next }
    }
}

/// A text a person gave: not empty, not a page long, on one line.
pub fn text(field: &str, text: &str) -> Result<String, Fault> {
    let trimmed = text.trim();
    let fits = !trimmed.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
    match fits {
        true => Ok(trimmed.to_owned()),
        false => Err(Fault::invalid(format!("{field} is one line of 1 to {MAX_TEXT_BYTES} bytes"))),
    }
}

/// The same, where it may be left out.
pub fn maybe_text(field: &str, given: Option<&String>) -> Result<Option<String>, Fault> {
    given.map(|given| text(field, given)).transpose()
}
