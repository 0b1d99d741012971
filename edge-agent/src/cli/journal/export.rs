//! `edge-agent journal export`: a data folder's journals and feed as one file, whether its agent runs or not.

use super::super::progress::{Progress, grouped};
use super::super::sync::usb::Draft;
use crate::store::courier::{Carries, Outbound};
use crate::store::identity::Enrolment;
use crate::store::{Connection, Fault, ledger, read_only};
use crate::time::{Machine, SystemMachine};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What `export` takes.
#[derive(clap::Args)]
pub struct Args {
    /// The file to write; - for standard output.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// This device's own journals alone.
    #[arg(long)]
    own: bool,
}

/// Runs it.
pub fn run(folder: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    let enrolment = Enrolment::load(folder)?;
    let connection = read_only(&folder.join(ledger::FILE))?;
    // One committed state, whatever is written meanwhile.
    connection.execute_batch("BEGIN").map_err(Fault::from)?;
    let memory = Arc::new(crate::store::memory::Memory::to_read(&connection, &enrolment)?);
    let carries = if args.own { Carries::Own } else { Carries::Everything };
    let outbound = Outbound::new(memory, &enrolment, SystemMachine::new().wall(), carries);
    match args.file.as_os_str() == "-" {
        true => to_output(outbound, &connection),
        false => to_file(outbound, &connection, &args.file),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn to_output(mut outbound: Outbound, connection: &Connection) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    while let Some(bytes) = outbound.next_bytes(connection)? {
        out.write_all(&bytes)?;
    }
    Ok(out.flush()?)
}

fn to_file(mut outbound: Outbound, connection: &Connection, path: &Path) -> anyhow::Result<()> {
    let (mut draft, mut progress) = (Draft::new(path)?, Progress::default());
    while let Some(bytes) = outbound.next_bytes(connection)? {
        draft.write(&bytes)?;
        progress.tell("entries", outbound.wrote().entries);
    }
    progress.end();
    let end = draft.keep()?;
    println!("{}: {} entries, {} pieces of the feed", path.display(), grouped(end.entries), grouped(end.pages));
    Ok(())
}
