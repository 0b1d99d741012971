//! Parties: several tickets of an order in one act, each decided as if it were scanned.
//!
//! All of it is one transaction, so two parties of one order never share a ticket. The law
//! decides every ticket; entries are ordinary admissions of people who were found, with the
//! reason somebody gave, or none where a code of the order vouched for them.

use super::acts::{Gathered, Key, keep, note_full, stored, target_at};
use super::replica::parse_entry;
use super::tx::Tx;
use super::{Fault, find, index};
use tidegate_core::api::{Answer, Direction, PartyAnswer, StreamMessage, Verdict};
use tidegate_core::catalogue::{Catalogue, CheckInList, TicketRow, TicketStatus};
use tidegate_core::decide::answer::{Setting, answer};
use tidegate_core::decide::key::{Operation, Recorded, repeat};
use tidegate_core::decide::{Decision, Scan, Shown, Standing, checks, decide};
use tidegate_core::fold::Moment;
use tidegate_core::id::ListId;
use tidegate_core::language::Language;
use tidegate_core::seal::Hash;
use tidegate_core::time::Timestamp;

/// People in one act: more than any coach brings.
pub const MAX_PARTY: usize = 100;

/// Who wants in.
#[derive(Clone, Debug)]
pub struct Party {
    /// Code of their order, in any case, with hyphens or without.
    pub order: String,
    /// How many.
    pub count: usize,
    /// On which list.
    pub list: ListId,
    /// What one of them showed.
    pub voucher: Option<Shown>,
    /// Gate, time and reason; what is shown is each ticket in turn.
    pub scan: Scan,
    /// What the answers are said in.
    pub language: Language,
}

/// Why nobody of a party was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyFault {
    /// The feed is not complete, or not all of it can be found yet.
    Starting,
    /// No ticket here has that order code.
    UnknownOrder,
    /// The code that was shown is of another order.
    AnotherOrder,
    /// The code that was shown vouches for nobody.
    NoVoucher,
    /// The key stands for another request.
    KeyReused,
}

/// Lets in as many tickets of an order as were asked for, those first that are not inside.
pub fn admit(tx: &mut Tx<'_>, party: &Party, key: Option<&Key>) -> Result<Result<PartyAnswer, PartyFault>, Fault> {
    let catalogue = tx.memory.catalogue.clone();
    let list = match catalogue.lists.get(&party.list) {
        _ if !tx.memory.ready => return Ok(Err(PartyFault::Starting)),
        list => list.ok_or_else(|| Fault::Unknown(format!("no list {}", party.list)))?,
    };
    let rows = find::of_order(tx.connection, &party.order)?;
    if rows.is_empty() {
        // They may be still to come, or to be indexed.
        let incomplete = tx.memory.start.place().is_some() || index::lags(tx.connection)?;
        return Ok(Err(if incomplete { PartyFault::Starting } else { PartyFault::UnknownOrder }));
    }
    let members = members(&rows, list);
    if let Some(key) = key
        && let Some((content, _, json)) = stored(tx, Operation::Party, &key.key)?
    {
        if content != key.content {
            return Ok(Err(PartyFault::KeyReused));
        }
        let kept = serde_json::from_str(&json).map_err(|e| Fault::Corrupt(e.to_string()))?;
        return repeated(tx, party, (kept, content), &members, list).map(Ok);
    }
    if let Some(fault) = party.voucher.as_ref().map(|shown| objection(tx, shown, &rows)).transpose()?.flatten() {
        return Ok(Err(fault));
    }
    let told = let_in(tx, party, &members, list)?;
    if let (Some(key), Some(first)) = (key, told.admitted.first()) {
        let entry = first.entry.as_deref().and_then(parse_entry);
        keep(tx, Operation::Party, key, entry.unwrap_or((tx.memory.own, 0)), &told)?;
    }
    Ok(Ok(told))
}

/// The tickets of an order that a list takes; cancelled ones only where there is no other.
fn members<'a>(rows: &'a [TicketRow], list: &CheckInList) -> Vec<&'a TicketRow> {
    let takes = |row: &&TicketRow| list.takes(row.product) && list.takes_date(row.date);
    let (cancelled, live): (Vec<_>, Vec<_>) =
        rows.iter().filter(takes).partition(|row| row.status == TicketStatus::Cancelled);
    if live.is_empty() { cancelled } else { live }
}

/// What speaks against a code that is to vouch for an order; who vouches has to be good itself.
fn objection(tx: &Tx<'_>, shown: &Shown, rows: &[TicketRow]) -> Result<Option<PartyFault>, Fault> {
    let tickets = match shown {
        Shown::Typed(tickets) => tickets.clone(),
        Shown::Code(_) | Shown::Found(_) => shown.ticket().into_iter().collect(),
    };
    if tickets.is_empty() {
        return Ok(Some(PartyFault::NoVoucher));
    }
    let mut fault = PartyFault::AnotherOrder;
    for row in rows.iter().filter(|row| tickets.contains(&row.id)) {
        let one = if shown.several().is_some() { Shown::Typed(vec![row.id]) } else { shown.clone() };
        let gathered = Gathered::of(tx, &one, false)?;
        let facts = gathered.facts(tx, &tx.memory.catalogue);
        let standing = Standing::of(&one, &facts);
        if standing.is_some_and(|standing| checks::still_good(&standing, &facts).is_none()) {
            return Ok(None);
        }
        fault = PartyFault::NoVoucher;
    }
    Ok(Some(fault))
}

