//! Exposure: what may go wrong while devices cannot talk, bounded and as numbers.
//!
//! Nobody can promise that a copied code never enters at two doors that cannot
//! hear each other. A [`Policy`] says how far a device of a role goes on alone;
//! [`Reach`] is how far it stands from the others when it decides; [`Worst`] is
//! what could have happened by now, and what could if the lines went down now.

mod worst;

use crate::time::SECOND_US;
use crate::trial::{Bug, planted};
use crate::trust::Role;
pub use worst::{Other, Worst};

use minicbor::{Decode, Encode};

/// A device that has heard nobody for this long is cut off, microseconds: long after a push, and
/// several tries of a link that comes and goes.
pub const CUT_OFF_US: i64 = 15 * SECOND_US;

/// What devices of a role may do cut off; a limit that is absent does not bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Policy {
    /// Of which role.
    #[n(0)]
    pub role: Role,
    /// The oldest signed cloud time on which anybody is admitted or served, seconds.
    #[n(1)]
    pub oldest_update_s: Option<u32>,
    /// Admissions that nobody else knows of, at which the screen warns.
    #[n(2)]
    pub unverified_soft: Option<u32>,
    /// Admissions that nobody else knows of, at which the device admits nobody more.
    #[n(3)]
    pub unverified_hard: Option<u32>,
    /// The part of a known balance that a device which is cut off may serve, percent, rounded down: at
    /// 50, two of them never serve together what is not there.
    #[n(4)]
    pub share_percent: Option<u8>,
    /// Whether rights may be used after a start before anybody has confirmed that nothing was lost.
    #[n(5)]
    #[cbor(default)]
    pub before_confirmed: bool,
}

impl Policy {
    /// No limits.
    pub fn unlimited(role: Role) -> Self {
        let (oldest_update_s, unverified_soft, unverified_hard, share_percent) = (None, None, None, None);
        Self { role, oldest_update_s, unverified_soft, unverified_hard, share_percent, before_confirmed: false }
    }
}

/// Whether a device may use the rights that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usable {
    /// It may.
    #[default]
    Yes,
    /// Nobody has said since the start that no later entry of this device is known.
    Unconfirmed,
    /// Nobody was heard for so long that the rights went back.
    LeaseEnded,
    /// The office has withdrawn the device: it may do nothing more.
    Withdrawn,
}

/// How far the deciding device stands from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether nobody was heard for [`CUT_OFF_US`].
    pub cut_off: bool,
    /// The last own entry that somebody else is known to have.
    pub shared: u64,
    /// Own admissions after it.
    pub unverified: u64,
    /// The age of the newest signed cloud time, microseconds; absent where none was seen.
    pub update_age_us: Option<i64>,
    /// Whether rights may be used.
    pub usable: Usable,
    /// What may be done.
    pub policy: Policy,
}

impl Reach {
    /// In touch with everybody, and nothing limited.
    pub fn whole(role: Role) -> Self {
        let policy = Policy::unlimited(role);
        Self {
            cut_off: false,
            shared: u64::MAX,
            unverified: 0,
            update_age_us: Some(0),
            usable: Usable::Yes,
            policy,
        }
    }

    /// The limit that stands against anything done with a ticket.
    pub fn too_old(&self) -> Option<Limit> {
        let oldest_us = i64::from(self.policy.oldest_update_s?) * SECOND_US;
        let age = self.update_age_us.unwrap_or(i64::MAX);
        (age > oldest_us && !planted(Bug::OldWord)).then_some(Limit::Update { age_us: self.update_age_us })
    }

    /// The limit that stands against one more admission.
    pub fn too_many(&self) -> Option<Limit> {
        let hard = u64::from(self.policy.unverified_hard?);
        (self.cut_off && self.unverified >= hard && !planted(Bug::AloneUnlimited))
            .then_some(Limit::Unverified { count: self.unverified })
    }

