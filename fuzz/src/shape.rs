//! Taking an input apart: small numbers from its front, pieces of its rest.
//!
//! Inputs stay plain bytes, so that seeds can be written by hand and found bytes can stand in a test.

use minicbor::{Decode, Encode};
use std::fmt::Debug;

/// An input that is read from its front.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next bytes; zeros where there are no more.
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        let (front, rest) = self.0.split_at(N.min(self.0.len()));
        taken[..front.len()].copy_from_slice(front);
        self.0 = rest;
        taken
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let [byte] = self.take();
        byte
    }

    /// The next eight bytes as a number.
    pub fn number(&mut self) -> i64 {
        i64::from_be_bytes(self.take())
    }

    /// The next piece: a byte says how long it is.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// What is left, as text.
    pub fn text(self) -> String {
        String::from_utf8_lossy(self.0).into_owned()
    }
}

/// Reads CBOR; what can be read has to survive being written and read again, to the byte.
pub fn round_trip<T>(bytes: &[u8]) -> Option<T>
where
    T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq + Debug,
{
    let read: T = minicbor::decode(bytes).ok()?;
    let written = minicbor::to_vec(&read).expect("a vector takes everything");
    let again: T = minicbor::decode(&written).expect("what was written can be read");
    assert_eq!(again, read, "a value changed on the way");
    assert_eq!(minicbor::to_vec(&again).expect("a vector takes everything"), written, "two writings of one value");
    Some(read)
}

/// CBOR of bytes and a signature over them: certificates and pages travel so.
pub fn sealed(body: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    let mut cbor = minicbor::Encoder::new(Vec::with_capacity(body.len() + 80));
    let written = cbor.array(2).and_then(|c| c.bytes(body)).and_then(|c| c.bytes(signature)).map(|_| ());
    written.expect("a vector takes everything");
    cbor.into_writer()
}
