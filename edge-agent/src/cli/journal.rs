//! `edge-agent journal`: a device's entries, whether its agent runs or not.
//!
//! It reads the store beside the agent, from committed states only; every line is
//! one entry of any journal this device knows. `export` and `verify` are for whoever
//! keeps or checks journals elsewhere.

pub mod export;
pub mod verify;

use crate::store::identity::Enrolment;
use crate::store::{journal, read_only};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::journal::Kind;

const EXAMPLES: &str = "Examples:
  edge-agent journal --own                       this device's entries, one a line
  edge-agent journal export night.tidegate       all journals and the feed, as one file
  edge-agent journal verify night.tidegate       whether all of it is sound, for an auditor";

/// What `journal` takes.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    show: Show,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Every entry, one a line; what `journal` alone does too.
    Show(Show),
    /// Write all journals and the feed into one file.
    Export(export::Args),
    /// Check journals: chains, signatures, folds, forks, rights.
    Verify(verify::Args),
}

/// Which entries are shown, and how.
#[derive(clap::Args)]
struct Show {
    /// Entries of this device only.
    #[arg(long)]
    own: bool,
    /// As JSON lines.
    #[arg(long)]
    json: bool,
}

/// One entry as it is shown.
#[derive(Serialize)]
struct Line {
    entry: String,
    at: String,
    kind: &'static str,
    counts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<String>,
}

/// Runs it.
pub fn run(folder: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Some(Command::Export(args)) => export::run(folder, args),
        Some(Command::Verify(args)) => verify::run(args),
        Some(Command::Show(show)) => self::show(folder, show),
        None => show(folder, &args.show),
    }
}

fn show(folder: &Path, args: &Show) -> anyhow::Result<ExitCode> {
    let own = Enrolment::load(folder)?.identity.device;
    let connection = read_only(&folder.join("agent.db"))?;
    for (verified, counts) in journal::all(&connection)? {
        if args.own && verified.id.journal.device != own {
            continue;
        }
        let entry = verified.entry.as_ref();
        let line = Line {
            entry: verified.id.to_string(),
            at: entry.map(|e| e.happened_at().to_string()).unwrap_or_default(),
            kind: entry.map_or("unreadable", |e| e.kind.name()),
            counts,
            ticket: entry.and_then(|e| e.kind.ticket()).map(|t| t.to_string()),
            code: match entry.map(|e| &e.kind) {
                Some(Kind::Refusal(refusal)) => Some(refusal.code.clone()),
                _ => None,
            },
            units: match entry.map(|e| &e.kind) {
                Some(Kind::Serving(serving)) => Some(serving.quantity),
                _ => None,
            },
            staff: entry.and_then(|e| e.staff.clone()),
        };
        if args.json {
            println!("{}", serde_json::to_string(&line)?);
        } else {
            let about = line.ticket.as_deref().unwrap_or("-");
            println!("{} {} {} {about} {}", line.entry, line.at, line.kind, line.code.as_deref().unwrap_or(""));
        }
    }
    Ok(ExitCode::SUCCESS)
}
