//! A burst of characters, once it is whole: a person's text, or a scanner's code.
//!
//! Kept true: a code that arrives is a scan on every screen; it changes no field and chooses
//! nothing. Where this screen may not scan, it says so.

use super::{HINT_MS, acts, asked, find, journal, said};
use crate::model::attention::{Notice, NoticeKind};
use crate::model::dialog::{Dialog, Purpose};
use crate::model::field::Secret;
use crate::model::request::{Request, Scan, Subject};
use crate::model::typed::Burst;
use crate::model::{Millis, Model, Screen};
use tidegate_core::badge;
use tidegate_core::ticket::Sealed;

/// Does what a burst is for.
pub fn burst(model: &mut Model, burst: Burst, now: Millis) {
    match burst {
        Burst::Person(text) => text_typed(model, &text, now),
        Burst::Scanner(code) => scanned(model, code.trim(), now),
    }
}

/// What was pasted goes into the field that is open; a ticket's code is a scan all the same, and so is everything
/// where there is no field.
pub fn pasted(model: &mut Model, text: &str, now: Millis) {
    let text = text.trim();
    let is_code = Sealed::read(text).is_ok() || badge::looks_like_one(text);
    match model.line().is_some() && !is_code {
        true => text_typed(model, text, now),
        false => scanned(model, text, now),
    }
}

/// Text goes into the field that is open; whoever types wants to see it.
fn text_typed(model: &mut Model, text: &str, now: Millis) {
    if asked::is_unbidden(model, now) {
        return;
    }
    let Some(line) = model.line() else { return };
    line.field.push(text, line.most);
    uncover(model, now);
    changed(model, now);
}

/// A field was changed: where it is a search, it is due.
pub fn changed(model: &mut Model, now: Millis) {
    let is_search = model.dialog.is_none() && model.find.order.is_none();
    match model.screen {
        Screen::Find if is_search => find::changed(model, now),
        Screen::Log if model.dialog.is_none() => journal::changed(model, now),
        Screen::Find | Screen::Log | Screen::Door | Screen::Sync => {}
    }
}

fn uncover(model: &mut Model, now: Millis) {
    model.help = false;
    if model.card.as_ref().is_none_or(|card| card.may_clear(now)) {
        model.covered = false;
    }
}

fn scanned(model: &mut Model, code: &str, now: Millis) {
    if model.options.readonly {
        return model.notify(Notice {
            kind: NoticeKind::Typing,
            text: "A scanner types into this screen; nothing is read here. Give it to the agent.".to_owned(),
            until: Some(now + HINT_MS),
        });
    }
    if let Some(scanned) = model.scanned.as_mut().filter(|scanned| scanned.is_same(code, now)) {
        scanned.seen_at = now;
        return said::same_typed(model, now);
    }
    let is_badge = matches!(&model.dialog, Some(Dialog::SignIn(s)) if s.purpose == Purpose::Duty);
    let request = match is_badge && !model.is_covered(now) {
        true => Request::Badge(Secret::of(code)),
        false => Request::Scan(Box::new(Scan::of(Subject::Code(code.to_owned())))),
    };
    if let Err(why) = acts::ask(model, request, now) {
        acts::not_done(model, "NOT SCANNED", &why, now);
    }
}
