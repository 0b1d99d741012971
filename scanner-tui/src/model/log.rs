//! The last answers, newest first.
//!
//! Bounded, in memory only, and honest about the past: an act that was taken back stays
//! in the list and is marked, it never disappears. Refusals and garbage are answers too.

use std::collections::VecDeque;

use tidegate_core::api::{Answer, Verdict};

use crate::face::Face;

/// Answers kept: more than the largest terminal shows.
const KEPT: usize = 64;

/// One answer of the past.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it looked like.
    pub face: Face,
    /// The answer.
    pub answer: Answer,
    /// Whether it was taken back since.
    pub undone: bool,
}

/// The last answers.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
}

impl Log {
    /// Adds an answer; one that takes an act back marks that act.
    pub fn push(&mut self, answer: Answer) {
        if matches!(answer.verdict, Verdict::Annulled | Verdict::Voided) {
            self.mark_undone(&answer);
        }
        let face = Face::of(&answer);
        self.entries.push_front(Entry { face, answer, undone: false });
        self.entries.truncate(KEPT);
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The newest act on the same ticket that still stood.
    fn mark_undone(&mut self, undo: &Answer) {
        let Some(ticket) = &undo.ticket else { return };
        let same = |entry: &&mut Entry| {
            let on_it = entry.answer.ticket.as_ref().is_some_and(|t| t.id == ticket.id);
            on_it && !entry.undone && is_act(entry.answer.verdict)
        };
        if let Some(entry) = self.entries.iter_mut().find(same) {
            entry.undone = true;
        }
    }
}

fn is_act(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Admit | Verdict::Exit | Verdict::Serve => true,
        Verdict::Ask | Verdict::Refuse | Verdict::Annulled | Verdict::Voided => false,
    }
}
