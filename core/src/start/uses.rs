//! Who was used before: a digest of the journals that has no false negatives.
//!
//! A device that has just begun does not have the entries yet, only this: for every
//! ticket and list, or ticket and product, with an entry, the digest holds it. What it
//! does not hold was not used up to the frontier it was made from, and is decided at
//! once; what it holds was used, or is one of a few that only look so. Entries without
//! an effect are in it too: what an entry counts for may change, that it was written
//! may not. It is a binary fuse filter (Graf and Lemire, 2022).

use crate::id::{ListId, ProductId, TicketId};
use crate::journal::{Entry, Kind};
use minicbor::{Decode, Encode};
use xorf::{BinaryFuse16, Descriptor, Filter};

/// Bits that a digest takes for each use, about: 18 for a large event, more for a small one.
pub const BITS_PER_USE: usize = 18;
/// One of so many tickets that were not used looks as if it had been: at the door of a large event, one in a night.
pub const FALSE_ALARM_ONE_IN: u64 = 1 << 16;
/// Bytes of one fingerprint.
const FINGERPRINT: usize = 2;

/// What a ticket is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Coming or going by a list.
    Passage(ListId),
    /// Credits of a product.
    Serving(ProductId),
}

impl Use {
    /// What an entry uses of which ticket.
    pub fn of(kind: &Kind) -> Option<(Self, TicketId)> {
        match kind {
            Kind::Admission(admission) => Some((Self::Passage(admission.list), admission.ticket)),
            Kind::Exit(exit) => Some((Self::Passage(exit.list), exit.ticket)),
            Kind::Serving(serving) => Some((Self::Serving(serving.product), serving.ticket)),
            // What was taken back was used before, by an entry of its own.
            Kind::Annul(_) | Kind::Void(_) => None,
            Kind::Refusal(_)
            | Kind::Restock(_)
            | Kind::Waste(_)
            | Kind::Stocktake(_)
            | Kind::Transfer(_)
            | Kind::Accepted(_)
            | Kind::Clock(_)
            | Kind::Retire(_)
            | Kind::Began(_)
            | Kind::Unknown { .. } => None,
        }
    }

    /// What stands in a digest for this use of a ticket. A list and a product may share one: that costs a
    /// false alarm and hides nothing.
    pub fn key(self, ticket: TicketId) -> u64 {
        let place = |number: u16| u64::from(number) << 48 | ticket.as_i64().unsigned_abs();
        match self {
            Self::Passage(list) => place(list.0),
            Self::Serving(product) => !place(product.0),
        }
    }

    /// What stands in a digest for an entry, by its bytes.
    pub fn key_of_entry(bytes: &[u8]) -> Option<u64> {
        let (used, ticket) = Self::of(&Entry::from_bytes(bytes)?.kind)?;
        Some(used.key(ticket))
    }
}

/// The digest.
#[derive(Clone, Debug)]
pub struct Uses(Held);

#[derive(Clone, Debug)]
enum Held {
    Nothing,
    /// No filter could be made: everything may have been used.
    Everything,
    Filter(BinaryFuse16),
}

/// What a digest is beside its fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shape {
    /// Of the hash.
    #[n(0)]
    seed: u64,
    /// Fingerprints in a segment; 0 where everything may have been used.
    #[n(1)]
    segment: u32,
    /// Fingerprints in all segments but the last two.
    #[n(2)]
    segments: u32,
}

