//! A watched folder: each new picture is read in name order.
//!
//! Keeps true: a file is read once, and only under its final name (writers put it there under
//! a name that begins with a dot or ends in `.part` or `.tmp`, then rename it); a bad file never
//! holds up the next. It polls, because that works on every disk and network share. It does not
//! look into folders within.

use std::collections::{HashSet, VecDeque};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::files::{name_of, picture_from_file};
use super::{Frame, FrameError, FrameSource, Tempo};

/// Pause between two looks into the folder: a person does not notice it, a disk hardly.
const POLL: Duration = Duration::from_millis(50);
/// After this long without a new file the caller gets a word, so that it can stop.
const WORD_AFTER: Duration = Duration::from_millis(500);
/// Endings of pictures we can read.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "pgm", "pnm"];

/// What becomes of a file once it is read, readable or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterReading {
    /// It stays; it is read again only when it is written again.
    Keep,
    /// It is removed.
    Remove,
    /// It is moved into this folder, replacing an older one of its name.
    MoveTo(PathBuf),
}

/// The folder and what has been read of it.
pub struct Folder {
    path: PathBuf,
    after: AfterReading,
    next: VecDeque<(PathBuf, Stamp)>,
    done: HashSet<(PathBuf, Stamp)>,
}

/// Tells a file written again from the one that was read.
type Stamp = (u64, Option<SystemTime>);

impl Folder {
    /// Watches a folder that exists; what lies in it already is read first.
    pub fn open(path: &Path, after: AfterReading) -> Result<Folder, FrameError> {
        let mut folder = Folder { path: path.to_owned(), after, next: VecDeque::new(), done: HashSet::new() };
        folder.look()?;
        Ok(folder)
    }

    /// Lists what is new, in name order, and forgets what is no longer there.
    fn look(&mut self) -> Result<(), FrameError> {
        let gone = |e: std::io::Error| FrameError::Gone { path: self.path.clone(), why: e.to_string() };
        let entries = std::fs::read_dir(&self.path).map_err(gone)?;
        let there: HashSet<_> = entries.flatten().filter_map(|e| wanted(&e)).collect();
        self.done.retain(|file| there.contains(file));
        let mut new: Vec<_> = there.into_iter().filter(|file| !self.done.contains(file)).collect();
        new.sort();
        self.next = new.into();
        Ok(())
    }

    /// Reads the next file that is still there.
    fn read_next(&mut self) -> Option<Result<Frame, FrameError>> {
        while let Some((path, stamp)) = self.next.pop_front() {
            if !path.exists() {
                continue;
            }
            let read = picture_from_file(&path);
            self.put_away(&path);
            self.done.insert((path.clone(), stamp));
            return Some(read.map(|grey| Frame { name: name_of(&path), grey }));
        }
        None
    }

    /// A file that cannot be put away stays and is remembered as read.
    fn put_away(&self, path: &Path) {
        let done = match &self.after {
            AfterReading::Keep => Ok(()),
            AfterReading::Remove => std::fs::remove_file(path),
            AfterReading::MoveTo(folder) => std::fs::rename(path, folder.join(name_of(path))),
        };
        if let Err(error) = done {
            // Somebody has to look at the folder; files may be called like the people on them.
            tracing::warn!(folder = %self.path.display(), %error, "a picture that was read cannot be put away");
        }
    }
}

/// A finished picture file, with its stamp.
fn wanted(entry: &DirEntry) -> Option<(PathBuf, Stamp)> {
    let path = entry.path();
    let name = path.file_name()?.to_str()?;
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    if name.starts_with('.') || !ENDINGS.contains(&ending.as_str()) {
        return None;
    }
    let about = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
    Some((path, (about.len(), about.modified().ok())))
}

impl FrameSource for Folder {
    fn next(&mut self) -> Result<Frame, FrameError> {
        let begun = Instant::now();
        loop {
            if let Some(read) = self.read_next() {
                return read;
            }
            self.look()?;
            if self.next.is_empty() {
                if begun.elapsed() >= WORD_AFTER {
                    return Err(FrameError::Nothing);
                }
                std::thread::sleep(POLL);
            }
        }
    }

