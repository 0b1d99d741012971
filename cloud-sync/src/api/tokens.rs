//! Tokens for the people and programs of an organizer.

use super::{By, Made, Shared, made};
use crate::app::App;
use crate::auth::tokens::{fresh, fresh_id, hash};
use crate::auth::{Caller, Role};
use crate::fault::Fault;
use crate::json::{Body, Line, text};
use crate::store::Tx;
use crate::store::tokens::{self, TokenRecord};
use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for: `organizer`, `employee` or `customer`.
    role: Role,
    /// What people call it.
    #[schema(value_type = Line)]
    name: String,
    /// For which organizer; only an administrator says so, others make tokens for their own.
    organizer: Option<String>,
}

/// A token that was made, told this once.
#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    /// `tok_…`, as audit rows name it.
    id: String,
    /// The token; only its hash is kept.
    token: String,
}

/// Makes a token.
#[utoipa::path(post, path = "/v1/tokens", tag = "organizers", request_body = NewToken,
    responses((status = 201, body = MadeToken), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewToken>) -> Made<MadeToken> {
    made(app.write(move |tx, app| Box::pin(insert(tx, app, caller, new))).await?)
}

async fn insert(tx: &mut Tx, app: &App, caller: Caller, new: NewToken) -> Result<MadeToken, Fault> {
    if new.role == Role::Admin {
        return Err(Fault::invalid("The administrator's token is made on the first start alone"));
    }
    let organizer = for_whom(tx, &caller, new.organizer.clone()).await?;
    let token = fresh();
    let record = TokenRecord {
        hash: hash(&token),
        id: fresh_id(),
        role: new.role.as_str().into(),
        organizer: Some(organizer),
        name: text("name", &new.name)?,
        created_at: app.now(),
    };
    tokens::add(tx, &record).await?;
    Ok(MadeToken { id: record.id, token })
}

/// The organizer that something is made for: the caller's own, or the one an administrator names.
pub async fn for_whom(tx: &mut Tx, caller: &Caller, named: Option<String>) -> Result<String, Fault> {
    let organizer = named.or_else(|| caller.organizer.clone());
    let organizer = organizer.ok_or_else(|| Fault::invalid("An administrator says for which organizer"))?;
    match caller.sees(&organizer) && tokens::organizer_exists(tx, &organizer).await? {
        true => Ok(organizer),
        false => Err(Fault::missing("organizer")),
    }
}
