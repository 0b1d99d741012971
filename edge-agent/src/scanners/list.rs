//! What is plugged in that could be a scanner, told without disturbing it.
//!
//! Keeps true: names, ids and keys come from what the kernel shows to everybody, so that a device which this user may not
//! open is listed too, with what to do about it; a keyboard that a person may be typing on is never taken, not for a
//! moment. Where nothing says that a keyboard is a scanner it is listed as a keyboard.

use super::ScannerError;
use super::device::{INPUT_GROUP, SERIAL_GROUP};
use super::keys::NEEDED;
use evdev::raw_stream::RawDevice;
use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// Words in names of devices that are scanners.
const WORDS: [&str; 10] = [
    "scanner",
    "barcode",
    "bar code",
    "symbol",
    "zebra",
    "honeywell",
    "datalogic",
    "newland",
    "opticon",
    "metrologic",
];
/// USB vendors that make scanners and no keyboards: Symbol and Zebra, Metrologic and Honeywell, Datalogic, Hand Held
/// Products, Newland, Opticon.
const VENDORS: [&str; 6] = ["05e0", "0c2e", "05f9", "0536", "1eab", "065a"];
/// Folders above a serial device in which its USB device stands.
const LEVELS: usize = 4;

/// How a scanner is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It types like a keyboard.
    Keys,
    /// It is a serial port.
    Serial,
}

/// Whether it could be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Yes.
    Free,
    /// Another program has it, the agent perhaps.
    InUse,
    /// This user may not open it.
    NotAllowed,
    /// It cannot be opened.
    Broken,
}

/// A device that could be a scanner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How it is connected.
    pub kind: Kind,
    /// What it calls itself.
    pub name: String,
    /// Vendor and product of USB, `0c2e:0b61`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usb: Option<String>,
    /// Whether its name or its vendor says that it is a scanner.
    pub scanner: bool,
    /// Whether it could be used now.
    pub state: State,
    /// Its source as settings name it: by a path that stays the same, where there is one.
    pub source: String,
}

impl Found {
    /// The group that may open devices like it.
    pub fn group(&self) -> &'static str {
        match self.kind {
            Kind::Keys => INPUT_GROUP,
            Kind::Serial => SERIAL_GROUP,
        }
    }
}

/// Everything that could be a scanner; scanners first. `sys` and `dev` are where the kernel shows its devices.
pub fn list(sys: &Path, dev: &Path) -> Vec<Found> {
    let mut found: Vec<Found> = keyboards(sys, dev).chain(serials(sys, dev)).collect();
    found.sort_by(|a, b| (!a.scanner, a.kind, &a.source).cmp(&(!b.scanner, b.kind, &b.source)));
    found
}

fn keyboards(sys: &Path, dev: &Path) -> impl Iterator<Item = Found> {
    let names = names(&dev.join("input"), &["by-id", "by-path"]);
    let input = dev.join("input");
    entries(&sys.join("class/input")).into_iter().filter_map(move |entry| {
        let node = entry.file_name()?.to_str().filter(|name| name.starts_with("event"))?;
        let about = entry.join("device");
        let keys = read_to_string(about.join("capabilities/key")).ok()?;
        if !NEEDED.iter().all(|key| has(&keys, key.0)) {
            return None;
        }
        let path = input.join(node);
        let word = |file: &str| read_to_string(about.join(file)).ok().map(|text| text.trim().to_owned());
        let name = word("name").unwrap_or_default();
        let usb = word("id/vendor").zip(word("id/product"));
        let scanner = is_scanner(&name, usb.as_ref().map(|(vendor, _)| vendor.as_str()));
        let source = names.get(&path).unwrap_or(&path);
        Some(Found {
            kind: Kind::Keys,
            state: keyboard_state(&path, scanner),
            usb: usb.map(|(vendor, product)| format!("{vendor}:{product}")),
            source: format!("evdev:{}", source.display()),
            name,
            scanner,
        })
    })
}

