//! Bodies of the device link: CBOR, compressed by zstd, bounded on both sides.
//!
//! The bound is on what comes out: a small body that unpacks to gigabytes is
//! refused before it does.

use crate::problem::Problem;
use axum::http::StatusCode;
use minicbor::{Decode, Encode};
use std::io::Read;
use tidegate_core::sync::MAX_MESSAGE_BYTES;

/// zstd's own default: beyond it time grows faster than size falls on these bodies.
const LEVEL: i32 = 3;

/// The memory one frame may ask for before a byte comes out, as a power of two: a whole message.
/// zstd's own limit is eight times that, too much for a small board.
const MAX_WINDOW_LOG: u32 = MAX_MESSAGE_BYTES.ilog2();

/// The content type of these bodies.
pub const CONTENT_TYPE: &str = "application/cbor+zstd";

/// Packs a message.
pub fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    // Writing CBOR to a vector cannot fail; compressing a vector fails only without memory.
    let cbor = minicbor::to_vec(message).unwrap_or_default();
    zstd::encode_all(&cbor[..], LEVEL).unwrap_or_default()
}

/// Unpacks a message.
pub fn decode<T: for<'b> Decode<'b, ()>>(body: &[u8]) -> Result<T, Problem> {
    let garbled = |why: String| {
        Problem::new(StatusCode::BAD_REQUEST, "garbled_message", "The message cannot be read").why(why)
    };
    let mut decoder = zstd::Decoder::new(body).map_err(|e| garbled(e.to_string()))?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(|e| garbled(e.to_string()))?;
    let mut cbor = Vec::new();
    decoder.take(MAX_MESSAGE_BYTES as u64 + 1).read_to_end(&mut cbor).map_err(|e| garbled(e.to_string()))?;
    if cbor.len() > MAX_MESSAGE_BYTES {
        return Err(too_large());
    }
    minicbor::decode(&cbor).map_err(|e| garbled(e.to_string()))
}

/// What is said of a body beyond the limit, packed or not.
pub fn too_large() -> Problem {
    let code = StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(code, "message_too_large", "The message is larger than any that is sent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::sync::Vector;

    #[test]
    fn messages_survive_and_garbage_is_named() {
        assert_eq!(decode::<Vector>(&encode(&Vector::default())), Ok(Vector::default()));
        assert_eq!(decode::<Vector>(b"no").map_err(|p| p.code), Err("garbled_message".into()));
    }

    #[test]
    fn a_small_body_that_unpacks_to_gigabytes_is_refused() {
        let bomb = zstd::encode_all(std::io::repeat(0).take(MAX_MESSAGE_BYTES as u64 * 4), 3).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(decode::<Vector>(&bomb).map_err(|p| p.code), Err("message_too_large".into()));
    }

    #[test]
    fn a_frame_that_asks_for_more_memory_than_any_message_takes_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(MAX_WINDOW_LOG + 1).unwrap();
        std::io::Write::write_all(&mut encoder, &minicbor::to_vec(Vector::default()).unwrap()).unwrap();
        let wide = encoder.finish().unwrap();
        assert_eq!(decode::<Vector>(&wide).map_err(|p| p.code), Err("garbled_message".into()));
    }
}
