//! Who may do what: one table, one place that decides.
//!
//! [`guard`] stands before every REST handler: it finds the caller behind the
//! token, looks the route up in [`TABLE`] and lets nobody through who is not named
//! there. A route that is not in the table is closed. Whose things a caller may
//! see is decided by [`crate::scope`].

pub mod callers;
pub mod limit;
pub mod page;
pub mod tokens;

use crate::app::App;
use crate::fault::Fault;
use crate::store;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// What a token may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TokenRole)] // a device has a role too, of another kind
pub enum Role {
    /// Runs the installation.
    Admin,
    /// Runs its own events.
    Organizer,
    /// Works at one organizer's events.
    Employee,
    /// Buys tickets of one organizer.
    Customer,
}

impl Role {
    const ALL: [Self; 4] = [Self::Admin, Self::Organizer, Self::Employee, Self::Customer];

    /// Its name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Organizer => "organizer",
            Self::Employee => "employee",
            Self::Customer => "customer",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Admin => ADMIN,
            Self::Organizer => 2,
            Self::Employee => 4,
            Self::Customer => 8,
        }
    }
}

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's id, for audit rows.
    pub token: String,
    /// What people call it; in the entries it asks for.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// For whom it works; nobody in particular for an administrator.
    pub organizer: Option<String>,
}

const ADMIN: u8 = 1;
/// Those who run events.
const OFFICE: u8 = ADMIN | 2;
/// Those who work at events.
const STAFF: u8 = OFFICE | 4;
/// Everybody with a token.
const ALL: u8 = STAFF | 8;

/// Who may use which route.
#[rustfmt::skip]
pub const TABLE: &[(&str, &str, u8)] = &[
    ("GET",    "/v1/organizers", ADMIN),             ("POST",  "/v1/organizers", ADMIN),
    ("POST",   "/v1/tokens", OFFICE),
    ("GET",    "/v1/events", ALL),                   ("POST",  "/v1/events", OFFICE),
    ("GET",    "/v1/events/{id}", ALL),              ("PATCH", "/v1/events/{id}", OFFICE),
    ("GET",    "/v1/events/{id}/policies", STAFF),   ("PUT",   "/v1/events/{id}/policies/{role}", OFFICE),
    ("GET",    "/v1/products", ALL),                 ("POST",  "/v1/products", OFFICE),
    ("GET",    "/v1/products/{id}", ALL),            ("PATCH", "/v1/products/{id}", OFFICE),
    ("GET",    "/v1/zones", STAFF),                  ("POST",  "/v1/zones", OFFICE),
    ("PATCH",  "/v1/zones/{id}", OFFICE),
    ("GET",    "/v1/lists", STAFF),                  ("POST",  "/v1/lists", OFFICE),
    ("GET",    "/v1/lists/{id}", STAFF),             ("PATCH", "/v1/lists/{id}", OFFICE),
    ("POST",   "/v1/lists/{id}/test", STAFF),
    ("GET",    "/v1/orders", ALL),                   ("POST",  "/v1/orders", ALL),
    ("GET",    "/v1/orders/{id}", ALL),              ("POST",  "/v1/orders/{id}/pay", ALL),
    ("POST",   "/v1/orders/{id}/cancel", ALL),       ("POST",  "/v1/orders/{id}/expire", STAFF),
    ("POST",   "/v1/orders/{id}/approve", OFFICE),   ("POST",  "/v1/orders/{id}/refund", OFFICE),
    ("GET",    "/v1/tickets", ALL),                  ("GET",   "/v1/tickets/{id}", ALL),
    ("GET",    "/v1/tickets/{id}/qr.png", ALL),      ("GET",   "/v1/tickets/{id}/qr.svg", ALL),
    ("PATCH",  "/v1/tickets/{id}", STAFF),           ("POST",  "/v1/tickets/{id}/reissue", STAFF),
    ("POST",   "/v1/tickets/{id}/block", STAFF),     ("POST",  "/v1/tickets/{id}/unblock", STAFF),
    ("POST",   "/v1/tickets/{id}/cancel", STAFF),    ("POST",  "/v1/grants", STAFF),
    ("GET",    "/v1/devices", STAFF),                ("POST",  "/v1/devices", OFFICE),
    ("POST",   "/v1/devices/{id}/code", OFFICE),     ("POST",  "/v1/devices/{id}/revoke", OFFICE),
    ("POST",   "/v1/devices/{id}/retire", OFFICE),   ("POST",  "/v1/allotments", OFFICE),
    ("GET",    "/v1/keys", STAFF),                   ("POST",  "/v1/keys", OFFICE),
    ("POST",   "/v1/keys/{id}/retire", OFFICE),
    ("GET",    "/v1/staff", OFFICE),                 ("POST",  "/v1/staff", OFFICE),
    ("DELETE", "/v1/staff/{event}/{name}", OFFICE),  ("POST",  "/v1/staff/{event}/{name}/badge", OFFICE),
    ("GET",    "/v1/staff/{event}/{name}/badge.png", OFFICE),
    ("GET",    "/v1/staff/{event}/{name}/badge.svg", OFFICE),
    ("POST",   "/v1/events/{id}/scans", STAFF),      ("POST",  "/v1/events/{id}/servings", STAFF),
    ("POST",   "/v1/events/{id}/undo", STAFF),       ("GET",   "/v1/events/{id}/attendance", STAFF),
    ("GET",    "/v1/events/{id}/conflicts", STAFF),  ("GET",   "/v1/events/{id}/journals", STAFF),
    ("GET",    "/v1/events/{id}/entries", STAFF),
];

/// Whether a role may use a route.
pub fn may(role: Role, method: &str, path: &str) -> bool {
    TABLE.iter().any(|(m, p, roles)| *m == method && *p == path && roles & role.bit() != 0)
}

/// Lets a request through to its handler, with its [`Caller`], or answers why not.
pub async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Result<Response, Fault> {
    let token = bearer(request.headers());
    let caller = match caller(&app, token).await? {
        Some(caller) => caller,
        None => return Err(unknown(&app, &request)),
    };
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    if !may(caller.role, request.method().as_str(), path) {
        let what = format!("A token of the role {} may not do this", caller.role.as_str());
        return Err(Fault::forbidden("not_allowed", what));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The hash of the token that was sent, if it could be one.
fn bearer(headers: &HeaderMap) -> Option<[u8; 32]> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    tokens::looks_like_one(given).then(|| tokens::hash(given))
}

async fn caller(app: &App, hash: Option<[u8; 32]>) -> Result<Option<Caller>, Fault> {
    let Some(hash) = hash else { return Ok(None) };
    if let Some(known) = app.callers.known(&hash, app.now()) {
        return Ok(Some(known));
    }
    let found = app.store.read(move |tx| Box::pin(async move { store::tokens::by_hash(tx, hash).await }));
    let found = found.await?.filter(|record| bool::from(record.hash.ct_eq(&hash)));
    let Some(record) = found else { return Ok(None) };
    let role = Role::ALL.into_iter().find(|role| role.as_str() == record.role);
    let caller =
        role.map(|role| Caller { token: record.id, name: record.name, role, organizer: record.organizer });
    caller.iter().for_each(|caller| app.callers.note(hash, caller, app.now()));
    Ok(caller)
}

fn unknown(app: &App, request: &Request) -> Fault {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    match app.limiter.spend(address, app.now()) {
        Ok(()) => Fault::new(StatusCode::UNAUTHORIZED, "unauthorized", "There is no such token")
            .action("Send Authorization: Bearer tg_…"),
        Err(seconds) => Fault::too_often("too_many_attempts", "Too many failed sign-ins from here", seconds),
    }
}
