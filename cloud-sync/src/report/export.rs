//! A report as somebody wants it: which, of what, in which format.
//!
//! One way for REST and the command line. A report goes into a file, not into
//! memory, and its tag is known before anything is counted: it is a hash of what
//! the numbers follow from, the closing times that have passed among it.

use super::rows::Grouping;
use super::{Attendance, attendance, chart, scans, table, workbook};
use crate::app::App;
use crate::fault::Fault;
use crate::ledger::Books;
use crate::store::events::EventRecord;
use crate::store::{Tx, feed, journals, lists};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::io::{BufWriter, Write};
use tidegate_core::id::ListId;
use tidegate_core::time::Zone;
use utoipa::ToSchema;

/// As what a report is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON.
    Json,
    /// A table.
    Csv,
    /// A workbook.
    Xlsx,
    /// The arrivals as a picture.
    Svg,
}

impl Format {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Svg => "image/svg+xml",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Svg => "svg",
        }
    }
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// As what.
    pub format: Format,
    /// What is kept apart.
    pub by: Grouping,
    /// One list alone.
    pub list: Option<ListId>,
}

impl Wanted {
    /// What can be given.
    pub fn new(format: Format, by: Option<Grouping>, list: Option<ListId>) -> Result<Self, Fault> {
        let by = by.unwrap_or(match format {
            Format::Json | Format::Csv => Grouping::All,
            Format::Xlsx | Format::Svg => Grouping::Gate,
        });
        let fits = match (format, by) {
            (Format::Csv, _) | (_, Grouping::Gate | Grouping::List | Grouping::Product) => true,
            (Format::Json, Grouping::All) => true,
            (Format::Json | Format::Xlsx | Format::Svg, Grouping::Scan | Grouping::Total)
            | (Format::Xlsx | Format::Svg, Grouping::All) => false,
        };
        match fits {
            true => Ok(Self { format, by, list }),
            false => Err(Fault::invalid("This format is not given by that")
                .action("Use by=gate, list or product; by=scan and by=total are CSV")),
        }
    }

    /// What the file is called.
    pub fn file_name(&self, event: &EventRecord) -> String {
        let what = match (self.format, self.by) {
            (Format::Csv, Grouping::Scan) => "scans",
            (Format::Csv, Grouping::Total) => "totals",
            (Format::Svg, _) => "arrivals",
            (Format::Json | Format::Csv | Format::Xlsx, _) => "attendance",
        };
        let zone = Zone::parse(&event.timezone).unwrap_or_else(Zone::utc);
        let first = event.starts_at.or(event.dates.first().map(|date| date.starts_at));
        let day = first.unwrap_or(event.created_at).local_date(&zone);
        format!("{what}-{}{day}.{}", slug(&event.name), self.format.extension())
    }
}

/// The letters and digits of a name, as every file system takes them.
fn slug(name: &str) -> String {
    let plain = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), " ");
    let words: String = plain.split_whitespace().flat_map(|word| [word, "-"]).take(12).collect();
    words.chars().take(60).collect()
}

/// A list of the event by its id, `lst_…`.
pub async fn list_of(tx: &mut Tx, event: &EventRecord, id: &str) -> Result<ListId, Fault> {
    let found = lists::get(tx, id).await?.filter(|list| list.event == event.id);
    found.map(|list| list.row.id).ok_or_else(|| Fault::missing("list"))
}

/// Tells one state of the numbers from another, as HTTP tags do.
pub async fn tag(tx: &mut Tx, app: &App, event: &EventRecord, wanted: &Wanted) -> Result<String, Fault> {
    let mut hash = Sha256::new();
    hash.update(format!("{} {wanted:?} {:?} ", env!("CARGO_PKG_VERSION"), app.life(tx).await?));
    hash.update(format!("{:?}", feed::revisions(tx, event.id).await?));
    let (catalogue, now) = (app.catalogue(tx, event.id).await?, app.now());
    for (list, closing) in catalogue.lists.keys().filter_map(|list| Some((list, catalogue.closing(*list)?))) {
        // Nobody writes anything when everybody leaves: the next closing time becomes another one.
        hash.update(format!(" {list} {}", closing.after(now).0));
    }
    for journal in journals::of_event(tx, event.id).await? {
        hash.update(format!(" {} {} ", journal.id, journal.entries));
        hash.update(journal.hash.0);
    }
    let text = HEXLOWER.encode(hash.finalize().get(..16).unwrap_or_default());
    Ok(format!("W/\"{text}\"")) // weak: the time of the counting stands in it
}

/// Writes a report.
pub async fn write(
    tx: &mut Tx,
    app: &App,
    event: &EventRecord,
    wanted: &Wanted,
    out: &mut (impl Write + Send),
) -> Result<(), Fault> {
    let mut out = BufWriter::new(out);
    if wanted.by == Grouping::Scan {
        let books = Books::open(tx, app, event.id).await?;
        scans::write(tx, &books, wanted.list, &mut out).await?;
    } else {
        let kept = match wanted.format {
            Format::Json | Format::Csv => wanted.by,
            Format::Xlsx | Format::Svg => Grouping::All, // they group the arrivals themselves
        };
        let report = attendance(tx, app, event, (wanted.list, kept)).await?;
        print(&report, wanted, &mut out).map_err(|e| Fault::internal(&format!("{e:#}")))?;
    }
    out.flush().map_err(|e| Fault::internal(&e))
}

fn print(report: &Attendance, wanted: &Wanted, out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    match (wanted.format, wanted.by) {
        (Format::Json, _) => serde_json::to_writer(out, report)?,
        (Format::Csv, Grouping::Total) => table::totals(report, out)?,
        (Format::Csv, by) => table::rows(report, by, out)?,
        (Format::Xlsx, by) => out.write_all(&workbook::xlsx(report, by)?)?,
        (Format::Svg, by) => out.write_all(chart::svg(report, by).as_bytes())?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        let check = |name: &str, expect: &str| assert_eq!(slug(name), expect);
        check("Jazz Night", "jazz-night-");
        check("../../etc/passwd\"\r\n", "etc-passwd-");
        check("Müller & Söhne", "m-ller-s-hne-");
        check("夜", "");
        assert!(slug(&"x".repeat(500)).len() <= 60);
    }
}
