//! A decision as the answer that travels: names instead of numbers.

use super::{Decision, Facts};
use crate::api::{Answer, CreditChange, Direction, Explanation, TicketCard, UsedAt, Verdict};
use crate::catalogue::{Catalogue, TicketRow};
use crate::fold::Passage;
use crate::id::{ProductId, TicketId};
use crate::journal::EntryRef;
use crate::time::Timestamp;

/// What an answer says beside the decision itself.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Which way.
    pub direction: Direction,
    /// Name of the list; empty at a bar.
    pub list: String,
    /// The gate, where it was named.
    pub gate: Option<String>,
    /// When it was decided.
    pub at: Timestamp,
}

/// The answer for a decision that was recorded as `entry`.
pub fn answer(decision: &Decision, facts: &Facts<'_>, setting: Setting, entry: Option<EntryRef>) -> Answer {
    let ticket = decision.record.ticket();
    Answer {
        ticket: ticket.map(|id| card(facts.catalogue, id, decision.product, facts.row)),
        used: decision.used.as_ref().map(|passage| used_at(facts.catalogue, passage)),
        overridden: decision.overridden,
        ..plain(decision.verdict, decision.code.as_str(), decision.why.explain(facts.catalogue), setting, entry)
    }
}

/// An answer with nothing but a verdict and its reason.
pub fn plain(
    verdict: Verdict,
    code: &str,
    explain: Explanation,
    setting: Setting,
    entry: Option<EntryRef>,
) -> Answer {
    Answer {
        verdict,
        code: code.to_owned(),
        explain,
        entry: entry.map(|e| e.to_string()),
        ticket: None,
        admitted_ticket: None,
        direction: setting.direction,
        list: setting.list,
        gate: setting.gate,
        at: setting.at.to_string(),
        used: None,
        credits: Vec::<CreditChange>::new(),
        overridden: false,
        repeated: false,
    }
}

/// What the screen shows of a ticket.
pub fn card(
    catalogue: &Catalogue,
    id: TicketId,
    product: Option<ProductId>,
    row: Option<&TicketRow>,
) -> TicketCard {
    TicketCard {
        id: id.to_string(),
        product: product.map(|p| catalogue.product_name(p)).unwrap_or_default(),
        holder: row.and_then(|r| r.holder.clone()),
        order: row.and_then(|r| r.order.clone()),
        note: row.and_then(|r| r.note.clone()),
    }
}

fn used_at(catalogue: &Catalogue, passage: &Passage) -> UsedAt {
    UsedAt {
        device: catalogue.device_name(passage.id.journal.device),
        gate: passage.gate.clone(),
        at: passage.at.to_string(),
    }
}
