//! The admission law: `decide(facts, scan) -> Decision`, used by agent and cloud alike.
//!
//! The shell gathers [`Facts`] inside the transaction that will append, asks, and
//! writes what [`Decision::record`] says in the same transaction. One check a
//! function, in the order of [`checks::ENTRY`]; a refusal is a result, never an
//! error. Nothing here waits for anybody.

pub mod answer;
pub mod checks;
pub mod explain;
pub mod key;
pub mod undo;
pub mod verdict;

use crate::api::{Direction, Verdict};
use crate::catalogue::{Catalogue, CheckInList, TicketRow};
use crate::clock::Quality;
use crate::fold::{Act, Moment, Passage, Presence, TicketState};
use crate::id::{DateId, ProductId, TicketId};
use crate::journal::kind::{Admission, Exit, Kind, Override, Refusal};
use crate::ticket::{Credit, Genuine, Identity, Ticket};
use crate::time::{Timestamp, Window};

pub use explain::Why;
pub use verdict::Code;

/// What was put in front of the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A code was held up, and this is what it turned out to be.
    Code(Identity),
    /// A person was found by name or order; no code was seen.
    Found(TicketId),
}

impl Shown {
    /// The ticket of this event that it names, once it is known to be genuine.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::Code(Identity::Genuine(genuine)) => Some(genuine.ticket().id),
            Self::Found(id) => Some(*id),
            Self::Code(_) => None,
        }
    }

    fn genuine(&self) -> Option<&Genuine> {
        match self {
            Self::Code(Identity::Genuine(genuine)) => Some(genuine),
            Self::Code(_) | Self::Found(_) => None,
        }
    }
}

/// One scan.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What was shown.
    pub shown: Shown,
    /// Which way.
    pub direction: Direction,
    /// The scan's own trusted time, where somebody vouches for one.
    pub at: Option<Timestamp>,
    /// The gate, where it is named.
    pub gate: Option<String>,
    /// Staff saw that an unpaid ticket was settled.
    pub confirm_unpaid: bool,
    /// A supervisor decides, whose session the shell has checked.
    pub overriding: Option<Override>,
}

/// What the deciding device knows.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The event.
    pub catalogue: &'a Catalogue,
    /// The ticket's row, where it is here.
    pub row: Option<&'a TicketRow>,
    /// The newest genuine code of this ticket that journals carried.
    pub newest_code: Option<&'a Ticket>,
    /// All acts known of this ticket.
    pub acts: &'a [Act],
    /// The device's time.
    pub now: Timestamp,
    /// What that rests on.
    pub quality: Quality,
    /// Whether somebody is there to be asked.
    pub can_ask: bool,
    /// Whether stage one of the feed is complete.
    pub ready: bool,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What it means.
    pub verdict: Verdict,
    /// Its stable code.
    pub code: Code,
    /// The facts behind it.
    pub why: Why,
    /// The entry to append in the same transaction.
    pub record: Kind,
    /// Whether a supervisor's decision was needed and given.
    pub overridden: bool,
    /// The ticket's product, as far as known.
    pub product: Option<ProductId>,
    /// The admission by which a used ticket came in.
    pub used: Option<Passage>,
}

impl Decision {
    /// Whether the act itself was recorded, and with it the request's key.
    pub fn recorded(&self) -> bool {
        !matches!(self.record, Kind::Refusal(_))
    }
}

/// What speaks against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Objection {
    /// Refuse, or ask.
    pub verdict: Verdict,
    /// Its stable code.
    pub code: Code,
    /// The facts behind it.
    pub why: Why,
    /// The admission by which a used ticket came in.
    pub used: Option<Passage>,
}

impl Objection {
    /// A refusal.
    pub fn refuse(code: Code, why: Why) -> Self {
        Self { verdict: Verdict::Refuse, code, why, used: None }
    }

    /// A question.
    pub fn ask(code: Code, why: Why) -> Self {
        Self { verdict: Verdict::Ask, code, why, used: None }
    }
}

/// What a genuine ticket is good for, from its row and its code.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// Which ticket.
    pub ticket: TicketId,
    /// Its product.
    pub product: ProductId,
    /// The date it is for.
    pub date: Option<DateId>,
    /// When it is valid.
    pub window: Window,
    /// Prepaid units in all, ever.
    pub credits: &'a [Credit],
    /// The counter of what was shown; absent where no code was shown.
    pub shown_counter: Option<u16>,
    /// The highest counter known.
    pub newest_counter: u16,
    /// Whether the row's own fields counted.
    pub listed: bool,
}

impl<'a> Standing<'a> {
    /// A row with a counter at least the code's counts alone; otherwise the code does.
    pub fn of(shown: &'a Shown, facts: &Facts<'a>) -> Option<Self> {
        let code = shown.genuine().map(Genuine::ticket);
        let seen = [code, facts.newest_code].into_iter().flatten().map(|t| t.counter);
        let newest_counter = seen.chain(facts.row.map(|r| r.counter)).max().unwrap_or(0);
        let shown_counter = code.map(|t| t.counter);
        match (facts.row, code) {
            (Some(row), code) if code.is_none_or(|t| row.counter >= t.counter) => Some(Self {
                ticket: row.id,
                product: row.product,
                date: row.date,
                window: row.window,
                credits: &row.credits,
                shown_counter,
                newest_counter,
                listed: true,
            }),
            (_, Some(code)) => Some(Self {
                ticket: code.id,
                product: code.product,
                date: code.date,
                window: code.window,
                credits: &code.credits,
                shown_counter,
                newest_counter,
                listed: false,
            }),
            (_, None) => None,
        }
    }
}

