//! `edge-agent sync`: how this device stands with the others, and sticks where no network goes.

pub mod usb;

use super::client::Client;
use clap::Subcommand;
use data_encoding::BASE64;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tidegate_core::api::{
    ConflictReport, ConflictSide, Exposure, Finding, Findings, LinkStatus, RightsStatus, Status,
};

const EXAMPLES: &str = "Examples:
  edge-agent sync now                      ask everybody at once
  edge-agent sync status                   who was heard, and what stands on this disk alone
  edge-agent sync conflicts                tickets that came in twice, with both sides
  edge-agent sync findings --proofs proofs two histories of one device, with what proves them
  edge-agent sync export-usb /media/stick  everything known here, for a device that no network reaches
  edge-agent sync import-usb /media/stick  take in what other devices left on the stick";

/// What `sync` takes.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Exchange with everybody at once, and say who could be reached.
    Now(Plain),
    /// Who was heard when, what nobody else has yet, and what could go wrong.
    Status(Plain),
    /// Acts that were one too many, found when journals met.
    Conflicts(Plain),
    /// What the journals say that should not be.
    Findings(FindingsArgs),
    /// Write everything known here onto a stick.
    ExportUsb(usb::ExportArgs),
    /// Take in what other devices left on a stick.
    ImportUsb(usb::ImportArgs),
}

#[derive(clap::Args)]
struct Plain {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct FindingsArgs {
    /// Write the proof of each fork into this folder; `journal verify` checks them anywhere.
    #[arg(long, value_name = "DIR")]
    proofs: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::of(folder)?;
    match args.command {
        Command::Now(plain) => now(&client, plain.json).await,
        Command::Status(plain) => status(&client, plain.json).await,
        Command::Conflicts(plain) => conflicts(&client, plain.json).await,
        Command::Findings(args) => findings(&client, &args).await,
        Command::ExportUsb(args) => usb::export(&client, args).await,
        Command::ImportUsb(args) => usb::import(&client, args).await,
    }
}

async fn now(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let links: Vec<LinkStatus> = client.post("/v1/sync", &serde_json::json!({})).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&links)?),
        false => links.iter().for_each(|link| println!("{}", self::link(link))),
    }
    let reached = links.iter().any(|link| link.up);
    if !reached {
        eprintln!("Nobody could be reached. Entries wait on this disk; nothing is lost.");
        eprintln!("  Do: check the line, or carry them: edge-agent sync export-usb PATH");
    }
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::from(super::UNREACHED) })
}

/// One link in a line.
pub fn link(link: &LinkStatus) -> String {
    let heard = link.heard_ms_ago.map_or("never heard".into(), |ms| format!("heard {:.1} s ago", ms as f64 / 1e3));
    format!("{} {}: {heard}, {} unsent", if link.up { "✔" } else { "✖" }, link.name, link.unsent)
}

