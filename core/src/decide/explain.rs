//! Why: the facts behind a verdict, and which sentences say them.
//!
//! Here facts become a message and its variables; what the message says stands in
//! [`crate::texts`], a file a language. Times are the venue's, HH:MM.

mod reason;

use super::undo::ANNUL_US;
use crate::api::Explanation;
use crate::catalogue::Catalogue;
use crate::exposure::Limit;
use crate::fold::Passage;
use crate::language::Language;
use crate::rule::Reason;
use crate::texts::{Text, either};
use crate::ticket::{KeyNumber, NotATicket};
use crate::time::{SECOND_US, Timestamp};

/// The facts behind a verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Nothing against it.
    Good,
    /// No row here; the signature is ours.
    BySignature,
    /// Taken back.
    Undone,
    /// The feed is not complete yet.
    Starting,
    /// No ticket code.
    NotATicket(NotATicket),
    /// Named by search, not in the replica.
    NoSuchTicket,
    /// The key's number.
    UnknownKey(KeyNumber),
    /// The signature is not ours.
    Forged,
    /// The other event's name.
    WrongEvent(String),
    /// A newer code exists.
    Revoked,
    /// When it was cancelled.
    Cancelled(Option<Timestamp>),
    /// The office's reason.
    Blocked(String),
    /// Waiting for the organizer.
    Unapproved,
    /// When it opens, and now.
    TooEarly {
        /// First instant of the window.
        opens: Timestamp,
        /// When it was scanned.
        at: Timestamp,
    },
    /// When it closed.
    TooLate {
        /// Last instant of the window.
        closed: Timestamp,
    },
    /// No feed has named the product.
    UnknownProduct,
    /// The product, and the lists that take it.
    NotOnList {
        /// Name of the product.
        product: String,
        /// Names of the lists that take it.
        lists: Vec<String>,
    },
    /// The date it is for, where it has one.
    WrongDate(Option<Timestamp>),
    /// Not paid.
    Unpaid,
    /// The admission by which it came in.
    Used(Passage),
    /// A window is near and the clock is unsure.
    Clock,
    /// Sold after the last update, and the list asks.
    Unlisted,
    /// Asked for, and left.
    NoCredit {
        /// Name of the product.
        product: String,
        /// Units left.
        left: i64,
    },
    /// Left at this bar.
    SoldOut {
        /// Name of the product.
        product: String,
        /// Units this device may still sell.
        left: i64,
    },
    /// The key stands for another request.
    KeyReused,
    /// Nothing of this device's under that key.
    NotYours,
    /// Older than may be taken back.
    TooLateToUndo,
    /// Why the list's rule is false.
    Rule(Reason),
    /// The list's rule cannot be evaluated.
    RuleUnreadable,
    /// A fact that the decision needs is not here.
    Stale,
    /// What the guest has to be asked.
    Question {
        /// The questions, in order.
        texts: Vec<String>,
    },
    /// Several tickets fit: somebody has to choose.
    Ambiguous {
        /// How many.
        count: usize,
    },
    /// No free place that this device may fill.
    Full {
        /// Name of the zone.
        zone: String,
    },
    /// No place of its zone is free here, unless it is as late as a clock says that is not sure.
    MaybeFull {
        /// Which zone.
        zone: String,
    },
    /// A limit on what may be done cut off.
    Limit(Limit),
}

impl Why {
    /// The sentences for it.
    pub fn explain(&self, catalogue: &Catalogue, language: Language) -> Explanation {
        self.text(catalogue, language).map(|text| text.say(language)).unwrap_or_default()
    }

