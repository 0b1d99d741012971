//! What brings codes to a lane, as settings name it, and what it tells whichever kind it is.
//!
//! Keeps true: every source runs on threads of its own, tells everything through one callback in the order it
//! happened, and stops when it is dropped. Of several codes in a picture the one nearest the centre counts.

use crate::frames::{
    self, AfterReading, CameraSpec, IsTicket, Lane, LaneEvent, LaneSettings, PipeFormat, PipeInput, SourceSpec,
};
use crate::scanners::{Heard, Scanner, ScannerSpec};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A source of codes as settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pictures, which the eye reads.
    Pictures(SourceSpec),
    /// A hand scanner.
    Scanner(ScannerSpec),
}

/// What a source tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A code that is new here.
    Code(String),
    /// The code that was here is here still.
    Same,
    /// So many tickets are held up beside each other, and none of them is scanned.
    Several(usize),
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
    /// A hand scanner.
    Scanner(Scanner),
}

/// What a source has done so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Whether it delivers.
    pub up: bool,
    /// Pictures, where it is pictures.
    pub frames: u64,
    /// Codes, without those that were still the same.
    pub reads: u64,
    /// The same by the step of the eye that read them first.
    pub steps: BTreeMap<&'static str, u64>,
}

impl Source {
    /// Reads it as settings name it.
    pub fn parse(text: &str) -> Option<Self> {
        pictures(text).map(Self::Pictures).or_else(|| ScannerSpec::parse(text).map(Self::Scanner))
    }

