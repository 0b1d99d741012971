//! Every reason there is, in every language: read, measured and held against the texts.

use super::*;
use crate::catalogue::{DeviceRow, Event, Product};
use crate::fold::Way;
use crate::id::{DeviceId, EventId, JournalId, ProductId, VariationId};
use crate::journal::EntryRef;
use crate::rule::{Counted, Needs};
use crate::seal::Hash;
use crate::trust::Role;
use smol_str::SmolStr;
use std::collections::BTreeSet;

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let starts_at = Some(time("2026-11-21T20:00:00+01:00"));
    catalogue.event = Some(Event {
        id: EventId([1; 16]),
        name: "Ball".into(),
        timezone: "Europe/Berlin".into(),
        starts_at,
        doors_at: None,
        ends_at: None,
        dates: Vec::new(),
        questions: Vec::new(),
    });
    for (number, name) in [(1, "Standing"), (2, "VIP"), (3, "Press")] {
        let id = ProductId(number);
        catalogue
            .products
            .insert(id, Product { id, name: name.into(), consumption: false, variations: Vec::new() });
    }
    let id = DeviceId([7; 16]);
    let name = "Lane 2".to_owned();
    let device =
        DeviceRow { id, name, role: Role::Gate, certificate: None, revoked_at: None, counts_until: vec![] };
    catalogue.devices.insert(id, device);
    catalogue
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Half past eight in the evening, at the venue.
fn now() -> Timestamp {
    time("2026-11-21T20:30:00+01:00")
}

fn tonight() -> Timestamp {
    time("2026-11-21T20:48:00+01:00")
}

