//! The legal moves of an order, and nothing else.
//!
//! One table says what may be done where and where it leads; what it does to
//! tickets and money is done by the handlers in the same transaction, with one
//! audit row per move.

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Placed, its tickets drawn and signed, not paid.
    Pending,
    /// Paid.
    Paid,
    /// Given up before it was paid.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Paid, and all of it given back.
    Refunded,
}

/// What is done to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was placed.
    Place,
    /// The organizer agreed to its tickets.
    Approve,
    /// Its money came.
    Pay,
    /// Its money did not come.
    Decline,
    /// It was given up.
    Cancel,
    /// Its time was over.
    Expire,
    /// Some of its tickets' money was given back.
    RefundPart,
    /// The last of its money was given back.
    Refund,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Paid, Self::Cancelled, Self::Expired, Self::Refunded];

    /// Its name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Where an action leads from here; `None` where it is not legal.
    pub fn after(self, action: Action) -> Option<Self> {
        match (self, action) {
            (Self::Pending, Action::Place | Action::Approve | Action::Decline) => Some(Self::Pending),
            (Self::Pending, Action::Pay) => Some(Self::Paid),
            (Self::Pending, Action::Cancel) => Some(Self::Cancelled),
            (Self::Pending, Action::Expire) => Some(Self::Expired),
            (Self::Paid, Action::Approve | Action::RefundPart) => Some(Self::Paid),
            (Self::Paid, Action::Refund) => Some(Self::Refunded),
            (Self::Pending, Action::RefundPart | Action::Refund)
            | (Self::Paid, Action::Place | Action::Pay | Action::Decline | Action::Cancel | Action::Expire)
            | (Self::Cancelled | Self::Expired | Self::Refunded, _) => None,
        }
    }
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 8] = [
        Self::Place,
        Self::Approve,
        Self::Pay,
        Self::Decline,
        Self::Cancel,
        Self::Expire,
        Self::RefundPart,
        Self::Refund,
    ];

    /// Its name in audit rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Approve => "approve",
            Self::Pay => "pay",
            Self::Decline => "decline",
            Self::Cancel => "cancel",
            Self::Expire => "expire",
            Self::RefundPart => "refund_part",
            Self::Refund => "refund",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_in_every_state_leads_where_the_table_says() {
        let check = |state: State, expect: [&str; 8]| {
            let got = Action::ALL.map(|action| state.after(action).map_or("-", State::as_str));
            assert_eq!(got, expect, "{state:?}");
        };
        //                     place      approve    pay     decline    cancel       expire     part    refund
        check(State::Pending, ["pending", "pending", "paid", "pending", "cancelled", "expired", "-", "-"]);
        check(State::Paid, ["-", "paid", "-", "-", "-", "-", "paid", "refunded"]);
        check(State::Cancelled, ["-"; 8]);
        check(State::Expired, ["-"; 8]);
        check(State::Refunded, ["-"; 8]);
    }

    #[test]
    fn states_survive_their_names() {
        State::ALL.iter().for_each(|state| assert_eq!(State::parse(state.as_str()), Some(*state)));
        assert_eq!(State::parse("nowhere"), None);
    }
}
