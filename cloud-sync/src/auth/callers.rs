//! Callers that asked a moment ago: a busy desk does not read its token for every scan.
//!
//! They are found by the hash of their token alone. Tokens are never changed; one that is
//! taken out of the database is forgotten here within [`KNOWN_FOR_S`].

use super::Caller;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tidegate_core::time::{SECOND_US, Timestamp};

/// How long a caller is known without asking: many scans, and no time in which somebody waits for a token to be
/// taken away.
const KNOWN_FOR_S: i64 = 2;
/// Callers remembered; beyond it those whose time is over are forgotten, then all.
const MAX_CALLERS: usize = 10_000;

/// Who asked a moment ago.
#[derive(Default)]
pub struct Callers(Mutex<HashMap<[u8; 32], (Timestamp, Caller)>>);

impl Callers {
    /// The caller with this hash of a token, where they asked a moment ago.
    pub(super) fn known(&self, hash: &[u8; 32], now: Timestamp) -> Option<Caller> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(hash).filter(|(since, _)| is_fresh(*since, now)).map(|(_, caller)| caller.clone())
    }

    /// Remembers somebody who was just read.
    pub(super) fn note(&self, hash: [u8; 32], caller: &Caller, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_CALLERS {
            all.retain(|_, (since, _)| is_fresh(*since, now));
        }
        if all.len() >= MAX_CALLERS {
            all.clear();
        }
        all.insert(hash, (now, caller.clone()));
    }
}

/// A clock that was set back makes nobody known for longer.
fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    (0..KNOWN_FOR_S * SECOND_US).contains(&now.since_us(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;

    #[test]
    fn a_caller_is_known_for_two_seconds_and_never_before_they_came() {
        let (callers, came) = (Callers::default(), Timestamp::from_secs(1_000));
        let caller = Caller {
            token: "tok_1".into(),
            name: "Desk".into(),
            role: Role::Employee,
            organizer: Some("org_1".into()),
        };
        callers.note([7; 32], &caller, came);
        let check = |hash: u8, after_us: i64, expect: bool| {
            assert_eq!(callers.known(&[hash; 32], came.plus_us(after_us)).is_some(), expect, "{hash} {after_us}");
        };
        check(7, 0, true);
        check(7, KNOWN_FOR_S * SECOND_US - 1, true);
        check(7, KNOWN_FOR_S * SECOND_US, false);
        check(7, -1, false);
        check(8, 0, false);
    }
}
