//! Short codes that people type: which ticket they mean, and patience with those that mean none.
//!
//! They are looked up in the transaction that decides. A wrong one costs a try; tries come back
//! with time alone, so that guessing does not pay, whatever else is typed meanwhile, and somebody
//! who holds a wrong barcode under the scanner locks nobody out for long. Tries are counted in
//! memory: a restart gives them back, and 2⁴⁰ codes are not guessed by restarts.

use super::tx::Tx;
use super::{Fault, find, index};
use std::time::Duration;
use tidegate_core::decide::Shown;
use tidegate_core::ticket::spoken::Spoken;

/// Wrong short codes in a row: a coach whose order was cancelled.
const TRIES: u32 = 30;
/// How long until a try comes back: at this pace guessing one of 100 000 tickets takes most of a year.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// What somebody put in front of the device, before anything is looked up.
#[derive(Clone, Debug)]
pub enum Put {
    /// A code that was read, or a ticket that was found.
    Shown(Shown),
    /// A short code.
    Typed(Spoken),
}

/// Seconds to wait: too many short codes were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany(pub u32);

impl Put {
    /// What is decided about.
    pub fn shown(self, tx: &mut Tx<'_>) -> Result<Result<Shown, TooMany>, Fault> {
        match self {
            Self::Shown(shown) => Ok(Ok(shown)),
            Self::Typed(_) if !tx.memory.ready => Ok(Ok(Shown::Typed(Vec::new()))), // the law says `starting`
            Self::Typed(spoken) => {
                let uptime = tx.time.read().uptime;
                if let Some(wait) = tx.memory.wrong.wait(uptime) {
                    return Ok(Err(wait));
                }
                let tickets = find::spoken(tx.connection, spoken)?;
                // What may still come, or be indexed, is no wrong code.
                if tickets.is_empty() && tx.memory.start.place().is_none() && !index::lags(tx.connection)? {
                    tx.memory.wrong.add(uptime);
                }
                Ok(Ok(Shown::Typed(tickets)))
            }
        }
    }
}

/// Wrong short codes, as the time until all tries are back, on the clock of this boot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrong {
    all_back: Option<Duration>,
}

impl Wrong {
    fn wait(&self, uptime: Duration) -> Option<TooMany> {
        let left = self.all_back?.saturating_sub(uptime);
        let over = left.saturating_sub(TRY_AGAIN * (TRIES - 1));
        (!over.is_zero()).then(|| TooMany(over.as_secs() as u32 + 1)) // less than `TRY_AGAIN`
    }

    fn add(&mut self, uptime: Duration) {
        self.all_back = Some(self.all_back.map_or(uptime, |back| back.max(uptime)) + TRY_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_used_up_by_wrong_codes_and_come_back_with_time_alone() {
        let start = Duration::from_secs(1);
        let mut wrong = Wrong::default();
        for tried in 0..TRIES {
            assert_eq!(wrong.wait(start), None, "after {tried}");
            wrong.add(start);
        }
        let after = |seconds| wrong.wait(start + Duration::from_secs(seconds));
        assert_eq!(after(0), Some(TooMany(3)));
        assert_eq!(after(1), Some(TooMany(2)));
        assert_eq!(after(2), None);
        wrong.add(start + Duration::from_secs(2));
        assert!(wrong.wait(start + Duration::from_secs(3)).is_some(), "one try came back, not all");
        let rested = start + TRY_AGAIN * TRIES + Duration::from_secs(60);
        for tried in 0..TRIES {
            assert_eq!(wrong.wait(rested), None, "after a rest, and {tried}");
            wrong.add(rested);
        }
        assert!(wrong.wait(rested).is_some(), "a rest gives no more than all tries");
    }
}
