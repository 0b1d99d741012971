//! Bodies of the device link: CBOR, packed ([`crate::packed`]), bounded on both sides.

use crate::packed::{PackFault, pack, read, unpack};
use crate::problem::Problem;
use axum::http::StatusCode;
use minicbor::{Decode, Encode};

/// The content type of these bodies.
pub const CONTENT_TYPE: &str = "application/cbor+zstd";

/// Packs a message.
pub fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    pack(&minicbor::to_vec(message).unwrap_or_default()) // writing CBOR to a vector cannot fail
}

/// Unpacks a message.
pub fn decode<T: for<'b> Decode<'b, ()>>(body: &[u8]) -> Result<T, Problem> {
    unpack(body).and_then(|cbor| read(&cbor)).map_err(|fault| match fault {
        PackFault::Garbled(why) => garbled(why),
        PackFault::TooLarge => too_large(),
    })
}

fn garbled(why: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "garbled_message", "The message cannot be read").why(why)
}

/// What is said of a body beyond the limit, packed or not.
pub fn too_large() -> Problem {
    let code = StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(code, "message_too_large", "The message is larger than any that is sent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::sync::{MAX_MESSAGE_BYTES, Vector};

    #[test]
    fn messages_survive_and_garbage_is_named() {
        assert_eq!(decode::<Vector>(&encode(&Vector::default())), Ok(Vector::default()));
        assert_eq!(decode::<Vector>(b"no").map_err(|p| p.code), Err("garbled_message".into()));
        let large = pack(&vec![0; MAX_MESSAGE_BYTES + 1]);
        assert_eq!(decode::<Vector>(&large).map_err(|p| p.code), Err("message_too_large".into()));
    }
}
