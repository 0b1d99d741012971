//! The program as tests run it: no setting of the caller's own installation reaches it, so that no
//! test ever opens the database that somebody works with.

use std::process::Command;

/// The program, knowing nothing but what it is told from here on.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-sync"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TIDEGATE_")) {
        command.env_remove(name);
    }
    command
}
