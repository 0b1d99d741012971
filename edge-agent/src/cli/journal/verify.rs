//! `edge-agent journal verify`: for an auditor, offline.

use super::super::progress::{Progress, grouped};
use crate::audit::{Found, Report, Severity, verify};
use crate::store::identity::PublicParts;
use anyhow::Context;
use data_encoding::HEXLOWER_PERMISSIVE;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tidegate_core::seal::PublicKey;

const EXAMPLES: &str = "Examples:
  edge-agent journal verify /var/lib/tidegate              a device's data folder
  edge-agent journal verify --ca 3f8c… /media/stick        everything on a stick, under your own key
  edge-agent journal verify --ca 3f8c… gate-a.proof        the proof that a device wrote two histories
  edge-agent journal verify --json backup | jq .found

What is checked: every chain, signature and certificate; that nothing is missing; that totals, conflicts and
which entries count follow from the entries; forks; rights used without being held. Exit code 0: sound; 1: not.
Without --ca the key found inside is taken: then it is only said that all of it fits together.";

/// What `verify` takes.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A data folder, a file of a stick, a proof, or folders with some of those.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The installation's key: 64 hex digits, or a data folder or file that has it.
    #[arg(long, value_name = "KEY")]
    ca: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ca = args.ca.as_deref().map(key).transpose()?;
    let paths: Vec<&Path> = args.paths.iter().map(PathBuf::as_path).collect();
    let mut progress = Progress::default();
    let report = verify(&paths, ca, &mut |what, done| progress.tell(what, done));
    progress.end();
    let report = report?;
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => tell(&report),
    }
    if report.ca_from == "inside" {
        eprintln!("The key was found inside: this says that all of it fits together, not whose it is (--ca)");
    }
    Ok(if report.sound { ExitCode::SUCCESS } else { ExitCode::from(super::super::FAILED) })
}

/// The key that somebody names.
fn key(text: &str) -> anyhow::Result<PublicKey> {
    let hex = |text: &str| HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok()?.try_into().ok().map(PublicKey);
    if let Some(key) = hex(text) {
        return Ok(key);
    }
    let path = Path::new(text);
    if path.is_dir() {
        return Ok(PublicParts::load(path)?.ca);
    }
    let content = std::fs::read_to_string(path).with_context(|| format!("{text} is no key of 64 hex digits"))?;
    hex(&content).with_context(|| format!("{text} holds no key of 64 hex digits"))
}

fn tell(report: &Report) {
    for journal in &report.journals {
        let mark = if journal.sound { "✔" } else { "✖" };
        let forked =
            if journal.histories > 1 { format!(", {} histories", journal.histories) } else { String::new() };
        let entries = grouped(journal.entries);
        println!("{mark} {} ({}): {entries} entries{forked}  {}", journal.device, journal.role, journal.journal);
    }
    report.found.iter().for_each(|found| println!("{}", line(found)));
    for short in &report.deficits {
        println!("  {} is short of {} {}", short.device, short.units, short.of);
    }
    let entries: u64 = report.journals.iter().map(|journal| journal.entries).sum();
    let broken = report.found.iter().filter(|found| found.severity == Severity::Broken).count();
    let verdict = if report.sound { "sound".to_owned() } else { format!("NOT SOUND: {broken} findings") };
    println!("{} journals, {} entries of {}: {verdict}", report.journals.len(), grouped(entries), report.event);
}

fn line(found: &Found) -> String {
    let mark = match found.severity {
        Severity::Broken => "✖",
        Severity::Noted => "·",
    };
    let place = [found.entry.as_deref().or(found.journal.as_deref()), found.source.as_deref()];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    let line = format!("{mark} {}: {}  [{}]", found.code, found.what, place.join(" · "));
    super::super::plain(&line)
}
