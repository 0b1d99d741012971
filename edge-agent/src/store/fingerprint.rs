//! The fingerprint of a store's place: what no copy of the file takes along.
//!
//! The machine, the disk, the file's number on it and the moment it was made. A copy of
//! the database, a backup that was put back, a disk in another machine or a copied card
//! has another one. What a system does not tell is left out, so that a fingerprint does
//! not change with every start: device numbers, which do, are not in it.

use super::ledger::{FILE, Place};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tidegate_core::seal::{Domain, Hash};

/// Names the installation of the system; another on every machine that was set up by itself.
const MACHINE: &str = "/etc/machine-id";
/// The serial number of boards that boot from a card which is easily copied.
const BOARD: &str = "/proc/device-tree/serial-number";
/// What disks and cards say of themselves, in whichever file they say it.
const DISK: [&str; 5] = ["serial", "wwid", "device/serial", "device/cid", "device/wwid"];

/// The fingerprint of a database's place; none where it is on no disk of this system.
pub(super) fn of(place: &Place) -> Option<Hash> {
    if place.vfs.is_some() {
        return None;
    }
    let file = std::fs::metadata(place.folder.join(FILE)).ok()?;
    let made = file.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    let made = made.map(|made| made.as_nanos().to_be_bytes()).unwrap_or_default();
    let known = |path: &str| std::fs::read(path).unwrap_or_default();
    let disk = disk(file.dev()).unwrap_or_default();
    let parts: [&[u8]; 6] = [b"place", &known(MACHINE), &known(BOARD), &disk, &file.ino().to_be_bytes(), &made];
    // Lengths go along, so that no two places give the same bytes in a row.
    let framed: Vec<u8> = parts.iter().flat_map(|part| [&part.len().to_be_bytes()[..], part].concat()).collect();
    Some(Domain::Incarnation.hash(&[&framed]))
}

/// What the disk with this device number says of itself, or the disk that it is a part of.
fn disk(device: u64) -> Option<Vec<u8>> {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let folder = std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
    folder.ancestors().take(3).find_map(serial)
}

fn serial(folder: &Path) -> Option<Vec<u8>> {
    let files: Vec<PathBuf> = DISK.iter().map(|name| folder.join(name)).collect();
    files.iter().find_map(|file| std::fs::read(file).ok().filter(|serial| !serial.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_file_is_in_another_place_and_the_file_itself_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let folder = folder.path().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            Place { folder, vfs: None, fingerprint: None }
        };
        let (first, second) = (place("first"), place("second"));
        std::fs::write(first.folder.join(FILE), b"database").unwrap();
        std::fs::copy(first.folder.join(FILE), second.folder.join(FILE)).unwrap();
        let here = of(&first).unwrap();
        std::fs::write(first.folder.join(FILE), b"grown").unwrap();
        assert_eq!(of(&first), Some(here));
        assert_ne!(of(&second), Some(here));
        assert_eq!(of(&place("nothing")), None);
    }
}
