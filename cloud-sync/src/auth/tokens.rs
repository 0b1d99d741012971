//! Tokens: 256 random bits behind a prefix, known here by their hash alone.

use crate::lots;
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

const PREFIX: &str = "tg_";
const SECRET_BYTES: usize = 32;
/// Letters of a token after its prefix.
const LETTERS: usize = (SECRET_BYTES * 8).div_ceil(5);

/// A token nobody has seen yet.
pub fn fresh() -> String {
    let secret: [u8; SECRET_BYTES] = lots::draw();
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&secret).to_ascii_lowercase())
}

/// A name for a token that says nothing about it.
pub fn fresh_id() -> String {
    id("tok")
}

/// An id with this prefix, in the order of time.
pub fn id(prefix: &str) -> String {
    format!("{prefix}_{}", lots::id().simple())
}

/// What the database knows of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether a text could be a token; others are not even looked up.
pub fn looks_like_one(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == LETTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_known_by_shape() {
        let (one, other) = (fresh(), fresh());
        assert_ne!(one, other);
        assert!(looks_like_one(&one));
        assert!(!looks_like_one(&one[1..]) && !looks_like_one("tg_short"));
        assert_ne!(hash(&one), hash(&other));
    }
}
