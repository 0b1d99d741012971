//! Errors over HTTP as problem+json (RFC 9457): what, why, do, and a stable code.
//!
//! Clients match on `code`; people read `title`, `detail` and `do`. Nothing of the
//! inside leaks: a fault that is not the caller's says only that it is ours.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::marker::PhantomData;

/// A problem as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in one sentence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why, with the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable code to match on.
    pub code: String,
    /// What to do about it.
    #[serde(default, rename = "do", skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Seconds after which to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// What is wrong with a list's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleProblem>,
}

/// What is wrong with a list's rules, for the editor that wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleProblem {
    /// Where, as a JSON pointer into the rules; empty for the whole.
    pub at: String,
    /// Stable code of the fault: `rule_operator`, `rule_type`, …
    pub code: String,
    /// One sentence.
    pub what: String,
}

impl Problem {
    /// A problem with this status, stable code and one sentence of what happened.
    pub fn new(status: StatusCode, code: &str, what: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:tidegate:problem:{code}"),
            title: what.into(),
            status: status.as_u16(),
            detail: None,
            code: code.to_owned(),
            action: None,
            retry_after: None,
            rule: None,
        }
    }

    /// Adds why, with the evidence.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.detail = Some(why.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Adds when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds what is wrong with a list's rules.
    #[must_use]
    pub fn rule(mut self, rule: RuleProblem) -> Self {
        self.rule = Some(rule);
        self
    }

    /// A fault of ours: logged in full where it happened, told in one sentence.
    pub fn internal(error: &(impl std::fmt::Display + ?Sized)) -> Self {
        tracing::error!(error = %error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side")
            .action("Try again; if it stays, look at the log")
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.title, self.code)?;
        self.detail.iter().try_for_each(|detail| write!(f, ": {detail}"))
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn bad_request(status: StatusCode, why: String) -> Problem {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "media_type",
        _ => "bad_request",
    };
    Problem::new(status, code, "The request cannot be read").why(why)
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        bad_request(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        bad_request(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        bad_request(rejection.status(), rejection.body_text())
    }
}

/// A JSON object as body; what is wrong with it comes back as a [`Problem`].
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(Object(content)) = axum::Json::from_request(request, state).await?;
        Ok(Self(content))
    }
}

/// What stands in an object. Without this an array of nothings would be one whose fields were all left out.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

/// The parts of an address; what is wrong with them comes back as a [`Problem`].
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// A query string; what is wrong with it comes back as a [`Problem`].
#[derive(axum::extract::FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body as Bytes;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Patch {
        name: Option<String>,
        capacity: Option<u32>,
    }

    async fn check(body: &'static str, expect: Result<Patch, u16>) {
        let request = Request::post("/").header("content-type", "application/json").body(Bytes::from(body));
        let read = Body::<Patch>::from_request(request.unwrap(), &()).await;
        assert_eq!(read.map(|Body(patch)| patch).map_err(|problem| problem.status), expect, "{body}");
    }

    #[tokio::test]
    async fn a_body_is_an_object_and_an_array_is_none() {
        check("{}", Ok(Patch::default())).await;
        check(r#"{"name": "Hall", "capacity": null}"#, Ok(Patch { name: Some("Hall".into()), capacity: None }))
            .await;
        check("[null, null]", Err(422)).await;
        check("null", Err(422)).await;
        check(r#"{"size": 1}"#, Err(422)).await;
        check(r#"{"name": "#, Err(400)).await;
    }
}
