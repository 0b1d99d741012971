//! `edge-agent find`: people by name, order or e-mail.

use super::client::{Client, escaped};
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::api::{FoundTicket, Status};

/// What is said while a search may leave people out.
pub const INDEXING: &str = "the index of names is still being built: a search may leave people out";

/// What `find` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Names, an order's code or an e-mail, in part and with typos.
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let path = format!("/v1/tickets?find={}", escaped(&args.text.join(" ")));
    let client = Client::of(folder)?;
    let found: Vec<FoundTicket> = client.get(&path).await?;
    if client.get::<Status>("/v1/status").await?.indexing {
        eprintln!("{INDEXING}");
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        found.iter().for_each(|found| println!("{}", line(found)));
        if found.is_empty() {
            eprintln!("Nobody found: try fewer letters, another name of theirs, or the order");
        }
    }
    Ok(if found.is_empty() { ExitCode::from(super::NOT_FOUND) } else { ExitCode::SUCCESS })
}

fn line(found: &FoundTicket) -> String {
    let ticket = &found.ticket;
    let inside = if found.inside { "inside" } else { "not inside" };
    let named = [Some(&ticket.product), ticket.holder.as_ref(), ticket.order.as_ref()];
    let named: Vec<&str> = named.into_iter().flatten().map(String::as_str).collect();
    format!("{}  {}  {}, {inside}, {} entries", ticket.id, named.join(" · "), found.status, found.entries)
}
