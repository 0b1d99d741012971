//! `edge-agent run`: the daemon, until it is told to stop.

use crate::agent::Agent;
use crate::config::{Config, Given};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What `run` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    given: Given,
}

/// Runs it.
pub async fn run(data: PathBuf, args: Args) -> anyhow::Result<ExitCode> {
    let agent = Agent::open(Config::resolve(data, args.given)?)?;
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        told.cancel();
    });
    agent.run(stop).await?;
    Ok(ExitCode::SUCCESS)
}
