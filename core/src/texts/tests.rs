//! The Fluent files held against each other: the same messages, attributes and variables in all.

use super::*;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};
use std::collections::{BTreeMap, BTreeSet};

/// A message or an attribute (`used`, `used.do`), and what it asks for: variables (`$place`), the
/// words they are compared with (`$day=same`), and other messages (`at-hour`).
type Shape = BTreeMap<String, BTreeSet<String>>;

fn parsed(language: Language) -> FluentResource {
    FluentResource::try_new(source(language).to_owned())
        .unwrap_or_else(|(_, errors)| panic!("{}.ftl: {errors:?}", language.as_str()))
}

fn shape(language: Language) -> Shape {
    let mut shape = Shape::new();
    let mut add = |name: String, pattern: &Pattern<&str>| {
        let mut asks = BTreeSet::new();
        walk(pattern, &mut asks);
        assert!(shape.insert(name.clone(), asks).is_none(), "{}.ftl: {name} twice", language.as_str());
    };
    for entry in parsed(language).entries() {
        match entry {
            Entry::Message(message) => {
                let id = message.id.name;
                add(id.to_owned(), message.value.as_ref().expect("a message says something"));
                message.attributes.iter().for_each(|a| add(format!("{id}.{}", a.id.name), &a.value));
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Term(_) | Entry::Junk { .. } => panic!("{}.ftl: {entry:?}", language.as_str()),
        }
    }
    shape
}

fn walk(pattern: &Pattern<&str>, asks: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            walk_expression(expression, asks);
        }
    }
}

fn walk_expression(expression: &Expression<&str>, asks: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => walk_inline(inline, asks),
        Expression::Select { selector, variants } => {
            walk_inline(selector, asks);
            let InlineExpression::VariableReference { id } = selector else { panic!("{selector:?}") };
            for variant in variants {
                match variant.key {
                    // Plural categories and single numbers are each language's own.
                    VariantKey::Identifier { name: "zero" | "one" | "two" | "few" | "many" | "other" }
                    | VariantKey::NumberLiteral { .. } => {}
                    VariantKey::Identifier { name } => {
                        asks.insert(format!("${}={name}", id.name));
                    }
                }
                walk(&variant.value, asks);
            }
        }
    }
}

fn walk_inline(inline: &InlineExpression<&str>, asks: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => asks.insert(format!("${}", id.name)),
        InlineExpression::MessageReference { id, attribute: None } => asks.insert(id.name.to_owned()),
        InlineExpression::StringLiteral { value: "" | " " } => false,
        other => panic!("not used here: {other:?}"),
    };
}

/// Everything that a message asks for, through the messages it refers to.
fn reached(shape: &Shape, name: &str, asks: &mut BTreeSet<String>) {
    for ask in shape.get(name).unwrap_or_else(|| panic!("no message {name}")) {
        if asks.insert(ask.clone()) && !ask.starts_with('$') {
            reached(shape, ask, asks);
        }
    }
}

/// The messages of English that `used` do not reach: texts that nobody would ever read.
pub(crate) fn unreached(used: &BTreeSet<&str>) -> Vec<String> {
    let shape = shape(Language::En);
    let mut asks = BTreeSet::new();
    for name in shape.keys() {
        let message = name.split('.').next().unwrap_or_default();
        if used.contains(message) {
            asks.insert(message.to_owned());
            reached(&shape, name, &mut asks);
        }
    }
    let messages = shape.keys().filter(|name| !name.contains('.'));
    messages.filter(|name| !asks.contains(*name)).cloned().collect()
}

#[test]
fn every_language_has_every_message_and_attribute_and_the_same_variables() {
    let variables = |language| -> Shape {
        let shape = shape(language);
        let of = |name: &String| {
            let mut asks = BTreeSet::new();
            reached(&shape, name, &mut asks);
            asks.into_iter().filter(|ask| ask.starts_with('$')).collect()
        };
        shape.keys().map(|name| (name.clone(), of(name))).collect()
    };
    let english = variables(Language::En);
    assert!(english.len() > 100, "{} messages and attributes", english.len());
    for language in Language::ALL {
        let other = variables(language);
        for name in english.keys().chain(other.keys()) {
            assert_eq!(other.get(name), english.get(name), "{}.ftl: {name}", language.as_str());
        }
    }
}

#[test]
fn attributes_are_what_to_do_and_what_to_say() {
    for name in shape(Language::En).keys() {
        let attribute = name.split_once('.').map(|(_, attribute)| attribute);
        assert!(matches!(attribute, None | Some("do" | "say")), "{name}");
    }
}

#[test]
fn every_language_has_a_bundle_of_its_own() {
    let mut said = BTreeSet::new();
    for language in Language::ALL {
        assert_eq!(bundle(language).locales.len(), 1, "plurals follow the language");
        said.insert(Text::new("unpaid").say(language).line);
    }
    assert_eq!(said.len(), Language::ALL.len());
}

#[test]
fn names_to_choose_from_are_a_sentence_and_many_are_counted() {
    let check = |names: &[&str], language, expect: &str| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(either(&names, language), expect);
    };
    check(&[], Language::En, "");
    check(&["A"], Language::De, "A");
    check(&["A", "B"], Language::En, "A or B");
    check(&["A", "B", "C", "D"], Language::De, "A, B, C oder D");
    check(&["A", "B", "C", "D", "E"], Language::En, "A, B, C or 2 more");
    check(&["A", "Oro"], Language::Es, "A, Oro");
    check(&["A", "B", "C", "D", "E", "F"], Language::Fr, "A, B, C ou 3 autres");
}
