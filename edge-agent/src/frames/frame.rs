//! One picture, and what delivers pictures.
//!
//! Nothing here knows a format, a file or the eye's work: every source and the lane build on it.

use super::FrameError;
use crate::eye::Grey;

/// Most pixels of a picture: the largest phone cameras' usual pictures have 50 million. More is
/// refused before it is decoded, since decoding takes four bytes a pixel and more.
pub const MAX_PIXELS: u64 = 50_000_000;

/// One picture from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The file's name, or the number within the stream.
    pub name: String,
    /// The picture.
    pub grey: Grey,
}

/// How a source's pictures relate to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tempo {
    /// A camera: only the newest picture matters, and silence is a fault.
    Live,
    /// Pictures put there one by one: each is read in turn, and silence is normal.
    InTurn,
}

/// Something that delivers pictures.
pub trait FrameSource: Send {
    /// The next picture; blocks until there is one, or something to say about the lack of it.
    /// Errors for which [`FrameError::ends_source`] is false concern one picture: call again.
    fn next(&mut self) -> Result<Frame, FrameError>;

    /// Whether its pictures are live.
    fn tempo(&self) -> Tempo;

    /// Whether a sensor makes them, whose pictures are never black or alike while all is well.
    fn is_camera(&self) -> bool {
        false
    }
}
