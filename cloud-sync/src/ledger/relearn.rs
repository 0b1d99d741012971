//! Reading all entries again, once, after a program has come that reads or judges them
//! otherwise than the one before: kinds that were unknown then have an effect now.

use super::{Books, law, recount};
use crate::app::App;
use crate::fault::Fault;
use crate::store::journals::{self, EntryRecord};
use crate::store::pages::{self, CHUNK};
use crate::store::{Tx, rights};
use tidegate_core::fold::Act;
use tidegate_core::id::EventId;
use tidegate_core::journal::Entry;

/// Counts up whenever entries are read or judged otherwise than before.
pub const LAW: u8 = 2;

/// Judges all entries of an event again, and counts everything.
pub async fn relearn(tx: &mut Tx, app: &App, event: EventId) -> Result<(), Fault> {
    let mut books = Books::open(tx, app, event).await?;
    books.find_moving(tx).await?;
    books.judge_all(tx).await?;
    books.close(tx).await?;
    recount(tx, app, event, |_| ()).await
}

impl Books<'_> {
    /// Notes anew by which entries rights move or times become known.
    async fn find_moving(&mut self, tx: &mut Tx) -> Result<(), Fault> {
        rights::clear(tx, self.event).await?;
        for journal in self.journals.values_mut() {
            (journal.rights, journal.clocks, journal.counted) = (0, 0, 0);
        }
        let (mut place, mut number) = (pages::start(), 0);
        while let Some(records) = page(tx, self.event, &mut place).await? {
            for EntryRecord { id, branch, body, .. } in records {
                let kind = Entry::from_bytes(&body).map(|entry| entry.kind).filter(law::moves);
                if let Some((kind, journal)) = kind.zip(self.journals.get_mut(&id.journal)) {
                    number += 1;
                    rights::add(tx, self.event, number, (&id, branch)).await?;
                    *(if kind.moves_rights() { &mut journal.rights } else { &mut journal.clocks }) += 1;
                }
            }
        }
        Ok(())
    }

    async fn judge_all(&mut self, tx: &mut Tx) -> Result<(), Fault> {
        let law = self.law(tx).await?;
        let mut place = pages::start();
        while let Some(records) = page(tx, self.event, &mut place).await? {
            let mut turned = Vec::new();
            for record in records {
                let (entry, author) = (Entry::from_bytes(&record.body), self.author(record.id.journal));
                let judged = entry.as_ref().zip(author);
                let counts = judged.is_some_and(|(entry, by)| law.counts(&by, &entry.kind, &record.id));
                let act = entry.and_then(|entry| Act::of(record.id, &entry, &law.rebases));
                let ticket = act.map(|(ticket, _)| ticket);
                if let Some(journal) = self.journals.get_mut(&record.id.journal) {
                    journal.counted += u64::from(counts);
                }
                if (record.counts, record.ticket) != (counts, ticket) {
                    turned.push(EntryRecord { counts, ticket, ..record });
                }
            }
            journals::read_again(tx, self.event, &turned).await?;
        }
        for journal in self.journals.values_mut() {
            journal.retired_after = law.ends(journal.id).retired_after;
            self.held.journals.insert(journal.id);
        }
        Ok(())
    }
}

/// The entries after a place, which moves on; none after the last.
async fn page(
    tx: &mut Tx,
    event: EventId,
    place: &mut crate::store::parts::Place,
) -> Result<Option<Vec<EntryRecord>>, Fault> {
    let records = pages::page(tx, event, *place, CHUNK).await?;
    let Some(last) = records.last() else { return Ok(None) };
    *place = last.place();
    Ok(Some(records))
}
