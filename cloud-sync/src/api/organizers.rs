//! Organizers: made by administrators, each with a first token.

use super::{Answer, Made, Shared, made};
use crate::app::App;
use crate::auth::tokens::{fresh, fresh_id, hash, id};
use crate::fault::Fault;
use crate::json::{Body, Instant, Line, Page, Paging, Query, text};
use crate::store::Tx;
use crate::store::tokens::{self, OrganizerRecord, TokenRecord};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// An organizer to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganizer {
    /// Its name.
    #[schema(value_type = Line)]
    name: String,
}

/// An organizer that was made, with its first token, told this once.
#[derive(Serialize, ToSchema)]
pub struct MadeOrganizer {
    /// `org_…`.
    id: String,
    /// Its name.
    name: String,
    /// Its token; only its hash is kept.
    token: String,
}

/// An organizer.
#[derive(Serialize, ToSchema)]
pub struct Organizer {
    /// `org_…`.
    id: String,
    /// Its name.
    name: String,
    /// When it was made.
    created_at: Instant,
}

/// Makes an organizer and its first token.
#[utoipa::path(post, path = "/v1/organizers", tag = "organizers", request_body = NewOrganizer,
    responses((status = 201, body = MadeOrganizer), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Body(new): Body<NewOrganizer>) -> Made<MadeOrganizer> {
    made(app.write(|tx, app| Box::pin(insert(tx, app, new))).await?)
}

async fn insert(tx: &mut Tx, app: &App, new: NewOrganizer) -> Result<MadeOrganizer, Fault> {
    let name = text("name", &new.name)?;
    let record = OrganizerRecord { id: id("org"), name: name.clone(), created_at: app.now() };
    tokens::add_organizer(tx, &record).await?;
    let token = fresh();
    let first = TokenRecord {
        hash: hash(&token),
        id: fresh_id(),
        role: "organizer".into(),
        organizer: Some(record.id.clone()),
        name: "first token".into(),
        created_at: app.now(),
    };
    tokens::add(tx, &first).await?;
    Ok(MadeOrganizer { id: record.id, name, token })
}

/// Lists organizers.
#[utoipa::path(get, path = "/v1/organizers", tag = "organizers", params(Paging),
    responses((status = 200, body = Page<Organizer>), (status = "default", body = Problem)))]
pub async fn list(State(app): Shared, Query(paging): Query<Paging>) -> Answer<Page<Organizer>> {
    let (after, limit) = (paging.after.clone().unwrap_or_default(), paging.limit());
    let found =
        app.read(move |tx, _| Box::pin(async move { Ok(tokens::organizers(tx, &after, limit).await?) })).await?;
    let items = found.into_iter().map(|o| Organizer { id: o.id, name: o.name, created_at: Instant(o.created_at) });
    Ok(Json(Page::new(items.collect(), limit, |organizer| organizer.id.clone())))
}
