//! The admission law: `decide(facts, scan) -> Decision`, used by agent and cloud alike.
//!
//! The shell gathers [`Facts`] inside the transaction that will append, asks, and
//! writes what [`Decision::record`] says in the same transaction. One check a
//! function, in the order of [`checks::ENTRY`]; a refusal is a result, never an
//! error. Nothing here waits for anybody.

pub mod add_on;
pub mod answer;
pub mod checks;
pub mod explain;
pub mod key;
mod shown;
pub mod stage;
pub mod undo;
pub mod verdict;

use crate::api::{Direction, Verdict};
use crate::catalogue::{Catalogue, CheckInList, Question, TicketRow};
use crate::clock::Quality;
use crate::exposure::{Limit, Reach};
use crate::fold::{Act, Moment, Passage, Presence, TicketState};
use crate::id::{DateId, JournalId, ProductId, TicketId};
use crate::journal::EntryRef;
use crate::journal::kind::{Admission, ByHand, Exit, Kind, Override, Refusal};
use crate::ticket::{Credit, Genuine, Identity, Ticket};
use crate::time::{Timestamp, Window};
use smol_str::SmolStr;
use std::collections::BTreeSet;

use add_on::Meant;

pub use explain::Why;
pub use shown::{Scan, Shown};
pub use stage::{Behind, Rows, Stage};
pub use verdict::Code;

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
    /// The tickets that belong to it, as far as known.
    pub add_ons: &'a [AddOn],
    /// The device's time.
    pub now: Timestamp,
    /// What that rests on.
    pub quality: Quality,
    /// Whether somebody is there to be asked.
    pub can_ask: bool,
    /// How far it has come with what there was before it.
    pub stage: Stage<'a>,
    /// Free places that this device may fill; absent where the list counts none.
    pub room: Option<Room>,
    /// How far this device stands from the others.
    pub reach: Reach,
    /// The journal that this device writes; absent where nobody's is written.
    pub own: Option<JournalId>,
}

/// Free places that a device may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many for certain.
    pub certain: i64,
    /// So many if it is as late as the device's clock says: a closing time may have come.
    pub by_clock: i64,
}

impl Room {
    /// What there is whatever the time is, or where it is known.
    pub fn of(places: i64) -> Self {
        Self { certain: places, by_clock: places }
    }
}

impl Facts<'_> {
    /// Whether an entry is this device's own, and nobody else is known to have it.
    pub fn alone(&self, id: &EntryRef) -> bool {
        self.own == Some(id.journal) && id.sequence > self.reach.shared
    }
}

/// A ticket that belongs to the one that was shown.
#[derive(Clone, Debug)]
pub struct AddOn {
    /// Its row.
    pub row: TicketRow,
    /// The newest genuine code of it that journals carried.
    pub newest_code: Option<Ticket>,
    /// All acts known of it.
    pub acts: Vec<Act>,
}

impl AddOn {
    fn standing(&self) -> Standing<'_> {
        Standing::of_row(&self.row, self.newest_code.as_ref())
    }
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
    /// The ticket that was decided about, where it is not the one that was shown.
    pub instead: Option<TicketId>,
    /// What the guest has to answer first.
    pub questions: Vec<Question>,
    /// The tickets that fit, where somebody has to choose.
    pub choices: Vec<TicketId>,
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
    /// What the guest has to answer first.
    pub questions: Vec<Question>,
    /// The tickets that fit, where somebody has to choose.
    pub choices: Vec<TicketId>,
}

impl Objection {
    /// A refusal.
    pub fn refuse(code: Code, why: Why) -> Self {
        Self { verdict: Verdict::Refuse, code, why, used: None, questions: Vec::new(), choices: Vec::new() }
    }

    /// A question.
    pub fn ask(code: Code, why: Why) -> Self {
        Self { verdict: Verdict::Ask, ..Self::refuse(code, why) }
    }

    /// Several tickets fit, and somebody has to choose.
    pub fn ambiguous(choices: Vec<TicketId>) -> Self {
        let why = Why::Ambiguous { count: choices.len() };
        Self { choices, ..Self::ask(Code::Ambiguous, why) }
    }

    /// What is answered and recorded. Where nobody is there to be asked, a question is a refusal.
    pub(crate) fn decided(self, facts: &Facts<'_>, record: Refusal, product: Option<ProductId>) -> Decision {
        let refuses = !facts.can_ask;
        Decision {
            verdict: if refuses { Verdict::Refuse } else { self.verdict },
            code: self.code,
            why: self.why,
            record: Kind::Refusal(Refusal { code: self.code.as_str().to_owned(), ..record }),
            overridden: false,
            product,
            used: self.used,
            instead: None,
            questions: self.questions,
            choices: if refuses { Vec::new() } else { self.choices },
        }
    }

