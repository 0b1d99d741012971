//! Short texts in records: one of up to 23 bytes takes no memory beside its record's.

use minicbor::decode::Error;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use smol_str::SmolStr;

/// Writes the text, or that there is none.
pub fn encode<C, W: Write>(
    text: &Option<SmolStr>,
    e: &mut Encoder<W>,
    context: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    text.as_deref().encode(e, context)
}

/// Reads the text, or that there is none.
pub fn decode<'b, C>(d: &mut Decoder<'b>, context: &mut C) -> Result<Option<SmolStr>, Error> {
    Ok(Option::<&str>::decode(d, context)?.map(SmolStr::new))
}

/// What stands for a text that is not there.
pub fn nil() -> Option<Option<SmolStr>> {
    Some(None)
}

/// Whether it may be left out.
pub fn is_nil(text: &Option<SmolStr>) -> bool {
    text.is_none()
}
