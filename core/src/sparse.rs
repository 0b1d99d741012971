//! Lists in records that take no byte where they are empty: an older reader does not
//! miss them, and an ordinary entry does not pay for what is rare.

use minicbor::decode::Error;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// Writes the list.
pub fn encode<C, T: Encode<C>, W: Write>(
    list: &Vec<T>,
    e: &mut Encoder<W>,
    context: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    list.encode(e, context)
}

/// Reads the list.
pub fn decode<'b, C, T: Decode<'b, C>>(d: &mut Decoder<'b>, context: &mut C) -> Result<Vec<T>, Error> {
    Vec::decode(d, context)
}

/// What stands for a list that is not there.
pub fn nil<T>() -> Option<Vec<T>> {
    Some(Vec::new())
}

/// Whether it may be left out.
pub fn is_nil<T>(list: &[T]) -> bool {
    list.is_empty()
}
