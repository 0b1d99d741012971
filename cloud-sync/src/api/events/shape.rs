//! Events as they travel: what is given, what is changed, what is shown.

use crate::api::products::{MAX_PER_EVENT, Products};
use crate::fault::Fault;
use crate::json::{Instant, Line, present, text};
use crate::scope;
use crate::store::Tx;
use crate::store::events::EventRecord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_core::catalogue::{EventDate, Question, Span};
use tidegate_core::id::{DateId, DeviceId, EventId, ProductId};
use tidegate_core::money::Currency;
use tidegate_core::time::{Timestamp, Zone};
use utoipa::ToSchema;

/// Dates of a series: every day of three years.
const MAX_DATES: usize = 1_000;
/// Questions of an event: a long form, and every device holds them.
const MAX_QUESTIONS: usize = 50;
/// Bytes of a question's id: a name, and each answer carries it.
const MAX_QUESTION_ID_BYTES: usize = 40;

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

/// Something that guests are asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionShape {
    /// The name that answers carry.
    #[schema(min_length = 1, max_length = 40)]
    id: String,
    /// What is asked.
    #[schema(value_type = Line)]
    text: String,
    /// Whether an empty answer is none.
    #[serde(default)]
    required: bool,
    /// Whether it is asked at the door where the answer is missing.
    #[serde(default)]
    at_checkin: bool,
    /// The products it is asked about, `prd_…`; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    products: Option<Vec<String>>,
}

/// An event to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// Its name.
    #[schema(value_type = Line)]
    name: String,
    /// IANA zone of the venue, such as `Europe/Berlin`.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// When it starts; left out while that is not settled.
    starts_at: Option<Instant>,
    /// When doors open; `starts_at` if absent.
    doors_at: Option<Instant>,
    /// When it ends.
    ends_at: Option<Instant>,
    /// ISO 4217, such as `EUR`.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Currency,
    /// The dates of a series.
    #[serde(default)]
    #[schema(max_items = 1_000)]
    dates: Vec<DateShape>,
    /// What guests are asked, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    questions: Vec<QuestionShape>,
    /// For which organizer; only an administrator says so.
    pub(super) organizer: Option<String>,
}

/// What is to be changed of an event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventPatch {
    #[schema(value_type = Option<Line>)]
    name: Option<String>,
    timezone: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    starts_at: Option<Option<Instant>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    doors_at: Option<Option<Instant>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    ends_at: Option<Option<Instant>>,
    /// All dates, the known ones first and in their order.
    dates: Option<Vec<DateShape>>,
    /// All questions, instead of those before.
    questions: Option<Vec<QuestionShape>>,
}

/// An event.
#[derive(Serialize, ToSchema)]
pub struct EventView {
    /// `evt_…`.
    pub id: String,
    organizer: String,
    name: String,
    timezone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doors_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Instant>,
    currency: String,
    dates: Vec<DateShape>,
    questions: Vec<QuestionShape>,
    created_at: Instant,
}

impl EventView {
    /// An event as it is shown.
    pub fn of(event: &EventRecord, products: &Products) -> Self {
        let date = |date: &EventDate| DateShape {
            number: Some(date.id.0),
            starts_at: Instant(date.starts_at),
            doors_at: date.doors_at.map(Instant),
            ends_at: date.ends_at.map(Instant),
        };
        let question = |q: &Question| QuestionShape {
            id: q.id.clone(),
            text: q.text.clone(),
            required: q.required,
            at_checkin: q.at_checkin,
            products: q.products.as_ref().map(|numbers| numbers.iter().map(|n| products.id(*n)).collect()),
        };
        Self {
            id: event.id.to_string(),
            organizer: event.organizer.clone(),
            name: event.name.clone(),
            timezone: event.timezone.clone(),
            starts_at: event.starts_at.map(Instant),
            doors_at: event.doors_at.map(Instant),
            ends_at: event.ends_at.map(Instant),
            currency: event.currency.clone(),
            dates: event.dates.iter().map(date).collect(),
            questions: event.questions.iter().map(question).collect(),
            created_at: Instant(event.created_at),
        }
    }
}

