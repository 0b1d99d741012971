//! PINs of staff: hashed for the feed, checked for an override, slowed down after failures.
//!
//! A failure is noted before the PIN is looked at and taken back when it was right,
//! so that asking many times at once gains nothing.

use crate::app::App;
use crate::fault::Fault;
use crate::store::staff::{self, StaffRecord};
use crate::store::{Lock, Tx};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::http::StatusCode;
use std::sync::Arc;
use tidegate_core::catalogue::{Catalogue, Staff};
use tidegate_core::id::EventId;
use tidegate_core::time::{SECOND_US, Timestamp};
use tokio::sync::Semaphore;

/// Digits of a PIN: six are a million tries, twelve are as many as anybody remembers.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 6..=12;
/// Wrong PINs before the waits begin: fingers slip.
const FREE_FAILURES: u32 = 3;
/// The longest wait, seconds: a million PINs then take nine years.
const MAX_WAIT_S: i64 = 300;
/// Hashes at once: each takes 19 MiB and some 30 ms of a core.
static HASHING: Semaphore = Semaphore::const_new(2);

/// The verifier of a PIN, as a PHC string.
pub async fn hash(pin: String) -> Result<String, Fault> {
    if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::invalid("A PIN is 6 to 12 digits"));
    }
    aside(move || Argon2::default().hash_password(pin.as_bytes()).map(|hash| hash.to_string()).ok())
        .await?
        .ok_or_else(|| Fault::internal("a PIN could not be hashed"))
}

/// The member of staff who may override and whose PIN this is; an unknown name takes as long to tell.
pub async fn check(app: &Arc<App>, event: EventId, name: String, pin: String) -> Result<Staff, Fault> {
    let known = app.write_books(event, move |tx, app| Box::pin(note_try(tx, app.now(), event, name))).await?;
    let verifier = known.as_ref().map_or(Staff::NO_PIN, |staff| &staff.row.pin_hash).to_owned();
    let right = aside(move || {
        let parsed = PasswordHash::new(&verifier).ok();
        parsed.is_some_and(|parsed| Argon2::default().verify_password(pin.as_bytes(), &parsed).is_ok())
    });
    let right = right.await?;
    let known = known.filter(|_| right).ok_or_else(wrong)?;
    let clean = StaffRecord { failures: 0, blocked_until: Timestamp(0), ..known };
    let staff = clean.row.clone();
    app.write_books(event, move |tx, _| Box::pin(async move { staff::note(tx, event, &clean).await })).await?;
    Ok(staff)
}

/// Whether they still may, with the PIN that was checked: hashing took a while, and the office may have been quicker.
pub fn still(checked: &Staff, catalogue: &Catalogue) -> Result<(), Fault> {
    let same = |staff: &Staff| staff.may_override && staff.pin_hash == checked.pin_hash;
    if catalogue.staff.get(&checked.name).is_some_and(same) { Ok(()) } else { Err(wrong()) }
}

async fn note_try(
    tx: &mut Tx,
    now: Timestamp,
    event: EventId,
    name: String,
) -> Result<Option<StaffRecord>, Fault> {
    tx.lock(Lock::Books(event)).await?;
    let known = staff::get(tx, event, &name).await?.filter(|staff| staff.row.may_override);
    let Some(known) = known else { return Ok(None) };
    if known.blocked_until > now {
        let seconds = known.blocked_until.since_us(now).div_euclid(SECOND_US) + 1;
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        return Err(Fault::too_often("pin_slowed_down", "Too many wrong PINs", seconds));
    }
    let failures = known.failures.saturating_add(1);
    let tried = StaffRecord { failures, blocked_until: now.plus_secs(wait_s(failures)), ..known };
    staff::note(tx, event, &tried).await?;
    Ok(Some(tried))
}

fn wait_s(failures: u32) -> i64 {
    match failures.checked_sub(FREE_FAILURES) {
        None | Some(0) => 0,
        Some(beyond) => (1_i64 << beyond.min(30)).min(MAX_WAIT_S),
    }
}

fn wrong() -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "wrong_pin", "Nobody who may override has this name and PIN")
}

/// Hashing is slow on purpose: it runs beside the runtime, a few at a time.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let _place = HASHING.acquire().await.map_err(|e| Fault::internal(&e))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| Fault::internal(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_after_free_failures_and_end_at_five_minutes() {
        let waits: Vec<i64> = (1..=14).map(wait_s).collect();
        assert_eq!(waits[..6], [0, 0, 0, 2, 4, 8]);
        assert_eq!((waits[13], wait_s(200)), (MAX_WAIT_S, MAX_WAIT_S));
    }

    #[test]
    fn a_right_that_was_taken_away_or_a_pin_that_was_changed_since_decides_nothing() {
        let staff = |pin_hash: &str, may_override| Staff {
            name: "ana".into(),
            pin_hash: pin_hash.into(),
            may_override,
            badge_counter: 0,
        };
        let check = |now: Option<Staff>, expect: bool| {
            let staff_now = now.into_iter().map(|staff| (staff.name.clone(), staff)).collect();
            let catalogue = Catalogue { staff: staff_now, ..Catalogue::default() };
            assert_eq!(still(&staff("a", true), &catalogue).is_ok(), expect);
        };
        check(Some(staff("a", true)), true);
        check(Some(staff("b", true)), false);
        check(Some(staff("a", false)), false);
        check(None, false);
    }

    #[tokio::test]
    async fn a_pin_is_six_to_twelve_digits() {
        for pin in ["12345", "1234567890123", "12345a", ""] {
            assert!(hash(pin.to_owned()).await.is_err(), "{pin}");
        }
        let hash = hash("123456".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the least that is advised: {hash}");
    }
}
