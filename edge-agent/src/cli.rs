//! Commands: data to standard output, messages to standard error, and an exit
//! code that follows the verdict.

pub mod bar;
pub mod camera;
pub mod client;
pub mod find;
pub mod join;
pub mod journal;
pub mod lane;
pub mod log;
pub mod mdns;
pub mod pin;
pub mod progress;
pub mod run;
pub mod scan;
pub mod scanner;
pub mod status;
pub mod sync;

use crate::audit::NotGiven;
use crate::config::ConfigFault;
use crate::store::Fault;
use crate::store::identity::IdentityFault;
use client::NotAsked;
use std::process::ExitCode;
use sync::usb::StickFault;
use tidegate_link::client::LinkError;

/// Something failed.
pub const FAILED: u8 = 1;
/// Nothing of that name.
pub const NOT_FOUND: u8 = 6;
/// The other side was not reached.
pub const UNREACHED: u8 = 7;
/// The settings cannot be used.
pub const BAD_CONFIG: u8 = 8;
/// Not allowed.
pub const NOT_PERMITTED: u8 = 9;
/// What a shell says of a program that wrote to nobody: 128 and the signal's number.
const BROKEN_PIPE: i32 = 141;

/// Ends a command whose output nobody takes any more, or for which there is no room: `println!` panics there. What was
/// done is done.
pub fn end_with_the_output() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().filter(|said| said.starts_with("failed printing to stdout"));
        match said {
            Some(said) if said.contains("Broken pipe") => std::process::exit(BROKEN_PIPE),
            Some(said) => {
                eprintln!("✖ {said}");
                eprintln!("  Do: make room where the output goes; what the command did is done (E-DSK-08)");
                std::process::exit(FAILED.into())
            }
            None => usual(panic),
        }
    }));
}

/// Says what failed, why, and what to do; gives the exit code.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("✖ {error:#}");
    let (code, action) = if let Some(fault) = error.downcast_ref::<Fault>() {
        (FAILED, format!("{} ({})", fault.action(), fault.code()))
    } else if error.downcast_ref::<ConfigFault>().is_some() {
        (BAD_CONFIG, "Correct the flag, the variable, or edge.toml in the data folder".into())
    } else if let Some(fault) = error.downcast_ref::<IdentityFault>() {
        match fault {
            IdentityFault::Missing(_) => (NOT_FOUND, "Run: edge-agent join --cloud HOST:PORT CODE".into()),
            IdentityFault::Damaged(_) => (FAILED, "Keep the folder and enrol this device anew".into()),
            IdentityFault::Io(_) => (FAILED, "Make the folder readable and writable for this agent".into()),
        }
    } else if let Some(fault) = error.downcast_ref::<LinkError>() {
        match fault {
            LinkError::Unreachable(_) => (UNREACHED, "Check the line and the address, then try again".into()),
            LinkError::Refused(problem) => {
                let wait = problem.retry_after.map(|seconds| format!("Wait {seconds} s, then try again"));
                let action = problem.action.clone().or(wait);
                let action = action.unwrap_or_else(|| "Correct what it names, then try again".into());
                (refused(problem.status), format!("{action} ({})", problem.code))
            }
            LinkError::Garbled(_) | LinkError::Setup(_) => (FAILED, "Look at the log".into()),
        }
    } else if let Some(fault) = error.downcast_ref::<NotAsked>() {
        match fault {
            NotAsked::NotRunning(_) => (UNREACHED, "Run: edge-agent run, with the same --data folder".into()),
            NotAsked::NotAllowed(_) => {
                (NOT_PERMITTED, "Run this as the agent's user: sudo -u tidegate edge-agent …".into())
            }
            NotAsked::Unreadable(..) => (FAILED, "Look at the disk, or name another folder with --data".into()),
        }
    } else if let Some(fault) = error.downcast_ref::<StickFault>() {
        (fault.exit_code(), fault.action().into())
    } else if let Some(fault) = error.downcast_ref::<NotGiven>() {
        (NOT_FOUND, fault.action().into())
    } else if let Some(fault) = error.downcast_ref::<std::io::Error>().and_then(Fault::of_disk) {
        (FAILED, format!("{} ({})", fault.action(), fault.code()))
    } else if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::AddrInUse) {
        (FAILED, "Stop what uses that address, or set another".into())
    } else {
        return ExitCode::from(FAILED);
    };
    eprintln!("  Do: {action}");
    ExitCode::from(code)
}

/// One thing, one line, whatever another device wrote into it.
pub(crate) fn plain(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// The exit code of what an API refused with this status.
fn refused(status: u16) -> u8 {
    match status {
        404 => NOT_FOUND,
        409 | 422 => FAILED,
        _ => NOT_PERMITTED,
    }
}
