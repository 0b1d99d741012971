//! Picture files: PNG, JPEG and PGM, by content and not by name.
//!
//! Keeps true: a file is looked at before it is decoded (its size, then its pixels), decoding
//! has a memory limit and runs behind `catch_unwind`; whatever the bytes, the result is a picture
//! or an error of that picture. It does not turn pictures by their camera's notes: a code reads
//! the same any way up.

use std::collections::VecDeque;
use std::io::{Cursor, Read};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use image::{ImageReader, Limits};

use super::fault::few_words;
use super::{Frame, FrameError, FrameSource, MAX_PIXELS, Tempo};
use crate::eye::Grey;

/// Largest picture file: an uncompressed grey picture of the largest size, and some.
const MAX_FILE_BYTES: u64 = MAX_PIXELS + 1_000_000;
/// Memory one decode may take: colour and alpha at two bytes each, for the largest picture.
const MAX_DECODE_BYTES: u64 = 8 * MAX_PIXELS;

/// Files read one after the other, once.
pub struct Files {
    left: VecDeque<PathBuf>,
}

impl Files {
    /// In the order given.
    pub fn new(paths: Vec<PathBuf>) -> Files {
        Files { left: paths.into() }
    }
}

impl FrameSource for Files {
    fn next(&mut self) -> Result<Frame, FrameError> {
        let path = self.left.pop_front().ok_or(FrameError::Ended)?;
        let grey = picture_from_file(&path)?;
        Ok(Frame { name: name_of(&path), grey })
    }

    fn tempo(&self) -> Tempo {
        Tempo::InTurn
    }
}

/// A file's name for people.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The picture in a file.
pub fn picture_from_file(path: &Path) -> Result<Grey, FrameError> {
    let name = name_of(path);
    let failed = |e: std::io::Error| FrameError::Unreadable { name: name.clone(), why: e.to_string() };
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(FrameError::Unreadable { name, why: "it is not a file".to_owned() });
    }
    if about.len() > MAX_FILE_BYTES {
        return Err(FrameError::TooLarge { name, size: about.len() });
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read; the limit holds all the same.
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    picture_from_bytes(&name, &bytes)
}

/// The picture in a file's bytes.
pub fn picture_from_bytes(name: &str, bytes: &[u8]) -> Result<Grey, FrameError> {
    picture_within(name, bytes, MAX_PIXELS)
}

/// The same, where no more than `most` pixels are taken: for bytes that a stranger sends.
pub fn picture_within(name: &str, bytes: &[u8], most: u64) -> Result<Grey, FrameError> {
    let unreadable = |why: String| FrameError::Unreadable { name: name.to_owned(), why };
    if bytes.is_empty() {
        return Err(FrameError::Empty { name: name.to_owned() });
    }
    let reader = || {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_DECODE_BYTES);
        reader.limits(limits);
        Ok::<_, std::io::Error>(reader)
    };
    let size = || reader().map_err(image::ImageError::IoError)?.into_dimensions();
    let (width, height) = guarded(size).map_err(unreadable)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(FrameError::Empty { name: name.to_owned() });
    }
    if pixels > most {
        return Err(FrameError::TooLarge { name: name.to_owned(), size: pixels });
    }
    let decode = || reader().map_err(image::ImageError::IoError)?.decode().map(image::DynamicImage::into_luma8);
    let picture = guarded(decode).map_err(unreadable)?;
    let (width, height) = picture.dimensions();
    Ok(Grey { width, height, luma: picture.into_raw() })
}

/// A decoder's panic is one more way of not being able to read.
fn guarded<T>(read: impl Fn() -> image::ImageResult<T>) -> Result<T, String> {
    match catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(few_words),
        Err(_) => Err("the decoder gave up".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pgm_is_read() {
        let grey = picture_from_bytes("a.pgm", b"P5 2 1 255 \x10\xf0").expect("a whole PGM");
        assert_eq!(grey, Grey { width: 2, height: 1, luma: vec![0x10, 0xf0] });
    }

    #[test]
    fn a_picture_without_content_is_empty() {
        let empty = FrameError::Empty { name: "a".to_owned() };
        assert_eq!(picture_from_bytes("a", b""), Err(empty));
    }

    #[test]
    fn a_huge_picture_is_refused_by_its_header() {
        let huge = picture_from_bytes("a", b"P5 100000 100000 255 x");
        assert_eq!(huge, Err(FrameError::TooLarge { name: "a".to_owned(), size: 10_000_000_000 }));
    }

    /// A JPEG at which the decoder reaches beyond its own buffer.
    const PANICKING: &str = "ffd8ffe000104a46494600010200000100010000ffc0001108000800f003011100021101032301ffdb00430008\
        0606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d1a1c1c20242e2720222c231c1c2833\
        292c30313434341f27393d38323c2e333432ffdb0043010909090c0b0c180d0d1832211c213232323232323232\
        323250373232323232323232323232323232323232323232323232323232323232323232c4323232323239ffc4\
        001f0000010501010101010100000000000000000102030405060708090a0bffc400b510000201030302040305\
        0504040000017d010203000411051221304106135d001108000800f00301111412213141061351610722711432\
        8191a1300400000000000000494454482038191a25363738bfc52bbbbab9b8b7494a535455565758595a636465\
        66676869ffe1747576777850cddfcee7322031898a92939495969798999aa2a3a4a5a6a7a8a9aa3232323232c4\
        323232323239ffc4001f000001050101010101010000000000000000010203040506070809f2f3f4f5f6f7f8f9\
        faffda0008010100003f6265787820242e2720222c231c00b510000400ffd8ffe000104a4649460000";

    #[test]
    fn a_picture_at_which_the_decoder_panics_is_one_that_cannot_be_read() {
        let jpeg = data_encoding::HEXLOWER.decode(PANICKING.as_bytes()).expect("hex");
        let why = "the decoder gave up".to_owned(); // a later decoder may have more to say
        assert_eq!(picture_from_bytes("a", &jpeg), Err(FrameError::Unreadable { name: "a".to_owned(), why }));
    }

    #[test]
    fn what_a_file_says_is_not_repeated_at_length() {
        let endless = [b"P7\nWIDTH 8\nHE".as_slice(), &[b'x'; 100_000]].concat();
        let error = picture_from_bytes("a", &endless).expect_err("it has no height");
        assert!(error.to_string().len() < 500, "{} bytes", error.to_string().len());
    }

    #[test]
    fn broken_bytes_are_unreadable_wherever_they_break() {
        let mut png = Cursor::new(Vec::new());
        let picture = image::GrayImage::from_pixel(40, 30, image::Luma([99]));
        picture.write_to(&mut png, image::ImageFormat::Png).expect("memory takes any picture");
        let png = png.into_inner();
        assert!(picture_from_bytes("a", &png).is_ok());
        for cut in 1..png.len() - 12 {
            let cut = picture_from_bytes("a", &png[..cut]);
            assert!(matches!(cut, Err(FrameError::Unreadable { .. })), "{cut:?}");
        }
    }

    #[test]
    fn a_folder_or_a_missing_file_is_an_error_of_that_picture() {
        for path in ["/", "/no/such/file.png"] {
            let error = picture_from_file(Path::new(path)).expect_err("there is no picture");
            assert!(!error.ends_source() && error.code() == "E-CAM-05");
        }
    }

    #[test]
    fn files_end_after_the_last_and_survive_a_bad_one() {
        let mut files = Files::new(vec!["/no/such/file.png".into()]);
        assert!(matches!(files.next(), Err(FrameError::Unreadable { .. })));
        assert_eq!(files.next(), Err(FrameError::Ended));
    }
}
