//! One Video4Linux camera, by the crate that wraps its calls.
//!
//! Keeps true: whatever a driver answers is an error of this source; a picture is waited for no longer than
//! [`SILENCE`]; buffers that a driver marks as broken are errors of one picture.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use v4l::buffer::{Flags, Type};
use v4l::control::{Control, Value};
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::io::traits::CaptureStream;
use v4l::prelude::MmapStream;
use v4l::v4l_sys as id;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC, Fraction};

use super::super::layout::Layout;
use super::{CameraSpec, Dial, Found, Offer, choose, listed};
use crate::frames::{Frame, FrameError, FrameSource, MAX_PIXELS, Tempo};

/// How long a picture is waited for: by then people are told, and the camera is opened again.
const SILENCE: Duration = Duration::from_millis(1_900);
/// Pictures that the driver may hold ahead: one is filled while one is read.
const BUFFERS: u32 = 3;
/// The size that is asked of a camera that offers every size.
const USUAL: (u32, u32) = (1280, 720);
/// Pictures a second asked for where any number is offered.
const USUAL_FPS: f32 = 30.0;

/// Values of controls, as Video4Linux numbers them.
const EXPOSURE_BY_ITSELF: [i64; 2] = [3, 0];
const EXPOSURE_BY_HAND: i64 = 1;
const TORCH_ON: i64 = 2;
const TORCH_OFF: i64 = 0;

/// What the system says of a camera that is gone, is taken, or is none.
const GONE: i32 = 19;
const BUSY: i32 = 16;
const NO_SUCH_CALL: i32 = 25;

/// An open camera.
pub struct Camera {
    path: PathBuf,
    stream: Option<MmapStream<'static>>,
    layout: Layout,
    size: (u32, u32),
    stride: usize,
    frames: u64,
}

impl Camera {
    /// Opens it in the format that suits best, and sets what is to be set.
    pub fn open(spec: &CameraSpec) -> Result<Camera, FrameError> {
        let path = spec.path.as_path();
        let device = Device::with_path(path).map_err(|e| fault(path, &e))?;
        let (offers, others) = offers(path, &device, spec.size)?;
        let no_format = || FrameError::NoFormat { path: path.to_owned(), offers: listed(&offers, &others) };
        let offer = choose(&offers, spec.size).ok_or_else(no_format)?;
        let wanted = Format::new(offer.width, offer.height, FourCC::new(offer.layout.fourcc()));
        let format = device.set_format(&wanted).map_err(|e| fault(path, &e))?;
        let layout = Layout::of(&format.fourcc.repr).ok_or_else(no_format)?;
        let size = (format.width, format.height);
        if spec.size.is_some_and(|asked| asked != size) {
            return Err(no_format());
        }
        // Cameras that know one rate refuse to be told.
        let _ = device.set_params(&Parameters::new(Fraction::new(1_000, (offer.fps * 1_000.0) as u32)));
        set_controls(&device, spec);
        let mut stream =
            MmapStream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(|e| fault(path, &e))?;
        stream.set_timeout(SILENCE);
        tracing::info!(camera = %path.display(), %offer, "camera opened");
        let stride = if layout == Layout::Mjpeg { 0 } else { format.stride as usize };
        Ok(Camera { path: path.to_owned(), stream: Some(stream), layout, size, stride, frames: 0 })
    }
}

impl FrameSource for Camera {
    fn next(&mut self) -> Result<Frame, FrameError> {
        let path = &self.path;
        let stream = self.stream.as_mut().ok_or(FrameError::Ended)?;
        let (bytes, about) = stream.next().map_err(|e| fault(path, &e))?;
        self.frames += 1;
        let name = self.frames.to_string();
        let used = (about.bytesused as usize).min(bytes.len());
        if about.flags.contains(Flags::ERROR) || used == 0 {
            return Err(FrameError::Unreadable { name, why: "the camera marks it as broken".to_owned() });
        }
        let grey = self.layout.luma(&name, self.size, self.stride, &bytes[..used])?;
        Ok(Frame { name, grey })
    }

    fn tempo(&self) -> Tempo {
        Tempo::Live
    }

