//! A file as a row of pieces: blocks that are whole, and what lies between them.
//!
//! After damage it goes on at the next mark, wherever that is: a length that was changed does not
//! swallow the blocks behind it. It holds one block at most, and knows nothing of what is in one.

use super::MAGIC;
use super::block::{HEADER_BYTES, MARK, is_whole, length};
use std::io::{Read, Result, Seek, SeekFrom};

/// Bytes kept of a damaged piece, as evidence.
pub const MAX_EVIDENCE_BYTES: usize = 64 << 10;
/// Bytes looked through at a time for the next mark.
const WINDOW: usize = 64 << 10;

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A block whose checksum is right.
    Block(Vec<u8>),
    /// Something else, and where it begins.
    Damaged {
        /// From the beginning of the file.
        at: u64,
        /// How long it is.
        length: u64,
        /// Its first bytes.
        bytes: Vec<u8>,
    },
}

/// The pieces of a file, in order.
pub struct Blocks<R> {
    reader: R,
    at: u64,
}

impl<R: Read + Seek> Blocks<R> {
    /// Of this file, from its beginning.
    pub fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }

    /// The next piece; none at the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece>> {
        self.reader.seek(SeekFrom::Start(self.at))?;
        if self.at == 0 {
            let start = self.read(MAGIC.len())?;
            if start == MAGIC {
                self.at = MAGIC.len() as u64;
                return self.next_piece();
            }
            return if start.is_empty() { Ok(None) } else { self.damaged().map(Some) };
        }
        let mut raw = self.read(HEADER_BYTES)?;
        if raw.is_empty() {
            return Ok(None);
        }
        let header: Option<&[u8; HEADER_BYTES]> = raw.as_slice().try_into().ok();
        if let Some(length) = header.and_then(length) {
            raw.extend(self.read(length)?);
            if is_whole(&raw) {
                self.at += raw.len() as u64;
                return Ok(Some(Piece::Block(raw)));
            }
        }
        self.damaged().map(Some)
    }

    /// From here to the next mark, or to the end.
    fn damaged(&mut self) -> Result<Piece> {
        let start = self.at;
        let next = self.next_mark(start + 1)?;
        self.reader.seek(SeekFrom::Start(start))?;
        let length = next - start;
        let bytes = self.read(usize::try_from(length).unwrap_or(usize::MAX).min(MAX_EVIDENCE_BYTES))?;
        self.at = next;
        Ok(Piece::Damaged { at: start, length, bytes })
    }

    fn next_mark(&mut self, from: u64) -> Result<u64> {
        let mut at = from;
        loop {
            self.reader.seek(SeekFrom::Start(at))?;
            let window = self.read(WINDOW)?;
            if let Some(place) = window.windows(MARK.len()).position(|bytes| bytes == MARK) {
                return Ok(at + place as u64);
            }
            if window.len() < WINDOW {
                return Ok(at + window.len() as u64);
            }
            at += (WINDOW - MARK.len() + 1) as u64; // a mark may lie across two windows
        }
    }

    /// So many bytes, or fewer at the end.
    fn read(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::{Block, Content, End, encode};
    use super::*;
    use std::io::Cursor;

    fn file() -> (Vec<u8>, Vec<Vec<u8>>) {
        let block = |n: u32| encode(n, &Content::End(End { blocks: n, entries: 7, pages: 9 }));
        let blocks: Vec<Vec<u8>> = (0..4).map(block).collect();
        ([&MAGIC[..], &blocks.concat()].concat(), blocks)
    }

    fn pieces(file: &[u8]) -> Vec<Piece> {
        let mut blocks = Blocks::new(Cursor::new(file));
        let mut pieces = Vec::new();
        while let Some(piece) = blocks.next_piece().unwrap() {
            pieces.push(piece);
        }
        pieces
    }

    fn whole(pieces: &[Piece]) -> Vec<&Vec<u8>> {
        pieces.iter().filter_map(|piece| if let Piece::Block(raw) = piece { Some(raw) } else { None }).collect()
    }

    #[test]
    fn a_changed_byte_costs_its_own_block_and_no_other() {
        let (file, blocks) = file();
        assert_eq!(whole(&pieces(&file)), blocks.iter().collect::<Vec<_>>());
        for place in 0..file.len() {
            let mut altered = file.clone();
            altered[place] ^= 0x81;
            let pieces = pieces(&altered);
            let hurt = place.checked_sub(MAGIC.len()).map(|place| place / blocks[0].len());
            let left: Vec<_> =
                blocks.iter().enumerate().filter(|(n, _)| Some(*n) != hurt).map(|(_, block)| block).collect();
            assert_eq!(whole(&pieces), left, "byte {place}");
            assert_eq!(pieces.len() - left.len(), 1, "byte {place}: one damaged piece");
        }
    }

    #[test]
    fn a_file_that_was_cut_gives_what_is_whole_and_says_what_is_not() {
        let (file, blocks) = file();
        for length in 0..file.len() {
            let pieces = pieces(&file[..length]);
            let complete = length.saturating_sub(MAGIC.len()) / blocks[0].len();
            assert_eq!(whole(&pieces).len(), complete, "{length}");
            let rest = length.saturating_sub(MAGIC.len()) % blocks[0].len();
            let cut = usize::from(rest > 0 || (1..MAGIC.len()).contains(&length));
            assert_eq!(pieces.len() - complete, cut, "{length}");
        }
    }

    #[test]
    fn garbage_of_any_length_between_blocks_is_one_piece_and_is_not_held() {
        let (_, blocks) = file();
        for length in [1, 7, WINDOW - 1, WINDOW, 3 * WINDOW + 5] {
            let garbage = vec![0xAA; length];
            let file = [&MAGIC[..], &blocks[0], &garbage, &blocks[1]].concat();
            let pieces = pieces(&file);
            assert_eq!(whole(&pieces), [&blocks[0], &blocks[1]], "{length}");
            let found = pieces.iter().find_map(|piece| match piece {
                Piece::Damaged { length, bytes, .. } => Some((*length, bytes.len())),
                Piece::Block(_) => None,
            });
            assert_eq!(found, Some((length as u64, length.min(MAX_EVIDENCE_BYTES))), "{length}");
        }
        assert!(Block::decode(&blocks[3]).is_ok());
    }
}
