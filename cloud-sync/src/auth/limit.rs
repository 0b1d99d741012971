//! Slows down guessing: a bucket of failed attempts for each address or token.
//!
//! Only failures cost. Tokens and one-time codes have 80 bits and more: there this
//! protects the log and the database, and whoever knows the secret is never slowed
//! down by others who do not. Short codes have forty bits: before one is looked
//! up, [`Limiter::wait`] is asked, so that a full bucket answers no guess.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use tidegate_core::time::{SECOND_US, Timestamp};

/// Failures in a row: a person with a wrong code, or a script with an old token, several times over.
const BURST: f64 = 30.0;
/// Failures a second that are answered after that.
const REFILL_PER_S: f64 = 0.5;
/// Addresses or tokens remembered; beyond it full buckets are forgotten, then all.
const MAX_BUCKETS: usize = 10_000;

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// Failed attempts, by address unless said otherwise.
pub struct Limiter<By = Option<IpAddr>> {
    buckets: Mutex<HashMap<By, Bucket>>,
}

impl<By> Default for Limiter<By> {
    fn default() -> Self {
        Self { buckets: Mutex::default() }
    }
}

impl<By: Eq + Hash> Limiter<By> {
    /// `Err` with the seconds to wait where there were too many failures.
    pub fn wait(&self, by: &By, now: Timestamp) -> Result<(), u32> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        match buckets.get(by).map(|bucket| filled(*bucket, now)) {
            Some(left) if left < 1.0 => Err(seconds_until_one(left)),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes a failure; `Err` with the seconds to wait where there were too many.
    pub fn spend(&self, by: By, now: Timestamp) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| filled(*bucket, now) < BURST);
            if buckets.len() >= MAX_BUCKETS {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(by).or_insert(Bucket { left: BURST, at: now });
        *bucket = Bucket { left: filled(*bucket, now), at: now };
        if bucket.left < 1.0 {
            return Err(seconds_until_one(bucket.left));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

fn seconds_until_one(left: f64) -> u32 {
    ((1.0 - left) / REFILL_PER_S).ceil() as u32
}

fn filled(bucket: Bucket, now: Timestamp) -> f64 {
    let seconds = now.since_us(bucket.at).max(0) as f64 / SECOND_US as f64;
    (bucket.left + seconds * REFILL_PER_S).min(BURST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_run_out_and_come_back_with_time() {
        let (limiter, start): (Limiter, _) = (Limiter::default(), Timestamp::from_secs(1_000));
        let failures = (0..100).filter(|_| limiter.spend(None, start).is_ok()).count();
        assert_eq!(failures, BURST as usize);
        assert_eq!((limiter.spend(None, start), limiter.wait(&None, start)), (Err(2), Err(2)));
        assert!(limiter.wait(&None, start.plus_secs(2)).is_ok());
        assert!(limiter.spend(None, start.plus_secs(2)).is_ok());
        let other = Some(IpAddr::from([127, 0, 0, 1]));
        assert!(limiter.spend(other, start).is_ok());
    }
}
