//! Failed sign-ins, durably: a restart does not make guessing faster.

use super::tx::Tx;
use super::{Fault, Store};
use rusqlite::{OptionalExtension, params};
use tidegate_core::time::{SECOND_US, Timestamp};

/// Failures before the slow-down starts: wet fingers.
const FREE_FAILURES: u32 = 3;
/// The longest wait after failures, seconds: a supervisor is never locked out for the night.
const MAX_WAIT_S: i64 = 300;
/// How long failures are remembered, seconds: until the next shift.
const REMEMBERED_S: i64 = 86_400;
/// Names remembered, whoever they are of: more than a venue has staff. Beyond them those with the
/// fewest failures make room, so that made-up names take no place from one that is guessed at.
const MAX_NAMES: i64 = 1_000;

/// Notes a try before its PIN is looked at, so that tries beside each other count like tries in a
/// row; gives the seconds to wait where it is too early for one.
pub async fn attempt(store: &Store, name: &str) -> Result<Option<u32>, Fault> {
    let name = name.to_owned();
    store.write(move |tx| note_attempt(tx, &name)).await
}

fn note_attempt(tx: &Tx<'_>, name: &str) -> Result<Option<u32>, Fault> {
    let now = tx.time.read().now;
    let mut query = tx.connection.prepare_cached("SELECT failures, until FROM pin_failures WHERE name = ?1")?;
    let row = query.query_row([name], |row| Ok((row.get::<_, u32>(0)?, Timestamp(row.get(1)?)))).optional()?;
    let (failures, until) = row.unwrap_or((0, Timestamp(i64::MIN)));
    // A wait beyond the longest was noted under another clock: it starts again under this one.
    let moved = until > now.plus_secs(MAX_WAIT_S);
    if until > now && !moved {
        return Ok(Some(seconds(until, now)));
    }
    let failures = if moved { failures } else { failures.saturating_add(1) };
    let until = now.plus_secs(wait_s(failures));
    let mut put = tx.connection.prepare_cached(
        "INSERT INTO pin_failures (name, failures, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, until = excluded.until",
    )?;
    put.execute(params![name, failures, until.0])?;
    forget(tx, now)?;
    Ok(moved.then(|| seconds(until, now)))
}

/// Takes out what is too old, or too much.
fn forget(tx: &Tx<'_>, now: Timestamp) -> Result<(), Fault> {
    let mut old = tx.connection.prepare_cached("DELETE FROM pin_failures WHERE until < ?1")?;
    old.execute([now.plus_secs(-REMEMBERED_S).0])?;
    let mut most = tx.connection.prepare_cached(
        "DELETE FROM pin_failures WHERE name IN
         (SELECT name FROM pin_failures ORDER BY failures DESC, until DESC LIMIT -1 OFFSET ?1)",
    )?;
    most.execute([MAX_NAMES])?;
    Ok(())
}

fn seconds(until: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(until.since_us(now) / SECOND_US + 1).unwrap_or(u32::MAX)
}

fn wait_s(failures: u32) -> i64 {
    let beyond = failures.saturating_sub(FREE_FAILURES);
    if beyond == 0 { 0 } else { (1_i64 << beyond.min(16)).min(MAX_WAIT_S) }
}

/// Forgets a person's failures.
pub async fn clear(store: &Store, name: &str) -> Result<(), Fault> {
    let name = name.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        tx.connection.execute("DELETE FROM pin_failures WHERE name = ?1", [name])?;
        Ok(())
    };
    store.write(write).await
}
