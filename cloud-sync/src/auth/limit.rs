//! Slows down guessing: a bucket of failed attempts for each address.
//!
//! Only failures cost; whoever knows the secret is never slowed down by others
//! who do not. Secrets here have 80 bits and more: this protects the log and the
//! database, not the secrets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use tidegate_core::time::{SECOND_US, Timestamp};

/// Failures in a row: a person with a wrong code, or a script with an old token, several times over.
const BURST: f64 = 30.0;
/// Failures a second that are answered after that.
const REFILL_PER_S: f64 = 0.5;
/// Addresses remembered; beyond it full buckets are forgotten, then all.
const MAX_ADDRESSES: usize = 10_000;

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// Failed attempts by address.
#[derive(Default)]
pub struct Limiter {
    buckets: Mutex<HashMap<Option<IpAddr>, Bucket>>,
}

impl Limiter {
    /// Notes a failure; `Err` with the seconds to wait where there were too many.
    pub fn spend(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_ADDRESSES {
            buckets.retain(|_, bucket| filled(*bucket, now) < BURST);
            if buckets.len() >= MAX_ADDRESSES {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: BURST, at: now });
        *bucket = Bucket { left: filled(*bucket, now), at: now };
        if bucket.left < 1.0 {
            return Err(((1.0 - bucket.left) / REFILL_PER_S).ceil() as u32);
        }
        bucket.left -= 1.0;
        Ok(())
    }
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
        let (limiter, start) = (Limiter::default(), Timestamp::from_secs(1_000));
        let failures = (0..100).filter(|_| limiter.spend(None, start).is_ok()).count();
        assert_eq!(failures, BURST as usize);
        assert_eq!(limiter.spend(None, start), Err(2));
        assert!(limiter.spend(None, start.plus_secs(2)).is_ok());
        let other = Some(IpAddr::from([127, 0, 0, 1]));
        assert!(limiter.spend(other, start).is_ok());
    }
}
