//! `edge-agent lanes`: each source of codes, with its list, its gate and what is wrong with it.

use super::client::Client;
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::api::{Direction, SourceStatus, Status};

/// What `lanes` takes.
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
        println!("{}", serde_json::to_string_pretty(&status.sources)?);
    } else {
        status.sources.iter().for_each(|source| println!("{}", line(source)));
        if status.sources.is_empty() {
            eprintln!(
                "No lanes: edge-agent run --source folder:DIR makes one; without any, scans come by the API"
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One lane in a line.
pub fn line(source: &SourceStatus) -> String {
    let state = source.error.as_deref().unwrap_or("ok");
    let does = match (&source.serves, source.direction, &source.list) {
        (Some(product), _, _) => format!("serves {product}"),
        (None, Direction::Entry, Some(list)) => format!("list {list:?}"),
        (None, Direction::Exit, Some(list)) => format!("exits of list {list:?}"),
        (None, _, None) => "no list".into(),
    };
    let gate = source.gate.as_ref().map(|gate| format!(", {gate}")).unwrap_or_default();
    format!("{}: {state}, {does}{gate}, {} frames, {} codes read", source.name, source.frames, source.reads)
}
