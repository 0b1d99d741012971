//! Supervisors signed in on this agent: a PIN, two minutes, and patience after failures.
//!
//! PINs are checked against verifiers that the feed brought, so it works offline.
//! Failures slow the next try down, durably and per person; they never stop a
//! scan. A session is a random token in memory: a restart signs everybody out.

use crate::store::{Fault, Store, pins};
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a sign-in lasts: one difficult guest.
pub const SESSION: Duration = Duration::from_secs(120);
/// Why somebody was not signed in.
#[derive(Debug)]
pub enum SignIn {
    /// The name or the PIN is wrong.
    Wrong,
    /// Too many failures; try again after so many seconds.
    Wait(u32),
    /// Signed in, but may not decide against the rule.
    NoRight,
    /// The store failed.
    Failed(Fault),
}

impl From<Fault> for SignIn {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// Who is signed in.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, (String, Instant)>>);

impl Sessions {
    /// Signs somebody in; gives the session's token.
    pub async fn sign_in(&self, store: &Store, name: &str, pin: String) -> Result<String, SignIn> {
        if let Some(seconds) = pins::attempt(store, name).await? {
            return Err(SignIn::Wait(seconds));
        }
        let staff = store.memory().catalogue.staff.get(name).cloned();
        let hash = staff.as_ref().map_or_else(|| UNKNOWN.to_owned(), |s| s.pin_hash.clone());
        let right = tokio::task::spawn_blocking(move || verifies(&hash, &pin)).await.unwrap_or(false);
        match staff.filter(|_| right) {
            None => Err(SignIn::Wrong),
            Some(staff) => {
                pins::clear(store, name).await?;
                if staff.may_override { Ok(self.open(name)) } else { Err(SignIn::NoRight) }
            }
        }
    }

    fn open(&self, name: &str) -> String {
        let secret: [u8; 16] = rand::random();
        let token = data_encoding::HEXLOWER.encode(&secret);
        let mut open = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.retain(|_, (_, since)| since.elapsed() < SESSION);
        open.insert(token.clone(), (name.to_owned(), Instant::now()));
        token
    }

    /// The supervisor behind a session that is still open.
    pub fn supervisor(&self, token: &str) -> Option<String> {
        let open = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.get(token).filter(|(_, since)| since.elapsed() < SESSION).map(|(name, _)| name.clone())
    }
}

/// A verifier that nothing matches, so that an unknown name takes as long as a wrong PIN.
const UNKNOWN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn verifies(hash: &str, pin: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}
