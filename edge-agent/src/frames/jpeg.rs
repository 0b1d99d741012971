//! JPEG as cameras stream it: where one ends and the next begins, and its brightness alone.
//!
//! Keeps true: sizes are checked before memory is taken; whatever the bytes, the result is a picture, an error of
//! that picture, or the end of the stream; no decoder's panic gets out. Colour is not computed. Frames without
//! Huffman tables, as cheap cameras send them, get the usual ones.

use std::io::{BufRead, Read};
use std::panic::catch_unwind;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::fault::few_words;
use super::{FrameError, MAX_PIXELS};
use crate::eye::Grey;

/// Largest JPEG of a stream: a frame of 4K at the best quality has half of it.
const MAX_BYTES: usize = 16 << 20;
/// Bytes before a JPEG begins that are passed over: heads of parts as cameras with a network send them, not a stream
/// of something else.
const MAX_BETWEEN: usize = 64 << 10;

/// Bytes that a stream of JPEGs consists of.
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const LONE: u8 = 0x01;

/// Marks a JPEG as one of a stream, as in AVI files: to the decoder such a one has the usual Huffman tables, unless it
/// brings its own.
const OF_A_STREAM: &[u8] = b"\xff\xe0\x00\x08AVI1\0\0";

/// The brightness of a JPEG.
pub(super) fn luma(name: &str, bytes: &[u8]) -> Result<Grey, FrameError> {
    let (start, rest) = bytes.split_at(bytes.len().min(2));
    let bytes = [start, OF_A_STREAM, rest].concat();
    let unreadable = |why: String| FrameError::Unreadable { name: name.to_owned(), why };
    let read = || {
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options);
        decoder.decode_headers().map_err(|e| unreadable(few_words(e)))?;
        let (width, height) = decoder.dimensions().unwrap_or_default();
        let pixels = width as u64 * height as u64;
        match pixels {
            0 => return Err(FrameError::Empty { name: name.to_owned() }),
            1..=MAX_PIXELS => {}
            _ => return Err(FrameError::TooLarge { name: name.to_owned(), size: pixels }),
        }
        let luma = decoder.decode().map_err(|e| unreadable(few_words(e)))?;
        let grey = Grey { width: width as u32, height: height as u32, luma };
        if grey.is_whole() { Ok(grey) } else { Err(unreadable("its brightness is not all there".to_owned())) }
    };
    catch_unwind(read).unwrap_or_else(|_| Err(unreadable("the decoder gave up".to_owned())))
}

/// The bytes of the next JPEG of a stream.
pub(super) fn next(from: &mut impl BufRead) -> Result<Vec<u8>, FrameError> {
    let mut jpeg = begin(from)?;
    let mut marker = marker(from, &mut jpeg)?;
    while marker != END {
        match marker {
            // Markers without a length: counters of restarts, one without a meaning, and a start within.
            0xd0..=START | LONE => marker = self::marker(from, &mut jpeg)?,
            _ => {
                segment(from, &mut jpeg)?;
                marker = match marker {
                    SCAN => scan(from, &mut jpeg)?,
                    _ => self::marker(from, &mut jpeg)?,
                };
            }
        }
    }
    Ok(jpeg)
}

/// Passes over what is before a JPEG.
fn begin(from: &mut impl BufRead) -> Result<Vec<u8>, FrameError> {
    let mut between = 0;
    loop {
        let passed = from.take(MAX_BETWEEN as u64).skip_until(0xff).map_err(super::pipe::ended)?;
        between += passed;
        match byte(from)? {
            START => return Ok(vec![0xff, START]),
            _ if between > MAX_BETWEEN => return Err(super::pipe::bad("there is no JPEG in it")),
            _ => {}
        }
    }
}

/// The next marker, with what it is filled up with.
fn marker(from: &mut impl BufRead, jpeg: &mut Vec<u8>) -> Result<u8, FrameError> {
    if push(from, jpeg)? != 0xff {
        return Err(super::pipe::bad("a JPEG does not go on where it should"));
    }
    loop {
        match push(from, jpeg)? {
            0xff => {}
            marker => return Ok(marker),
        }
    }
}

/// A part with its length before it.
fn segment(from: &mut impl BufRead, jpeg: &mut Vec<u8>) -> Result<(), FrameError> {
    let length = u16::from_be_bytes([push(from, jpeg)?, push(from, jpeg)?]);
    let left = u64::from(length).saturating_sub(2);
    let taken = from.take(left).read_to_end(jpeg).map_err(super::pipe::ended)?;
    if (taken as u64) < left {
        return Err(FrameError::Ended);
    }
    fits(jpeg)
}

/// The picture's own bytes; the marker behind them.
fn scan(from: &mut impl BufRead, jpeg: &mut Vec<u8>) -> Result<u8, FrameError> {
    loop {
        let room = (MAX_BYTES - jpeg.len()) as u64 + 1;
        from.take(room).read_until(0xff, jpeg).map_err(super::pipe::ended)?;
        fits(jpeg)?;
        match push(from, jpeg)? {
            // A byte of the picture that looks like a marker, and counters of restarts.
            0x00 | 0xd0..=0xd7 => {}
            0xff => {
                // Filling: the second of the two may begin a marker.
                let mut marker = 0xff;
                while marker == 0xff {
                    marker = push(from, jpeg)?;
                }
                if !matches!(marker, 0x00 | 0xd0..=0xd7) {
                    return Ok(marker);
                }
            }
            marker => return Ok(marker),
        }
    }
}

