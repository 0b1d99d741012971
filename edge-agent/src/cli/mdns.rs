//! `edge-agent mdns`: what the agent starts beside itself to find its peers. Not for people.

use crate::links::discover::announcement::Announced;
use crate::links::discover::mdns;
use std::process::ExitCode;

/// What `mdns` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    announced: Announced,
}

/// Runs until standard input closes.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    mdns::run(&args.announced)?;
    Ok(ExitCode::SUCCESS)
}
