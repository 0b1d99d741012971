//! What the screen does with what happens: message and time in, state, requests and commands out.
//!
//! Pure, so that a night can be replayed in a test. Kept true: losing the agent, or sleeping,
//! takes the verdict away at once, and what stood before a silence never comes back. What the
//! agent says is in [`said`], what it answers us in [`replied`], keys are in [`pressed`]; each
//! screen has a file for its keys. Nothing here draws, sends or waits: requests wait in the
//! model until the shell takes them.

mod acts;
mod asked;
mod books;
mod find;
mod journal;
mod pressed;
mod replied;
mod said;
mod typed;

use crate::keys::Action;
use crate::link::News;
use crate::link::fault::Fault;
use crate::model::attention::{Notice, NoticeKind};
use crate::model::request::{Replied, SLOW_MS};
use crate::model::{Link, Millis, Model, SILENCE_MS};
use crate::text;

pub use asked::UNBIDDEN_MS;
pub use pressed::QUIT_TWICE_MS;

/// Hints stay this long.
const HINT_MS: Millis = 10_000;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// The link has news.
    Link(News),
    /// A request is answered.
    Replied {
        /// Which one.
        id: u64,
        /// How.
        replied: Replied,
    },
    /// A key with an action was pressed.
    Pressed(Action),
    /// A printable key was pressed: never an action.
    Typed(char),
    /// A text was pasted at once, which no scanner does.
    Pasted(String),
    /// Time passed.
    Time,
    /// The machine slept: what is shown is from before.
    Slept,
}

/// Something the shell has to do at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave.
    Quit,
    /// Draw everything anew.
    Redraw,
    /// Ring the bell this often.
    Ring(u8),
}

/// Changes the state and says what the shell has to do.
pub fn update(model: &mut Model, message: Message, now: Millis) -> Option<Command> {
    if let Message::Typed(c) = message {
        model.typed.take(c, now);
        return None;
    }
    passed(model, now);
    match message {
        Message::Link(news) => heard(model, news, now),
        Message::Replied { id, replied } => replied::replied(model, id, replied, now),
        Message::Pressed(action) => pressed::pressed(model, action, now),
        Message::Pasted(text) => {
            typed::pasted(model, &text, now);
            None
        }
        Message::Typed(_) | Message::Time => None,
        Message::Slept => {
            (model.card, model.heard_at, model.banner) = (None, None, None);
            None
        }
    }
}

/// Does what is due by now.
fn passed(model: &mut Model, now: Millis) {
    if let Some(burst) = model.typed.whole(now) {
        typed::burst(model, burst, now);
    }
    if model.find.due.is_some_and(|due| now >= due) {
        find::search(model, now);
    }
    if model.journal.due.is_some_and(|due| now >= due) {
        journal::read(model, now);
    }
    if model.books.due.is_some_and(|due| now >= due) {
        books::read(model, now);
    }
    model.session.take_if(|session| session.seconds_left(now).is_none());
}

/// When the screen next looks different by itself; every deadline that is acted on is among these.
pub fn next_change(model: &Model, now: Millis) -> Millis {
    let card = model.card.as_ref().and_then(|card| card.next_change(now));
    let silence = model.heard_at.map(|at| at + SILENCE_MS + 1);
    let old = model.status.as_ref().map(|status| status.at + SILENCE_MS + 1);
    let quit = model.quit_armed_at.map(|at| at + QUIT_TWICE_MS + 1);
    let notices = model.notices.iter().filter_map(|notice| notice.until);
    let lost = model.lost_sources.values().map(|since| second_after(*since, now));
    let overdue = |due: Option<Millis>| due.map(|due| due.max(now + 1)); // drawing may have taken longer
    let dues = [model.typed.due(), model.find.due, model.journal.due, model.books.due].map(overdue);
    let session = model.session.as_ref().map(|session| now + 1 + (session.until.saturating_sub(now + 1)) % 1_000);
    [card, silence, old, quit, session]
        .into_iter()
        .chain(dues)
        .flatten()
        .chain(notices)
        .chain(slow(model, now))
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

/// When a request under way is first shown, and then each second of it.
fn slow(model: &Model, now: Millis) -> impl Iterator<Item = Millis> + '_ {
    model.requests.since().map(move |since| match since + SLOW_MS {
        shown if shown > now => shown,
        _ => second_after(since, now),
    })
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
    (model.card, model.last_answer, model.banner) = (None, None, None);
    model.told.clear();
    model.scanned = None;
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
