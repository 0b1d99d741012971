//! Phones that are lanes: kept until they are revoked, so that a restart of the agent unpairs nobody.
//!
//! What a phone shows is not here, only its hash. A phone is known by the name that people gave it; the number
//! under it is in the keys of its acts and never becomes another phone's.

use super::Fault;
use super::tx::Tx;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tidegate_core::api::Direction;

/// Phones at once: more than one device has people around it, and each costs an eye.
pub const MAX_PHONES: usize = 32;

/// What a phone's codes are for; what is left out is the agent's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// What people call it.
    pub name: String,
    /// Name of the check-in list of its scans.
    pub list: Option<String>,
    /// The gate in its entries.
    pub gate: Option<String>,
    /// Which way its scans go; in, if absent.
    pub direction: Option<Direction>,
    /// The product that its codes pay for, at a bar.
    pub serves: Option<String>,
}

/// A phone that is paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// SHA-256 of its token.
    pub token: [u8; 32],
}

/// Why a phone was not paired or named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// There are as many as there may be.
    TooMany,
    /// Another one has that name.
    NameTaken,
    /// There is no such phone.
    Unknown,
}

/// All phones that are paired, in the order they came.
pub fn all(connection: &Connection) -> Result<Vec<Phone>, Fault> {
    let mut query = connection
        .prepare_cached("SELECT id, name, token, list, gate, direction, serves FROM phones ORDER BY id")?;
    let phones = query.query_map([], phone)?;
    Ok(phones.collect::<Result<_, _>>()?)
}

fn phone(row: &Row<'_>) -> rusqlite::Result<Phone> {
    let direction = row.get::<_, Option<String>>(5)?;
    let direction = direction.map(|way| if way == OUT { Direction::Exit } else { Direction::Entry });
    let purpose =
        Purpose { name: row.get(1)?, list: row.get(3)?, gate: row.get(4)?, direction, serves: row.get(6)? };
    Ok(Phone { id: row.get(0)?, purpose, token: row.get(2)? })
}

const IN: &str = "entry";
const OUT: &str = "exit";

/// Keeps a phone, if there is room and its name is nobody's.
pub fn pair(tx: &mut Tx<'_>, purpose: Purpose, token: [u8; 32]) -> Result<Result<Phone, NotKept>, Fault> {
    let count: usize = tx.connection.query_row("SELECT COUNT(*) FROM phones", [], |row| row.get(0))?;
    if count >= MAX_PHONES {
        return Ok(Err(NotKept::TooMany));
    }
    if number(tx, &purpose.name)?.is_some() {
        return Ok(Err(NotKept::NameTaken));
    }
    let Purpose { name, list, gate, direction, serves } = &purpose;
    let way = direction.map(|way| if way == Direction::Exit { OUT } else { IN });
    let mut put = tx.connection.prepare_cached(
        "INSERT INTO phones (name, token, list, gate, direction, serves) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    put.execute(params![name, token, list, gate, way, serves])?;
    Ok(Ok(Phone { id: tx.connection.last_insert_rowid(), purpose, token }))
}

/// Gives a phone another name; tells its number.
pub fn rename(tx: &mut Tx<'_>, name: &str, to: &str) -> Result<Result<i64, NotKept>, Fault> {
    let Some(id) = number(tx, name)? else { return Ok(Err(NotKept::Unknown)) };
    if number(tx, to)?.is_some_and(|other| other != id) {
        return Ok(Err(NotKept::NameTaken));
    }
    tx.connection.execute("UPDATE phones SET name = ?2 WHERE id = ?1", params![id, to])?;
    Ok(Ok(id))
}

/// Forgets a phone; tells the number that it had.
pub fn revoke(tx: &mut Tx<'_>, name: &str) -> Result<Result<i64, NotKept>, Fault> {
    let Some(id) = number(tx, name)? else { return Ok(Err(NotKept::Unknown)) };
    tx.connection.execute("DELETE FROM phones WHERE id = ?1", [id])?;
    Ok(Ok(id))
}

fn number(tx: &Tx<'_>, name: &str) -> Result<Option<i64>, Fault> {
    let mut query = tx.connection.prepare_cached("SELECT id FROM phones WHERE name = ?1")?;
    Ok(query.query_row([name], |row| row.get(0)).optional()?)
}
