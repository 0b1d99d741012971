//! Scans that were refused or asked about lately, so that they can be decided again.
//!
//! A screen beside a camera is told answers, never codes. Whoever comes in after a question, or by
//! a supervisor, comes in by what they showed, and that is held here under the entry that recorded
//! the refusal. It is part of the state in memory, so that it is there once the answer is told and
//! gone with a transaction that failed; it is in no table, because a code is nothing to keep.

use super::replica::parse_entry;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::api::Direction;
use tidegate_core::decide::Shown;
use tidegate_core::id::{JournalId, ListId};
use tidegate_core::journal::EntryRef;

/// Scans held: with ten lanes in front of one screen, the last twenty-five of each.
const MOST: usize = 256;
/// How long one is held: until then the supervisor has come, or the guest has gone to the desk.
const HELD_FOR: Duration = Duration::from_secs(600);

/// A scan as it was made: who stood where. What was said about it is not kept.
#[derive(Clone)]
pub struct Seen {
    /// What was shown.
    pub shown: Shown,
    /// On which list.
    pub list: ListId,
    /// Which way.
    pub direction: Direction,
    /// The gate, where it was named.
    pub gate: Option<String>,
    /// Why somebody without a code was to be let in.
    pub reason: Option<String>,
}

struct Held {
    seen: Seen,
    entry: (JournalId, u64),
    /// On the clock of this boot.
    since: Duration,
}

impl Held {
    fn lasts(&self, uptime: Duration) -> bool {
        uptime.saturating_sub(self.since) < HELD_FOR
    }
}

/// The scans that are held, oldest first.
#[derive(Clone, Default)]
pub struct Recent(Arc<VecDeque<Arc<Held>>>);

impl Recent {
    /// Holds the scan that an entry refuses.
    pub fn hold(&mut self, entry: &EntryRef, seen: Seen, uptime: Duration) {
        let held = Arc::make_mut(&mut self.0);
        held.retain(|held| held.lasts(uptime));
        if held.len() == MOST {
            held.pop_front();
        }
        held.push_back(Arc::new(Held { seen, entry: (entry.journal, entry.sequence), since: uptime }));
    }

    /// The scan that an entry, `dev_…:incarnation:sequence`, refused.
    pub fn find(&self, entry: &str, uptime: Duration) -> Option<Seen> {
        let entry = parse_entry(entry)?;
        let held = self.0.iter().rev().find(|held| held.entry == entry && held.lasts(uptime))?;
        Some(held.seen.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::id::{DeviceId, TicketId};
    use tidegate_core::seal::Hash;

    const SECOND: Duration = Duration::from_secs(1);

    fn entry(sequence: u64) -> EntryRef {
        let journal = JournalId { device: DeviceId([1; 16]), incarnation: 0 };
        EntryRef { journal, sequence, hash: Hash([0; 32]) }
    }

    fn ticket(number: u8) -> TicketId {
        TicketId::from_bytes([number; 6])
    }

    fn hold(recent: &mut Recent, sequence: u64, ticket: TicketId, uptime: Duration) {
        let (list, direction) = (ListId(1), Direction::Entry);
        let seen = Seen { shown: Shown::Found(ticket), list, direction, gate: None, reason: None };
        recent.hold(&entry(sequence), seen, uptime);
    }

    #[test]
    fn a_scan_is_held_for_ten_minutes_and_while_it_is_among_the_newest() {
        let start = SECOND;
        let mut recent = Recent::default();
        hold(&mut recent, 1, ticket(1), start);
        let check = |recent: &Recent, sequence, after: Duration, expect: bool| {
            let found = recent.find(&entry(sequence).to_string(), start + after).is_some();
            assert_eq!(found, expect, "{sequence} after {after:?}");
        };
        check(&recent, 1, Duration::ZERO, true);
        check(&recent, 1, HELD_FOR - SECOND, true);
        check(&recent, 1, HELD_FOR, false);
        check(&recent, 2, Duration::ZERO, false);
        (2..=MOST as u64).for_each(|sequence| hold(&mut recent, sequence, ticket(2), start));
        check(&recent, 1, Duration::ZERO, true);
        hold(&mut recent, MOST as u64 + 1, ticket(2), start);
        check(&recent, 1, Duration::ZERO, false);
        check(&recent, 2, Duration::ZERO, true);
        hold(&mut recent, 999, ticket(3), start + HELD_FOR);
        assert_eq!(recent.0.len(), 1, "what is too old makes room");
    }

    #[test]
    fn only_the_name_of_an_entry_finds_it() {
        let now = SECOND;
        let mut recent = Recent::default();
        hold(&mut recent, 7, ticket(7), now);
        let found = recent.find(&entry(7).to_string(), now).expect("held");
        assert_eq!(found.shown, Shown::Found(ticket(7)));
        for other in ["", "7", ":7", "dev_:0:7", &entry(8).to_string(), &format!("{}0", entry(7))] {
            assert!(recent.find(other, now).is_none(), "{other}");
        }
    }
}
