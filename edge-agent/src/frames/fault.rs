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
    /// Nothing came for a while from a source that should never stop, or nothing that could be read.
    Silent {
        /// For how long.
        ms: u64,
        /// What was wrong with what came meanwhile.
        unread: Option<String>,
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
    /// Another program has the camera.
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// The system does not let this program have the camera.
    NotAllowed {
        /// Which.
        path: PathBuf,
    },
    /// It is no camera, or one that cannot be used.
    NotACamera {
        /// Which.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// The camera offers nothing that is understood, or not the size that was asked for.
    NoFormat {
        /// Which.
        path: PathBuf,
        /// What it offers.
        offers: String,
    },
    /// A camera shows nothing but black.
    Black {
        /// For how long.
        ms: u64,
    },
    /// A camera shows one picture that does not change by a single pixel, as no sensor does.
    Frozen {
        /// For how long.
        ms: u64,
    },
    /// Cameras are not part of this program.
    NotBuilt,
    /// The program that should deliver pictures did not start, or ended.
    Stopped {
        /// Its command.
        command: String,
        /// How it ended, and the last that it said.
        why: String,
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
            FrameError::InUse { .. } => "E-CAM-08",
            FrameError::NotAllowed { .. } => "E-CAM-09",
            FrameError::NotACamera { .. } => "E-CAM-10",
            FrameError::NoFormat { .. } => "E-CAM-11",
            FrameError::Black { .. } => "E-CAM-12",
            FrameError::Frozen { .. } => "E-CAM-13",
            FrameError::NotBuilt => "E-CAM-14",
            FrameError::Stopped { .. } => "E-CAM-15",
            FrameError::Nothing => "E-CAM-00",
        }
    }

    /// Whether the source delivers nothing more until it is opened again.
    pub fn ends_source(&self) -> bool {
        match self {
            FrameError::Gone { .. }
            | FrameError::Silent { .. }
            | FrameError::Ended
            | FrameError::BadStream { .. }
            | FrameError::InUse { .. }
            | FrameError::NotAllowed { .. }
            | FrameError::NotACamera { .. }
            | FrameError::NoFormat { .. }
            | FrameError::NotBuilt
            | FrameError::Stopped { .. } => true,
            FrameError::Unreadable { .. }
            | FrameError::Empty { .. }
            | FrameError::TooLarge { .. }
            | FrameError::Black { .. }
            | FrameError::Frozen { .. }
            | FrameError::Nothing => false,
        }
    }

    /// What happened.
    pub fn what(&self) -> String {
        match self {
            FrameError::Gone { path, .. } => format!("No pictures: {} cannot be opened", path.display()),
            FrameError::Silent { ms, .. } => format!("No pictures for {}", seconds(*ms)),
            FrameError::Ended => "The pictures have ended".to_owned(),
            FrameError::BadStream { .. } => "The stream cannot be understood".to_owned(),
            FrameError::Unreadable { name, .. } => format!("Picture {name} cannot be read"),
            FrameError::Empty { name } => format!("Picture {name} is empty"),
            FrameError::TooLarge { name, .. } => format!("Picture {name} is too large"),
            FrameError::InUse { path } => format!("Camera {} is in use", path.display()),
            FrameError::NotAllowed { path } => format!("Camera {} may not be opened", path.display()),
            FrameError::NotACamera { path, .. } => format!("{} is no camera that can be used", path.display()),
            FrameError::NoFormat { path, .. } => format!("Camera {} offers no picture that fits", path.display()),
            FrameError::Black { ms } => format!("The camera has shown black for {}", seconds(*ms)),
            FrameError::Frozen { ms } => format!("The camera's picture has stood still for {}", seconds(*ms)),
            FrameError::NotBuilt => "This program was built without cameras".to_owned(),
            FrameError::Stopped { command, .. } => format!("No pictures: {command} has ended"),
            FrameError::Nothing => "No new picture yet".to_owned(),
        }
    }

    /// Why, as far as is known.
    pub fn why(&self) -> String {
        match self {
            FrameError::Gone { why, .. } | FrameError::BadStream { why } | FrameError::Unreadable { why, .. } => {
                why.clone()
            }
            FrameError::Silent { unread: Some(why), .. } => format!("What comes cannot be read: {why}"),
            FrameError::Silent { unread: None, .. } => {
                "The camera or the program that feeds the pipe has stopped".to_owned()
            }
            FrameError::Ended => "The program that feeds it has closed it, or every file is read".to_owned(),
            FrameError::Empty { .. } => "The file has no content or no pixels".to_owned(),
            FrameError::TooLarge { size, .. } => {
                format!("It has {size} pixels or bytes; the limit is {} pixels", super::MAX_PIXELS)
            }
            FrameError::InUse { .. } => "Another program, or another lane, has opened it".to_owned(),
            FrameError::NotAllowed { .. } => "This program's user may not read it".to_owned(),
            FrameError::NotACamera { why, .. } | FrameError::Stopped { why, .. } => why.clone(),
            FrameError::NoFormat { offers, .. } => format!("It offers {offers}"),
            FrameError::Black { .. } => "Something covers it, or there is no light".to_owned(),
            FrameError::Frozen { .. } => "Not a pixel has changed, as no sensor's picture does".to_owned(),
            FrameError::NotBuilt => "It lacks the feature \"camera\"".to_owned(),
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
                "Send Y4M (mono, 420, 422 or 444) or MJPEG, or set width and height for raw pictures."
            }
            FrameError::Unreadable { .. } => {
                "Save it as PNG, JPEG or PGM; write it under another name and rename it."
            }
            FrameError::Empty { .. } => "Write it under another name and rename it when it is whole.",
            FrameError::TooLarge { .. } => "Make it smaller; 1280 pixels on the long side are enough.",
            FrameError::InUse { .. } => {
                "Close the other program (fuser shows which), or give the lane another camera."
            }
            FrameError::NotAllowed { .. } => {
                "Put the agent's user into the group that owns it, as a rule video, and start the agent again."
            }
            FrameError::NotACamera { .. } => {
                "See what there is with edge-agent camera list; a Raspberry Pi's own camera is source rpicam."
            }
            FrameError::NoFormat { .. } => "Leave out the size, or name one that the camera offers.",
            FrameError::Black { .. } => "Take off the cover, switch on a light.",
            FrameError::Frozen { .. } => "Unplug the camera and plug it in again.",
            FrameError::NotBuilt => {
                "Take a build with cameras, or feed pictures by a program: exec:mjpeg:COMMAND."
            }
            FrameError::Stopped { .. } => "Try the command by hand; correct it in the settings.",
            FrameError::Nothing => "Wait.",
        }
    }
}

/// Most of a decoder's words that is kept: some repeat the file's own, however long, into every log line.
const MAX_WHY_CHARS: usize = 200;

/// What a decoder said, in few words.
pub(super) fn few_words(said: impl fmt::Display) -> String {
    said.to_string().chars().take(MAX_WHY_CHARS).collect()
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1000.0)
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}. {}", self.what(), self.code(), self.why(), self.remedy())
    }
}

impl std::error::Error for FrameError {}
