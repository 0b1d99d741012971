//! Every code a verdict can have. Codes are stable: integrations match on them.

/// The code of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Nothing against it.
    Ok,
    /// What was shown is no ticket code.
    NotATicket,
    /// Signed by a key this device has not got.
    UnknownKey,
    /// Not signed by us.
    Forged,
    /// Genuine, for another event.
    WrongEvent,
    /// Replaced by a newer code.
    Revoked,
    /// Cancelled or refunded.
    Cancelled,
    /// Blocked by the office.
    Blocked,
    /// Not approved yet.
    Unapproved,
    /// Not valid yet.
    TooEarly,
    /// No longer valid.
    TooLate,
    /// A product that no feed has named.
    UnknownProduct,
    /// Not for this list.
    NotOnList,
    /// For another date.
    WrongDate,
    /// Not paid.
    Unpaid,
    /// A rule of the list is against it.
    Rule,
    /// The guest has to answer something first.
    Question,
    /// Already inside, or already used.
    Used,
    /// No free place that this device may fill.
    Full,
    /// A limit on what may be done cut off.
    Limit,
    /// The device is not ready.
    Starting,
    /// Not enough credit.
    NoCredit,
    /// Not enough stock that this device may use.
    SoldOut,
    /// The key belongs to another request.
    KeyReused,
    /// Not this device's to take back.
    NotYours,
    /// Too long ago to take back.
    TooLateToUndo,
    /// Several tickets fit: somebody has to choose.
    Ambiguous,
    /// The time decides, and the clock is not trusted.
    Clock,
    /// A fact that decides is not here.
    Stale,
    /// Genuine, sold after the last update, on a list that asks.
    Unlisted,
}

impl Code {
    /// Every code, in the order of the checks.
    pub const ALL: [Self; 30] = [
        Self::Ok,
        Self::NotATicket,
        Self::UnknownKey,
        Self::Forged,
        Self::WrongEvent,
        Self::Revoked,
        Self::Cancelled,
        Self::Blocked,
        Self::Unapproved,
        Self::TooEarly,
        Self::TooLate,
        Self::UnknownProduct,
        Self::NotOnList,
        Self::WrongDate,
        Self::Unpaid,
        Self::Rule,
        Self::Question,
        Self::Used,
        Self::Full,
        Self::Limit,
        Self::Starting,
        Self::NoCredit,
        Self::SoldOut,
        Self::KeyReused,
        Self::NotYours,
        Self::TooLateToUndo,
        Self::Ambiguous,
        Self::Clock,
        Self::Stale,
        Self::Unlisted,
    ];

    /// The code of this text; none where a later version said it.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// Its text in APIs, journals and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotATicket => "not_a_ticket",
            Self::UnknownKey => "unknown_key",
            Self::Forged => "forged",
            Self::WrongEvent => "wrong_event",
            Self::Revoked => "revoked",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
            Self::Unapproved => "unapproved",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::UnknownProduct => "unknown_product",
            Self::NotOnList => "not_on_list",
            Self::WrongDate => "wrong_date",
            Self::Unpaid => "unpaid",
            Self::Rule => "rule",
            Self::Question => "question",
            Self::Used => "used",
            Self::Full => "full",
            Self::Limit => "limit",
            Self::Starting => "starting",
            Self::NoCredit => "no_credit",
            Self::SoldOut => "sold_out",
            Self::KeyReused => "key_reused",
            Self::NotYours => "not_yours",
            Self::TooLateToUndo => "too_late_to_undo",
            Self::Ambiguous => "ambiguous",
            Self::Clock => "clock",
            Self::Stale => "stale",
            Self::Unlisted => "unlisted",
        }
    }

    /// The exit code of `edge-agent scan` for a refusal with this code; a question that nobody answers is one.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::KeyReused | Self::NotYours | Self::TooLateToUndo => 1,
            Self::Used => 4,
            Self::NotATicket
            | Self::UnknownKey
            | Self::Forged
            | Self::WrongEvent
            | Self::Revoked
            | Self::Cancelled
            | Self::Blocked
            | Self::Unapproved
            | Self::TooEarly
            | Self::TooLate
            | Self::UnknownProduct
            | Self::NotOnList
            | Self::WrongDate
            | Self::Unpaid
            | Self::Rule
            | Self::Question
            | Self::Full
            | Self::Limit
            | Self::Starting
            | Self::NoCredit
            | Self::SoldOut
            | Self::Ambiguous
            | Self::Clock
            | Self::Stale
            | Self::Unlisted => 3,
        }
    }

    /// Whether a supervisor may decide otherwise. Never for what is not ours, never before the
    /// device knows what is revoked, and never before it is known which ticket is meant.
    pub fn overridable(self) -> bool {
        !matches!(
            self,
            Self::NotATicket
                | Self::UnknownKey
                | Self::Forged
                | Self::WrongEvent
                | Self::Starting
                | Self::Ambiguous
                | Self::KeyReused
                | Self::NotYours
                | Self::TooLateToUndo
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
