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
    status.links.iter().for_each(|link| println!("{}", super::sync::link(link)));
    for source in &status.sources {
        println!("{}", super::lane::line(source));
    }
    if let (Some(occupied), Some(capacity)) = (status.occupied, status.capacity) {
        let here =
            status.room_here.map(|room| format!(", {room} of the rest may come in here")).unwrap_or_default();
        println!("places: {occupied} of {capacity} taken{here}");
    }
    for stock in &status.stock {
        let elsewhere = stock.elsewhere.as_ref().map(|held| format!(", {} at {}", held.units, held.device));
        let elsewhere = elsewhere.unwrap_or_default();
        println!("{}: {} here, {} everywhere{elsewhere}", stock.product, stock.here, stock.everywhere);
    }
    if status.exposure.cut_off || status.exposure.unsynced > 0 {
        super::sync::exposure(&status.exposure);
    }
    if status.rights.state != "ok" {
        println!("! {}", super::sync::rights(&status.rights));
    }
    if status.findings > 0 {
        println!("! {} findings: edge-agent sync findings", status.findings);
    }
    Ok(ExitCode::SUCCESS)
}
