//! Sticks: everything known here onto one, and what others left on it back in.
//!
//! This process, whose user may write the stick, reads and writes it; the agent only gives and takes
//! blocks. A file is written under another name, made durable, read back, and only then gets its own: a
//! stick that is pulled, or full, holds the file from before or none. Reading holds one block at a time.

use super::super::client::{Client, escaped};
use super::super::progress::{Progress, grouped};
use crate::courier::{Block, Blocks, Content, EXTENSION, End, Piece};
use futures_util::StreamExt;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tidegate_core::api::{Imported, NewEntries, Status};
use tidegate_link::client::LinkError;

/// What `export-usb` takes.
#[derive(clap::Args)]
pub struct ExportArgs {
    /// The stick's folder, or a file that ends in .tidegate.
    path: PathBuf,
    /// This device's own journals alone.
    #[arg(long)]
    own: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What `import-usb` takes.
#[derive(clap::Args)]
pub struct ImportArgs {
    /// The stick's folder, or files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What can go wrong with a stick.
#[derive(Debug, thiserror::Error)]
pub enum StickFault {
    /// No room.
    #[error("{0} is full: {1} bytes were written and taken away again (E-SYN-05)")]
    Full(PathBuf, u64),
    /// What was written is not the whole file.
    #[error("the agent stopped, or the stick did not keep what was written; nothing was left on it (E-SYN-06)")]
    CutShort,
    /// Nothing to take in.
    #[error("no .tidegate file is on {0} (E-SYN-07)")]
    Nothing(PathBuf),
    /// Something there is no file that may be replaced.
    #[error("{0} is there, and no plain file (E-SYN-13)")]
    NoFile(PathBuf),
    /// The folder is not there, or may not be used.
    #[error("{0} cannot be used: {1} (E-SYN-14)")]
    Unusable(PathBuf, std::io::Error),
}

impl StickFault {
    /// What to do about it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Full(..) => "Make room, or take another stick; the file from before, if any, is still there",
            Self::CutShort => "Try again; if it stays, take another stick and look at the agent's log",
            Self::NoFile(_) => "Name another path: nothing was written",
            Self::Unusable(..) => "Name a path in a folder that is there and may be used, as the stick's",
            Self::Nothing(_) => "Run edge-agent sync export-usb PATH at the other device first",
        }
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Full(..) | Self::CutShort | Self::NoFile(_) | Self::Unusable(..) => super::super::FAILED,
            Self::Nothing(_) => super::super::NOT_FOUND,
        }
    }
}

/// What was written.
#[derive(Serialize)]
struct Exported {
    file: String,
    bytes: u64,
    entries: u64,
    pages: u64,
}

/// Writes a file onto a stick.
pub async fn export(client: &Client, args: ExportArgs) -> anyhow::Result<ExitCode> {
    let path = match args.path.extension().is_some_and(|end| end == EXTENSION) {
        true => args.path,
        false => args.path.join(name(client).await?),
    };
    let query = if args.own { "?own=true" } else { "" };
    let mut pieces = client.get_pieces(&format!("/v1/export{query}")).await?.bytes_stream();
    let mut draft = Draft::new(&path)?;
    let mut progress = Progress::default();
    while let Some(piece) = pieces.next().await {
        draft.write(&piece.map_err(|_| StickFault::CutShort)?)?;
        progress.tell("bytes written", draft.bytes);
    }
    progress.end();
    let (bytes, End { entries, pages, .. }) = (draft.bytes, draft.keep()?);
    let told = Exported { file: path.display().to_string(), bytes, entries, pages };
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&told)?),
        false => println!(
            "{}: {} entries, {} pieces of the feed, {} bytes",
            told.file,
            grouped(entries),
            grouped(pages),
            grouped(bytes)
        ),
    }
    eprintln!("Unmount the stick before you pull it. At the other device: edge-agent sync import-usb PATH");
    Ok(ExitCode::SUCCESS)
}

/// One file a device: a newer one replaces it, files of other devices stay beside it.
async fn name(client: &Client) -> anyhow::Result<String> {
    let status: Status = client.get("/v1/status").await?;
    let word = |text: &str| -> String {
        let plain = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        plain.take(24).collect()
    };
    // Two devices may have one name; no two have one id.
    let id = status.device_id.rsplit('_').next().unwrap_or_default();
    let id: String = id.chars().take(8).collect();
    Ok(format!("{}-{}-{id}.{EXTENSION}", word(&status.event), word(&status.device)))
}

/// A file under another name, until it is whole.
pub struct Draft {
    file: File,
    draft: PathBuf,
    path: PathBuf,
    bytes: u64,
    kept: bool,
}

impl Draft {
    /// Beside the place where it will be.
    pub fn new(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().map(|name| format!(".{}.part", name.to_string_lossy())).unwrap_or_default();
        let draft = path.with_file_name(name);
        // A device, or what a link names, is not replaced by a file.
        if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            return Err(StickFault::NoFile(path.to_owned()).into());
        }
        let file = File::create(&draft).map_err(|error| StickFault::Unusable(path.to_owned(), error))?;
        Ok(Self { file, draft, path: path.to_owned(), bytes: 0, kept: false })
    }

    /// Writes on.
    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(bytes).map_err(|error| self.fault(error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes it durable, reads it back, and gives it its name.
    pub fn keep(mut self) -> anyhow::Result<End> {
        self.file.sync_all().map_err(|error| self.fault(error))?;
        let end = whole(&self.draft)?.ok_or(StickFault::CutShort)?;
        std::fs::rename(&self.draft, &self.path)?;
        self.kept = true;
        if let Some(folder) = self.path.parent() {
            // Some file systems of sticks know no such thing; the name is then as durable as theirs are.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(end)
    }

    fn fault(&self, error: std::io::Error) -> anyhow::Error {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                let stick = self.path.parent().unwrap_or(&self.path).to_owned();
                StickFault::Full(stick, self.bytes).into()
            }
            _ => error.into(), // std's enum: no list of them ends
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.draft); // the stick may be gone
        }
    }
}

