//! A scan at the cloud's own desk.

use crate::api::answers::{Answers, at_the_door};
use crate::api::{By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::desk::given::{Given, checked_key};
use crate::desk::group::{self, Act};
use crate::desk::{Attendant, Desk, Key, Mode, pin};
use crate::fault::Fault;
use crate::json::{Body, Instant, Line, Path, maybe_text, text};
use crate::scope;
use crate::store::{Tx, acts};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{Answer, Direction};
use tidegate_core::catalogue::Staff;
use tidegate_core::decide::Scan;
use tidegate_core::decide::key::{Operation, content};
use tidegate_core::id::{EventId, ListId};
use tidegate_core::journal::kind::{Answered, Override};
use tidegate_core::language::Language;
use tidegate_link::language::Preferred;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A supervisor's decision, with their PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// Their sign-in name.
    supervisor: String,
    /// Why.
    #[schema(value_type = Line)]
    reason: String,
    /// Their PIN.
    #[schema(example = "246810")]
    pin: String,
}

/// A code that was read, or a ticket that was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// The text of the code, or the short code under it.
    #[schema(max_length = 4_096)]
    code: Option<String>,
    /// Instead of a code: a ticket found by search, `tkt_…`. Somebody without a code comes in for a `reason`.
    ticket: Option<String>,
    /// Why somebody without a code is let in.
    #[schema(value_type = Option<Line>)]
    reason: Option<String>,
    /// What the guest answered, by the question's id.
    #[serde(default)]
    answers: Answers,
    /// The check-in list, `lst_…`.
    list: String,
    /// Which way.
    #[serde(default)]
    direction: Direction,
    /// The scan's own trusted time.
    at: Option<Instant>,
    /// The gate's name.
    #[schema(value_type = Option<Line>)]
    gate: Option<String>,
    /// Idempotency key.
    #[schema(min_length = 1, max_length = 100)]
    key: Option<String>,
    /// An unpaid ticket was settled.
    #[serde(default)]
    confirm_unpaid: bool,
    /// Nobody is there to be asked: questions are left out, and what would ask refuses.
    #[serde(default)]
    unattended: bool,
    /// A supervisor decides.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

struct Asked {
    given: Given,
    list: String,
    direction: Direction,
    at: Option<Instant>,
    gate: Option<String>,
    confirm_unpaid: bool,
    answers: Vec<Answered>,
    reason: Option<String>,
    /// A supervisor's decision, with their row as their PIN was checked against it.
    overriding: Option<(Override, Staff)>,
    key: Option<String>,
    /// What its key stands for, without the list's number.
    parts: Vec<String>,
    mode: Mode,
    attendant: Attendant,
}

impl Asked {
    /// Its key, once the number of its list is known.
    fn key(&self, list: ListId) -> Option<Key> {
        let number = list.to_string();
        let parts = self.parts.iter().enumerate().map(|(place, part)| if place == 2 { &number } else { part });
        let parts: Vec<&str> = parts.map(String::as_str).collect();
        Some(Key { key: self.key.clone()?, content: content(&parts) })
    }
}

/// Decides a scan by the same law as at a door, and records it in the cloud's journal.
#[utoipa::path(post, path = "/v1/events/{id}/scans", tag = "desk", request_body = ScanRequest,
    params(Preferred),
    responses((status = 200, body = Answer), (status = "default", body = Problem)))]
pub async fn scan(
    State(app): Shared,
    Extension(caller): By,
    Path(id): Path<String>,
    Preferred(language): Preferred,
    Body(request): Body<ScanRequest>,
) -> Result<Json<Answer>, Fault> {
    let event = scope::desk(&app, &caller, &id).await?;
    let asked = asked(&app, event, request, (&caller, language.unwrap_or_default())).await?;
    let asked = Arc::new((asked, caller));
    let wants = asked.0.given.wants(Operation::Scan, asked.0.key.as_deref());
    let act = Act::new(wants, move |tx, desk| Box::pin(decide(tx, desk, asked.clone())));
    group::act(&app, event, act).await.map(Json)
}

