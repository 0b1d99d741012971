//! What is asked of the agent, and what of it is under way.
//!
//! The state machine puts requests here, the shell takes and performs them. Kept true: the
//! same request is not sent twice at once, and an act whose answer was lost is repeated
//! under the same key, so that the agent does it once.

use std::collections::BTreeMap;

use tidegate_core::api::{Answer, ConflictReport, Direction, Findings, FoundTicket, LinkStatus, LogPage};

use super::Millis;
use super::field::Secret;
use super::journal::Kind;
use crate::link::Refusal;

/// A request longer under way than this is shown: what is faster needs no word.
pub const SLOW_MS: Millis = 300;
/// A lost act sent again within this is the same act; later it is somebody else's.
const SAME_ACT_MS: Millis = 30_000;

/// What is decided about: a code that was read, or a ticket that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The text of a code.
    Code(String),
    /// A ticket's id.
    Ticket(String),
}

/// A supervisor's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The session it is made in.
    pub session: Secret,
    /// Why.
    pub reason: String,
}

/// A scan to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// What.
    pub subject: Subject,
    /// Which check-in list; the agent's own where none.
    pub list: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// At which gate; the agent's own where none.
    pub gate: Option<String>,
    /// An unpaid ticket was settled.
    pub confirm_unpaid: bool,
    /// Answers by the question's id.
    pub answers: BTreeMap<String, String>,
    /// Why a ticket is let in without its code.
    pub reason: Option<String>,
    /// A supervisor's decision.
    pub overriding: Option<Override>,
}

impl Scan {
    /// A scan of this device's own list and gate, without anything beside it.
    pub fn of(subject: Subject) -> Self {
        Self {
            subject,
            list: None,
            direction: Direction::Entry,
            gate: None,
            confirm_unpaid: false,
            answers: BTreeMap::new(),
            reason: None,
            overriding: None,
        }
    }

    /// The scan an answer was given to, as far as the answer tells; `None` where no ticket was read.
    pub fn behind(answer: &Answer) -> Option<Self> {
        let ticket = answer.ticket.as_ref()?;
        let list = Some(answer.list.clone()).filter(|list| !list.is_empty());
        Some(Self {
            list,
            direction: answer.direction,
            gate: answer.gate.clone(),
            ..Self::of(Subject::Ticket(ticket.id.clone()))
        })
    }
}

/// Which part of the journals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Of this ticket alone.
    pub ticket: Option<String>,
    /// Only this kind.
    pub kind: Kind,
    /// Only what holds this text.
    pub find: String,
    /// Only what is older than this.
    pub before: Option<String>,
}

/// What is asked of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Take the last act back.
    Undo,
    /// Tickets by name, order or e-mail.
    Find(String),
    /// Every ticket of an order.
    Order(String),
    /// Decide a scan.
    Scan(Box<Scan>),
    /// Let so many of an order in.
    Party {
        /// The order's code.
        order: String,
        /// How many.
        count: u64,
        /// Why without codes.
        reason: String,
    },
    /// A page of the log.
    Log(Pages),
    /// Acts too many.
    Conflicts,
    /// What should not be.
    Findings,
    /// Everybody is asked at once.
    SyncNow,
    /// Sign a supervisor in.
    SignIn {
        /// Their name.
        name: String,
        /// Their PIN.
        pin: Secret,
    },
    /// Somebody is on duty from now on.
    Duty {
        /// Their name.
        name: String,
        /// Their PIN.
        pin: Secret,
    },
    /// The owner of a badge is on duty from now on.
    Badge(Secret),
    /// Nobody is on duty any more.
    OffDuty,
}

impl Request {
    /// What is being done, for the line that shows it.
    pub fn doing(&self) -> &'static str {
        match self {
            Self::Undo => "UNDOING the last act of this device",
            Self::Find(_) => "SEARCHING",
            Self::Order(_) => "FETCHING the order",
            Self::Scan(_) => "ASKING the agent about a ticket",
            Self::Party { .. } => "ADMITTING the party",
            Self::Log(_) => "FETCHING the log",
            Self::Conflicts | Self::Findings => "FETCHING what was found",
            Self::SyncNow => "ASKING everybody",
            Self::SignIn { .. } | Self::Duty { .. } | Self::Badge(_) => "SIGNING IN",
            Self::OffDuty => "SIGNING OFF",
        }
    }
}

/// What a party's admission came to.
#[derive(Clone, Debug)]
pub struct PartyAnswer {
    /// Those let in now.
    pub admitted: Vec<Answer>,
    /// Those not.
    pub refused: Vec<Answer>,
    /// How many of the order are inside now.
    pub inside: u64,
    /// How many the order has.
    pub of: u64,
}

