//! CBOR packed by zstd, bounded on what comes out: a small body that unpacks to
//! gigabytes is refused before it does, and so is one of very many little things.

use minicbor::Decode;
use minicbor::decode::Tokenizer;
use std::io::Read;
use tidegate_core::sync::{MAX_MESSAGE_BYTES, MAX_MESSAGE_ITEMS};

/// zstd's own default: beyond it time grows faster than size falls on these bodies.
const LEVEL: i32 = 3;

/// The memory one frame may ask for before a byte comes out, as a power of two: a whole message.
/// zstd's own limit is eight times that, too much for a small board.
const MAX_WINDOW_LOG: u32 = MAX_MESSAGE_BYTES.ilog2();

/// Why bytes were not unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackFault {
    /// Not packed by zstd, damaged, or asking for too much memory.
    Garbled(String),
    /// More comes out than any message has.
    TooLarge,
}

/// Packs bytes.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, LEVEL).unwrap_or_default() // a vector fails only without memory
}

/// Unpacks bytes, at most [`MAX_MESSAGE_BYTES`].
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, PackFault> {
    let garbled = |error: std::io::Error| PackFault::Garbled(error.to_string());
    let mut decoder = zstd::Decoder::new(packed).map_err(garbled)?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(garbled)?;
    let mut bytes = Vec::new();
    decoder.take(MAX_MESSAGE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(garbled)?;
    if bytes.len() > MAX_MESSAGE_BYTES { Err(PackFault::TooLarge) } else { Ok(bytes) }
}

/// Reads CBOR of at most [`MAX_MESSAGE_ITEMS`] items.
pub fn read<T: for<'b> Decode<'b, ()>>(cbor: &[u8]) -> Result<T, PackFault> {
    // What is no CBOR has no more items, and is told by what is wrong with it.
    let items = Tokenizer::new(cbor).take_while(Result::is_ok).take(MAX_MESSAGE_ITEMS + 1).count();
    if items > MAX_MESSAGE_ITEMS {
        return Err(PackFault::TooLarge);
    }
    minicbor::decode(cbor).map_err(|error| PackFault::Garbled(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minicbor::bytes::ByteVec;

    #[test]
    fn a_message_of_very_many_little_things_is_refused_before_they_take_memory() {
        let of = |items: usize| minicbor::to_vec(vec![ByteVec::from(Vec::new()); items]).unwrap();
        assert_eq!(read::<Vec<ByteVec>>(&of(MAX_MESSAGE_ITEMS)), Err(PackFault::TooLarge));
        assert_eq!(
            read::<Vec<ByteVec>>(&of(MAX_MESSAGE_ITEMS - 1)).map(|all| all.len()),
            Ok(MAX_MESSAGE_ITEMS - 1)
        );
        assert!(matches!(read::<Vec<ByteVec>>(&[0x9f]), Err(PackFault::Garbled(_))));
    }

    #[test]
    fn a_small_body_that_unpacks_to_gigabytes_is_refused() {
        let bomb = zstd::encode_all(std::io::repeat(0).take(MAX_MESSAGE_BYTES as u64 * 4), 3).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(unpack(&bomb), Err(PackFault::TooLarge));
    }

    #[test]
    fn a_frame_that_asks_for_more_memory_than_any_message_takes_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(MAX_WINDOW_LOG + 1).unwrap();
        std::io::Write::write_all(&mut encoder, b"little").unwrap();
        let wide = encoder.finish().unwrap();
        assert!(matches!(unpack(&wide), Err(PackFault::Garbled(_))));
    }
}
