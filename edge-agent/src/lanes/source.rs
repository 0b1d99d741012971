//! What brings codes to a lane, as settings name it, and what it tells whichever kind it is.
//!
//! Keeps true: every source runs on threads of its own, tells everything through one callback in the order it
//! happened, and stops when it is dropped. Of several codes in a picture the one nearest the centre counts.

use crate::frames::{AfterReading, Lane, LaneEvent, LaneSettings, PipeFormat, PipeInput, SourceSpec};
use std::path::PathBuf;
use std::time::Duration;

/// A source of codes as settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pictures, which the eye reads.
    Pictures(SourceSpec),
}

/// What a source tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A code that is new here.
    Code(String),
    /// The code that was here is here still.
    Same,
    /// Something could not be used; the source goes on.
    Trouble {
        /// The stable code.
        code: &'static str,
        /// What happened.
        what: String,
    },
    /// The source delivers no more; it is being opened again.
    Lost {
        /// The stable code.
        code: &'static str,
        /// What happened.
        what: String,
        /// Why, as far as is known.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// It delivers again.
    Back {
        /// How long it was lost.
        after: Duration,
    },
    /// Nothing more will come.
    Ended,
}

/// A running source; dropping it stops it.
pub enum Running {
    /// Pictures and their eye.
    Pictures(Lane),
}

/// What a source has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Whether it delivers.
    pub up: bool,
    /// Pictures, where it is pictures.
    pub frames: u64,
    /// Codes, without those that were still the same.
    pub reads: u64,
}

impl Source {
    /// Reads it as settings name it.
    pub fn parse(text: &str) -> Option<Self> {
        pictures(text).map(Self::Pictures)
    }

    /// Starts it; everything is told through `tell`. Fails only when the system gives no thread.
    pub fn start(&self, tell: impl Fn(Told) + Send + Sync + 'static) -> std::io::Result<Running> {
        match self {
            Self::Pictures(spec) => {
                let one_by_one = matches!(spec, SourceSpec::Folder { .. } | SourceSpec::Files(_));
                let tell = move |event| {
                    if let Some(told) = told(event, one_by_one) {
                        tell(told);
                    }
                };
                Lane::start(spec.clone().opener(), LaneSettings::default(), tell).map(Running::Pictures)
            }
        }
    }
}

impl Running {
    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        match self {
            Self::Pictures(lane) => {
                let counts = lane.counts();
                Counts { up: counts.up, frames: counts.frames, reads: counts.codes }
            }
        }
    }
}

/// What there is to tell of what happened with pictures; of a live one that shows nothing, nothing.
fn told(event: LaneEvent, one_by_one: bool) -> Option<Told> {
    Some(match event {
        LaneEvent::Read { seen, name, .. } => match seen.into_iter().next() {
            Some(first) if first.same_for.is_some() => Told::Same,
            Some(first) => Told::Code(first.seen.text),
            None if one_by_one => Told::Trouble { code: "unread", what: format!("no code found in {name}") },
            None => return None,
        },
        LaneEvent::Rejected(error) => Told::Trouble { code: error.code(), what: error.what() },
        LaneEvent::SourceLost(error) => Told::Lost {
            code: error.code(),
            what: error.what(),
            why: error.why(),
            remedy: error.remedy().to_owned(),
        },
        LaneEvent::SourceBack { after } => Told::Back { after },
        LaneEvent::Ended => Told::Ended,
    })
}

fn pictures(text: &str) -> Option<SourceSpec> {
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "folder" => Some(SourceSpec::Folder {
            path: PathBuf::from(rest),
            after: AfterReading::MoveTo(PathBuf::from(rest).join("read")),
        }),
        "y4m" => Some(SourceSpec::Pipe { input: input(rest), format: PipeFormat::Y4m }),
        "raw" => {
            let (size, path) = rest.split_once(':')?;
            let (width, height) = size.split_once('x')?;
            let format = PipeFormat::Luma { width: width.parse().ok()?, height: height.parse().ok()? };
            Some(SourceSpec::Pipe { input: input(path), format })
        }
        _ => None,
    }
}

fn input(path: &str) -> PipeInput {
    if path == "-" { PipeInput::Stdin } else { PipeInput::Path(PathBuf::from(path)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_settings_name_them() {
        let y4m = |input| Some(Source::Pictures(SourceSpec::Pipe { input, format: PipeFormat::Y4m }));
        assert_eq!(Source::parse("y4m:-"), y4m(PipeInput::Stdin));
        assert_eq!(Source::parse("y4m:/run/cam"), y4m(PipeInput::Path("/run/cam".into())));
        let raw = Source::parse("raw:640x480:/run/cam");
        assert!(matches!(raw, Some(Source::Pictures(SourceSpec::Pipe { .. }))), "{raw:?}");
        let folder = Source::parse("folder:/tmp/in");
        assert!(matches!(folder, Some(Source::Pictures(SourceSpec::Folder { .. }))), "{folder:?}");
        for wrong in ["", "camera", "raw:640:/x", "raw:axb:/x", "tape:/x"] {
            assert_eq!(Source::parse(wrong), None, "{wrong}");
        }
    }
}