    fn is_camera(&self) -> bool {
        true
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        let stream = self.stream.take();
        // It panics where the driver does not take its buffers back, as some do not once unplugged.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(stream)));
    }
}

/// What an error of the system means for a camera.
fn fault(path: &Path, error: &std::io::Error) -> FrameError {
    let path = path.to_owned();
    match (error.kind(), error.raw_os_error()) {
        (ErrorKind::TimedOut, _) => FrameError::Silent { ms: SILENCE.as_millis() as u64, unread: None },
        (ErrorKind::PermissionDenied, _) => FrameError::NotAllowed { path },
        (_, Some(BUSY)) => FrameError::InUse { path },
        (_, Some(GONE)) => FrameError::Gone { path, why: "it was unplugged".to_owned() },
        (_, Some(NO_SUCH_CALL)) => FrameError::NotACamera { path, why: "it is no Video4Linux device".to_owned() },
        _ => FrameError::Gone { path, why: error.to_string() },
    }
}

/// What it offers that is understood, and the names of the rest. Of a camera with sizes in steps it is the one nearest
/// to what is asked for, or to what is usual.
fn offers(
    path: &Path,
    device: &Device,
    asked: Option<(u32, u32)>,
) -> Result<(Vec<Offer>, Vec<String>), FrameError> {
    let why = "it takes no pictures: it is an output, or delivers only what describes them";
    let formats = device.enum_formats().map_err(|error| match error.raw_os_error() {
        Some(BUSY | GONE | NO_SUCH_CALL) => fault(path, &error),
        _ => FrameError::NotACamera { path: path.to_owned(), why: why.to_owned() },
    })?;
    if formats.is_empty() {
        return Err(FrameError::NotACamera { path: path.to_owned(), why: why.to_owned() });
    }
    let (mut offers, mut others) = (Vec::new(), Vec::new());
    for format in formats {
        let Some(layout) = Layout::of(&format.fourcc.repr) else {
            others.push(String::from_utf8_lossy(&format.fourcc.repr).trim().to_owned());
            continue;
        };
        for (width, height) in sizes(device, format.fourcc, asked.unwrap_or(USUAL)) {
            let fps = rate(device, format.fourcc, width, height);
            offers.push(Offer { layout, width, height, fps });
        }
    }
    Ok((offers, others))
}

fn sizes(device: &Device, fourcc: FourCC, wanted: (u32, u32)) -> Vec<(u32, u32)> {
    let mut sizes = Vec::new();
    for offered in device.enum_framesizes(fourcc).unwrap_or_default() {
        match offered.size {
            FrameSizeEnum::Discrete(size) => sizes.push((size.width, size.height)),
            FrameSizeEnum::Stepwise(s) => {
                let near = |wanted: u32, least: u32, most: u32, step: u32| {
                    let within = wanted.clamp(least, most.max(least));
                    least + (within - least) / step.max(1) * step.max(1)
                };
                let width = near(wanted.0, s.min_width, s.max_width, s.step_width);
                sizes.push((width, near(wanted.1, s.min_height, s.max_height, s.step_height)));
            }
        }
    }
    if sizes.is_empty() {
        // A driver that does not say: it will, once it is asked for one.
        sizes.extend(device.format().ok().map(|now| (now.width, now.height)));
    }
    sizes.retain(|&(width, height)| u64::from(width) * u64::from(height) <= MAX_PIXELS);
    sizes
}

/// The most pictures a second of a format, as far as they are of use.
fn rate(device: &Device, fourcc: FourCC, width: u32, height: u32) -> f32 {
    let fps = |interval: &Fraction| interval.denominator as f32 / (interval.numerator as f32).max(1.0);
    let of = |offered: &FrameIntervalEnum| match offered {
        FrameIntervalEnum::Discrete(interval) => fps(interval),
        FrameIntervalEnum::Stepwise(range) => fps(&range.min).min(USUAL_FPS),
    };
    let offered = device.enum_frameintervals(fourcc, width, height).unwrap_or_default();
    let useful = offered.iter().map(|offer| of(&offer.interval)).filter(|fps| *fps <= USUAL_FPS + 0.5);
    let best = useful.fold(0.0, f32::max);
    match offered.is_empty() {
        true => device.params().map_or(USUAL_FPS, |now| fps(&now.interval)),
        false if best > 0.0 => best,
        // All are quicker than needed.
        false => offered.iter().map(|offer| of(&offer.interval)).fold(f32::MAX, f32::min),
    }
}

