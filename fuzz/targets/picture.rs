//! Target `picture`: files and streams from cameras, phones and folders.
//!
//! Claims: whatever the bytes, a whole picture within the limit or an error of that picture with its code; a
//! stream gives whole frames until it ends; no decoder's panic gets out. Memory and time are held to the
//! limits that `fuzz/run` gives.
//!
//! Pictures beyond [`SMALL`] pixels are only looked at, not decoded, unless `FUZZ_LARGE` is set: a header of
//! a few bytes may ask for fifty million pixels, and a run of millions is to reach the decoders' own branches.

#![no_main]

use image::ImageReader;
use libfuzzer_sys::{Corpus, fuzz_target};
use std::io::Cursor;
use std::sync::LazyLock;
use tidegate_fuzz::eye::Grey;
use tidegate_fuzz::frames::{FrameError, FrameSource, MAX_PIXELS, Pipe, PipeFormat, picture_from_bytes};
use tidegate_fuzz::shape::Input;

const SMALL: u64 = 64 * 64;
/// Frames taken from one stream: the layout is judged once, the rest repeats.
const MAX_FRAMES: usize = 4;

static MAX_DECODED: LazyLock<u64> =
    LazyLock::new(|| if std::env::var_os("FUZZ_LARGE").is_some() { MAX_PIXELS } else { SMALL });

fuzz_target!(init: tidegate_fuzz::allow_caught_panics(), |bytes: &[u8]| -> Corpus {
    let mut input = Input(bytes);
    match input.byte() % 8 {
        0..=4 => file(input.0),
        5 => if small(input.0) { stream(input.0, PipeFormat::Mjpeg) } else { Corpus::Reject },
        6 => stream(input.0, PipeFormat::Y4m),
        _ => {
            let (width, height) = (u32::from(input.byte()), u32::from(input.byte()));
            stream(input.0, PipeFormat::Luma { width, height })
        }
    }
});

fn size_of(bytes: &[u8]) -> Option<(u32, u32)> {
    let size = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    size.and_then(|reader| std::panic::catch_unwind(|| reader.into_dimensions().ok()).ok().flatten())
}

/// Whether its first picture is one that is decoded here, or refused.
fn small(bytes: &[u8]) -> bool {
    let pixels = size_of(bytes).map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    !(*MAX_DECODED + 1..=MAX_PIXELS).contains(&pixels)
}

fn file(bytes: &[u8]) -> Corpus {
    if !small(bytes) {
        return Corpus::Reject;
    }
    let size = size_of(bytes);
    match picture_from_bytes("a", bytes) {
        Ok(grey) => {
            whole(&grey);
            assert_eq!(Some((grey.width, grey.height)), size);
        }
        Err(error) => of_one_picture(&error),
    }
    Corpus::Keep
}

fn stream(bytes: &[u8], format: PipeFormat) -> Corpus {
    let mut pipe = match Pipe::over(Box::new(Cursor::new(bytes.to_vec())), format) {
        Ok(pipe) => pipe,
        Err(error) => {
            assert!(error.ends_source(), "{error}");
            return Corpus::Keep;
        }
    };
    for _ in 0..MAX_FRAMES {
        match pipe.next() {
            Ok(frame) => whole(&frame.grey),
            // Of a stream of JPEGs one may be bad, and the next is read.
            Err(error) if !error.ends_source() => of_one_picture(&error),
            Err(_) => break,
        }
    }
    Corpus::Keep
}

fn whole(grey: &Grey) {
    assert!(grey.is_whole() && !grey.luma.is_empty() && grey.luma.len() as u64 <= MAX_PIXELS);
}

fn of_one_picture(error: &FrameError) {
    assert!(!error.ends_source() && error.code().starts_with("E-CAM-"), "{error}");
    assert!(error.to_string().len() < 2_000, "bytes of a stranger are repeated at length");
}
