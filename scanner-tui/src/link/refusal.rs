//! Why a request was not done, in words for the line that says so.
//!
//! Two cases that staff must tell apart: the agent said no, or nobody knows whether it was
//! done. A body that is no problem document is never shown.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::fault::Fault;
use crate::text;

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The agent was not reached, or its answer was lost: it may have been done.
    NotReached(Fault),
    /// The agent said no.
    Said {
        /// Stable code.
        code: String,
        /// What, in staff words.
        what: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached(fault) => write!(f, "no answer from the agent: {fault} ({})", fault.code()),
            Self::Said { code, what } => write!(f, "{what} ({code})"),
        }
    }
}

/// The part of `application/problem+json` shown.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    retry_after: Option<u32>,
}

impl Refusal {
    /// Reads `application/problem+json`.
    pub fn of(status: u16, body: Value) -> Self {
        let denied = Refusal::NotReached(Fault::Denied(status));
        let problem = serde_json::from_value::<Problem>(body).ok().filter(|problem| !problem.code.is_empty());
        match (status, problem) {
            (401, _) | (403, None) => denied,
            (_, None) => Refusal::NotReached(Fault::Http(status)),
            (_, Some(problem)) => problem.said(),
        }
    }
}

impl Problem {
    fn said(self) -> Refusal {
        let what = if self.detail.is_empty() { self.title } else { self.detail };
        let wait = self.retry_after.map_or(String::new(), |seconds| format!(". Try again in {seconds} s"));
        Refusal::Said { code: text::clean(&self.code), what: format!("{}{wait}", text::clean(&what)) }
    }
}
