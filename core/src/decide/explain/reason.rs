//! Why a rule is false, as a message and its variables.
//!
//! Names that no feed has brought are left out, and a reason that names nothing
//! says no more than that the rule is against it.

use crate::catalogue::Catalogue;
use crate::id::ProductId;
use crate::language::Language;
use crate::rule::{Counted, Needs, Reason};
use crate::texts::{Text, both, either};
use crate::time::{Timestamp, Zone};

/// The message for a reason.
pub fn text(reason: &Reason, catalogue: &Catalogue, language: Language) -> Text {
    let zone = catalogue.zone();
    match reason {
        Reason::Opens { at, now } => Text::new("rule-opens").moment(*at, Some(*now), &zone),
        Reason::Closed { at } => Text::new("rule-closed").moment(*at, None, &zone),
        Reason::Weekdays(days) => weekdays(days, language),
        Reason::Entries { counted, known, needs } => entries(*counted, *known, *needs, &zone),
        Reason::Wait { first: _, at, now } => Text::new("rule-wait").moment(*at, Some(*now), &zone),
        Reason::Lapsed { first } => Text::new("rule-lapsed").with("entry", if *first { "first" } else { "last" }),
        Reason::Status { present: true } => Text::new("rule-inside"),
        Reason::Status { present: false } => Text::new("rule-outside"),
        Reason::Gates(gates) => self::gates(gates, language),
        Reason::Products(products) => self::products(products, catalogue, language),
        Reason::Variations(_) => Text::new("rule-variation"),
        Reason::Never => Text::new("rule-never"),
    }
}

fn weekdays(days: &[u8], language: Language) -> Text {
    let name = |day: &u8| Text::new("weekday").with("weekday", *day).say(language).line;
    let names: Vec<String> = days.iter().filter(|day| (1..=7).contains(*day)).map(name).collect();
    match names.is_empty() {
        true => Text::new("rule-never"),
        false => Text::new("rule-weekdays").with("days", both(&names, language)),
    }
}

fn gates(gates: &[String], language: Language) -> Text {
    match gates.first() {
        None => Text::new("rule-never"),
        Some(gate) => Text::new("rule-gates").with("gate", gate.clone()).with("gates", either(gates, language)),
    }
}

fn products(products: &[ProductId], catalogue: &Catalogue, language: Language) -> Text {
    let name = |id: &ProductId| catalogue.products.get(id).map(|product| product.name.clone());
    let names: Vec<String> = products.iter().filter_map(name).collect();
    match names.is_empty() {
        true => Text::new("rule-product"),
        false => Text::new("rule-products").with("products", either(&names, language)),
    }
}

fn entries(counted: Counted, known: i64, needs: Needs, zone: &Zone) -> Text {
    let (what, since) = counted_as(counted);
    let text = match needs {
        Needs::AtMost(most) | Needs::Exactly(most) if most < 0 => return Text::new("rule-never"),
        // This entry would be one more: "third entry; two allowed".
        Needs::AtMost(most) | Needs::Exactly(most) if known > most && counts_this(counted) => {
            Text::new("rule-too-many").with("nth", known.saturating_add(1)).with("allowed", most + 1)
        }
        Needs::AtMost(number) => count(known, "most", number),
        Needs::AtLeast(number) => count(known, "least", number),
        Needs::Exactly(number) => count(known, "exactly", number),
        Needs::Not(number) => count(known, "not", number),
    };
    // A count without an instant leaves these variables unused.
    text.with("counted", what).moment(since.unwrap_or_default(), None, zone)
}

fn count(known: i64, needs: &'static str, number: i64) -> Text {
    Text::new("rule-count").with("known", known).with("needs", needs).with("number", number)
}

/// Whether the entry that is asked for would be one of those counted.
fn counts_this(counted: Counted) -> bool {
    match counted {
        Counted::Entries | Counted::Today | Counted::Since(_) => true,
        Counted::Days | Counted::Before(_) | Counted::DaysSince(_) | Counted::DaysBefore(_) => false,
    }
}

fn counted_as(counted: Counted) -> (&'static str, Option<Timestamp>) {
    match counted {
        Counted::Entries => ("entries", None),
        Counted::Today => ("today", None),
        Counted::Days => ("days", None),
        Counted::Since(at) => ("since", Some(at)),
        Counted::Before(at) => ("before", Some(at)),
        Counted::DaysSince(at) => ("days-since", Some(at)),
        Counted::DaysBefore(at) => ("days-before", Some(at)),
    }
}
