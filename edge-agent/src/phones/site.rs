//! What phones reach: every address in one screen, and what is asked of every request.
//!
//! Keeps true: nothing of another origin is loaded, framed or obeyed. Pages are files of this program, without inline
//! scripts or styles; a request that changes something has to come from the page itself, in a kind that no form of
//! another page can send; whatever is answered is kept by nobody. Errors are problem+json, as everywhere.

use super::acts;
use crate::agent::Agent;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tidegate_link::problem::Problem;
use tower_http::catch_panic::CatchPanicLayer;

/// The largest request but pictures: a code, an entry's name.
const MAX_BODY_BYTES: usize = 4 << 10;
/// How long a request may take with its body: a photograph of 8 MB over bad Wi-Fi.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most that is read of a body that nobody wants: a frame, and one that was a little too large.
const MAX_DROPPED: usize = 1 << 20;
/// How long that may take.
const DROPPED_WITHIN: Duration = Duration::from_secs(5);

/// What browsers are told of every answer.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), screen-wake-lock=(self), microphone=(), geolocation=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The files of the page.
const FILES: [(&str, &str, &str); 6] = [
    ("/page.js", JS, include_str!("page/page.js")),
    ("/faces.js", JS, include_str!("page/faces.js")),
    ("/gate.js", JS, include_str!("page/gate.js")),
    ("/camera.js", JS, include_str!("page/camera.js")),
    ("/page.css", CSS, include_str!("page/page.css")),
    ("/icon.svg", SVG, include_str!("page/icon.svg")),
];

/// Every address.
pub fn router(agent: Arc<Agent>) -> Router {
    let mut router = Router::new()
        .route("/", get(|| async { Html(include_str!("page/index.html")) }))
        .route("/trust", get(trust))
        .route("/phone/pair", post(acts::pair))
        .route("/phone/state", get(acts::state))
        .route("/phone/frame", post(acts::frame))
        .route("/phone/frame/{frame}", get(acts::recall))
        .route("/phone/photo", post(acts::photo))
        .route("/phone/undo", post(acts::undo))
        .route("/phone/find", get(acts::find));
    for (path, kind, content) in FILES {
        router = router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], content) }));
    }
    router
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "not_found", "No such address") })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal("a handler panicked").into_response()
        }))
        .layer(from_fn(guard))
        .with_state(agent)
}

/// How the certificate is trusted, with its fingerprint.
async fn trust(State(agent): State<Arc<Agent>>) -> Html<String> {
    let fingerprint = agent.phones.fingerprint().unwrap_or_default();
    // A fingerprint is hexadecimal: nothing in it is markup.
    Html(include_str!("page/trust.html").replace("{fingerprint}", &fingerprint))
}

/// What is asked and told of every request.
async fn guard(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && !is_of_the_page(request.headers()) {
        drop_body(request.into_body()).await;
        Problem::new(StatusCode::FORBIDDEN, "cross_site", "This request does not come from the gate's own page")
            .action("Open the page of the gate itself")
            .into_response()
    } else {
        let answered = tokio::time::timeout(PATIENCE, next.run(request)).await;
        answered.unwrap_or_else(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The request took too long").into_response()
        })
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A body, where it came whole and has no more bytes than these. What is beyond is read and dropped, so that whoever is
/// still sending hears the answer; beyond [`MAX_DROPPED`] they hear a connection that ends.
pub async fn whole(body: Body, most: usize) -> Option<Bytes> {
    let (mut pieces, mut taken, mut dropped) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.ok()?;
        if dropped == 0 && taken.len() + piece.len() <= most {
            taken.extend_from_slice(&piece);
        } else {
            dropped += piece.len();
            if dropped > MAX_DROPPED {
                return None;
            }
        }
    }
    (dropped == 0).then(|| taken.into())
}

/// Reads a body that nobody wants, so that its sender hears why.
pub async fn drop_body(body: Body) {
    let unwanted = tokio::time::timeout(DROPPED_WITHIN, whole(body, 0)).await;
    drop(unwanted);
}

/// Whether a request was made by the page of this very address.
fn is_of_the_page(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.strip_prefix("https://") == Some(host),
        (None, _) => text(HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_itself_changes_something() {
        let check = |given: &[(&'static str, &'static str)], expect| {
            let headers = given
                .iter()
                .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(is_of_the_page(&headers.collect()), expect, "{given:?}");
        };
        let host = ("host", "10.0.0.5:7422");
        check(&[host, ("origin", "https://10.0.0.5:7422")], true);
        check(&[host, ("origin", "http://10.0.0.5:7422")], false);
        check(&[host, ("origin", "https://10.0.0.5")], false);
        check(&[host, ("origin", "https://evil.example")], false);
        check(&[host, ("origin", "null"), ("sec-fetch-site", "same-origin")], false);
        check(&[host, ("sec-fetch-site", "same-origin")], true);
        check(&[host, ("sec-fetch-site", "same-site")], false);
        check(&[host], false);
        check(&[("origin", "https://10.0.0.5:7422")], false);
    }

    #[test]
    fn the_pages_have_no_inline_script_or_style_and_load_nothing_from_elsewhere() {
        for page in [include_str!("page/index.html"), include_str!("page/trust.html")] {
            for word in ["<style", " style=", " onclick", " onload", "javascript:", "http://", "https://"] {
                assert!(!page.contains(word), "{word}");
            }
            let scripts = page.matches("<script").count();
            assert_eq!(scripts, page.matches("<script type=\"module\" src=\"/page.js\"></script>").count());
        }
        for (path, _, content) in FILES {
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!content.contains(word), "{path}: {word}");
            }
        }
    }
}
