//! `edge-agent scanner`: which hand scanners there are, what one of them sends, and how to set it up.
//!
//! Keeps true: nothing is decided here and no agent is asked; a scanner is opened as a lane opens it, and what is wrong
//! with it is said as a lane says it; of a code only the beginning is shown.

mod setup;
mod test;

use super::{FAILED, NOT_FOUND, NOT_PERMITTED};
use crate::scanners::list::{self, Found, Kind, State};
use crate::scanners::{ScannerError, ScannerSpec};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What `scanner` takes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  edge-agent scanner list                                       what is plugged in, and the line for edge.toml
  edge-agent scanner test serial:/dev/ttyACM0                   what it sends, as a lane reads it, until Ctrl-C
  edge-agent scanner test evdev:/dev/input/by-id/usb-…-event-kbd --seconds 30
  edge-agent scanner test tcp:0.0.0.0:55256                     wait for scanners of the network
  edge-agent scanner setup                                      how to set one up, and a code that tells its layout
  edge-agent scanner setup --source serial:/dev/ttyACM0         the same for one that does not type

A lane that has a scanner keeps it: stop the agent, or take the lane out of edge.toml, before testing.")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Devices of this machine that are scanners, or could be.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a scanner sends, as a lane reads it.
    Test {
        /// The scanner as edge.toml names it.
        source: String,
        /// For how long; until Ctrl-C if absent.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        seconds: Option<u64>,
        /// As JSON, a line a code.
        #[arg(long)]
        json: bool,
    },
    /// Say how a scanner is to be set, and find out how it is.
    Setup {
        /// The scanner as edge.toml names it, where it does not type into this terminal.
        #[arg(long)]
        source: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::List { json } => list(json),
        Command::Test { source, seconds, json } => {
            test::run(spec(&source)?, seconds.map(Duration::from_secs), json)
        }
        Command::Setup { source, json } => setup::run(source.as_deref().map(spec).transpose()?, json),
    }
}

fn spec(source: &str) -> anyhow::Result<ScannerSpec> {
    ScannerSpec::parse(source).ok_or_else(|| {
        anyhow::anyhow!(
            "{source:?} is none of evdev:PATH, serial:PATH@BAUD, tcp:ADDRESS:PORT, tcp:connect:HOST:PORT (E-CFG-04)"
        )
    })
}

fn list(json: bool) -> anyhow::Result<ExitCode> {
    let found = list::list(Path::new("/sys"), Path::new("/dev"));
    if json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    found.iter().for_each(|one| println!("{}", told(one)));
    if found.is_empty() {
        eprintln!("No scanner and no keyboard here. One of the network is source tcp:ADDRESS:PORT");
        return Ok(ExitCode::from(NOT_FOUND));
    }
    Ok(ExitCode::SUCCESS)
}

/// One device, with the line for the settings.
fn told(found: &Found) -> String {
    let Found { name, usb, source, kind, .. } = found;
    let what = match (found.scanner, kind) {
        (true, Kind::Keys) => "scanner that types",
        (true, Kind::Serial) => "scanner on a serial port",
        (false, Kind::Keys) => "keyboard",
        (false, Kind::Serial) => "serial port",
    };
    let usb = usb.as_ref().map(|ids| format!(", USB {ids}")).unwrap_or_default();
    let state = match found.state {
        State::Free => "can be used".to_owned(),
        State::InUse => "in use, by the agent or another program".to_owned(),
        State::NotAllowed => format!(
            "✖ this user may not open it (E-SCN-02)\n  Do: ask as the agent's user, sudo -u tidegate edge-agent scanner \
             list; where that may not either: sudo usermod -aG {} tidegate, and start the agent again",
            found.group()
        ),
        State::Broken => "✖ cannot be opened (E-SCN-01)\n  Do: check the plug".to_owned(),
    };
    let warning = match (found.scanner, kind) {
        (false, Kind::Keys) => "\n  Only if this is a scanner: a lane takes it away from whoever types on it",
        (false, Kind::Serial) => "\n  Only if a scanner is behind it",
        (true, _) => "",
    };
    format!("{name}: {what}{usb}, {state}{warning}\n  in edge.toml: sources = [\"{source}\"]")
}

/// Says what is wrong with a scanner; gives the exit code.
fn failed(error: &ScannerError) -> ExitCode {
    say(error);
    ExitCode::from(match error {
        ScannerError::NotAllowed { .. } => NOT_PERMITTED,
        _ => FAILED,
    })
}

/// Says what is wrong with a scanner.
fn say(error: &ScannerError) {
    eprintln!("✖ {} ({})\n  {}\n  Do: {}", error.what(), error.code(), error.why(), error.remedy());
}

/// Whether waiting mends it: a plug, a network.
fn passes(error: &ScannerError) -> bool {
    match error {
        ScannerError::Gone { .. }
        | ScannerError::TooLong
        | ScannerError::Spoilt
        | ScannerError::Cut { .. }
        | ScannerError::Closed { .. }
        | ScannerError::Crowded { .. } => true,
        ScannerError::NotAllowed { .. }
        | ScannerError::Taken { .. }
        | ScannerError::Wrong { .. }
        | ScannerError::NotListening { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_told_with_the_line_for_the_settings_and_what_to_do_where_it_cannot_be_used() {
        let check = |kind, scanner, state, parts: &[&str]| {
            let source = "serial:/dev/serial/by-id/x".to_owned();
            let found = Found { kind, name: "Reader".into(), usb: Some("0c2e:1".into()), scanner, state, source };
            let said = told(&found);
            assert!(
                said.contains("sources = [\"serial:/dev/serial/by-id/x\"]") && said.contains("USB 0c2e:1"),
                "{said}"
            );
            parts.iter().for_each(|part| assert!(said.contains(part), "{part:?} in {said:?}"));
        };
        check(Kind::Serial, true, State::Free, &["scanner on a serial port", "can be used"]);
        check(Kind::Serial, false, State::NotAllowed, &["E-SCN-02", "usermod -aG dialout", "Only if"]);
        check(Kind::Keys, false, State::NotAllowed, &["usermod -aG input", "takes it away"]);
        check(Kind::Keys, true, State::InUse, &["scanner that types", "in use"]);
        check(Kind::Keys, true, State::Broken, &["E-SCN-01"]);
    }

    #[test]
    fn what_is_no_scanner_is_refused_with_what_would_be_one() {
        for wrong in ["", "camera:0", "evdev:auto", "tcp:1"] {
            assert!(spec(wrong).unwrap_err().to_string().contains("E-CFG-04"), "{wrong}");
        }
    }
}
