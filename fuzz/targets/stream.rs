//! Target `stream`: the events that a screen follows.
//!
//! Claims: the events are the same wherever the bytes were cut; nothing makes the parser keep more than its limit,
//! and nothing shorter than that is given up.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::shape::Input;
use tidegate_fuzz::sse::{EVENT_BYTES, Parser};

/// How often a long stream says the same: six hundred bytes are more than the limit then.
const REPEATED: usize = 1_024;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    // Long ones take a thousand times as long as short ones: one of 256 inputs, whatever it came from.
    let long = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) == 0;
    let cut = usize::from(u16::from_be_bytes(input.take()));
    // A blank line ends the event that it may have become.
    let bytes = if long { [&input.0.repeat(REPEATED)[..], b"\n\n"].concat() } else { input.0.to_vec() };
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    let whole = Parser::default().feed(&bytes);
    let mut parser = Parser::default();
    let parts = parser.feed(head).and_then(|mut events| {
        events.extend(parser.feed(tail)?);
        Ok(events)
    });
    assert_eq!(parts, whole);
    // What is no UTF-8 is replaced by at most three bytes for one.
    assert!(whole.is_ok() || 3 * bytes.len() > EVENT_BYTES, "{} bytes were given up", bytes.len());
    for event in whole.into_iter().flatten() {
        assert!(event.data.len() <= EVENT_BYTES && event.name.len() <= 3 * EVENT_BYTES);
    }
});
