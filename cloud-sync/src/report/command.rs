//! `cloud-sync report`: the same reports as over REST, straight from the database.

use super::export::{self, Format, Wanted};
use super::rows::Grouping;
use crate::app::App;
use crate::fault::Fault;
use crate::serve::open_to_read;
use crate::store::{Tx, events};
use anyhow::Context;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Which report.
#[derive(clap::Subcommand, Debug)]
pub enum Report {
    /// Who came, went, was turned away and was served, counted anew from the entries.
    #[command(
        after_help = "Examples:\n  cloud-sync report attendance --event evt_… --format xlsx --out night.xlsx\n  \
        cloud-sync report attendance --event evt_… --format csv --by scan > scans.csv\n\n\
        Formats: csv takes every --by; json takes all, gate, list and product; xlsx and svg take gate, list and product."
    )]
    Attendance(Attendance),
}

/// What the report is to be.
#[derive(clap::Args, Debug)]
pub struct Attendance {
    /// The folder with the keys, and with the database unless TIDEGATE_DATABASE_URL names one.
    #[arg(long, default_value = "data", env = "TIDEGATE_DATA")]
    data: PathBuf,
    /// The file with the master key, where TIDEGATE_MASTER_KEY does not hold it; else master.key in the folder.
    #[arg(long)]
    master_key_file: Option<PathBuf>,
    /// The event, `evt_…`.
    #[arg(long)]
    event: String,
    /// As what.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// What is counted apart; else all as JSON and CSV, the gate as a workbook or picture.
    #[arg(long, value_enum)]
    by: Option<Grouping>,
    /// One check-in list alone, `lst_…`.
    #[arg(long)]
    list: Option<String>,
    /// Where to; standard output if absent.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Report {
    /// Writes it.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self::Attendance(asked) = self;
        let app = Arc::new(open_to_read(&asked.data, asked.master_key_file.as_deref()).await?);
        match asked.out.clone() {
            None => app.read(move |tx, app| Box::pin(write(tx, app, asked, std::io::stdout()))).await?,
            Some(place) => {
                // Nobody finds half a report under the name of a whole one.
                let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
                let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(".".as_ref()));
                let file = file.with_context(|| format!("{} cannot be written", place.display()))?;
                let half = file.reopen()?;
                app.read(move |tx, app| Box::pin(write(tx, app, asked, half))).await?;
                file.persist(&place).with_context(|| format!("{} cannot be written", place.display()))?;
                eprintln!("written: {}", place.display());
            }
        }
        Ok(())
    }
}

async fn write(tx: &mut Tx, app: &App, asked: Attendance, mut out: impl Write + Send) -> Result<(), Fault> {
    let event = asked.event.parse().map_err(|_| Fault::missing("event"))?;
    let event = events::get(tx, event).await?.ok_or_else(|| Fault::missing("event"))?;
    let list = match &asked.list {
        Some(list) => Some(export::list_of(tx, &event, list).await?),
        None => None,
    };
    export::write(tx, app, &event, &Wanted::new(asked.format, asked.by, list)?, &mut out).await
}
