//! Keys: which one is meant for which place.
//!
//! Kept true: a key that ends a scanner's burst is not a key press; an undo is asked once
//! however long the key is held, and never without an agent; leaving takes two presses; Esc
//! always goes back one step.

use super::{Command, acts, asked, books, find, journal, typed};
use crate::keys::Action;
use crate::model::attention::NoticeKind;
use crate::model::card::Phase;
use crate::model::dialog::Dialog;
use crate::model::find::{Find, Step};
use crate::model::place::Place;
use crate::model::request::Request;
use crate::model::{Millis, Model, Screen};

/// Ctrl-Q counts as twice within this.
pub const QUIT_TWICE_MS: Millis = 2_000;
/// A held F4 repeats after 250–660 ms and then faster; only a new press is a new undo.
const UNDO_AGAIN_MS: Millis = 700;

/// Does what a key is for.
pub fn pressed(model: &mut Model, action: Action, now: Millis) -> Option<Command> {
    let place = model.place(now);
    if let Some(burst) = model.typed.end() {
        typed::burst(model, burst, now);
    }
    let guarded = place.is_guarded() && action != Action::Erase;
    if model.typed.is_behind_scanner(now) || guarded && model.typed.is_behind(now) {
        return None; // the Tab or Enter at the end of a typed code
    }
    if std::mem::take(&mut model.help) && (action == Action::Help || action == Action::Back || is_of_place(action))
    {
        return None;
    }
    match action {
        Action::Help => model.help = true,
        Action::Find => to_find(model, now),
        Action::Sync => switch(model, Screen::Sync, now),
        Action::SyncNow => books::sync(model, now),
        Action::NextScreen => turn(model, 1, now),
        Action::PreviousScreen => turn(model, -1, now),
        Action::Undo => undo(model, now),
        Action::Supervisor => {
            model.covered = false;
            asked::supervisor(model, now);
        }
        Action::Duty => {
            model.covered = false;
            asked::duty(model);
        }
        Action::Back => back(model, place, now),
        Action::Erase => erase(model, now),
        Action::Redraw => return Some(Command::Redraw),
        Action::Quit => return quit(model, now),
        Action::Party
        | Action::SignOff
        | Action::Down
        | Action::Up
        | Action::Right
        | Action::Left
        | Action::PageDown
        | Action::PageUp
        | Action::Enter => at_place(model, place, action, now),
    }
    None
}

/// Keys that act on what stands under the help, where it cannot be seen.
fn is_of_place(action: Action) -> bool {
    match action {
        Action::Party
        | Action::SignOff
        | Action::Down
        | Action::Up
        | Action::Right
        | Action::Left
        | Action::PageDown
        | Action::PageUp
        | Action::Enter
        | Action::Erase => true,
        Action::Help
        | Action::Find
        | Action::NextScreen
        | Action::PreviousScreen
        | Action::Undo
        | Action::Supervisor
        | Action::Duty
        | Action::Sync
        | Action::SyncNow
        | Action::Back
        | Action::Redraw
        | Action::Quit => false,
    }
}

fn at_place(model: &mut Model, place: Place, action: Action, now: Millis) {
    if model.dialog.is_some() {
        return asked::in_dialog(model, action, now);
    }
    match place {
        Place::Search => find::in_search(model, action, now),
        Place::Order => find::in_order(model, action),
        Place::Party => find::in_party(model, action),
        Place::Reason => find::in_reason(model, action, now),
        Place::Log | Place::History => journal::in_log(model, action, now),
        Place::Sync => books::in_books(model, action, now),
        Place::Door | Place::Questions | Place::Unpaid | Place::Choice | Place::SignIn | Place::Duty => {}
    }
}

/// A new search; Tab goes back to the one before.
fn to_find(model: &mut Model, now: Millis) {
    model.find = Find::default();
    switch(model, Screen::Find, now);
}

fn turn(model: &mut Model, by: isize, now: Millis) {
    let shown = if model.is_covered(now) { Screen::Door } else { model.screen };
    switch(model, shown.turned(by), now);
}

fn switch(model: &mut Model, screen: Screen, now: Millis) {
    (model.screen, model.covered) = (screen, false);
    if screen == Screen::Log && model.journal.history.is_none() && model.journal.roll.at == 0 {
        journal::read(model, now);
    }
    if screen == Screen::Sync {
        books::read(model, now);
    }
}

/// Esc: past the verdict, out of a dialog, a step back on a screen, to the door.
fn back(model: &mut Model, place: Place, now: Millis) {
    if place == Place::Door {
        return past_verdict(model, now);
    }
    match model.dialog.take() {
        Some(Dialog::Ask(_)) => return (model.banner, model.card) = (None, None),
        Some(Dialog::SignIn(_) | Dialog::Overrule(_)) => return,
        None => {}
    }
    match (place, &mut model.find.order) {
        (Place::Party | Place::Reason, Some(order)) => (order.step, order.fault) = (Step::Look, None),
        (Place::Order, order) => *order = None,
        (Place::History, _) => model.journal.history = None,
        (_, _) => switch(model, Screen::Door, now),
    }
}

fn past_verdict(model: &mut Model, now: Millis) {
    match &model.card {
        Some(card) if card.phase(now) != Phase::Over => {
            if card.may_clear(now) {
                (model.card, model.covered) = (None, false);
            }
        }
        Some(_) | None => model.read_notice(now),
    }
}

fn erase(model: &mut Model, now: Millis) {
    if let Some(line) = model.line() {
        line.field.erase();
        typed::changed(model, now);
    }
}

fn quit(model: &mut Model, now: Millis) -> Option<Command> {
    let armed = model.quit_armed_at.replace(now);
    armed.is_some_and(|at| now.saturating_sub(at) <= QUIT_TWICE_MS).then_some(Command::Quit)
}

fn undo(model: &mut Model, now: Millis) {
    let held = model.undo_pressed_at.replace(now);
    let is_held = held.is_some_and(|at| now.saturating_sub(at) < UNDO_AGAIN_MS);
    if model.options.readonly || is_held || model.requests.is_under_way(|known| *known == Request::Undo) {
        return;
    }
    if let Err(why) = acts::ask(model, Request::Undo, now) {
        acts::hint(model, NoticeKind::Undo, format!("NOT UNDONE: {why}"), now);
    }
}
