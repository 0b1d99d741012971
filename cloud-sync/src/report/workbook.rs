//! The report as a workbook (XLSX): a sheet a table, times as real dates in the
//! venue's zone, and the arrivals as a chart that the spreadsheet draws itself.
//!
//! A time that the venue's clock shows twice stands beside its UTC.

use super::rows::{Grouping, Row};
use super::series::Series;
use super::{Attendance, TallyView};
use rust_xlsxwriter::{Chart, ChartType, Color, Format, FormatBorder, Workbook, Worksheet, XlsxError};
use tidegate_core::time::{Timestamp, Zone};

/// Gates with a column of their own: beyond it nobody reads across.
const MAX_COLUMNS: usize = 60;
/// Rows that a sheet holds, less its header and one line that says that more were left out.
const MAX_ROWS: u32 = 1_048_574;
/// 1970-01-01 in the spreadsheets' count of days.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_S: f64 = 86_400.0;

/// One sheet while it is written.
struct Sheet<'w> {
    sheet: &'w mut Worksheet,
    styles: &'w Styles,
    next: u32,
}

struct Styles {
    header: Format,
    time: Format,
    title: Format,
}

/// One cell.
enum Cell<'t> {
    Text(&'t str),
    Count(u64),
    Units(i64),
    /// Seconds on the venue's clock since 1970.
    Time(i64),
    Nothing,
}

/// The whole report.
pub fn xlsx(report: &Attendance, by: Grouping) -> Result<Vec<u8>, XlsxError> {
    let zone = Zone::parse(&report.timezone).unwrap_or_else(Zone::utc);
    let header = Format::new()
        .set_bold()
        .set_border_bottom(FormatBorder::Thin)
        .set_background_color(Color::RGB(0x00E8_EEF4));
    let styles = Styles {
        header: header.set_text_wrap(),
        time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        title: Format::new().set_bold().set_font_size(14),
    };
    let series = Series::of(report, by, MAX_COLUMNS);
    let mut book = Workbook::new();
    summary(book.add_worksheet(), &styles, report, &zone, &series)?;
    arrivals(book.add_worksheet(), &styles, &zone, &series)?;
    attendance(book.add_worksheet(), &styles, report, &zone)?;
    lists(book.add_worksheet(), &styles, report)?;
    products(book.add_worksheet(), &styles, report)?;
    refusals(book.add_worksheet(), &styles, report, &zone)?;
    bar(book.add_worksheet(), &styles, report)?;
    stock(book.add_worksheet(), &styles, report)?;
    overrides(book.add_worksheet(), &styles, report, &zone)?;
    devices(book.add_worksheet(), &styles, report, &zone)?;
    book.save_to_buffer()
}

impl<'w> Sheet<'w> {
    /// A table under a header that stays in sight.
    fn new(
        sheet: &'w mut Worksheet,
        styles: &'w Styles,
        name: &str,
        columns: &[(&str, f64)],
    ) -> Result<Self, XlsxError> {
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (place, (title, width)) in (0..).zip(columns) {
            sheet.write_string_with_format(0, place, *title, &styles.header)?;
            sheet.set_column_width(place, *width)?;
        }
        Ok(Self { sheet, styles, next: 1 })
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), XlsxError> {
        if self.next > MAX_ROWS {
            self.sheet.write_string(MAX_ROWS + 1, 0, "More rows than a sheet holds: see the CSV")?;
            return Ok(());
        }
        for (place, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => self.sheet.write_string(self.next, place, *text)?,
                Cell::Count(count) => self.sheet.write_number(self.next, place, *count as f64)?,
                Cell::Units(units) => self.sheet.write_number(self.next, place, *units as f64)?,
                Cell::Time(wall_s) => {
                    let days = *wall_s as f64 / DAY_S + EPOCH_DAYS;
                    self.sheet.write_number_with_format(self.next, place, days, &self.styles.time)?
                }
                Cell::Nothing => continue,
            };
        }
        self.next += 1;
        Ok(())
    }
}

/// A moment on the venue's clock, to the second; its UTC stands beside it.
fn venue(at: Timestamp, zone: &Zone) -> Cell<'static> {
    Cell::Time(at.wall_secs(zone))
}

fn parsed(at: &str, zone: &Zone) -> Cell<'static> {
    Timestamp::parse(at).map_or(Cell::Nothing, |at| venue(at, zone))
}

/// When and where a row was counted.
fn place<'r>(row: &'r Row, zone: &Zone) -> [Cell<'r>; 5] {
    let [list, gate, product] =
        [&row.list, &row.gate, &row.product].map(|name| Cell::Text(name.as_deref().unwrap_or_default()));
    [venue(Timestamp::from_secs(row.from_s), zone), Cell::Text(&row.from), list, gate, product]
}

fn counts(tally: TallyView) -> [Cell<'static>; 4] {
    [tally.entries, tally.exits, tally.overridden, tally.refused].map(Cell::Count)
}

