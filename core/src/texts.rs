//! The sentences of verdicts in every language: Fluent files inside the binary, read once.
//!
//! A [`Text`] is a message and what its variables hold; it becomes sentences in the
//! language that is asked for. No text stands in code, and no file is opened: a door
//! that is cut off speaks as well as any other. Tests hold the files against each
//! other, so a message that is missing never reaches a device.

use crate::api::Explanation;
use crate::language::Language;
use crate::time::{SECOND_US, Timestamp, Zone};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::OnceLock;

type Bundle = fluent_bundle::concurrent::FluentBundle<FluentResource>;

/// A message and what its variables hold.
pub struct Text {
    /// Which message.
    pub id: &'static str,
    arguments: FluentArgs<'static>,
}

/// Up to this many minutes, how soon something comes is worth saying; beyond, the hour says it better.
const SOON_MINUTES: i64 = 120;

impl Text {
    /// A message.
    pub fn new(id: &'static str) -> Self {
        Self { id, arguments: FluentArgs::new() }
    }

    /// With a variable.
    pub fn with(mut self, name: &'static str, value: impl Into<FluentValue<'static>>) -> Self {
        self.arguments.set(name, value);
        self
    }

    /// With the variables of an instant; where it was asked is known, a day that is the same goes unsaid.
    pub fn moment(self, at: Timestamp, asked: Option<Timestamp>, zone: &Zone) -> Self {
        let (month, dom, hour) = at.month_day_hour(zone);
        let same = asked.is_some_and(|asked| asked.local_date(zone) == at.local_date(zone));
        let minutes = asked.map_or(0, |asked| minutes_until(at, asked));
        self.with("hour", at.hour_minute(zone))
            .with("h", hour)
            .with("dom", dom)
            .with("month", month)
            .with("day", if same { "same" } else { "other" })
            .with("minutes", if minutes <= SOON_MINUTES { minutes } else { 0 })
    }

    /// What it says.
    pub fn say(&self, language: Language) -> Explanation {
        let bundle = bundle(language);
        let Some(message) = bundle.get_message(self.id) else {
            return Explanation { line: self.id.to_owned(), ..Explanation::default() };
        };
        let put = |pattern| {
            // A variable that is missing stays visible as {$name}; the tests look for it.
            bundle.format_pattern(pattern, Some(&self.arguments), &mut Vec::new()).into_owned()
        };
        let attribute = |name| message.get_attribute(name).map(|a| put(a.value())).unwrap_or_default();
        Explanation {
            line: message.value().map(put).unwrap_or_default(),
            action: attribute("do"),
            say: attribute("say"),
        }
    }
}

/// Whole minutes from `asked` to `at`, rounded up; none where it is past.
fn minutes_until(at: Timestamp, asked: Timestamp) -> i64 {
    let minute_us = 60 * SECOND_US;
    at.since_us(asked).max(0).saturating_add(minute_us - 1) / minute_us
}

/// How many names of a choice are said: more is a list to read, not a sentence.
const MAX_NAMED: usize = 4;

/// Names to choose from: `A, B or C`; of many, the first and how many more.
pub fn either(names: &[String], language: Language) -> String {
    if names.len() <= MAX_NAMED {
        return row("either", names, language);
    }
    let (said, more) = names.split_at(MAX_NAMED - 1);
    Text::new("or-more").with("names", said.join(", ")).with("count", more.len()).say(language).line
}

/// Names that all count: `A, B and C`.
pub fn both(names: &[String], language: Language) -> String {
    row("both", names, language)
}

fn row(id: &'static str, names: &[String], language: Language) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => {
            Text::new(id).with("names", first.join(", ")).with("last", last.clone()).say(language).line
        }
    }
}

/// The messages of a language as they are written.
pub(crate) fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("texts/en.ftl"),
        Language::Es => include_str!("texts/es.ftl"),
        Language::Pt => include_str!("texts/pt.ftl"),
        Language::De => include_str!("texts/de.ftl"),
        Language::Fr => include_str!("texts/fr.ftl"),
    }
}

fn bundle(language: Language) -> &'static Bundle {
    static BUNDLES: [OnceLock<Bundle>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
    BUNDLES[language as usize].get_or_init(|| read(language)) // one place for each variant
}

fn read(language: Language) -> Bundle {
    let resource = FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(readable, _)| readable);
    let mut bundle = Bundle::new_concurrent(language.as_str().parse().into_iter().collect());
    // Fluent would wrap each variable in marks against mixed reading directions. All our languages
    // run left to right, and a terminal line, a log or a braille reader shows the marks as rubbish.
    bundle.set_use_isolating(false);
    let _ = bundle.add_resource(resource); // fails on a message that stands twice, which the tests see
    bundle
}

#[cfg(test)]
pub(crate) mod tests;
