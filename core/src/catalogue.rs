//! The event as a door sees it: read models that the feed brings.
//!
//! Rows say what the office decided; nothing here decides. Fields are numbered
//! and may be added: an older reader skips what it does not know.

use crate::exposure::Policy;
use crate::fold::closing::Closing;
use crate::id::{DateId, DeviceId, EventId, ListId, ProductId, TicketId, VariationId, ZoneId};
use crate::journal::kind::{Answered, Resource};
use crate::rule::Rules;
use crate::ticket::spoken::Spoken;
use crate::ticket::{Credit, Keyring, TicketKey};
use crate::time::{Timestamp, Window, Zone as TimeZone};
use crate::trust::{Certificate, Role};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Event {
    /// Which.
    #[n(0)]
    pub id: EventId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// IANA zone of the venue.
    #[n(2)]
    pub timezone: String,
    /// When it starts; absent while that is not settled.
    #[n(3)]
    pub starts_at: Option<Timestamp>,
    /// When doors open; `starts_at` if absent.
    #[n(4)]
    pub doors_at: Option<Timestamp>,
    /// When it ends.
    #[n(5)]
    pub ends_at: Option<Timestamp>,
    /// The dates of a series.
    #[n(6)]
    pub dates: Vec<EventDate>,
    /// What guests are asked.
    #[n(7)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub questions: Vec<Question>,
}

/// Something that guests are asked, when they buy or at the door.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Question {
    /// The name that answers carry.
    #[n(0)]
    pub id: String,
    /// What is asked.
    #[n(1)]
    pub text: String,
    /// Whether an empty answer is none.
    #[n(2)]
    pub required: bool,
    /// Whether it is asked at the door where the answer is missing.
    #[n(3)]
    pub at_checkin: bool,
    /// The products it is asked about; all if absent.
    #[n(4)]
    pub products: Option<Vec<ProductId>>,
}

impl Question {
    /// Whether this answers it: a required question wants words.
    pub fn takes(&self, answer: &str) -> bool {
        !self.required || !answer.trim().is_empty()
    }

    /// Whether it is asked at the door about this product.
    pub fn asked_about(&self, product: ProductId) -> bool {
        self.at_checkin && self.products.as_ref().is_none_or(|products| products.contains(&product))
    }
}

/// When an event, or a date of one, takes place; any part may not be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it starts.
    pub starts: Option<Timestamp>,
    /// When doors open, where not with the start.
    pub doors: Option<Timestamp>,
    /// When it ends.
    pub ends: Option<Timestamp>,
}

impl Span {
    /// When doors open.
    pub fn doors(&self) -> Option<Timestamp> {
        self.doors.or(self.starts)
    }
}

impl Event {
    /// When it takes place.
    pub fn span(&self) -> Span {
        Span { starts: self.starts_at, doors: self.doors_at, ends: self.ends_at }
    }

    /// A date of the series.
    pub fn date(&self, id: DateId) -> Option<&EventDate> {
        self.dates.iter().find(|date| date.id == id)
    }

    /// The venue's zone; UTC where the name is not in the bundled database.
    pub fn zone(&self) -> TimeZone {
        TimeZone::parse(&self.timezone).unwrap_or_else(TimeZone::utc)
    }
}

/// One date of a series.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EventDate {
    /// Which.
    #[n(0)]
    pub id: DateId,
    /// When it starts.
    #[n(1)]
    pub starts_at: Timestamp,
    /// When doors open.
    #[n(2)]
    pub doors_at: Option<Timestamp>,
    /// When it ends.
    #[n(3)]
    pub ends_at: Option<Timestamp>,
}

impl EventDate {
    /// When it takes place.
    pub fn span(&self) -> Span {
        Span { starts: Some(self.starts_at), doors: self.doors_at, ends: self.ends_at }
    }
}

/// A product: a ticket type, or something served for credits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Product {
    /// Which.
    #[n(0)]
    pub id: ProductId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Whether it is served at a bar, from stock.
    #[n(2)]
    pub consumption: bool,
    /// The kinds it comes in.
    #[n(3)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub variations: Vec<Variation>,
}

/// A kind of a product: child, adult; small, large.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Variation {
    /// Which.
    #[n(0)]
    pub id: VariationId,
    /// Its name.
    #[n(1)]
    pub name: String,
}

