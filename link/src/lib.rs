//! What the two servers share on the wire.
//!
//! - [`tls`]: mutual TLS 1.3 by device certificates; names and addresses are not identity.
//! - [`server`]: an axum router behind that TLS, whose handlers know the peer.
//! - [`client`]: asking another server's exchange, and enrolling.
//! - [`body`]: compressed CBOR with limits ([`packed`]).
//! - [`docs`] and [`document`]: the page at `/docs`, and what it reads.
//! - [`language`]: what a request asks to be spoken to in.
//! - [`problem`]: errors as problem+json with stable codes.
//! - [`telemetry`]: what is logged, and where to.
//!
//! No law is here: what counts is decided in `tidegate-core`.

pub mod body;
pub mod client;
pub mod docs;
pub mod document;
pub mod enrol;
pub mod fault;
pub mod language;
pub mod packed;
pub mod problem;
pub mod server;
pub mod telemetry;
pub mod tls;
