//! Staff over HTTP: on duty and off, and a supervisor's two minutes.
//!
//! Whoever is on duty is named by every entry; nothing waits for them. A badge
//! alone puts its holder on duty; a session, which lets its holder decide against
//! the rule, always takes the PIN as well, because a badge can be photographed.

use super::input::{self, bad};
use super::problem;
use crate::agent::Agent;
use crate::sessions::{self, SESSION, SignIn, Who};
use crate::store::duty;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use tidegate_core::api::{OnDuty, Session};
use tidegate_core::badge::NotABadge;
use tidegate_link::problem::{Body, Problem};
use utoipa::ToSchema;

/// Somebody goes on duty: by name and PIN, or by their badge alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DutyRequest {
    /// Their sign-in name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Their PIN.
    #[schema(min_length = 1, max_length = 64)]
    pin: Option<String>,
    /// Instead of both: the text of their badge.
    badge: Option<String>,
}

/// Puts somebody on duty on this device; whoever was is off duty.
#[utoipa::path(post, path = "/v1/duty", tag = "staff", request_body = DutyRequest, responses(
    (status = 200, body = OnDuty),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn sign_on(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<DutyRequest>,
) -> Result<Json<OnDuty>, Problem> {
    let (staff, badge) = match (request.name, request.pin, request.badge) {
        (Some(name), Some(pin), None) => {
            let who = who(Some(name), None)?;
            (sessions::by_pin(&agent.store, &agent.enrolment, who, pin).await.map_err(refused)?, None)
        }
        (None, None, Some(text)) => {
            let (staff, counter) = sessions::by_badge(&agent.store, &agent.enrolment, &text).map_err(refused)?;
            (staff, Some(counter))
        }
        _ => return Err(bad("name_or_badge", "Give name and pin, or a badge alone")),
    };
    let name = staff.name.clone();
    match agent.store.write(move |tx| duty::sign_on(tx, &staff, badge)).await {
        Ok(true) => Ok(Json(OnDuty { name })),
        Ok(false) => Err(refused(SignIn::Wrong)),
        Err(fault) => Err(problem(&fault)),
    }
}

/// Takes whoever is on duty off it.
#[utoipa::path(delete, path = "/v1/duty", tag = "staff", responses(
    (status = 204, description = "Nobody is on duty"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn sign_off(State(agent): State<Arc<Agent>>) -> Result<StatusCode, Problem> {
    let done = agent.store.write(duty::sign_off).await;
    done.map(|()| StatusCode::NO_CONTENT).map_err(|fault| problem(&fault))
}

/// Somebody who may decide signs in: by name or badge, and always with the PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// Their sign-in name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Instead of the name: the text of their badge.
    badge: Option<String>,
    /// Their PIN.
    #[schema(min_length = 1, max_length = 64)]
    pin: String,
}

/// Signs a supervisor in for two minutes.
#[utoipa::path(post, path = "/v1/sessions", tag = "staff", request_body = SignInRequest, responses(
    (status = 200, body = Session),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn sign_in(
    State(agent): State<Arc<Agent>>,
    Body(request): Body<SignInRequest>,
) -> Result<Json<Session>, Problem> {
    let who = who(request.name, request.badge)?;
    let staff = sessions::by_pin(&agent.store, &agent.enrolment, who, request.pin).await.map_err(refused)?;
    let (name, may_override) = (staff.name.clone(), staff.may_override);
    let session = agent.sessions.open(staff).map_err(refused)?;
    Ok(Json(Session { session, expires_in: SESSION.as_secs(), name, may_override }))
}

fn who(name: Option<String>, badge: Option<String>) -> Result<Who, Problem> {
    match (input::name("name", name)?, badge) {
        (Some(name), None) => Ok(Who::Name(name)),
        (None, Some(badge)) => Ok(Who::Badge(badge)),
        (None, None) | (Some(_), Some(_)) => Err(bad("name_or_badge", "Give either name or badge")),
    }
}

fn refused(why: SignIn) -> Problem {
    let refused = |code, what: String| Problem::new(StatusCode::FORBIDDEN, code, what);
    match why {
        SignIn::Wrong => refused("wrong_pin", "The name or the PIN is wrong".into()),
        SignIn::NoRight => refused("no_right", "This person may not decide against the rule".into()),
        SignIn::Badge(reason) => {
            let action = match reason {
                NotABadge::Ticket => "Scan it as a ticket",
                NotABadge::Unreadable => "Scan again, or sign in with name and PIN",
                NotABadge::Forged | NotABadge::Replaced => "Ask the office for a new badge",
                NotABadge::Gone => "Ask the office, or connect to update",
            };
            refused(reason.code(), reason.to_string()).action(action)
        }
        SignIn::Wait(seconds) => {
            let what = "Too many wrong PINs for that name";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", what).retry_after(seconds)
        }
        SignIn::Failed(fault) => problem(&fault),
    }
}
