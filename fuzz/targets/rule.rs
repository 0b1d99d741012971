//! Target `rule`: the rules of check-in lists, as an organizer's editor sends them, against facts of any kind.
//!
//! Claims: a text is read or refused with a stable code; what was read answers the same each time and
//! the opposite under `!`; exactly what is false has a reason; no facts make it panic or overflow.
//!
//! An input is 32 bytes of facts and then the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tidegate_core::catalogue::Span;
use tidegate_core::id::{ProductId, VariationId};
use tidegate_core::rule::{Known, MAX_RULE_DEPTH, MAX_RULE_NODES, Rule, RuleFacts};
use tidegate_core::time::{SECOND_US, Timestamp, Zone};
use tidegate_fuzz::shape::Input;

/// Zones whose clocks change, that lie a day apart, and that change by half an hour.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let names = ["Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"];
    let known = names.into_iter().filter_map(Zone::parse);
    known.chain([Zone::utc()]).collect()
});

/// 2026-11-21T19:00:00Z: around it times are near each other, as at a door.
const DOORS_US: i64 = 1_795_287_600 * SECOND_US;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let facts = Owned::of(Input(&input.take::<32>()));
    let text = input.text();
    match Rule::parse(&text) {
        Ok(rule) => answered(&text, &rule, &facts.borrowed()),
        Err(fault) => {
            assert!(fault.code.starts_with("rule_") && !fault.what.is_empty());
            assert_eq!(Rule::parse(&text), Err(fault));
        }
    }
});

fn answered(text: &str, rule: &Rule, facts: &RuleFacts<'_>) {
    assert_eq!(Rule::parse(text).as_ref(), Ok(rule));
    let answer = rule.evaluate(facts);
    assert_eq!(rule.evaluate(facts), answer);
    let reasons = rule.reasons(facts);
    assert_eq!(reasons.is_empty(), answer != Ok(false), "{answer:?} for {reasons:?}");
    assert_eq!(rule.reasons(facts).first(), reasons.first());
    // At the limits of size and depth one operator more is one too many.
    let room = text.matches('{').count() < MAX_RULE_DEPTH.min(MAX_RULE_NODES);
    match Rule::parse(&format!(r#"{{"!": [{text}]}}"#)) {
        Ok(not) => assert_eq!(not.evaluate(facts), answer.map(|truth| !truth)),
        Err(fault) => assert!(!room || is_empty_object(text), "{fault}"),
    }
}

/// An empty object is a rule only where it is the whole of it.
fn is_empty_object(text: &str) -> bool {
    text.chars().filter(|c| !c.is_whitespace()).eq("{}".chars())
}

/// Facts that own what they refer to.
struct Owned {
    zone: &'static Zone,
    span: Known<Span>,
    product: ProductId,
    variation: Known<Option<VariationId>>,
    gate: Option<&'static str>,
    at: Timestamp,
    entries: Vec<Timestamp>,
    present: bool,
}

impl Owned {
    fn of(mut input: Input<'_>) -> Self {
        let flags = input.byte();
        let zone = &ZONES[usize::from(input.byte()) % ZONES.len()];
        let (product, variation) = (ProductId(input.byte().into()), VariationId(input.byte().into()));
        // Anywhere in 64 bits, or within about a fortnight of the doors.
        let wide = flags & 1 != 0;
        let mut instant = || match wide {
            true => Timestamp(input.number()),
            false => Timestamp(DOORS_US + (input.number() >> 24)),
        };
        let (at, starts_at, other) = (instant(), instant(), instant());
        let part = |bit, instant| (flags & bit != 0).then_some(instant);
        let span = Span { starts: part(16, starts_at), doors: part(2, other), ends: part(4, other) };
        let entries = [other, starts_at, at, Timestamp(at.0.saturating_sub(90 * 60 * SECOND_US))];
        Self {
            zone,
            span: if flags & 8 != 0 { Known::Here(span) } else { Known::NotHere },
            product,
            variation: if flags & 32 != 0 { Known::NotHere } else { Known::Here(Some(variation)) },
            gate: (flags & 64 != 0).then_some("Gate A"),
            at,
            entries: entries[..usize::from(flags >> 1) % 5].to_vec(),
            present: flags & 128 != 0,
        }
    }

    fn borrowed(&self) -> RuleFacts<'_> {
        RuleFacts {
            zone: self.zone,
            span: self.span,
            product: self.product,
            variation: self.variation,
            gate: self.gate,
            at: Known::Here(self.at),
            entries: &self.entries,
            present: Known::Here(self.present),
        }
    }
}
