//! Why: the facts behind a verdict, and the three sentences staff read.
//!
//! Times are the venue's, HH:MM. Sentences say what, what to do, what to say;
//! they never blame and never shout.

use crate::api::Explanation;
use crate::catalogue::Catalogue;
use crate::fold::Passage;
use crate::ticket::{KeyNumber, NotATicket};
use crate::time::Timestamp;

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
}

impl Why {
    /// The sentences for it.
    pub fn explain(&self, catalogue: &Catalogue) -> Explanation {
        let zone = catalogue.zone();
        match self {
            Self::Good => text("", "", ""),
            Self::BySignature => text("Genuine, sold after the last update", "", ""),
            Self::Undone => text("Taken back", "", ""),
            Self::Starting => text("Not ready: the list is still coming in", "Wait, or call a supervisor", ""),
            Self::NotATicket(reason) => not_a_ticket(*reason),
            Self::NoSuchTicket => text("No such ticket here", "Scan the code itself", ""),
            Self::UnknownKey(key) => text(
                format!("Signed by a key this gate has not got (key {key})"),
                "Update needed: connect to the cloud",
                "",
            ),
            Self::Forged => text(
                "Signature wrong: not issued by us",
                "Scan again; if it stays, keep the guest and call a supervisor",
                "Let me get a colleague.",
            ),
            Self::WrongEvent(event) => {
                text(format!("For {event}"), "Not this event", format!("This ticket is for {event}."))
            }
            Self::Revoked => text(
                "Replaced by a newer ticket",
                "Ask for the latest e-mail",
                "There is a newer copy in your inbox.",
            ),
            Self::Cancelled(at) => {
                let when = at.map(|at| format!(" {}", at.day_hour_minute(&zone))).unwrap_or_default();
                text(format!("Cancelled{when}"), "Send to the box office", "")
            }
            Self::Blocked(reason) => text(format!("Blocked: {reason}"), "Call a supervisor", ""),
            Self::Unapproved => text("Not approved by the organizer yet", "Send to the box office", ""),
            Self::TooEarly { opens, at } => too_early(*opens, *at, catalogue),
            Self::TooLate { closed } => {
                text(format!("Was valid until {}", closed.day_hour_minute(&zone)), "Send to the box office", "")
            }
            Self::UnknownProduct => {
                text("A product this gate does not know", "Update needed: connect to the cloud", "")
            }
            Self::NotOnList { product, lists } => not_on_list(product, lists),
            Self::WrongDate(date) => {
                let day = date.map_or("another date".into(), |d| d.day_hour_minute(&zone));
                text(format!("For {day}"), "Not today", format!("This ticket is for {day}."))
            }
            Self::Unpaid => text("Order not paid", "Send to the box office", "This order is not paid yet."),
            Self::Used(passage) => used(passage, catalogue),
            Self::Clock => {
                text("Near the edge of its time, and this clock is not sure", "Look at the time and decide", "")
            }
            Self::Unlisted => {
                text("Genuine, but sold after our last update", "Ask a supervisor, or connect to update", "")
            }
            Self::NoCredit { product, left } => text(
                format!("{left} {product} left on this ticket"),
                "Offer less, or another ticket",
                format!("There is not enough {product} left on this ticket."),
            ),
            Self::SoldOut { product, left } => text(
                format!("{product}: {left} left at this bar"),
                "Send to another bar",
                format!("We have run out of {product} here."),
            ),
            Self::KeyReused => text("This request key stands for something else", "Use a fresh key", ""),
            Self::NotYours => text("Nothing of this device's to take back", "Undo where it was scanned", ""),
            Self::TooLateToUndo => text("More than 15 minutes ago", "Call a supervisor", ""),
        }
    }
}

fn text(line: impl Into<String>, action: impl Into<String>, say: impl Into<String>) -> Explanation {
    Explanation { line: line.into(), action: action.into(), say: say.into() }
}

fn not_a_ticket(reason: NotATicket) -> Explanation {
    let what = match reason {
        NotATicket::WebLink => "That is a web link, not a ticket",
        NotATicket::Empty => "Nothing was read",
        NotATicket::Length | NotATicket::Alphabet | NotATicket::Layout => "Not one of our tickets",
    };
    text(what, "Ask for the ticket itself", "")
}

fn too_early(opens: Timestamp, at: Timestamp, catalogue: &Catalogue) -> Explanation {
    let zone = catalogue.zone();
    let hour = opens.hour_minute(&zone);
    let same_day = opens.local_date(&zone) == at.local_date(&zone);
    let minutes = opens.since_us(at).div_euclid(60 * crate::time::SECOND_US) + 1;
    let line = match same_day {
        true => format!("Valid from {hour} (in {minutes} min)"),
        false => format!("Valid from {}", opens.day_hour_minute(&zone)),
    };
    text(line, "Ask to wait, or send to the box office", format!("Your ticket is valid from {hour}."))
}

fn not_on_list(product: &str, lists: &[String]) -> Explanation {
    match lists.first() {
        Some(list) => text(
            format!("{product}: right event, wrong door"),
            format!("Send to {}", lists.join(" or ")),
            format!("Your entrance is {list}."),
        ),
        None => text(format!("No list here takes the product {product}"), "Send to the box office", ""),
    }
}

fn used(passage: &Passage, catalogue: &Catalogue) -> Explanation {
    let device = catalogue.device_name(passage.id.journal.device);
    let hour = passage.at.hour_minute(&catalogue.zone());
    let place = passage.gate.as_ref().map_or(device.clone(), |gate| format!("{gate} ({device})"));
    text(
        format!("Came in at {hour} by {place}"),
        "Compare name and ID; a supervisor can admit",
        format!("This ticket came in at {hour}."),
    )
}
