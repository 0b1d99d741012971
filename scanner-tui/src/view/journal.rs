//! The Log screen: one entry a row, newest first, and the history of one ticket.
//!
//! What was taken back is struck through, and marked for terminals that cannot strike. The
//! columns go as the width does: when, what, where and who are always there.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use tidegate_core::api::LogItem;

use super::find::guest;
use super::page::{self, Title, head};
use super::pen::Pen;
use crate::face::Face;
use crate::model::journal::Roll;
use crate::model::{Millis, Model};
use crate::theme::Role;
use crate::theme::glyphs::GlyphSet;
use crate::{text, words};

/// Cells of the time, the mark of what was undone, the sign and the place.
const WHEN: u16 = 8;
const MARK: u16 = 1;
const SIGN: u16 = 2;
const WHERE: u16 = 12;
/// From this width on the place has a column.
const BROAD: u16 = 70;
/// From this width on who was on duty has a column.
const BROADEST: u16 = 110;
const STAFF: u16 = 16;

/// What stands in the title row.
pub fn title(model: &Model) -> Title {
    let journal = &model.journal;
    let (left, roll) = match &journal.history {
        Some(history) => (format!("HISTORY  {}", guest(&history.ticket)), &history.roll),
        None => (format!("LOG  < {} >", journal.kind.name()), &journal.roll),
    };
    Title { left, right: counted(roll), role: Role::Quiet }
}

fn counted(roll: &Roll) -> String {
    match (&roll.items, &roll.next) {
        (None, _) => String::new(),
        (Some(items), None) => format!("{} of {}", (roll.at + 1).min(items.len()), items.len()),
        (Some(items), Some(_)) => format!("{} of {}+", (roll.at + 1).min(items.len()), items.len()),
    }
}

/// Draws what is open.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let journal = &model.journal;
    match &journal.history {
        Some(history) => items(pen, model, &history.roll, area, now),
        None => {
            let (field, rest) = head(area);
            pen.field(field, " Filter: ", journal.text.shown(), true);
            items(pen, model, &journal.roll, rest, now);
        }
    }
}

fn items(pen: &mut Pen, model: &Model, roll: &Roll, area: Rect, now: Millis) {
    let area = page::with_fault(pen, roll.fault.as_deref(), area);
    let area = match roll.items().get(roll.at).filter(|_| area.width < BROAD) {
        Some(chosen) => page::with_fact(pen, &joined([place(chosen), about(chosen), decided(chosen)]), area),
        None => area,
    };
    if roll.items.as_ref().is_some_and(Vec::is_empty) {
        return pen.left(area, " Nothing to show.", Style::new());
    }
    for (n, row) in page::seen(area, roll.at, roll.items().len()) {
        item(pen, model, &roll.items()[n], row, n == roll.at, now);
    }
}

fn item(pen: &mut Pen, model: &Model, item: &LogItem, row: Rect, is_chosen: bool, now: Millis) {
    let (row, style) = page::row(pen, row, is_chosen, Style::new());
    let struck = if item.undone { style.add_modifier(Modifier::CROSSED_OUT) } else { style };
    let face = Face::of_entry(&item.kind, &item.code);
    let sign = face.map_or("", |face| face.sign(pen.glyphs()));
    let sign_style = face.filter(|_| !item.undone && !is_chosen && model.is_live(now));
    let sign_style = sign_style.map_or(style, |face| pen.style(face.role()));
    let when = when(model, &item.at, now);
    pen.columns(row, &[(&when, WHEN), (undone(pen, item), MARK)], style);
    let rest = super::pen::inset_left(row, WHEN + MARK + 2);
    pen.left(Rect { width: SIGN.min(rest.width), ..rest }, sign, sign_style);
    let rest = super::pen::inset_left(rest, SIGN + 1);
    let told = told(item);
    if row.width + 3 < BROAD {
        return pen.left(rest, &told, struck);
    }
    let staff = if row.width + 3 < BROADEST { 0 } else { STAFF };
    let told_cells = rest.width.saturating_sub(WHERE + 1 + staff + u16::from(staff > 0));
    pen.columns(rest, &[(&place(item), WHERE)], style);
    let rest = super::pen::inset_left(rest, WHERE + 1);
    pen.columns(rest, &[(&told, told_cells)], struck);
    let who = text::clean(item.staff.as_deref().unwrap_or_default());
    pen.columns(super::pen::inset_left(rest, told_cells + 1), &[(&who, staff)], style);
}

fn undone(pen: &Pen, item: &LogItem) -> &'static str {
    match (item.undone, pen.theme.set) {
        (false, _) => "",
        (true, GlyphSet::Unicode) => pen.glyphs().undo,
        (true, GlyphSet::Vt | GlyphSet::Ascii) => "~",
    }
}

/// The time of today, the day of what is older.
fn when(model: &Model, at: &str, now: Millis) -> String {
    let today = model.agent_now(now).map(|at| words::day(at, &model.zone));
    match at.parse::<Timestamp>() {
        Ok(then) if today.is_some_and(|today| today != words::day(then, &model.zone)) => {
            then.to_zoned(model.zone.clone()).strftime("%-d %b").to_string()
        }
        Ok(_) | Err(_) => words::clock(at, &model.zone),
    }
}

/// Where it happened: the gate, else the device.
fn place(item: &LogItem) -> String {
    text::clean(item.gate.as_deref().unwrap_or(&item.device))
}

/// Who, what about them, whose decision it was; the product last, it is cut first.
fn told(item: &LogItem) -> String {
    let ticket = item.ticket.as_ref();
    let product = ticket.map_or(String::new(), |ticket| text::clean(&ticket.product));
    let who = ticket.and_then(|ticket| ticket.holder.as_deref()).map(text::clean).unwrap_or_default();
    joined([who, about(item), decided(item), product])
}

fn decided(item: &LogItem) -> String {
    let reason = item.reason.as_deref().map(text::clean).unwrap_or_default();
    match &item.supervisor {
        Some(supervisor) => format!("by {}: {reason}", text::clean(supervisor)),
        None => reason,
    }
}

fn joined<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

fn about(item: &LogItem) -> String {
    let product = item.product.as_deref().map(text::clean);
    let units = item.units.zip(product).map(|(units, product)| format!("{units} {product}"));
    match (item.kind.as_str(), item.code.as_str(), units) {
        ("admission", "ok", None) => String::new(),
        ("admission" | "refusal", code, None) => text::clean(code),
        ("exit", _, None) => "out".to_owned(),
        ("annul" | "void", _, None) => "took back".to_owned(),
        (_, _, Some(units)) => units,
        (kind, _, None) => text::clean(kind),
    }
}
