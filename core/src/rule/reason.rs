//! What a false rule says for itself.

use crate::id::{ProductId, VariationId};
use crate::time::Timestamp;

/// Why a rule is false, and what would make it true: the nearest way in.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// After this instant it is true (too early now).
    Opens {
        /// The last instant that is too early, or the first that is not: a rule's comparison is strict or it is not.
        at: Timestamp,
        /// The scan's time.
        now: Timestamp,
    },
    /// Until this instant it was true (too late now).
    Closed {
        /// The end.
        at: Timestamp,
    },
    /// Only on these days, ISO weekdays 1 (Monday) to 7.
    Weekdays(Vec<u8>),
    /// A count of entries is too high or too low.
    Entries {
        /// Which entries.
        counted: Counted,
        /// How many there are.
        known: i64,
        /// How many there have to be.
        needs: Needs,
    },
    /// Too soon after the first (`first`) or last entry: true from `at` on.
    Wait {
        /// After the first entry rather than the last.
        first: bool,
        /// The first instant at which it is true.
        at: Timestamp,
        /// The scan's time.
        now: Timestamp,
    },
    /// True only so long after the first or last entry (or only with an entry before): over, or never began.
    Lapsed {
        /// After the first entry rather than the last.
        first: bool,
    },
    /// Has to be inside, or outside, for it.
    Status {
        /// Inside.
        present: bool,
    },
    /// Only by these gates; where none is named, by all but some.
    Gates(Vec<String>),
    /// Only these products (numbers; names are looked up in the catalogue); where none is named, all but some.
    Products(Vec<ProductId>),
    /// Only these variations; where none is named, all but some.
    Variations(Vec<VariationId>),
    /// Nothing that this guest could do would change it.
    Never,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counted {
    /// All entries.
    Entries,
    /// Entries on the scan's day.
    Today,
    /// Days with an entry.
    Days,
    /// Entries at an instant or after it.
    Since(Timestamp),
    /// Entries before an instant.
    Before(Timestamp),
    /// Days with an entry at an instant or after it.
    DaysSince(Timestamp),
    /// Days with an entry before an instant.
    DaysBefore(Timestamp),
}

/// What a count has to be before the entry that is asked for: with `AtMost(2)` three entries are allowed in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needs {
    /// So many or fewer.
    AtMost(i64),
    /// So many or more.
    AtLeast(i64),
    /// Just so many.
    Exactly(i64),
    /// Any number but this.
    Not(i64),
}
