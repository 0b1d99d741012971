//! Which life of the database this is, as far as the database itself can tell.
//!
//! A standby that was promoted, a cluster that was recovered to a point in time, and a dump that was
//! loaded elsewhere have revisions that others may have seen differently. PostgreSQL numbers the first
//! two (its timeline) and names its cluster; every role may ask for both unless that was taken away, and
//! then it is done with what is left. A file says nothing: `--restored` does.

use super::journals;
use super::{Connection, Query, StoreError, Tx, Value};
use crate::{lots, params};
use std::sync::OnceLock;
use tidegate_core::feed::Epoch;

/// What the installation's epoch is called.
const EPOCH: &str = "epoch";
/// What the life is called in which it was drawn.
const LIFE: &str = "life";

/// Asks for both.
const KNOWN: &str = "SELECT name, content FROM installation WHERE name IN ($1, $2)";

/// How a database can be asked for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Not at all.
    None,
    /// By its timeline.
    Timeline,
    /// By the name of its cluster and its timeline.
    Cluster,
}

/// The way that was found for this process's database.
#[derive(Debug, Default)]
pub struct Asking(OnceLock<Way>);

/// The epoch, and whether it belongs to the life that this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Absent before the installation's first start.
    pub epoch: Option<Epoch>,
    /// Whether it was drawn in this life of the database, or nobody can tell.
    pub is_of_this_life: bool,
    life: Option<String>,
}

impl Asking {
    /// Asks for the epoch, and whether it is still this life's.
    pub async fn known(&self, tx: &mut Tx) -> Result<Known, StoreError> {
        let names = [Value::from(EPOCH), Value::from(LIFE)];
        let mut queries: Vec<Query<'_>> = vec![(KNOWN, &names)];
        queries.extend(asked(self.way(tx).await?).map(|sql| (sql, &[][..])));
        let mut found = tx.query_several(&queries).await?.into_iter();
        let (mut epoch, mut drawn_in) = (None, None::<Vec<u8>>);
        for mut row in found.next().unwrap_or_default() {
            let (name, content): (String, Vec<u8>) = (row.take()?, row.take()?);
            match name == EPOCH {
                true => epoch = Some(Epoch(content.try_into().map_err(|_| StoreError::Shape("an epoch"))?)),
                false => drawn_in = Some(content),
            }
        }
        let life = found.next().and_then(|rows| rows.into_iter().next());
        let life: Option<String> = life.map(|mut row| row.take()).transpose()?;
        // A program before this one noted none: then it is this one from now on.
        let is_of_this_life = match (&life, &drawn_in) {
            (Some(life), Some(drawn_in)) => life.as_bytes() == &drawn_in[..],
            (None, _) | (_, None) => true,
        };
        Ok(Known { epoch, is_of_this_life, life })
    }

    /// Draws another epoch where `renewed` or where there is none for this life, and notes the life.
    pub async fn settle(&self, tx: &mut Tx, renewed: bool) -> Result<(), StoreError> {
        let known = self.known(tx).await?;
        let put = "INSERT INTO installation (name, content) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET content = excluded.content";
        if renewed || known.epoch.is_none() || !known.is_of_this_life {
            if !known.is_of_this_life {
                tracing::warn!("the database began another life: agents begin their feed anew");
            }
            tx.execute(put, params![EPOCH, lots::draw::<[u8; 16]>().to_vec()]).await?;
            journals::close_own(tx).await?; // agents may know entries of them that are not here
        }
        if let Some(life) = known.life {
            tx.execute(put, params![LIFE, life.into_bytes()]).await?;
        }
        Ok(())
    }

    async fn way(&self, tx: &mut Tx) -> Result<Way, StoreError> {
        if let Some(way) = self.0.get() {
            return Ok(*way);
        }
        let found = match tx.connection {
            Connection::Sqlite(_) => Way::None,
            Connection::Postgres(_) => found(tx).await?,
        };
        Ok(*self.0.get_or_init(|| found))
    }
}

async fn found(tx: &mut Tx) -> Result<Way, StoreError> {
    let sql = "SELECT CASE WHEN has_function_privilege('pg_current_wal_lsn()', 'EXECUTE')
            AND has_function_privilege('pg_walfile_name(pg_lsn)', 'EXECUTE') THEN 1::BIGINT ELSE 0 END,
        CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE') THEN 1::BIGINT ELSE 0 END";
    let Some(mut row) = tx.first(sql, params![]).await? else { return Ok(Way::None) };
    let (timeline, cluster): (bool, bool) = (row.take()?, row.take()?);
    Ok(match (timeline, cluster) {
        (true, true) => Way::Cluster,
        (true, false) => {
            tracing::warn!(
                "the database's role may not call pg_control_system(): say --restored after loading a dump"
            );
            Way::Timeline
        }
        (false, _) => {
            tracing::warn!(
                "the database's role may not call pg_current_wal_lsn() and pg_walfile_name(): say --restored after \
                 promoting a standby or restoring a copy"
            );
            Way::None
        }
    })
}

/// Asks for this life.
fn asked(way: Way) -> Option<&'static str> {
    // The first eight digits of a segment's name are the timeline that is written now.
    match way {
        Way::None => None,
        Way::Timeline => Some("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"),
        Way::Cluster => Some(
            "SELECT system_identifier::TEXT || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
                FROM pg_control_system()",
        ),
    }
}