fn summary(
    sheet: &mut Worksheet,
    styles: &Styles,
    report: &Attendance,
    zone: &Zone,
    series: &Series,
) -> Result<(), XlsxError> {
    let mut sheet = Sheet::new(sheet, styles, "Summary", &[("", 26.0), ("", 22.0)])?;
    sheet.sheet.write_string_with_format(0, 0, &report.name, &styles.title)?;
    sheet.row(&[Cell::Text("Event"), Cell::Text(&report.event)])?;
    sheet.row(&[Cell::Text("Check-in list"), Cell::Text(report.list.as_deref().unwrap_or("all"))])?;
    sheet.row(&[Cell::Text("Venue's time zone"), Cell::Text(&report.timezone)])?;
    sheet.row(&[Cell::Text("Counted at"), parsed(&report.at, zone)])?;
    let totals = &report.totals;
    let tally = totals.tally;
    let lines = [
        ("Entries", Cell::Count(tally.entries)),
        ("Exits", Cell::Count(tally.exits)),
        ("Inside", Cell::Count(totals.inside)),
        ("Decided by supervisors", Cell::Count(tally.overridden)),
        ("Refusals and questions", Cell::Count(tally.refused)),
        ("Units served", Cell::Units(totals.served)),
        ("Taken back (not counted)", Cell::Count(totals.undone)),
        ("Conflicts", Cell::Count(report.conflicts)),
    ];
    for (what, number) in lines {
        sheet.row(&[Cell::Text(what), number])?;
    }
    sheet.next += 1;
    sheet.sheet.write_string_with_format(sheet.next, 0, "Refusals by code", &styles.header)?;
    sheet.next += 1;
    for refusal in &report.refusals {
        sheet.row(&[Cell::Text(&refusal.code), Cell::Count(refusal.count)])?;
    }
    match series.points.len() {
        0 => Ok(()),
        rows => sheet.sheet.insert_chart(1, 3, &chart(series, rows as u32)).map(drop),
    }
}

/// The arrivals, as the spreadsheet draws them.
fn chart(series: &Series, rows: u32) -> Chart {
    let mut chart = Chart::new(ChartType::ColumnStacked);
    for (place, _) in series.names.iter().enumerate() {
        let column = place as u16 + 2; // at most MAX_COLUMNS
        let line = chart.add_series();
        line.set_name(("Arrivals", 0, column)).set_gap(20);
        line.set_categories(("Arrivals", 1, 0, rows, 0)).set_values(("Arrivals", 1, column, rows, column));
    }
    chart.title().set_name("Arrivals per five minutes");
    chart.x_axis().set_num_format("hh:mm").set_text_axis(true);
    chart.set_width(880).set_height(400);
    chart
}

fn arrivals(sheet: &mut Worksheet, styles: &Styles, zone: &Zone, series: &Series) -> Result<(), XlsxError> {
    let mut columns = WHEN.to_vec();
    columns.extend(series.names.iter().map(|name| (name.as_str(), 14.0)));
    columns.push(("Total", 10.0));
    let mut sheet = Sheet::new(sheet, styles, "Arrivals", &columns)?;
    sheet.sheet.set_freeze_panes(1, 2)?;
    for (from, counts) in &series.points {
        let from = Timestamp::from_secs(*from);
        let utc = from.to_string();
        let mut cells = vec![venue(from, zone), Cell::Text(&utc)];
        cells.extend(counts.iter().map(|count| Cell::Count(*count)));
        cells.push(Cell::Count(counts.iter().sum()));
        sheet.row(&cells)?;
    }
    Ok(())
}

const WHEN: [(&str, f64); 2] = [("From (venue)", 20.0), ("From (UTC)", 22.0)];
const WHERE: [(&str, f64); 3] = [("Check-in list", 24.0), ("Gate", 18.0), ("Product", 24.0)];
const COUNTS: [(&str, f64); 4] = [("Entries", 10.0), ("Exits", 10.0), ("By supervisors", 14.0), ("Refused", 10.0)];

/// The rows of the report, as the CSV has them.
fn attendance(sheet: &mut Worksheet, styles: &Styles, report: &Attendance, zone: &Zone) -> Result<(), XlsxError> {
    let columns = [&WHEN[..], &WHERE, &COUNTS].concat();
    let mut sheet = Sheet::new(sheet, styles, "Attendance", &columns)?;
    for row in &report.rows {
        let cells: Vec<Cell<'_>> = place(row, zone).into_iter().chain(counts(row.tally)).collect();
        sheet.row(&cells)?;
    }
    Ok(())
}

