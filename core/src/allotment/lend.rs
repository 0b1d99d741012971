//! Who asks for rights, how many, and who gives.
//!
//! A device asks before it needs: when what it has left falls under what it would
//! use in the next minutes. Whoever is asked keeps what it will need itself; the
//! last units go where they are used, once more than one was wanted there: until
//! then they stay where the office put them. A device that has none asks for one
//! at least, and gets one from anybody who has one to spare.

use crate::id::JournalId;
use crate::journal::kind::{Resource, WantId};
use crate::seal::{Domain, Hash};
use crate::sync::Head;
use crate::time::SECOND_US;
use minicbor::{Decode, Encode};

/// How far ahead a device provides for, microseconds: a link that comes and goes is back within minutes.
pub const AHEAD_US: i64 = 5 * 60 * SECOND_US;
/// Over how long use is measured, microseconds: long enough to be a rate, short enough to follow a rush.
pub const MEASURED_US: i64 = 10 * 60 * SECOND_US;
/// Resources asked for in one exchange: every product of a large bar.
pub const MAX_WANTS: usize = 256;

/// A request for rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Want {
    /// Gets at most one transfer from whoever is asked.
    #[n(0)]
    pub id: WantId,
    /// To what.
    #[n(1)]
    pub of: Resource,
    /// How many units.
    #[n(2)]
    pub units: u32,
    /// What the asker used in the last [`MEASURED_US`], units.
    #[n(3)]
    pub used: u32,
    /// What the asker has left.
    #[n(4)]
    pub left: u32,
}

/// What a device used lately and has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Units used in the last [`MEASURED_US`].
    pub used: u32,
    /// Units left; below zero where it is short.
    pub left: i64,
}

impl Pace {
    /// Units that it will use in the time it provides for, one at least.
    pub fn low_water(self) -> i64 {
        ahead(self.used).max(1)
    }
}

/// What will be used in the time that is provided for, by what was used lately. One use is no pace.
fn ahead(used: u32) -> i64 {
    i64::from(used) * AHEAD_US / MEASURED_US
}

/// What a device asks for, if anything: twice what it provides for.
///
/// `head` is the end of its `journal`: the same request is named alike however often it is sent, and no two devices name
/// theirs alike, also where neither has written anything.
pub fn want(of: Resource, pace: Pace, journal: JournalId, head: Option<&Head>) -> Option<Want> {
    let low = pace.low_water();
    if pace.left >= low {
        return None;
    }
    let units = u32::try_from((2 * low - pace.left).max(1)).unwrap_or(u32::MAX);
    let left = u32::try_from(pace.left.max(0)).unwrap_or(u32::MAX);
    Some(Want { id: name(of, units, journal, head), of, units, used: pace.used, left })
}

fn name(of: Resource, units: u32, journal: JournalId, head: Option<&Head>) -> WantId {
    let (sequence, Hash(end)) = head.map_or((0, Hash([0; 32])), |head| (head.sequence, head.hash));
    let JournalId { device, incarnation } = journal;
    let by = [&device.0[..], &incarnation.to_be_bytes()].concat();
    let Hash(hash) = Domain::Want.hash(&[&of_bytes(of), &units.to_be_bytes(), &by, &sequence.to_be_bytes(), &end]);
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    WantId(id)
}

/// What a device with this pace gives. To whoever will use more it gives whatever it does not use
/// itself; where both do, what is beyond its own needs, or the part of the last units by which both
/// last equally long. Whoever has used one at most gets what leaves one here.
pub fn give(want: &Want, pace: Pace) -> u32 {
    let asked = i64::from(want.units);
    let beyond = pace.left - pace.low_water();
    let units = match (want.used > 0, pace.used > 0) {
        (true, true) => beyond.max(fair(want, pace)),
        (true, false) if ahead(want.used) > 0 => pace.left,
        (true, false) | (false, _) => beyond,
    };
    pay(asked, units.min(pace.left))
}

/// The part of what both have left that lasts both equally long, less what the asker has.
fn fair(want: &Want, pace: Pace) -> i64 {
    let (theirs, ours, has) = (i128::from(want.used), i128::from(pace.used), i128::from(want.left));
    let part = (i128::from(pace.left) + has) * theirs / (theirs + ours) - has;
    i64::try_from(part).unwrap_or(0) // it is less than all there is
}

/// What to pay of what is owed, or asked of somebody who uses nothing: all that is left, if need be.
pub fn pay(owed: i64, left: i64) -> u32 {
    u32::try_from(owed.min(left).max(0)).unwrap_or(u32::MAX)
}

fn of_bytes(of: Resource) -> Vec<u8> {
    crate::trust::to_cbor(&of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DeviceId, ProductId};

    const BEER: Resource = Resource::Product(ProductId(1));

    fn journal(number: u8) -> JournalId {
        JournalId { device: DeviceId([number; 16]), incarnation: 1 }
    }

    fn asked(used: u32, left: i64) -> Option<u32> {
        want(BEER, Pace { used, left }, journal(1), None).map(|want| want.units)
    }

    #[test]
    fn a_device_asks_before_it_needs_and_whoever_has_none_asks_for_some() {
        assert_eq!((asked(0, 1), asked(0, 0), asked(0, -3)), (None, Some(2), Some(5)));
        assert_eq!((asked(40, 20), asked(40, 19)), (None, Some(21)));
    }

    #[test]
    fn the_same_request_has_the_same_name_until_the_journal_goes_on() {
        let head = |sequence| Head { sequence, hash: Hash([sequence as u8; 32]) };
        let id = |sequence| {
            want(BEER, Pace { used: 1, left: 0 }, journal(1), Some(&head(sequence))).map(|want| want.id)
        };
        let fresh = |by| want(BEER, Pace { used: 1, left: 0 }, journal(by), None).map(|want| want.id);
        assert_ne!(fresh(1), fresh(2), "neither has written anything");
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
    }

    #[test]
    fn the_last_units_go_where_they_are_used() {
        let check = |(used, left): (u32, i64), (ours, here): (u32, i64), expect: u32| {
            let want = want(BEER, Pace { used, left }, journal(1), None).unwrap();
            assert_eq!(give(&want, Pace { used: ours, left: here }), expect, "{used} {left} {ours} {here}");
        };
        check((10, 0), (0, 1), 1); // one idle unit goes to who sells
        check((2, 0), (0, 1), 1);
        check((1, 0), (0, 1), 0); // not to who sold the one that it was given
        check((1, 0), (0, 2), 1);
        check((0, 0), (0, 1), 0); // and not to and fro between two who do not
        check((0, 0), (0, 9), 2);
        check((10, 0), (10, 100), 10);
        check((10, 0), (10, 6), 3); // the last six last both equally long
        check((30, 0), (10, 6), 4);
        check((0, 0), (10, 5), 0); // who sells keeps what it will sell
        check((10, 0), (10, 0), 0);
        check((10, 0), (10, -5), 0);
        check((u32::MAX, 0), (1, i64::from(u32::MAX) * 4), u32::MAX - 1); // whatever somebody says of itself
    }

    #[test]
    fn a_deficit_is_paid_with_what_there_is() {
        assert_eq!((pay(5, 3), pay(2, 3), pay(2, -3)), (3, 2, 0));
    }
}
