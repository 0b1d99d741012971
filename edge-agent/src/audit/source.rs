//! What is given to an auditor: data folders, files from a stick, proofs, and folders of those.
//!
//! Which of them a path is shows in what lies there. The key that all of it is held against is the
//! auditor's own where they have one; else the first one found inside.

use crate::courier::{About, Block, Blocks, Content, EXTENSION, Piece};
use crate::store::identity::PublicParts;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use tidegate_core::id::EventId;
use tidegate_core::journal::fork::Proof;
use tidegate_core::seal::PublicKey;

/// What proofs of forks are called at the end.
pub const PROOF: &str = "proof";

/// Why nothing can be checked.
#[derive(Debug, thiserror::Error)]
pub enum NotGiven {
    /// Nothing there is a journal.
    #[error("{0} holds no journal: no agent.db, no .{EXTENSION} file, no .{PROOF} (E-SYN-11)")]
    Nothing(PathBuf),
    /// No key was given, and none is inside.
    #[error("nothing there names the installation's key, and none was given (E-SYN-12)")]
    NoKey,
    /// It cannot be read.
    #[error("{0} cannot be read: {1} (E-SYN-15)")]
    Unreadable(PathBuf, std::io::Error),
    /// A pipe or a device: it may have no end.
    #[error("{0} is neither a file nor a folder (E-SYN-16)")]
    Endless(PathBuf),
}

impl NotGiven {
    /// What to do about it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Nothing(_) => "Name a data folder, a file of a stick, or a folder with some of those",
            Self::Unreadable(..) => "Name a file or folder that is there and that you may read",
            Self::Endless(_) => "Write what comes out of it into a file first, and name that",
            Self::NoKey => "Give it with --ca: 64 hex digits, as any data folder's identity.json has them",
        }
    }
}

/// One thing to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A data folder, with its database.
    Folder(PathBuf),
    /// A file from a stick.
    File(PathBuf),
    /// The proof of a fork.
    Proof(PathBuf),
}

impl Source {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::File(path) | Self::Proof(path) => path,
        }
    }

    /// What it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::File(_) => "file",
            Self::Proof(_) => "proof",
        }
    }
}

/// Everything that is to be checked, and what it is held against.
pub struct Given {
    /// The things.
    pub sources: Vec<Source>,
    /// The installation's key.
    pub ca: PublicKey,
    /// Whether the auditor had it from elsewhere.
    pub ca_given: bool,
    /// The feed's key; as it is found inside.
    pub feed_key: PublicKey,
    /// Of which event.
    pub event: EventId,
}

impl Given {
    /// Looks at what is there.
    pub fn open(paths: &[&Path], ca: Option<PublicKey>) -> anyhow::Result<Self> {
        let mut sources = Vec::new();
        for path in paths {
            let found = find(path)?;
            anyhow::ensure!(!found.is_empty(), NotGiven::Nothing((*path).to_owned()));
            sources.extend(found);
        }
        let known = sources.iter().find_map(said);
        let known = known.or_else(|| sources.iter().find_map(|source| proven(source, ca?)));
        let known = known.ok_or(NotGiven::NoKey)?;
        let ca_given = ca.is_some();
        Ok(Self { ca: ca.unwrap_or(known.ca), ca_given, feed_key: known.feed_key, event: known.event, sources })
    }
}

/// What something says of itself.
struct Said {
    event: EventId,
    ca: PublicKey,
    feed_key: PublicKey,
}

fn said(source: &Source) -> Option<Said> {
    match source {
        Source::Folder(path) => {
            let PublicParts { event, ca, feed_key } = PublicParts::load(path).ok()?;
            Some(Said { event, ca, feed_key })
        }
        Source::File(path) => {
            let About { event, ca, feed_key, .. } = about(path)?;
            Some(Said { event, ca, feed_key })
        }
        Source::Proof(_) => None,
    }
}

/// A proof names its event, once it is known to be one.
fn proven(source: &Source, ca: PublicKey) -> Option<Said> {
    let Source::Proof(path) = source else { return None };
    let author = Proof::from_bytes(&std::fs::read(path).ok()?)?.verify(&ca).ok()?.author;
    Some(Said { event: author.event, ca, feed_key: ca })
}

/// Who wrote a file: its first block, or the first that can be read.
fn about(path: &Path) -> Option<About> {
    let mut blocks = Blocks::new(BufReader::new(File::open(path).ok()?));
    while let Some(piece) = blocks.next_piece().ok()? {
        if let Piece::Block(raw) = piece
            && let Ok(Block { content: Content::About(about), .. }) = Block::decode(&raw)
        {
            return about.read();
        }
    }
    None
}

/// What there is at a path: the thing itself, or those in a folder.
fn find(path: &Path) -> Result<Vec<Source>, NotGiven> {
    let unreadable = |why| NotGiven::Unreadable(path.to_owned(), why);
    let is = std::fs::metadata(path).map_err(unreadable)?;
    if path.join("agent.db").is_file() {
        return Ok(vec![Source::Folder(path.to_owned())]);
    }
    if is.is_file() {
        return Ok(File::open(path).map(|_| of_file(path)).map_err(unreadable)?.into_iter().collect());
    }
    if !is.is_dir() {
        return Err(NotGiven::Endless(path.to_owned()));
    }
    let inside = std::fs::read_dir(path).map_err(unreadable)?.map(|entry| entry.map(|entry| entry.path()));
    let mut inside: Vec<PathBuf> = inside.collect::<Result<_, _>>().map_err(unreadable)?;
    inside.sort();
    let folders = inside.iter().filter(|path| path.join("agent.db").is_file());
    let folders = folders.map(|path| Source::Folder(path.clone()));
    let files = inside.iter().filter(|path| path.is_file() && !is_hidden(path));
    let files =
        files.filter(|path| has_ending(path, EXTENSION) || has_ending(path, PROOF)).filter_map(|p| of_file(p));
    Ok(folders.chain(files).collect())
}

fn of_file(path: &Path) -> Option<Source> {
    match (path.file_name().is_some_and(|name| name == "agent.db"), path.parent()) {
        (true, Some(folder)) => Some(Source::Folder(folder.to_owned())),
        _ if has_ending(path, PROOF) => Some(Source::Proof(path.to_owned())),
        _ => Some(Source::File(path.to_owned())),
    }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

/// What a desktop leaves beside the files that it copies.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