/// What a gate takes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CheckInList {
    /// Which.
    #[n(0)]
    pub id: ListId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// The products it takes; all if absent.
    #[n(2)]
    pub products: Option<Vec<ProductId>>,
    /// The date it takes; any if absent.
    #[n(3)]
    pub date: Option<DateId>,
    /// Whether a ticket may come in again without having left.
    #[n(4)]
    pub multiple_entries: bool,
    /// Whether a ticket that left may come in again.
    #[n(5)]
    pub reentry_after_exit: bool,
    /// Whether unpaid tickets may be let in after a question.
    #[n(6)]
    pub accept_unpaid: bool,
    /// Whether genuine tickets sold after the last update are asked about instead of admitted.
    #[n(7)]
    pub ask_unlisted: bool,
    /// Whether a ticket lets its add-on in, where the list takes that and not the ticket itself.
    #[n(8)]
    #[cbor(default)]
    pub addon_match: bool,
    /// When everybody inside has left: then, and daily at that hour.
    #[n(9)]
    pub auto_exit_at: Option<Timestamp>,
    /// What has to be true for an entry; nothing if absent.
    #[n(10)]
    pub rules: Option<Rules>,
    /// The counted area that it lets into; none is counted if absent.
    #[n(11)]
    pub zone: Option<ZoneId>,
}

impl CheckInList {
    /// A list that no feed has named yet, with every setting at its default.
    pub fn unnamed(id: ListId) -> Self {
        Self {
            id,
            name: String::new(),
            products: None,
            date: None,
            multiple_entries: false,
            reentry_after_exit: true,
            accept_unpaid: false,
            ask_unlisted: false,
            addon_match: false,
            auto_exit_at: None,
            rules: None,
            zone: None,
        }
    }

    /// Whether it takes this product.
    pub fn takes(&self, product: ProductId) -> bool {
        self.products.as_ref().is_none_or(|products| products.contains(&product))
    }

    /// Whether it takes tickets of this date.
    pub fn takes_date(&self, date: Option<DateId>) -> bool {
        self.date.is_none_or(|wanted| date == Some(wanted))
    }
}

/// A counted area of the venue. How many may be inside are rights in the journals; this is what
/// the office said, for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Zone {
    /// Which.
    #[n(0)]
    pub id: ZoneId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// How many people it holds.
    #[n(2)]
    pub capacity: u32,
}

/// Whether a ticket's order was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum TicketStatus {
    /// Paid.
    #[n(0)]
    Paid,
    /// Not paid yet.
    #[n(1)]
    Pending,
    /// Cancelled, refunded or expired.
    #[n(2)]
    Cancelled,
}

/// A ticket as the office knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TicketRow {
    /// Which.
    #[n(0)]
    pub id: TicketId,
    /// What was bought.
    #[n(1)]
    pub product: ProductId,
    /// Paid or not.
    #[n(2)]
    pub status: TicketStatus,
    /// The counter of its newest code; lower ones are revoked.
    #[n(3)]
    pub counter: u16,
    /// The date of a series it is for.
    #[n(4)]
    pub date: Option<DateId>,
    /// When it is valid.
    #[n(5)]
    pub window: Window,
    /// Prepaid units in all, ever.
    #[n(6)]
    pub credits: Vec<Credit>,
    /// Why it is blocked, if it is.
    #[n(7)]
    pub blocked: Option<String>,
    /// Whether the organizer has yet to approve it.
    #[n(8)]
    pub needs_approval: bool,
    /// Whether it is good although it was not paid yet.
    #[n(9)]
    pub valid_if_pending: bool,
    /// When it was cancelled.
    #[n(10)]
    pub cancelled_at: Option<Timestamp>,
    /// Its order's code.
    #[n(11)]
    pub order: Option<String>,
    /// Its holder's name.
    #[n(12)]
    pub holder: Option<String>,
    /// A note for the door.
    #[n(13)]
    pub note: Option<String>,
    /// Which kind of its product.
    #[n(14)]
    pub variation: Option<VariationId>,
    /// The main ticket it belongs to.
    #[n(15)]
    pub addon_to: Option<TicketId>,
    /// What its holder answered when buying.
    #[n(16)]
    #[cbor(with = "crate::sparse", has_nil)]
    pub answers: Vec<Answered>,
    /// Where its buyer can be reached; people at the door are found by it.
    #[n(17)]
    pub email: Option<String>,
    /// The short code printed under its newest code.
    #[n(18)]
    pub spoken: Option<Spoken>,
}

impl TicketRow {
    /// A paid ticket with nothing special about it.
    pub fn new(id: TicketId, product: ProductId) -> Self {
        Self {
            id,
            product,
            status: TicketStatus::Paid,
            counter: 0,
            date: None,
            window: Window::default(),
            credits: Vec::new(),
            blocked: None,
            needs_approval: false,
            valid_if_pending: false,
            cancelled_at: None,
            order: None,
            holder: None,
            note: None,
            variation: None,
            addon_to: None,
            answers: Vec::new(),
            email: None,
            spoken: None,
        }
    }
}

