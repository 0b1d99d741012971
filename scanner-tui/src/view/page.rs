//! The frame of every screen but the door: title, body, what is worth a line, keys.
//!
//! Each screen gives a title and draws its body; rows have their place whether or not there
//! is something to say. A list keeps the chosen row in sight, and says so without colour.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, inset_left, rows};
use super::{DOOR, attention, dialog, find, header, help, journal, small, sync};
use crate::model::{Millis, Model, Screen};
use crate::theme::Role;

/// Rows for attention lines where there is room.
const ATTENTION_ROWS: u16 = 2;

/// What stands at both ends of the title row.
pub struct Title {
    /// Which screen, and what about.
    pub left: String,
    /// How much of it.
    pub right: String,
    /// A question is in the colour of attention.
    pub role: Role,
}

/// Draws the screen, or the dialog that is open.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let one = Constraint::Length(1);
    let [top, title, body, below, keys] = match area.width >= DOOR.0 && area.height >= DOOR.1 {
        true => {
            let all = [one, one, Constraint::Min(0), Constraint::Length(ATTENTION_ROWS), one, one];
            let [top, title, body, below, rule, keys] = Layout::vertical(all).areas(area);
            pen.rule(rule);
            attention::draw(pen, model, below, now);
            [top, title, body, below, keys]
        }
        false => {
            let all = [Constraint::Length(0), one, Constraint::Min(0), one, one];
            Layout::vertical(all).areas(area)
        }
    };
    match top.is_empty() {
        true => small::status_line(pen, model, below, now),
        false => header::draw(pen, model, top, now),
    }
    let is_wide = area.width >= DOOR.0;
    draw_title(pen, &title_of(model, now), title);
    draw_body(pen, model, inset(body, is_wide), now);
    help::bar(pen, model, keys, now);
}

fn inset(body: Rect, is_wide: bool) -> Rect {
    let gap = u16::from(is_wide && body.height > 1);
    Rect { y: body.y + gap, height: body.height - gap, ..body }
}

fn title_of(model: &Model, now: Millis) -> Title {
    match (&model.dialog, model.screen) {
        (Some(open), _) => dialog::title(model, open, now),
        (None, Screen::Log) => journal::title(model),
        (None, Screen::Sync) => sync::title(model),
        (None, Screen::Find | Screen::Door) => find::title(model),
    }
}

fn draw_title(pen: &mut Pen, title: &Title, area: Rect) {
    let style = pen.style(title.role).add_modifier(Modifier::BOLD);
    pen.paint(area, style);
    pen.ends(area, &format!(" {}", title.left), &format!("{} ", title.right), style);
}

fn draw_body(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    match (&model.dialog, model.screen) {
        (Some(open), _) => dialog::draw(pen, model, open, area),
        (None, Screen::Log) => journal::draw(pen, model, area, now),
        (None, Screen::Sync) => sync::draw(pen, model, area, now),
        (None, Screen::Find | Screen::Door) => find::draw(pen, model, area),
    }
}

/// The area without its last row, where a fault stands if there is one.
pub fn with_fault(pen: &mut Pen, fault: Option<&str>, area: Rect) -> Rect {
    let Some(fault) = fault else { return area };
    let mut rows = rows(area);
    if let Some(last) = rows.next_back() {
        let style = pen.style(Role::Attn);
        pen.paint(last, style);
        pen.left(last, &format!("! {fault}"), style);
    }
    Rect { height: area.height.saturating_sub(1), ..area }
}

/// The area without its last row, where a fact about the chosen row stands.
pub fn with_fact(pen: &mut Pen, fact: &str, area: Rect) -> Rect {
    let mut rows = rows(area);
    if let Some(last) = rows.next_back() {
        pen.left(last, &format!("   {fact}"), Style::new());
    }
    Rect { height: area.height.saturating_sub(1), ..area }
}

/// The rows of a list that are seen: those around the chosen one, each with its area.
pub fn seen(area: Rect, at: usize, all: usize) -> impl Iterator<Item = (usize, Rect)> {
    let room = usize::from(area.height);
    let first = (at + 1).saturating_sub(room);
    (first..all).zip(rows(area))
}

/// Draws the mark of a list's row; gives the rest of the row and its style.
pub fn row(pen: &mut Pen, area: Rect, is_chosen: bool, style: Style) -> (Rect, Style) {
    let style = if is_chosen { style.add_modifier(Modifier::REVERSED) } else { style };
    pen.paint(area, style);
    pen.left(area, if is_chosen { " > " } else { "   " }, style);
    (inset_left(area, 3), style)
}

/// The first row of an area and the rest of it.
pub fn head(area: Rect) -> (Rect, Rect) {
    let [head, rest] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    (head, rest)
}
