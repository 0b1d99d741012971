//! What holds for any text, any rule and any facts.

use super::*;
use crate::time::SECOND_US;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const RELATIONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];

/// A time on a grid of hours around the start, so that boundaries are met.
fn any_time() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"var": "now"})),
        (0..72_i64).prop_map(|h| json!({"buildTime": ["custom", hour(h).to_string()]})),
        (0..24_u8).prop_map(|h| json!({"buildTime": ["customtime", format!("{h:02}:00")]})),
        select(vec!["date_from", "date_to", "date_admission"]).prop_map(|kind| json!({"buildTime": [kind]})),
    ]
}

fn hour(hour: i64) -> Timestamp {
    time("2019-12-31T00:00:00+01:00").plus_secs(hour * 3600)
}

fn any_number() -> impl Strategy<Value = Value> {
    let variables = [
        "entries_number",
        "entries_today",
        "entries_days",
        "minutes_since_first_entry",
        "minutes_since_last_entry",
        "now_isoweekday",
    ];
    let calls = ["entries_since", "entries_before", "entries_days_since", "entries_days_before"];
    prop_oneof![
        select(variables.to_vec()).prop_map(|name| json!({"var": name})),
        (select(calls.to_vec()), any_time()).prop_map(|(name, time)| json!({name: [time]})),
        (-1..5_i64).prop_map(|n| json!(n)),
        select(vec![0.5, 60.0, 119.5, 180.0]).prop_map(|n| json!(n)),
    ]
}

fn any_leaf() -> impl Strategy<Value = Value> {
    let tolerance = select(vec![json!(null), json!(0), json!(90), json!(-90)]);
    prop_oneof![
        any::<bool>().prop_map(|truth| json!(truth)),
        (select(RELATIONS.to_vec()), any_number(), any_number()).prop_map(|(by, a, b)| json!({by: [a, b]})),
        (select(vec!["isBefore", "isAfter"]), any_time(), any_time(), tolerance)
            .prop_map(|(operator, a, b, tolerance)| json!({operator: [a, b, tolerance]})),
        (select(vec!["product", "variation", "gate"]), proptest::collection::vec(1..4_u16, 0..3)).prop_map(
            |(kind, ids)| {
                let lookups: Vec<Value> = ids.iter().map(|id| json!({"lookup": [kind, id, ""]})).collect();
                json!({"inList": [{"var": kind}, {"objectList": lookups}]})
            }
        ),
        select(vec!["present", "absent"]).prop_map(|status| json!({"==": [{"var": "entry_status"}, status]})),
    ]
}

fn any_rule() -> impl Strategy<Value = Value> {
    any_leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (select(vec!["and", "or"]), proptest::collection::vec(inner.clone(), 0..4))
                .prop_map(|(operator, members)| json!({operator: members})),
            inner.prop_map(|rule| json!({"!": [rule]})),
        ]
    })
}

/// JSON of the language's own words in no particular order.
fn any_words() -> impl Strategy<Value = Value> {
    let words = "and or ! !! < <= == isBefore isAfter inList in objectList lookup var buildTime custom customtime \
                 date_to now gate product entry_status entries_today entries_since present 10:00 2020-01-01 5 x";
    let words: Vec<&'static str> = words.split_whitespace().collect();
    let leaf = prop_oneof![
        any_leaf(),
        any_time(),
        any_number(),
        Just(Value::Null),
        select(words.clone()).prop_map(|word| json!(word)),
        any::<f64>().prop_map(|n| json!(n)),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let members = proptest::collection::vec(inner, 0..4);
        prop_oneof![
            members.clone().prop_map(Value::Array),
            (select(words.clone()), members).prop_map(|(word, members)| json!({word: members})),
        ]
    })
}

prop_compose! {
    fn any_world()(
        hours in 0..72_i64, off_us in select(vec![0, 1, -1, 59 * SECOND_US]), product in 1..4_u16,
        variation in proptest::option::of(proptest::option::of(1..4_u16)), gate in select(vec![None, Some("1"), Some("2")]),
        entries in proptest::collection::vec(0..60_i64, 0..5), present: bool, ends: bool, dated: bool,
    ) -> World {
        let mut world = if dated { world().second_day() } else { world() };
        world = world.spans(|span| span.ends = ends.then(|| hour(40)));
        world.at = hour(hours).plus_us(off_us);
        world.product = ProductId(product);
        world.variation = variation.map_or(Known::NotHere, |v| Known::Here(v.map(VariationId)));
        world.gate = gate;
        world.entries = entries.into_iter().map(hour).collect();
        world.present = present;
        world
    }
}