/// A supervisor's two minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Shown with an override.
    pub session: Secret,
    /// How long it lasts.
    pub expires_in_s: u64,
    /// Whose it is.
    pub name: String,
    /// Whether they may decide against the rule.
    pub may_override: bool,
}

/// What the agent answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A verdict.
    Answer(Box<Answer>),
    /// Tickets.
    Tickets(Vec<FoundTicket>),
    /// A party.
    Party(Box<PartyAnswer>),
    /// A page of the log.
    Log(LogPage),
    /// Acts too many.
    Conflicts(Vec<ConflictReport>),
    /// What should not be.
    Findings(Box<Findings>),
    /// The links, after everybody was asked.
    Links(Vec<LinkStatus>),
    /// A session.
    Opened(Opened),
    /// Who is on duty now.
    OnDuty(Option<String>),
}

/// What the agent answered, or why it did not.
pub type Replied = Result<Reply, Refusal>;

/// A request with its number.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Tells the answer which request it is for.
    pub id: u64,
    /// The act's own number: the same when a lost act is repeated.
    pub key: u64,
    /// What is asked.
    pub request: Request,
    /// When.
    pub since: Millis,
}

/// Requests to be sent, and those under way.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    last: u64,
    outbox: Vec<Sent>,
    under_way: Vec<Sent>,
    lost: Option<Sent>,
}

impl Requests {
    /// Puts a request into the outbox, unless the very same is under way.
    pub fn send(&mut self, request: Request, now: Millis) {
        if self.is_under_way(|known| *known == request) {
            return;
        }
        self.last += 1;
        let lost = self.lost.take_if(|lost| lost.request == request);
        let lost = lost.filter(|lost| now.saturating_sub(lost.since) < SAME_ACT_MS);
        let key = lost.map_or(self.last, |lost| lost.key);
        let sent = Sent { id: self.last, key, request, since: now };
        self.outbox.push(sent.clone());
        self.under_way.push(sent);
    }

    /// What has to be sent now.
    pub fn take(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.outbox)
    }

    /// The request that an answer is for; remembered where nobody knows whether it was done.
    pub fn replied(&mut self, id: u64, replied: &Replied) -> Option<Request> {
        let at = self.under_way.iter().position(|sent| sent.id == id)?;
        let sent = self.under_way.remove(at);
        let is_act = matches!(sent.request, Request::Scan(_) | Request::Party { .. });
        if is_act && matches!(replied, Err(Refusal::NotReached(_))) {
            self.lost = Some(sent.clone());
        }
        Some(sent.request)
    }

    /// Whether such a request is under way.
    pub fn is_under_way(&self, such: impl Fn(&Request) -> bool) -> bool {
        self.under_way.iter().any(|sent| such(&sent.request))
    }

    /// The oldest request that takes longer than nobody notices, and for how long.
    pub fn slow(&self, now: Millis) -> Option<(&Request, Millis)> {
        let waits = |sent: &&Sent| now.saturating_sub(sent.since) >= SLOW_MS;
        self.under_way.iter().find(waits).map(|sent| (&sent.request, now - sent.since))
    }

    /// Since when each request is under way.
    pub fn since(&self) -> impl Iterator<Item = Millis> + '_ {
        self.under_way.iter().map(|sent| sent.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::fault::Fault;

    fn scan(code: &str) -> Request {
        Request::Scan(Box::new(Scan::of(Subject::Code(code.to_owned()))))
    }

    fn lose(requests: &mut Requests, at: Millis) -> u64 {
        requests.send(scan("A"), at);
        let sent = requests.take().remove(0);
        requests.replied(sent.id, &Err(Refusal::NotReached(Fault::Silent)));
        sent.key
    }

    #[test]
    fn a_lost_act_is_repeated_under_its_key_and_only_soon_after() {
        for (later, same) in [(29_999, true), (30_000, false)] {
            let mut requests = Requests::default();
            let key = lose(&mut requests, 100);
            requests.send(scan("A"), 100 + later);
            assert_eq!(requests.take()[0].key == key, same, "{later}");
        }
    }

    #[test]
    fn another_act_never_gets_a_lost_ones_key() {
        let mut requests = Requests::default();
        let key = lose(&mut requests, 100);
        requests.send(scan("B"), 200);
        assert_ne!(requests.take()[0].key, key);
    }

    #[test]
    fn the_same_request_is_not_sent_twice_at_once() {
        let mut requests = Requests::default();
        requests.send(scan("A"), 0);
        requests.send(scan("A"), 10);
        assert_eq!(requests.take().len(), 1);
    }
}
