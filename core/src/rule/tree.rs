//! A rule as a tree in which every operand has its type.
//!
//! What can be said in several ways stands here in one: `isAfter` is `isBefore`
//! with its times exchanged, "between" is two comparisons, `==` on a product is a
//! list of one. Only the parser builds it.

use super::Named;
use crate::id::{ProductId, VariationId};
use crate::time::{LocalTime, TimeOfDay, Timestamp};

/// Something true or false.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Constant(bool),
    /// True if all are; of none, true.
    All(Vec<Node>),
    /// True if any is; of none, false.
    Any(Vec<Node>),
    Not(Box<Node>),
    Compare {
        left: Number,
        by: Relation,
        right: Number,
    },
    /// `left − tolerance < right`.
    Before {
        left: Moment,
        right: Moment,
        tolerance_us: i64,
    },
    OneOf(Choice),
    /// The ticket is inside.
    Present,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

/// A number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Literal(f64),
    /// Of the scan, 1 (Monday) to 7.
    Weekday,
    MinutesSinceFirst,
    MinutesSinceLast,
    Count(Tally),
}

/// Which entries, or days with an entry, are counted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tally {
    Entries,
    Today,
    Days,
    Since(Moment),
    Before(Moment),
    DaysSince(Moment),
    DaysBefore(Moment),
}

/// A time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Moment {
    /// The scan's.
    Now,
    Instant(Timestamp),
    /// On the venue's clock.
    Local(LocalTime),
    /// On the scan's local day.
    Today(TimeOfDay),
    Starts,
    Ends,
    Doors,
}

/// A ticket's product or variation, or the gate of the scan, among some.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Choice {
    Products(Vec<ProductId>),
    Variations(Vec<VariationId>),
    Gates(Vec<String>),
}

impl Node {
    /// Adds what it names.
    pub(super) fn name(&self, named: &mut Named) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.name(named)),
            Self::Not(node) => node.name(named),
            Self::OneOf(Choice::Products(products)) => named.products.extend(products),
            Self::OneOf(Choice::Variations(variations)) => named.variations.extend(variations),
            Self::OneOf(Choice::Gates(_))
            | Self::Constant(_)
            | Self::Compare { .. }
            | Self::Before { .. }
            | Self::Present => {}
        }
    }

    /// Whether it asks about entries of the ticket, or whether it is inside.
    pub(super) fn looks_back(&self) -> bool {
        let counts = |number: &Number| match number {
            Number::MinutesSinceFirst | Number::MinutesSinceLast | Number::Count(_) => true,
            Number::Literal(_) | Number::Weekday => false,
        };
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(Self::looks_back),
            Self::Not(node) => node.looks_back(),
            Self::Compare { left, right, .. } => counts(left) || counts(right),
            Self::Present => true,
            Self::Constant(_) | Self::Before { .. } | Self::OneOf(_) => false,
        }
    }
}

impl Relation {
    /// Whether it holds.
    pub(super) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
        }
    }

    /// What holds exactly where it does not.
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
        }
    }

    /// The same with its sides exchanged.
    pub(super) fn exchanged(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal | Self::Unequal => self,
        }
    }
}
