//! What an operator works on: variables, times, counts, lists of things.

use super::RuleFault;
use super::fault::{shown, suggestion};
use super::parse::{Operation, Parser, Subject, Term};
use super::tree::{Choice, Moment, Node, Number, Tally};
use crate::id::{ProductId, VariationId};
use crate::time::{LocalTime, SECOND_US, TimeOfDay, Timestamp};
use serde_json::Value;

pub(super) const VARIABLES: &[&str] = &[
    "now",
    "now_isoweekday",
    "product",
    "variation",
    "gate",
    "entry_status",
    "entries_number",
    "entries_today",
    "entries_days",
    "minutes_since_first_entry",
    "minutes_since_last_entry",
    "entries_since",
    "entries_before",
    "entries_days_since",
    "entries_days_before",
];

pub(super) const TIMES: &[&str] = &["custom", "customtime", "date_from", "date_to", "date_admission"];

/// The widest tolerance, minutes: ten years. Wider ones are mistakes.
const MAX_TOLERANCE_MIN: f64 = 10.0 * 366.0 * 24.0 * 60.0;

impl<'j> Parser<'j> {
    /// `isBefore` or `isAfter`.
    pub(super) fn before(&mut self, operation: &Operation<'j>, after: bool) -> Result<Term<'j>, RuleFault> {
        self.takes(operation, 2..=3)?;
        let left = self.at(operation, 0, Self::time)?;
        let right = self.at(operation, 1, Self::time)?;
        let tolerance_us = self.at(operation, 2, Self::tolerance)?;
        let (left, right) = if after { (right, left) } else { (left, right) };
        Ok(Term::Truth(Node::Before { left, right, tolerance_us }))
    }

    fn tolerance(&mut self, value: &'j Value) -> Result<i64, RuleFault> {
        let minutes = match self.term(value)? {
            Term::Nothing | Term::Text("") => Some(0.0),
            Term::Number(Number::Literal(minutes)) => Some(minutes),
            Term::Text(text) => text.parse().ok(), // as some editors save it
            _ => None,
        };
        match minutes {
            Some(minutes) if minutes.abs() <= MAX_TOLERANCE_MIN => Ok((minutes * 60.0 * SECOND_US as f64) as i64),
            Some(_) => self.fault("rule_time", format!("A tolerance is at most {MAX_TOLERANCE_MIN} minutes.")),
            None => self.fault("rule_type", "A tolerance is a number of minutes, or null.".to_owned()),
        }
    }

    /// Reads a time.
    pub(super) fn time(&mut self, value: &'j Value) -> Result<Moment, RuleFault> {
        match self.term(value)? {
            Term::Time(time) => Ok(time),
            other => {
                let what =
                    format!("This has to be a time: now, or one made by buildTime. It is {}.", other.kind());
                self.fault("rule_type", what)
            }
        }
    }

    /// `buildTime`.
    pub(super) fn build_time(&mut self, operation: &Operation<'j>) -> Result<Moment, RuleFault> {
        self.takes(operation, 1..=2)?;
        let kind = self.at(operation, 0, |parser, value| parser.text(value, "The kind of a time"))?;
        let simple = match kind {
            "custom" => return self.at(operation, 1, Self::moment),
            "customtime" => return self.at(operation, 1, Self::time_of_day),
            "date_from" => Moment::Starts,
            "date_to" => Moment::Ends,
            "date_admission" => Moment::Doors,
            other => {
                let near = suggestion(other, TIMES);
                let what = format!("There is no kind of time {:?}.{near}", shown(other));
                return self.at(operation, 0, |parser, _| parser.fault("rule_time", what));
            }
        };
        self.at(operation, 1, |parser, value| match value {
            Value::Null => Ok(simple),
            _ => parser.fault("rule_arguments", format!("{kind} takes nothing more.")),
        })
    }

    fn moment(&mut self, value: &'j Value) -> Result<Moment, RuleFault> {
        let text = self.text(value, "A moment")?;
        let instant = Timestamp::parse(text).map(Moment::Instant);
        // A zone in brackets would be skipped, and the venue's taken in its place.
        let local = || LocalTime::parse(text).filter(|_| !text.contains('[')).map(Moment::Local);
        match instant.or_else(local) {
            Some(moment) => Ok(moment),
            None => {
                let given = shown(text);
                let what =
                    format!("{given:?} is no moment of the years 1901 to 2198, like 2026-06-01T18:00:00+02:00.");
                self.fault("rule_time", what)
            }
        }
    }

    fn time_of_day(&mut self, value: &'j Value) -> Result<Moment, RuleFault> {
        let text = self.text(value, "A time of day")?;
        match TimeOfDay::parse(text) {
            Some(time) => Ok(Moment::Today(time)),
            None => self.fault("rule_time", format!("{:?} is no time of day, like 18:00.", shown(text))),
        }
    }

    fn text(&mut self, value: &'j Value, what: &str) -> Result<&'j str, RuleFault> {
        match value.as_str() {
            Some(text) => Ok(text),
            None => {
                let kind = self.term(value)?.kind();
                self.fault("rule_type", format!("{what} is a text, and not {kind}."))
            }
        }
    }

    /// `var`.
    pub(super) fn variable(&mut self, operation: &Operation<'j>) -> Result<Term<'j>, RuleFault> {
        self.takes(operation, 1..=2)?;
        let name = self.at(operation, 0, |parser, value| parser.text(value, "The name of a variable"))?;
        if let Some(tally) = tally_of_time(name) {
            if operation.operands.len() < 2 {
                let what = format!(r#"{name} takes a time: {{"{name}": [time]}}."#);
                return self.fault("rule_arguments", what);
            }
            return Ok(Term::Number(Number::Count(tally(self.at(operation, 1, Self::time)?))));
        }
        self.takes(operation, 1..=1)?;
        Ok(match name {
            "now" => Term::Time(Moment::Now),
            "now_isoweekday" => Term::Number(Number::Weekday),
            "product" => Term::Subject(Subject::Product),
            "variation" => Term::Subject(Subject::Variation),
            "gate" => Term::Subject(Subject::Gate),
            "entry_status" => Term::Status,
            "entries_number" => Term::Number(Number::Count(Tally::Entries)),
            "entries_today" => Term::Number(Number::Count(Tally::Today)),
            "entries_days" => Term::Number(Number::Count(Tally::Days)),
            "minutes_since_first_entry" => Term::Number(Number::MinutesSinceFirst),
            "minutes_since_last_entry" => Term::Number(Number::MinutesSinceLast),
            other => {
                let near = suggestion(other, VARIABLES);
                let what = format!("There is no variable {:?}.{near}", shown(other));
                return self.fault("rule_variable", what);
            }
        })
    }

    /// `entries_since` and its like, called with a time; `None` for any other operator.
    pub(super) fn count(&mut self, operation: &Operation<'j>) -> Result<Option<Number>, RuleFault> {
        let Some(tally) = tally_of_time(operation.name) else { return Ok(None) };
        self.takes(operation, 1..=1)?;
        let time = self.at(operation, 0, Self::time)?;
        Ok(Some(Number::Count(tally(time))))
    }

    /// `inList` and `in`.
    pub(super) fn in_list(&mut self, operation: &Operation<'j>) -> Result<Term<'j>, RuleFault> {
        self.takes(operation, 2..=2)?;
        let subject = self.at(operation, 0, |parser, value| match parser.term(value)? {
            Term::Subject(subject) => Ok(subject),
            other => {
                let what = format!("A product, variation or gate is looked for in a list, not {}.", other.kind());
                parser.fault("rule_type", what)
            }
        })?;
        let choice = self.at(operation, 1, |parser, value| match value {
            Value::Array(_) => {
                let plain = Operation::array("in", value);
                let literals = parser.each(&plain, Self::term)?;
                parser.choice(subject, &literals)
            }
            Value::Object(map) => parser.object_list(subject, map),
            _ => parser.fault("rule_type", "This has to be an objectList.".to_owned()),
        })?;
        Ok(Term::Truth(Node::OneOf(choice)))
    }

    fn object_list(
        &mut self,
        subject: Subject,
        map: &'j serde_json::Map<String, Value>,
    ) -> Result<Choice, RuleFault> {
        let list = self.open(map)?;
        if list.name != "objectList" {
            return self.fault("rule_type", "This has to be an objectList.".to_owned());
        }
        let mut choice = self.choice(subject, &[])?;
        for index in 0..list.operands.len() {
            choice.add(self.at(&list, index, |parser, value| parser.lookup(subject, value))?);
        }
        self.close();
        Ok(choice)
    }

    fn lookup(&mut self, subject: Subject, value: &'j Value) -> Result<Choice, RuleFault> {
        let Some((lookup, true)) = value.as_object().map(|map| (map.get("lookup"), map.len() == 1)) else {
            return self.fault("rule_lookup", r#"This has to be {"lookup": [kind, id, label]}."#.to_owned());
        };
        let Some(lookup @ Value::Array(_)) = lookup else {
            return self.fault("rule_lookup", r#"This has to be {"lookup": [kind, id, label]}."#.to_owned());
        };
        self.inside("lookup", |parser| {
            let lookup = Operation::array("lookup", lookup);
            parser.takes(&lookup, 2..=3)?;
            parser.at(&lookup, 0, |parser, kind| match kind.as_str() == Some(subject.kind()) {
                true => Ok(()),
                false => parser.fault("rule_lookup", format!("The kind has to be {:?} here.", subject.kind())),
            })?;
            parser.at(&lookup, 1, |parser, id| {
                let literal = parser.term(id)?;
                parser.choice(subject, &[literal])
            })
        })
    }

    /// The things that literals name.
    pub(super) fn choice(&mut self, subject: Subject, literals: &[Term<'j>]) -> Result<Choice, RuleFault> {
        let number = |literal: &Term<'j>| match literal {
            Term::Text(text) => text.parse::<u16>().ok(),
            Term::Number(Number::Literal(value)) => whole(*value),
            _ => None,
        };
        let gate = |literal: &Term<'j>| match literal {
            Term::Text(text) => Some((*text).to_owned()),
            Term::Number(Number::Literal(value)) => whole(*value).map(|id| id.to_string()),
            _ => None,
        };
        let numbers = literals.iter().map(number);
        let choice = match subject {
            Subject::Product => numbers.map(|n| n.map(ProductId)).collect::<Option<_>>().map(Choice::Products),
            Subject::Variation => {
                numbers.map(|n| n.map(VariationId)).collect::<Option<_>>().map(Choice::Variations)
            }
            Subject::Gate => literals.iter().map(gate).collect::<Option<_>>().map(Choice::Gates),
        };
        match choice {
            Some(choice) => Ok(choice),
            None => {
                let form = if subject == Subject::Gate { "its name" } else { "its number, 0 to 65535" };
                self.fault("rule_lookup", format!("A {} is named by {form}.", subject.kind()))
            }
        }
    }
}

fn whole(value: f64) -> Option<u16> {
    let whole = (0.0..=f64::from(u16::MAX)).contains(&value) && value.fract() == 0.0;
    whole.then_some(value as u16)
}

fn tally_of_time(name: &str) -> Option<fn(Moment) -> Tally> {
    match name {
        "entries_since" => Some(Tally::Since),
        "entries_before" => Some(Tally::Before),
        "entries_days_since" => Some(Tally::DaysSince),
        "entries_days_before" => Some(Tally::DaysBefore),
        _ => None,
    }
}

impl Subject {
    fn kind(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Variation => "variation",
            Self::Gate => "gate",
        }
    }
}

impl Choice {
    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Products(all), Self::Products(more)) => all.extend(more),
            (Self::Variations(all), Self::Variations(more)) => all.extend(more),
            (Self::Gates(all), Self::Gates(more)) => all.extend(more),
            (Self::Products(_) | Self::Variations(_) | Self::Gates(_), _) => {} // both are of one subject
        }
    }
}
