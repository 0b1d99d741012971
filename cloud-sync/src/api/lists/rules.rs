//! Rules of lists as they are saved: read by the law itself, and held against the event.

use crate::fault::Fault;
use crate::store::{Tx, products};
use axum::http::StatusCode;
use serde_json::Value;
use tidegate_core::id::EventId;
use tidegate_core::rule::{MAX_RULE_BYTES, Rule, RuleFault, Rules};
use tidegate_link::problem::{Problem, RuleProblem};

use crate::api::products::MAX_PER_EVENT;

/// Rules that make sense and name only what the event has.
pub async fn checked(tx: &mut Tx, event: EventId, given: &Value) -> Result<Rules, Fault> {
    let rules = Rules::new(given.to_string());
    let rule = rules.rule().map_err(bad)?;
    unknown(tx, event, rule, given).await?;
    Ok(rules)
}

/// Rules that may make no sense here.
pub fn unchecked(given: &Value) -> Result<Rules, Fault> {
    let text = given.to_string();
    match text.len() <= MAX_RULE_BYTES {
        true => Ok(Rules::new(text)),
        false => Err(Fault::invalid(format!("rules are at most {MAX_RULE_BYTES} bytes"))),
    }
}

/// Rules as they are shown.
pub fn value(rules: &Rules) -> Value {
    serde_json::from_str(rules.text()).unwrap_or_default() // they came as JSON
}

/// What is wrong with rules, for whoever wrote them.
pub fn bad(fault: &RuleFault) -> Fault {
    let rule = RuleProblem { at: fault.at.clone(), code: fault.code.into(), what: fault.what.clone() };
    let place = if fault.at.is_empty() { "the rule itself" } else { &fault.at };
    let why = format!("At {place} ({}): {}", fault.code, fault.what);
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_rule", "The rules make no sense");
    problem.why(why).rule(rule).into()
}

async fn unknown(tx: &mut Tx, event: EventId, rule: &Rule, given: &Value) -> Result<(), Fault> {
    let named = rule.named();
    if named.is_empty() {
        return Ok(());
    }
    let known = products::of_event(tx, event, 0, MAX_PER_EVENT).await?;
    let product = named.products.iter().find(|number| known.iter().all(|product| product.number != **number));
    let variations = || known.iter().flat_map(|product| &product.variations);
    let variation = named.variations.iter().find(|number| variations().all(|known| known.id != **number));
    let (kind, code, number) = match (product, variation) {
        (Some(number), _) => ("product", "rule_unknown_product", number.0),
        (None, Some(number)) => ("variation", "rule_unknown_variation", number.0),
        (None, None) => return Ok(()),
    };
    let at = place(given, kind, number).unwrap_or_default();
    Err(bad(&RuleFault { at, code, what: format!("The event has no {kind} {number}.") }))
}

/// Where a rule names a product or variation, as a JSON pointer.
fn place(rule: &Value, kind: &str, number: u16) -> Option<String> {
    match rule {
        Value::Array(items) => {
            // Beside the variable, or in a lookup of its kind.
            let speaks = |item: &Value| item.get("var").and_then(Value::as_str) == Some(kind) || item == kind;
            let about = items.iter().any(speaks);
            items.iter().enumerate().find_map(|(index, item)| {
                let named = |item: &Value| about && is(item, number);
                let listed = || item.as_array()?.iter().position(named);
                let deeper = || listed().map(|at| format!("/{at}")).or_else(|| place(item, kind, number));
                let below = if named(item) { Some(String::new()) } else { deeper() };
                below.map(|below| format!("/{index}{below}"))
            })
        }
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let below = place(value, kind, number)?;
            Some(format!("/{}{below}", name.replace('~', "~0").replace('/', "~1")))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn is(item: &Value, number: u16) -> bool {
    match item {
        Value::String(text) => text.parse() == Ok(number),
        Value::Number(given) => given.as_f64() == Some(f64::from(number)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_product_is_found_where_the_rule_names_it() {
        let check = |rule: Value, expect: Option<&str>| {
            assert_eq!(place(&rule, "product", 9).as_deref(), expect, "{rule}");
        };
        let lookup =
            |id| json!({ "objectList": [{ "lookup": ["product", "1"] }, { "lookup": ["product", id, "x"] }] });
        check(
            json!({ "and": [true, { "inList": [{ "var": "product" }, lookup("9")] }] }),
            Some("/and/1/inList/1/objectList/1/lookup/1"),
        );
        check(json!({ "inList": [{ "var": "product" }, lookup("8")] }), None);
        check(json!({ "==": [{ "var": "product" }, "9"] }), Some("/==/1"));
        check(json!({ "in": [{ "var": "product" }, [1, 9]] }), Some("/in/1/1"));
        check(json!({ "or": [{ "<": [{ "var": "entries_number" }, 9] }] }), None);
        check(json!({ "==": [{ "var": "variation" }, "9"] }), None);
    }
}
