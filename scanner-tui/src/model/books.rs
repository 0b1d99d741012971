//! The Sync screen: what went wrong while devices could not talk, one row a conflict or a finding.
//!
//! Numbers come with every status; the conflicts and findings behind them are asked for when
//! the screen is looked at, and again when their numbers change. One row is chosen and told in full.

use tidegate_core::api::{ConflictReport, Finding, Findings};

use super::Millis;

/// A row of the list.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// An act too many.
    Conflict(&'a ConflictReport),
    /// Something that should not be.
    Finding(&'a Finding),
}

/// The Sync screen.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The conflicts; `None` before they were fetched.
    pub conflicts: Option<Vec<ConflictReport>>,
    /// The findings; `None` before they were fetched.
    pub findings: Option<Findings>,
    /// The row that is chosen.
    pub at: usize,
    /// When both are asked for anew.
    pub due: Option<Millis>,
    /// What went wrong last.
    pub fault: Option<String>,
}

impl Books {
    /// Every row: conflicts, the newest first, then findings.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let conflicts = self.conflicts.iter().flatten().rev().map(Row::Conflict);
        let findings = self.findings.iter().flat_map(|findings| &findings.items).map(Row::Finding);
        conflicts.chain(findings).collect()
    }

    /// Whether both were fetched.
    pub fn is_known(&self) -> bool {
        self.conflicts.is_some() && self.findings.is_some()
    }
}
