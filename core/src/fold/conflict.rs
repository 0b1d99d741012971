//! Conflicts: one entry, or one credit, more than a ticket allows.
//!
//! Found when journals meet, named once, with both signed entries. The same
//! journals and the same feed give the same conflicts, wherever they are folded.

use super::{Passage, Serving, TicketState};
use crate::api::{ConflictReport, ConflictSide};
use crate::catalogue::{Catalogue, CheckInList};
use crate::id::{ListId, ProductId, TicketId};
use crate::journal::EntryRef;
use crate::ticket::Credit;
use crate::time::Timestamp;
use smol_str::SmolStr;

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Entries on a list.
    Entry(ListId),
    /// Units of a product.
    Credit(ProductId),
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The entry.
    pub id: EntryRef,
    /// When it happened.
    pub at: Timestamp,
    /// How far that may be off, milliseconds.
    pub uncertain_ms: Option<u32>,
    /// By which gate, where it was named.
    pub gate: Option<SmolStr>,
}

/// An act too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which ticket.
    pub ticket: TicketId,
    /// Of what.
    pub subject: Subject,
    /// How many units too many; 1 for an entry.
    pub units: i64,
    /// The act that was one too many.
    pub excess: Side,
    /// The act before it that was in its right, where there is one.
    pub against: Option<Side>,
}

/// The conflicts of one ticket. Lists that are not known here, or that take
/// multiple entries, have none.
pub fn conflicts(
    ticket: TicketId,
    state: &TicketState,
    catalogue: &Catalogue,
    credits: Option<&[Credit]>,
) -> Vec<Conflict> {
    let single = |list: &ListId| catalogue.lists.get(list).is_some_and(|l: &CheckInList| !l.multiple_entries);
    let doubles = state.lists.iter().filter(|(list, _)| single(list)).flat_map(|(list, presence)| {
        presence.doubles().into_iter().map(|double| Conflict {
            ticket,
            subject: Subject::Entry(*list),
            units: 1,
            excess: side_of_passage(&double.excess),
            against: Some(side_of_passage(&double.against)),
        })
    });
    let overdrawn = credits.map(|credits| overdrawn(ticket, state, credits)).unwrap_or_default();
    doubles.chain(overdrawn).collect()
}

/// Servings beyond what was granted, each with the units it was too many.
fn overdrawn(ticket: TicketId, state: &TicketState, credits: &[Credit]) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let mut left: std::collections::BTreeMap<ProductId, i64> =
        credits.iter().map(|c| (c.product, i64::from(c.units))).collect();
    let mut covered: Option<&Serving> = None;
    for serving in &state.servings {
        let left = left.entry(serving.product).or_default();
        let short = (serving.units - (*left).max(0)).max(0);
        *left -= serving.units;
        match short {
            0 => covered = Some(serving),
            units => conflicts.push(Conflict {
                ticket,
                subject: Subject::Credit(serving.product),
                units,
                excess: side_of_serving(serving),
                against: covered.filter(|c| c.product == serving.product).map(side_of_serving),
            }),
        }
    }
    conflicts
}

fn side_of_passage(passage: &Passage) -> Side {
    let gate = passage.gate.clone();
    Side { id: passage.id, at: passage.at, uncertain_ms: passage.uncertain_ms, gate }
}

fn side_of_serving(serving: &Serving) -> Side {
    Side { id: serving.id, at: serving.at, uncertain_ms: serving.uncertain_ms, gate: None }
}

impl Conflict {
    /// As it travels, with names.
    pub fn report(&self, catalogue: &Catalogue) -> ConflictReport {
        let side = |side: &Side| ConflictSide {
            entry: side.id.to_string(),
            device: catalogue.device_name(side.id.journal.device),
            gate: side.gate.as_ref().map(SmolStr::to_string),
            at: side.at.to_string(),
            uncertain_ms: side.uncertain_ms,
        };
        let (kind, subject) = match self.subject {
            Subject::Entry(list) => {
                ("entry", catalogue.lists.get(&list).map_or_else(|| list.to_string(), |l| l.name.clone()))
            }
            Subject::Credit(product) => ("credit", catalogue.product_name(product)),
        };
        ConflictReport {
            kind: kind.into(),
            ticket: self.ticket.to_string(),
            subject,
            holder: None, // the same bytes everywhere: names come with rows, later
            units: self.units,
            excess: side(&self.excess),
            against: self.against.as_ref().map(side),
        }
    }
}
