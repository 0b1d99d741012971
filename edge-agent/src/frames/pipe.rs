//! Streams of pictures: Y4M, MJPEG or raw, from a FIFO, a file or standard input.
//!
//! Keeps true: only the luma of a frame is kept; sizes are checked against the limit before
//! memory is taken; a stream that is not what it says ends with an error and never a panic. It
//! does not resynchronise within a stream: the lane opens it again.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Stdin, copy, sink};
use std::path::{Path, PathBuf};

use super::{Frame, FrameError, FrameSource, MAX_PIXELS, Tempo, jpeg};
use crate::eye::Grey;

/// Longest header line; real ones have fewer than 100 bytes.
const MAX_LINE: u64 = 512;

/// From where a stream comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipeInput {
    /// Standard input.
    Stdin,
    /// A FIFO, which is opened again when its writer is gone, or a file, which is read once.
    Path(PathBuf),
}

impl PipeInput {
    /// Whether there is nothing more to come after its end.
    pub(super) fn once(&self) -> bool {
        match self {
            PipeInput::Stdin => true,
            PipeInput::Path(path) => path.is_file(),
        }
    }
}

/// How the bytes of a stream are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeFormat {
    /// YUV4MPEG2: mono, 420, 422 or 444 with eight bits.
    Y4m,
    /// One byte a pixel, nothing between frames.
    Luma {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The same with two planes of colour behind it, each of half the width and half the height.
    Yuv420 {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// JPEGs one after the other, whatever lies between them.
    Mjpeg,
}

/// An open stream.
pub struct Pipe {
    from: Box<dyn BufRead + Send>,
    /// Nothing where each frame says itself how large it is.
    layout: Option<Layout>,
    frames: u64,
}

/// What one frame's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    width: u32,
    height: u32,
    /// Bytes of colour after the luma.
    colour: u64,
    /// Whether a line stands before each frame.
    headed: bool,
}

impl Pipe {
    /// Opens a stream; a FIFO blocks until it has a writer.
    pub fn open(input: &PipeInput, format: PipeFormat) -> Result<Pipe, FrameError> {
        let from: Box<dyn BufRead + Send> = match input {
            PipeInput::Stdin => Box::new(BufReader::new(StdinReader(std::io::stdin()))),
            PipeInput::Path(path) => Box::new(BufReader::new(open(path)?)),
        };
        Pipe::over(from, format)
    }

    /// A stream that is open already.
    pub fn over(mut from: Box<dyn BufRead + Send>, format: PipeFormat) -> Result<Pipe, FrameError> {
        let layout = match format {
            PipeFormat::Luma { width, height } => Layout { width, height, colour: 0, headed: false },
            PipeFormat::Yuv420 { width, height } => {
                Layout { width, height, colour: colour_420(width, height), headed: false }
            }
            PipeFormat::Y4m => y4m_layout(&line(&mut from)?)?,
            PipeFormat::Mjpeg => return Ok(Pipe { from, layout: None, frames: 0 }),
        };
        let pixels = u64::from(layout.width) * u64::from(layout.height);
        match pixels {
            0 => Err(bad("a frame has no pixels")),
            1..=MAX_PIXELS => Ok(Pipe { from, layout: Some(layout), frames: 0 }),
            _ => Err(bad(&format!("a frame has {pixels} pixels; the limit is {MAX_PIXELS}"))),
        }
    }
}

impl FrameSource for Pipe {
    fn next(&mut self) -> Result<Frame, FrameError> {
        let name = (self.frames + 1).to_string();
        let grey = match self.layout {
            None => {
                let jpeg = jpeg::next(&mut self.from)?;
                self.frames += 1;
                jpeg::luma(&name, &jpeg)?
            }
            Some(layout) => {
                let grey = raw(&mut self.from, layout)?;
                self.frames += 1;
                grey
            }
        };
        Ok(Frame { name, grey })
    }

    fn tempo(&self) -> Tempo {
        Tempo::Live
    }
}

fn raw(from: &mut impl BufRead, layout: Layout) -> Result<Grey, FrameError> {
    if layout.headed && !line(from)?.starts_with("FRAME") {
        return Err(bad("a frame does not begin where it should"));
    }
    let Layout { width, height, colour, .. } = layout;
    let mut luma = vec![0; width as usize * height as usize];
    from.read_exact(&mut luma).map_err(ended)?;
    let skipped = copy(&mut from.by_ref().take(colour), &mut sink()).map_err(ended)?;
    if skipped < colour {
        return Err(FrameError::Ended);
    }
    Ok(Grey { width, height, luma })
}

/// Bytes of two planes of colour of half the size.
fn colour_420(width: u32, height: u32) -> u64 {
    2 * u64::from(width.div_ceil(2)) * u64::from(height.div_ceil(2))
}

/// `Stdin` locks for every call, so that its guard need not cross threads.
struct StdinReader(Stdin);

impl Read for StdinReader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().read(into)
    }
}

fn open(path: &Path) -> Result<File, FrameError> {
    File::open(path).map_err(|e| FrameError::Gone { path: path.to_owned(), why: e.to_string() })
}

/// A header line without its end.
fn line(from: &mut impl BufRead) -> Result<String, FrameError> {
    let mut bytes = Vec::new();
    from.take(MAX_LINE).read_until(b'\n', &mut bytes).map_err(ended)?;
    match bytes.pop() {
        None => Err(FrameError::Ended),
        Some(b'\n') => String::from_utf8(bytes).map_err(|_| bad("a header is not text")),
        Some(_) if (bytes.len() as u64) + 1 < MAX_LINE => Err(FrameError::Ended),
        Some(_) => Err(bad("a header line is too long")),
    }
}

