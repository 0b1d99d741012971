//! Where pictures come from: cameras, programs, pipes, files, watched folders; and the lane that reads them.
//!
//! Keeps true: no input ends the program (broken, empty or huge pictures are errors of that
//! picture, and the source goes on); every error has a stable code with what, why and what to do;
//! sizes are limited before memory is taken. A [`Lane`] runs one source and one eye on
//! threads of their own, without an async runtime. It decides nothing about tickets.

pub mod camera;
mod choice;
mod fault;
mod files;
mod folder;
mod frame;
mod health;
mod jpeg;
mod lane;
mod layout;
mod pipe;
mod program;
mod same;
mod sight;
mod slot;

use std::path::PathBuf;

pub use camera::CameraSpec;
pub use choice::several;
pub use fault::FrameError;
pub use files::{Files, picture_from_bytes, picture_from_file, picture_within};
pub use folder::{AfterReading, Folder};
pub use frame::{Frame, FrameSource, MAX_PIXELS, Tempo};
pub use health::Doubt;
pub(crate) use health::Health;
pub use lane::{IsTicket, Lane, LaneCounts, LaneEvent, LaneSettings, Sighting};
pub use pipe::{Pipe, PipeFormat, PipeInput};
pub use program::Program;
pub use same::{SAME_FOR, Same};
pub use sight::{Sight, light, sharpness};

/// A source as settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSpec {
    /// These files, once.
    Files(Vec<PathBuf>),
    /// A folder that is watched.
    Folder {
        /// Where.
        path: PathBuf,
        /// What becomes of a file once it is read.
        after: AfterReading,
    },
    /// A camera of this machine.
    Camera(CameraSpec),
    /// A program that writes pictures.
    Program {
        /// Its name and its arguments.
        words: Vec<String>,
        /// What it writes.
        format: PipeFormat,
    },
    /// A stream of pictures.
    Pipe {
        /// From where.
        input: PipeInput,
        /// How its bytes are laid out.
        format: PipeFormat,
    },
}

/// Opens a source, again after it failed; [`FrameError::Ended`] when there is nothing more to open.
pub type Opener = Box<dyn FnMut() -> Result<Box<dyn FrameSource>, FrameError> + Send>;

impl SourceSpec {
    /// How to open it. Files and standard input can be opened once.
    pub fn opener(self) -> Opener {
        let mut opened = false;
        Box::new(move || {
            let again = std::mem::replace(&mut opened, true);
            match &self {
                SourceSpec::Files(_) if again => Err(FrameError::Ended),
                SourceSpec::Files(paths) => Ok(Box::new(Files::new(paths.clone()))),
                SourceSpec::Folder { path, after } => {
                    if let AfterReading::MoveTo(folder) = after {
                        // Where it cannot be made, putting a picture away fails and says so.
                        let _ = std::fs::create_dir(folder);
                    }
                    Ok(Box::new(Folder::open(path, after.clone())?))
                }
                SourceSpec::Camera(spec) => camera::open(spec),
                SourceSpec::Program { words, format } => Ok(Box::new(Program::start(words, *format)?)),
                SourceSpec::Pipe { input, .. } if again && input.once() => Err(FrameError::Ended),
                SourceSpec::Pipe { input, format } => Ok(Box::new(Pipe::open(input, *format)?)),
            }
        })
    }
}

/// A size as `WxH`; nothing has no pixels.
pub fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    (width > 0 && height > 0).then_some((width, height))
}
