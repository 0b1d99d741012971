//! Sentences shared by the screen and the line mode.
//!
//! One wording for one fact: whoever reads a line aloud and whoever looks at the screen
//! learn the same. Times are the venue's. All text of an agent passes through
//! [`text::clean`] here, so nobody else needs to. These are sentences, not layout.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidegate_core::api::{Answer, ConflictReport, ConflictSide, Deficit, Explanation, Exposure, Finding, Status};

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
    let excess = side(&report.excess, zone);
    let against = report.against.as_ref();
    let against = against.map_or(String::new(), |s| format!(" after {}", side(s, zone)));
    format!("CONFLICT {}: {excess}{against} ({})", too_many(report), text::clean(&report.ticket))
}

/// Whose, and what there was too much of: `Maria Santos, entry, Main hall`.
pub fn too_many(report: &ConflictReport) -> String {
    let subject = text::clean(&report.subject);
    let what = match report.kind.as_str() {
        "entry" => format!("entry, {subject}"),
        _ => format!("{} too many of {subject}", report.units),
    };
    match &report.holder {
        Some(holder) => format!("{}, {what}", text::clean(holder)),
        None => what,
    }
}

/// Where and when one side was, and how sure that is: `North Gate (Gate B) 21:39:58 ±2 s`.
pub fn side(side: &ConflictSide, zone: &TimeZone) -> String {
    let device = text::clean(&side.device);
    let place = match &side.gate {
        Some(gate) if *gate != side.device => format!("{} ({device})", text::clean(gate)),
        Some(_) | None => device,
    };
    format!("{place} {}{}", clock(&side.at, zone), uncertain(side.uncertain_ms))
}

/// How far a clock may be off, where that is worth a word.
fn uncertain(ms: Option<u32>) -> String {
    match ms {
        None => " by an unsure clock".to_owned(),
        Some(ms) if ms < WORTH_A_WORD_MS => String::new(),
        Some(ms) => format!(" \u{b1}{} s", ms.div_ceil(1_000)),
    }
}

/// A clock that is off by less names the same second.
const WORTH_A_WORD_MS: u32 = 1_000;

/// Something that should not be, and what to do.
pub fn finding(finding: &Finding) -> String {
    let kind = text::clean(&finding.kind).to_uppercase();
    format!("{kind} {}. {}", text::clean(&finding.what), text::clean(&finding.action))
}

/// Whether anybody is heard, and what stands on this disk alone.
pub fn contact(exposure: &Exposure) -> String {
    let heard = if exposure.cut_off { "CUT OFF: nobody is heard" } else { "In touch" };
    let alone = match exposure.unsynced {
        0 => "nothing stands on this disk alone".to_owned(),
        1 => "1 entry stands on this disk alone".to_owned(),
        many => format!("{many} entries stand on this disk alone"),
    };
    format!("{heard}; {alone}")
}

/// What may have happened twice by now, at most.
pub fn may_be_double(exposure: &Exposure) -> String {
    let (entries, units) = (exposure.double_entries, exposure.double_servings);
    match (entries, units) {
        (0, 0) => "May be double by now: nothing".to_owned(),
        (_, 0) => format!("May be double by now: at most {entries} entries"),
        (0, _) => format!("May be double by now: at most {units} units served"),
        (_, _) => format!("May be double by now: at most {entries} entries, {units} units served"),
    }
}

/// What could happen twice if the lines went down now, at most.
pub fn ahead(exposure: &Exposure) -> String {
    let each = |count: u64, what: &str, others: u64, place: &str| match others {
        0 => None,
        1 => Some(format!("{count} {what} at 1 {place}")),
        many => Some(format!("{count} {what} at each of {many} {place}s")),
    };
    let parts = [
        each(exposure.entries_ahead, "tickets", exposure.doors, "door"),
        each(exposure.servings_ahead, "units", exposure.bars, "bar"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "If lines fail now: nothing, there is no other device".to_owned(),
        false => format!("If lines fail now, at most: {}", parts.join(", ")),
    }
}

/// What this device may do cut off, where that is limited.
pub fn limits(exposure: &Exposure) -> Option<String> {
    let limits = &exposure.limits;
    let hard = limits.unverified_hard.map(|hard| format!("{} of {hard} unverified", exposure.unverified));
    let share = limits.share_percent.map(|share| format!("{share} % of a balance"));
    let update = limits.oldest_update_s.map(|s| format!("update {} old", text::age(u64::from(s) * 1_000)));
    let all: Vec<String> = [hard, share, update].into_iter().flatten().collect();
    (!all.is_empty()).then(|| format!("Cut off at most: {}", all.join(", ")))
}

/// The same in short, for a line at the door.
pub fn at_risk(exposure: &Exposure) -> String {
    let only_here = match exposure.unsynced {
        0 => "no entries only here".to_owned(),
        1 => "1 entry only here".to_owned(),
        many => format!("{many} entries only here"),
    };
    let double = exposure.double_entries + exposure.double_servings;
    if double > 0 { format!("{only_here}, at most {double} double") } else { only_here }
}

/// Whether stock and places may be used, and in which of its journals a device writes.
pub fn rights(status: &Status) -> Option<String> {
    let rights = &status.rights;
    let state = match rights.state.as_str() {
        "" => return None,
        "ok" => "usable",
        "unconfirmed" => "not confirmed since the start",
        "lease_ended" => "lease ended",
        "withdrawn" => "withdrawn by the office",
        other => other,
    };
    let again = if rights.incarnation > 1 { format!(", journal {}", rights.incarnation) } else { String::new() };
    Some(format!("Stock and places: {}{again}", text::clean(state)))
}

/// Who is short of what they used.
pub fn deficit(deficit: &Deficit) -> String {
    let (device, of) = (text::clean(&deficit.device), text::clean(&deficit.of));
    format!("DEFICIT {device} is {} {of} short: whoever has some pays", deficit.units)
}
