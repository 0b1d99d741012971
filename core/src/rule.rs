//! The rules of check-in lists: JSON Logic, read into a typed tree when a list is
//! saved, evaluated against the facts of a scan, and explained where they are false.
//!
//! | operator | operands |
//! |---|---|
//! | `and`, `or` | any number of truth values; `and` of none is true, `or` of none false |
//! | `!`, `!!` | one truth value |
//! | `<` `<=` `>` `>=` | two numbers or two times; `<` and `<=` also three: "between" |
//! | `==` `!=` (`===` `!==`) | two numbers; a status, product, variation or gate and its literal |
//! | `isBefore`, `isAfter` | two times, strictly; a tolerance in minutes widens what is allowed |
//! | `inList`, `in` | product, variation or gate, and an `objectList` of `lookup`s (`in`: or a plain array) |
//! | `buildTime` | `custom` moment, `customtime` time of day, `date_from`, `date_to`, `date_admission` |
//! | `var` | `now`, `now_isoweekday`, `product`, `variation`, `gate`, `entry_status`, `entries_number`, `entries_today`, `entries_days`, `minutes_since_first_entry`, `minutes_since_last_entry` |
//! | `entries_since`, `entries_before`, `entries_days_since`, `entries_days_before` | a time |
//!
//! Kept true here: reading is linear in the text and bounded in depth and size;
//! nothing is coerced, an operand of another type is a fault with its place. What
//! a rule means for a door (refuse, ask) is the matter of [`mod@crate::decide`].

mod evaluate;
mod explain;
mod fault;
mod operand;
mod parse;
mod reason;
mod saved;
mod tree;

pub use fault::RuleFault;
pub use reason::{Counted, Needs, Reason};
pub use saved::Rules;

use crate::catalogue::Span;
use crate::id::{ProductId, VariationId};
use crate::time::{Timestamp, Zone};
use std::collections::BTreeSet;

/// The longest rule taken, bytes of JSON: a list of several hundred products with
/// their labels, and a feed page of lists still stays far below its own limit.
pub const MAX_RULE_BYTES: usize = 64 << 10;
/// The deepest nesting of operators: more than a person can read, less than a
/// small thread's stack or the JSON reader's own limit of 128 brackets.
pub const MAX_RULE_DEPTH: usize = 40;
/// The most operators and variables: each is looked at on every scan of the list.
pub const MAX_RULE_NODES: usize = 1_000;

/// A rule that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule(tree::Node);

impl Rule {
    /// Reads a rule. An empty object is how editors save "no rule": it is true.
    pub fn parse(json: &str) -> Result<Self, RuleFault> {
        parse::rule(json).map(Self)
    }

    /// What it names; an office knows whether there is such a thing.
    pub fn named(&self) -> Named {
        let mut named = Named::default();
        self.0.name(&mut named);
        named
    }

    /// Whether it is true. What is not known matters only where no known part decides.
    pub fn evaluate(&self, facts: &RuleFacts<'_>) -> Result<bool, Gap> {
        self.0.evaluate(facts)
    }

    /// Whether it asks when the ticket came in before, or whether it is inside.
    pub fn looks_back(&self) -> bool {
        self.0.looks_back()
    }

    /// Why it is false, in one reason: the first of [`Self::reasons`].
    pub fn reason(&self, facts: &RuleFacts<'_>) -> Reason {
        self.reasons(facts).into_iter().next().unwrap_or(Reason::Never)
    }

    /// Everything that stands in the nearest way in, what is hardest to mend first;
    /// of a rule that is not false, nothing.
    pub fn reasons(&self, facts: &RuleFacts<'_>) -> Vec<Reason> {
        self.0.reasons(facts)
    }
}

/// The products and variations that a rule names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Products by number.
    pub products: BTreeSet<ProductId>,
    /// Variations by number.
    pub variations: BTreeSet<VariationId>,
}

impl Named {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty() && self.variations.is_empty()
    }
}

/// What a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct RuleFacts<'a> {
    /// The venue's zone.
    pub zone: &'a Zone,
    /// When it is: the ticket's date of a series, or the event where it is for none.
    pub span: Known<Span>,
    /// The ticket's product.
    pub product: ProductId,
    /// The ticket's variation.
    pub variation: Known<Option<VariationId>>,
    /// Where the scan was, if that was said.
    pub gate: Option<&'a str>,
    /// The scan's time.
    pub at: Known<Timestamp>,
    /// When the ticket came in on this list, in any order; only entries that stand.
    pub entries: &'a [Timestamp],
    /// Whether it is inside.
    pub present: Known<bool>,
}

impl<'a> RuleFacts<'a> {
    /// The same at another time.
    pub fn at(self, at: Timestamp) -> Self {
        Self { at: Known::Here(at), ..self }
    }
}

/// A fact that this device may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// It is here.
    Here(T),
    /// It exists elsewhere.
    NotHere,
}

impl<T> Known<T> {
    fn here(self) -> Result<T, Gap> {
        match self {
            Self::Here(fact) => Ok(fact),
            Self::NotHere => Err(Gap::NotHere),
        }
    }
}

/// Why a rule is neither true nor false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// It speaks of a date that the event does not have.
    Undefined,
    /// It needs a fact that this device lacks.
    NotHere,
}

#[cfg(test)]
mod tests;
