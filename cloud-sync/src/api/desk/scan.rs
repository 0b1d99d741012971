//! A scan at the cloud's own desk.

use super::{Given, key};
use crate::api::answers::{Answers, at_the_door};
use crate::api::{By, Shared};
use crate::auth::Caller;
use crate::desk::group::{self, Act};
use crate::desk::{Desk, Key, Mode, pin};
use crate::fault::Fault;
use crate::json::{Body, Instant, Line, Path, maybe_text, text};
use crate::scope;
use crate::store::Tx;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{Answer, Direction};
use tidegate_core::decide::Scan;
use tidegate_core::id::ListId;
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
    /// A supervisor decides.
    #[serde(rename = "override")]
    overriding: Option<OverrideRequest>,
    /// What would happen; nothing is recorded.
    #[serde(default)]
    dry_run: bool,
}

struct Asked {
    given: Given,
    list: ListId,
    direction: Direction,
    at: Option<Instant>,
    gate: Option<String>,
    confirm_unpaid: bool,
    answers: Vec<Answered>,
    reason: Option<String>,
    overriding: Option<Override>,
    key: Option<Key>,
    mode: Mode,
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
    let (list, by) = (request.list.clone(), caller.clone());
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let event = scope::event(tx, &by, &id).await?;
            let list = scope::list_of(tx, event.id, &list).await?;
            Ok((event, list.row.id))
        })
    });
    let (event, list) = found.await?;
    let overriding = match &request.overriding {
        Some(by) => {
            let reason = text("reason", &by.reason)?;
            pin::check(&app, event.id, by.supervisor.clone(), by.pin.clone()).await?;
            Some(Override { supervisor: by.supervisor.clone(), reason })
        }
        None => None,
    };
    let asked = asked(request, list, overriding)?;
    let language = language.unwrap_or_default();
    let asked = Arc::new((asked, caller, language));
    let act: Act = Arc::new(move |tx, desk| Box::pin(decide(tx, desk, asked.clone())));
    group::act(&app, event, act).await.map(Json)
}

fn asked(request: ScanRequest, list: ListId, overriding: Option<Override>) -> Result<Asked, Fault> {
    let gate = maybe_text("gate", request.gate.as_ref())?;
    let (answers, reason) = (at_the_door(request.answers)?, maybe_text("reason", request.reason.as_ref())?);
    if request.ticket.is_some() && reason.is_none() && !request.dry_run {
        let what = "Somebody without a code comes in for a reason";
        return Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "reason_needed", what)
            .action("Give reason, such as \"ID seen, phone empty\""));
    }
    let list_number = list.to_string();
    let mut parts = vec![
        request.code.as_deref().unwrap_or(""),
        request.ticket.as_deref().unwrap_or(""),
        &list_number,
        if request.direction == Direction::Exit { "exit" } else { "entry" },
        gate.as_deref().unwrap_or(""),
        if request.confirm_unpaid { "confirmed" } else { "" },
        overriding.as_ref().map_or("", |by| &by.supervisor),
    ];
    parts.extend(answers.iter().flat_map(|a| [a.question.as_str(), a.text.as_str()]));
    let key = key(request.key, &parts)?;
    Ok(Asked {
        given: Given::of(request.code, request.ticket.as_deref())?,
        list,
        direction: request.direction,
        at: request.at,
        gate,
        confirm_unpaid: request.confirm_unpaid,
        answers,
        reason,
        overriding,
        key,
        mode: if request.dry_run { Mode::DryRun } else { Mode::Record },
    })
}

async fn decide(tx: &mut Tx, desk: &mut Desk<'_>, asked: Arc<(Asked, Caller, Language)>) -> Result<Answer, Fault> {
    let (asked, caller, language) = &*asked;
    desk.turn_to(caller.name.clone(), *language);
    let scan = Scan {
        direction: asked.direction,
        at: asked.at.map(|at| at.0),
        gate: asked.gate.clone(),
        confirm_unpaid: asked.confirm_unpaid,
        answers: asked.answers.clone(),
        reason: asked.reason.clone(),
        overriding: asked.overriding.clone(),
        shown: desk.shown(tx, &asked.given, caller).await?,
    };
    desk.scan(tx, (&scan, asked.list), asked.key.as_ref(), asked.mode).await
}
