//! Hand scanners: what they send, by whichever wire, becomes codes of a lane.
//!
//! Keeps true: a code split over several reads is one code; a code of which something was lost is dropped and said,
//! never half read; every code, garbage too, is told once and gets one answer; an endless line takes no memory; a
//! scanner that is unplugged is told within two seconds and opened again when it is back; a silent one is normal.
//! [`assembler`] makes codes of bytes and [`keys`] makes bytes of keys, both without I/O; [`device`] and [`network`]
//! open what there is, [`lane`] runs it on threads of its own, [`list`] says what is plugged in.

pub mod assembler;
pub mod device;
pub mod fault;
pub mod keys;
pub mod lane;
pub mod list;
pub mod network;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use assembler::Piece;

pub use fault::ScannerError;
pub use lane::{Heard, Scanner};

/// Baud where settings name none: RS-232 scanners leave the factory with 9600 more often than with anything else, and one
/// that is a virtual COM port on USB takes any.
const USUAL_BAUD: u32 = 9_600;
/// Bauds that settings may name: what serial ports of computers can do.
const BAUDS: std::ops::RangeInclusive<u32> = 300..=4_000_000;

/// A scanner as settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerSpec {
    /// A keyboard that is taken for itself.
    Keys {
        /// Its event device.
        path: PathBuf,
    },
    /// A serial device.
    Serial {
        /// Its path.
        path: PathBuf,
        /// Its speed.
        baud: u32,
    },
    /// Scanners of the network connect to us.
    Listen {
        /// Where they reach us.
        address: SocketAddr,
    },
    /// We connect to a scanner of the network.
    Connect {
        /// Its name or address, with the port.
        to: String,
    },
}

impl ScannerSpec {
    /// Reads it as settings name it.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "evdev" => device_path(rest).map(|path| Self::Keys { path }),
            "serial" => match rest.rsplit_once('@') {
                Some((path, baud)) => {
                    let baud = baud.parse().ok().filter(|baud| BAUDS.contains(baud))?;
                    device_path(path).map(|path| Self::Serial { path, baud })
                }
                None => device_path(rest).map(|path| Self::Serial { path, baud: USUAL_BAUD }),
            },
            "tcp" => match rest.strip_prefix("connect:") {
                Some(to) => {
                    let (host, port) = to.rsplit_once(':')?;
                    let port = port.parse::<u16>().ok().filter(|port| *port > 0);
                    (port.is_some() && !host.is_empty()).then(|| Self::Connect { to: to.to_owned() })
                }
                None => rest
                    .parse()
                    .ok()
                    .filter(|at: &SocketAddr| at.port() > 0)
                    .map(|address| Self::Listen { address }),
            },
            _ => None,
        }
    }
}

/// Devices are named by whole paths: a service has no folder that one could be relative to.
fn device_path(text: &str) -> Option<PathBuf> {
    text.starts_with('/').then(|| PathBuf::from(text))
}

/// An open scanner.
pub trait Feed {
    /// Waits at most so long, and adds what came; nothing is added where nothing came.
    fn next(&mut self, wait: Duration, into: &mut Vec<Piece>) -> Result<(), ScannerError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_settings_name_them() {
        let check =
            |text: &str, expect: Option<ScannerSpec>| assert_eq!(ScannerSpec::parse(text), expect, "{text}");
        let serial = |baud| Some(ScannerSpec::Serial { path: "/dev/ttyACM0".into(), baud });
        let connect = |to: &str| Some(ScannerSpec::Connect { to: to.into() });
        check(
            "evdev:/dev/input/by-id/usb-Scanner-event-kbd",
            Some(ScannerSpec::Keys { path: "/dev/input/by-id/usb-Scanner-event-kbd".into() }),
        );
        check("serial:/dev/ttyACM0", serial(9_600));
        check("serial:/dev/ttyACM0@115200", serial(115_200));
        check(
            "tcp:0.0.0.0:55256",
            Some(ScannerSpec::Listen { address: SocketAddr::from(([0, 0, 0, 0], 55_256)) }),
        );
        check("tcp:[::1]:55256", "[::1]:55256".parse().ok().map(|address| ScannerSpec::Listen { address }));
        check("tcp:connect:scanner.local:4001", connect("scanner.local:4001"));
        check("tcp:connect:10.0.0.7:4001", connect("10.0.0.7:4001"));
        for wrong in [
            "",
            "evdev:",
            "evdev:event3",
            "evdev:auto",
            "serial:",
            "serial:ttyACM0",
            "serial:/dev/ttyACM0@",
            "serial:/dev/ttyACM0@fast",
            "serial:/dev/ttyACM0@1",
            "serial:/dev/ttyACM0@99999999999",
            "tcp:55256",
            "tcp:localhost:55256",
            "tcp:0.0.0.0:0",
            "tcp:connect:host",
            "tcp:connect::4001",
            "tcp:connect:host:0",
            "usb:/dev/ttyACM0",
        ] {
            check(wrong, None);
        }
    }
}
