//! What the screen does with what happens: message and time in, state and commands out.
//!
//! Pure, so that a night can be replayed in a test. Kept true: losing the agent, or sleeping,
//! takes the verdict away at once, and what stood before a silence never comes back. What the
//! agent says is in [`said`], keys are in [`pressed`]. Nothing here draws, sends or waits.

mod pressed;
mod said;

use tidegate_core::api::Answer;

use crate::keys::Action;
use crate::link::fault::Fault;
use crate::link::{News, Refusal};
use crate::model::attention::{Notice, NoticeKind};
use crate::model::{Link, Millis, Model, SILENCE_MS, Undo};
use crate::text;

pub use pressed::{BURST_MS, QUIT_TWICE_MS};

/// Hints stay this long.
const HINT_MS: Millis = 10_000;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// The link has news.
    Link(News),
    /// The undo that was asked is answered.
    Undone(Result<Box<Answer>, Refusal>),
    /// A key with an action was pressed.
    Pressed(Action),
    /// A printable key was pressed: never an action, but worth knowing.
    Typed,
    /// The machine slept: what is shown is from before.
    Slept,
}

/// Something the shell has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ask the agent to take the last act back.
    Undo,
    /// Leave.
    Quit,
    /// Draw everything anew.
    Redraw,
    /// Ring the bell this often.
    Ring(u8),
}

/// Changes the state and says what the shell has to do.
pub fn update(model: &mut Model, message: Message, now: Millis) -> Option<Command> {
    match message {
        Message::Link(news) => heard(model, news, now),
        Message::Undone(result) => said::undone(model, result, now),
        Message::Pressed(action) => pressed::pressed(model, action, now),
        Message::Typed => {
            pressed::typed(model, now);
            None
        }
        Message::Slept => {
            (model.card, model.heard_at) = (None, None);
            None
        }
    }
}

/// When the screen next looks different by itself; every deadline that is acted on is among these.
pub fn next_change(model: &Model, now: Millis) -> Millis {
    let card = model.card.as_ref().and_then(|card| card.next_change(now));
    let silence = model.heard_at.map(|at| at + SILENCE_MS + 1);
    let old = model.status.as_ref().map(|status| status.at + SILENCE_MS + 1);
    let quit = model.quit_armed_at.map(|at| at + QUIT_TWICE_MS + 1);
    let notices = model.notices.iter().filter_map(|notice| notice.until);
    let lost = model.lost_sources.values().map(|since| second_after(*since, now));
    [card, silence, old, quit]
        .into_iter()
        .flatten()
        .chain(notices)
        .chain(lost)
        .filter(|at| *at > now)
        .fold(next_second(model, now), Millis::min)
}

/// The next step of the venue's clock while it is shown, else of the ages of what is known.
fn next_second(model: &Model, now: Millis) -> Millis {
    match model.agent_now(now).filter(|_| model.is_live(now)) {
        Some(at) => {
            let into = at.as_millisecond().rem_euclid(1_000).unsigned_abs();
            now + 1_000 - into
        }
        None => {
            let heard = model.heard_at.unwrap_or(0);
            let status = model.status.as_ref().map_or(heard, |status| status.at);
            second_after(heard, now).min(second_after(status, now))
        }
    }
}

fn second_after(since: Millis, now: Millis) -> Millis {
    now + 1_000 - now.saturating_sub(since) % 1_000
}

fn heard(model: &mut Model, news: News, now: Millis) -> Option<Command> {
    if !model.is_live(now) {
        model.card = None;
    }
    if let News::Lost { fault, .. } = news {
        lost(model, fault);
        return None;
    }
    model.heard_at = Some(now);
    match news {
        News::Lost { .. } | News::Alive => None,
        News::Connected => {
            model.link = Link::Up;
            None
        }
        News::Unread { event } => {
            unread(model, &event, now);
            None
        }
        News::Said(said) => said::said(model, *said, now),
    }
}

fn lost(model: &mut Model, fault: Fault) {
    model.link = Link::Down(fault);
    model.card = None;
    model.last_answer = None;
    model.undo = Undo::Idle;
    model.lost_sources.clear();
}

fn unread(model: &mut Model, event: &str, now: Millis) {
    model.notify(Notice {
        kind: NoticeKind::Unread,
        text: format!(
            "The agent said something this screen cannot read ({}): update scanner-tui",
            text::clean(event)
        ),
        until: Some(now + HINT_MS),
    });
}