async fn asked(
    app: &Arc<App>,
    event: EventId,
    request: ScanRequest,
    (caller, language): (&Caller, Language),
) -> Result<Asked, Fault> {
    let gate = maybe_text("gate", request.gate.as_ref())?;
    let (answers, reason) = (at_the_door(request.answers)?, maybe_text("reason", request.reason.as_ref())?);
    if request.ticket.is_some() && reason.is_none() && !request.dry_run {
        let what = "Somebody without a code comes in for a reason";
        return Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "reason_needed", what)
            .action("Give reason, such as \"ID seen, phone empty\""));
    }
    let settled = match (request.confirm_unpaid, request.unattended) {
        (false, false) => "",
        (true, false) => "confirmed",
        (_, true) => "unattended", // where nobody asks, nothing is settled
    };
    // Not who decided: a repeat needs nobody's right.
    let overruled_for = request.overriding.as_ref().map_or("", |by| &by.reason);
    let way = if request.direction == Direction::Exit { "exit" } else { "entry" };
    let (code, ticket) = (request.code.clone().unwrap_or_default(), request.ticket.clone().unwrap_or_default());
    // Where the list's number belongs stands nothing yet. What was kept by earlier versions has these parts too.
    let mut parts = vec![
        code,
        ticket,
        String::new(),
        way.into(),
        gate.clone().unwrap_or_default(),
        settled.into(),
        overruled_for.into(),
    ];
    parts.extend(answers.iter().flat_map(|a| [a.question.clone(), a.text.clone()]));
    parts.extend(reason.clone()); // one part after pairs
    let key = checked_key(request.key)?;
    let given = Given::of(request.code, request.ticket.as_deref())?;
    let overriding = match request.overriding {
        Some(by) if !repeats(app, (event, &request.list), key.as_deref()).await? => {
            Some(checked(app, event, by).await?)
        }
        Some(_) | None => None,
    };
    Ok(Asked {
        given,
        list: request.list,
        direction: request.direction,
        at: request.at,
        gate,
        confirm_unpaid: request.confirm_unpaid,
        answers,
        reason,
        overriding,
        key,
        parts,
        mode: if request.dry_run { Mode::DryRun } else { Mode::Record },
        attendant: Attendant { staff: Some(caller.name.clone()), language, unattended: request.unattended },
    })
}

/// Whether something was recorded under this key: a repeat needs nobody's right. On a list that is not there
/// nobody's PIN is tried.
async fn repeats(app: &Arc<App>, (event, list): (EventId, &str), key: Option<&str>) -> Result<bool, Fault> {
    let (list, key) = (list.to_owned(), key.map(str::to_owned));
    app.read(move |tx, _| {
        Box::pin(async move {
            scope::list_of(tx, event, &list).await?;
            let Some(key) = key else { return Ok(false) };
            Ok(acts::get(tx, event, Operation::Scan, &key).await?.is_some())
        })
    })
    .await
}

async fn checked(app: &Arc<App>, event: EventId, by: OverrideRequest) -> Result<(Override, Staff), Fault> {
    let reason = text("reason", &by.reason)?;
    let staff = pin::check(app, event, by.supervisor, by.pin).await?;
    Ok((Override { supervisor: staff.name.clone(), reason }, staff))
}

async fn decide(tx: &mut Tx, desk: &mut Desk<'_>, asked: Arc<(Asked, Caller)>) -> Result<Answer, Fault> {
    let (asked, caller) = &*asked;
    desk.turn_to(asked.attendant.clone());
    let list = desk.list(tx, &asked.list).await?;
    let key = asked.key(list);
    if let Some(recorded) = desk.recorded(tx, Operation::Scan, key.as_ref()).await? {
        return Ok(recorded);
    }
    if let Some((_, staff)) = &asked.overriding {
        pin::still(staff, &desk.catalogue())?;
    }
    let scan = Scan {
        direction: asked.direction,
        at: asked.at.map(|at| at.0),
        gate: asked.gate.clone(),
        confirm_unpaid: asked.confirm_unpaid,
        answers: asked.answers.clone(),
        reason: asked.reason.clone(),
        overriding: asked.overriding.as_ref().map(|(by, _)| by.clone()),
        shown: desk.shown(tx, &asked.given, caller).await?,
    };
    desk.scan(tx, (&scan, list), key.as_ref(), asked.mode).await
}