fn tomorrow() -> Timestamp {
    time("2026-11-22T21:00:00+01:00")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn passage(gate: Option<&str>) -> Passage {
    let journal = JournalId { device: DeviceId([7; 16]), incarnation: 1 };
    Passage {
        id: EntryRef { journal, sequence: 1, hash: Hash([0; 32]) },
        at: time("2026-11-21T20:14:00+01:00"),
        uncertain_ms: None,
        gate: gate.map(SmolStr::new),
        way: Way::In,
    }
}

/// Every reason, and those of its facts that change the sentence.
fn every() -> Vec<Why> {
    let mut every = vec![
        Why::Good,
        Why::BySignature,
        Why::Undone,
        Why::Starting,
        Why::NotATicket(NotATicket::WebLink),
        Why::NotATicket(NotATicket::Empty),
        Why::NotATicket(NotATicket::Badge),
        Why::NotATicket(NotATicket::Length),
        Why::NoSuchTicket,
        Why::UnknownKey(KeyNumber(0x7a_1b2c)),
        Why::Forged,
        Why::WrongEvent("Jazz Night".into()),
        Why::Revoked,
        Why::Cancelled(None),
        Why::Cancelled(Some(time("2026-11-19T14:02:00+01:00"))),
        Why::Blocked("reported stolen".into()),
        Why::Unapproved,
        Why::TooEarly { opens: tonight(), at: now() },
        Why::TooEarly { opens: tomorrow(), at: now() },
        Why::TooLate { closed: now() },
        Why::UnknownProduct,
        Why::NotOnList { product: "VIP".into(), lists: names(&["Gate C"]) },
        Why::NotOnList { product: "VIP".into(), lists: names(&["Gate C", "Gate D"]) },
        Why::NotOnList { product: "VIP".into(), lists: Vec::new() },
        Why::WrongDate(None),
        Why::WrongDate(Some(tomorrow())),
        Why::Unpaid,
        Why::Used(passage(Some("Gate B"))),
        Why::Used(passage(None)),
        Why::Clock,
        Why::Unlisted,
        Why::NoCredit { product: "Beer 0.5".into(), left: 1 },
        Why::NoCredit { product: "Beer 0.5".into(), left: -2 },
        Why::SoldOut { product: "Beer 0.5".into(), left: 0 },
        Why::SoldOut { product: "Beer 0.5".into(), left: 1 },
        Why::SoldOut { product: "Beer 0.5".into(), left: 3 },
        Why::KeyReused,
        Why::NotYours,
        Why::TooLateToUndo,
        Why::RuleUnreadable,
        Why::Stale,
        Why::Question { texts: names(&["Wristband size?"]) },
        Why::Question { texts: names(&["Over 18?", "Size?"]) },
        Why::Question { texts: names(&["Over 18?", "Size?", "Bus?"]) },
        Why::Ambiguous { count: 2 },
        Why::Full { zone: "Main hall".into() },
        Why::MaybeFull { zone: "Main hall".into() },
        Why::Limit(Limit::Update { age_us: None }),
        Why::Limit(Limit::Update { age_us: Some(754 * 60 * SECOND_US) }),
        Why::Limit(Limit::Unverified { count: 1 }),
        Why::Limit(Limit::Unverified { count: 500 }),
        Why::Limit(Limit::Share { allowed: 6, alone: 6 }),
        Why::Limit(Limit::Unconfirmed),
        Why::Limit(Limit::LeaseEnded),
        Why::Limit(Limit::Withdrawn),
    ];
    every.extend(every_reason().into_iter().map(Why::Rule));
    every
}

fn every_reason() -> Vec<Reason> {
    let entries = |counted, known, needs| Reason::Entries { counted, known, needs };
    let then = time("2026-11-21T18:00:00+01:00");
    vec![
        Reason::Opens { at: tonight(), now: now() },
        Reason::Opens { at: tomorrow(), now: now() },
        Reason::Closed { at: now() },
        Reason::Weekdays(vec![5]),
        Reason::Weekdays((1..=6).collect()),
        Reason::Weekdays(vec![0, 8]),
        entries(Counted::Entries, 1, Needs::AtMost(0)),
        entries(Counted::Entries, 3, Needs::AtMost(2)),
        entries(Counted::Today, 2, Needs::AtMost(1)),
        entries(Counted::Today, 1, Needs::Exactly(0)),
        entries(Counted::Since(then), 12, Needs::AtMost(5)),
        entries(Counted::Entries, 0, Needs::AtLeast(1)),
        entries(Counted::Today, 0, Needs::Exactly(1)),
        entries(Counted::Entries, 2, Needs::Not(2)),
        entries(Counted::Entries, 0, Needs::AtMost(-1)),
        entries(Counted::Days, 3, Needs::AtMost(2)),
        entries(Counted::Since(then), 0, Needs::AtLeast(1)),
        entries(Counted::Before(then), 2, Needs::AtMost(1)),
        entries(Counted::DaysSince(then), 2, Needs::Exactly(1)),
        entries(Counted::DaysBefore(then), 0, Needs::AtLeast(1)),
        Reason::Wait { first: true, at: tonight(), now: now() },
        Reason::Wait { first: false, at: tomorrow(), now: now() },
        Reason::Lapsed { first: true },
        Reason::Lapsed { first: false },
        Reason::Status { present: true },
        Reason::Status { present: false },
        Reason::Gates(names(&["B", "C"])),
        Reason::Gates(Vec::new()),
        Reason::Products(vec![ProductId(2), ProductId(3)]),
        Reason::Products(vec![ProductId(99)]),
        Reason::Variations(vec![VariationId(1)]),
        Reason::Never,
    ]
}

fn line(why: &Why, language: Language) -> String {
    why.explain(&catalogue(), language).line
}

#[test]
fn every_reason_in_every_language() {
    for language in Language::ALL {
        let sentences = every().into_iter().map(|why| {
            let Explanation { line, action, say } = why.explain(&catalogue(), language);
            let said: Vec<String> = [line, action, say].into_iter().filter(|text| !text.is_empty()).collect();
            format!("{}\n", said.join(" | ")).replace('\u{a0}', "·")
        });
        insta::assert_snapshot!(language.as_str(), sentences.collect::<String>());
    }
}

#[test]
fn no_message_is_unused_and_every_reason_but_good_says_something() {
    let catalogue = catalogue();
    let mut used: BTreeSet<&str> = ["weekday", "both", "either", "or-more"].into();
    for why in every() {
        match why.text(&catalogue, Language::En) {
            Some(text) => drop(used.insert(text.id)),
            None => assert_eq!(why, Why::Good),
        }
    }
    assert_eq!(crate::texts::tests::unreached(&used), Vec::<String>::new());
}

/// What a verdict's card on a terminal of 80 columns can show of one sentence.
const LONGEST: usize = 78;

#[test]
fn sentences_fit_a_line_and_are_calm_and_whole() {
    for language in Language::ALL {
        for why in every() {
            let Explanation { line, action, say } = why.explain(&catalogue(), language);
            for sentence in [&line, &action, &say] {
                let tag = language.as_str();
                assert!(sentence.chars().count() <= LONGEST, "{tag}: {sentence}");
                assert!(!sentence.contains(['!', '{', '}']), "{tag}: {sentence}");
                assert!(!sentence.contains("  ") && sentence.trim() == sentence, "{tag}: {sentence:?}");
                assert!(!sentence.contains(|c: char| ('\u{2066}'..='\u{2069}').contains(&c)), "{tag}: marks");
            }
            assert!(!action.ends_with('.') && !line.ends_with(".."), "{}: {line} / {action}", language.as_str());
            let spoken = say.is_empty() || say.ends_with(['.', '?']);
            assert!(spoken && !say.ends_with(".."), "{}: {say}", language.as_str());
        }
    }
}

#[test]
fn english_names_the_nearest_time_that_would_do() {
    let check = |why: Why, expect: &str| assert_eq!(line(&why, Language::En), expect);
    let opens = |at| Why::Rule(Reason::Opens { at, now: now() });
    check(opens(now().plus_secs(18 * 60)), "Opens at 20:48, in 18 minutes");
    check(opens(now().plus_secs(17 * 60 + 1)), "Opens at 20:47, in 18 minutes");
    check(opens(now().plus_secs(60)), "Opens at 20:31, in 1 minute");
    check(opens(now().plus_secs(7_200)), "Opens at 22:30, in 120 minutes");
    check(opens(now().plus_secs(7_201)), "Opens at 22:30");
    check(opens(tomorrow()), "Opens 22 Nov 21:00");
    check(opens(time("2026-11-21T23:30:00Z")), "Opens 22 Nov 00:30");
    check(Why::TooEarly { opens: tonight(), at: now() }, "Valid from 20:48, in 18 minutes");
    check(Why::TooLate { closed: now() }, "Was valid until 21 Nov 20:30");
    check(Why::Rule(Reason::Closed { at: now() }), "Closed 21 Nov 20:30");
    check(
        Why::Rule(Reason::Wait { first: true, at: tonight(), now: now() }),
        "Next entry from 20:48, in 18 minutes",
    );
}

#[test]
fn english_counts_say_entries_and_product_rules_say_product() {
    for reason in every_reason() {
        let explain = Why::Rule(reason.clone()).explain(&catalogue(), Language::En);
        let said = format!("{} {}", explain.line, explain.say).to_lowercase();
        match reason {
            Reason::Entries { needs: Needs::AtMost(most), .. } if most < 0 => {}
            Reason::Entries { .. } => assert!(said.contains("entries"), "{said}"),
            Reason::Products(_) => assert!(said.contains("product"), "{said}"),
            Reason::Opens { .. }
            | Reason::Closed { .. }
            | Reason::Weekdays(_)
            | Reason::Wait { .. }
            | Reason::Lapsed { .. }
            | Reason::Status { .. }
            | Reason::Gates(_)
            | Reason::Variations(_)
            | Reason::Never => {}
        }
    }
}

#[test]
fn hours_days_and_counts_follow_each_languages_grammar() {
    let check = |language, why: Why, expect: &str| {
        assert_eq!(line(&why, language).replace('\u{a0}', " "), expect);
    };
    let one = || Why::TooEarly { opens: time("2026-11-21T01:00:00+01:00"), at: time("2026-11-21T00:10:00+01:00") };
    check(Language::Es, one(), "Válido desde la 01:00, dentro de 50 minutos");
    check(Language::Pt, one(), "Válido a partir da 01:00, dentro de 50 minutos");
    check(Language::De, one(), "Gültig ab 01:00 Uhr, in 50 Minuten");
    let first = || Why::Cancelled(Some(time("2026-03-01T13:05:00+01:00")));
    check(Language::Fr, first(), "Annulé le 1er mars à 13:05");
    check(Language::De, first(), "Storniert am 1. März um 13:05 Uhr");
    check(Language::Es, first(), "Cancelado el 1 mar a las 13:05");
    let third = || Why::Rule(Reason::Entries { counted: Counted::Today, known: 2, needs: Needs::AtMost(1) });
    check(Language::En, third(), "Third entry today; two allowed");
    check(Language::De, third(), "Dritter Eintritt heute; zwei sind erlaubt");
    check(Language::Es, third(), "Tercera entrada hoy; se permiten dos");
    check(Language::Pt, third(), "Terceira entrada hoje; duas são permitidas");
    check(Language::Fr, third(), "Troisième entrée aujourd'hui ; deux sont autorisées");
}