fn push(from: &mut impl BufRead, jpeg: &mut Vec<u8>) -> Result<u8, FrameError> {
    let byte = byte(from)?;
    jpeg.push(byte);
    fits(jpeg)?;
    Ok(byte)
}

fn byte(from: &mut impl BufRead) -> Result<u8, FrameError> {
    let mut byte = [0];
    from.read_exact(&mut byte).map_err(super::pipe::ended)?;
    Ok(byte[0])
}

fn fits(jpeg: &[u8]) -> Result<(), FrameError> {
    let why = || super::pipe::bad(&format!("a JPEG has more than {MAX_BYTES} bytes"));
    if jpeg.len() <= MAX_BYTES { Ok(()) } else { Err(why()) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use std::io::Cursor;

    /// A picture of one brightness, in colour as cameras send it.
    pub fn jpeg(width: u32, height: u32, level: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_pixel(width, height, image::Rgb([level; 3]));
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&picture).expect("memory takes any picture");
        bytes
    }

    fn all(bytes: &[u8]) -> (Vec<Vec<u8>>, FrameError) {
        let (mut from, mut jpegs) = (Cursor::new(bytes), Vec::new());
        loop {
            match next(&mut from) {
                Ok(jpeg) => jpegs.push(jpeg),
                Err(error) => return (jpegs, error),
            }
        }
    }

    #[test]
    fn a_stream_is_cut_where_pictures_begin_and_end_whatever_lies_between() {
        let pictures = [jpeg(64, 48, 10), jpeg(8, 8, 200), jpeg(33, 17, 99)];
        let apart = b"\r\n--part\r\nContent-Type: image/jpeg\r\n\r\n".as_slice();
        for between in [b"".as_slice(), apart, &[0xff, 0xff, 0x00], &[0; 5_000]] {
            let stream: Vec<u8> = pictures.iter().flat_map(|p| [between, p].concat()).collect();
            let (read, end) = all(&stream);
            assert_eq!(read, pictures, "{between:?}");
            assert_eq!(end, FrameError::Ended);
        }
    }

    #[test]
    fn a_small_picture_within_a_picture_does_not_end_it() {
        let (outer, inner) = (jpeg(64, 48, 10), jpeg(8, 8, 200));
        let length = (inner.len() as u16 + 2).to_be_bytes();
        let stream = [&outer[..2], &[0xff, 0xe1], &length, &inner, &outer[2..]].concat();
        assert_eq!(all(&stream).0, [stream]);
    }

    #[test]
    fn what_is_no_stream_of_jpegs_or_an_endless_one_is_told() {
        let check = |bytes: &[u8], expect| assert_eq!(all(bytes).1.code(), expect, "{} bytes", bytes.len());
        check(b"", "E-CAM-03");
        check(&jpeg(8, 8, 1)[..50], "E-CAM-03");
        check(&vec![b'x'; 3 * MAX_BETWEEN], "E-CAM-04");
        check(&vec![0xff; 3 * MAX_BETWEEN], "E-CAM-04");
        check(b"\xff\xd8\xff\xe0\x00\x04abno marker", "E-CAM-04");
        let endless = [b"\xff\xd8\xff\xda\x00\x02".as_slice(), &vec![7; MAX_BYTES]].concat();
        check(&endless, "E-CAM-04");
    }

    #[test]
    fn the_brightness_of_a_picture_is_read_and_of_one_without_tables_too() {
        let check = |bytes: &[u8], level: u8| {
            let grey = luma("a", bytes).expect("a picture");
            assert_eq!((grey.width, grey.height), (64, 48));
            assert!(grey.luma.iter().all(|p| p.abs_diff(level) <= 2), "{:?}", &grey.luma[..4]);
        };
        let whole = jpeg(64, 48, 120);
        check(&whole, 120);
        check(&without_tables(&whole), 120);
    }

    /// What cameras leave out of every frame, since it is always the same.
    pub fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let (mut kept, mut at) = (jpeg[..2].to_vec(), 2);
        while jpeg[at + 1] != SCAN {
            let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            if jpeg[at + 1] != 0xc4 {
                kept.extend_from_slice(&jpeg[at..end]);
            }
            at = end;
        }
        kept.extend_from_slice(&jpeg[at..]);
        kept
    }

    #[test]
    fn no_cut_and_no_flip_of_a_bit_ends_more_than_the_picture() {
        let whole = jpeg(40, 24, 77);
        for cut in 0..whole.len() {
            if let Ok(grey) = luma("a", &whole[..cut]) {
                assert!(grey.is_whole(), "{cut}");
            }
            let mut flipped = whole.clone();
            flipped[cut] ^= 1 << (cut % 8);
            if let Ok(grey) = luma("a", &flipped) {
                assert!(grey.is_whole(), "{cut}");
            }
        }
    }
}
