//! What the agent says becomes what the screen shows.
//!
//! Kept true: the next scan always replaces the verdict; a SAME never covers one that still
//! stands; a fault of a source takes nobody's verdict away, a scan that could not be decided
//! does; an act told twice, by stream and by answer, is shown once.

use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, ConflictReport, Status, StreamMessage, Verdict};

use super::{Command, HINT_MS};
use crate::face::Face;
use crate::link::Refusal;
use crate::model::attention::{Notice, NoticeKind};
use crate::model::card::{COLOUR_HOLD_MS, Card, Phase};
use crate::model::{Heard, Millis, Model, Screen, Undo};
use crate::{text, words};

/// A fault stays in the attention lines this long, unless Esc comes first.
const TROUBLE_MS: Millis = 30_000;
/// The same fault told again within this stays up without ringing again: a broken store is told each second.
const TROUBLE_AGAIN_MS: Millis = 1_500;
/// Families of faults that are a source's, not a scan's.
const SOURCE_FAMILIES: [&str; 2] = ["E-CAM", "E-SCN"];

/// Takes one message of the stream.
pub fn said(model: &mut Model, said: StreamMessage, now: Millis) -> Option<Command> {
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

/// Takes the answer to an undo.
pub fn undone(model: &mut Model, result: Result<Box<Answer>, Refusal>, now: Millis) -> Option<Command> {
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

fn answered(model: &mut Model, answer: Answer, now: Millis) -> Option<Command> {
    let undone_here = matches!(&model.undo, Undo::Answered(known) if same_act(known, &answer));
    if undone_here {
        model.undo = Undo::Idle;
    }
    let undone = matches!(answer.verdict, Verdict::Annulled | Verdict::Voided);
    let told = undone && model.log.newest().any(|entry| same_act(&entry.answer, &answer));
    if undone_here || told {
        return None;
    }
    show_answer(model, answer, now)
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
    if let Some(card) = model.card.as_mut().filter(|card| card.face == Face::Trouble && card.line == what) {
        let last = std::mem::replace(&mut card.shown_at, now);
        if now.saturating_sub(last) < TROUBLE_AGAIN_MS {
            return None;
        }
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
