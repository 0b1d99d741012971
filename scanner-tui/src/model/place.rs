//! Where keys go: one place for each thing a person can be doing.
//!
//! The table of keys names places, so what a key does never depends on anything else. Kept
//! true: while a verdict covers a screen, the keys are the door's, and nothing underneath
//! can be done unseen.

use super::card::Phase;
use super::dialog::{About, Dialog, Purpose};
use super::field::Field;
use super::find::{REASON_MOST, SEARCH_MOST, Step};
use super::{Millis, Model, Screen, dialog};

/// What a person is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Looking at the door.
    Door,
    /// Searching.
    Search,
    /// Looking at an order.
    Order,
    /// Choosing how many come in.
    Party,
    /// Choosing why, before somebody is let in.
    Reason,
    /// Reading the log.
    Log,
    /// Reading the history of a ticket.
    History,
    /// Looking at who is heard, and what was found.
    Sync,
    /// Answering questions.
    Questions,
    /// Confirming a payment.
    Unpaid,
    /// Choosing one of several tickets.
    Choice,
    /// Signing in as a supervisor.
    SignIn,
    /// Signing in for duty.
    Duty,
}

impl Place {
    /// Whether a key right behind a typed character is never a key press here: a key may do
    /// something to a guest, or nothing is typed here at all.
    pub fn is_guarded(self) -> bool {
        match self {
            Self::Door | Self::Reason | Self::Questions | Self::Unpaid | Self::Choice => true,
            Self::Search | Self::Order | Self::Party | Self::Log | Self::History | Self::Sync => false,
            Self::SignIn | Self::Duty => false,
        }
    }
}

/// Where typed text goes.
pub struct Line<'a> {
    /// The field.
    pub field: &'a mut Field,
    /// Bytes it takes.
    pub most: usize,
}

impl Model {
    /// What a person is doing now.
    pub fn place(&self, now: Millis) -> Place {
        if self.is_covered(now) {
            return Place::Door;
        }
        match &self.dialog {
            Some(Dialog::Ask(ask)) => match ask.about {
                About::Questions { .. } => Place::Questions,
                About::Unpaid => Place::Unpaid,
                About::Choice { .. } => Place::Choice,
            },
            Some(Dialog::SignIn(sign_in)) => match sign_in.purpose {
                Purpose::Supervisor => Place::SignIn,
                Purpose::Duty => Place::Duty,
            },
            Some(Dialog::Overrule(_)) => Place::Reason,
            None => self.place_on_screen(),
        }
    }

    fn place_on_screen(&self) -> Place {
        match self.screen {
            Screen::Door => Place::Door,
            Screen::Find => match self.find.order.as_ref().map(|order| &order.step) {
                None => Place::Search,
                Some(Step::Look) => Place::Order,
                Some(Step::Count(_)) => Place::Party,
                Some(Step::Why(..)) => Place::Reason,
            },
            Screen::Log if self.journal.history.is_some() => Place::History,
            Screen::Log => Place::Log,
            Screen::Sync => Place::Sync,
        }
    }

    /// Whether a verdict covers what a person was doing.
    pub fn is_covered(&self, now: Millis) -> bool {
        let stands = self.card.as_ref().is_some_and(|card| card.phase(now) != Phase::Over);
        self.covered && stands
    }

    /// The field that is typed into, whether or not a verdict covers it.
    pub fn line(&mut self) -> Option<Line<'_>> {
        let line = |field, most| Some(Line { field, most });
        match &mut self.dialog {
            Some(Dialog::Ask(ask)) => match &mut ask.about {
                About::Questions { answers, at } => line(answers.get_mut(*at)?, dialog::ANSWER_MOST),
                About::Unpaid | About::Choice { .. } => None,
            },
            Some(Dialog::SignIn(sign_in)) => match sign_in.on_pin {
                true => line(sign_in.pin.field(), dialog::PIN_MOST),
                false => line(&mut sign_in.name, dialog::NAME_MOST),
            },
            Some(Dialog::Overrule(overruling)) => line(overruling.reason.typing(), REASON_MOST),
            None => match (self.screen, &mut self.find.order) {
                (Screen::Door | Screen::Sync, _) => None,
                (Screen::Find, None) => line(&mut self.find.text, SEARCH_MOST),
                (Screen::Find, Some(order)) => match &mut order.step {
                    Step::Why(_, reason) => line(reason.typing(), REASON_MOST),
                    Step::Look | Step::Count(_) => None,
                },
                (Screen::Log, _) if self.journal.history.is_none() => line(&mut self.journal.text, SEARCH_MOST),
                (Screen::Log, _) => None,
            },
        }
    }
}