fn lists(sheet: &mut Worksheet, styles: &Styles, report: &Attendance) -> Result<(), XlsxError> {
    let columns = [&[("Check-in list", 30.0), ("Number", 9.0)][..], &COUNTS, &[("Inside", 10.0)]].concat();
    let mut sheet = Sheet::new(sheet, styles, "Lists", &columns)?;
    for list in &report.lists {
        let [entries, exits, overridden, refused] = counts(list.tally);
        let (name, number) = (Cell::Text(&list.list), Cell::Count(list.number.into()));
        sheet.row(&[name, number, entries, exits, overridden, refused, Cell::Count(list.inside)])?;
    }
    Ok(())
}

fn products(sheet: &mut Worksheet, styles: &Styles, report: &Attendance) -> Result<(), XlsxError> {
    let columns = [&[("Product", 30.0), ("Number", 9.0)][..], &COUNTS].concat();
    let mut sheet = Sheet::new(sheet, styles, "Products", &columns)?;
    for product in &report.products {
        let [entries, exits, overridden, refused] = counts(product.tally);
        let (name, number) = (Cell::Text(&product.product), Cell::Count(product.number.into()));
        sheet.row(&[name, number, entries, exits, overridden, refused])?;
    }
    Ok(())
}

fn refusals(sheet: &mut Worksheet, styles: &Styles, report: &Attendance, zone: &Zone) -> Result<(), XlsxError> {
    let columns = [&WHEN[..], &WHERE, &[("Code", 18.0), ("Refused", 10.0)]].concat();
    let mut sheet = Sheet::new(sheet, styles, "Refusals", &columns)?;
    for row in &report.rows {
        for (code, count) in &row.codes {
            let refused = [Cell::Text(code), Cell::Count(*count)];
            let cells: Vec<Cell<'_>> = place(row, zone).into_iter().chain(refused).collect();
            sheet.row(&cells)?;
        }
    }
    Ok(())
}

fn bar(sheet: &mut Worksheet, styles: &Styles, report: &Attendance) -> Result<(), XlsxError> {
    let mut sheet = Sheet::new(sheet, styles, "Bar", &[("Product", 30.0), ("Device", 24.0), ("Units", 10.0)])?;
    for served in &report.servings {
        sheet.row(&[Cell::Text(&served.product), Cell::Text(&served.device), Cell::Units(served.units)])?;
    }
    Ok(())
}

fn stock(sheet: &mut Worksheet, styles: &Styles, report: &Attendance) -> Result<(), XlsxError> {
    let columns = [("Product", 30.0), ("Came in", 10.0), ("Served", 10.0), ("Left", 10.0)];
    let mut sheet = Sheet::new(sheet, styles, "Stock", &columns)?;
    for stock in &report.stock {
        let [restocked, served, left] = [stock.restocked, stock.served, stock.left].map(Cell::Units);
        sheet.row(&[Cell::Text(&stock.product), restocked, served, left])?;
    }
    Ok(())
}

fn overrides(sheet: &mut Worksheet, styles: &Styles, report: &Attendance, zone: &Zone) -> Result<(), XlsxError> {
    let columns = [
        ("When (venue)", 20.0),
        ("When (UTC)", 26.0),
        ("Way", 8.0),
        ("Ticket", 18.0),
        ("Check-in list", 24.0),
        ("Gate", 18.0),
        ("Device", 18.0),
        ("Supervisor", 18.0),
        ("Reason", 40.0),
        ("Entry", 46.0),
    ];
    let mut sheet = Sheet::new(sheet, styles, "Overrides", &columns)?;
    for one in &report.overrides {
        let who = [&one.list, &one.gate, &one.device, &one.supervisor, &one.reason, &one.entry];
        let first = [parsed(&one.at, zone), Cell::Text(&one.at), Cell::Text(one.way), Cell::Text(&one.ticket)];
        let cells: Vec<Cell<'_>> = first.into_iter().chain(who.map(|text| Cell::Text(text))).collect();
        sheet.row(&cells)?;
    }
    Ok(())
}

fn devices(sheet: &mut Worksheet, styles: &Styles, report: &Attendance, zone: &Zone) -> Result<(), XlsxError> {
    let own = [("Device", 24.0), ("For", 12.0)];
    let more = [
        ("Units served", 12.0),
        ("Taken back", 12.0),
        ("Last heard (venue)", 20.0),
        ("In its journals", 14.0),
        ("Of these counted", 16.0),
        ("Id", 40.0),
    ];
    let mut sheet = Sheet::new(sheet, styles, "Devices", &[&own[..], &COUNTS, &more].concat())?;
    for device in &report.devices {
        let [entries, exits, overridden, refused] = counts(device.tally);
        sheet.row(&[
            Cell::Text(&device.device),
            Cell::Text(device.role.as_str()),
            entries,
            exits,
            overridden,
            refused,
            Cell::Units(device.served),
            Cell::Count(device.undone),
            device.heard_at.as_ref().map_or(Cell::Nothing, |at| parsed(at, zone)),
            Cell::Count(device.journal),
            Cell::Count(device.counted),
            Cell::Text(&device.id),
        ])?;
    }
    Ok(())
}
