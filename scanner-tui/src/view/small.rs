//! Little room: the verdict, its reason and one status line; or, below that, the size needed.
//!
//! Whatever the size, the word of a live verdict is shown, and the agent keeps admitting.
//! Nothing here knows the larger layouts.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::pen::{Pen, rows};
use super::{LEAST, attention, card, header};
use crate::model::card::Phase;
use crate::model::{Contact, Millis, Model};
use crate::theme::Role;

/// The verdict and one status line.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let [verdict, line] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(area);
    card::draw(pen, model, verdict, now);
    status_line(pen, model, line, now);
}

/// The size needed, and the word of a live verdict.
pub fn too_small(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let (columns, height) = LEAST;
    let word = match (model.contact(now), &model.card) {
        (Contact::Lost { .. }, _) => "AGENT NOT REACHED",
        (Contact::Starting, _) => "CONNECTING",
        (Contact::Live, Some(card)) if card.phase(now) != Phase::Over => card.face.word(),
        (Contact::Live, Some(_) | None) => "Ready",
    };
    let need = format!("Needs {columns}x{height}, is {}x{}", area.width, area.height);
    let lines = [word, need.as_str(), "The agent keeps admitting."];
    for (row, line) in rows(area).zip(lines) {
        pen.left(row, line, Style::new());
    }
}

/// The worst thing to know, else clock, links and how many are inside.
pub fn status_line(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    if let Some(worst) = attention::lines(model, now).first()
        && model.is_live(now)
    {
        let style = pen.style(worst.role);
        pen.paint(area, style);
        return pen.left(area, &format!("{}{}", attention::mark(worst.role), worst.text), style);
    }
    let role = match model.strip(now) {
        Role::Neutral => Role::Quiet,
        role => role,
    };
    let style = pen.style(role);
    let left = match header::supervisor(model, now) {
        Some(supervisor) => supervisor,
        None => header::right(model, now),
    };
    let inside = model.known().filter(|_| model.is_live(now));
    let inside = inside.map_or(String::new(), |status| format!("in {}", status.inside));
    pen.paint(area, style);
    pen.ends(area, &left, &inside, style);
}
