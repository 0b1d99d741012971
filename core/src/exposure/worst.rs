//! The worst that could have happened, from what is known of who knows what.
//!
//! Every device that may admit or serve is taken for an island of its own, as far as it is not known
//! to have our entries: it may have admitted each of them once too. That is an upper bound, and it
//! falls to nothing the moment everybody has said that they have everything. What lies ahead is bounded
//! by what each device may do alone: by rights, by the limits of its role, by tickets that are left.

use super::Policy;

/// Somebody else who may admit or serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    /// Whether it may admit.
    pub admits: bool,
    /// Whether it may serve.
    pub serves: bool,
    /// Whether it was heard lately.
    pub heard: bool,
    /// Our admissions that it is not known to have.
    pub admissions: u64,
    /// Units that we served and that it is not known to have.
    pub units: u64,
    /// Places that it may fill alone; absent where none are counted.
    pub room: Option<u64>,
    /// Units that it may serve alone.
    pub stock: u64,
    /// What it may do cut off.
    pub policy: Policy,
}

/// What could have gone wrong, as numbers that a screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worst {
    /// Own entries that stand on this disk alone.
    pub unsynced: u64,
    /// Admissions here that a door which cannot hear us may have admitted too.
    pub double_entries: u64,
    /// Units served here that a bar which cannot hear us may have served too.
    pub double_servings: u64,
    /// Devices of the roster that cannot be heard.
    pub unheard: u64,
    /// Tickets that could still be admitted at each door, if the lines went down now.
    pub entries_ahead: u64,
    /// Units of credit that could still be served at each bar, if the lines went down now.
    pub servings_ahead: u64,
}

impl Worst {
    /// With `unsynced` entries on this disk alone, and `open` tickets that nobody here knows to be used up.
    /// `own` is what this device may serve cut off, where it serves.
    pub fn of(unsynced: u64, open: u64, own: Option<Policy>, others: &[Other]) -> Self {
        let doors = || others.iter().filter(|other| other.admits);
        let bars = || others.iter().filter(|other| other.serves);
        Self {
            unsynced,
            double_entries: doors().map(|door| door.admissions).sum(),
            double_servings: bars().map(|bar| bar.units).sum(),
            unheard: others.iter().filter(|other| !other.heard).count() as u64,
            entries_ahead: doors().map(|door| entries_ahead(door, open)).max().unwrap_or(0),
            servings_ahead: match shared_out(own, others) {
                true => 0,
                false => bars().map(|bar| bar.stock).max().unwrap_or(0),
            },
        }
    }
}

fn entries_ahead(door: &Other, open: u64) -> u64 {
    let hard = door.policy.unverified_hard.map_or(u64::MAX, u64::from);
    open.min(door.room.unwrap_or(u64::MAX)).min(hard)
}

/// Whether all bars together, cut off, serve no more of a balance than there is.
fn shared_out(own: Option<Policy>, others: &[Other]) -> bool {
    let policies = others.iter().filter(|other| other.serves).map(|bar| bar.policy).chain(own);
    let shares = policies.map(|policy| u64::from(policy.share_percent.unwrap_or(u8::MAX)));
    shares.sum::<u64>() <= 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Role;

    fn other(admits: bool, serves: bool) -> Other {
        let policy = Policy::unlimited(Role::Supervisor);
        Other { admits, serves, heard: true, admissions: 0, units: 0, room: None, stock: 0, policy }
    }

    #[test]
    fn each_door_that_lacks_an_admission_may_have_admitted_it_once() {
        let door = |admissions, heard| Other { admissions, heard, ..other(true, false) };
        let check = |doors: &[Other], expect: (u64, u64)| {
            let worst = Worst::of(0, 0, None, doors);
            assert_eq!((worst.double_entries, worst.unheard), expect, "{doors:?}");
        };
        check(&[], (0, 0));
        check(&[door(0, true), door(0, true)], (0, 0));
        check(&[door(7, false), door(0, true)], (7, 1));
        check(&[door(7, false), door(4, false)], (11, 2));
        check(&[Other { units: 9, ..other(false, true) }], (0, 0)); // a bar admits nobody
    }

    #[test]
    fn what_lies_ahead_is_bounded_by_tickets_rooms_and_the_limits_of_each_door() {
        let limited = |hard| Policy { unverified_hard: Some(hard), ..Policy::unlimited(Role::Gate) };
        let check = |doors: &[Other], expect: u64| {
            assert_eq!(Worst::of(0, 500, None, doors).entries_ahead, expect, "{doors:?}");
        };
        check(&[], 0);
        check(&[other(false, true)], 0);
        check(&[other(true, false)], 500);
        check(&[Other { room: Some(30), ..other(true, false) }], 30);
        check(&[Other { policy: limited(20), ..other(true, false) }], 20);
        check(
            &[Other { policy: limited(20), ..other(true, false) }, Other { room: Some(40), ..other(true, false) }],
            40,
        );
    }

    #[test]
    fn bars_that_share_a_balance_out_have_nothing_ahead_and_others_what_stock_they_hold() {
        let bar = |percent, stock| {
            let policy = Policy { share_percent: percent, ..Policy::unlimited(Role::Bar) };
            Other { policy, stock, ..other(false, true) }
        };
        let share = |percent| Some(Policy { share_percent: percent, ..Policy::unlimited(Role::Bar) });
        let check = |own: Option<Policy>, bars: &[Other], expect: u64| {
            assert_eq!(Worst::of(0, 0, own, bars).servings_ahead, expect, "{own:?} {bars:?}");
        };
        check(share(None), &[bar(None, 12), bar(None, 40)], 40);
        check(share(Some(50)), &[bar(Some(50), 40)], 0);
        check(share(Some(50)), &[bar(Some(50), 12), bar(Some(50), 40)], 40); // three halves
        check(share(Some(33)), &[bar(Some(33), 12), bar(Some(33), 40)], 0);
        check(None, &[bar(Some(100), 40)], 0); // one alone
    }
}
