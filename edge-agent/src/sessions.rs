//! Who somebody is: a PIN or a badge, checked offline, with patience after failures.
//!
//! PINs are checked against verifiers that the feed brought, badges against the
//! feed's key that was pinned at enrolment. Failures slow the next try down,
//! durably and per person; they never stop a scan. A session of two minutes lets a
//! supervisor decide against the rule; it is a random token in memory, ends with a
//! restart, and with any change of its holder's row. It always takes a PIN: a
//! badge can be photographed.

use crate::store::identity::Enrolment;
use crate::store::{Fault, Store, pins};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tidegate_core::badge::{self, Badge, NotABadge};
use tidegate_core::catalogue::{Catalogue, Staff};
use tokio::sync::Semaphore;

/// How long a sign-in lasts: one difficult guest.
pub const SESSION: Duration = Duration::from_secs(120);
/// PINs looked at beside each other: each takes 19 MiB of a small board.
static HASHING: Semaphore = Semaphore::const_new(1);

/// Who somebody says they are.
pub enum Who {
    /// A sign-in name.
    Name(String),
    /// The text of a badge.
    Badge(String),
}

/// Why somebody was not signed in.
#[derive(Debug)]
pub enum SignIn {
    /// The name or the PIN is wrong.
    Wrong,
    /// Too many failures; try again after so many seconds.
    Wait(u32),
    /// Signed in, but may not decide against the rule.
    NoRight,
    /// The badge signs nobody in.
    Badge(NotABadge),
    /// The store failed.
    Failed(Fault),
}

impl From<Fault> for SignIn {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<NotABadge> for SignIn {
    fn from(reason: NotABadge) -> Self {
        Self::Badge(reason)
    }
}

/// Whose badge this is, and which of theirs.
pub fn by_badge(store: &Store, enrolment: &Enrolment, text: &str) -> Result<(Staff, u16), SignIn> {
    let badge: Badge = badge::read_scanned(&enrolment.feed_key, enrolment.event(), text)?;
    let holder = badge.holder(&store.memory().catalogue)?.clone();
    Ok((holder, badge.counter()))
}

/// Whose PIN this is.
pub async fn by_pin(store: &Store, enrolment: &Enrolment, who: Who, pin: String) -> Result<Staff, SignIn> {
    let name = match who {
        Who::Name(name) => name,
        Who::Badge(text) => by_badge(store, enrolment, &text)?.0.name,
    };
    if let Some(seconds) = pins::attempt(store, &name).await? {
        return Err(SignIn::Wait(seconds));
    }
    let staff = store.memory().catalogue.staff.get(&name).cloned();
    let hash = staff.as_ref().map_or_else(|| Staff::NO_PIN.to_owned(), |s| s.pin_hash.clone());
    let place = HASHING.acquire().await; // never closed
    let right = tokio::task::spawn_blocking(move || verifies(&hash, &pin)).await.unwrap_or(false);
    drop(place);
    let staff = staff.filter(|_| right).ok_or(SignIn::Wrong)?;
    pins::clear(store, &name).await?;
    Ok(staff)
}

fn verifies(hash: &str, pin: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}

struct Open {
    /// Their row when they signed in.
    staff: Staff,
    since: Instant,
}

impl Open {
    fn lasts(&self) -> bool {
        self.since.elapsed() < SESSION
    }
}

/// Supervisors signed in on this agent.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Open>>);

impl Sessions {
    /// Opens a session for somebody who may decide against the rule; gives its token.
    pub fn open(&self, staff: Staff) -> Result<String, SignIn> {
        if !staff.may_override {
            return Err(SignIn::NoRight);
        }
        let secret: [u8; 16] = rand::random();
        let token = data_encoding::HEXLOWER.encode(&secret);
        let mut sessions = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sessions.retain(|_, open| open.lasts());
        sessions.insert(token.clone(), Open { staff, since: Instant::now() });
        Ok(token)
    }

    /// The supervisor behind a session that is still open and whose row is still what it was:
    /// whoever lost the right, left, or has another PIN or badge signs in again.
    pub fn supervisor(&self, token: &str, catalogue: &Catalogue) -> Option<String> {
        let sessions = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let open = sessions.get(token).filter(|open| open.lasts())?;
        let stands = catalogue.staff.get(&open.staff.name) == Some(&open.staff);
        stands.then(|| open.staff.name.clone())
    }
}
