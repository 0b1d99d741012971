//! What an agent and the cloud answer over HTTP, as JSON.
//!
//! One shape for the agent's API, the cloud's scan API and the screen that
//! draws them, so that a verdict reads the same everywhere. Times are RFC 3339
//! in UTC; the venue's zone travels beside them where a person reads them.
//! These are shapes only: nothing here decides.

mod books;

pub use books::{
    Deficit, Exposure, Finding, Findings, ForkReport, Held, Imported, Limits, NewEntries, RightsStatus,
    SignedHead, Silent, StockAnswer, StockLine,
};

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use utoipa::ToSchema;

/// What an answered scan, serving or undo means for the person in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A person may go in.
    Admit,
    /// A person left.
    Exit,
    /// Hand it over: credit and stock are taken.
    Serve,
    /// A person has to look.
    Ask,
    /// No, with a reason.
    Refuse,
    /// An entry or exit was taken back.
    Annulled,
    /// A serving was taken back.
    Voided,
}

/// The direction of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody wants in.
    #[default]
    Entry,
    /// Somebody leaves.
    Exit,
}

/// Three sentences under a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Explanation {
    /// What it is and the evidence: `Came in at 20:14 by Gate B`.
    pub line: String,
    /// What staff do next; empty if nothing.
    #[serde(default, rename = "do")]
    pub action: String,
    /// What staff tell the guest; empty if nothing.
    #[serde(default)]
    pub say: String,
}

/// What the screen shows of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct TicketCard {
    /// The ticket's id, `tkt_…`.
    pub id: String,
    /// Name of its product.
    pub product: String,
    /// The holder's name, where the replica has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The order's code, where the replica has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// A note for the door: wristband, assistance. A verdict with a note is GO!.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where and when a used ticket came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct UsedAt {
    /// Name of the device that admitted.
    pub device: String,
    /// The gate, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// When, RFC 3339 UTC.
    pub at: String,
}

/// Something that the guest is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct AskedQuestion {
    /// The name that its answer carries.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Whether an empty answer is none.
    pub required: bool,
}

/// Prepaid credit before and after a serving, in units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct CreditChange {
    /// Name of the product.
    pub product: String,
    /// Units before.
    pub before: i64,
    /// Units after.
    pub after: i64,
}

/// The answer to a scan, a serving or an undo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// Stable code: `ok`, `used`, `forged`, …
    pub code: String,
    /// Why, what to do, what to say.
    pub explain: Explanation,
    /// The entry that records it, `dev_…:incarnation:sequence`; absent where nothing was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The ticket, where one was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketCard>,
    /// The ticket that was admitted, where it is another one than was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted_ticket: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// Name of the check-in list; empty at a bar.
    #[serde(default)]
    pub list: String,
    /// The gate, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// When it was decided, RFC 3339 UTC.
    pub at: String,
    /// Where a used ticket came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<UsedAt>,
    /// What the guest has to answer first; send the scan again with `answers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<AskedQuestion>,
    /// The tickets that fit, where somebody has to choose; scan the one chosen by its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<TicketCard>,
    /// Credit before and after, at a bar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditChange>,
    /// A supervisor's decision was needed and given.
    #[serde(default)]
    pub overridden: bool,
    /// The answer of an earlier request with the same key.
    #[serde(default)]
    pub repeated: bool,
}

/// What became of a party: several tickets of an order in one act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct PartyAnswer {
    /// Who went in, an ordinary admission each.
    pub admitted: Vec<Answer>,
    /// Who did not, and why, at most 100; recorded only where fewer went in than were asked for.
    pub refused: Vec<Answer>,
    /// Tickets of the order, that the list takes, which are inside after it.
    pub inside: u64,
    /// All tickets of the order that the list takes; cancelled ones are left out where there are others.
    pub of: u64,
}

/// The state of one link of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct LinkStatus {
    /// `cloud`, or the peer's device name (its address until it was heard).
    pub name: String,
    /// Whether the last exchange succeeded.
    pub up: bool,
    /// Milliseconds since it was last heard; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ms_ago: Option<u64>,
    /// Own entries the other side has not confirmed.
    pub unsent: u64,
}

/// The state of one lane: a source of codes, and what its codes are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct SourceStatus {
    /// Its name, such as `camera:0` or `folder`.
    pub name: String,
    /// Whether it delivers.
    pub up: bool,
    /// Name of the check-in list of its scans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The gate in its entries, where it is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// Which way its scans go.
    #[serde(default)]
    pub direction: Direction,
    /// At a bar: the product that its codes pay for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serves: Option<String>,
    /// Stable code of what is wrong: `E-CAM-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Frames read.
    pub frames: u64,
    /// Codes read.
    pub reads: u64,
    /// The same by the step of the eye that read them first, where it is pictures.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub steps: std::collections::BTreeMap<String, u64>,
}

/// A one-time code by which a phone becomes a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Invitation {
    /// What the phone will be called.
    pub name: String,
    /// The code: good once. It goes into the part of the page's address that browsers send to nobody.
    pub code: String,
    /// Seconds it is good for.
    pub expires_in: u64,
    /// Where the page is, `HOST:PORT`, the likeliest first.
    pub addresses: Vec<String>,
    /// SHA-256 of the certificate that the phone will see, `3F:A2:…`.
    pub fingerprint: String,
}

/// Stock of a product as this agent knows it, in units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct StockStatus {
    /// Name of the product.
    pub product: String,
    /// What this device may still sell alone.
    pub here: i64,
    /// What all devices together still have, as far as known.
    pub everywhere: i64,
    /// The other device that has most, where one has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Held>,
}

