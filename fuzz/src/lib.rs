//! What the fuzz targets share: the code of other crates that reads from strangers, and a harness's own keys.
//!
//! The law is used as the crate it is. Of the agent, the link and the screen only the files that
//! read pictures, bodies and streams are read in, from where they stand: the whole crates would bring
//! SQLite, TLS and a runtime into every build of a target.

use std::collections::BTreeSet;
use std::sync::Mutex;

pub mod shape;
pub mod world;

/// The agent's pictures, and its eye where the eye is the target.
#[allow(dead_code, missing_docs)]
#[path = "../../edge-agent/src"]
mod edge {
    #[cfg(feature = "eye")]
    pub mod eye;
    #[cfg(not(feature = "eye"))]
    pub mod eye {
        mod grey;
        pub use grey::Grey;
    }
    pub mod frames {
        mod fault;
        mod files;
        mod frame;
        mod jpeg;
        mod pipe;
        pub use fault::FrameError;
        pub use files::{Files, picture_from_bytes, picture_from_file};
        pub use frame::{Frame, FrameSource, MAX_PIXELS, Tempo};
        pub use pipe::{Pipe, PipeFormat, PipeInput};
    }
}
/// The device link's packed bodies.
#[path = "../../link/src"]
mod link {
    pub mod packed;
}
/// The screen's stream of events.
#[path = "../../scanner-tui/src/link"]
mod screen {
    pub mod sse;
}

pub use edge::{eye, frames};
pub use link::packed;
pub use screen::sse;

/// Takes back libFuzzer's hook that ends the process at any panic: the agent's decoders run where a panic
/// is caught. One that gets out ends the process all the same. What was caught is said once a place.
pub fn allow_caught_panics() {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // Cargo keeps what it fetched in such a folder, wherever its home is.
        let ours = place.contains("targets/") || !place.contains("/registry/src/");
        let new = SAID.lock().is_ok_and(|mut said| said.insert(place.clone()));
        if ours || new {
            eprintln!("PANIC at {place}: {panic}");
        }
        if ours {
            std::process::abort();
        }
    }));
}
