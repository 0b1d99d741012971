//! What the link tells the screen, and how an event becomes news.
//!
//! The event's name is the variant, its data the content. Names of tomorrow are skipped;
//! a known name that cannot be read is told, because a verdict may hide in it.

use serde_json::{Value, json};
use tidegate_core::api::StreamMessage;

use super::fault::Fault;
use super::sse;

/// Event names this screen knows.
const EVENTS: [&str; 6] = ["answer", "same", "trouble", "status", "conflict", "finding"];

/// What the link tells the screen.
#[derive(Clone, Debug)]
pub enum News {
    /// The stream is open.
    Connected,
    /// Bytes came that were no event: a sign of life.
    Alive,
    /// The agent said something.
    Said(Box<StreamMessage>),
    /// The agent said something of a known name that cannot be read.
    Unread {
        /// The event's name.
        event: String,
    },
    /// The connection is gone, or was not made.
    Lost {
        /// Why.
        fault: Fault,
        /// Attempts that failed one after another, this one included.
        attempts: u32,
    },
}

/// Names of tomorrow are skipped; a known name that cannot be read is told.
pub fn of(event: &sse::Event) -> Option<News> {
    if !EVENTS.contains(&event.name.as_str()) {
        return None;
    }
    let unread = || News::Unread { event: event.name.clone() };
    let Ok(data) = serde_json::from_str::<Value>(&event.data) else {
        return Some(unread());
    };
    let message = serde_json::from_value(json!({ "event": event.name, "data": data }));
    Some(message.map_or_else(|_| unread(), |said| News::Said(Box::new(said))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> sse::Event {
        sse::Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn every_kind_of_message_is_read_by_its_event_name() {
        let same = of(&event("same", r#"{"lane":"camera:0"}"#));
        assert!(
            matches!(same, Some(News::Said(said)) if *said == StreamMessage::Same { lane: "camera:0".to_owned() })
        );
    }

    #[test]
    fn an_unreadable_answer_is_told_and_an_event_of_tomorrow_is_skipped() {
        assert!(matches!(of(&event("answer", "{")), Some(News::Unread { event }) if event == "answer"));
        assert!(matches!(of(&event("answer", "{}")), Some(News::Unread { .. })));
        assert!(of(&event("radio", "{}")).is_none());
    }
}
