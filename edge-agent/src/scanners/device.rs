//! Scanners that are devices of this machine: keyboards that are taken for themselves, and serial ports.
//!
//! Keeps true: what a taken keyboard types reaches no terminal; nothing here waits longer than it was told to, so that a
//! lane that ends lets go of its device at once; what the kernel says of a plug that was pulled is a fault of the
//! scanner, never of the agent.

use super::assembler::Piece;
use super::keys::{Keys, NEEDED};
use super::{Feed, ScannerError};
use evdev::raw_stream::RawDevice;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serialport::{SerialPort, TTYPort};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The group that input devices belong to.
pub const INPUT_GROUP: &str = "input";
/// The group that serial devices belong to.
pub const SERIAL_GROUP: &str = "dialout";
/// Bytes of one read: a code with everything around it.
const READ: usize = 512;

/// A keyboard that is ours alone while this lives.
pub struct Keyboard {
    path: PathBuf,
    device: RawDevice,
    keys: Keys,
}

impl Keyboard {
    /// Opens it and takes it: what it types goes nowhere else.
    pub fn open(path: &Path) -> Result<Self, ScannerError> {
        let failed = |error: &std::io::Error| ScannerError::of_device(path, INPUT_GROUP, error);
        let is_event_device =
            std::fs::metadata(path).map_err(|error| failed(&error)).map(|about| is_device(&about))?;
        let wrong = |why: &str| ScannerError::Wrong { path: path.to_owned(), why: why.to_owned() };
        if !is_event_device {
            return Err(wrong("It is no device"));
        }
        let mut device = RawDevice::open(path).map_err(|error| {
            match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                Some(rustix::io::Errno::NOTTY | rustix::io::Errno::INVAL) => wrong("It is no input device"),
                _ => failed(&error),
            }
        })?;
        let types_codes =
            device.supported_keys().is_some_and(|keys| NEEDED.into_iter().all(|key| keys.contains(key)));
        if !types_codes {
            return Err(wrong("It has no keys for letters, digits and Enter"));
        }
        device.grab().map_err(|error| failed(&error))?;
        Ok(Self { path: path.to_owned(), device, keys: Keys::default() })
    }
}

impl Feed for Keyboard {
    fn next(&mut self, wait: Duration, into: &mut Vec<Piece>) -> Result<(), ScannerError> {
        let ready = {
            let mut waiting = [PollFd::new(&self.device, PollFlags::IN)];
            let failed =
                |error: rustix::io::Errno| ScannerError::of_device(&self.path, INPUT_GROUP, &error.into());
            poll(&mut waiting, Some(&timespec(wait))).map_err(failed)? > 0
        };
        if ready {
            let failed = |error: std::io::Error| ScannerError::of_device(&self.path, INPUT_GROUP, &error);
            for event in self.device.fetch_events().map_err(failed)? {
                self.keys.take(event.event_type().0, event.code(), event.value(), into);
            }
        }
        Ok(())
    }
}

/// A serial port that is ours alone while this lives.
pub struct Serial {
    path: PathBuf,
    port: TTYPort,
}

impl Serial {
    /// Opens it: eight bits, no parity, one stop bit, as scanners have it.
    pub fn open(path: &Path, baud: u32) -> Result<Self, ScannerError> {
        let failed = |error: &std::io::Error| ScannerError::of_device(path, SERIAL_GROUP, error);
        let wrong = |why: String| ScannerError::Wrong { path: path.to_owned(), why };
        if !is_device(&std::fs::metadata(path).map_err(|error| failed(&error))?) {
            return Err(wrong("It is no device".into()));
        }
        let Some(name) = path.to_str() else { return Err(wrong("Its path is no text".into())) };
        let opened = TTYPort::open(&serialport::new(name, baud));
        let port = opened.map_err(|error| match error.kind {
            // What the library calls it when another program has taken the port.
            serialport::ErrorKind::NoDevice => ScannerError::Taken { path: path.to_owned() },
            serialport::ErrorKind::Io(kind) => failed(&std::io::Error::new(kind, error.description)),
            serialport::ErrorKind::InvalidInput | serialport::ErrorKind::Unknown => wrong(error.description),
        })?;
        Ok(Self { path: path.to_owned(), port })
    }
}

impl Feed for Serial {
    fn next(&mut self, wait: Duration, into: &mut Vec<Piece>) -> Result<(), ScannerError> {
        let failed = |error: &std::io::Error| ScannerError::of_device(&self.path, SERIAL_GROUP, error);
        self.port.set_timeout(wait).map_err(|error| failed(&error.into()))?;
        let mut bytes = [0; READ];
        match self.port.read(&mut bytes) {
            Ok(0) => Err(failed(&ErrorKind::UnexpectedEof.into())),
            Ok(read) => {
                into.extend(bytes[..read].iter().map(|byte| Piece::Byte(*byte)));
                Ok(())
            }
            Err(error) if is_nothing(&error) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// Whether a read that failed only found nothing.
pub(super) fn is_nothing(error: &std::io::Error) -> bool {
    [ErrorKind::TimedOut, ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind())
}

/// Files, folders and pipes may wait for ever when they are opened, or are no scanner.
fn is_device(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(&about.file_type())
}

pub(super) fn timespec(wait: Duration) -> Timespec {
    Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: wait.subsec_nanos().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_scanner_is_said_to_be_none_and_nothing_waits() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let check = |path: &Path, code: &str| {
            let keys = Keyboard::open(path).err().map(|error| error.code());
            let serial = Serial::open(path, 9_600).err().map(|error| error.code());
            assert_eq!((keys, serial), (Some(code), Some(code)), "{}", path.display());
        };
        check(&folder.path().join("none"), "E-SCN-01");
        check(&file, "E-SCN-04");
        check(folder.path(), "E-SCN-04");
        check(Path::new("/dev/null"), "E-SCN-04");
    }
}
