//! What the agent says becomes what the screen shows.
//!
//! Kept true: the next scan always replaces the verdict, over whatever a person was doing,
//! except while a question is open: then it is a line; a SAME never covers a verdict that
//! still stands; a fault of a source takes nobody's verdict away, a scan that could not be
//! decided does; an act told twice, by stream and by answer, is shown once.

use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, Status, StreamMessage, Verdict};
use tidegate_core::decide::Code;

use super::{Command, books, journal};
use crate::face::Face;
use crate::model::attention::{Notice, NoticeKind};
use crate::model::card::{COLOUR_HOLD_MS, Card, Phase};
use crate::model::dialog::{Ask, Dialog, Refused};
use crate::model::request::{PartyAnswer, Scan};
use crate::model::{Heard, Millis, Model, Screen};
use crate::{text, words};

/// Answers remembered until the stream tells them too: the largest party an order has.
const TOLD: usize = 64;
/// A fault stays in the attention lines this long, unless Esc comes first.
const TROUBLE_MS: Millis = 30_000;
/// The same fault told again within this stays up without ringing again: a broken store is told each second.
const TROUBLE_AGAIN_MS: Millis = 1_500;
/// Families of faults that are a source's, not a scan's.
const SOURCE_FAMILIES: [&str; 2] = ["E-CAM", "E-SCN"];
/// What an agent says where it cannot tell which of several tickets is meant.
const SEVERAL: &str = "several";

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
            kept(model, words::conflict(&report, &model.zone));
            None
        }
        StreamMessage::Finding(finding) => {
            kept(model, words::finding(&finding));
            None
        }
    }
}

/// Takes the answer to a request of ours; the stream tells it too.
pub fn answered_here(model: &mut Model, answer: Answer, scan: Option<Scan>, now: Millis) -> Option<Command> {
    if was_told(model, &answer) {
        if let Some(scan) = scan {
            better_known(model, &answer, scan);
        }
        return None;
    }
    tell_later(model, answer.clone());
    show_answer(model, answer, scan, now)
}

/// Takes what a party came to: one verdict for all.
pub fn party(model: &mut Model, party: PartyAnswer, now: Millis) -> Option<Command> {
    let said = Said { line: words::party(&party), action: words::notes(&party.admitted), ..Said::default() };
    let face = match (party.refused.first(), said.action.is_empty()) {
        (Some(refused), _) => Face::of(refused),
        (None, true) => Face::Go,
        (None, false) => Face::GoNote,
    };
    for answer in party.admitted.into_iter().chain(party.refused) {
        if !was_told(model, &answer) {
            tell_later(model, answer.clone());
            remember(model, &answer, None, now);
        }
    }
    show(model, face, said, now)
}

fn answered(model: &mut Model, answer: Answer, now: Millis) -> Option<Command> {
    match model.told.iter().position(|known| same_act(known, &answer)) {
        Some(at) => {
            model.told.remove(at);
            None
        }
        None => show_answer(model, answer, None, now),
    }
}

fn tell_later(model: &mut Model, answer: Answer) {
    model.told.push(answer);
    let over = model.told.len().saturating_sub(TOLD);
    model.told.drain(..over);
}

fn was_told(model: &Model, answer: &Answer) -> bool {
    model.log.newest().any(|entry| same_act(&entry.answer, answer))
}

/// The same act told twice: by the request's answer and by the stream.
fn same_act(a: &Answer, b: &Answer) -> bool {
    (a.verdict, &a.code, &a.entry, &a.at, a.repeated) == (b.verdict, &b.code, &b.entry, &b.at, b.repeated)
}

/// The stream was first and told no code; now we know which scan it was.
fn better_known(model: &mut Model, answer: &Answer, scan: Scan) {
    if let Some(Dialog::Ask(ask)) = &mut model.dialog
        && same_act(&ask.answer, answer)
    {
        ask.scan = scan.clone();
    }
    if let Some(refused) = model.refused.as_mut().filter(|refused| same_act(&refused.answer, answer)) {
        refused.scan = scan;
    }
}

fn show_answer(model: &mut Model, answer: Answer, scan: Option<Scan>, now: Millis) -> Option<Command> {
    let face = Face::of(&answer);
    let scan = scan.or_else(|| Scan::behind(&answer));
    remember(model, &answer, scan.clone(), now);
    if let Some(Dialog::Ask(_)) = model.dialog {
        model.banner = Some(answer);
        return ring(model, face);
    }
    let (action, say) = words::explanation(&answer.explain);
    let line = words::reason(&answer);
    let ask = scan.filter(|_| !model.options.readonly).and_then(|scan| Ask::of(&answer, scan));
    let rung = show(model, face, Said { answer: Some(answer), line, action, say }, now);
    if let (Some(ask), None) = (ask, &model.dialog) {
        model.dialog = Some(Dialog::Ask(Box::new(ask)));
        model.covered = false;
    }
    rung
}

