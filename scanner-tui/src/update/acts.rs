//! Asking the agent, and saying what was not done.
//!
//! Kept true: nothing that changes anything is asked of an agent that is silent, because
//! nobody would know whether it was done.

use super::HINT_MS;
use crate::model::attention::{Notice, NoticeKind};
use crate::model::request::Request;
use crate::model::{Millis, Model};

/// Sends a request, or says why not.
pub fn ask(model: &mut Model, request: Request, now: Millis) -> Result<(), String> {
    if !model.is_live(now) {
        return Err("the agent is not reached".to_owned());
    }
    model.requests.send(request, now);
    Ok(())
}

/// Says what was not done, and why.
pub fn not_done(model: &mut Model, what: &str, why: &str, now: Millis) {
    hint(model, NoticeKind::Act, format!("{what}: {why}"), now);
}

/// Says something for a while.
pub fn hint(model: &mut Model, kind: NoticeKind, text: String, now: Millis) {
    model.notify(Notice { kind, text, until: Some(now + HINT_MS) });
}
