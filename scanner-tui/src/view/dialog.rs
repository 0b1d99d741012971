//! The dialogs: what a verdict asks, who signs in, why a supervisor decides.
//!
//! Each says whom it is about before it asks anything. A PIN is stars. The way out stands in
//! the row of keys, on every one.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::find::{guest, reason};
use super::header;
use super::page::{self, Title, head};
use super::pen::{Pen, rows};
use crate::model::dialog::{About, Ask, Dialog, Overruling, Purpose, SignIn};
use crate::model::field::Field;
use crate::model::{Millis, Model};
use crate::theme::Role;
use crate::{text, words};

/// What stands in the title row.
pub fn title(model: &Model, open: &Dialog, now: Millis) -> Title {
    let (left, role) = match open {
        Dialog::Ask(ask) => (format!("ASK  {}", whom(&ask.answer)), Role::Attn),
        Dialog::SignIn(sign_in) => match sign_in.purpose {
            Purpose::Supervisor => ("SUPERVISOR signs in".to_owned(), Role::Quiet),
            Purpose::Duty => ("ON DUTY".to_owned(), Role::Quiet),
        },
        Dialog::Overrule(_) => (overruler(model), Role::Attn),
    };
    let right = header::supervisor(model, now).unwrap_or_default();
    Title { left, right, role }
}

/// Draws the dialog.
pub fn draw(pen: &mut Pen, model: &Model, open: &Dialog, area: Rect) {
    match open {
        Dialog::Ask(ask) => draw_ask(pen, ask, area),
        Dialog::SignIn(sign_in) => draw_sign_in(pen, model, sign_in, area),
        Dialog::Overrule(overruling) => draw_overruling(pen, overruling, area),
    }
}

fn overruler(model: &Model) -> String {
    let name = model.session.as_ref().map_or("", |session| session.name.as_str());
    format!("SUPERVISOR {name} lets in anyway")
}

fn whom(answer: &tidegate_core::api::Answer) -> String {
    answer.ticket.as_ref().map_or(String::new(), guest)
}

fn draw_ask(pen: &mut Pen, ask: &Ask, area: Rect) {
    let area = page::with_fault(pen, ask.fault.as_deref(), area);
    let area = sentence(pen, &words::reason(&ask.answer), area);
    match &ask.about {
        About::Questions { answers, at } => questions(pen, ask, answers, *at, area),
        About::Unpaid => {
            let area = sentence(pen, &words::explanation(&ask.answer.explain).0, area);
            sentence(pen, "Was it paid here? Enter: it is paid. Esc: leave it.", area);
        }
        About::Choice { at } => {
            for (n, row) in page::seen(area, *at, ask.answer.choices.len()) {
                let (row, style) = page::row(pen, row, n == *at, Style::new());
                let choice = &ask.answer.choices[n];
                pen.ends(row, &guest(choice), &format!("{} ", text::clean(&choice.id)), style);
            }
        }
    }
}

/// Two rows a question; those around the one that is typed.
fn questions(pen: &mut Pen, ask: &Ask, answers: &[Field], at: usize, area: Rect) {
    let room = usize::from(area.height / 2).max(1);
    let first = (at + 1).saturating_sub(room);
    let mut rows = rows(area);
    for (n, (asked, said)) in ask.answer.questions.iter().zip(answers).enumerate().skip(first) {
        let needed = if asked.required { "" } else { " (may stay empty)" };
        let line = format!(" {} of {}: {}{needed}", n + 1, answers.len(), text::clean(&asked.text));
        if let Some(row) = rows.next() {
            pen.left(row, &line, if n == at { bold() } else { Style::new() });
        }
        if let Some(row) = rows.next() {
            pen.field(row, if n == at { " > " } else { "   " }, said.shown(), n == at);
        }
    }
}

fn draw_sign_in(pen: &mut Pen, model: &Model, sign_in: &SignIn, area: Rect) {
    let area = page::with_fault(pen, sign_in.fault.as_deref(), area);
    let staff = model.known().and_then(|status| status.staff.as_deref()).map(text::clean);
    let about = match (sign_in.purpose, &model.refused, staff) {
        (Purpose::Supervisor, Some(refused), _) => {
            format!("About {}  {}", whom(&refused.answer), words::reason(&refused.answer))
        }
        (Purpose::Supervisor, None, _) => "For two minutes.".to_owned(),
        (Purpose::Duty, _, Some(staff)) => format!("On duty: {staff}. Del: sign off. Or scan a badge."),
        (Purpose::Duty, _, None) => "Nobody is on duty. Type name and PIN, or scan a badge.".to_owned(),
    };
    let area = sentence(pen, &about, area);
    let (name, rest) = head(area);
    let (pin, _) = head(rest);
    pen.field(name, " Name: ", sign_in.name.shown(), !sign_in.on_pin);
    pen.field(pin, " PIN:  ", &sign_in.pin.stars(), sign_in.on_pin);
}

fn draw_overruling(pen: &mut Pen, overruling: &Overruling, area: Rect) {
    let area = page::with_fault(pen, overruling.fault.as_deref(), area);
    let answer = &overruling.refused.answer;
    let (line, rest) = head(area);
    pen.left(line, &format!(" {}", whom(answer)), bold());
    let (line, rest) = head(rest);
    pen.left(line, &format!(" {} {}", crate::face::Face::of(answer).word(), words::reason(answer)), Style::new());
    reason(pen, &overruling.reason, rest);
}

/// A sentence on as many rows as it takes, at most three, and a row of air where there is room.
fn sentence(pen: &mut Pen, sentence: &str, area: Rect) -> Rect {
    let cells = usize::from(area.width.saturating_sub(2));
    let lines = text::wrap(sentence, cells, 3, pen.glyphs().cut);
    let air = usize::from(area.height > 12 && !lines.is_empty());
    let used = u16::try_from(lines.len() + air).unwrap_or(0).min(area.height);
    for (row, line) in rows(area).zip(lines) {
        pen.left(row, &format!(" {line}"), Style::new());
    }
    Rect { y: area.y + used, height: area.height - used, ..area }
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}
