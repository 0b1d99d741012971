//! How a camera lays out its pictures in memory, and the brightness in them.
//!
//! Keeps true: the brightness is copied as it is, without computing colours; bytes that are fewer than the layout
//! asks for are an error of that picture. Which layouts there are is said here and nowhere else.

use super::FrameError;
use crate::eye::Grey;

/// A layout that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// One byte a pixel.
    Grey,
    /// A plane of brightness, then one of colour.
    Nv12,
    /// The same with the colours the other way round.
    Nv21,
    /// A plane of brightness, then two of colour.
    Yuv420,
    /// Brightness and colour in turn.
    Yuyv,
    /// Colour and brightness in turn.
    Uyvy,
    /// A JPEG.
    Mjpeg,
}

/// Every layout, the one that costs least first.
pub const LAYOUTS: [Layout; 7] =
    [Layout::Grey, Layout::Nv12, Layout::Nv21, Layout::Yuv420, Layout::Yuyv, Layout::Uyvy, Layout::Mjpeg];

impl Layout {
    /// Its four characters in Video4Linux.
    pub fn fourcc(self) -> &'static [u8; 4] {
        match self {
            Layout::Grey => b"GREY",
            Layout::Nv12 => b"NV12",
            Layout::Nv21 => b"NV21",
            Layout::Yuv420 => b"YU12",
            Layout::Yuyv => b"YUYV",
            Layout::Uyvy => b"UYVY",
            Layout::Mjpeg => b"MJPG",
        }
    }

    /// The layout with these four characters.
    pub fn of(fourcc: &[u8; 4]) -> Option<Layout> {
        LAYOUTS.into_iter().find(|layout| layout.fourcc() == fourcc)
    }

    /// The brightness of a picture; `stride` is the bytes from one row to the next.
    pub fn luma(self, name: &str, size: (u32, u32), stride: usize, bytes: &[u8]) -> Result<Grey, FrameError> {
        let (width, height) = size;
        let row = |wide: usize| width as usize * wide;
        let luma = match self {
            Layout::Mjpeg => return super::jpeg::luma(name, bytes),
            Layout::Grey | Layout::Nv12 | Layout::Nv21 | Layout::Yuv420 => {
                rows(bytes, stride.max(row(1)), row(1), height, |row, luma| luma.extend_from_slice(row))
            }
            Layout::Yuyv => rows(bytes, stride.max(row(2)), row(2), height, |row, luma| {
                luma.extend(row.as_chunks::<2>().0.iter().map(|pair| pair[0]));
            }),
            Layout::Uyvy => rows(bytes, stride.max(row(2)), row(2), height, |row, luma| {
                luma.extend(row.as_chunks::<2>().0.iter().map(|pair| pair[1]));
            }),
        };
        let short =
            || FrameError::Unreadable { name: name.to_owned(), why: format!("it has {} bytes", bytes.len()) };
        Ok(Grey { width, height, luma: luma.ok_or_else(short)? })
    }
}

/// Rows as they lie in memory, each handed over; `None` where there are too few bytes. The last needs no padding.
fn rows(
    bytes: &[u8],
    stride: usize,
    wide: usize,
    height: u32,
    mut take: impl FnMut(&[u8], &mut Vec<u8>),
) -> Option<Vec<u8>> {
    let mut luma = Vec::with_capacity(wide * height as usize);
    for row in 0..height as usize {
        take(bytes.get(row * stride..)?.get(..wide)?, &mut luma);
    }
    Some(luma)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brightness_is_found_in_every_layout() {
        let check = |layout: Layout, stride, bytes: &[u8]| {
            let grey = layout.luma("1", (2, 2), stride, bytes);
            assert_eq!(grey.map(|g| g.luma), Ok(b"abcd".to_vec()), "{layout:?} with {stride}");
        };
        check(Layout::Grey, 2, b"abcd");
        check(Layout::Grey, 0, b"abcd");
        check(Layout::Grey, 4, b"ab..cd");
        check(Layout::Nv12, 2, b"abcdUV");
        check(Layout::Nv21, 3, b"ab.cd.VU.");
        check(Layout::Yuv420, 2, b"abcdUV");
        check(Layout::Yuyv, 4, b"aUbVcUdV");
        check(Layout::Yuyv, 6, b"aUbV..cUdV..");
        check(Layout::Uyvy, 4, b"UaVbUcVd");
    }

    #[test]
    fn a_picture_with_too_few_bytes_is_refused_in_every_layout() {
        for layout in LAYOUTS {
            let error = layout.luma("1", (640, 480), 640, &[0; 1_000]).expect_err("too few");
            assert_eq!(error.code(), "E-CAM-05", "{layout:?}");
            assert_eq!(Layout::of(layout.fourcc()), Some(layout));
        }
    }
}
