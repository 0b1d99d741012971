//! What the screen does with what happens: message and time in, state and commands out.
//!
//! Pure, so that a night can be replayed in a test. Kept true: the next scan always
//! replaces what is shown; a SAME never covers a verdict that still stands; losing the agent
//! takes the verdict away at once; an undo is asked once however long the key is held.
//! Nothing here draws, sends or waits.

use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, ConflictReport, Status, StreamMessage, Verdict};

use crate::face::Face;
use crate::keys::Action;
use crate::link::fault::Fault;
use crate::link::{News, Refusal};
use crate::model::attention::{Notice, NoticeKind};
use crate::model::card::{COLOUR_HOLD_MS, Card, Phase};
use crate::model::{Heard, Link, Millis, Model, Screen, Undo};
use crate::{text, words};

/// Ctrl-Q counts as twice within this.
pub const QUIT_TWICE_MS: Millis = 2_000;
/// A key after a typed character within this belongs to a scanner's burst: idle time that ends a typed code.
pub const BURST_MS: Millis = 150;
/// Characters in one burst before we say that a scanner types here; people do not type four in 150 ms steps by accident.
const BURST_LEAST: u32 = 4;
/// A held F4 repeats after 250–660 ms and then faster; only a new press is a new undo.
const UNDO_AGAIN_MS: Millis = 700;
/// A fault stays in the attention lines this long, unless Esc comes first.
const TROUBLE_MS: Millis = 30_000;
/// Hints stay this long.
const HINT_MS: Millis = 10_000;
/// Families of faults that are a source's, not a scan's: they take nobody's verdict away.
const SOURCE_FAMILIES: [&str; 2] = ["E-CAM", "E-SCN"];

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
        Message::Undone(result) => undone(model, result, now),
        Message::Pressed(action) => pressed(model, action, now),
        Message::Typed => {
            typed(model, now);
            None
        }
    }
}

/// When the screen next looks different by itself.
pub fn next_change(model: &Model, now: Millis) -> Millis {
    let second = (now / 1_000 + 1) * 1_000;
    let card = model.card.as_ref().and_then(|card| card.next_change(now));
    card.map_or(second, |at| at.min(second))
}

fn heard(model: &mut Model, news: News, now: Millis) -> Option<Command> {
    if !model.is_live(now) {
        model.card = None;
    }
    match news {
        News::Connected => {
            model.link = Link::Up;
            model.heard_at = Some(now);
            None
        }
        News::Alive => {
            model.heard_at = Some(now);
            None
        }
        News::Lost { fault, .. } => {
            lost(model, fault);
            None
        }
        News::Unread { event } => {
            model.heard_at = Some(now);
            unread(model, &event, now);
            None
        }
        News::Said(said) => {
            model.heard_at = Some(now);
            said_by_agent(model, *said, now)
        }
    }
}