/// Sets what the camera has of it. What it does not take stays as it is: pictures matter more.
fn set_controls(device: &Device, spec: &CameraSpec) {
    let set = |id: u32, value: i64| {
        device.set_control(Control { id, value: Value::Integer(value) }).inspect_err(|error| {
            tracing::debug!(camera = %spec.path.display(), id, value, %error, "not set");
        })
    };
    match spec.controls.exposure {
        Dial::Auto => {
            // The names of drivers for "by itself" differ: with the aperture, or everything.
            let _ = EXPOSURE_BY_ITSELF.iter().any(|&by| set(id::V4L2_CID_EXPOSURE_AUTO, by).is_ok());
            // In the dark, darker pictures are better than fewer.
            let _ = set(id::V4L2_CID_EXPOSURE_AUTO_PRIORITY, 0);
        }
        Dial::At(tenths) => {
            let _ = set(id::V4L2_CID_EXPOSURE_AUTO, EXPOSURE_BY_HAND);
            let _ = set(id::V4L2_CID_EXPOSURE_ABSOLUTE, tenths.into());
        }
    }
    match spec.controls.focus {
        Dial::Auto => drop(set(id::V4L2_CID_FOCUS_AUTO, 1)),
        Dial::At(place) => {
            let _ = set(id::V4L2_CID_FOCUS_AUTO, 0);
            let _ = set(id::V4L2_CID_FOCUS_ABSOLUTE, place.into());
        }
    }
    let _ = set(id::V4L2_CID_FLASH_LED_MODE, if spec.controls.torch { TORCH_ON } else { TORCH_OFF });
}

/// The cameras that are there, by the number of their device.
pub fn list() -> Vec<Found> {
    let mut numbers: Vec<u32> = std::fs::read_dir("/sys/class/video4linux")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("video")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let found = numbers.into_iter().map(|number| look(number, Path::new(&format!("/dev/video{number}"))));
    // Outputs, and what only describes pictures, are no cameras.
    found.filter(|found| !matches!(found.offers, Err(FrameError::NotACamera { .. }))).collect()
}

fn look(number: u32, path: &Path) -> Found {
    let name = std::fs::read_to_string(format!("/sys/class/video4linux/video{number}/name"));
    let mut found = Found {
        path: path.to_owned(),
        lasting: lasting(path),
        name: name.map(|name| name.trim().to_owned()).unwrap_or_default(),
        offers: Ok(Vec::new()),
        others: Vec::new(),
        controls: Vec::new(),
    };
    let looked = catch_unwind(|| {
        let device = Device::with_path(path).map_err(|e| fault(path, &e))?;
        let has = |id: u32| device.control(id).is_ok();
        let controls = [
            ("focus", id::V4L2_CID_FOCUS_ABSOLUTE),
            ("exposure", id::V4L2_CID_EXPOSURE_ABSOLUTE),
            ("torch", id::V4L2_CID_FLASH_LED_MODE),
        ];
        let controls = controls.into_iter().filter(|&(_, id)| has(id)).map(|(name, _)| name).collect();
        offers(path, &device, None).map(|(offers, others)| (offers, others, controls))
    });
    match looked {
        Ok(Ok((offers, others, controls))) => {
            (found.offers, found.others, found.controls) = (Ok(offers), others, controls)
        }
        Ok(Err(error)) => found.offers = Err(error),
        Err(_) => {
            let why = "its driver's answers are not understood".to_owned();
            found.offers = Err(FrameError::Gone { path: path.to_owned(), why });
        }
    }
    found
}

/// A link to it that names the thing and not the order in which things were plugged in.
fn lasting(path: &Path) -> Option<PathBuf> {
    let same = |link: &PathBuf| std::fs::canonicalize(link).is_ok_and(|to| to == path);
    ["/dev/v4l/by-id", "/dev/v4l/by-path"]
        .into_iter()
        .find_map(|folder| std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find(same))
}
