//! Why an undo was not done, in words for the attention line.
//!
//! Two cases that staff must tell apart: the agent said no, or nobody knows whether it was
//! done. A body that is no problem document is never shown.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::fault::Fault;
use crate::text;

/// Why an undo was not done.
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
            Self::NotReached(fault) => write!(f, "no answer from the agent ({fault}). Check the last results."),
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
}

impl Refusal {
    /// Reads `application/problem+json`.
    pub fn of(status: u16, body: Value) -> Self {
        if let 401 | 403 = status {
            return Refusal::NotReached(Fault::Denied(status));
        }
        let Ok(problem) = serde_json::from_value::<Problem>(body) else {
            return Refusal::NotReached(Fault::Http(status));
        };
        let what = if problem.detail.is_empty() { problem.title } else { problem.detail };
        Refusal::Said { code: text::clean(&problem.code), what: text::clean(&what) }
    }
}
