//! Keys of the Log screen: filter, choose, read on, open a ticket's history.
//!
//! Kept true: reading on never loses the row that is chosen; new entries appear by
//! themselves only while the newest row is chosen, so nothing moves under the eyes.

use super::{acts, find};
use crate::keys::Action;
use crate::model::find::moved;
use crate::model::journal::{History, Roll};
use crate::model::request::Request;
use crate::model::{Millis, Model, Screen};

/// The log is asked for this long after the last letter, or after an act.
const READ_WAIT_MS: Millis = 250;

/// The filter was changed.
pub fn changed(model: &mut Model, now: Millis) {
    model.journal.roll.at = 0;
    model.journal.due = Some(now + READ_WAIT_MS);
}

/// Something happened: the newest rows are asked for, where they are looked at.
pub fn happened(model: &mut Model, now: Millis) {
    let journal = &mut model.journal;
    if model.screen == Screen::Log && journal.history.is_none() && journal.roll.at == 0 {
        journal.due = journal.due.or(Some(now + READ_WAIT_MS));
    }
}

/// Asks for the newest rows.
pub fn read(model: &mut Model, now: Millis) {
    model.journal.due = None;
    ask(model, None, now);
}

/// Keys while the log or a history is read.
pub fn in_log(model: &mut Model, action: Action, now: Millis) {
    match (find::step(action), action) {
        (Some(by), _) => choose(model, by, now),
        (None, Action::Right) => turn(model, 1, now),
        (None, Action::Left) => turn(model, -1, now),
        (None, Action::Enter) => open(model, now),
        (None, _) => {}
    }
}

fn choose(model: &mut Model, by: isize, now: Millis) {
    let roll = model.journal.shown();
    roll.at = moved(roll.at, by, roll.items().len());
    let wants = roll.wants();
    if by > 0 && wants.is_some() {
        ask(model, wants, now);
    }
}

fn turn(model: &mut Model, by: isize, now: Millis) {
    model.journal.kind = model.journal.kind.turned(by);
    model.journal.roll = Roll::default();
    read(model, now);
}

fn open(model: &mut Model, now: Millis) {
    let roll = &model.journal.roll;
    let Some(ticket) = roll.items().get(roll.at).and_then(|item| item.ticket.clone()) else { return };
    model.journal.history = Some(History { ticket, roll: Roll::default() });
    ask(model, None, now);
}

fn ask(model: &mut Model, before: Option<String>, now: Millis) {
    let pages = model.journal.pages(before);
    let asked = acts::ask(model, Request::Log(pages), now);
    model.journal.shown().fault = asked.err().map(|why| format!("NOT FETCHED: {why}"));
}
