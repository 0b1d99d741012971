//! Money as integers: minor units and a currency. No floats, no rounding.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An ISO 4217 code such as `EUR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency with this code; `None` unless it is three capital letters.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// Its code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX") // parse() let only ASCII letters in
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = String::deserialize(d)?;
        Self::parse(&code)
            .ok_or_else(|| serde::de::Error::custom("a currency is three capital letters (ISO 4217)"))
    }
}

/// The largest amount taken or summed, in minor units: far above any order, and
/// a thousand of them still fit an `i64`.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// `unit × quantity`, or `None` where that is negative or above [`MAX_AMOUNT_MINOR`].
pub fn times(unit_minor: i64, quantity: u32) -> Option<i64> {
    unit_minor.checked_mul(i64::from(quantity)).filter(|sum| (0..=MAX_AMOUNT_MINOR).contains(sum))
}

/// The sum, or `None` where it is negative or above [`MAX_AMOUNT_MINOR`].
pub fn sum(amounts_minor: impl IntoIterator<Item = i64>) -> Option<i64> {
    amounts_minor.into_iter().try_fold(0_i64, |total, amount| {
        total.checked_add(amount).filter(|sum| (0..=MAX_AMOUNT_MINOR).contains(sum))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_never_overflow_or_turn_negative() {
        assert_eq!(times(2_400, 3), Some(7_200));
        assert_eq!(times(i64::MAX, 2), None);
        assert_eq!(times(-1, 2), None);
        assert_eq!(sum([1, 2, 3]), Some(6));
        assert_eq!(sum([MAX_AMOUNT_MINOR, 1]), None);
    }
}