async fn status(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let status: Status = client.get("/v1/status").await?;
    if json {
        let Status { links, exposure, rights, deficits, conflicts, findings, .. } = status;
        let all = serde_json::json!({ "links": links, "exposure": exposure, "rights": rights,
            "deficits": deficits, "conflicts": conflicts, "findings": findings });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    status.links.iter().for_each(|link| println!("{}", self::link(link)));
    exposure(&status.exposure);
    println!("{}", rights(&status.rights));
    for short in &status.deficits {
        println!("! {} is short of {} {}", short.device, short.units, short.of);
    }
    println!("{} conflicts, {} findings", status.conflicts, status.findings);
    Ok(ExitCode::SUCCESS)
}

/// The numbers of exposure, a line each.
pub fn exposure(exposure: &Exposure) {
    let cut_off = if exposure.cut_off { "cut off: nobody was heard for 15 s" } else { "in touch" };
    println!("{cut_off}; {} entries on this disk alone", exposure.unsynced);
    println!(
        "may have happened: {} double entries, {} units served twice",
        exposure.double_entries, exposure.double_servings
    );
    println!(
        "could happen, if the lines went down now: {} tickets at each of {} other doors, {} units at each of {} other bars",
        exposure.entries_ahead, exposure.doors, exposure.servings_ahead, exposure.bars
    );
    for silent in &exposure.silent {
        let ago = silent
            .heard_ms_ago
            .map_or("not heard since the start".into(), |ms| format!("heard {} s ago", ms / 1_000));
        let newest = silent.newest_at.as_ref().map(|at| format!(", newest entry of {at}")).unwrap_or_default();
        println!("✖ {} ({}): {ago}{newest}", silent.device, silent.role);
    }
    let limits = &exposure.limits;
    let limit = |name: &str, limit: Option<u64>| limit.map(|limit| format!("{name} {limit}"));
    let all = [
        limit("update at most s", limits.oldest_update_s.map(u64::from)),
        limit("unverified warn", limits.unverified_soft.map(u64::from)),
        limit("unverified stop", limits.unverified_hard.map(u64::from)),
        limit("share of a balance %", limits.share_percent.map(u64::from)),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    println!("limits: {}", if all.is_empty() { "none".to_owned() } else { all.join(", ") });
}

/// Whether rights may be used, in a line.
pub fn rights(rights: &RightsStatus) -> String {
    let state = match rights.state.as_str() {
        "ok" => "usable",
        "unconfirmed" => "not confirmed since the start: connect to another device or the office",
        "lease_ended" => "their lease has ended: connect to the office",
        "withdrawn" => "withdrawn by the office",
        other => other,
    };
    let lease = rights.lease_until.as_ref().map(|until| format!(", lent until {until}")).unwrap_or_default();
    format!("stock and places: {state}{lease}; journal {}", rights.incarnation)
}

async fn conflicts(client: &Client, json: bool) -> anyhow::Result<ExitCode> {
    let conflicts: Vec<ConflictReport> = client.get("/v1/conflicts").await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&conflicts)?);
        return Ok(ExitCode::SUCCESS);
    }
    conflicts.iter().for_each(|conflict| println!("{}", self::conflict(conflict)));
    if conflicts.is_empty() {
        eprintln!("No conflicts known here");
    }
    Ok(ExitCode::SUCCESS)
}

fn conflict(conflict: &ConflictReport) -> String {
    let side = |side: &ConflictSide| {
        let gate = side.gate.as_ref().map(|gate| format!(" by {gate}")).unwrap_or_default();
        let sure = side.uncertain_ms.map_or(" ±?".into(), |ms| format!(" ±{ms} ms"));
        format!("{}{gate} {}{sure} [{}]", side.device, side.at, side.entry)
    };
    let who = conflict.holder.as_ref().map(|holder| format!(" {holder}")).unwrap_or_default();
    let against = conflict.against.as_ref().map(|s| format!("  after  {}", side(s))).unwrap_or_default();
    let ConflictReport { kind, ticket, subject, units, .. } = conflict;
    let line = format!("{kind} {ticket}{who}  {units} too many: {subject}  {}{against}", side(&conflict.excess));
    super::plain(&line)
}

async fn findings(client: &Client, args: &FindingsArgs) -> anyhow::Result<ExitCode> {
    let findings: Findings = client.get("/v1/findings").await?;
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&findings)?),
        false => findings.items.iter().for_each(|finding| println!("{}", self::finding(finding))),
    }
    if findings.items.is_empty() {
        eprintln!("Nothing that should not be is known here");
    }
    if let Some(folder) = &args.proofs {
        std::fs::create_dir_all(folder)?;
        for fork in findings.items.iter().filter_map(|finding| finding.fork.as_ref()) {
            let name = format!("{}-{}.proof", fork.journal.replace(':', "-"), fork.after);
            let path = folder.join(name);
            std::fs::write(&path, BASE64.decode(fork.proof.as_bytes())?)?;
            eprintln!("{}: check it with edge-agent journal verify --ca KEY", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn finding(finding: &Finding) -> String {
    let entry = finding.entry.as_ref().map(|entry| format!("  [{entry}]")).unwrap_or_default();
    let at = finding.at.as_ref().map(|at| format!("{at}  ")).unwrap_or_default();
    let line = format!("{at}{}: {}{entry}", finding.code, finding.what);
    super::plain(&line)
}
