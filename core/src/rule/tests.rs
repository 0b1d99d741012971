//! Rules held against small worlds: what is true, what is a fault, what is said.

mod explain;
mod fault;
mod page;
mod property;
mod truth;

use super::*;
use serde_json::Value;

/// Facts that can be changed piece by piece; a Wednesday in Berlin, 10:00.
#[derive(Debug)]
struct World {
    zone: Zone,
    span: Known<Span>,
    product: ProductId,
    variation: Known<Option<VariationId>>,
    gate: Option<&'static str>,
    at: Timestamp,
    entries: Vec<Timestamp>,
    present: bool,
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text}"))
}

/// At 10:00, by gate g1, with product 5 in variation 7; doors 12:00, start 13:00, no end.
fn world() -> World {
    World {
        zone: Zone::parse("Europe/Berlin").unwrap(),
        span: Known::Here(Span {
            starts: Some(time("2020-01-01T13:00:00+01:00")),
            doors: Some(time("2020-01-01T12:00:00+01:00")),
            ends: None,
        }),
        product: ProductId(5),
        variation: Known::Here(Some(VariationId(7))),
        gate: Some("g1"),
        at: time("2020-01-01T10:00:00+01:00"),
        entries: Vec::new(),
        present: false,
    }
}

impl World {
    fn at(mut self, text: &str) -> Self {
        self.at = time(text);
        self
    }

    fn entries(mut self, times: &[&str]) -> Self {
        self.entries = times.iter().map(|text| time(text)).collect();
        self
    }

    fn spans(mut self, change: impl FnOnce(&mut Span)) -> Self {
        let Known::Here(span) = &mut self.span else { return self };
        change(span);
        self
    }

    fn ends(self, text: &str) -> Self {
        self.spans(|span| span.ends = Some(time(text)))
    }

    /// The ticket is for the second day, whose doors have no time of their own.
    fn second_day(mut self) -> Self {
        let starts = Some(time("2020-01-02T20:00:00+01:00"));
        self.span = Known::Here(Span { starts, doors: None, ends: None });
        self
    }

    fn facts(&self) -> RuleFacts<'_> {
        RuleFacts {
            zone: &self.zone,
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

/// Short forms, so that a table stays a table: `@x` a variable, `@t(x)` a custom
/// moment, `@d(x)` a time of day, `@e(x)` a time of the event, `@p(1,2)` among
/// products, `@v(…)` variations, `@g(…)` gates.
fn rule(text: &str) -> Rule {
    let json = long(text);
    Rule::parse(&json).unwrap_or_else(|fault| panic!("{json}: {fault}"))
}

fn long(text: &str) -> String {
    let mut json = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        json.push_str(before);
        let call = after.find('(').filter(|open| *open == 1);
        let end = call.map_or_else(
            || after.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(after.len()),
            |_| after.find(')').unwrap() + 1,
        );
        let (word, tail) = after.split_at(end);
        let inner = call.map(|open| &word[open + 1..end - 1]);
        json.push_str(&match (call.map(|_| &word[..1]), inner) {
            (Some("t"), Some(t)) => format!(r#"{{"buildTime": ["custom", "{t}"]}}"#),
            (Some("d"), Some(t)) => format!(r#"{{"buildTime": ["customtime", "{t}"]}}"#),
            (Some("e"), Some(t)) => format!(r#"{{"buildTime": ["{t}"]}}"#),
            (Some("p"), Some(ids)) => among("product", ids),
            (Some("v"), Some(ids)) => among("variation", ids),
            (Some("g"), Some(ids)) => among("gate", ids),
            _ => format!(r#"{{"var": "{word}"}}"#),
        });
        rest = tail;
    }
    json.push_str(rest);
    json
}

fn among(kind: &str, ids: &str) -> String {
    let lookups = ids.split(',').filter(|id| !id.is_empty());
    let lookups: Vec<Value> = lookups.map(|id| serde_json::json!({"lookup": [kind, id, "label"]})).collect();
    serde_json::json!({"inList": [{"var": kind}, {"objectList": lookups}]}).to_string()
}
