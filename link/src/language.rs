//! What a request asks to be spoken to in, by `Accept-Language`.

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use std::convert::Infallible;
use tidegate_core::language::Language;

/// The language of ours that the request likes best, where it names one; never a reason to refuse.
#[derive(Clone, Copy, Debug, utoipa::IntoParams)]
#[into_params(names("Accept-Language"), parameter_in = Header)]
pub struct Preferred(
    /// What sentences are said in: en, es, pt, de or fr.
    #[param(value_type = Option<String>)]
    pub Option<Language>,
);

impl<S: Send + Sync> FromRequestParts<S> for Preferred {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(header.and_then(Language::accepted)))
    }
}