    /// Starts it; everything is told through `tell`. Between several codes that `is_ticket` people are asked to
    /// choose. Fails only when the system gives no thread.
    pub fn start(
        &self,
        is_ticket: IsTicket,
        tell: impl Fn(Told) + Send + Sync + 'static,
    ) -> std::io::Result<Running> {
        match self {
            Self::Pictures(spec) => {
                let one_by_one = matches!(spec, SourceSpec::Folder { .. } | SourceSpec::Files(_));
                let tell = move |event| {
                    if let Some(told) = told(event, one_by_one) {
                        tell(told);
                    }
                };
                let settings = LaneSettings { is_ticket: Some(is_ticket), ..LaneSettings::default() };
                Lane::start(spec.clone().opener(), settings, tell).map(Running::Pictures)
            }
            Self::Scanner(spec) => {
                let tell = move |heard| {
                    if let Some(told) = scanned(heard) {
                        tell(told);
                    }
                };
                Scanner::start(spec.clone(), tell).map(Running::Scanner)
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
                Counts { up: counts.up, frames: counts.frames, reads: counts.codes, steps: lane.steps() }
            }
            Self::Scanner(scanner) => {
                let counts = scanner.counts();
                Counts { up: counts.up, reads: counts.codes, ..Counts::default() }
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
        LaneEvent::Several(tickets) => Told::Several(tickets),
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

/// What there is to tell of what a scanner sent; of an empty line, nothing.
fn scanned(heard: Heard) -> Option<Told> {
    Some(match heard {
        Heard::Code(code) => Told::Code(code.text),
        Heard::Same(_) => Told::Same,
        Heard::Blank(_) => return None,
        Heard::Trouble(error) => {
            Told::Trouble { code: error.code(), what: format!("{} — {}", error.what(), error.remedy()) }
        }
        Heard::Lost(error) => {
            Told::Lost { code: error.code(), what: error.what(), why: error.why(), remedy: error.remedy() }
        }
        Heard::Back { after } => Told::Back { after },
    })
}

fn pictures(text: &str) -> Option<SourceSpec> {
    if text == "rpicam" {
        return pictures("rpicam:0");
    }
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "camera" => CameraSpec::parse(rest).map(SourceSpec::Camera),
        "rpicam" => Some(raspberry(rest.parse().ok()?)),
        "folder" => Some(SourceSpec::Folder {
            path: PathBuf::from(rest),
            after: AfterReading::MoveTo(PathBuf::from(rest).join("read")),
        }),
        "exec" => {
            let (format, command) = format(rest)?;
            let words = shlex::split(command).filter(|words| !words.is_empty())?;
            Some(SourceSpec::Program { words, format })
        }
        _ => {
            let (format, path) = format(text)?;
            (!path.is_empty()).then(|| SourceSpec::Pipe { input: input(path), format })
        }
    }
}

/// What a stream consists of, and what is behind that.
fn format(text: &str) -> Option<(PipeFormat, &str)> {
    let (kind, rest) = text.split_once(':')?;
    let sized = || {
        let (size, rest) = rest.split_once(':')?;
        Some((frames::size(size)?, rest))
    };
    match kind {
        "y4m" => Some((PipeFormat::Y4m, rest)),
        "mjpeg" => Some((PipeFormat::Mjpeg, rest)),
        "raw" => sized().map(|((width, height), rest)| (PipeFormat::Luma { width, height }, rest)),
        "yuv420" => sized().map(|((width, height), rest)| (PipeFormat::Yuv420 { width, height }, rest)),
        _ => None,
    }
}

/// A Raspberry Pi's own camera, which only its own program can work.
fn raspberry(number: u32) -> SourceSpec {
    let (width, height) = (1280, 720);
    let command = format!(
        "rpicam-vid --camera {number} --nopreview --timeout 0 --width {width} --height {height} --framerate 30 \
         --codec yuv420 --flush --output -"
    );
    let words = command.split_ascii_whitespace().map(str::to_owned).collect();
    SourceSpec::Program { words, format: PipeFormat::Yuv420 { width, height } }
}

fn input(path: &str) -> PipeInput {
    if path == "-" { PipeInput::Stdin } else { PipeInput::Path(PathBuf::from(path)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: SourceSpec) {
        assert_eq!(Source::parse(text), Some(Source::Pictures(expect)), "{text}");
    }

    #[test]
    fn sources_are_read_as_settings_name_them() {
        let pipe = |path: &str, format| SourceSpec::Pipe { input: PipeInput::Path(path.into()), format };
        let (width, height) = (640, 480);
        check("y4m:-", SourceSpec::Pipe { input: PipeInput::Stdin, format: PipeFormat::Y4m });
        check("y4m:/run/cam", pipe("/run/cam", PipeFormat::Y4m));
        check("mjpeg:/run/cam", pipe("/run/cam", PipeFormat::Mjpeg));
        check("raw:640x480:/run/cam", pipe("/run/cam", PipeFormat::Luma { width, height }));
        check("yuv420:640x480:/run/cam", pipe("/run/cam", PipeFormat::Yuv420 { width, height }));
        let after = AfterReading::MoveTo("/tmp/in/read".into());
        check("folder:/tmp/in", SourceSpec::Folder { path: "/tmp/in".into(), after });
        let camera = CameraSpec::parse("1@640x480").expect("a camera");
        check("camera:1@640x480", SourceSpec::Camera(camera));
        let scanner = ScannerSpec::Serial { path: "/dev/ttyACM0".into(), baud: 115_200 };
        assert_eq!(Source::parse("serial:/dev/ttyACM0@115200"), Some(Source::Scanner(scanner)));
    }

    #[test]
    fn a_program_is_its_words_and_what_it_writes() {
        let program = |words: &[&str], format| SourceSpec::Program {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            format,
        };
        let ffmpeg = ["ffmpeg", "-i", "rtsp://10.0.0.9/a b", "-f", "mjpeg", "-"];
        check("exec:mjpeg:ffmpeg -i 'rtsp://10.0.0.9/a b' -f mjpeg -", program(&ffmpeg, PipeFormat::Mjpeg));
        let size = PipeFormat::Luma { width: 320, height: 240 };
        check("exec:raw:320x240:/opt/cam --grey", program(&["/opt/cam", "--grey"], size));
        check("exec:y4m:cam", program(&["cam"], PipeFormat::Y4m));
        let Some(Source::Pictures(SourceSpec::Program { words, format })) = Source::parse("rpicam:1") else {
            panic!("a Raspberry Pi's camera");
        };
        assert_eq!((words[0].as_str(), words[2].as_str()), ("rpicam-vid", "1"));
        assert_eq!(format, PipeFormat::Yuv420 { width: 1280, height: 720 });
        assert_ne!(Source::parse("rpicam"), None);
    }

    #[test]
    fn what_is_no_source_is_none() {
        let wrong = "|camera|raw:640:/x|raw:axb:/x|raw:0x5:/x|tape:/x|camera:front|exec:cam|exec:mjpeg:|\
                     exec:mjpeg:'cam|exec:tape:cam|rpicam:x|y4m:|yuv420:/x";
        for wrong in wrong.split('|') {
            assert_eq!(Source::parse(wrong), None, "{wrong}");
        }
    }
}