impl Uses {
    /// A digest that holds these keys, in any order and any number of times.
    pub fn of(mut keys: Vec<u64>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Self(Held::Nothing);
        }
        // Of distinct keys a filter is found at the first tries; a digest that knows nothing is never wrong.
        Self(BinaryFuse16::try_from(&keys).map_or(Held::Everything, Held::Filter))
    }

    /// Whether it holds this use of a ticket. It holds every use that it was made from.
    pub fn holds(&self, used: Use, ticket: TicketId) -> bool {
        match &self.0 {
            Held::Nothing => false,
            Held::Everything => true,
            Held::Filter(filter) => filter.contains(&used.key(ticket)),
        }
    }

    /// What travels: its shape, where it holds anything, and its fingerprints.
    pub fn to_parts(&self) -> (Option<Shape>, Vec<u8>) {
        match &self.0 {
            Held::Nothing => (None, Vec::new()),
            Held::Everything => (Some(Shape { seed: 0, segment: 0, segments: 0 }), Vec::new()),
            Held::Filter(BinaryFuse16 { descriptor, fingerprints }) => {
                let Descriptor { seed, segment_length, segment_count_length, .. } = *descriptor;
                let shape = Shape { seed, segment: segment_length, segments: segment_count_length };
                (Some(shape), fingerprints.iter().flat_map(|print| print.to_le_bytes()).collect())
            }
        }
    }

    /// The digest that was sent so; nothing where these are no digest's.
    pub fn from_parts(shape: Option<Shape>, fingerprints: &[u8]) -> Option<Self> {
        let Some(Shape { seed, segment, segments }) = shape else {
            return fingerprints.is_empty().then_some(Self(Held::Nothing));
        };
        if segment == 0 {
            return fingerprints.is_empty().then_some(Self(Held::Everything));
        }
        // A lookup reads within a segment of three that follow each other: it must not read beyond the last.
        let whole = segment.is_power_of_two() && segments.is_multiple_of(segment) && segments > 0;
        let length = segment.checked_mul(2)?.checked_add(segments)? as usize;
        if !whole || fingerprints.len() != length.checked_mul(FINGERPRINT)? {
            return None;
        }
        let descriptor = Descriptor {
            seed,
            segment_length: segment,
            segment_length_mask: segment - 1,
            segment_count_length: segments,
        };
        let prints = fingerprints.chunks_exact(FINGERPRINT).map(|print| u16::from_le_bytes([print[0], print[1]]));
        Some(Self(Held::Filter(BinaryFuse16 { descriptor, fingerprints: prints.collect() })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket(number: u64) -> TicketId {
        let [_, _, bytes @ ..] = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        TicketId::from_bytes(bytes)
    }

    fn used(number: u16, serving: bool) -> Use {
        if serving { Use::Serving(ProductId(number)) } else { Use::Passage(ListId(number)) }
    }

    fn carried(uses: &Uses) -> Uses {
        let (shape, prints) = uses.to_parts();
        Uses::from_parts(shape, &prints).expect("what was made can be read")
    }

    proptest! {
        #[test]
        fn what_was_used_is_always_held_also_where_it_was_sent(
            all in proptest::collection::vec((any::<u16>(), any::<bool>(), any::<[u8; 6]>()), 0..200)
        ) {
            let keys = all.iter().map(|(n, serving, id)| used(*n, *serving).key(TicketId::from_bytes(*id)));
            let uses = carried(&Uses::of(keys.collect()));
            for (number, serving, id) in all {
                prop_assert!(uses.holds(used(number, serving), TicketId::from_bytes(id)));
            }
        }

        #[test]
        fn no_bytes_make_a_digest_that_fails_when_it_is_asked(
            (seed, segment, segments) in (any::<u64>(), 0u32..70, 0u32..300),
            prints in proptest::collection::vec(any::<u8>(), 0..900),
            asked in any::<[u8; 6]>(),
        ) {
            let shape = Shape { seed, segment, segments };
            if let Some(uses) = Uses::from_parts(Some(shape), &prints) {
                uses.holds(Use::Passage(ListId(1)), TicketId::from_bytes(asked));
            }
        }
    }

    #[test]
    fn hundred_thousand_uses_are_held_in_the_bits_that_are_named_and_seldom_more_than_they() {
        let list = Use::Passage(ListId(1));
        let uses = Uses::of((0..100_000).map(|number| list.key(ticket(number))).collect());
        assert!((0..100_000).all(|number| uses.holds(list, ticket(number))));
        let alarms = (100_000..1_100_000).filter(|number| uses.holds(list, ticket(*number))).count() as u64;
        assert!(alarms < 3 * 1_000_000 / FALSE_ALARM_ONE_IN, "{alarms} of a million");
        let bits = uses.to_parts().1.len() * 8;
        assert!(bits <= 100_000 * (BITS_PER_USE + 2), "{bits} bits");
    }

    #[test]
    fn another_list_and_a_product_of_its_number_are_other_uses() {
        let uses = Uses::of(vec![Use::Passage(ListId(1)).key(ticket(7))]);
        let held = [Use::Passage(ListId(1)), Use::Passage(ListId(2)), Use::Serving(ProductId(1))]
            .map(|used| uses.holds(used, ticket(7)));
        assert_eq!(held, [true, false, false]);
    }

    #[test]
    fn of_nothing_it_holds_nothing_and_where_no_filter_was_found_everything() {
        assert!(!carried(&Uses::of(Vec::new())).holds(Use::Passage(ListId(1)), ticket(1)));
        assert!(carried(&Uses(Held::Everything)).holds(Use::Passage(ListId(1)), ticket(1)));
        assert!(Uses::from_parts(None, &[1, 2]).is_none());
    }
}
