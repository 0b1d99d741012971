//! Names of things, as types that cannot be mixed up.
//!
//! Things that travel between installations carry 16 random bytes; things that
//! live inside one event carry a small number, because they stand in ticket
//! codes and journals where bytes cost reading distance. All of them print and
//! parse, with a prefix that says what they are.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use minicbor::{Decode, Encode};
use std::fmt;
use std::str::FromStr;

/// Text that is no id of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {form}")]
pub struct IdError {
    /// What was given.
    pub text: String,
    /// What was wanted.
    pub form: &'static str,
}

macro_rules! wide_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] #[cbor(with = "minicbor::bytes")] pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let bytes = text.strip_prefix($prefix)
                    .and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok())
                    .and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self).ok_or_else(|| IdError { text: clip(text), form: $form })
            }
        }
    };
}

macro_rules! small_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u16);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

wide_id!(
    /// An event: what tickets, keys, devices and journals belong to.
    EventId, "evt_", "evt_ and 32 hex digits"
);
wide_id!(
    /// An enrolled machine. A replaced machine gets another one under the same name.
    DeviceId, "dev_", "dev_ and 32 hex digits"
);
small_id!(
    /// A product of an event: a ticket type or a consumption item.
    ProductId
);
small_id!(
    /// A variation of a product, unique in its event.
    VariationId
);
small_id!(
    /// A check-in list of an event.
    ListId
);
small_id!(
    /// A date of a series.
    DateId
);
small_id!(
    /// A counted area of the venue.
    ZoneId
);

/// A ticket of an event: 48 random bits, unique together with the event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(u64);

impl TicketId {
    /// Bytes of an id in a code.
    pub const BYTES: usize = 6;

    /// The id with these six bytes, most significant first.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut wide = [0; 8];
        wide[2..].copy_from_slice(&bytes);
        Self(u64::from_be_bytes(wide))
    }

    /// The six bytes, most significant first.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let wide = self.0.to_be_bytes();
        [wide[2], wide[3], wide[4], wide[5], wide[6], wide[7]]
    }

    /// The id as a database key, 0 to 2⁴⁸ − 1.
    pub fn as_i64(self) -> i64 {
        self.0 as i64 // 48 bits always fit
    }

    /// The id behind a database key; `None` outside 48 bits.
    pub fn from_i64(value: i64) -> Option<Self> {
        (0..1 << 48).contains(&value).then_some(Self(value as u64))
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tkt_{}", BASE32_NOPAD.encode(&self.to_bytes()))
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TicketId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.strip_prefix("tkt_")
            .and_then(|t| BASE32_NOPAD.decode(t.as_bytes()).ok())
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self::from_bytes)
            .ok_or_else(|| IdError { text: clip(text), form: "tkt_ and ten characters A-Z2-7" })
    }
}

impl<C> Encode<C> for TicketId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.to_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for TicketId {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes = d.bytes()?.try_into();
        bytes.map(Self::from_bytes).map_err(|_| minicbor::decode::Error::message("a ticket id has six bytes"))
    }
}

/// A device's journal. A device that lost its place starts another incarnation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct JournalId {
    /// Who writes it.
    #[n(0)]
    pub device: DeviceId,
    /// Which of its lives, from 1.
    #[n(1)]
    pub incarnation: u32,
}

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.incarnation)
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for JournalId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.split_once(':')
            .and_then(|(device, incarnation)| {
                Some(Self { device: device.parse().ok()?, incarnation: incarnation.parse().ok()? })
            })
            .ok_or_else(|| IdError { text: clip(text), form: "device:incarnation" })
    }
}

/// At most this much of a wrong id is repeated in an error; it may be anything.
const SHOWN_CHARS: usize = 48;

fn clip(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_parse_back() {
        let event = EventId([7; 16]);
        assert_eq!(event.to_string().parse(), Ok(event));
        let ticket = TicketId::from_bytes([1, 2, 3, 4, 5, 255]);
        assert_eq!(ticket.to_string().parse(), Ok(ticket));
        let journal = JournalId { device: DeviceId([9; 16]), incarnation: 3 };
        assert_eq!(journal.to_string().parse(), Ok(journal));
    }

    #[test]
    fn ids_of_another_kind_or_shape_are_refused() {
        for text in ["", "evt_", "dev_00", "tkt_AAAAAAAA", "tkt_AAAAAAAAA1", "evt_Z"] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
            assert!(text.parse::<TicketId>().is_err(), "{text}");
        }
    }
}
