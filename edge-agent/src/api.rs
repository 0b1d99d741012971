//! The agent's HTTP API: every address in one screen.
//!
//! It answers on loopback and asks for a token; only health and the API's own
//! description are open. Handlers take in, ask the store once, and answer; what
//! counts is decided in core.

pub mod acts;
pub mod courier;
pub mod input;
pub mod lanes;
pub mod log;
pub mod look;
pub mod orders;
pub mod staff;
pub mod stock;
pub mod stream;

use crate::agent::Agent;
use crate::store::Fault;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tidegate_link::problem::Problem;
use tidegate_link::{docs, document};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A request of this API is a code and a few names.
const MAX_BODY_BYTES: usize = 64 << 10;

#[derive(OpenApi)]
#[openapi(
    components(schemas(tidegate_core::api::StreamMessage)),
    info(
        title = "Tidegate edge agent",
        description = "One device at a door or a bar: scans, servings, stock, undo, search, status, stream, sticks."
    )
)]
struct Description;

/// Every address.
pub fn router(agent: Arc<Agent>) -> Router {
    let (guarded, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(acts::scan))
        .routes(routes!(acts::serve))
        .routes(routes!(acts::undo))
        .routes(routes!(staff::sign_on, staff::sign_off))
        .routes(routes!(staff::sign_in))
        .routes(routes!(look::find))
        .routes(routes!(orders::order))
        .routes(routes!(orders::admit))
        .routes(routes!(log::log))
        .routes(routes!(log::story))
        .routes(routes!(look::status))
        .routes(routes!(lanes::all, lanes::add))
        .routes(routes!(lanes::name, lanes::revoke))
        .routes(routes!(look::conflicts))
        .routes(routes!(look::findings))
        .routes(routes!(look::sync))
        .routes(routes!(stock::restock))
        .routes(routes!(stock::waste))
        .routes(routes!(stock::stocktake))
        .routes(routes!(stock::books))
        .routes(routes!(courier::export))
        .merge(large())
        .routes(routes!(stream::stream))
        .split_for_parts();
    let (open, health) = OpenApiRouter::<Arc<Agent>>::new()
        .routes(routes!(look::healthz))
        .routes(routes!(look::readyz))
        .split_for_parts();
    secure(&mut description);
    description.merge(health);
    let description = Arc::new(document::complete(&description));
    guarded
        .layer(from_fn_with_state(agent.clone(), authorise))
        .merge(open)
        .merge(docs::pages())
        .route("/openapi.json", axum::routing::get(move || async move { Json((*description).clone()) }))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "not_found", "No such address") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal("a handler panicked").into_response()
        }))
        .with_state(agent)
}

/// What takes more than a request of this API otherwise is.
fn large() -> OpenApiRouter<Arc<Agent>> {
    OpenApiRouter::new().routes(routes!(courier::import)).layer(DefaultBodyLimit::max(courier::MAX_BODY_BYTES))
}

fn secure(description: &mut utoipa::openapi::OpenApi) {
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    description.components.get_or_insert_default().add_security_scheme(document::TOKEN, scheme);
    let requirement = || SecurityRequirement::new::<_, _, &str>(document::TOKEN, []);
    for item in description.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten() {
            operation.security = Some(vec![requirement()]);
        }
    }
}

async fn authorise(State(agent): State<Arc<Agent>>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = shown.and_then(|value| value.strip_prefix("Bearer "));
    let right = token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(agent.token.as_bytes())));
    if right { next.run(request).await } else { unauthorised() }
}

fn unauthorised() -> Response {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "This API asks for a token")
        .action("Send Authorization: Bearer with the content of api.token in the data folder")
        .into_response()
}

/// A fault of the store as a problem.
pub fn problem(fault: &Fault) -> Problem {
    let (status, what) = match fault {
        Fault::NotAllowed(_) => (StatusCode::FORBIDDEN, "This device may not do that"),
        Fault::Unknown(_) => (StatusCode::NOT_FOUND, "Not here"),
        Fault::Newer(_)
        | Fault::Locked(_)
        | Fault::Corrupt(_)
        | Fault::Full
        | Fault::ReadOnly
        | Fault::Failed(_)
        | Fault::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "Nothing was recorded"),
    };
    let problem = Problem::new(status, fault.code(), what).why(fault.to_string()).action(fault.action());
    if status == StatusCode::SERVICE_UNAVAILABLE { problem.retry_after(1) } else { problem }
}