fn serials(sys: &Path, dev: &Path) -> impl Iterator<Item = Found> {
    let names = names(&dev.join("serial"), &["by-id", "by-path"]);
    let sys = sys.to_owned();
    entries(dev).into_iter().filter_map(move |path| {
        let node = path.file_name()?.to_str()?;
        if !(node.starts_with("ttyACM") || node.starts_with("ttyUSB")) {
            return None;
        }
        let about = std::fs::canonicalize(sys.join("class/tty").join(node).join("device")).unwrap_or_default();
        let usb = about.ancestors().take(LEVELS).find(|folder| folder.join("idVendor").exists());
        let word = |file: &str| read_to_string(usb?.join(file)).ok().map(|text| text.trim().to_owned());
        let name = word("product").unwrap_or_else(|| node.to_owned());
        let ids = word("idVendor").zip(word("idProduct"));
        let source = names.get(&path).unwrap_or(&path);
        Some(Found {
            kind: Kind::Serial,
            state: serial_state(&path),
            scanner: is_scanner(&name, ids.as_ref().map(|(vendor, _)| vendor.as_str())),
            usb: ids.map(|(vendor, product)| format!("{vendor}:{product}")),
            source: format!("serial:{}", source.display()),
            name,
        })
    })
}

/// What stands in a folder; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The lasting names of devices, by device; a name of an earlier folder goes before one of a later.
fn names(folder: &Path, within: &[&str]) -> BTreeMap<PathBuf, PathBuf> {
    let all = within.iter().rev().flat_map(|name| entries(&folder.join(name)));
    all.filter_map(|name| Some((std::fs::canonicalize(&name).ok()?, name))).collect()
}

/// Whether a bit is set in the kernel's list of them: words in hex, the highest first.
fn has(bits: &str, bit: u16) -> bool {
    let (word, place) = (u32::from(bit) / usize::BITS, u32::from(bit) % usize::BITS);
    let word = bits.split_ascii_whitespace().rev().nth(word as usize);
    word.and_then(|word| usize::from_str_radix(word, 16).ok()).is_some_and(|word| word >> place & 1 == 1)
}

fn is_scanner(name: &str, vendor: Option<&str>) -> bool {
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word)) || vendor.is_some_and(|vendor| VENDORS.contains(&vendor))
}

/// A keyboard is opened and no more; a scanner on which nothing is pressed is taken for a moment, which is the only way
/// to learn whether another program has it.
fn keyboard_state(path: &Path, scanner: bool) -> State {
    if let Err(error) = std::fs::File::open(path) {
        return state(&ScannerError::of_device(path, INPUT_GROUP, &error));
    }
    let at_rest = |device: &RawDevice| device.get_key_state().is_ok_and(|keys| keys.iter().next().is_none());
    let Some(mut device) = RawDevice::open(path).ok().filter(|device| scanner && at_rest(device)) else {
        return State::Free;
    };
    match device.grab() {
        Ok(()) => State::Free, // closing it lets go of it
        Err(error) => state(&ScannerError::of_device(path, INPUT_GROUP, &error)),
    }
}

fn serial_state(path: &Path) -> State {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        // Root opens a port that was taken; the lock that serial programs put on it says that it was.
        Ok(port) => match rustix::fs::flock(&port, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => State::InUse,
            Ok(()) | Err(_) => State::Free,
        },
        Err(error) => state(&ScannerError::of_device(path, SERIAL_GROUP, &error.into())),
    }
}

