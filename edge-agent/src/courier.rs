//! Files that carry journals and the feed on a stick, where no network does.
//!
//! A file is a row of blocks, each packed, numbered and under a checksum of its own, so that what
//! is damaged costs itself and nothing else, and no reader holds more than one block in memory. What a
//! block brings is believed for its signatures, never for the file it came in. The format is
//! described in `docs/usb.md`, and is what `edge-agent journal export` writes too.

mod block;
mod reader;

pub use block::{About, Block, Content, Damaged, End, MAX_BLOCK_BYTES, SignedAbout, encode};
pub use reader::{Blocks, Piece};

/// What every file begins with.
pub const MAGIC: [u8; 16] = *b"TIDEGATE USB 1\r\n";
/// What files are called at the end.
pub const EXTENSION: &str = "tidegate";
/// Entries in one block: some 40 KB packed, and a few hundredths of a second of a writer's time.
pub const BLOCK_ENTRIES: usize = 1_024;
