//! The help bar and the help screen, both from the one table of keys.
//!
//! The screen shows the keys of the place it was asked at; at the door also every verdict
//! as it looks, so that a new steward learns the colours on this very terminal. The next
//! verdict is shown instead of it.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::pen::{Pen, rows};
use super::{DOOR, header};
use crate::face::Face;
use crate::keys;
use crate::model::place::Place;
use crate::model::{Millis, Model};
use crate::update::QUIT_TWICE_MS;

/// Cells of the column of keys.
const KEY_CELLS: u16 = 12;
/// Cells of the column of verdict words: sign, word, air.
const WORD_CELLS: usize = 8;

/// Stands before the keys of a screen that only looks.
const VIEW_ONLY: &str = " view only ";

/// A key and what it does, in a word.
type Hint = (&'static str, &'static str);

/// The help bar: live keys, or the question whether to leave.
pub fn bar(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let armed = model.quit_armed_at.is_some_and(|at| now.saturating_sub(at) <= QUIT_TWICE_MS);
    if armed {
        let ask = " Ctrl-Q again leaves this screen. The agent keeps admitting.";
        return pen.left(area, ask, Style::new().add_modifier(Modifier::BOLD));
    }
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut words = Vec::new();
    if model.options.readonly {
        words.push((VIEW_ONLY.to_owned(), Style::new()));
    }
    let said = if model.options.readonly { VIEW_ONLY.len() } else { 0 };
    let live = keys::live(model.place(now), model.options.readonly).filter(|row| !row.label.is_empty());
    for hint in whole(live.map(|row| (row.key, row.label)).collect(), usize::from(area.width) - said) {
        words.push((format!(" {}", hint.0), bold));
        words.push((format!(" {} ", hint.1), Style::new()));
    }
    pen.words(area, &words);
}

/// The first hints that fit whole, in their order; where some do not, the way out and the page that tells all keys
/// are among them.
fn whole(hints: Vec<Hint>, width: usize) -> Vec<Hint> {
    let cells = |hint: &Hint| hint.0.chars().count() + hint.1.chars().count() + 3;
    let always = |hint: &Hint| hint.0 == "Esc" || hint.0 == "F1";
    let all: usize = hints.iter().map(cells).sum();
    let kept: usize = hints.iter().filter(|hint| always(hint)).map(cells).sum();
    let mut left = if all <= width { all } else { width.saturating_sub(kept) };
    let mut fits = |hint: &Hint| {
        let rest = left.checked_sub(cells(hint));
        left = rest.unwrap_or(0); // none after it either: of two that belong together nobody sees one
        rest.is_some()
    };
    hints.into_iter().filter(|hint| (all > width && always(hint)) || fits(hint)).collect()
}

/// The help screen.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut rows = rows(area);
    if let Some(row) = rows.next() {
        header::draw(pen, model, row, now);
    }
    let place = model.place(now);
    let mut rows = rows.skip(usize::from(area.height >= DOOR.1));
    for (row, binding) in rows.by_ref().zip(keys::live(place, model.options.readonly)) {
        let (key, told) = columns(row);
        pen.left(key, &format!(" {}", binding.key), bold);
        pen.left(told, binding.help, Style::new());
    }
    if place != Place::Door {
        return;
    }
    let mut rows = rows.skip(1);
    for (row, face) in rows.by_ref().zip(legend()) {
        let style = pen.style(face.role());
        let word = format!(" {} {}", face.sign(pen.glyphs()), face.word());
        let (shown, told) = columns(row);
        let shown = Rect { x: shown.x + 1, width: WORD_CELLS as u16 + 2, ..shown };
        pen.left(shown, &format!("{word:<width$}  ", width = WORD_CELLS), style);
        pen.left(told, face.meaning(), Style::new());
    }
}

/// Two faces share a word; the legend shows it once.
fn legend() -> impl Iterator<Item = Face> {
    Face::ALL.into_iter().filter(|face| *face != Face::Trouble)
}

fn columns(row: Rect) -> (Rect, Rect) {
    let key = Rect { width: KEY_CELLS.min(row.width), ..row };
    (key, super::pen::inset_left(row, KEY_CELLS))
}
