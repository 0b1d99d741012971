//! The Find screen: a search, its matches, one order, and letting in by hand.
//!
//! Four steps, each left by Esc: search, order, how many, why. Kept true: whom a reason is
//! for is fixed when the reason is asked, whatever the list under it does meanwhile.

use tidegate_core::api::{FoundTicket, TicketCard};

use super::Millis;
use super::field::Field;

/// The longest search an agent takes, in bytes of the shortest letters.
pub const SEARCH_MOST: usize = 100;
/// The fewest letters an agent searches for.
pub const SEARCH_LEAST: usize = 2;
/// The longest reason that fits an entry, in bytes.
pub const REASON_MOST: usize = 200;
/// Why somebody comes in without a code; the last row is typed.
pub const HAND_REASONS: [&str; 5] =
    ["ID seen", "Phone empty", "Code cannot be read", "On the guest list", "Lost ticket, name checked"];

/// A reason, chosen or typed.
#[derive(Clone, Debug, Default)]
pub struct Reason {
    /// Those to choose from.
    pub presets: &'static [&'static str],
    /// The row chosen; behind the presets is the typed one.
    pub at: usize,
    /// The typed one.
    pub own: Field,
}

impl Reason {
    /// The first preset is chosen.
    pub fn new(presets: &'static [&'static str]) -> Self {
        Self { presets, ..Self::default() }
    }

    /// The reason, if there is one.
    pub fn text(&self) -> Option<String> {
        let chosen = self.presets.get(self.at).map_or(self.own.text(), |preset| preset);
        (!chosen.is_empty()).then(|| chosen.to_owned())
    }

    /// The typed row, chosen by typing.
    pub fn typing(&mut self) -> &mut Field {
        self.at = self.presets.len();
        &mut self.own
    }

    /// Rows to choose from.
    pub fn rows(&self) -> usize {
        self.presets.len() + 1
    }
}

/// Who is let in by hand.
#[derive(Clone, Debug)]
pub enum Whom {
    /// One ticket.
    Ticket(Box<TicketCard>),
    /// So many of the order.
    Party(u64),
}

/// What is done with an order.
#[derive(Clone, Debug, Default)]
pub enum Step {
    /// It is looked at.
    #[default]
    Look,
    /// How many come in is chosen.
    Count(u64),
    /// Why they come in is chosen.
    Why(Whom, Reason),
}

/// An order that was opened.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Its code; a ticket without one stands alone.
    pub code: Option<String>,
    /// Its tickets; until they are fetched, the one that was found.
    pub tickets: Vec<FoundTicket>,
    /// Whether all its tickets are here.
    pub whole: bool,
    /// The one that is chosen.
    pub at: usize,
    /// What is done with it.
    pub step: Step,
    /// What went wrong last.
    pub fault: Option<String>,
}

impl Order {
    /// An order of which one ticket is known.
    pub fn of(found: &FoundTicket) -> Self {
        let code = found.ticket.order.clone();
        Self { whole: code.is_none(), code, tickets: vec![found.clone()], ..Self::default() }
    }

    /// Takes all its tickets; the same ticket stays chosen.
    pub fn fill(&mut self, tickets: Vec<FoundTicket>) {
        let chosen = self.chosen().map(|found| found.ticket.id.clone());
        self.at = tickets.iter().position(|found| Some(&found.ticket.id) == chosen.as_ref()).unwrap_or(0);
        (self.tickets, self.whole, self.fault) = (tickets, true, None);
    }

    /// The ticket that is chosen.
    pub fn chosen(&self) -> Option<&FoundTicket> {
        self.tickets.get(self.at)
    }

    /// How many are inside.
    pub fn inside(&self) -> usize {
        self.tickets.iter().filter(|found| found.inside).count()
    }

    /// How many could still come in.
    pub fn outside(&self) -> u64 {
        let could = |found: &&FoundTicket| !found.inside && found.status != "cancelled";
        self.tickets.iter().filter(could).map(|_| 1).sum()
    }
}

/// The Find screen.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// What is searched for.
    pub text: Field,
    /// When the search is sent.
    pub due: Option<Millis>,
    /// What was sent last.
    pub asked: String,
    /// The matches; `None` before the first search is answered.
    pub found: Option<Vec<FoundTicket>>,
    /// The match that is chosen.
    pub at: usize,
    /// What went wrong last.
    pub fault: Option<String>,
    /// The order that is open.
    pub order: Option<Order>,
}

/// A row further up or down, which stays among so many.
pub fn moved(at: usize, by: isize, rows: usize) -> usize {
    at.saturating_add_signed(by).min(rows.saturating_sub(1))
}
