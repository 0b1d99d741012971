//! Target `batch`: what peers and the cloud exchange.
//!
//! Claims: messages, runs and entries survive the round trip; a run verifies exactly if its author
//! signed these entries after this hash; arithmetic on what a peer says of itself does not overflow;
//! a packed body unpacks to what was packed, and never to more than a message may have.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_core::fold::Act;
use tidegate_core::journal::{Entry, EntryRef, MAX_ENTRY_BYTES, MAX_RUN_ENTRIES, Run, chain, genesis, sign_head};
use tidegate_core::seal::Sig;
use tidegate_core::sync::{MAX_MESSAGE_BYTES, Request, Response, Vector};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, Identity, Rights, Role};
use tidegate_fuzz::packed;
use tidegate_fuzz::shape::{Input, round_trip};
use tidegate_fuzz::world::{EVENT, JOURNAL, KEYS};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    // Signatures and packing take a hundred times as long as reading: they get few of the inputs.
    match input.byte() % 32 {
        0..=6 => drop(round_trip::<Request>(input.0)),
        7..=13 => drop(round_trip::<Response>(input.0)),
        14..=22 => entry(input.0),
        23..=25 => vectors(input),
        26 | 27 => drop(round_trip::<Run>(input.0)),
        28 => unsigned(input.0),
        29 => written(input),
        30 => body(input.0),
        _ => pack(input.0),
    }
});

/// A run that was made by nobody who holds the key.
fn unsigned(bytes: &[u8]) {
    let Some(run) = round_trip::<Run>(bytes) else { return };
    assert!(run.last() >= run.first.saturating_sub(1));
    let verified = run.verify(EVENT, &KEYS.public, genesis(EVENT, run.journal));
    assert!(verified.is_err(), "nobody signed this run");
    assert!(run.certificate.open(&KEYS.public).is_err(), "nobody signed this certificate");
}

fn entry(bytes: &[u8]) {
    let Some(entry) = Entry::from_bytes(bytes) else { return };
    let written = entry.to_bytes();
    let again = Entry::from_bytes(&written).expect("what was written can be read");
    assert_eq!(again.to_bytes(), written, "two writings of one entry");
    assert_eq!((again.happened_at(), &again.kind), (entry.happened_at(), &entry.kind));
    let id = EntryRef { journal: JOURNAL, sequence: 1, hash: genesis(EVENT, JOURNAL) };
    if let Some((ticket, act)) = Act::of(id, &entry, &author(Role::Supervisor)) {
        assert_eq!(entry.kind.ticket(), Some(ticket));
        assert_eq!(act.happened_at(), entry.happened_at());
    }
}

fn author(role: Role) -> Identity {
    let (device, key, name) = (JOURNAL.device, KEYS.public, String::new());
    let (issued, expires) = (Timestamp(0), Timestamp(1));
    Identity { event: EVENT, device, key, role, rights: Rights::default(), name, issued, expires }
}

/// Two peers that say of themselves what they like.
fn vectors(mut input: Input<'_>) {
    let first = input.piece();
    let (Some(one), Some(other)) = (round_trip::<Vector>(first), round_trip::<Vector>(input.0)) else { return };
    for (journal, from) in one.beyond(&other) {
        assert!(from < one.sequence(&journal));
    }
    assert_eq!(one.ahead_of(&other) == 0, one.beyond(&other).is_empty());
    assert_eq!(one.digest() == other.digest(), one == other);
}

/// Any bytes as entries under a right signature, and the same with one bit turned.
fn written(mut input: Input<'_>) {
    let (place, first) = (usize::from(u16::from_be_bytes(input.take())), 1 + u64::from(input.byte()));
    // A piece of 128 bytes is then as long as an entry may be.
    let times = if first > 128 { MAX_ENTRY_BYTES / 128 } else { 1 };
    let mut entries: Vec<Vec<u8>> = Vec::new();
    while !input.0.is_empty() {
        entries.push(input.piece().repeat(times));
    }
    let before = genesis(EVENT, JOURNAL);
    let hash = entries.iter().fold(before, |hash, entry| chain(&hash, entry));
    let sequence = (first + entries.len() as u64).saturating_sub(1);
    let signature = sign_head(&KEYS.own, EVENT, &EntryRef { journal: JOURNAL, sequence, hash });
    let certificate = Certificate::issue(&KEYS.own, &author(Role::Gate));
    let entries = entries.into_iter().map(Into::into).collect();
    let mut run = Run { journal: JOURNAL, first, entries, signature, certificate };
    let sized = (1..=MAX_RUN_ENTRIES).contains(&run.entries.len())
        && run.entries.iter().all(|entry| entry.len() <= MAX_ENTRY_BYTES);
    let verified = run.verify(EVENT, &KEYS.public, before);
    assert_eq!(verified.is_ok(), sized, "signed");
    for (verified, (sequence, bytes)) in verified.into_iter().flatten().zip((first..).zip(&run.entries)) {
        assert_eq!((verified.id.sequence, &verified.bytes[..]), (sequence, &bytes[..]));
    }
    turn(&mut run, place);
    assert!(run.verify(EVENT, &KEYS.public, before).is_err(), "bit {place} is turned");
}

fn turn(run: &mut Run, place: usize) {
    let Sig(signature) = &mut run.signature;
    let whole = run.entries.iter().map(|entry| entry.len()).sum::<usize>() + signature.len();
    let (mut byte, bit) = (place / 8 % whole, 1 << (place % 8));
    for entry in &mut run.entries {
        match entry.get_mut(byte) {
            Some(turned) => return *turned ^= bit,
            None => byte -= entry.len(),
        }
    }
    signature[byte] ^= bit;
}

/// A body as it comes off the line.
fn body(bytes: &[u8]) {
    if let Ok(cbor) = packed::unpack(bytes) {
        assert!(cbor.len() <= MAX_MESSAGE_BYTES);
        round_trip::<Request>(&cbor);
    }
}

fn pack(bytes: &[u8]) {
    assert_eq!(packed::unpack(&packed::pack(bytes)).as_deref(), Ok(bytes));
}
