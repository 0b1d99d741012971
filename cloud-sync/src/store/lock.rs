//! What a writing transaction holds alone, and in which order locks are taken.
//!
//! SQLite lets one transaction write at a time. On PostgreSQL several servers write
//! beside each other; whoever reads something in order to change it takes the lock
//! that guards it first, and reads afterwards. A transaction takes locks in the
//! order of their ranks, and those of one rank in the order of their numbers, so that
//! two of them never wait for each other; the counter of a feed, taken by the last
//! statements, comes after all of them.

use super::{Connection, StoreError, Tx};
use sha2::{Digest, Sha256};
use tidegate_core::id::EventId;

/// What is guarded, in the order in which locks are taken.
#[derive(Clone, Copy, Debug)]
pub enum Lock<'a> {
    /// The installation's own keys, its epoch and its first administrator.
    Installation,
    /// The answer under an idempotency key: operation, owner, key.
    Request(&'a str, &'a str, &'a str),
    /// An order, its moves and its tickets.
    Order(&'a str),
    /// An organizer's catalogue: events, products, lists and ticket keys. Whoever signs
    /// tickets shares it, so that no key is retired meanwhile.
    Office(&'a str),
    /// An event's journals with all that is folded from them, its devices, and tries of PINs.
    Books(EventId),
}

/// A lock that a transaction holds: rank, number, and whether alone.
pub(super) type Held = (u8, i64, bool);

impl Lock<'_> {
    fn rank(self) -> u8 {
        match self {
            Self::Installation => 0,
            Self::Request(..) => 1,
            Self::Order(_) => 2,
            Self::Office(_) => 3,
            Self::Books(_) => 4,
        }
    }

    /// Its number on PostgreSQL. Two things with one number would only wait for each other.
    fn number(self) -> i64 {
        let event;
        let parts: [&[u8]; 3] = match self {
            Self::Installation => [b"", b"", b""],
            Self::Request(operation, owner, key) => [operation.as_bytes(), owner.as_bytes(), key.as_bytes()],
            Self::Order(id) | Self::Office(id) => [id.as_bytes(), b"", b""],
            Self::Books(of) => {
                event = of.0;
                [&event, b"", b""]
            }
        };
        let mut hash = Sha256::new_with_prefix(b"tidegate lock");
        hash.update([self.rank()]);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl Tx {
    /// Holds this alone until the transaction ends. What it guards is read after this, not before.
    pub async fn lock(&mut self, lock: Lock<'_>) -> Result<(), StoreError> {
        self.take(lock, true).await
    }

    /// Holds all of these alone, whichever order they are named in.
    pub async fn lock_all(&mut self, locks: impl Iterator<Item = Lock<'_>>) -> Result<(), StoreError> {
        let mut locks: Vec<Lock<'_>> = locks.collect();
        locks.sort_by_key(|lock| (lock.rank(), lock.number()));
        for lock in locks {
            self.lock(lock).await?;
        }
        Ok(())
    }

    /// Holds this beside others who share it.
    pub async fn share(&mut self, lock: Lock<'_>) -> Result<(), StoreError> {
        self.take(lock, false).await
    }

    async fn take(&mut self, lock: Lock<'_>, alone: bool) -> Result<(), StoreError> {
        if !self.writes {
            return Ok(()); // a snapshot needs none
        }
        let (rank, number) = (lock.rank(), lock.number());
        if self.held.iter().any(|held| held.1 == number && (held.2 || !alone)) {
            return Ok(());
        }
        let follows = self.held.iter().all(|held| (held.0, held.1) < (rank, number));
        debug_assert!(follows, "{lock:?} is taken after {:?}", self.held);
        self.held.push((rank, number, alone));
        match &mut self.connection {
            Connection::Sqlite(_) => Ok(()), // it writes alone anyway
            Connection::Postgres(connection) => connection.lock(number, alone).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_things_have_different_numbers() {
        let event = EventId([7; 16]);
        let locks = [
            Lock::Installation,
            Lock::Request("a", "bc", "d"),
            Lock::Request("ab", "c", "d"),
            Lock::Order("x"),
            Lock::Office("x"),
            Lock::Books(event),
        ];
        let numbers: std::collections::BTreeSet<i64> = locks.iter().map(|lock| lock.number()).collect();
        assert_eq!(numbers.len(), locks.len());
        assert_eq!(Lock::Books(event).number(), Lock::Books(event).number());
    }
}