fn read(rule: &Value) -> Rule {
    Rule::parse(&rule.to_string()).unwrap_or_else(|fault| panic!("{rule}: {fault}"))
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text: String) {
        let _ = Rule::parse(&String::from_utf8_lossy(&bytes));
        let _ = Rule::parse(&text);
    }

    #[test]
    fn no_words_in_any_order_make_anything_panic(words in any_words(), world in any_world()) {
        match Rule::parse(&words.to_string()) {
            Ok(rule) => {
                let _ = (rule.evaluate(&world.facts()), rule.reason(&world.facts()));
            }
            Err(fault) => {
                prop_assert!(fault.code.starts_with("rule_"));
                // The place is one that the rule has, or the operand that it lacks.
                let (parent, last) = fault.at.rsplit_once('/').unwrap_or_default();
                prop_assert!(words.pointer(&fault.at).is_some() || (words.pointer(parent).is_some() && last.parse::<usize>().is_ok()));
            }
        }
    }

    #[test]
    fn not_turns_every_answer_round_and_leaves_gaps(rule in any_rule(), world in any_world()) {
        let facts = world.facts();
        let plain = read(&rule).evaluate(&facts);
        prop_assert_eq!(read(&json!({"!": rule})).evaluate(&facts), plain.map(|truth| !truth));
        prop_assert_eq!(read(&json!({"!!": rule})).evaluate(&facts), plain);
    }

    #[test]
    fn the_order_of_operands_does_not_matter(a in any_rule(), b in any_rule(), c in any_rule(), world in any_world()) {
        for operator in ["and", "or"] {
            let (one, other) = (read(&json!({operator: [a, b, c]})), read(&json!({operator: [c, a, b]})));
            prop_assert_eq!(one.evaluate(&world.facts()), other.evaluate(&world.facts()));
        }
    }

    #[test]
    fn not_all_is_any_not_in_answer_and_in_reason(a in any_rule(), b in any_rule(), world in any_world()) {
        let facts = world.facts();
        let one = read(&json!({"!": {"and": [a, b]}}));
        let other = read(&json!({"or": [{"!": a}, {"!": b}]}));
        prop_assert_eq!(one.evaluate(&facts), other.evaluate(&facts));
        prop_assert_eq!(one.reasons(&facts), other.reasons(&facts));
    }

    #[test]
    fn exactly_what_is_false_has_a_reason(rule in any_rule(), world in any_world()) {
        let (rule, facts) = (read(&rule), world.facts());
        prop_assert_eq!(rule.reasons(&facts).is_empty(), rule.evaluate(&facts) != Ok(false));
    }

    #[test]
    fn who_comes_at_the_time_that_was_named_gets_in(rule in any_rule(), world in any_world()) {
        let variation = Known::Here(match world.variation {
            Known::Here(variation) => variation,
            Known::NotHere => None,
        });
        let (rule, facts) = (read(&rule), RuleFacts { variation, ..world.facts() });
        let at = match rule.reason(&facts) {
            Reason::Opens { at, .. } => at.plus_us(1),
            Reason::Wait { at, .. } => at,
            Reason::Closed { at } => {
                prop_assert!(at <= world.at);
                return Ok(());
            }
            _ => return Ok(()),
        };
        prop_assert!(at > world.at);
        prop_assert_eq!(rule.evaluate(&facts.at(at)), Ok(true));
    }

    #[test]
    fn what_is_known_without_the_time_is_so_at_any_time(rule in any_rule(), world in any_world(), hours in 0..72_i64) {
        let (rule, facts) = (read(&rule), world.facts());
        let timeless = rule.evaluate(&RuleFacts { at: Known::NotHere, ..facts });
        if timeless.is_ok() {
            prop_assert_eq!(rule.evaluate(&facts.at(hour(hours))), timeless);
        }
    }
}