impl NewEvent {
    /// The event as it will be kept.
    pub(super) async fn record(
        self,
        tx: &mut Tx,
        id: EventId,
        (organizer, journal_device): (String, DeviceId),
        now: Timestamp,
    ) -> Result<EventRecord, Fault> {
        checked(EventRecord {
            id,
            organizer,
            name: text("name", &self.name)?,
            timezone: self.timezone,
            starts_at: self.starts_at.map(|at| at.0),
            doors_at: self.doors_at.map(|at| at.0),
            ends_at: self.ends_at.map(|at| at.0),
            currency: self.currency.to_string(),
            journal_device,
            created_at: now,
            questions: questions(tx, id, &self.questions).await?,
            dates: numbered(&self.dates)?,
        })
    }
}

impl EventPatch {
    /// The event with these changes.
    pub(super) async fn apply(self, tx: &mut Tx, event: EventRecord) -> Result<EventRecord, Fault> {
        let known = event.dates.len();
        let dates = self.dates.as_deref().map(numbered).transpose()?.unwrap_or(event.dates);
        if dates.len() < known {
            return Err(Fault::invalid("Dates are never taken away: tickets name them"));
        }
        checked(EventRecord {
            name: self.name.map_or(Ok(event.name), |name| text("name", &name))?,
            timezone: self.timezone.unwrap_or(event.timezone),
            starts_at: self.starts_at.map_or(event.starts_at, |at| at.map(|at| at.0)),
            doors_at: self.doors_at.map_or(event.doors_at, |at| at.map(|at| at.0)),
            ends_at: self.ends_at.map_or(event.ends_at, |at| at.map(|at| at.0)),
            questions: match &self.questions {
                Some(given) => questions(tx, event.id, given).await?,
                None => event.questions,
            },
            dates,
            ..event
        })
    }
}

async fn questions(tx: &mut Tx, event: EventId, given: &[QuestionShape]) -> Result<Vec<Question>, Fault> {
    if given.len() > MAX_QUESTIONS {
        return Err(Fault::invalid(format!("An event asks at most {MAX_QUESTIONS} questions")));
    }
    let mut ids = BTreeSet::new();
    let mut questions = Vec::with_capacity(given.len());
    for shape in given {
        let id = text("A question's id", &shape.id)?;
        if id.len() > MAX_QUESTION_ID_BYTES || !ids.insert(id.clone()) {
            let what = format!("Every question has an id of its own, of 1 to {MAX_QUESTION_ID_BYTES} bytes");
            return Err(Fault::invalid(what));
        }
        let about = numbers(tx, event, shape.products.as_deref()).await?;
        let (text, required, at_checkin) =
            (text("A question's text", &shape.text)?, shape.required, shape.at_checkin);
        questions.push(Question { id, text, required, at_checkin, products: about });
    }
    Ok(questions)
}

/// Products by their ids, each once, in order of their numbers.
pub async fn numbers(
    tx: &mut Tx,
    event: EventId,
    given: Option<&[String]>,
) -> Result<Option<Vec<ProductId>>, Fault> {
    let Some(given) = given else { return Ok(None) };
    if given.len() > MAX_PER_EVENT as usize {
        return Err(Fault::invalid(format!("products names at most {MAX_PER_EVENT}")));
    }
    let mut numbers = BTreeSet::new();
    for product in given {
        numbers.insert(scope::product_of(tx, event, product).await?.number);
    }
    Ok(Some(numbers.into_iter().collect()))
}

fn numbered(dates: &[DateShape]) -> Result<Vec<EventDate>, Fault> {
    if dates.len() > MAX_DATES {
        return Err(Fault::invalid(format!("A series has at most {MAX_DATES} dates")));
    }
    let moved =
        (1..).zip(dates).find(|(place, date): &(u16, _)| date.number.is_some_and(|number| number != *place));
    if let Some((place, _)) = moved {
        return Err(Fault::invalid(format!(
            "Dates keep their numbers: that of number {place} stands at place {place}"
        ))
        .action("Give the known dates first and in their order; new ones go behind them"));
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
    let ordered = |span: Span| span.starts.zip(span.ends).is_none_or(|(starts, ends)| ends > starts);
    if Zone::parse(&event.timezone).is_none() {
        return Err(Fault::invalid("timezone is an IANA name such as Europe/Berlin"));
    }
    match event.dates.iter().map(EventDate::span).chain([event.row().span()]).all(ordered) {
        true => Ok(event),
        false => Err(Fault::invalid("ends_at must lie after starts_at")),
    }
}
