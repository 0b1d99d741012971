//! The attention lines between verdict and numbers.
//!
//! A verdict that came while a question is open stands first, then the worst, each in its
//! colour; what does not fit is counted, never silently dropped. Empty rows stay empty.

use ratatui::layout::Rect;

use super::pen::{Pen, rows};
use crate::face::Face;
use crate::model::attention::Attention;
use crate::model::{Millis, Model};
use crate::theme::Role;
use crate::{text, words};

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

/// What is worth a line now: a verdict under a question, what is under way, then the rest.
pub fn lines(model: &Model, now: Millis) -> Vec<Attention> {
    let mut lines = model.attentions(now);
    if let Some((request, for_ms)) = model.requests.slow(now) {
        let text = match for_ms / 1_000 {
            0 => request.doing().to_owned(),
            _ => format!("{} {}", request.doing(), text::age(for_ms)),
        };
        lines.insert(0, Attention { role: Role::Neutral, text });
    }
    if let Some(answer) = model.banner.as_ref().filter(|_| model.is_live(now)) {
        let face = Face::of(answer);
        let parts = [face.word().to_owned(), words::who(answer), words::reason(answer)];
        let told: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        lines.insert(0, Attention { role: face.role(), text: told.join("  ") });
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