    /// Whether a supervisor may decide otherwise.
    pub fn overridable(&self) -> bool {
        self.code.overridable() && self.why != Why::RuleUnreadable
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
    /// By the row that is here and the codes that were seen; nothing where neither is known.
    pub fn of(shown: &'a Shown, facts: &Facts<'a>) -> Option<Self> {
        let code = shown.genuine().map(Genuine::ticket);
        let newest = [facts.newest_code, code].into_iter().flatten().max_by_key(|code| code.counter);
        let standing = match (facts.row, code) {
            (Some(row), _) => Self::of_row(row, newest),
            (None, Some(_)) => Self::of_code(newest?),
            (None, None) => return None,
        };
        Some(Self { shown_counter: shown.counter(facts.row), ..standing })
    }

    /// A row with a counter at least the newest code's counts alone; otherwise that code does.
    fn of_row(row: &'a TicketRow, newest: Option<&'a Ticket>) -> Self {
        match newest {
            Some(code) if code.counter > row.counter => Self::of_code(code),
            Some(_) | None => Self {
                ticket: row.id,
                product: row.product,
                date: row.date,
                window: row.window,
                credits: &row.credits,
                shown_counter: None,
                newest_counter: row.counter,
                listed: true,
            },
        }
    }

    fn of_code(code: &'a Ticket) -> Self {
        Self {
            ticket: code.id,
            product: code.product,
            date: code.date,
            window: code.window,
            credits: &code.credits,
            shown_counter: None,
            newest_counter: code.counter,
            listed: false,
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
    /// What speaks against the ticket that was shown for this one.
    pub main: Option<Objection>,
    /// How it was shown, where not by its code.
    pub by_hand: Option<ByHand>,
    /// Its comings and goings on this list.
    pub presence: Presence,
    /// Its acts that were taken back, on whatever list.
    pub undone: BTreeSet<EntryRef>,
    /// Where in that history this scan stands.
    pub moment: Moment,
    /// The time that windows are held against.
    pub at: Timestamp,
}

/// Decides a scan on a list.
pub fn decide(facts: &Facts<'_>, scan: &Scan, list: &CheckInList) -> Decision {
    if let Some(objection) = identity_objection(&scan.shown, facts) {
        return refused(facts, (scan, list), None, objection);
    }
    if let Some(tickets) = scan.shown.several() {
        return refused(facts, (scan, list), None, Objection::ambiguous(tickets.to_vec()));
    }
    let Some(standing) = Standing::of(&scan.shown, facts) else {
        return refused(facts, (scan, list), None, checks::no_such_ticket(facts));
    };
    let main = checks::still_good(&standing, facts);
    match (add_on::meant(facts, scan, list, &standing), main) {
        (Meant::Itself, _) => decide_genuine(case(facts, scan, list, standing)),
        (Meant::AddOn(add_on), main) => {
            let row = Some(&add_on.row);
            let there = Facts { row, newest_code: add_on.newest_code.as_ref(), acts: &add_on.acts, ..*facts };
            let scan_of_it = Scan { shown: Shown::Found(add_on.row.id), ..scan.clone() };
            let case =
                Case { main, by_hand: scan.shown.by_hand(), ..case(&there, &scan_of_it, list, add_on.standing()) };
            Decision { instead: Some(add_on.row.id), ..decide_genuine(case) }
        }
        // A code that is no longer good opens no choice, whoever decides: who is chosen is looked at alone.
        // Somebody who leaves may be inside, and is asked.
        (Meant::Several(_) | Meant::NotHere, Some(objection)) if scan.direction == Direction::Entry => {
            refused(facts, (scan, list), Some(&standing), objection)
        }
        (Meant::Several(tickets), _) => refused(facts, (scan, list), None, Objection::ambiguous(tickets)),
        (Meant::NotHere, _) => refused(facts, (scan, list), Some(&standing), checks::not_here()),
    }
}

/// Everything that a list's rules have against an entry of the ticket itself, what is hardest to mend
/// first; nothing where they are not false.
pub fn rule_reasons(facts: &Facts<'_>, scan: &Scan, list: &CheckInList) -> Vec<Why> {
    let Some(standing) = Standing::of(&scan.shown, facts) else { return Vec::new() };
    checks::rule_reasons(&case(facts, scan, list, standing)).into_iter().map(Why::Rule).collect()
}

/// What is refused before anybody looks at rows; no supervisor changes that.
pub(crate) fn identity_objection(shown: &Shown, facts: &Facts<'_>) -> Option<Objection> {
    let refuse = |code, why| Some(Objection::refuse(code, why));
    match shown {
        _ if facts.is_starting() => refuse(Code::Starting, Why::Starting),
        _ if facts.reach.withdrawn().is_some() => refuse(Code::Limit, Why::Limit(Limit::Withdrawn)),
        Shown::Code(Identity::NotATicket(reason)) => refuse(Code::NotATicket, Why::NotATicket(*reason)),
        Shown::Code(Identity::UnknownKey(key)) => refuse(Code::UnknownKey, Why::UnknownKey(*key)),
        Shown::Code(Identity::Forged(_)) => refuse(Code::Forged, Why::Forged),
        Shown::Code(Identity::Foreign { event, .. }) => refuse(Code::WrongEvent, Why::WrongEvent(event.clone())),
        Shown::Code(Identity::Genuine(_)) | Shown::Typed(_) | Shown::Found(_) => None,
    }
}

fn case<'a>(facts: &Facts<'a>, scan: &'a Scan, list: &'a CheckInList, standing: Standing<'a>) -> Case<'a> {
    let state = TicketState::of(facts.acts, facts.catalogue);
    Case {
        facts: *facts,
        scan,
        list,
        standing,
        main: None,
        by_hand: scan.shown.by_hand(),
        presence: state.on(list.id),
        undone: state.undone,
        moment: scan.moment(facts.now),
        at: scan.at.unwrap_or(facts.now),
    }
}

fn decide_genuine(case: Case<'_>) -> Decision {
    let leaving = case.scan.direction == Direction::Exit;
    let objections: Vec<Objection> = match (leaving, case.presence.open_at(case.moment).is_some()) {
        (true, true) => Vec::new(), // who is inside can always leave
        (true, false) => checks::against(&case, checks::EXIT),
        (false, _) => checks::against(&case, checks::ENTRY),
    };
    // An unsure clock is asked about only where nothing else speaks against it.
    let first = || objections.iter().find(|o| o.code != Code::Clock).or(objections.first());
    let against = match &case.scan.overriding {
        // A supervisor is told what they cannot decide, whatever speaks against it before that.
        Some(_) => objections.iter().find(|o| !o.overridable()).or_else(first),
        None => first(),
    };
    match (against, &case.scan.overriding) {
        (None, _) => passed(&case, None),
        (Some(objection), Some(by)) if objection.overridable() => passed(&case, Some(by.clone())),
        (Some(objection), _) => {
            refused(&case.facts, (case.scan, case.list), Some(&case.standing), objection.clone())
        }
    }
}

fn passed(case: &Case<'_>, overridden: Option<Override>) -> Decision {
    let unlisted = !case.standing.listed;
    let code = case.scan.shown.genuine().filter(|_| unlisted).map(|g| g.code().to_vec().into());
    let (ticket, list, gate) = (case.standing.ticket, case.list.id, case.scan.gate.as_deref().map(SmolStr::new));
    let (by_hand, reason) = (case.by_hand, case.scan.reason.clone());
    let marked = overridden.is_some();
    let (verdict, record) = match case.scan.direction {
        Direction::Entry => {
            let event = case.facts.catalogue.event.as_ref();
            let asked = |id: &str| event.is_some_and(|event| event.questions.iter().any(|q| q.id == id));
            let answers = case.scan.answers.iter().filter(|a| asked(&a.question)).cloned().collect();
            let admission = Admission { ticket, list, gate, overridden, code, by_hand, reason, answers };
            (Verdict::Admit, Kind::Admission(admission))
        }
        Direction::Exit => {
            let closes = case.presence.closed_by_exit_at(case.moment);
            (Verdict::Exit, Kind::Exit(Exit { ticket, list, gate, closes, overridden, code, by_hand, reason }))
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
        instead: None,
        questions: Vec::new(),
        choices: Vec::new(),
    }
}

fn refused(
    facts: &Facts<'_>,
    (scan, list): (&Scan, &CheckInList),
    standing: Option<&Standing<'_>>,
    objection: Objection,
) -> Decision {
    let (ticket, gate) = (scan.shown.ticket(), scan.gate.as_deref().map(SmolStr::new));
    let record = Refusal { ticket, list: Some(list.id), gate, code: String::new() };
    objection.decided(facts, record, standing.map(|s| s.product))
}

#[cfg(test)]
mod tests;
