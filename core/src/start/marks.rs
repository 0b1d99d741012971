//! Which tickets a code does not say everything about.
//!
//! A device that has just begun takes a genuine code at its word. That is right for a
//! ticket whose row says no more than its code; every other is told before the first
//! decision. What only some events ask about is told where this one asks.

use crate::catalogue::{Catalogue, TicketRow, TicketStatus};
use minicbor::{Decode, Encode};

/// Why a ticket's row is told at a start: none of these, and it is plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Marks(#[n(0)] pub u8);

impl Marks {
    /// Not simply good: pending, cancelled, blocked, to be approved, or with codes that were revoked.
    pub const BARRED: Self = Self(1);
    /// What it grants was changed without revoking a code: a code in somebody's hand may grant less.
    pub const GRANTED: Self = Self(2);
    /// Of a variation, which no code says.
    pub const VARIATION: Self = Self(4);
    /// Belongs to another ticket, which no code says.
    pub const ADD_ON: Self = Self(8);
    /// Its buyer answered questions.
    pub const ANSWERS: Self = Self(16);

    /// What a row says of itself. That a code was once good for less, only who keeps its history can say.
    pub fn of(row: &TicketRow) -> Self {
        // Every field is looked at: whoever adds one decides here whether doors need it.
        let TicketRow {
            id: _,
            product: _, // a code says it; another product takes another code
            status,
            counter,
            date: _,   // as the product
            window: _, // as the product, or it is marked as granted
            credits: _,
            blocked,
            needs_approval,
            valid_if_pending: _, // matters to who is pending
            cancelled_at: _,     // explains a status
            order: _,
            holder: _,
            note: _,
            variation,
            addon_to,
            answers,
            email: _,
            spoken: _,
        } = row;
        let barred = *status != TicketStatus::Paid || *counter > 0 || blocked.is_some() || *needs_approval;
        let marked = [
            (barred, Self::BARRED),
            (variation.is_some(), Self::VARIATION),
            (addon_to.is_some(), Self::ADD_ON),
            (!answers.is_empty(), Self::ANSWERS),
        ];
        marked.into_iter().filter(|(is, _)| *is).fold(Self::default(), |all, (_, mark)| all.and(mark))
    }

    /// The marks that matter to decisions at an event.
    pub fn asked(catalogue: &Catalogue) -> Self {
        let rules = catalogue.lists.values().filter_map(|list| list.rules.as_ref()?.rule().ok());
        let varied = rules.into_iter().any(|rule| !rule.named().variations.is_empty());
        let add_ons = catalogue.lists.values().any(|list| list.addon_match);
        let answers = catalogue.event.iter().flat_map(|event| &event.questions).any(|q| q.at_checkin);
        let asked = [(varied, Self::VARIATION), (add_ons, Self::ADD_ON), (answers, Self::ANSWERS)];
        asked.into_iter().filter(|(is, _)| *is).fold(Self::ALWAYS, |all, (_, mark)| all.and(mark))
    }

    /// What is told at every event.
    pub const ALWAYS: Self = Self(Self::BARRED.0 | Self::GRANTED.0);

    /// These and those.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of those is among these.
    pub fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    /// Whether all of those are among these.
    pub fn all(self, of: Self) -> bool {
        self.0 & of.0 == of.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{CheckInList, Event, Question};
    use crate::id::{EventId, ListId, ProductId, TicketId, VariationId};
    use crate::journal::kind::Answered;
    use crate::rule::Rules;
    use crate::time::Timestamp;

    fn check(change: impl Fn(&mut TicketRow), expect: Marks) {
        let mut row = TicketRow::new(TicketId::from_bytes([1; 6]), ProductId(1));
        change(&mut row);
        assert_eq!(Marks::of(&row), expect, "{row:?}");
    }

    #[test]
    fn every_ticket_that_is_not_simply_good_is_marked_and_no_other() {
        check(|_| (), Marks::default());
        check(|row| row.holder = Some("Maria".into()), Marks::default());
        check(|row| (row.order, row.email) = (Some("A1".into()), Some("m@x".into())), Marks::default());
        check(|row| row.note = Some("aisle".into()), Marks::default());
        check(|row| row.status = TicketStatus::Pending, Marks::BARRED);
        check(|row| (row.status, row.valid_if_pending) = (TicketStatus::Pending, true), Marks::BARRED);
        check(|row| row.status = TicketStatus::Cancelled, Marks::BARRED);
        check(|row| row.counter = 1, Marks::BARRED);
        check(|row| row.blocked = Some("stolen".into()), Marks::BARRED);
        check(|row| row.needs_approval = true, Marks::BARRED);
        check(|row| row.variation = Some(VariationId(1)), Marks::VARIATION);
        check(|row| row.addon_to = Some(TicketId::from_bytes([2; 6])), Marks::ADD_ON);
        let answer = Answered { question: "age".into(), text: "18".into() };
        check(|row| row.answers = vec![answer.clone()], Marks::ANSWERS);
        check(
            |row| (row.counter, row.addon_to) = (3, Some(TicketId::from_bytes([2; 6]))),
            Marks::BARRED.and(Marks::ADD_ON),
        );
    }

    #[test]
    fn what_only_some_events_ask_about_is_told_where_one_asks() {
        let mut catalogue = Catalogue::default();
        let list = CheckInList::unnamed(ListId(1));
        let mut put = |change: &dyn Fn(&mut CheckInList)| {
            let mut list = list.clone();
            change(&mut list);
            catalogue.lists.insert(list.id, list);
            Marks::asked(&catalogue)
        };
        let of_variation =
            r#"{"inList":[{"var":"variation"},{"objectList":[{"lookup":["variation","1","child"]}]}]}"#;
        assert_eq!(put(&|_| ()), Marks::ALWAYS);
        assert_eq!(put(&|list| list.addon_match = true), Marks::ALWAYS.and(Marks::ADD_ON));
        assert_eq!(put(&|list| list.rules = Some(Rules::new("{}"))), Marks::ALWAYS);
        let rules = Rules::new(of_variation);
        assert!(rules.rule().is_ok(), "{:?}", rules.rule());
        assert_eq!(put(&|list| list.rules = Some(rules.clone())), Marks::ALWAYS.and(Marks::VARIATION));
        let question = Question {
            id: "age".into(),
            text: "Over 18?".into(),
            required: true,
            at_checkin: true,
            products: None,
        };
        let event = Event {
            id: EventId([1; 16]),
            name: String::new(),
            timezone: "UTC".into(),
            starts_at: Some(Timestamp(0)),
            doors_at: None,
            ends_at: None,
            dates: Vec::new(),
            questions: vec![question],
        };
        let catalogue = Catalogue { event: Some(event), ..Catalogue::default() };
        assert_eq!(Marks::asked(&catalogue), Marks::ALWAYS.and(Marks::ANSWERS));
    }
}
