//! The signals that end the screen.
//!
//! Terminate, hang-up and interrupt all mean the same: leave in order, terminal given back.
//! Where there are no such signals, Ctrl-C alone. Nothing is decided here.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for a signal to end.
#[cfg(unix)]
pub struct Stop {
    signals: [Signal; 3],
}

#[cfg(unix)]
impl Stop {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        let signals =
            [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
        Ok(Self { signals })
    }

    /// Returns when a signal came.
    pub async fn wait(&mut self) {
        let [terminate, hangup, interrupt] = &mut self.signals;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub struct Stop;

#[cfg(not(unix))]
impl Stop {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Returns when Ctrl-C came.
    pub async fn wait(&mut self) {
        let _ = tokio::signal::ctrl_c().await; // without it only Ctrl-Q leaves
    }
}
