//! Failed sign-ins, durably: a restart does not make guessing faster.

use super::{Fault, Store};
use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::time::Timestamp;

/// Failures before the slow-down starts: wet fingers.
const FREE_FAILURES: u32 = 3;
/// The longest wait after failures, seconds: a supervisor is never locked out for the night.
const MAX_WAIT_S: i64 = 300;

/// How often a person's sign-in failed in a row, and until when the next try waits.
pub async fn failures(store: &Store, name: &str) -> Result<(u32, Timestamp), Fault> {
    let name = name.to_owned();
    let read = move |connection: &Connection| {
        let mut query = connection.prepare_cached("SELECT failures, until FROM pin_failures WHERE name = ?1")?;
        let row = query.query_row([name], |row| Ok((row.get(0)?, Timestamp(row.get(1)?)))).optional()?;
        Ok(row.unwrap_or((0, Timestamp(i64::MIN))))
    };
    store.read(read).await
}

/// Notes one more failure.
pub async fn fail(store: &Store, name: &str, failures: u32, now: Timestamp) -> Result<(), Fault> {
    let beyond = failures.saturating_sub(FREE_FAILURES);
    let wait_s = if beyond == 0 { 0 } else { (1_i64 << beyond.min(16)).min(MAX_WAIT_S) };
    let (name, until) = (name.to_owned(), now.plus_secs(wait_s));
    let write = move |tx: &mut super::tx::Tx<'_>| {
        tx.connection.execute(
            "INSERT INTO pin_failures (name, failures, until) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, until = excluded.until",
            params![name, failures, until.0],
        )?;
        Ok(())
    };
    store.write(write).await
}

/// Forgets a person's failures.
pub async fn clear(store: &Store, name: &str) -> Result<(), Fault> {
    let name = name.to_owned();
    let write = move |tx: &mut super::tx::Tx<'_>| {
        tx.connection.execute("DELETE FROM pin_failures WHERE name = ?1", [name])?;
        Ok(())
    };
    store.write(write).await
}
