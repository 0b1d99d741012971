//! Every URL, in one screen: the REST side, and the device link.
//!
//! REST routes register themselves in the OpenAPI document; whoever is not let in by
//! [`crate::auth`] does not reach a handler. The device link is another address, for
//! devices alone, and not in the document of this one. Sizes, panics and unknown
//! addresses are answered here, as problem+json like everything else.

use crate::api::{
    allotments, desk, devices, enrol, entries, events, exchange, grants, health, keys, lists, orders, organizers,
    products, reports, staff, tickets, tokens, zones,
};
use crate::app::App;
use crate::auth;
use crate::fault::Fault;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, State};
use axum::http::{Request, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tidegate_core::sync::MAX_MESSAGE_BYTES;
use tidegate_link::{docs, document};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A report over a festival's entries takes a second; half a minute means that something hangs.
const TIMEOUT: Duration = Duration::from_secs(30);

type Routes = OpenApiRouter<Arc<App>>;

/// What needs a token.
fn guarded() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(organizers::create, organizers::list))
        .routes(routes!(tokens::create))
        .routes(routes!(events::create, events::list))
        .routes(routes!(events::get, events::patch))
        .routes(routes!(events::policies::get))
        .routes(routes!(events::policies::put))
        .routes(routes!(products::create, products::list))
        .routes(routes!(products::get, products::patch))
        .routes(routes!(zones::create, zones::list))
        .routes(routes!(zones::patch))
        .routes(routes!(lists::create, lists::list))
        .routes(routes!(lists::get, lists::patch))
        .routes(routes!(lists::test::test))
        .routes(routes!(orders::create::create, orders::read::list))
        .routes(routes!(orders::read::get))
        .routes(routes!(orders::moves::pay))
        .routes(routes!(orders::moves::cancel))
        .routes(routes!(orders::moves::expire))
        .routes(routes!(orders::moves::approve))
        .routes(routes!(orders::refund::refund))
        .routes(routes!(tickets::read::list))
        .routes(routes!(tickets::read::get, tickets::change::patch))
        .routes(routes!(tickets::picture::png))
        .routes(routes!(tickets::picture::svg))
        .routes(routes!(tickets::change::reissue))
        .routes(routes!(tickets::change::block))
        .routes(routes!(tickets::change::unblock))
        .routes(routes!(tickets::change::cancel))
        .routes(routes!(devices::create, devices::list))
        .routes(routes!(devices::code))
        .routes(routes!(devices::retire::retire))
        .routes(routes!(devices::revoke))
        .routes(routes!(grants::create))
        .routes(routes!(allotments::create))
        .routes(routes!(keys::create, keys::list))
        .routes(routes!(keys::retire))
        .routes(routes!(staff::create, staff::list))
        .routes(routes!(staff::remove))
        .routes(routes!(staff::badge::issue))
        .routes(routes!(staff::badge::png))
        .routes(routes!(staff::badge::svg))
        .routes(routes!(desk::scan::scan))
        .routes(routes!(desk::serving::serving))
        .routes(routes!(desk::undo::undo))
        .routes(routes!(reports::attendance_report))
        .routes(routes!(reports::conflicts))
        .routes(routes!(reports::journals))
        .routes(routes!(entries::list))
}

/// What needs none.
fn open() -> Routes {
    OpenApiRouter::new().routes(routes!(health::healthz)).routes(routes!(health::readyz))
}

/// What devices use, behind mutual TLS.
fn linked() -> Router<Arc<App>> {
    Router::new().route("/v1/enrol", post(enrol::enrol)).route("/v1/exchange", post(exchange::exchange))
}

/// The REST side.
pub fn rest(app: Arc<App>) -> Router {
    let guard = middleware::from_fn_with_state(app.clone(), auth::guard);
    let (guarded, _) = guarded().split_for_parts();
    let (open, _) = open().split_for_parts();
    let described = Arc::new(described());
    let api = guarded
        .layer(guard)
        .merge(open)
        .merge(docs::pages())
        .route("/openapi.json", get(move || async move { Json((*described).clone()) }));
    outer(api.with_state(app), crate::json::MAX_BODY_BYTES, TIMEOUT)
}

/// The device link.
pub fn link(app: Arc<App>) -> Router {
    outer(linked().with_state(app), MAX_MESSAGE_BYTES, TIMEOUT)
}

fn outer(router: Router, body_bytes: usize, within: Duration) -> Router {
    router
        .fallback(|| async { Fault::missing("address") })
        .method_not_allowed_fallback(|| async {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The address takes other methods")
        })
        .layer(DefaultBodyLimit::max(body_bytes))
        .layer(middleware::from_fn_with_state(within, in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(span))
}

/// Names the route, not the address: addresses hold the names of people and tickets.
fn span(request: &Request<Body>) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    tracing::debug_span!("request", http.method = %request.method(), http.route = route)
}

/// Answers in time, whatever hangs; what was begun to be saved goes on.
async fn in_time(State(limit): State<Duration>, request: Request<Body>, next: Next) -> Response {
    let method = request.method().clone();
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Fault::overdue(&method).into_response(),
    }
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Fault::internal("a handler panicked").into_response()
}

/// The OpenAPI document of the REST side, as it is served.
pub fn described() -> serde_json::Value {
    document::complete(&document())
}

/// What its handlers say of themselves.
pub fn document() -> OpenApi {
    let info = InfoBuilder::new().title("Tidegate cloud").version(env!("CARGO_PKG_VERSION"));
    let mut document = OpenApiBuilder::new().info(info.build()).build();
    let (_, mut rest) = guarded().split_for_parts();
    for operation in rest.paths.paths.values_mut().flat_map(operations) {
        operation.security = Some(vec![SecurityRequirement::new::<_, _, &str>(document::TOKEN, [])]);
    }
    document.merge(rest);
    document.merge(open().split_for_parts().1);
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(document::TOKEN, SecurityScheme::Http(scheme));
    document
}

fn operations(
    item: &mut utoipa::openapi::PathItem,
) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;
    use std::future::pending;
    use tower::ServiceExt;

    async fn check(method: Method, code: &str) {
        let hangs = get(pending::<()>).post(pending::<()>).delete(pending::<()>);
        let router = outer(Router::new().route("/", hangs), 0, Duration::from_millis(1));
        let request = Request::builder().method(method.clone()).uri("/").body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(
            (answer.status(), answer.headers()["retry-after"].to_str().unwrap()),
            (StatusCode::SERVICE_UNAVAILABLE, "2")
        );
        let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], code, "{method}: {problem}");
    }

    #[tokio::test]
    async fn what_hangs_is_answered_and_says_whether_anything_may_have_been_saved() {
        check(Method::GET, "timeout").await;
        check(Method::POST, "outcome_unknown").await;
        check(Method::DELETE, "outcome_unknown").await;
    }
}
