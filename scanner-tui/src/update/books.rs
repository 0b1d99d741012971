//! Keys of the Sync screen: look at conflicts and findings, and ask everybody now.
//!
//! Kept true: what is shown is asked for again whenever its numbers change while it is looked at.

use super::{acts, find};
use crate::keys::Action;
use crate::model::find::moved;
use crate::model::request::Request;
use crate::model::{Millis, Model, Screen};

/// Both are asked for this long after their numbers changed: journals that meet bring many at once.
const READ_WAIT_MS: Millis = 250;

/// Asks for what is behind the numbers.
pub fn read(model: &mut Model, now: Millis) {
    model.books.due = None;
    let asked = [Request::Conflicts, Request::Findings].map(|request| acts::ask(model, request, now));
    let refused = asked.into_iter().find_map(Result::err);
    model.books.fault = refused.map(|why| format!("NOT FETCHED: {why}"));
}

/// The numbers changed.
pub fn happened(model: &mut Model, now: Millis) {
    if model.screen == Screen::Sync {
        model.books.due = model.books.due.or(Some(now + READ_WAIT_MS));
    }
}

/// Keys while the screen is looked at.
pub fn in_books(model: &mut Model, action: Action, now: Millis) {
    if let Some(by) = find::step(action) {
        model.books.at = moved(model.books.at, by, model.books.rows().len());
    } else if action == Action::Enter {
        read(model, now);
    }
}

/// Everybody is asked at once.
pub fn sync(model: &mut Model, now: Millis) {
    if model.options.readonly {
        return;
    }
    if let Err(why) = acts::ask(model, Request::SyncNow, now) {
        acts::not_done(model, "NOT SYNCED", &why, now);
    }
}