/// Everything the Door screen's lower half shows; every number has an age.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Status {
    /// Name of the event.
    pub event: String,
    /// IANA zone of the venue.
    pub timezone: String,
    /// Name of this device.
    pub device: String,
    /// Its id, `dev_…`.
    #[serde(default)]
    pub device_id: String,
    /// `gate`, `bar`, `supervisor`, `kiosk`.
    pub role: String,
    /// Who is on duty here; absent where nobody signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// Name of the check-in list that scans without one use.
    pub list: String,
    /// Whether it can admit: `ready`, `starting`, `revoked`, `read_only`.
    pub state: String,
    /// Now, by this agent's clock, RFC 3339 UTC.
    pub now: String,
    /// `trusted`, `unsure`: what the clock rests on.
    pub clock: String,
    /// Tickets inside on this list, all devices known.
    pub inside: i64,
    /// Places in the zone that this list lets into; absent where none are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i64>,
    /// Places of it that are taken, by whatever list, all devices known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupied: Option<i64>,
    /// Places of it that this device may fill alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_here: Option<i64>,
    /// Entries on this list, all devices known.
    pub admitted: u64,
    /// Exits on this list, all devices known.
    pub exits: u64,
    /// Refusals by this device.
    pub refused: u64,
    /// Servings by this device, in units.
    pub served: u64,
    /// Conflicts known.
    pub conflicts: u64,
    /// Admissions of the last ten minutes, by minute, oldest first.
    pub per_minute: Vec<u32>,
    /// Own entries the cloud has not confirmed.
    pub to_upload: u64,
    /// Tickets in the replica.
    pub tickets: u64,
    /// The index of names is still being built: a search may leave people out.
    #[serde(default)]
    pub indexing: bool,
    /// Milliseconds since the newest signed cloud time seen; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_age_ms: Option<u64>,
    /// Links: the cloud first, then the peers.
    pub links: Vec<LinkStatus>,
    /// Sources of codes.
    pub sources: Vec<SourceStatus>,
    /// Stock, at a bar.
    pub stock: Vec<StockStatus>,
    /// What could have gone wrong while devices cannot talk, and what could.
    #[serde(default)]
    pub exposure: Exposure,
    /// Whether this device may use the rights that it holds.
    #[serde(default)]
    pub rights: RightsStatus,
    /// Who is short of what they used.
    #[serde(default)]
    pub deficits: Vec<Deficit>,
    /// Findings known: entries without effect, forks, deficits, what was set aside.
    #[serde(default)]
    pub findings: u64,
}

/// Who is on duty: named by every entry of the device until they sign out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct OnDuty {
    /// Their sign-in name.
    pub name: String,
}

/// An open session of somebody who may decide against the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Session {
    /// Shown with an override.
    pub session: String,
    /// Seconds it lasts.
    pub expires_in: u64,
    /// Their sign-in name.
    pub name: String,
    /// Whether they may override a refusal.
    pub may_override: bool,
}

/// A ticket that was found by name, order or e-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct FoundTicket {
    /// What the screen shows of it.
    pub ticket: TicketCard,
    /// `paid`, `pending`, `cancelled`.
    pub status: String,
    /// Whether it is inside on any list.
    pub inside: bool,
    /// Entries that stand, on all lists.
    #[serde(default)]
    pub entries: u64,
}

/// Everything that the journals here say, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct LogPage {
    /// The items.
    pub items: Vec<LogItem>,
    /// Give it as `before` to read on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One entry of a journal, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct LogItem {
    /// The entry, `dev_…:incarnation:sequence`.
    pub entry: String,
    /// When it happened, RFC 3339 UTC.
    pub at: String,
    /// `admission`, `exit`, `refusal`, `serving`, `annul`, `void`, …
    pub kind: String,
    /// The verdict's code: `ok`, or why it was refused or asked; `no_effect` where its author was not
    /// allowed to write it.
    pub code: String,
    /// Name of the device that wrote it.
    pub device: String,
    /// The gate, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// Name of the check-in list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketCard>,
    /// Product of a serving or of stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Units of a serving or of stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<i64>,
    /// Who was signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// The supervisor who decided against the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<String>,
    /// Why: of an override, or of an admission by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it was taken back.
    #[serde(default)]
    pub undone: bool,
}

/// More entries, or more servings, than a ticket allows, found when journals met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct ConflictReport {
    /// `entry` or `credit`.
    pub kind: String,
    /// The ticket.
    pub ticket: String,
    /// The check-in list, or the product of a credit.
    pub subject: String,
    /// Name of the ticket's holder, where the replica has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Units too many: 1 for an entry.
    pub units: i64,
    /// The act that was one too many.
    pub excess: ConflictSide,
    /// The act before it, which was in its right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<ConflictSide>,
}

/// One side of a conflict: a signed entry and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct ConflictSide {
    /// The entry, `dev_…:incarnation:sequence`.
    pub entry: String,
    /// Name of the device.
    pub device: String,
    /// The gate, where it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// How far that clock may be off, milliseconds; absent where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertain_ms: Option<u32>,
}

/// One message of `/v1/stream`: the event's name is the variant, its data the content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum StreamMessage {
    /// An answered scan, serving or undo on this device.
    Answer(Box<Answer>),
    /// The same code still in front of the same lane: not a scan of its own.
    Same {
        /// Which lane.
        lane: String,
    },
    /// A code that was read but could not be decided, or a source that failed.
    Trouble {
        /// Stable code.
        code: String,
        /// What, in staff words.
        what: String,
    },
    /// The state of everything: once a second and after every act.
    Status(Box<Status>),
    /// Journals met and found one act too many.
    Conflict(Box<ConflictReport>),
    /// Something that should not be came to light: a journal with two histories.
    Finding(Box<Finding>),
}
