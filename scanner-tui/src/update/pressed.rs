//! Keys, and characters that a scanner types into the wrong window.
//!
//! Kept true: a key that ends a scanner's burst is not a key press; an undo is asked once
//! however long the key is held, and never without an agent; leaving takes two presses.

use super::{Command, HINT_MS};
use crate::keys::Action;
use crate::model::attention::{Notice, NoticeKind};
use crate::model::card::Phase;
use crate::model::{Millis, Model, Screen, Undo};

/// Ctrl-Q counts as twice within this.
pub const QUIT_TWICE_MS: Millis = 2_000;
/// A key after a typed character within this belongs to a scanner's burst: idle time that ends a typed code.
pub const BURST_MS: Millis = 150;
/// Characters in one burst before we say that a scanner types here: people rarely type four that fast.
const BURST_LEAST: u32 = 4;
/// A held F4 repeats after 250–660 ms and then faster; only a new press is a new undo.
const UNDO_AGAIN_MS: Millis = 700;

/// Does what a key is for.
pub fn pressed(model: &mut Model, action: Action, now: Millis) -> Option<Command> {
    if model.typed.at.is_some_and(|at| now.saturating_sub(at) < BURST_MS) {
        return None; // the Tab or Esc at the end of a typed code
    }
    match action {
        Action::Help => switch(model, Screen::Help),
        Action::NextScreen => match model.screen {
            Screen::Door => switch(model, Screen::Help),
            Screen::Help => switch(model, Screen::Door),
        },
        Action::Back => back(model, now),
        Action::Redraw => Some(Command::Redraw),
        Action::Quit => quit(model, now),
        Action::Undo => undo(model, now),
    }
}

/// Notices a character.
pub fn typed(model: &mut Model, now: Millis) {
    let in_burst = model.typed.at.is_some_and(|at| now.saturating_sub(at) < BURST_MS);
    model.typed.run = if in_burst { model.typed.run.saturating_add(1) } else { 1 };
    model.typed.at = Some(now);
    if model.typed.run >= BURST_LEAST {
        model.notify(Notice {
            kind: NoticeKind::Typing,
            text: "A scanner types into this screen; nothing is read here. Give it to the agent.".to_owned(),
            until: Some(now + HINT_MS),
        });
    }
}

fn switch(model: &mut Model, screen: Screen) -> Option<Command> {
    model.screen = screen;
    None
}

/// Esc: out of the help, else past the verdict, else past the newest notice.
fn back(model: &mut Model, now: Millis) -> Option<Command> {
    if model.screen == Screen::Help {
        return switch(model, Screen::Door);
    }
    match &model.card {
        Some(card) if card.phase(now) != Phase::Over => {
            if card.may_clear(now) {
                model.card = None;
            }
        }
        Some(_) | None => model.read_notice(now),
    }
    None
}

fn quit(model: &mut Model, now: Millis) -> Option<Command> {
    let armed = model.quit_armed_at.replace(now);
    armed.is_some_and(|at| now.saturating_sub(at) <= QUIT_TWICE_MS).then_some(Command::Quit)
}

fn undo(model: &mut Model, now: Millis) -> Option<Command> {
    let held = model.undo_pressed_at.replace(now);
    let is_held = held.is_some_and(|at| now.saturating_sub(at) < UNDO_AGAIN_MS);
    if model.options.readonly || is_held || model.undo == Undo::Asked {
        return None;
    }
    if !model.is_live(now) {
        model.notify(Notice {
            kind: NoticeKind::Undo,
            text: "NOT UNDONE: the agent is not reached".to_owned(),
            until: Some(now + HINT_MS),
        });
        return None;
    }
    model.undo = Undo::Asked;
    Some(Command::Undo)
}
