//! Target `code`: whatever is held up, typed or read out.
//!
//! Claims: what decodes encodes back to the same; nothing is genuine that was not signed, and a
//! signed content is genuine exactly if it is laid out like a ticket, through any two keyboard
//! layouts too; what was typed prints and parses back to the same; no text takes more than its length is worth.

#![no_main]

use data_encoding::BASE32_NOPAD;
use libfuzzer_sys::fuzz_target;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use tidegate_core::id::{DeviceId, EventId, JournalId, TicketId};
use tidegate_core::scanned::layout::{Layout, arrives};
use tidegate_core::seal::Domain;
use tidegate_core::ticket::spoken::Spoken;
use tidegate_core::ticket::{Identity, Sealed, code};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::OneTimeCode;
use tidegate_fuzz::shape::Input;
use tidegate_fuzz::world::{EVENT, KEYS, RING};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    match input.byte() % 8 {
        0..=2 => held_up(&input.text()),
        3 | 4 => held_up(&BASE32_NOPAD.encode(input.0)),
        5 => signed(input),
        _ => typed(&input.text()),
    }
});

/// A text that nobody signed.
fn held_up(text: &str) {
    let identity = RING.identify(EVENT, text);
    let (scanned, mapped) = RING.identify_scanned(EVENT, text);
    let vouched = matches!(scanned, Identity::Genuine(_) | Identity::Foreign { .. });
    assert!(!vouched && mapped.is_none(), "nobody signed what {text} may have been");
    let Ok(sealed) = Sealed::read(text) else {
        assert!(matches!(identity, Identity::NotATicket(_)), "{identity:?}");
        return;
    };
    let unsigned = match identity {
        Identity::UnknownKey(number) => number == sealed.key && number != KEYS.number,
        Identity::Forged(number) => number == sealed.key && number == KEYS.number,
        Identity::NotATicket(_) | Identity::Foreign { .. } | Identity::Genuine(_) => false,
    };
    assert!(unsigned, "nobody signed {text}");
    assert_eq!(
        BASE32_NOPAD.encode(sealed.as_bytes()),
        text.trim().to_ascii_uppercase(),
        "another text for one code"
    );
    same_content(&sealed);
}

/// One content has one encoding.
fn same_content(sealed: &Sealed) {
    let content = code::encode(sealed.key, &sealed.ticket).expect("what was decoded can be encoded");
    assert_eq!(content, sealed.content());
    assert_eq!(Sealed::from_bytes(sealed.as_bytes()).as_ref(), Ok(sealed));
}

/// Any content under a right signature, and the same with one bit turned.
fn signed(mut input: Input<'_>) {
    let place = usize::from(u16::from_be_bytes(input.take()));
    let mut content = input.0[..input.0.len().min(40)].to_vec();
    if let Some(number) = content.get_mut(1..4) {
        number.copy_from_slice(&KEYS.number.0.to_be_bytes()[1..]);
    }
    if Sealed::from_bytes(&[&content[..], &[0; 64]].concat()).is_err() {
        return; // laid out like no ticket, whatever its signature
    }
    let signature = Domain::Ticket.sign(&KEYS.own, &[&EVENT.0, &content]);
    let mut bytes = [&content[..], &signature.0].concat();
    match RING.identify_bytes(EVENT, &bytes) {
        Identity::Genuine(genuine) => {
            assert_eq!(genuine.code(), bytes);
            assert_eq!(code::encode(KEYS.number, genuine.ticket()).as_ref(), Ok(&content));
        }
        other => panic!("signed, and {other:?}"),
    }
    let layout = |number: usize| Layout::ALL[number % Layout::ALL.len()];
    let arrived = arrives(&BASE32_NOPAD.encode(&bytes), layout(place), layout(place / Layout::ALL.len()));
    let (scanned, _) = RING.identify_scanned(EVENT, &arrived);
    assert!(matches!(scanned, Identity::Genuine(_)), "through layouts {scanned:?}");
    let elsewhere = RING.identify_bytes(EventId([0; 16]), &bytes);
    assert!(matches!(elsewhere, Identity::Foreign { .. }), "{elsewhere:?}");
    let place = place % (bytes.len() * 8);
    bytes[place / 8] ^= 1 << (place % 8);
    let turned = RING.identify_bytes(EVENT, &bytes);
    assert!(!matches!(turned, Identity::Genuine(_) | Identity::Foreign { .. }), "bit {place}: {turned:?}");
}

fn typed(text: &str) {
    prints_back::<OneTimeCode>(text);
    prints_back::<EventId>(text);
    prints_back::<DeviceId>(text);
    prints_back::<TicketId>(text);
    prints_back::<JournalId>(text);
    if let Some(spoken) = Spoken::read(text) {
        assert_eq!(Spoken::read(&spoken.to_string()), Some(spoken));
        assert!((0..1 << 40).contains(&spoken.as_i64()));
    }
    if let Some(at) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
    }
}

fn prints_back<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(read) => assert_eq!(read.to_string().parse::<T>().ok(), Some(read)),
        Err(error) => assert!(error.to_string().len() < 1_000, "a text is repeated at length"),
    }
}
