//! Ticket keys of an event: rotated without touching tickets, retired with their codes.

use super::{Answer, By, Made, Shared, made};
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::json::{Body, EventPaging, Instant, Page, Path, Query};
use crate::store::keys::{self, TicketKeyRecord};
use crate::store::{Lock, Tx};
use crate::{feed, keys as vaulted, scope};
use axum::extract::State;
use axum::{Extension, Json};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tidegate_core::ticket::KeyNumber;
use tidegate_link::problem::Problem;
use utoipa::ToSchema;

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Of which event.
    event: String,
}

/// A ticket key's public part.
#[derive(Serialize, ToSchema)]
pub struct KeyView {
    /// `key_` and its number in codes, six hex digits.
    id: String,
    event: String,
    /// The Ed25519 public key, hex.
    public: String,
    /// Whether new codes are signed by it.
    signing: bool,
    created_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<Instant>,
}

fn view(key: &TicketKeyRecord) -> KeyView {
    KeyView {
        id: format!("key_{}", key.number),
        event: key.event.to_string(),
        public: HEXLOWER.encode(&key.public.0),
        signing: key.signing && key.retired_at.is_none(),
        created_at: Instant(key.created_at),
        retired_at: key.retired_at.map(Instant),
    }
}

/// Makes a key that signs from now on; codes of the others stay good.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = KeyView), (status = "default", body = Problem)))]
pub async fn create(State(app): Shared, Extension(caller): By, Body(new): Body<NewKey>) -> Made<KeyView> {
    made(app.write(move |tx, app| Box::pin(rotate(tx, app, caller, new))).await?)
}

async fn rotate(tx: &mut Tx, app: &App, caller: Caller, new: NewKey) -> Result<KeyView, Fault> {
    let event = scope::event_to_change(tx, &caller, &new.event).await?;
    let key = vaulted::add_ticket_key(tx, &app.vault, event.id, app.now()).await?;
    feed::tell_key(tx, &event, &key).await?;
    Ok(view(&key))
}

/// Lists the public parts of an event's ticket keys.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(EventPaging),
    responses((status = 200, body = Page<KeyView>), (status = "default", body = Problem)))]
pub async fn list(
    State(app): Shared,
    Extension(caller): By,
    Query(query): Query<EventPaging>,
) -> Answer<Page<KeyView>> {
    let limit = query.paging().limit();
    let found = app.read(move |tx, _| {
        Box::pin(async move {
            let event = scope::event(tx, &caller, &query.event).await?;
            let all = keys::of_event(tx, event.id).await?;
            let later = all.iter().map(view).skip_while(|key| query.after.as_ref().is_some_and(|a| *a != key.id));
            let skip = usize::from(query.after.is_some());
            Ok(later.skip(skip).take(limit as usize).collect::<Vec<_>>())
        })
    });
    Ok(Json(Page::new(found.await?, limit, |key| key.id.clone())))
}

/// Takes a key out of use: the codes it signed are unknown from now on.
#[utoipa::path(post, path = "/v1/keys/{id}/retire", tag = "keys",
    responses((status = 200, body = KeyView), (status = "default", body = Problem)))]
pub async fn retire(State(app): Shared, Extension(caller): By, Path(id): Path<String>) -> Answer<KeyView> {
    app.write(move |tx, app| Box::pin(take_out(tx, app, caller, id))).await.map(Json)
}

async fn take_out(tx: &mut Tx, app: &App, caller: Caller, id: String) -> Result<KeyView, Fault> {
    let missing = || Fault::missing("key");
    let number = id.strip_prefix("key_").and_then(|hex| u32::from_str_radix(hex, 16).ok()).ok_or_else(missing)?;
    let key = keys::ticket_key(tx, KeyNumber(number)).await?.ok_or_else(missing)?;
    let event = scope::event_by_id(tx, &caller, key.event).await.map_err(|fault| fault.about("key"))?;
    tx.lock(Lock::Office(&event.organizer)).await?;
    let key = keys::ticket_key(tx, key.number).await?.ok_or_else(missing)?;
    if key.signing {
        return Err(Fault::conflict("key_signs", "This key signs the event's tickets")
            .action("Make another key first, then retire this one"));
    }
    let retired_at = Some(key.retired_at.unwrap_or(app.now()));
    let key = TicketKeyRecord { retired_at, ..key };
    keys::retire(tx, key.number, app.now()).await?;
    feed::tell_key(tx, &event, &key).await?;
    Ok(view(&key))
}
