//! The page one browses an API at: `/docs`, from inside the binary.
//!
//! Swagger UI with everything it needs, for venues without a network. It reads
//! `/openapi.json` of the same server and asks nobody else: the policy it is sent
//! with lets a browser load and connect to this origin alone. "Authorize" takes a
//! token, which stays in the page.

use crate::problem::Problem;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use std::sync::Arc;
use utoipa_swagger_ui::{Config, SwaggerFile};

/// What a browser may do with the page. Swagger UI sets styles and draws its icons
/// from `data:`; scripts come from files, and nothing comes from another origin.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The page does not change while the binary does not; a day is soon enough after it did.
const CACHED: &str = "private, max-age=86400";

/// The page and its files; they need no token.
pub fn pages<S: Clone + Send + Sync + 'static>() -> Router<S> {
    // No validator: it would be asked over the internet.
    let config = Config::from("/openapi.json").validator_url("none").doc_expansion("list").filter(true);
    let config = Arc::new(config.default_models_expand_depth(0).display_request_duration(true));
    let index = config.clone();
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(move || async move { file("index.html", index) }))
        .route("/docs/{file}", get(move |Path(name): Path<String>| async move { file(&name, config) }))
}

fn file(name: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => sent(file),
        Ok(None) => Problem::new(StatusCode::NOT_FOUND, "not_found", "No such address").into_response(),
        Err(error) => Problem::internal(&*error).into_response(),
    }
}

fn sent(file: SwaggerFile<'static>) -> Response {
    let about = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, CACHED),
    ];
    let mut response =
        (about, [(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response();
    if file.gzpipped {
        // Kept small in the binary; every browser of the last twenty years unpacks it.
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    async fn ask(path: &str) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = pages::<()>().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, parts.headers, to_bytes(body, 16 << 20).await.unwrap().to_vec())
    }

    /// Addresses of other origins that a page would load.
    fn loads(text: &str) -> Vec<&str> {
        ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url(http", "url(//", "@import"]
            .into_iter()
            .filter(|load| text.contains(load))
            .collect()
    }

    #[tokio::test]
    async fn the_page_and_its_files_come_from_here_under_a_strict_policy() {
        let (status, headers, page) = ask("/docs/").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], POLICY);
        let page = if headers.contains_key(header::CONTENT_ENCODING) { unpacked(&page) } else { page };
        let page = String::from_utf8(page).unwrap();
        assert_eq!(loads(&page), Vec::<&str>::new());
        assert!(!page.contains("<script>"), "a script inside the page is against its policy");
        let names: Vec<&str> = ["href=\"", "src=\""]
            .into_iter()
            .flat_map(|attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
            .collect();
        assert!(names.len() >= 4, "{names:?}");
        for name in names {
            let (status, headers, bytes) = ask(&format!("/docs/{}", name.trim_start_matches("./"))).await;
            assert_eq!(status, StatusCode::OK, "{name}");
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], POLICY);
            assert!(!bytes.is_empty());
        }
        let (_, _, initializer) = ask("/docs/swagger-initializer.js").await;
        let initializer = String::from_utf8(initializer).unwrap();
        assert!(initializer.contains("\"/openapi.json\"") && initializer.contains("\"validatorUrl\": \"none\""));
        assert_eq!(ask("/docs/../secret").await.0, StatusCode::NOT_FOUND);
        assert_eq!(ask("/docs/nothing.js").await.0, StatusCode::NOT_FOUND);
        assert_eq!(ask("/docs").await.0, StatusCode::PERMANENT_REDIRECT);
    }

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut text).unwrap();
        text
    }
}