/// What a file says at its end, where all of it is whole.
fn whole(path: &Path) -> anyhow::Result<Option<End>> {
    let mut blocks = Blocks::new(BufReader::new(File::open(path)?));
    let mut last = None;
    while let Some(piece) = blocks.next_piece()? {
        match piece {
            Piece::Block(raw) => last = Some(raw),
            Piece::Damaged { .. } => return Ok(None),
        }
    }
    let block = last.and_then(|raw| Block::decode(&raw).ok());
    Ok(block.and_then(|block| if let Content::End(end) = block.content { Some(end) } else { None }))
}

/// What one file brought.
#[derive(Default, Serialize)]
struct FileTold {
    file: String,
    /// Whether all of it was there and could be taken.
    complete: bool,
    /// Why the file was passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    new: Vec<NewEntries>,
    pages: u64,
    waiting: u64,
    /// What was set aside, by its code.
    set_aside: BTreeMap<String, u64>,
}

/// Takes in every file on a stick.
pub async fn import(client: &Client, args: ImportArgs) -> anyhow::Result<ExitCode> {
    let mut all = Vec::new();
    for path in files(&args.paths)? {
        let told = take(client, &path).await?;
        if !args.json {
            tell(&told);
        }
        all.push(told);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    let complete = all.iter().all(|told| told.complete);
    if !complete {
        eprintln!(
            "! Not all of it could be taken; what could is here, and what could not is kept as evidence (E-SYN-08)"
        );
        eprintln!("  Do: write the stick again at the other device, and take it in again: nothing counts twice");
    }
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(super::super::FAILED) })
}

fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unusable = |error| StickFault::Unusable(path.clone(), error);
        let inside = std::fs::read_dir(path).map_err(unusable)?.map(|entry| entry.map(|entry| entry.path()));
        let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let mut inside: Vec<PathBuf> = inside.collect::<Result<_, _>>()?;
        inside.retain(|path| {
            path.extension().is_some_and(|end| end.eq_ignore_ascii_case(EXTENSION)) && !hidden(path)
        });
        inside.sort();
        anyhow::ensure!(!inside.is_empty(), StickFault::Nothing(path.clone()));
        files.extend(inside);
    }
    Ok(files)
}

fn no_file() -> std::io::Error {
    std::io::Error::new(ErrorKind::InvalidInput, "it is no plain file")
}

async fn take(client: &Client, path: &Path) -> anyhow::Result<FileTold> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut told = FileTold { file: path.display().to_string(), ..FileTold::default() };
    // One that cannot be read holds none of the others up; a pipe or a device would never end.
    let file =
        match path.metadata().and_then(|there| if there.is_file() { File::open(path) } else { Err(no_file()) }) {
            Ok(file) => file,
            Err(error) => return Ok(FileTold { refused: Some(format!("cannot be read: {error}")), ..told }),
        };
    let mut blocks = Blocks::new(BufReader::new(file));
    let address = format!("/v1/import?source={}", escaped(&name));
    let (mut new, mut ended, mut progress) = (BTreeMap::new(), false, Progress::default());
    while let Some(piece) = blocks.next_piece()? {
        let raw = match piece {
            Piece::Block(raw) => raw,
            Piece::Damaged { bytes, .. } => bytes,
        };
        let imported: Imported = match client.post_bytes(&address, raw).await {
            Ok(imported) => imported,
            Err(error) => match error.downcast_ref::<LinkError>() {
                Some(LinkError::Refused(problem)) if problem.code == "wrong_event" => {
                    return Ok(FileTold { refused: Some(problem.to_string()), ..told });
                }
                _ => return Err(error),
            },
        };
        ended |= imported.block == "end";
        for NewEntries { journal, device, entries } in imported.new {
            new.entry((journal, device)).and_modify(|sum| *sum += entries).or_insert(entries);
        }
        (told.pages, told.waiting) = (told.pages + imported.pages, told.waiting + imported.waiting);
        imported.set_aside.into_iter().for_each(|code| *told.set_aside.entry(code).or_default() += 1);
        progress.tell("new entries", new.values().sum());
    }
    progress.end();
    told.complete = ended && told.set_aside.is_empty() && told.waiting == 0;
    told.new =
        new.into_iter().map(|((journal, device), entries)| NewEntries { journal, device, entries }).collect();
    Ok(told)
}

fn tell(told: &FileTold) {
    let FileTold { file, complete, refused, new, pages, waiting, set_aside } = told;
    if let Some(why) = refused {
        return println!("✖ {file}: {why}");
    }
    let entries: u64 = new.iter().map(|new| new.entries).sum();
    let mark = if *complete { "✔" } else { "!" };
    println!("{mark} {file}: {} new entries, {} new pieces of the feed", grouped(entries), grouped(*pages));
    for NewEntries { journal, device, entries } in new {
        println!("  {} of {device} ({journal})", grouped(*entries));
    }
    if *waiting > 0 {
        println!("  {waiting} runs go on from entries that are not here");
    }
    for (code, count) in set_aside {
        println!("  {count} × {code}: set aside");
    }
}
