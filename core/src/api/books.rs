//! How the books stand, as JSON: exposure, rights, stock, findings, and what a stick brought.
//!
//! Shapes only, like all of [`api`](super). Every count that may be out of date has an age beside it.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use utoipa::ToSchema;

/// What could have gone wrong while devices cannot talk, and what could if the lines went down now.
/// Upper bounds: a device that was never heard counts as if it knew nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(default)]
pub struct Exposure {
    /// Nobody was heard for 15 seconds.
    pub cut_off: bool,
    /// Own entries that stand on this disk alone.
    pub unsynced: u64,
    /// Own admissions that nobody else is known to have.
    pub unverified: u64,
    /// Admissions here that doors which do not have them may have admitted too, once each at most.
    pub double_entries: u64,
    /// Units served here that bars which do not have them may have served too.
    pub double_servings: u64,
    /// Other devices that may admit.
    pub doors: u64,
    /// Other devices that may serve.
    pub bars: u64,
    /// Tickets that could still be admitted at each other door, if the lines went down now.
    pub entries_ahead: u64,
    /// Units of credit that could still be served at each other bar, if the lines went down now.
    pub servings_ahead: u64,
    /// Devices of the roster that were not heard for 15 seconds, the longest silent first.
    pub silent: Vec<Silent>,
    /// What this device may do cut off.
    pub limits: Limits,
}

/// A device that is not heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Silent {
    /// Its name.
    pub device: String,
    /// `gate`, `bar`, …
    pub role: String,
    /// Milliseconds since it was heard; absent where it was not since this agent started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ms_ago: Option<u64>,
    /// When its newest entry that is here was written, by whatever way it came, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_at: Option<String>,
}

/// What a device may do cut off; a limit that is absent does not bind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(default)]
pub struct Limits {
    /// The oldest update on which anybody is admitted or served, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_update_s: Option<u32>,
    /// Unverified admissions at which the screen warns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified_soft: Option<u32>,
    /// Unverified admissions at which nobody more is admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified_hard: Option<u32>,
    /// The part of a known balance that may be served, percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<u8>,
}

/// Whether this device may use the rights that it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
#[serde(default)]
pub struct RightsStatus {
    /// `ok`; `unconfirmed`: since the start nobody has said that no later entry of this device is known;
    /// `lease_ended`: nobody who could renew it was heard in time; `withdrawn` by the office.
    pub state: String,
    /// Until when they are lent, by the clock of who lent them, RFC 3339 UTC; absent where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<String>,
    /// Which of its journals this device writes: another one after its store was moved, copied or set back.
    pub incarnation: u32,
}

/// Somebody who is short of what they used: the others pay as they learn of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Deficit {
    /// Name of the product or the zone.
    pub of: String,
    /// Name of the device.
    pub device: String,
    /// Units, or places.
    pub units: i64,
}

/// Who has how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Held {
    /// Name of the device.
    pub device: String,
    /// Units, or places.
    pub units: i64,
}

/// What became of stock or places: a crate came, a glass broke, all were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct StockAnswer {
    /// The entry that records it, `dev_…:incarnation:sequence`.
    pub entry: String,
    /// `restock`, `waste`, `stocktake`.
    pub kind: String,
    /// Name of the product or the zone.
    pub of: String,
    /// Units that came into being; below zero for those that ended.
    pub change: i64,
    /// Of a stocktake: what should have been there, by what this device had heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<i64>,
    /// Of a stocktake: what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
    /// What this device may use alone afterwards; below zero where it owes the rest.
    pub here: i64,
    /// What all devices together have afterwards, as far as known.
    pub everywhere: i64,
    /// Who pays what is missing beyond this device's own: those that hold some, most first, as they learn of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pays: Vec<Held>,
    /// The supervisor who decided it, where the certificate did not give the right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<String>,
    /// The answer of an earlier request with the same key.
    #[serde(default)]
    pub repeated: bool,
}

/// The books of one product or zone on this device, in units, since its journal began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct StockLine {
    /// Its name.
    pub name: String,
    /// `product` or `zone`.
    pub kind: String,
    /// What this device may use alone.
    pub here: i64,
    /// What all devices together have, as far as known.
    pub everywhere: i64,
    /// Brought in by this device.
    pub restocked: i64,
    /// Ended unused by this device.
    pub wasted: i64,
    /// Found more, or below zero less, by this device's stocktakes.
    pub corrected: i64,
    /// Accepted from others.
    pub received: i64,
    /// Given to others.
    pub given: i64,
    /// Handed over, or let in, with what was taken back.
    pub used: i64,
    /// Of it taken back, or free again.
    pub returned: i64,
    /// Of it by a supervisor's decision.
    pub overridden: i64,
    /// Who else has some, most first.
    pub elsewhere: Vec<Held>,
    /// Given to somebody who has not accepted it yet: nobody may use it.
    #[serde(default)]
    pub on_the_way: i64,
    /// Who is short.
    pub deficits: Vec<Held>,
}

/// What the journals say that should not be, whole counts and the newest of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Findings {
    /// Entries without effect.
    pub no_effect: u64,
    /// Histories beside another one of the same journal.
    pub forks: u64,
    /// Journals that were begun because the one before was left.
    #[serde(default)]
    pub begun: u64,
    /// Journals that are short of what they used.
    pub deficits: u64,
    /// What could not be taken, and is kept as evidence.
    pub set_aside: u64,
    /// The findings, at most 200 of each kind, forks first.
    pub items: Vec<Finding>,
}

/// Something that should not be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Finding {
    /// `fork`, `begun`, `deficit`, `no_effect`, `set_aside`.
    pub kind: String,
    /// Stable code: `fork`, `journal_left`, `deficit`, `not_allowed`, `device_revoked`, `bad_signature`, …
    pub code: String,
    /// What, with the evidence, in staff words.
    pub what: String,
    /// What to do.
    #[serde(rename = "do")]
    pub action: String,
    /// Name of the device that it is about; of what was set aside, who brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The entry, `dev_…:incarnation:sequence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// When, RFC 3339 UTC: the entry's own time, or when it was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Units of a deficit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<i64>,
    /// Of a fork: where, and the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<ForkReport>,
}

/// Two histories that one device signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct ForkReport {
    /// The journal, `dev_…:incarnation`.
    pub journal: String,
    /// The last entry that both histories have; 0 where they have none.
    pub after: u64,
    /// A signed head of each.
    pub heads: Vec<SignedHead>,
    /// Both as CBOR in base64: `edge-agent journal verify` checks it against the installation's key alone.
    pub proof: String,
}

/// The end of a history under its author's signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct SignedHead {
    /// Its last entry, `dev_…:incarnation:sequence`.
    pub entry: String,
    /// That entry's hash, in hex.
    pub hash: String,
    /// The signature, in hex.
    pub signature: String,
}

/// What one block of a stick brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct Imported {
    /// `about`, `runs`, `start`, `shelves`, `pages`, `end`; `damaged` where it is none of them.
    pub block: String,
    /// Entries that were new here, by journal.
    pub new: Vec<NewEntries>,
    /// Pieces of the feed that were new here: parts of a start, shelves and pages.
    pub pages: u64,
    /// Runs that go on from entries that are not here: they may come another way.
    pub waiting: u64,
    /// Stable codes of what was set aside with its evidence.
    pub set_aside: Vec<String>,
}

/// Entries of one journal that were new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(ToSchema))]
pub struct NewEntries {
    /// The journal, `dev_…:incarnation`.
    pub journal: String,
    /// Name of its device.
    pub device: String,
    /// How many.
    pub entries: u64,
}
