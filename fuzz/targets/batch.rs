//! Target `batch`: what peers and the cloud exchange.
//!
//! Claims: messages, runs and entries survive the round trip; a run verifies exactly if its author
//! signed these entries after this hash; arithmetic on what a peer says of itself does not overflow;
//! what somebody is said to lack is within what there is, and nobody gives more than it has or was asked
//! for; a packed body unpacks to what was packed, and never to more than a message may have.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_core::allotment::Rights as Allotments;
use tidegate_core::allotment::lease::Lease;
use tidegate_core::allotment::lend::{Pace, Want, give, pay};
use tidegate_core::fold::Act;
use tidegate_core::fold::rebase::Rebases;
use tidegate_core::journal::{Entry, EntryRef, MAX_ENTRY_BYTES, MAX_RUN_ENTRIES, Run, chain, genesis, sign_head};
use tidegate_core::seal::Sig;
use tidegate_core::sync::{
    Head, Heads, Lack, MAX_MESSAGE_BYTES, Request, Response, Segment, Trace, Vector, lack, points,
};
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
        14..=20 => entry(input.0),
        21 => several(input),
        22 => lent(input),
        23 | 24 => vectors(input),
        25 => lacking(input),
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
    if let Some((ticket, act)) = Act::of(id, &entry, &Rebases::default()) {
        assert_eq!(entry.kind.ticket(), Some(ticket));
        assert_eq!(act.happened_at(), entry.happened_at());
    }
}

/// Some entries of one journal, taken in as they stand and backwards: the same rights, the same times.
fn several(mut input: Input<'_>) {
    let mut entries: Vec<(EntryRef, Entry)> = Vec::new();
    for sequence in 1..=16 {
        let hash = genesis(EVENT, JOURNAL);
        entries
            .extend(Entry::from_bytes(input.piece()).map(|e| (EntryRef { journal: JOURNAL, sequence, hash }, e)));
    }
    let folded = |order: &mut dyn Iterator<Item = &(EntryRef, Entry)>| {
        let (mut rights, mut rebases) = (Allotments::default(), Rebases::default());
        for (id, entry) in order {
            rights.insert(*id, entry);
            rebases.insert(*id, entry);
        }
        (rights, rebases)
    };
    let (rights, rebases) = folded(&mut entries.iter());
    assert_eq!(folded(&mut entries.iter().rev()), (rights.clone(), rebases.clone()));
    for (of, by) in rights.holders() {
        rights.left(of, by, &|_, _| 0);
    }
    entries.iter().for_each(|(id, entry)| drop(Act::of(*id, entry, &rebases)));
}

/// A request for rights, and a lease, by whatever numbers.
fn lent(mut input: Input<'_>) {
    let pace = Pace { used: input.number() as u32, left: input.number() / (1 << 16) };
    let (boot, asked, now) = ([1; 16], input.number(), Timestamp(input.number()));
    let lease = Lease::given(input.number() as u32, boot, asked, now);
    let _ = lease.resumed([2; 16], asked, Timestamp(input.number())).runs([2; 16], input.number());
    if let Some(want) = round_trip::<Want>(input.0) {
        let given = i64::from(give(&want, pace));
        assert!(given <= i64::from(want.units) && given <= pace.left.max(0), "{given} of {pace:?} for {want:?}");
        assert!(i64::from(pay(want.units.into(), pace.left)) <= pace.left.max(0));
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
    let ahead = one.0.keys().any(|journal| one.sequence(journal) > other.sequence(journal));
    assert_eq!(one.ahead_of(&other) > 0, ahead);
    assert_eq!(one.digest() == other.digest(), one == other);
}

/// What somebody who says this of a journal lacks of one that is kept in these parts.
fn lacking(mut input: Input<'_>) {
    let mut parts = vec![Segment { parent: None, base: 0, last: u64::from(input.byte()) }];
    for place in 0..usize::from(input.byte() % 8) {
        let parent = usize::from(input.byte()) % (place + 1);
        let base = u64::from(input.byte()).min(parts[parent].last);
        parts.push(Segment { parent: Some(parent), base, last: base + u64::from(input.byte()) });
    }
    let Some(trace) = round_trip::<Trace>(input.piece()) else { return };
    let Some(theirs) = round_trip::<Heads>(input.0) else { return };
    // A point stands where its hash says, if that part reaches so far.
    let find = |point: &Head| {
        let place = usize::from(point.hash.0[0]) % (parts.len() + 1);
        let part = parts.get(place).filter(|part| (part.base + 1..=part.last).contains(&point.sequence));
        Ok::<_, ()>(part.map(|_| place))
    };
    match lack(&parts, Some(&theirs), points(&[trace], JOURNAL), find) {
        Ok(Lack::After(after)) => {
            for (place, after) in after {
                assert!(
                    parts[place].base <= after && after < parts[place].last,
                    "{after} of {place} in {parts:?}"
                );
            }
        }
        Ok(Lack::Astray) | Err(()) => {}
    }
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
    let mut run = Run { journal: JOURNAL, first, entries, signature, certificate, previous: None };
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
