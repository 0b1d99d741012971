//! Making a start from one snapshot of the database.

use super::Made;
use super::uses::KnownUses;
use crate::app::App;
use crate::exchange;
use crate::fault::Fault;
use crate::keys::{self, Purpose};
use crate::store::{self, Tx};
use std::collections::BTreeMap;
use tidegate_core::catalogue::Catalogue;
use tidegate_core::feed::{Change, Row};
use tidegate_core::id::EventId;
use tidegate_core::start::Draft;
use tidegate_core::start::marks::Marks;

/// Rows of tickets that are told for the sake of some lists alone: five megabytes. Where there are more, those
/// lists ask until all rows are there.
const MAX_TOLD: u64 = 50_000;

/// Makes an event's start of now.
pub(super) async fn make(tx: &mut Tx, app: &App, event: EventId, uses: &mut KnownUses) -> Result<Made, Fault> {
    let epoch = app.epoch(tx).await?;
    let revisions = store::feed::revisions(tx, event).await?.ok_or_else(|| Fault::missing("event"))?;
    let key = keys::load(tx, &app.vault, Purpose::Feed(event)).await?;
    let mut rows = store::feed::small(tx, event).await?;
    rows.retain(|row| row.body.is_some()); // what is not there needs no tombstone in a beginning
    let told = marked(tx, event, &mut rows).await?;
    let frontier = exchange::frontier(tx, event).await?;
    let uses = uses.digest(tx, (event, epoch), &frontier).await?;
    let codes = store::starts::newer_codes(tx, event).await?;
    let at = app.now();
    let draft =
        Draft { event, epoch, revision: revisions.newest, cloud_time: at, told, rows, frontier, uses, codes };
    let (contents, parts) = draft.sign(&key);
    Ok(Made { epoch, contents, at, parts })
}

/// Adds the rows of marked tickets; gives the marks whose tickets are all among them.
async fn marked(tx: &mut Tx, event: EventId, rows: &mut Vec<Row>) -> Result<Marks, Fault> {
    let mut catalogue = Catalogue::default();
    rows.iter().filter_map(Change::of).for_each(|change| change.enter(&mut catalogue));
    let counts = store::starts::marked_count(tx, event).await?;
    let told = told(Marks::asked(&catalogue), &counts);
    for marks in counts.keys().copied().map(Marks).filter(|marks| marks.any(told)) {
        let mut after = Some(-1);
        while let Some(place) = after {
            let tickets = store::starts::marked(tx, event, marks, place).await?;
            after =
                tickets.last().filter(|_| tickets.len() as u64 == store::starts::CHUNK).map(|t| t.row.id.as_i64());
            rows.extend(tickets.into_iter().map(|ticket| Change::Ticket(Box::new(ticket.row)).to_row()));
        }
    }
    Ok(told)
}

/// Of the marks that are asked about, those that can be told.
fn told(asked: Marks, counts: &BTreeMap<u8, u64>) -> Marks {
    let mut told = Marks::ALWAYS;
    let more = |mark: Marks, told: Marks| -> u64 {
        let beyond = |marks: &u8| Marks(*marks).any(mark) && !Marks(*marks).any(told);
        counts.iter().filter(|(marks, _)| beyond(marks)).map(|(_, count)| count).sum()
    };
    let mut left = MAX_TOLD;
    for mark in [Marks::ADD_ON, Marks::VARIATION, Marks::ANSWERS].into_iter().filter(|mark| asked.any(*mark)) {
        let count = more(mark, told);
        if count <= left {
            left -= count;
            told = told.and(mark);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_lists_ask_about_is_told_where_it_is_not_too_much() {
        let all = Marks(31);
        let check = |counts: &[(u8, u64)], expect: &[Marks]| {
            let expect = expect.iter().fold(Marks::ALWAYS, |all, mark| all.and(*mark));
            assert_eq!(told(all, &counts.iter().copied().collect()), expect, "{counts:?}");
        };
        check(&[], &[Marks::ADD_ON, Marks::VARIATION, Marks::ANSWERS]);
        check(&[(1, 1_000_000), (8, 9)], &[Marks::ADD_ON, Marks::VARIATION, Marks::ANSWERS]);
        check(&[(8, MAX_TOLD + 1)], &[Marks::VARIATION, Marks::ANSWERS]);
        check(&[(9, MAX_TOLD + 1)], &[Marks::ADD_ON, Marks::VARIATION, Marks::ANSWERS]);
        check(&[(8, MAX_TOLD), (4, 1)], &[Marks::ADD_ON, Marks::ANSWERS]);
        check(&[(12, MAX_TOLD)], &[Marks::ADD_ON, Marks::VARIATION, Marks::ANSWERS]);
        assert_eq!(told(Marks::ALWAYS, &[(8, 1)].into()), Marks::ALWAYS);
    }
}