    fn text(&self, catalogue: &Catalogue, language: Language) -> Option<Text> {
        let zone = catalogue.zone();
        let text = match self {
            Self::Good => return None,
            Self::BySignature => Text::new("by-signature"),
            Self::Undone => Text::new("undone"),
            Self::Starting => Text::new("starting"),
            Self::NotATicket(reason) => not_a_ticket(*reason),
            Self::NoSuchTicket => Text::new("no-such-ticket"),
            Self::UnknownKey(key) => Text::new("unknown-key").with("key", key.to_string()),
            Self::Forged => Text::new("forged"),
            Self::WrongEvent(event) => Text::new("wrong-event").with("event", event.clone()),
            Self::Revoked => Text::new("revoked"),
            Self::Cancelled(None) => Text::new("cancelled"),
            Self::Cancelled(Some(at)) => Text::new("cancelled-at").moment(*at, None, &zone),
            Self::Blocked(reason) => Text::new("blocked").with("reason", reason.clone()),
            Self::Unapproved => Text::new("unapproved"),
            Self::TooEarly { opens, at } => Text::new("too-early").moment(*opens, Some(*at), &zone),
            Self::TooLate { closed } => Text::new("too-late").moment(*closed, None, &zone),
            Self::UnknownProduct => Text::new("unknown-product"),
            Self::NotOnList { product, lists } => not_on_list(product, lists, language),
            Self::WrongDate(None) => Text::new("another-date"),
            Self::WrongDate(Some(date)) => Text::new("wrong-date").moment(*date, None, &zone),
            Self::Unpaid => Text::new("unpaid"),
            Self::Used(passage) => used(passage, catalogue),
            Self::Clock => Text::new("clock"),
            Self::Unlisted => Text::new("unlisted"),
            Self::NoCredit { product, left } => goods("no-credit", product, *left),
            Self::SoldOut { product, left } => goods("sold-out", product, *left),
            Self::KeyReused => Text::new("key-reused"),
            Self::NotYours => Text::new("not-yours"),
            Self::TooLateToUndo => Text::new("too-late-to-undo").with("limit", ANNUL_US / (60 * SECOND_US)),
            Self::Rule(reason) => reason::text(reason, catalogue, language),
            Self::RuleUnreadable => Text::new("rule-unreadable"),
            Self::Stale => Text::new("stale"),
            Self::Question { texts } => Text::new("question")
                .with("text", texts.first().cloned().unwrap_or_default())
                .with("more", texts.len().saturating_sub(1)),
            Self::Ambiguous { count } => Text::new("ambiguous").with("count", *count),
            Self::Full { zone } => Text::new("full").with("zone", zone.clone()),
            Self::MaybeFull { zone } => Text::new("maybe-full").with("zone", zone.clone()),
            Self::Limit(limit) => limit_reached(*limit),
        };
        Some(text)
    }
}

fn limit_reached(limit: Limit) -> Text {
    let minutes = |us: i64| us / (60 * SECOND_US);
    match limit {
        Limit::Update { age_us: None } => Text::new("limit-no-update"),
        Limit::Update { age_us: Some(age) } => Text::new("limit-update").with("minutes", minutes(age)),
        Limit::Unverified { count } => Text::new("limit-unverified").with("count", count),
        Limit::Share { allowed, alone } => Text::new("limit-share").with("allowed", allowed).with("served", alone),
        Limit::Unconfirmed => Text::new("limit-unconfirmed"),
        Limit::LeaseEnded => Text::new("limit-lease"),
        Limit::Withdrawn => Text::new("limit-withdrawn"),
    }
}

fn not_a_ticket(reason: NotATicket) -> Text {
    Text::new(match reason {
        NotATicket::WebLink => "web-link",
        NotATicket::Badge => "staff-badge",
        NotATicket::Empty => "nothing-read",
        NotATicket::Length | NotATicket::Alphabet | NotATicket::Layout => "not-ours",
    })
}

fn not_on_list(product: &str, lists: &[String], language: Language) -> Text {
    let text = match lists.first() {
        Some(list) => Text::new("not-on-list").with("list", list.clone()).with("lists", either(lists, language)),
        None => Text::new("no-list"),
    };
    text.with("product", product.to_owned())
}

fn used(passage: &Passage, catalogue: &Catalogue) -> Text {
    let device = catalogue.device_name(passage.id.journal.device);
    let place = passage.gate.as_ref().map_or(device.clone(), |gate| format!("{gate} ({device})"));
    Text::new("used").moment(passage.at, None, &catalogue.zone()).with("place", place)
}

/// What is left, said as none where more was handed out than there was.
fn goods(id: &'static str, product: &str, left: i64) -> Text {
    Text::new(id).with("product", product.to_owned()).with("left", left.max(0))
}

#[cfg(test)]
mod tests;
