//! Events as they travel: what is given, what is changed, what is shown.

use crate::fault::Fault;
use crate::json::{Instant, present, text};
use crate::store::events::EventRecord;
use serde::{Deserialize, Serialize};
use tidegate_core::catalogue::EventDate;
use tidegate_core::id::{DateId, DeviceId, EventId};
use tidegate_core::money::Currency;
use tidegate_core::time::{Timestamp, Zone};
use utoipa::ToSchema;

/// Dates of a series: every day of three years.
const MAX_DATES: usize = 1_000;

/// A date of a series.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DateShape {
    /// Its number in codes and rules, in the order they were given; said by the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u16>,
    /// When it starts.
    starts_at: Instant,
    /// When doors open; `starts_at` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doors_at: Option<Instant>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_at: Option<Instant>,
}

/// An event to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// Its name.
    name: String,
    /// IANA zone of the venue, such as `Europe/Berlin`.
    timezone: String,
    /// When it starts.
    starts_at: Instant,
    /// When doors open; `starts_at` if absent.
    doors_at: Option<Instant>,
    /// When it ends.
    ends_at: Option<Instant>,
    /// ISO 4217, such as `EUR`.
    #[schema(value_type = String)]
    currency: Currency,
    /// The dates of a series.
    #[serde(default)]
    dates: Vec<DateShape>,
    /// For which organizer; only an administrator says so.
    pub(super) organizer: Option<String>,
}

/// What is to be changed of an event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventPatch {
    name: Option<String>,
    timezone: Option<String>,
    starts_at: Option<Instant>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    doors_at: Option<Option<Instant>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    ends_at: Option<Option<Instant>>,
    /// All dates, the known ones first and in their order.
    dates: Option<Vec<DateShape>>,
}

/// An event.
#[derive(Serialize, ToSchema)]
pub struct EventView {
    /// `evt_…`.
    pub id: String,
    organizer: String,
    name: String,
    timezone: String,
    starts_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    doors_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Instant>,
    currency: String,
    dates: Vec<DateShape>,
    created_at: Instant,
}

impl EventView {
    /// An event as it is shown.
    pub fn of(event: &EventRecord) -> Self {
        let date = |date: &EventDate| DateShape {
            number: Some(date.id.0),
            starts_at: Instant(date.starts_at),
            doors_at: date.doors_at.map(Instant),
            ends_at: date.ends_at.map(Instant),
        };
        Self {
            id: event.id.to_string(),
            organizer: event.organizer.clone(),
            name: event.name.clone(),
            timezone: event.timezone.clone(),
            starts_at: Instant(event.starts_at),
            doors_at: event.doors_at.map(Instant),
            ends_at: event.ends_at.map(Instant),
            currency: event.currency.clone(),
            dates: event.dates.iter().map(date).collect(),
            created_at: Instant(event.created_at),
        }
    }
}

impl NewEvent {
    /// The event as it will be kept.
    pub(super) fn record(
        self,
        id: EventId,
        organizer: String,
        journal_device: DeviceId,
        now: Timestamp,
    ) -> Result<EventRecord, Fault> {
        checked(EventRecord {
            id,
            organizer,
            name: text("name", &self.name)?,
            timezone: self.timezone,
            starts_at: self.starts_at.0,
            doors_at: self.doors_at.map(|at| at.0),
            ends_at: self.ends_at.map(|at| at.0),
            currency: self.currency.to_string(),
            journal_device,
            created_at: now,
            dates: numbered(&self.dates)?,
        })
    }
}

impl EventPatch {
    /// The event with these changes.
    pub(super) fn apply(self, event: EventRecord) -> Result<EventRecord, Fault> {
        let known = event.dates.len();
        let dates = self.dates.as_deref().map(numbered).transpose()?.unwrap_or(event.dates);
        if dates.len() < known {
            return Err(Fault::invalid("Dates are never taken away: tickets name them"));
        }
        checked(EventRecord {
            name: self.name.map_or(Ok(event.name), |name| text("name", &name))?,
            timezone: self.timezone.unwrap_or(event.timezone),
            starts_at: self.starts_at.map_or(event.starts_at, |at| at.0),
            doors_at: self.doors_at.map_or(event.doors_at, |at| at.map(|at| at.0)),
            ends_at: self.ends_at.map_or(event.ends_at, |at| at.map(|at| at.0)),
            dates,
            ..event
        })
    }
}

fn numbered(dates: &[DateShape]) -> Result<Vec<EventDate>, Fault> {
    if dates.len() > MAX_DATES {
        return Err(Fault::invalid(format!("A series has at most {MAX_DATES} dates")));
    }
    let number = |(place, date): (u16, &DateShape)| EventDate {
        id: DateId(place),
        starts_at: date.starts_at.0,
        doors_at: date.doors_at.map(|at| at.0),
        ends_at: date.ends_at.map(|at| at.0),
    };
    Ok((1..).zip(dates).map(number).collect())
}

fn checked(event: EventRecord) -> Result<EventRecord, Fault> {
    let ordered = |starts: Timestamp, ends: Option<Timestamp>| ends.is_none_or(|ends| ends > starts);
    if Zone::parse(&event.timezone).is_none() {
        return Err(Fault::invalid("timezone is an IANA name such as Europe/Berlin"));
    }
    let dates = event.dates.iter().all(|date| ordered(date.starts_at, date.ends_at));
    match ordered(event.starts_at, event.ends_at) && dates {
        true => Ok(event),
        false => Err(Fault::invalid("ends_at lies after starts_at")),
    }
}
