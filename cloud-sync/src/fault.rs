//! What went wrong, on its way to the caller: a problem+json behind a pointer.
//!
//! Every fault has a stable code. What does not belong to the caller does not exist
//! for it, and what failed inside is logged here and told in one sentence.

use crate::store::StoreError;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use std::fmt;
use tidegate_link::problem::Problem;

/// When to try again where others held what was needed: they hold it for milliseconds.
const BUSY_S: u32 = 1;
/// When to try again where the database has gone: it restarts or fails over in seconds.
const GONE_S: u32 = 2;
/// What to do where the answer says that all is as it was.
const AGAIN: &str = "Nothing was saved: send the same request again";

/// A refused or failed request.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault(Box<Problem>);

impl Fault {
    /// A problem with this status, stable code and one sentence of what happened.
    pub fn new(status: StatusCode, code: &str, what: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(status, code, what)))
    }

    /// There is no such thing, or it is somebody else's.
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}"))
    }

    /// The same, said of what was asked for: what is around it does not exist either.
    #[must_use]
    pub fn about(self, what: &str) -> Self {
        if self.code() == "not_found" { Self::missing(what) } else { self }
    }

    /// The request can be read but not be done as it stands.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", what)
    }

    /// The state of things is against it.
    pub fn conflict(code: &str, what: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, what)
    }

    /// The caller may not do this.
    pub fn forbidden(code: &str, what: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, what)
    }

    /// Too often; try again after some seconds.
    pub fn too_often(code: &str, what: impl Into<String>, seconds: u32) -> Self {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code, what).retry_after(seconds);
        Self(Box::new(problem))
    }

    /// It takes longer than anybody waits: something hangs, and what was to be saved may yet be.
    pub fn overdue(method: &Method) -> Self {
        let error = "no answer in time";
        match method.is_safe() {
            true => Self::again(&error, "timeout", "This took too long", GONE_S).action(AGAIN),
            false => Self::unknown(&error, "This took too long: it was saved, or it was not"),
        }
    }

    fn unknown(error: &impl fmt::Display, what: &str) -> Self {
        let fault = Self::again(error, "outcome_unknown", what, GONE_S);
        fault.action("Send the same request again, with the same key where it had one")
    }

    /// Not now; try again after some seconds. Logged here.
    fn again(error: &impl fmt::Display, code: &str, what: &str, seconds: u32) -> Self {
        tracing::warn!(%error, code, "request failed for now");
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, what).retry_after(seconds);
        Self(Box::new(problem))
    }

    /// Ours, not the caller's.
    pub fn internal(error: &(impl fmt::Display + ?Sized)) -> Self {
        Self(Box::new(Problem::internal(error)))
    }

    /// Adds why, with the evidence.
    #[must_use]
    pub fn why(self, why: impl Into<String>) -> Self {
        Self(Box::new(self.0.why(why)))
    }

    /// Adds what to do.
    #[must_use]
    pub fn action(self, action: impl Into<String>) -> Self {
        Self(Box::new(self.0.action(action)))
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy(_) => {
                Self::again(&error, "database_busy", "The database is busy", BUSY_S).action(AGAIN)
            }
            StoreError::Unavailable(_) => {
                Self::again(&error, "database_unavailable", "The database is out of reach", GONE_S).action(AGAIN)
            }
            StoreError::Unknown(_) => {
                Self::unknown(&error, "The database was lost while the change was saved: it was, or it was not")
            }
            StoreError::Unstorable => Self::invalid("Texts do not have the character NUL"),
            StoreError::TooOld { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::OlderSchema { .. }
            | StoreError::Migration(_)
            | StoreError::Address(_)
            | StoreError::Statement(_)
            | StoreError::Shape(_)
            | StoreError::Lost => Self::internal(&error),
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Fault {}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