/// A device of the roster.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeviceRow {
    /// Which.
    #[n(0)]
    pub id: DeviceId,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// What it is for.
    #[n(2)]
    pub role: Role,
    /// Its certificate, once enrolled.
    #[n(3)]
    pub certificate: Option<Certificate>,
    /// When it was revoked.
    #[n(4)]
    pub revoked_at: Option<Timestamp>,
    /// Its last entries that count, by incarnation, where it was revoked; later ones are evidence.
    #[n(5)]
    pub counts_until: Vec<Counts>,
}

/// The last entry of a revoked device's incarnation that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Counts {
    /// Which incarnation.
    #[n(0)]
    pub incarnation: u32,
    /// Its last sequence that counts.
    #[n(1)]
    pub sequence: u64,
}

impl DeviceRow {
    /// Whether an entry of this device counts.
    pub fn counts(&self, incarnation: u32, sequence: u64) -> bool {
        self.revoked_at.is_none()
            || self.counts_until.iter().any(|c| c.incarnation == incarnation && sequence <= c.sequence)
    }
}

/// Somebody who works at a door, with what verifies their PIN.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Staff {
    /// Their sign-in name.
    #[n(0)]
    pub name: String,
    /// Argon2id hash of their PIN, as a PHC string.
    #[n(1)]
    pub pin_hash: String,
    /// Whether they may override a refusal.
    #[n(2)]
    pub may_override: bool,
    /// The counter of their newest badge; 0 where none was issued. Lower ones are replaced.
    #[cbor(n(3), skip_if = "no_badge")]
    pub badge_counter: u16,
}

fn no_badge(counter: &u16) -> bool {
    *counter == 0
}

impl Staff {
    /// A verifier that nothing matches, so that an unknown name takes as long as a wrong PIN.
    pub const NO_PIN: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
}

/// The small part of the feed, held in memory: everything but tickets.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The event, once the feed has named it.
    pub event: Option<Event>,
    /// Products by number.
    pub products: BTreeMap<ProductId, Product>,
    /// Check-in lists by number.
    pub lists: BTreeMap<ListId, CheckInList>,
    /// Devices.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
    /// Staff by sign-in name.
    pub staff: BTreeMap<String, Staff>,
    /// Ticket keys.
    pub keyring: Keyring,
    /// Counted areas by number.
    pub zones: BTreeMap<ZoneId, Zone>,
    /// What may be done cut off, by role; what is not named is not limited.
    pub policies: BTreeMap<Role, Policy>,
}

impl Catalogue {
    /// Adds a ticket key.
    pub fn add_key(&mut self, key: TicketKey) {
        self.keyring.insert(key);
    }

    /// A product's name, or its number where it has none here.
    pub fn product_name(&self, id: ProductId) -> String {
        self.products.get(&id).map_or_else(|| format!("product {id}"), |p| p.name.clone())
    }

    /// A device's name, or its id where it has none here.
    pub fn device_name(&self, id: DeviceId) -> String {
        self.devices.get(&id).map_or_else(|| id.to_string(), |d| d.name.clone())
    }

    /// A list's closing times, where it has any.
    pub fn closing(&self, list: ListId) -> Option<Closing> {
        let first = self.lists.get(&list)?.auto_exit_at?;
        Some(Closing::new(first, self.zone()))
    }

    /// The venue's zone.
    pub fn zone(&self) -> TimeZone {
        self.event.as_ref().map_or_else(TimeZone::utc, Event::zone)
    }

    /// The counted area that a list lets into, where it has been named.
    pub fn zone_of(&self, list: ListId) -> Option<ZoneId> {
        self.lists.get(&list)?.zone
    }

    /// What may be done cut off, by devices of this role.
    pub fn policy(&self, role: Role) -> Policy {
        self.policies.get(&role).copied().unwrap_or_else(|| Policy::unlimited(role))
    }

    /// A resource's name, or its number where it has none here.
    pub fn resource_name(&self, of: Resource) -> String {
        match of {
            Resource::Product(product) => self.product_name(product),
            Resource::Zone(zone) => self.zones.get(&zone).map_or_else(|| of.to_string(), |z| z.name.clone()),
        }
    }

    /// The lists that take this product.
    pub fn lists_for(&self, product: ProductId) -> impl Iterator<Item = &CheckInList> {
        self.lists.values().filter(move |list| list.takes(product))
    }
}
