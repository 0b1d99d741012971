//! What guests answered, with limits: rows and entries have to hold it.

use crate::fault::Fault;
use crate::store::events::EventRecord;
use std::collections::BTreeMap;
use tidegate_core::journal::kind::Answered;

/// Answers by their question's id, as they travel.
pub type Answers = BTreeMap<String, String>;

/// Answers in one scan: more than any door asks.
const MAX_AT_THE_DOOR: usize = 20;
/// Bytes of all of them with their questions' ids: an entry has to hold them.
const MAX_BYTES_AT_THE_DOOR: usize = 1_000;
/// Bytes of all answers of a ticket: its row goes to every device.
const MAX_BYTES_OF_A_TICKET: usize = 4_000;

/// What was answered at the door.
pub fn at_the_door(given: Answers) -> Result<Vec<Answered>, Fault> {
    limited(given, MAX_AT_THE_DOOR, MAX_BYTES_AT_THE_DOOR)
}

/// What was answered when buying; only what the event asks.
pub fn of_a_ticket(event: &EventRecord, given: Answers) -> Result<Vec<Answered>, Fault> {
    let asked = |id: &String| event.questions.iter().any(|question| question.id == *id);
    if let Some(unknown) = given.keys().find(|id| !asked(id)) {
        let id: String = unknown.chars().take(48).collect();
        return Err(Fault::invalid(format!("The event has no question {id:?}")));
    }
    limited(given, event.questions.len(), MAX_BYTES_OF_A_TICKET)
}

fn limited(given: Answers, most: usize, most_bytes: usize) -> Result<Vec<Answered>, Fault> {
    let bytes: usize = given.iter().map(|(question, text)| question.len() + text.len()).sum();
    if given.len() > most || bytes > most_bytes {
        return Err(Fault::invalid(format!("answers takes {most} answers of {most_bytes} bytes in all")));
    }
    Ok(given.into_iter().map(|(question, text)| Answered { question, text }).collect())
}
