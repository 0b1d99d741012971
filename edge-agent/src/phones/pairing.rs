//! One-time codes by which a phone becomes a lane.
//!
//! Keeps true: a code is good once and for ten minutes, and is gone with a restart; only hashes are held, and every
//! try looks at all of them, so that a code that was used costs what a wrong one does; tries are bounded by address
//! and in all. Time enters as an argument.

use crate::store::phones::Purpose;
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// How long a code is good: a walk to the other gate.
pub const GOOD_FOR: Duration = Duration::from_secs(600);
/// Bytes of chance in a code: 80 bits are not guessed in ten minutes.
const CODE_BYTES: usize = 10;
/// Codes that wait at once; beyond them the oldest is good no more.
const MAX_WAITING: usize = 32;
/// Tries from one address within [`WINDOW`]: a code that was mistyped, and again.
const TRIES_OF_ONE: usize = 10;
/// Tries from all addresses within it: every phone of a crew pairs in the same minute.
const TRIES: usize = 60;
/// How long a try counts.
const WINDOW: Duration = Duration::from_secs(60);

/// Codes that wait for their phones, and who tried.
#[derive(Debug, Default)]
pub struct Pairing {
    waiting: VecDeque<Waiting>,
    tries: VecDeque<(Instant, IpAddr)>,
}

#[derive(Debug)]
struct Waiting {
    hash: [u8; 32],
    purpose: Purpose,
    until: Instant,
}

/// Why a code pairs nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPaired {
    /// It was never made, was used, or is too old.
    WrongCode,
    /// Too many tries; wait so long.
    Wait(Duration),
}

impl Pairing {
    /// Makes a code for a phone that will be for this; one that was made for the same name is good no more.
    pub fn invite(&mut self, purpose: Purpose, now: Instant) -> String {
        let secret: [u8; CODE_BYTES] = rand::random();
        let code = BASE32_NOPAD.encode(&secret);
        self.waiting.retain(|waiting| waiting.until > now && waiting.purpose.name != purpose.name);
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { hash: hash(&code), purpose, until: now + GOOD_FOR });
        code
    }

    /// Names that are promised to phones which are still to come.
    pub fn promised(&self, now: Instant) -> impl Iterator<Item = &str> {
        self.waiting.iter().filter(move |waiting| waiting.until > now).map(|waiting| waiting.purpose.name.as_str())
    }

    /// Uses a code.
    pub fn redeem(&mut self, code: &str, from: IpAddr, now: Instant) -> Result<Purpose, NotPaired> {
        self.note_try(from, now)?;
        let hash = hash(code.trim());
        let found = self.waiting.iter().enumerate().fold(None, |found, (at, waiting)| {
            let good = bool::from(waiting.hash.ct_eq(&hash)) && waiting.until > now;
            if good { Some(at) } else { found }
        });
        let used = found.and_then(|at| self.waiting.remove(at));
        used.map(|waiting| waiting.purpose).ok_or(NotPaired::WrongCode)
    }

    fn note_try(&mut self, from: IpAddr, now: Instant) -> Result<(), NotPaired> {
        self.tries.retain(|(at, _)| now.saturating_duration_since(*at) < WINDOW);
        let own = self.tries.iter().filter(|(_, address)| *address == from);
        let oldest = match (own.clone().count() >= TRIES_OF_ONE, self.tries.len() >= TRIES) {
            (true, _) => own.map(|(at, _)| *at).next(),
            (false, true) => self.tries.front().map(|(at, _)| *at),
            (false, false) => None,
        };
        if let Some(oldest) = oldest {
            return Err(NotPaired::Wait(WINDOW.saturating_sub(now.saturating_duration_since(oldest))));
        }
        self.tries.push_back((now, from));
        Ok(())
    }
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose(name: &str) -> Purpose {
        Purpose { name: name.to_owned(), ..Purpose::default() }
    }

    fn from(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn a_code_is_good_once_and_for_ten_minutes() {
        let now = Instant::now();
        let mut pairing = Pairing::default();
        let (first, second) = (pairing.invite(purpose("A"), now), pairing.invite(purpose("B"), now));
        assert!(first.len() >= 16 && first != second, "80 bits in base 32");
        assert_eq!(pairing.redeem(&first, from(1), now), Ok(purpose("A")));
        assert_eq!(pairing.redeem(&first, from(1), now), Err(NotPaired::WrongCode));
        let third = pairing.invite(purpose("B"), now);
        assert_eq!(
            pairing.redeem(&second, from(1), now),
            Err(NotPaired::WrongCode),
            "another was made for its name"
        );
        let late = now + GOOD_FOR;
        assert_eq!(pairing.redeem(&third, from(1), late), Err(NotPaired::WrongCode));
    }

    #[test]
    fn tries_are_bounded_by_address_and_in_all() {
        let now = Instant::now();
        let mut pairing = Pairing::default();
        let code = pairing.invite(purpose("A"), now);
        for _ in 0..TRIES_OF_ONE {
            assert_eq!(pairing.redeem("wrong", from(1), now), Err(NotPaired::WrongCode));
        }
        assert_eq!(
            pairing.redeem(&code, from(1), now),
            Err(NotPaired::Wait(WINDOW)),
            "not even with the right one"
        );
        for other in 2..=51 {
            assert_eq!(pairing.redeem("wrong", from(other), now), Err(NotPaired::WrongCode));
        }
        assert_eq!(pairing.redeem("wrong", from(99), now), Err(NotPaired::Wait(WINDOW)));
        assert_eq!(pairing.redeem(&code, from(1), now + WINDOW), Ok(purpose("A")));
    }

    #[test]
    fn no_more_codes_wait_than_their_limit_and_the_oldest_makes_room() {
        let now = Instant::now();
        let mut pairing = Pairing::default();
        let codes: Vec<String> = (0..=MAX_WAITING).map(|n| pairing.invite(purpose(&n.to_string()), now)).collect();
        assert_eq!(pairing.redeem(&codes[0], from(1), now), Err(NotPaired::WrongCode));
        assert_eq!(pairing.redeem(&codes[1], from(1), now), Ok(purpose("1")));
        assert_eq!(pairing.promised(now).count(), MAX_WAITING - 1);
    }
}