fn state(error: &ScannerError) -> State {
    match error {
        ScannerError::NotAllowed { .. } => State::NotAllowed,
        ScannerError::Taken { .. } => State::InUse,
        _ => State::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A machine's devices as files.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn link(&self, path: &str, to: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(self.0.path().join(to), path).unwrap();
        }

        fn input(&self, number: u8, name: &str, ids: (&str, &str), keys: &str) {
            let device = format!("sys/class/input/event{number}/device");
            self.write(&format!("{device}/name"), &format!("{name}\n"));
            self.write(&format!("{device}/id/vendor"), &format!("{}\n", ids.0));
            self.write(&format!("{device}/id/product"), &format!("{}\n", ids.1));
            self.write(&format!("{device}/capabilities/key"), &format!("{keys}\n"));
            self.write(&format!("dev/input/event{number}"), "");
        }

        fn list(&self) -> Vec<Found> {
            let root = std::fs::canonicalize(self.0.path()).unwrap();
            let strip = |found: Found| Found {
                source: found.source.replace(&root.join("dev").display().to_string(), "/dev"),
                ..found
            };
            list(&root.join("sys"), &root.join("dev")).into_iter().map(strip).collect()
        }
    }

    /// The keys of an ordinary keyboard, and of a power button.
    const KEYBOARD: &str = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe";
    const BUTTON: &str = "10000000000000 0";

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn scanners_come_first_by_their_lasting_names_and_what_cannot_type_a_code_does_not_come() {
        let machine = Machine::new();
        machine.input(0, "Power Button", ("0000", "0001"), BUTTON);
        machine.input(1, "Logitech K120", ("046d", "c31c"), KEYBOARD);
        machine.input(2, "Some Barcode Reader", ("ffff", "0035"), KEYBOARD);
        machine.input(3, "1900", ("0c2e", "0b61"), KEYBOARD);
        machine.input(10, "no keys", ("0000", "0000"), "");
        machine.link("dev/input/by-id/usb-Logitech-event-kbd", "dev/input/event1");
        machine.link("dev/input/by-id/usb-Reader-event-kbd", "dev/input/event2");
        machine.link("dev/input/by-path/pci-0-event-kbd", "dev/input/event2");
        machine.link("dev/input/by-path/pci-1-event-kbd", "dev/input/event3");
        machine.write("dev/ttyACM0", "");
        machine.write("dev/ttyS0", "");
        machine.write("sys/devices/usb1/1-1/idVendor", "05e0\n");
        machine.write("sys/devices/usb1/1-1/idProduct", "1701\n");
        machine.write("sys/devices/usb1/1-1/product", "CDC device\n");
        machine.write("sys/devices/usb1/1-1/1-1:1.0/x", "");
        machine.link("sys/class/tty/ttyACM0/device", "sys/devices/usb1/1-1/1-1:1.0");
        machine.write("dev/ttyUSB3", "");
        let said: Vec<String> = machine
            .list()
            .into_iter()
            .map(|f| format!("{} {:?} {} {}", f.scanner, f.usb.unwrap_or_default(), f.name, f.source))
            .collect();
        assert_eq!(
            said,
            [
                "true \"ffff:0035\" Some Barcode Reader evdev:/dev/input/by-id/usb-Reader-event-kbd",
                "true \"0c2e:0b61\" 1900 evdev:/dev/input/by-path/pci-1-event-kbd",
                "true \"05e0:1701\" CDC device serial:/dev/ttyACM0",
                "false \"046d:c31c\" Logitech K120 evdev:/dev/input/by-id/usb-Logitech-event-kbd",
                "false \"\" ttyUSB3 serial:/dev/ttyUSB3",
            ]
        );
        assert!(machine.list().iter().all(|found| crate::scanners::ScannerSpec::parse(&found.source).is_some()));
    }

    #[test]
    fn a_machine_without_devices_lists_none() {
        assert_eq!(list(Path::new("/no/sys"), Path::new("/no/dev")), []);
    }

    #[test]
    fn what_the_kernel_writes_of_keys_is_read_and_garbage_has_none() {
        let check = |bits: &str, bit, expect| assert_eq!(has(bits, bit), expect, "{bits} {bit}");
        check("1", 0, true);
        check("1", 1, false);
        check("8000", 15, true);
        check("", 0, false);
        check("zz", 0, false);
        check("1", u16::MAX, false);
        check("1 0", usize::BITS as u16, true);
    }
}
