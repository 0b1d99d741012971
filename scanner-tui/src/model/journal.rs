//! The Log screen: what all journals say, newest first, read page by page.
//!
//! A roll is what was read of one question so far; the history of one ticket is a roll of
//! its own. Kept true: a page is taken only where it continues what is shown.

use tidegate_core::api::{LogItem, LogPage, TicketCard};

use super::Millis;
use super::field::Field;
use super::request::Pages;

/// Items asked for at once: more than the largest screen shows.
pub const PAGE: usize = 50;
/// Items kept of one roll: an hour of a busy house; further back the filter leads.
const ROLL_MOST: usize = 2_000;

/// Which items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    #[default]
    All,
    /// Who came in.
    Entries,
    /// Who did not.
    Refusals,
    /// What was taken back.
    Undone,
    /// What a supervisor decided.
    Overrides,
}

impl Kind {
    /// Every kind, in the order they are chosen.
    pub const ALL: [Self; 5] = [Self::All, Self::Entries, Self::Refusals, Self::Undone, Self::Overrides];

    /// Its name, on the screen and to the agent.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Entries => "entries",
            Self::Refusals => "refusals",
            Self::Undone => "undone",
            Self::Overrides => "overrides",
        }
    }

    /// The kind so many further, around the corner too.
    pub fn turned(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0);
        let rows = Self::ALL.len();
        Self::ALL[at.wrapping_add(rows).wrapping_add_signed(by) % rows]
    }
}

/// What was read so far.
#[derive(Clone, Debug, Default)]
pub struct Roll {
    /// The items; `None` before the first page.
    pub items: Option<Vec<LogItem>>,
    /// How to read on; absent at the end.
    pub next: Option<String>,
    /// The item that is chosen.
    pub at: usize,
    /// What went wrong last.
    pub fault: Option<String>,
}

impl Roll {
    /// The items.
    pub fn items(&self) -> &[LogItem] {
        self.items.as_deref().unwrap_or_default()
    }

    /// Takes a page that was asked for with this `before`.
    pub fn take(&mut self, page: LogPage, before: Option<&String>) {
        self.fault = None;
        match (before, &mut self.items) {
            (None, _) => (self.items, self.next) = (Some(page.items), page.next),
            (Some(before), Some(items)) if self.next.as_ref() == Some(before) => {
                items.extend(page.items);
                self.next = page.next.filter(|_| items.len() < ROLL_MOST);
            }
            (Some(_), Some(_) | None) => return,
        }
        self.at = self.at.min(self.items().len().saturating_sub(1));
    }

    /// Where to read on from, once the last item read is chosen.
    pub fn wants(&self) -> Option<String> {
        let last = self.at + 1 >= self.items().len();
        self.next.clone().filter(|_| last)
    }
}

/// The history of one ticket.
#[derive(Clone, Debug)]
pub struct History {
    /// Whose.
    pub ticket: TicketCard,
    /// What was read of it.
    pub roll: Roll,
}

/// The Log screen.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Only items that hold this.
    pub text: Field,
    /// Only items of this kind.
    pub kind: Kind,
    /// When it is asked anew.
    pub due: Option<Millis>,
    /// What was read.
    pub roll: Roll,
    /// The history that is open.
    pub history: Option<History>,
}

impl Journal {
    /// The roll that is shown.
    pub fn shown(&mut self) -> &mut Roll {
        match &mut self.history {
            Some(history) => &mut history.roll,
            None => &mut self.roll,
        }
    }

    /// What to ask for what is shown.
    pub fn pages(&self, before: Option<String>) -> Pages {
        match &self.history {
            Some(history) => {
                let ticket = Some(history.ticket.id.clone());
                Pages { ticket, kind: Kind::All, find: String::new(), before }
            }
            None => self.filtered(before),
        }
    }

    /// What to ask for the filtered roll.
    pub fn filtered(&self, before: Option<String>) -> Pages {
        Pages { ticket: None, kind: self.kind, find: self.text.text().to_owned(), before }
    }

    /// The roll that an answer to these pages belongs to, if it is still wanted.
    pub fn roll_of(&mut self, pages: &Pages) -> Option<&mut Roll> {
        match (&pages.ticket, &mut self.history) {
            (Some(ticket), Some(history)) if history.ticket.id == *ticket => Some(&mut history.roll),
            (Some(_), _) => None,
            (None, _) => {
                let wanted = pages.kind == self.kind && pages.find == self.text.text();
                wanted.then_some(&mut self.roll)
            }
        }
    }
}