/// The last answers, and whom a supervisor could still let in.
fn remember(model: &mut Model, answer: &Answer, scan: Option<Scan>, now: Millis) {
    model.log.push(answer.clone());
    model.last_answer = Some(Heard { value: answer.clone(), at: now });
    model.refused = match answer.verdict {
        Verdict::Refuse | Verdict::Ask => {
            // What nobody may decide otherwise is not offered; a code of a later version may be.
            let may = Code::of(&answer.code).is_none_or(Code::overridable);
            scan.filter(|_| may).map(|scan| Refused { scan, answer: answer.clone() })
        }
        Verdict::Admit | Verdict::Exit | Verdict::Serve | Verdict::Annulled | Verdict::Voided => {
            let same = |refused: &Refused| words::is_same_ticket(&refused.answer, answer);
            model.refused.take().filter(|refused| !same(refused))
        }
    };
    if answer.overridden || matches!(answer.verdict, Verdict::Annulled | Verdict::Voided) {
        model.scanned = None; // what the code was answered does not hold any more
    }
    journal::happened(model, now);
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
    model.help = false;
    model.covered = model.screen != Screen::Door || model.dialog.is_some();
    model.card = Some(Card {
        face,
        answer: said.answer,
        line: said.line,
        action: said.action,
        say: said.say,
        shown_at: now,
        colour_from,
    });
    ring(model, face)
}

fn ring(model: &Model, face: Face) -> Option<Command> {
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
    if model.dialog.is_some() || model.screen != Screen::Door || verdict_stands(model, now) {
        return None;
    }
    let one_source = model.known().is_some_and(|status| status.sources.len() <= 1);
    let line = match &model.last_answer {
        Some(last) if one_source => answered_ago(last, now), // with two it may have been another code
        Some(_) | None => format!("This code was answered already, at {}.", text::clean(lane)),
    };
    show(model, Face::Same, Said { line: format!("{line} Next, please."), ..Said::default() }, now)
}

/// The code that a scanner typed last, typed again.
pub fn same_typed(model: &mut Model, now: Millis) {
    let is_asked = matches!(model.dialog, Some(Dialog::Ask(_)));
    if let Some(scanned) = model.scanned.as_ref().filter(|_| !is_asked && !verdict_stands(model, now)) {
        let line = format!("{} Next, please.", answered_ago(&scanned.answer, now));
        let _ = show(model, Face::Same, Said { line, ..Said::default() }, now); // a SAME does not ring
    }
}

fn verdict_stands(model: &Model, now: Millis) -> bool {
    model.card.as_ref().is_some_and(|card| card.face != Face::Same && card.phase(now) == Phase::Full)
}

fn answered_ago(last: &Heard<Answer>, now: Millis) -> String {
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

fn trouble(model: &mut Model, code: &str, what: &str, now: Millis) -> Option<Command> {
    let (code, what) = (text::clean(code), text::clean(what));
    if code == SEVERAL {
        return which(model, &what, now);
    }
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
    undecided(model, what, "Scan again. If it stays: edge-agent status".to_owned(), now)
}

/// Several tickets are held up at once: the guest is asked, not a key. Nothing covers a question that is open.
fn which(model: &mut Model, what: &str, now: Millis) -> Option<Command> {
    if matches!(model.dialog, Some(Dialog::Ask(_))) {
        return None;
    }
    let (line, action) = what.split_once(" — ").unwrap_or((what, ""));
    show(model, Face::Ask, Said { line: line.to_owned(), action: action.to_owned(), ..Said::default() }, now)
}

/// A scan that nobody decided; a question that is open stays in view, the attention lines tell.
pub fn undecided(model: &mut Model, line: String, action: String, now: Millis) -> Option<Command> {
    match model.dialog {
        Some(Dialog::Ask(_)) => ring(model, Face::Trouble),
        Some(Dialog::SignIn(_) | Dialog::Overrule(_)) | None => {
            show(model, Face::Trouble, Said { line, action, ..Said::default() }, now)
        }
    }
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
    if model.known().is_some_and(|known| counters(known) != counters(&status)) {
        journal::happened(model, now); // perhaps at another device
    }
    let found = |status: &Status| (status.conflicts, status.findings);
    if model.known().is_some_and(|known| found(known) != found(&status)) {
        books::happened(model, now);
    }
    model.status = Some(Heard { value: status, at: now });
}

fn counters(status: &Status) -> [u64; 5] {
    [status.admitted, status.exits, status.refused, status.served, status.conflicts]
}

/// What stays until somebody has read it.
fn kept(model: &mut Model, text: String) {
    model.notify(Notice { kind: NoticeKind::Conflict, text, until: None });
}
