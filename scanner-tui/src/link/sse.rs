//! Server-sent events out of bytes, however they were cut on the way.
//!
//! The event-stream format of the HTML standard, without `id` and `retry`, which a door
//! has no use for: a missed verdict is never replayed as if it were new. Memory is
//! bounded by [`EVENT_BYTES`]. No network here; bytes in, events out.

/// The longest event taken: a status of a venue with a thousand links is about 100 KiB.
pub const EVENT_BYTES: usize = 512 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty where none was given.
    pub name: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
}

/// An event longer than [`EVENT_BYTES`]: the connection cannot be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Collects bytes until events are whole.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    event: Event,
    has_data: bool,
}

impl Parser {
    /// Takes bytes and returns the events they completed.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let second_of_crlf = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if second_of_crlf => {}
                b'\r' | b'\n' => {
                    self.after_cr = byte == b'\r';
                    events.extend(self.end_line());
                }
                other => self.line.push(other),
            }
            if self.line.len() + self.event.data.len() > EVENT_BYTES {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        self.field(field, value.strip_prefix(' ').unwrap_or(value));
        None
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            _ => {} // comments, id, retry, and what the format may gain
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: hello\r\nevent: status\r\ndata: {\"a\":\r\ndata: 1}\r\nid: 7\r\n\r\nevent:same\ndata:{}\n\nevent: empty\n\ndata: only\r\r";

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let expect = vec![event("status", "{\"a\":\n1}"), event("same", "{}"), event("", "only")];
        for cut in 0..=STREAM.len() {
            let (head, tail) = STREAM.as_bytes().split_at(cut);
            let mut parser = Parser::default();
            let mut events = parser.feed(head).expect("short");
            events.extend(parser.feed(tail).expect("short"));
            assert_eq!(events, expect, "cut at {cut}");
        }
    }

    #[test]
    fn an_endless_line_is_given_up_instead_of_kept() {
        let mut parser = Parser::default();
        let endless = vec![b'x'; EVENT_BYTES + 1];
        assert_eq!(parser.feed(&endless), Err(TooLong));
    }

    #[test]
    fn an_endless_event_of_short_lines_is_given_up_too() {
        let mut parser = Parser::default();
        let line = format!("data: {}\n", "x".repeat(1_000));
        let fed: Result<Vec<_>, _> = (0..=EVENT_BYTES / 1_000).map(|_| parser.feed(line.as_bytes())).collect();
        assert_eq!(fed, Err(TooLong));
    }
}
