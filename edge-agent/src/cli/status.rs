//! `edge-agent status`: how the running agent is, with the age of everything.

use super::client::Client;
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::api::Status;

/// What `status` takes.
#[derive(clap::Args)]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let status: Status = Client::of(folder)?.get("/v1/status").await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} · {} · {} · {}", status.device, status.role, status.event, status.state);
    println!("on duty: {}", status.staff.as_deref().unwrap_or("nobody"));
    println!("list {:?}: {} in, {} out, {} inside", status.list, status.admitted, status.exits, status.inside);
    println!("here: {} refused, {} served, {} conflicts known", status.refused, status.served, status.conflicts);
    let age = status.replica_age_ms.map_or("never updated".into(), |ms| format!("updated {} s ago", ms / 1_000));
    println!("{} tickets, {age}; clock {}; {} to upload", status.tickets, status.clock, status.to_upload);
    if status.indexing {
        println!("{}", super::find::INDEXING);
    }
    for link in &status.links {
        let heard =
            link.heard_ms_ago.map_or("never heard".into(), |ms| format!("heard {:.1} s ago", ms as f64 / 1e3));
        println!("{} {}: {heard}, {} unsent", if link.up { "✔" } else { "✖" }, link.name, link.unsent);
    }
    for source in &status.sources {
        println!("{}", super::lanes::line(source));
    }
    for stock in &status.stock {
        println!("{}: {} here, {} everywhere", stock.product, stock.here, stock.everywhere);
    }
    Ok(ExitCode::SUCCESS)
}