/// Everything a check may look at.
pub struct Case<'a> {
    /// What is known.
    pub facts: Facts<'a>,
    /// What was asked.
    pub scan: &'a Scan,
    /// On which list.
    pub list: &'a CheckInList,
    /// What the ticket is good for.
    pub standing: Standing<'a>,
    /// Its comings and goings on this list.
    pub presence: Presence,
    /// Where in that history this scan stands.
    pub moment: Moment,
    /// The time that windows are held against.
    pub at: Timestamp,
}

/// Decides a scan on a list.
pub fn decide(facts: &Facts<'_>, scan: &Scan, list: &CheckInList) -> Decision {
    let objection = match identity_objection(&scan.shown, facts) {
        Some(objection) => objection,
        None => match Standing::of(&scan.shown, facts) {
            Some(standing) => return decide_genuine(case(facts, scan, list, standing)),
            None => Objection::refuse(Code::NotATicket, Why::NoSuchTicket),
        },
    };
    refused(scan, list, None, objection)
}

/// What is refused before anybody looks at rows; no supervisor changes that.
pub(crate) fn identity_objection(shown: &Shown, facts: &Facts<'_>) -> Option<Objection> {
    let refuse = |code, why| Some(Objection::refuse(code, why));
    match shown {
        _ if !facts.ready => refuse(Code::Starting, Why::Starting),
        Shown::Code(Identity::NotATicket(reason)) => refuse(Code::NotATicket, Why::NotATicket(*reason)),
        Shown::Code(Identity::UnknownKey(key)) => refuse(Code::UnknownKey, Why::UnknownKey(*key)),
        Shown::Code(Identity::Forged(_)) => refuse(Code::Forged, Why::Forged),
        Shown::Code(Identity::Foreign { event, .. }) => refuse(Code::WrongEvent, Why::WrongEvent(event.clone())),
        Shown::Code(Identity::Genuine(_)) | Shown::Found(_) => None,
    }
}

fn case<'a>(facts: &Facts<'a>, scan: &'a Scan, list: &'a CheckInList, standing: Standing<'a>) -> Case<'a> {
    Case {
        facts: *facts,
        scan,
        list,
        standing,
        presence: TicketState::of(facts.acts).on(list.id),
        moment: scan.at.map_or(Moment::Latest, Moment::At),
        at: scan.at.unwrap_or(facts.now),
    }
}

fn decide_genuine(case: Case<'_>) -> Decision {
    let leaving = case.scan.direction == Direction::Exit;
    let checks: &[checks::Check] = match (leaving, case.presence.open_at(case.moment).is_some()) {
        (true, true) => &[], // who is inside can always leave
        (true, false) => checks::EXIT,
        (false, _) => checks::ENTRY,
    };
    let objections: Vec<Objection> = checks.iter().filter_map(|check| check(&case)).collect();
    // An unsure clock is asked about only where nothing else speaks against it.
    let certain = objections.iter().find(|o| o.code != Code::Clock);
    let fatal = objections.iter().find(|o| !o.code.overridable()).or(certain).or(objections.first());
    match (fatal, &case.scan.overriding) {
        (None, _) => passed(&case, None),
        (Some(objection), Some(by)) if objection.code.overridable() => passed(&case, Some(by.clone())),
        (Some(objection), _) => refused(case.scan, case.list, Some(&case.standing), objection.clone()),
    }
}

fn passed(case: &Case<'_>, overridden: Option<Override>) -> Decision {
    let unlisted = !case.standing.listed;
    let code = case.scan.shown.genuine().filter(|_| unlisted).map(|g| g.code().to_vec().into());
    let (ticket, list, gate) = (case.standing.ticket, case.list.id, case.scan.gate.clone());
    let marked = overridden.is_some();
    let (verdict, record) = match case.scan.direction {
        Direction::Entry => (Verdict::Admit, Kind::Admission(Admission { ticket, list, gate, overridden, code })),
        Direction::Exit => {
            let closes = case.presence.closed_by_exit_at(case.moment);
            (Verdict::Exit, Kind::Exit(Exit { ticket, list, gate, closes, overridden, code }))
        }
    };
    Decision {
        verdict,
        code: Code::Ok,
        why: if unlisted { Why::BySignature } else { Why::Good },
        record,
        overridden: marked,
        product: Some(case.standing.product),
        used: None,
    }
}

fn refused(scan: &Scan, list: &CheckInList, standing: Option<&Standing<'_>>, objection: Objection) -> Decision {
    let record = Refusal {
        ticket: scan.shown.ticket(),
        list: Some(list.id),
        gate: scan.gate.clone(),
        code: objection.code.as_str().to_owned(),
    };
    Decision {
        verdict: objection.verdict,
        code: objection.code,
        why: objection.why,
        record: Kind::Refusal(record),
        overridden: false,
        product: standing.map(|s| s.product),
        used: objection.used,
    }
}

#[cfg(test)]
mod tests;
