//! Lanes: one queue of people with one source of codes.
//!
//! Being wired.

use crate::agent::Agent;
use crate::config::Config;
use std::sync::Arc;
use tidegate_core::api::SourceStatus;
use tokio_util::sync::CancellationToken;

/// All lanes of an agent.
#[derive(Default)]
pub struct Lanes {}

impl Lanes {
    /// The lanes that the settings name.
    pub fn new(_: &Config) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// Their state.
    pub fn status(&self) -> Vec<SourceStatus> {
        Vec::new()
    }
}

/// Starts them.
pub fn spawn(_: &Arc<Agent>, _: &CancellationToken) {}