    fn tempo(&self) -> Tempo {
        Tempo::InTurn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, rename, write};

    fn picture(grey: u8) -> Vec<u8> {
        [b"P5 1 1 255 ".as_slice(), &[grey]].concat()
    }

    fn watched(after: impl Fn(&Path) -> AfterReading) -> (tempfile::TempDir, PathBuf, Folder) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("in");
        create_dir(&path).expect("it is new");
        let folder = Folder::open(&path, after(home.path())).expect("it exists");
        (home, path, folder)
    }

    fn names(folder: &mut Folder) -> Vec<Result<String, &'static str>> {
        let mut names = Vec::new();
        loop {
            match folder.next() {
                Ok(frame) => names.push(Ok(frame.name)),
                Err(FrameError::Nothing) => return names,
                Err(error) => names.push(Err(error.code())),
            }
        }
    }

    #[test]
    fn new_files_come_in_name_order_and_only_once() {
        let (_home, path, mut folder) = watched(|_| AfterReading::Keep);
        write(path.join("b.pgm"), picture(2)).expect("written");
        write(path.join("a.PGM"), picture(1)).expect("written");
        assert_eq!(names(&mut folder), [Ok("a.PGM".to_owned()), Ok("b.pgm".to_owned())]);
        assert_eq!(names(&mut folder), []);
    }

    #[test]
    fn a_file_counts_from_its_rename() {
        let (_home, path, mut folder) = watched(|_| AfterReading::Keep);
        for unfinished in [".a.pgm", "a.pgm.part", "a.pgm.tmp", "notes.txt"] {
            write(path.join(unfinished), b"P5 1").expect("written");
        }
        assert_eq!(names(&mut folder), []);
        write(path.join(".a.pgm"), picture(1)).expect("written");
        rename(path.join(".a.pgm"), path.join("a.pgm")).expect("renamed");
        assert_eq!(names(&mut folder), [Ok("a.pgm".to_owned())]);
    }

    #[test]
    fn a_bad_file_is_an_error_and_the_next_is_read() {
        let (_home, path, mut folder) = watched(|_| AfterReading::Keep);
        write(path.join("a.png"), b"not a picture").expect("written");
        write(path.join("b.png"), b"").expect("written");
        create_dir(path.join("c.png")).expect("it is new");
        write(path.join("d.pgm"), picture(1)).expect("written");
        let expected = [Err("E-CAM-05"), Err("E-CAM-06"), Ok("d.pgm".to_owned())];
        assert_eq!(names(&mut folder), expected);
    }

    #[test]
    fn files_are_removed_or_moved_aside_when_read() {
        let (_home, path, mut folder) = watched(|_| AfterReading::Remove);
        write(path.join("a.pgm"), picture(1)).expect("written");
        assert_eq!(names(&mut folder).len(), 1);
        assert!(!path.join("a.pgm").exists());

        let (home, path, mut folder) = watched(|home| AfterReading::MoveTo(home.to_owned()));
        write(path.join("a.pgm"), picture(1)).expect("written");
        assert_eq!(names(&mut folder).len(), 1);
        assert!(!path.join("a.pgm").exists() && home.path().join("a.pgm").exists());
    }

    #[test]
    fn a_file_that_cannot_be_put_away_is_not_read_again() {
        let (_home, path, mut folder) = watched(|home| AfterReading::MoveTo(home.join("missing")));
        write(path.join("a.pgm"), picture(1)).expect("written");
        assert_eq!(names(&mut folder).len(), 1);
        assert_eq!(names(&mut folder), []);
    }

    #[test]
    fn a_folder_that_goes_away_is_gone() {
        let (home, _path, mut folder) = watched(|_| AfterReading::Keep);
        drop(home);
        let error = folder.next().expect_err("there is no folder");
        assert!(error.ends_source() && error.code() == "E-CAM-01");
    }
}
