//! What can go wrong with pictures, each with a stable code.
//!
//! Keeps true: codes never change their meaning; what, why and what to do are words for staff,
//! not for programmers. Errors of one picture and errors of the whole source are told apart here
//! and nowhere else.

use std::fmt;
use std::path::PathBuf;

/// A fault of a source, or of one of its pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The source cannot be opened or is gone.
    Gone {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Nothing came for a while from a source that should never stop.
    Silent {
        /// For how long.
        ms: u64,
    },
    /// The source delivered everything it had.
    Ended,
    /// The stream is not what its settings say.
    BadStream {
        /// What is wrong with it.
        why: String,
    },
    /// A picture could not be read.
    Unreadable {
        /// Its name.
        name: String,
        /// What the decoder or the system said.
        why: String,
    },
    /// A picture has no content.
    Empty {
        /// Its name.
        name: String,
    },
    /// A picture is larger than the limit.
    TooLarge {
        /// Its name.
        name: String,
        /// Its pixels, or bytes where pixels are not known.
        size: u64,
    },
    /// Nothing new yet, nothing wrong.
    Nothing,
}

impl FrameError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            FrameError::Gone { .. } => "E-CAM-01",
            FrameError::Silent { .. } => "E-CAM-02",
            FrameError::Ended => "E-CAM-03",
            FrameError::BadStream { .. } => "E-CAM-04",
            FrameError::Unreadable { .. } => "E-CAM-05",
            FrameError::Empty { .. } => "E-CAM-06",
            FrameError::TooLarge { .. } => "E-CAM-07",
            FrameError::Nothing => "E-CAM-00",
        }
    }

    /// Whether the source delivers nothing more until it is opened again.
    pub fn ends_source(&self) -> bool {
        match self {
            FrameError::Gone { .. }
            | FrameError::Silent { .. }
            | FrameError::Ended
            | FrameError::BadStream { .. } => true,
            FrameError::Unreadable { .. }
            | FrameError::Empty { .. }
            | FrameError::TooLarge { .. }
            | FrameError::Nothing => false,
        }
    }

    /// What happened.
    pub fn what(&self) -> String {
        match self {
            FrameError::Gone { path, .. } => format!("No pictures: {} cannot be opened", path.display()),
            FrameError::Silent { ms } => format!("No pictures for {:.1} s", *ms as f64 / 1000.0),
            FrameError::Ended => "The pictures have ended".to_owned(),
            FrameError::BadStream { .. } => "The stream cannot be understood".to_owned(),
            FrameError::Unreadable { name, .. } => format!("Picture {name} cannot be read"),
            FrameError::Empty { name } => format!("Picture {name} is empty"),
            FrameError::TooLarge { name, .. } => format!("Picture {name} is too large"),
            FrameError::Nothing => "No new picture yet".to_owned(),
        }
    }

    /// Why, as far as is known.
    pub fn why(&self) -> String {
        match self {
            FrameError::Gone { why, .. } | FrameError::BadStream { why } | FrameError::Unreadable { why, .. } => {
                why.clone()
            }
            FrameError::Silent { .. } => "The camera or the program that feeds the pipe has stopped".to_owned(),
            FrameError::Ended => "The program that feeds it has closed it, or every file is read".to_owned(),
            FrameError::Empty { .. } => "The file has no content or no pixels".to_owned(),
            FrameError::TooLarge { size, .. } => {
                format!("It has {size} pixels or bytes; the limit is {} pixels", super::MAX_PIXELS)
            }
            FrameError::Nothing => "Nothing was put there".to_owned(),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            FrameError::Gone { .. } => "Check the plug, the path in the settings and who may read it.",
            FrameError::Silent { .. } => "Check the plug; start the program that feeds the pipe again.",
            FrameError::Ended => "Nothing, or start the program that feeds it again.",
            FrameError::BadStream { .. } => {
                "Send Y4M (mono, 420, 422 or 444) or set width and height for raw pictures."
            }
            FrameError::Unreadable { .. } => {
                "Save it as PNG, JPEG or PGM; write it under another name and rename it."
            }
            FrameError::Empty { .. } => "Write it under another name and rename it when it is whole.",
            FrameError::TooLarge { .. } => "Make it smaller; 1280 pixels on the long side are enough.",
            FrameError::Nothing => "Wait.",
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}. {}", self.what(), self.code(), self.why(), self.remedy())
    }
}

impl std::error::Error for FrameError {}
