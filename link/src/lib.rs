//! What the two servers share on the wire.
//!
//! - [`tls`]: mutual TLS 1.3 by device certificates; names and addresses are not identity.
//! - [`server`]: an axum router behind that TLS, whose handlers know the peer.
//! - [`client`]: asking another server's exchange, and enrolling.
//! - [`body`]: compressed CBOR with limits.
//! - [`problem`]: errors as problem+json with stable codes.
//! - [`telemetry`]: what is logged, and where to.
//!
//! No law is here: what counts is decided in `tidegate-core`.

pub mod body;
pub mod client;
pub mod enrol;
pub mod fault;
pub mod problem;
pub mod server;
pub mod telemetry;
pub mod tls;
