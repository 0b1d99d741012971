//! Cameras by Video4Linux: which one, in which format, and its pictures.
//!
//! Keeps true: a camera that is missing, taken, forbidden or gone is an error with its code, and the lane opens it
//! again; nothing waits for ever for a picture. [`offer`] is the choice of a format, without a camera;
//! `device` is the only file that talks to one, and is there with the feature `camera`.

#[cfg(feature = "camera")]
mod device;
mod offer;

use std::path::{Path, PathBuf};

pub use offer::{Offer, choose, listed};

use super::{FrameError, FrameSource};

/// A camera as settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraSpec {
    /// Its device.
    pub path: PathBuf,
    /// Its pictures' width and height; chosen if absent.
    pub size: Option<(u32, u32)>,
    /// What is set on it.
    pub controls: Controls,
}

/// What is set on a camera that has it; the rest it does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    /// How far away is sharp, in the camera's own units.
    pub focus: Dial,
    /// How long a picture is exposed, in tenths of milliseconds.
    pub exposure: Dial,
    /// Its lamp.
    pub torch: bool,
}

/// Something that a camera does by itself, unless it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dial {
    /// By itself.
    #[default]
    Auto,
    /// Set to this.
    At(i32),
}

/// A camera that is there.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its device.
    pub path: PathBuf,
    /// A name for it that stays when it is plugged in elsewhere.
    pub lasting: Option<PathBuf>,
    /// What it calls itself.
    pub name: String,
    /// What it offers, or why that is not known.
    pub offers: Result<Vec<Offer>, FrameError>,
    /// Other formats, which are not understood.
    pub others: Vec<String>,
    /// What can be set on it: focus, exposure, torch.
    pub controls: Vec<&'static str>,
}

impl CameraSpec {
    /// Reads `0`, `/dev/video0` or a lasting name, with `@WxH` and `?focus=N&exposure=N&torch=on` behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let (text, controls) = match text.split_once('?') {
            Some((text, controls)) => (text, Controls::parse(controls)?),
            None => (text, Controls::default()),
        };
        let (path, size) = match text.rsplit_once('@') {
            Some((path, size)) => (path, Some(super::size(size)?)),
            None => (text, None),
        };
        let number = !path.is_empty() && path.bytes().all(|b| b.is_ascii_digit());
        let path = if number { format!("/dev/video{path}") } else { path.to_owned() };
        Path::new(&path).is_absolute().then_some(Self { path: path.into(), size, controls })
    }
}

impl Controls {
    fn parse(text: &str) -> Option<Self> {
        let mut controls = Self::default();
        for part in text.split('&') {
            match part.split_once('=')? {
                ("focus", dial) => controls.focus = Dial::parse(dial)?,
                ("exposure", dial) => controls.exposure = Dial::parse(dial)?,
                ("torch", "on") => controls.torch = true,
                ("torch", "off") => controls.torch = false,
                _ => return None,
            }
        }
        Some(controls)
    }
}

impl Dial {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            number => number.parse().ok().map(Self::At),
        }
    }
}

/// Opens a camera.
#[cfg(feature = "camera")]
pub fn open(spec: &CameraSpec) -> Result<Box<dyn FrameSource>, FrameError> {
    Ok(Box::new(device::Camera::open(spec)?))
}

/// The cameras that are there.
#[cfg(feature = "camera")]
pub fn list() -> Result<Vec<Found>, FrameError> {
    Ok(device::list())
}

/// Without cameras in the program, none opens.
#[cfg(not(feature = "camera"))]
pub fn open(_: &CameraSpec) -> Result<Box<dyn FrameSource>, FrameError> {
    Err(FrameError::NotBuilt)
}

/// Without cameras in the program, none is known.
#[cfg(not(feature = "camera"))]
pub fn list() -> Result<Vec<Found>, FrameError> {
    Err(FrameError::NotBuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_is_named_by_number_or_by_device_with_size_and_settings_behind_it() {
        let check = |text: &str, path: &str, size, controls| {
            assert_eq!(CameraSpec::parse(text), Some(CameraSpec { path: path.into(), size, controls }), "{text}");
        };
        let itself = Controls::default();
        check("0", "/dev/video0", None, itself);
        check("/dev/video12@640x480", "/dev/video12", Some((640, 480)), itself);
        let near = Controls { focus: Dial::At(30), torch: true, ..itself };
        check("1@1920x1080?focus=30&torch=on", "/dev/video1", Some((1920, 1080)), near);
        let lasting = "/dev/v4l/by-id/usb-046d_C920-video-index0";
        check(&format!("{lasting}?exposure=auto"), lasting, None, itself);
        for wrong in ["", "front", "0@", "0@0x480", "0@640", "0?", "0?zoom=1", "0?focus=near", "0?torch=yes"] {
            assert_eq!(CameraSpec::parse(wrong), None, "{wrong}");
        }
    }
}