    /// The limit that stands against serving `units` of a balance of which `left` is left here and `alone`
    /// was served by this device without anybody knowing.
    pub fn share(&self, left: i64, alone: i64, units: i64) -> Option<Limit> {
        let percent = i64::from(self.policy.share_percent?.min(100));
        let allowed = (left + alone) * percent / 100;
        (self.cut_off && alone + units > allowed && !planted(Bug::AloneServesAll))
            .then_some(Limit::Share { allowed, alone })
    }

    /// The limit that stands against using rights.
    pub fn rights(&self) -> Option<Limit> {
        match self.usable {
            Usable::Yes => None,
            Usable::Unconfirmed if self.policy.before_confirmed => None,
            Usable::Unconfirmed => Some(Limit::Unconfirmed),
            Usable::LeaseEnded => Some(Limit::LeaseEnded),
            Usable::Withdrawn => Some(Limit::Withdrawn),
        }
    }

    /// The limit that stands against everything, whoever decides.
    pub fn withdrawn(&self) -> Option<Limit> {
        (self.usable == Usable::Withdrawn).then_some(Limit::Withdrawn)
    }
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The newest update is too old.
    Update {
        /// Its age, microseconds; absent where there was none.
        age_us: Option<i64>,
    },
    /// Too many admissions that nobody else knows of.
    Unverified {
        /// How many.
        count: u64,
    },
    /// More than the share of the balance that a device may serve cut off.
    Share {
        /// Units that it may serve of what it knew.
        allowed: i64,
        /// Units that it has served of them.
        alone: i64,
    },
    /// Rights are not confirmed since the start.
    Unconfirmed,
    /// The lease of the rights has ended.
    LeaseEnded,
    /// The office has withdrawn the device.
    Withdrawn,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(policy: Policy) -> Reach {
        Reach { cut_off: true, policy, ..Reach::whole(Role::Bar) }
    }

    #[test]
    fn a_share_of_half_never_lets_two_bars_serve_together_what_is_not_there() {
        let reach = reach(Policy { share_percent: Some(50), ..Policy::unlimited(Role::Bar) });
        for balance in 0..20 {
            let (mut left, mut alone) = (balance, 0);
            while reach.share(left, alone, 1).is_none() {
                (left, alone) = (left - 1, alone + 1);
            }
            assert!(alone * 2 <= balance, "{balance}");
        }
        let online = Reach { cut_off: false, ..reach };
        assert_eq!(online.share(1, 9, 1), None);
    }

    #[test]
    fn each_limit_binds_at_its_number_and_none_where_it_is_absent() {
        let free = reach(Policy::unlimited(Role::Gate));
        assert_eq!((free.too_old(), free.too_many(), free.share(0, 9, 9)), (None, None, None));
        let policy = Policy { oldest_update_s: Some(60), unverified_hard: Some(3), ..free.policy };
        let at = |age_s: i64, unverified| {
            let reach = Reach { update_age_us: Some(age_s * SECOND_US), unverified, ..reach(policy) };
            (reach.too_old().is_some(), reach.too_many().is_some())
        };
        assert_eq!((at(60, 2), at(61, 3)), ((false, false), (true, true)));
        let never = Reach { update_age_us: None, ..reach(policy) };
        assert_eq!(never.too_old(), Some(Limit::Update { age_us: None }));
    }

    #[test]
    fn rights_wait_for_a_confirmation_unless_the_policy_says_otherwise() {
        let unconfirmed = Reach { usable: Usable::Unconfirmed, ..Reach::whole(Role::Bar) };
        assert_eq!(unconfirmed.rights(), Some(Limit::Unconfirmed));
        let policy = Policy { before_confirmed: true, ..unconfirmed.policy };
        assert_eq!(Reach { policy, ..unconfirmed }.rights(), None);
        let ended = Reach { usable: Usable::LeaseEnded, policy, ..unconfirmed };
        assert_eq!(ended.rights(), Some(Limit::LeaseEnded));
    }
}