fn let_in(
    tx: &mut Tx<'_>,
    party: &Party,
    members: &[&TicketRow],
    list: &CheckInList,
) -> Result<PartyAnswer, Fault> {
    let catalogue = tx.memory.catalogue.clone();
    let moment = party.scan.moment(tx.time.read().now);
    let mut turns = Vec::with_capacity(members.len());
    for row in members {
        turns.push((is_inside(tx, row, list, moment)?, *row));
    }
    turns.sort_by_key(|(inside, row)| (*inside, row.id));
    let (mut admitted, mut refused) = (Vec::new(), Vec::new());
    for (_, row) in turns {
        if admitted.len() == party.count {
            break;
        }
        let scan = Scan { shown: Shown::Found(row.id), ..party.scan.clone() };
        let turn = Turn::of(tx, (scan, party.language), list, &catalogue)?;
        match turn.decision.verdict {
            Verdict::Admit => admitted.push(turn.record(tx, list)?),
            _ if refused.len() < MAX_PARTY => refused.push(turn), // no screen shows more of them
            _ => {}
        }
    }
    let short = admitted.len() < party.count;
    let refused = refused.into_iter().map(|turn| match short {
        true => turn.record(tx, list),
        false => Ok(turn.answer),
    });
    let refused = refused.collect::<Result<_, _>>()?;
    counted(tx, party, (admitted, refused), members, list)
}

/// One ticket's turn: decided, not recorded yet.
struct Turn {
    decision: Decision,
    answer: Answer,
    at: Option<Timestamp>,
}

impl Turn {
    fn of(
        tx: &Tx<'_>,
        (scan, language): (Scan, Language),
        list: &CheckInList,
        catalogue: &Catalogue,
    ) -> Result<Self, Fault> {
        let gathered = Gathered::of(tx, &scan.shown, list.addon_match)?.at(tx, list.id, scan.at)?;
        let facts = gathered.facts(tx, catalogue);
        let decision = decide(&facts, &scan, list);
        let setting = Setting {
            direction: Direction::Entry,
            list: list.name.clone(),
            gate: scan.gate.clone(),
            at: scan.at.unwrap_or(gathered.now),
            language,
        };
        Ok(Self { answer: answer(&decision, &facts, setting, None), decision, at: scan.at })
    }

    fn record(self, tx: &mut Tx<'_>, list: &CheckInList) -> Result<Answer, Fault> {
        note_full(tx, self.decision.code, list);
        let entry = tx.append(self.decision.record, self.at)?;
        let answer = Answer { entry: Some(entry.to_string()), ..self.answer };
        tx.tell(StreamMessage::Answer(Box::new(answer.clone())));
        Ok(answer)
    }
}

fn counted(
    tx: &Tx<'_>,
    party: &Party,
    (admitted, refused): (Vec<Answer>, Vec<Answer>),
    members: &[&TicketRow],
    list: &CheckInList,
) -> Result<PartyAnswer, Fault> {
    let moment = party.scan.moment(tx.time.read().now);
    let mut inside = 0;
    for row in members {
        inside += u64::from(is_inside(tx, row, list, moment)?);
    }
    Ok(PartyAnswer { admitted, refused, inside, of: members.len() as u64 })
}

/// Whether a ticket is inside where the party stands in its history, as the law sees it.
fn is_inside(tx: &Tx<'_>, row: &TicketRow, list: &CheckInList, moment: Moment) -> Result<bool, Fault> {
    Ok(tx.state(&tx.acts(row.id)?).on(list.id).open_at(moment).is_some())
}

/// What was answered under this key; who was taken back since is no longer green.
fn repeated(
    tx: &Tx<'_>,
    party: &Party,
    (kept, content): (PartyAnswer, Hash),
    members: &[&TicketRow],
    list: &CheckInList,
) -> Result<PartyAnswer, Fault> {
    let again = |answer: Answer| -> Result<Answer, Fault> {
        let entry = answer.entry.as_deref().and_then(parse_entry);
        let target = entry.map(|(journal, sequence)| target_at(tx, journal, sequence)).transpose()?.flatten();
        let undone = target.is_some_and(|target| target.undone);
        Ok(repeat(Recorded { content, answer, undone }, content, &tx.memory.catalogue, party.language))
    };
    let admitted = kept.admitted.into_iter().map(again).collect::<Result<_, _>>()?;
    let refused = kept.refused.into_iter().map(again).collect::<Result<_, _>>()?;
    counted(tx, party, (admitted, refused), members, list)
}
