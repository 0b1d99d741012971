//! Logs: one subscriber for every binary, to standard error.
//!
//! `RUST_LOG` chooses what is told (default `info`); JSON lines on request.
//! Nothing logged holds names, e-mails, tokens or whole codes.

use tracing_subscriber::EnvFilter;

/// Starts logging. A second call in one process changes nothing.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that a subscriber is set already, as in tests.
    let _ = if json { logs.json().try_init() } else { logs.with_target(false).try_init() };
}
