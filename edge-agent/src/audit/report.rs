//! What an audit comes to: which journals are sound, what is not, and what is worth knowing.
//!
//! Broken is what somebody has to explain: bytes that were changed, entries that are missing, two histories,
//! rights used without being held, books that do not follow. Noted is what happens on any night.

use serde::Serialize;
use std::collections::BTreeMap;
use tidegate_core::api::{Deficit, ForkReport};

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Not sound.
    Broken,
    /// Worth knowing.
    Noted,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// How bad.
    pub severity: Severity,
    /// Stable code.
    pub code: String,
    /// What, with the evidence.
    pub what: String,
    /// Where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whose journal, `dev_…:incarnation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// The entry, or the first of some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Of a fork: the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork: Option<ForkReport>,
}

impl Found {
    /// Something that is not sound.
    pub fn broken(code: &str, what: impl Into<String>) -> Self {
        Self::new(Severity::Broken, code, what.into())
    }

    /// Something worth knowing.
    pub fn noted(code: &str, what: impl Into<String>) -> Self {
        Self::new(Severity::Noted, code, what.into())
    }

    fn new(severity: Severity, code: &str, what: String) -> Self {
        Self { severity, code: code.into(), what, source: None, journal: None, entry: None, fork: None }
    }

    /// In this place.
    #[must_use]
    pub fn at(mut self, source: &str) -> Self {
        self.source = Some(source.to_owned());
        self
    }

    /// Of this journal.
    #[must_use]
    pub fn of(mut self, journal: impl ToString) -> Self {
        self.journal = Some(journal.to_string());
        self
    }

    /// About this entry.
    #[must_use]
    pub fn entry(mut self, entry: impl ToString) -> Self {
        self.entry = Some(entry.to_string());
        self
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceReport {
    /// Where.
    pub path: String,
    /// `folder`, `file`, `proof`.
    pub kind: String,
    /// Entries offered.
    pub entries: u64,
    /// Pieces of the feed offered: parts of a start, shelves and pages.
    pub pages: u64,
}

/// One journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JournalReport {
    /// `dev_…:incarnation`.
    pub journal: String,
    /// Name of the device.
    pub device: String,
    /// `gate`, `bar`, …
    pub role: String,
    /// Entries that verified, in all histories.
    pub entries: u64,
    /// Histories; 1 where it was not forked.
    pub histories: u64,
    /// Whether nothing broken was found of it.
    pub sound: bool,
}

/// What an audit comes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Whether nothing broken was found.
    pub sound: bool,
    /// Of which event.
    pub event: String,
    /// The installation's key that everything was held against, in hex.
    pub ca: String,
    /// `given`, or `inside`: then it is only said that all of it fits together.
    pub ca_from: String,
    /// What was looked at.
    pub sources: Vec<SourceReport>,
    /// Every journal that verified, in part at least.
    pub journals: Vec<JournalReport>,
    /// The recounted totals, by their keys.
    pub totals: BTreeMap<String, i64>,
    /// Acts one too many.
    pub conflicts: u64,
    /// Who is short of what they used, at the end.
    pub deficits: Vec<Deficit>,
    /// What was found, the worst first.
    pub found: Vec<Found>,
}
