//! The attention lines between verdict and numbers.
//!
//! The worst first, each in its colour; what does not fit is counted, never silently
//! dropped. Empty rows stay empty.

use ratatui::layout::Rect;

use super::pen::{Pen, rows};
use crate::model::attention::Attention;
use crate::model::{Millis, Model, Undo};
use crate::theme::Role;

/// Draws as many lines as the area has rows.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect, now: Millis) {
    let lines = lines(model, now);
    let hidden = lines.len().saturating_sub(usize::from(area.height));
    let last = area.bottom().saturating_sub(1);
    for (row, line) in rows(area).zip(&lines) {
        let style = pen.style(line.role);
        let more = match hidden {
            hidden if hidden > 0 && row.y == last => format!("(+{hidden}) "),
            _ => String::new(),
        };
        pen.paint(row, style);
        pen.ends(row, &format!("{}{}", mark(line.role), line.text), &more, style);
    }
}

/// What is worth a line now, the undo under way first.
pub fn lines(model: &Model, now: Millis) -> Vec<Attention> {
    let mut lines = model.attentions(now);
    if model.undo == Undo::Asked {
        let text = "UNDOING the last act of this device".to_owned();
        lines.insert(0, Attention { role: Role::Neutral, text });
    }
    lines
}

/// The same as the colour, in a sign.
pub fn mark(role: Role) -> &'static str {
    match role {
        Role::Deny => "X ",
        Role::Attn => "! ",
        Role::Admit | Role::Used | Role::Neutral | Role::Quiet => "  ",
    }
}
