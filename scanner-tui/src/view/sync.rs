//! The Sync screen: who is heard, what stands here alone, what may be double, and what was found.
//!
//! Numbers first, each of them an upper bound that says so; then the devices that are silent, what somebody owes, stock, and the
//! others; below them the conflicts and findings, one chosen and told in full. What does not fit is
//! counted, and the numbers are never what is left out.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use tidegate_core::api::{Exposure, Silent, Status};

use super::links::{dated, link_line, stock_line};
use super::page::{self, Title};
use super::pen::{Pen, rows};
use crate::model::books::Row;
use crate::model::{Millis, Model};
use crate::theme::Role;
use crate::{text, words};

/// Rows in which the chosen one is told.
const TOLD_ROWS: u16 = 3;
/// Rows that the list keeps, however much stands above it.
const LIST_ROWS: u16 = 4;
/// From this many rows on the list has a heading and air around it.
const ROOMY: u16 = 12;

/// What stands in the title row.
pub fn title(model: &Model) -> Title {
    let counts = model.known().map(|status| (status.conflicts, status.findings));
    let right = counts.map_or(String::new(), |(conflicts, findings)| {
        format!("{}, {}", counted(conflicts, "conflict"), counted(findings, "finding"))
    });
    Title { left: "SYNC".to_owned(), right, role: Role::Quiet }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Draws it.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let area = page::with_fault(pen, model.books.fault.as_deref(), area);
    let told = TOLD_ROWS.min(area.height / 3);
    let above = model.known().map(|status| above(model, status, area, now)).unwrap_or_default();
    let listed = u16::try_from(model.books.rows().len()).unwrap_or(LIST_ROWS).clamp(1, LIST_ROWS);
    let most = area.height.saturating_sub(listed.min(area.height / 3) + told);
    let high = u16::try_from(above.len()).unwrap_or(most).min(most);
    let [top, list, below] =
        Layout::vertical([Constraint::Length(high), Constraint::Min(0), Constraint::Length(told)]).areas(area);
    draw_above(pen, &above, top);
    draw_list(pen, model, list);
    draw_told(pen, model, below);
}

/// A line of the upper part.
struct Line {
    text: String,
    style: Style,
}

fn draw_above(pen: &mut Pen, lines: &[Line], area: Rect) {
    let room = usize::from(area.height);
    for (at, (row, line)) in rows(area).zip(lines).enumerate() {
        let hidden = lines.len() - at;
        match at + 1 == room && hidden > 1 {
            true => pen.left(row, &format!(" and {hidden} lines more"), line.style),
            false => pen.left(row, &line.text, line.style),
        }
    }
}

fn above(model: &Model, status: &Status, area: Rect, now: Millis) -> Vec<Line> {
    let plain = dated(model, now);
    let bold = plain.add_modifier(Modifier::BOLD);
    let line = |style: Style| move |text: String| Line { text: format!(" {text}"), style };
    let exposure = &status.exposure;
    let mut lines: Vec<Line> = Vec::new();
    lines.push(line(if exposure.cut_off { bold } else { plain })(words::contact(exposure)));
    lines.push(line(if doubled(exposure) { bold } else { plain })(words::may_be_double(exposure)));
    lines.push(line(plain)(words::ahead(exposure)));
    lines.extend(words::limits(exposure).map(line(plain)));
    lines.extend(exposure.silent.iter().map(|device| silent(model, device, now)).map(line(bold)));
    lines.extend(status.deficits.iter().map(words::deficit).map(line(bold)));
    lines.extend(status.stock.iter().map(stock_line).map(line(plain)));
    lines.extend(words::rights(status).map(line(plain)));
    let named = |name: &str| exposure.silent.iter().any(|silent| silent.device == name);
    let links = status.links.iter().filter(|link| !named(&link.name));
    lines.extend(links.map(|link| link_line(model, link, now)).map(line(plain)));
    if area.height >= ROOMY {
        lines.push(Line { text: String::new(), style: plain });
    }
    lines
}

fn doubled(exposure: &Exposure) -> bool {
    exposure.double_entries > 0 || exposure.double_servings > 0
}

/// A device of the roster that is not heard, with the age of what is known.
fn silent(model: &Model, device: &Silent, now: Millis) -> String {
    let name = text::clean(&device.device);
    let since = model.status_age(now).unwrap_or(0);
    let heard = match device.heard_ms_ago {
        Some(ms) => format!("LAST heard {} ago", text::age(ms.saturating_add(since))),
        None => "NOT heard since the start".to_owned(),
    };
    let newest = device.newest_at.as_deref().map(|at| words::clock(at, &model.zone));
    let newest = newest.map_or(String::new(), |at| format!(", its newest entry here {at}"));
    format!("{name} ({}) {heard}{newest}", text::clean(&device.role))
}

fn draw_list(pen: &mut Pen, model: &Model, area: Rect) {
    let all = model.books.rows();
    if all.is_empty() {
        let told = if model.books.is_known() { " No conflicts, no findings." } else { "" };
        return pen.left(area, told, Style::new());
    }
    let at = model.books.at.min(all.len() - 1);
    for (n, row) in page::seen(area, at, all.len()) {
        let (row, style) = page::row(pen, row, n == at, Style::new());
        pen.left(row, &short(&all[n], model), style);
    }
}

/// One row: what is needed to choose it.
fn short(row: &Row<'_>, model: &Model) -> String {
    match row {
        Row::Conflict(report) => {
            let at = words::clock(&report.excess.at, &model.zone);
            format!("{at} {}, {}", text::clean(&report.excess.device), words::too_many(report))
        }
        Row::Finding(finding) => {
            let kind = text::clean(&finding.kind).to_uppercase();
            format!("{kind} {}", text::clean(&finding.what))
        }
    }
}

fn draw_told(pen: &mut Pen, model: &Model, area: Rect) {
    let all = model.books.rows();
    let Some(chosen) = all.get(model.books.at.min(all.len().saturating_sub(1))) else { return };
    let told = match chosen {
        Row::Conflict(report) => words::conflict(report, &model.zone),
        Row::Finding(finding) => words::finding(finding),
    };
    let told = pen.fit(&told, u16::MAX);
    let wide = usize::from(area.width.saturating_sub(4));
    let lines = text::wrap(&told, wide, usize::from(area.height), pen.glyphs().cut);
    for (row, line) in rows(area).zip(lines) {
        pen.left(row, &format!("   {line}"), Style::new());
    }
}
