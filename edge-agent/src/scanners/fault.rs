//! What can go wrong with hand scanners, each with a stable code.
//!
//! Keeps true: codes never change their meaning; what, why and what to do are words for staff, not for programmers.
//! Faults of one code and faults of the whole scanner are told apart here and nowhere else.

use super::assembler::LONGEST;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A hint, not a fault of a source: scanner and keyboard are set to different layouts, and codes are mapped back.
pub const LAYOUT: &str = "E-SCN-10";

/// A fault of a scanner, or of what came from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerError {
    /// It is not there, or not any more.
    Gone {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// This user may not read it.
    NotAllowed {
        /// Which device.
        path: PathBuf,
        /// The group that may.
        group: &'static str,
    },
    /// Another program holds it.
    Taken {
        /// Which device.
        path: PathBuf,
    },
    /// It is no device of that kind.
    Wrong {
        /// Which device.
        path: PathBuf,
        /// What it is not.
        why: String,
    },
    /// Something without an end came, longer than any code.
    TooLong,
    /// The system lost some of a code.
    Spoilt,
    /// Scanners of the network cannot reach us.
    NotListening {
        /// Where.
        address: String,
        /// What the system said.
        why: String,
    },
    /// The connection to a scanner of the network is not to be had, or broke.
    Cut {
        /// Which scanner.
        peer: String,
        /// What the system said.
        why: String,
    },
    /// A scanner of the network closed its connection, as it may after every code.
    Closed {
        /// Which scanner.
        peer: String,
    },
    /// More scanners of the network are connected than a lane takes.
    Crowded {
        /// Who was let go for the new one.
        peer: String,
    },
}

impl ScannerError {
    /// What the system said of a device when it was opened or read.
    pub fn of_device(path: &Path, group: &'static str, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::PermissionDenied => Self::NotAllowed { path, group },
            ErrorKind::ResourceBusy => Self::Taken { path },
            _ => Self::Gone { path, why: error.to_string() }, // std's enum: no list of them ends
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gone { .. } => "E-SCN-01",
            Self::NotAllowed { .. } => "E-SCN-02",
            Self::Taken { .. } => "E-SCN-03",
            Self::Wrong { .. } => "E-SCN-04",
            Self::TooLong => "E-SCN-05",
            Self::Spoilt => "E-SCN-06",
            Self::NotListening { .. } => "E-SCN-07",
            Self::Cut { .. } | Self::Closed { .. } => "E-SCN-08",
            Self::Crowded { .. } => "E-SCN-09",
        }
    }

    /// What happened.
    pub fn what(&self) -> String {
        match self {
            Self::Gone { path, .. } => format!("No scanner: {} cannot be read", path.display()),
            Self::NotAllowed { path, .. } => format!("No scanner: {} may not be opened", path.display()),
            Self::Taken { path } => format!("No scanner: {} is in use", path.display()),
            Self::Wrong { path, .. } => format!("No scanner: {} is none", path.display()),
            Self::TooLong => "A scanner sends something endless".to_owned(),
            Self::Spoilt => "A code was lost on its way from the scanner".to_owned(),
            Self::NotListening { address, .. } => format!("Scanners cannot connect to {address}"),
            Self::Cut { peer, .. } => format!("No connection to the scanner {peer}"),
            Self::Closed { peer } => format!("The scanner {peer} closed its connection"),
            Self::Crowded { peer } => format!("Too many scanners are connected; {peer} was let go"),
        }
    }

    /// Why, as far as is known.
    pub fn why(&self) -> String {
        match self {
            Self::Gone { why, .. }
            | Self::Wrong { why, .. }
            | Self::NotListening { why, .. }
            | Self::Cut { why, .. } => why.clone(),
            Self::NotAllowed { group, .. } => format!("Devices like it belong to the group {group}"),
            Self::Taken { .. } => "Another program reads it; two would each get half of a code".to_owned(),
            Self::TooLong => format!("{LONGEST} bytes came without an end"),
            Self::Spoilt => "The machine was too busy to take it over in time".to_owned(),
            Self::Closed { .. } => "It was switched off, or closes after each code".to_owned(),
            Self::Crowded { .. } => {
                format!("A lane takes {}; it had been silent longest", super::network::MOST_CONNECTIONS)
            }
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Gone { .. } => "Check the plug and the path: edge-agent scanner list.",
            Self::NotAllowed { group, .. } => {
                return format!("sudo usermod -aG {group} tidegate, then start the agent again.");
            }
            Self::Taken { .. } => "Stop the other program, or name the scanner in one lane only.",
            Self::Wrong { .. } => "Name another device: edge-agent scanner list.",
            Self::TooLong => "Set the scanner to end each code with CR, and check its baud.",
            Self::Spoilt => "Scan the code again.",
            Self::NotListening { .. } => "Set an address of this machine and a free port.",
            Self::Cut { .. } | Self::Closed { .. } => "Check that the scanner is on and in the network.",
            Self::Crowded { .. } => "Give some of them a lane of their own, and keep strangers off that network.",
        };
        remedy.to_owned()
    }
}

impl fmt::Display for ScannerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}. {}", self.what(), self.code(), self.why(), self.remedy())
    }
}

impl std::error::Error for ScannerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_of_a_device_becomes_the_fault_that_staff_can_mend() {
        let check = |kind: ErrorKind, code: &str, remedy: &str| {
            let fault = ScannerError::of_device(Path::new("/dev/ttyACM0"), "dialout", &kind.into());
            assert_eq!(fault.code(), code);
            assert!(fault.to_string().contains("/dev/ttyACM0") && fault.remedy().contains(remedy), "{fault}");
        };
        check(ErrorKind::NotFound, "E-SCN-01", "scanner list");
        check(ErrorKind::BrokenPipe, "E-SCN-01", "plug");
        check(ErrorKind::PermissionDenied, "E-SCN-02", "usermod -aG dialout");
        check(ErrorKind::ResourceBusy, "E-SCN-03", "other program");
    }
}