/// Width, height and colour planes from the stream's header.
fn y4m_layout(header: &str) -> Result<Layout, FrameError> {
    let mut words = header.split_ascii_whitespace();
    if words.next() != Some("YUV4MPEG2") {
        return Err(bad("it does not begin with YUV4MPEG2"));
    }
    let (mut width, mut height, mut colour) = (0, 0, "420");
    for word in words {
        match word.split_at_checked(1) {
            Some(("W", n)) => width = number(n)?,
            Some(("H", n)) => height = number(n)?,
            Some(("C", name)) => colour = name,
            _ => {}
        }
    }
    let colour = match colour {
        "mono" => 0,
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => colour_420(width, height),
        "422" => 2 * u64::from(width.div_ceil(2)) * u64::from(height),
        "444" => 2 * u64::from(width) * u64::from(height),
        other => return Err(bad(&format!("its colours are laid out as {other}"))),
    };
    Ok(Layout { width, height, colour, headed: true })
}

fn number(text: &str) -> Result<u32, FrameError> {
    text.parse().map_err(|_| bad(&format!("{text} is not a size")))
}

pub(super) fn bad(why: &str) -> FrameError {
    FrameError::BadStream { why: why.to_owned() }
}

/// A stream that breaks off has ended, whatever the system calls it.
pub(super) fn ended(_: std::io::Error) -> FrameError {
    FrameError::Ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn pipe(bytes: &[u8], format: PipeFormat) -> Result<Pipe, FrameError> {
        Pipe::over(Box::new(Cursor::new(bytes.to_vec())), format)
    }

    fn lumas(bytes: &[u8], format: PipeFormat) -> (Vec<Vec<u8>>, FrameError) {
        let mut lumas = Vec::new();
        match pipe(bytes, format) {
            Err(error) => (lumas, error),
            Ok(mut pipe) => loop {
                match pipe.next() {
                    Ok(frame) => lumas.push(frame.grey.luma),
                    Err(error) => return (lumas, error),
                }
            },
        }
    }

    #[test]
    fn the_luma_of_a_420_stream_is_kept_and_its_colour_passed_over() {
        let stream = b"YUV4MPEG2 W3 H1 F30:1 Ip A1:1 C420jpeg\nFRAME\nabcUUVVFRAME Ix\ndefUUVV";
        let (read, end) = lumas(stream, PipeFormat::Y4m);
        assert_eq!(read, [b"abc".to_vec(), b"def".to_vec()]);
        assert_eq!(end, FrameError::Ended);
    }

    #[test]
    fn a_mono_stream_has_no_colour() {
        let (read, _) = lumas(b"YUV4MPEG2 W2 H1 Cmono\nFRAME\nabFRAME\ncd", PipeFormat::Y4m);
        assert_eq!(read, [b"ab".to_vec(), b"cd".to_vec()]);
    }

    #[test]
    fn bare_luma_is_cut_by_size_and_a_torn_last_frame_is_left_out() {
        let (read, end) = lumas(b"abcdefg", PipeFormat::Luma { width: 3, height: 1 });
        assert_eq!(read, [b"abc".to_vec(), b"def".to_vec()]);
        assert_eq!(end, FrameError::Ended);
    }

    #[test]
    fn raw_pictures_with_colour_are_cut_by_their_size() {
        let (read, end) = lumas(b"abcUUVVdefUUVVg", PipeFormat::Yuv420 { width: 3, height: 1 });
        assert_eq!(read, [b"abc".to_vec(), b"def".to_vec()]);
        assert_eq!(end, FrameError::Ended);
    }

    #[test]
    fn a_stream_of_jpegs_goes_on_behind_one_that_cannot_be_read() {
        let (good, torn) = (jpeg::tests::jpeg(16, 8, 90), b"\xff\xd8\xff\xda\x00\x02junk\xff\xd9".to_vec());
        let stream = [good.clone(), torn, good].concat();
        let Ok(mut pipe) = pipe(&stream, PipeFormat::Mjpeg) else { panic!("nothing to refuse yet") };
        let told: Vec<_> = (0..4).map(|_| pipe.next().map(|f| f.name).map_err(|e| e.code())).collect();
        assert_eq!(told, [Ok("1".to_owned()), Err("E-CAM-05"), Ok("3".to_owned()), Err("E-CAM-03")]);
    }

    #[test]
    fn what_is_no_stream_is_said_to_be_none() {
        let long = vec![b'x'; 2000];
        for stream in [
            b"RIFF....\n".as_slice(),
            b"YUV4MPEG2 W2 Hx Cmono\n",
            b"YUV4MPEG2 W0 H5 Cmono\n",
            b"YUV4MPEG2 W2 H1 C420p10\n",
            b"YUV4MPEG2 W4000000000 H4000000000 Cmono\n",
            b"YUV4MPEG2 W1 H1 Cmono\nFRAME\naFRAMX\nb",
            b"\xff\xfe\n",
            &long,
        ] {
            let (_, error) = lumas(stream, PipeFormat::Y4m);
            assert_eq!(error.code(), "E-CAM-04", "{error:?}");
        }
    }

    #[test]
    fn a_missing_pipe_is_gone() {
        let path = PipeInput::Path("/no/such/pipe".into());
        let error = Pipe::open(&path, PipeFormat::Y4m).err().expect("there is no pipe");
        assert_eq!(error.code(), "E-CAM-01");
    }
}
