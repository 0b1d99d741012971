//! Policies: how far devices of a role go on alone, as the office limits it.
//!
//! They stand in the feed, where the devices read them, and nowhere else. A role that
//! nobody limited is not limited.

use crate::api::{Answer, By, Shared};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, Path};
use crate::scope;
use crate::store::Tx;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tidegate_core::exposure::Policy;
use tidegate_core::feed::Change;
use tidegate_core::trust::Role;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// The roles of devices, which the cloud itself is none of.
const ROLES: [Role; 4] = [Role::Gate, Role::Bar, Role::Supervisor, Role::Kiosk];
/// The shortest age of an update that may close a door, seconds: a device is heard every second, and a
/// link that comes and goes is back within a minute.
const MIN_UPDATE_S: u32 = 60;
/// All of a balance, percent.
const ALL_PERCENT: u8 = 100;

/// What devices of a role may do cut off; what is left out is not limited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// The oldest word of the cloud on which anybody is admitted or served, seconds.
    #[schema(minimum = 60)]
    oldest_update_s: Option<u32>,
    /// Admissions that nobody else knows of, at which the screen warns.
    unverified_soft: Option<u32>,
    /// Admissions that nobody else knows of, at which nobody more is admitted; not below the warning.
    unverified_hard: Option<u32>,
    /// The part of a known balance that may be served, percent.
    #[schema(maximum = 100)]
    share_percent: Option<u8>,
    /// Whether stock and places may be used after a start before anybody has confirmed that nothing was lost.
    #[serde(default)]
    before_confirmed: bool,
}

impl NewPolicy {
    fn checked(self, role: Role) -> Result<Policy, Fault> {
        let Self { oldest_update_s, unverified_soft, unverified_hard, share_percent, before_confirmed } = self;
        if oldest_update_s.is_some_and(|seconds| seconds < MIN_UPDATE_S) {
            return Err(Fault::invalid(format!("oldest_update_s is {MIN_UPDATE_S} or more")));
        }
        if share_percent.is_some_and(|percent| percent > ALL_PERCENT) {
            return Err(Fault::invalid(format!("share_percent is 0 to {ALL_PERCENT}")));
        }
        if unverified_soft.zip(unverified_hard).is_some_and(|(soft, hard)| soft > hard) {
            return Err(Fault::invalid("unverified_soft is at most unverified_hard"));
        }
        Ok(Policy { role, oldest_update_s, unverified_soft, unverified_hard, share_percent, before_confirmed })
    }
}

/// What devices of a role may do cut off.
#[derive(Serialize, ToSchema)]
pub struct PolicyView {
    /// `gate`, `bar`, `supervisor` or `kiosk`.
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_update_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unverified_soft: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unverified_hard: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<u8>,
    before_confirmed: bool,
}

impl From<Policy> for PolicyView {
    fn from(policy: Policy) -> Self {
        let Policy { role, oldest_update_s, unverified_soft, unverified_hard, share_percent, before_confirmed } =
            policy;
        Self { role, oldest_update_s, unverified_soft, unverified_hard, share_percent, before_confirmed }
    }
}

/// The policies of an event.
#[derive(Serialize, ToSchema)]
pub struct Policies {
    /// One a role.
    items: Vec<PolicyView>,
}

/// Gives what devices of each role may do cut off.
#[utoipa::path(get, path = "/v1/events/{id}/policies", tag = "devices",
    responses((status = 200, body = Policies), (status = "default", body = Problem)))]
pub async fn get(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<Policies> {
    let found = app.read(move |tx, app| {
        Box::pin(async move {
            let event = scope::event(tx, &caller, &id).await?;
            let catalogue = app.catalogue(tx, event.id).await?;
            Ok(Policies { items: ROLES.map(|role| catalogue.policy(role).into()).into() })
        })
    });
    found.await.map(Json)
}

/// Says what devices of a role may do cut off, instead of what was said before.
#[utoipa::path(put, path = "/v1/events/{id}/policies/{role}", tag = "devices", request_body = NewPolicy,
    params(("id" = String, Path, description = "Of which event, `evt_…`"), ("role" = Role, Path, description = "Of which devices")),
    responses((status = 200, body = PolicyView), (status = "default", body = Problem)))]
pub async fn put(
    State(app): Shared,
    Extension(caller): By,
    Path((id, role)): Path<(String, String)>,
    Body(new): Body<NewPolicy>,
) -> Answer<PolicyView> {
    app.write(move |tx, _: &App| Box::pin(replace(tx, caller, (id, role), new))).await.map(Json)
}

async fn replace(
    tx: &mut Tx,
    caller: Caller,
    (id, role): (String, String),
    new: NewPolicy,
) -> Result<PolicyView, Fault> {
    let event = scope::event_to_change(tx, &caller, &id).await?;
    let role = ROLES.into_iter().find(|known| known.as_str() == role);
    let policy = new.checked(role.ok_or_else(|| Fault::missing("role of devices"))?)?;
    tx.publish(event.id, Change::Policy(policy));
    Ok(policy.into())
}
