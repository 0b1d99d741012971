//! A decision as the answer that travels: names instead of numbers.

use super::{Decision, Facts};
use crate::api::{Answer, AskedQuestion, CreditChange, Direction, Explanation, TicketCard, UsedAt, Verdict};
use crate::catalogue::{Catalogue, Question, TicketRow};
use crate::fold::Passage;
use crate::id::{ProductId, TicketId};
use crate::journal::EntryRef;
use crate::language::Language;
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
    /// What people are spoken to in.
    pub language: Language,
}

/// The answer for a decision that was recorded as `entry`.
pub fn answer(decision: &Decision, facts: &Facts<'_>, setting: Setting, entry: Option<EntryRef>) -> Answer {
    let add_on = |id: TicketId| facts.add_ons.iter().map(|a| &a.row).find(|row| row.id == id);
    let row = |id| add_on(id).or(facts.row.filter(|row| row.id == id));
    let named = |id| card(facts.catalogue, id, row(id).map(|row| row.product), row(id));
    let ticket = decision.record.ticket();
    let asked = |q: &Question| AskedQuestion { id: q.id.clone(), text: q.text.clone(), required: q.required };
    let explain = decision.why.explain(facts.catalogue, setting.language);
    Answer {
        ticket: ticket.map(|id| card(facts.catalogue, id, decision.product, row(id))),
        admitted_ticket: decision.instead.filter(|_| decision.recorded()).map(|id| id.to_string()),
        questions: decision.questions.iter().map(asked).collect(),
        choices: decision.choices.iter().copied().map(named).collect(),
        used: decision.used.as_ref().map(|passage| used_at(facts.catalogue, passage)),
        overridden: decision.overridden,
        ..plain(decision.verdict, decision.code.as_str(), explain, setting, entry)
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
        questions: Vec::new(),
        choices: Vec::new(),
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
        gate: passage.gate.as_ref().map(|gate| gate.to_string()),
        at: passage.at.to_string(),
    }
}