fn said_by_agent(model: &mut Model, said: StreamMessage, now: Millis) -> Option<Command> {
    match said {
        StreamMessage::Answer(answer) => answered(model, *answer, now),
        StreamMessage::Same { lane } => same(model, &lane, now),
        StreamMessage::Trouble { code, what } => trouble(model, &code, &what, now),
        StreamMessage::Status(status) => {
            status_heard(model, *status, now);
            None
        }
        StreamMessage::Conflict(report) => {
            conflict(model, &report);
            None
        }
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

fn answered(model: &mut Model, answer: Answer, now: Millis) -> Option<Command> {
    if let Undo::Answered(known) = &model.undo
        && same_act(known, &answer)
    {
        model.undo = Undo::Idle;
        return None;
    }
    show_answer(model, answer, now)
}

fn undone(model: &mut Model, result: Result<Box<Answer>, Refusal>, now: Millis) -> Option<Command> {
    model.undo = Undo::Idle;
    match result {
        Ok(answer) if model.log.newest().any(|e| same_act(&e.answer, &answer)) => None,
        Ok(answer) => {
            model.undo = Undo::Answered(answer.clone());
            show_answer(model, *answer, now)
        }
        Err(refusal) => {
            model.notify(Notice {
                kind: NoticeKind::Undo,
                text: format!("NOT UNDONE: {refusal}"),
                until: Some(now + HINT_MS),
            });
            None
        }
    }
}

/// The same act told twice: by the request's answer and by the stream.
fn same_act(a: &Answer, b: &Answer) -> bool {
    (a.verdict, &a.code, &a.entry, &a.at) == (b.verdict, &b.code, &b.entry, &b.at)
}

fn show_answer(model: &mut Model, answer: Answer, now: Millis) -> Option<Command> {
    let face = Face::of(&answer);
    let (action, say) = words::explanation(&answer.explain);
    let line = words::reason(&answer);
    model.screen = Screen::Door;
    model.log.push(answer.clone());
    model.last_answer = Some(Heard { value: answer.clone(), at: now });
    show(model, face, Said { answer: Some(answer), line, action, say }, now)
}

/// The words of a card.
#[derive(Default)]
struct Said {
    answer: Option<Answer>,
    line: String,
    action: String,
    say: String,
}

fn show(model: &mut Model, face: Face, said: Said, now: Millis) -> Option<Command> {
    let colour_from = colour_from(model, face, now);
    model.colour_changed_at = Some(colour_from);
    model.card = Some(Card {
        face,
        answer: said.answer,
        line: said.line,
        action: said.action,
        say: said.say,
        shown_at: now,
        colour_from,
    });
    (model.options.sound && face.bells() > 0).then(|| Command::Ring(face.bells()))
}

/// The same colour goes on; another one waits until the last has stood its least time.
fn colour_from(model: &Model, face: Face, now: Millis) -> Millis {
    let stands = |card: &&Card| card.face.role() == face.role() && card.phase(now) == Phase::Full;
    match (model.card.as_ref().filter(stands), model.colour_changed_at) {
        (Some(card), _) => card.colour_from,
        (None, Some(changed)) => now.max(changed + COLOUR_HOLD_MS),
        (None, None) => now,
    }
}

fn same(model: &mut Model, lane: &str, now: Millis) -> Option<Command> {
    let stands = |card: &Card| card.face != Face::Same && card.phase(now) == Phase::Full;
    if model.card.as_ref().is_some_and(stands) {
        return None;
    }
    let said = Said { line: format!("{} Next, please.", same_line(model, lane, now)), ..Said::default() };
    show(model, Face::Same, said, now)
}

/// Only with one source is it certain which answer the code in view had.
fn same_line(model: &Model, lane: &str, now: Millis) -> String {
    let one_source = model.known().is_some_and(|status| status.sources.len() <= 1);
    match &model.last_answer {
        Some(last) if one_source => {
            let ago = text::age(now.saturating_sub(last.at));
            match last.value.verdict {
                Verdict::Admit => format!("Let in {ago} ago."),
                Verdict::Serve => format!("Served {ago} ago."),
                Verdict::Exit => format!("Let out {ago} ago."),
                Verdict::Ask | Verdict::Refuse | Verdict::Annulled | Verdict::Voided => {
                    format!("Answered {ago} ago: {}.", Face::of(&last.value).word())
                }
            }
        }
        Some(_) | None => format!("This code was answered already, at {}.", text::clean(lane)),
    }
}

fn trouble(model: &mut Model, code: &str, what: &str, now: Millis) -> Option<Command> {
    let (code, what) = (text::clean(code), text::clean(what));
    model.notify(Notice {
        kind: NoticeKind::Trouble,
        text: format!("{what} ({code})"),
        until: Some(now + TROUBLE_MS),
    });
    if SOURCE_FAMILIES.iter().any(|family| code.starts_with(family)) {
        return None;
    }
    let said = Said {
        line: what,
        action: format!("Scan again. If it stays: edge-agent explain {code}"),
        ..Said::default()
    };
    model.screen = Screen::Door;
    show(model, Face::Trouble, said, now)
}

fn status_heard(model: &mut Model, status: Status, now: Millis) {
    let known = model.known().map(|known| known.timezone.as_str());
    if known != Some(status.timezone.as_str()) {
        model.zone = TimeZone::get(&status.timezone).unwrap_or(TimeZone::UTC);
    }
    let down: Vec<&str> = status.sources.iter().filter(|s| !s.up).map(|s| s.name.as_str()).collect();
    model.lost_sources.retain(|name, _| down.contains(&name.as_str()));
    for name in down {
        model.lost_sources.entry(name.to_owned()).or_insert(now);
    }
    model.status = Some(Heard { value: status, at: now });
}

fn conflict(model: &mut Model, report: &ConflictReport) {
    let text = words::conflict(report, &model.zone);
    model.notify(Notice { kind: NoticeKind::Conflict, text, until: None });
}

fn pressed(model: &mut Model, action: Action, now: Millis) -> Option<Command> {
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
        Some(_) | None if !model.notices.is_empty() => {
            model.notices.remove(0);
        }
        Some(_) | None => {}
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
    if model.options.readonly || is_held || model.undo == Undo::Asked || !model.is_live(now) {
        return None;
    }
    model.undo = Undo::Asked;
    Some(Command::Undo)
}

fn typed(model: &mut Model, now: Millis) {
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
