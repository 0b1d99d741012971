//! Target `stream`: the events that a screen follows.
//!
//! Claims: the events are the same wherever the bytes were cut; nothing makes the parser keep more than its limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::shape::Input;
use tidegate_fuzz::sse::{EVENT_BYTES, Parser};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let cut = usize::from(u16::from_be_bytes(input.take()));
    let (head, tail) = input.0.split_at(cut.min(input.0.len()));
    let whole = Parser::default().feed(input.0);
    let mut parser = Parser::default();
    let parts = parser.feed(head).and_then(|mut events| {
        events.extend(parser.feed(tail)?);
        Ok(events)
    });
    assert_eq!(parts, whole);
    for event in whole.into_iter().flatten() {
        // What is no UTF-8 is replaced by at most three bytes for one.
        assert!(event.data.len() <= 3 * EVENT_BYTES && event.name.len() <= 3 * EVENT_BYTES);
    }
});
