//! Sentences shared by the screen and the line mode.
//!
//! One wording for one fact: whoever reads a line aloud and whoever looks at the screen
//! learn the same. Times are the venue's. All text of an agent passes through
//! [`text::clean`] here, so nobody else needs to. These are sentences, not layout.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, ConflictReport, ConflictSide, Explanation};

use crate::model::request::PartyAnswer;
use crate::text;

/// A time of the agent on the venue's wall: `21:40:07`; what is no time is shown as it came.
pub fn clock(rfc3339: &str, zone: &TimeZone) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(at) => clock_at(at, zone),
        Err(_) => text::clean(rfc3339),
    }
}

/// An instant on the venue's wall: `21:40:07`.
pub fn clock_at(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// A day on the venue's wall: `Sat 21 Nov`.
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b").to_string()
}

/// The holder's name, or else the product, or nothing.
pub fn who(answer: &Answer) -> String {
    let Some(ticket) = &answer.ticket else {
        return String::new();
    };
    text::clean(ticket.holder.as_deref().unwrap_or(&ticket.product))
}

/// Why, in one line; a refusal without a reason still names its code.
pub fn reason(answer: &Answer) -> String {
    let line = text::clean(&answer.explain.line);
    match (&answer.used, line.is_empty()) {
        (_, false) => line,
        (Some(used), true) => {
            let place = used.gate.as_deref().unwrap_or(&used.device);
            format!("Came in by {}", text::clean(place))
        }
        (None, true) if answer.code == "ok" => String::new(),
        (None, true) => text::clean(&answer.code),
    }
}

/// Credits as staff read them: `Beer 6 → 2`.
pub fn credits(answer: &Answer, arrow: &str) -> Vec<String> {
    answer
        .credits
        .iter()
        .map(|change| {
            let product = text::clean(&change.product);
            format!("{product} {} {arrow} {}", change.before, change.after)
        })
        .collect()
}

/// The three sentences, cleaned.
pub fn explanation(explain: &Explanation) -> (String, String) {
    (text::clean(&explain.action), text::clean(&explain.say))
}

/// What a party came to: `3 let in, 4 of 6 in`; a refusal among it says why.
pub fn party(party: &PartyAnswer) -> String {
    let PartyAnswer { admitted, refused, inside, of } = party;
    let count = format!("{inside} of {of} in");
    match refused.first() {
        None => format!("{} let in, {count}", admitted.len()),
        Some(first) => format!("{} let in, {} not, {count}: {}", admitted.len(), refused.len(), reason(first)),
    }
}

/// The notes of all tickets that came in, each once.
pub fn notes(admitted: &[Answer]) -> String {
    let mut notes: Vec<String> = Vec::new();
    for answer in admitted {
        let note = answer.ticket.as_ref().and_then(|ticket| ticket.note.as_deref());
        let note = note.map(text::clean).filter(|note| !notes.contains(note));
        notes.extend(note);
    }
    notes.join(". ")
}

/// Whether two answers are about the same ticket.
pub fn is_same_ticket(a: &Answer, b: &Answer) -> bool {
    let id = |answer: &Answer| answer.ticket.as_ref().map(|ticket| ticket.id.clone());
    id(a).is_some() && id(a) == id(b)
}

/// One act too many, in one line with both sides.
pub fn conflict(report: &ConflictReport, zone: &TimeZone) -> String {
    let subject = text::clean(&report.subject);
    let what = match report.kind.as_str() {
        "entry" => format!("entry, {subject}"),
        _ => format!("{} too many of {subject}", report.units),
    };
    let excess = side(&report.excess, zone);
    let against = report.against.as_ref();
    let against = against.map_or(String::new(), |s| format!(" after {}", side(s, zone)));
    let ticket = text::clean(&report.ticket);
    format!("CONFLICT {what}: {excess}{against} ({ticket})")
}

fn side(side: &ConflictSide, zone: &TimeZone) -> String {
    let at = clock(&side.at, zone);
    format!("{} {at}", text::clean(&side.device))
}
