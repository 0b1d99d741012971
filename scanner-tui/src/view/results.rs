//! The last results: when, which verdict, who, why.
//!
//! Newest first. An act that was taken back stays, struck through and signed as undone.
//! While the agent is not reached they are drawn dim: history, not news.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use tidegate_core::api::Verdict;

use super::pen::{Pen, rows};
use crate::model::log::Entry;
use crate::model::{Millis, Model};
use crate::{text, words};

/// Two results a row.
pub fn draw_pairs(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let mut entries = model.log.newest();
    for row in rows(area) {
        let [left, right] = Layout::horizontal([Constraint::Percentage(50); 2]).areas(row);
        for cell in [left, right] {
            if let Some(entry) = entries.next() {
                draw_entry(pen, model, entry, cell, now);
            }
        }
    }
}

/// One result a row, under a title.
pub fn draw_panel(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let mut rows = rows(area);
    if let Some(title) = rows.next() {
        pen.left(title, " Last results", Style::new().add_modifier(Modifier::BOLD));
    }
    for (row, entry) in rows.zip(model.log.newest()) {
        draw_entry(pen, model, entry, row, now);
    }
}

/// One result.
pub fn draw_entry(pen: &mut Pen, model: &Model, entry: &Entry, area: Rect, now: Millis) {
    let glyphs = pen.glyphs();
    let live = model.is_live(now);
    let plain = if live { Style::new() } else { Style::new().add_modifier(Modifier::DIM) };
    let (sign, sign_style, told) = if entry.undone {
        (glyphs.undo, plain, plain.add_modifier(Modifier::CROSSED_OUT))
    } else {
        let style = if live { pen.style(entry.face.role()) } else { plain };
        (entry.face.sign(glyphs), style, plain)
    };
    let at = words::clock(&entry.answer.at, &model.zone);
    pen.words(
        Rect { width: area.width.saturating_sub(1), ..area },
        &[
            (format!(" {at} "), plain),
            (sign.to_owned(), sign_style),
            (" ".to_owned(), plain),
            (told_in_short(entry, glyphs.arrow), told),
        ],
    );
}

/// Who, and what about it.
fn told_in_short(entry: &Entry, arrow: &str) -> String {
    let answer = &entry.answer;
    let about = match answer.verdict {
        Verdict::Admit => product(entry),
        Verdict::Serve => words::credits(answer, arrow).join(", "),
        Verdict::Exit => "out".to_owned(),
        Verdict::Annulled | Verdict::Voided => "taken back".to_owned(),
        Verdict::Ask | Verdict::Refuse => words::reason(answer),
    };
    let told = [words::who(answer), about, if entry.undone { "(undone)" } else { "" }.to_owned()];
    told.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// The product, where the holder's name already stands for the guest.
fn product(entry: &Entry) -> String {
    let ticket = entry.answer.ticket.as_ref();
    ticket.filter(|ticket| ticket.holder.is_some()).map_or(String::new(), |ticket| text::clean(&ticket.product))
}
