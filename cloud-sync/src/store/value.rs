//! Values and rows, between our types and any database's.
//!
//! Ids, hashes and times have one form each; what does not fit is a
//! [`StoreError::Shape`], never a guess.

use super::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate_core::id::{DateId, DeviceId, EventId, ListId, ProductId, TicketId, VariationId, ZoneId};
use tidegate_core::seal::{Hash, PublicKey, Sig};
use tidegate_core::time::Timestamp;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// BIGINT: numbers, times, booleans.
    Int(i64),
    /// TEXT: texts and JSON.
    Text(String),
    /// BYTEA: ids, hashes, what was signed.
    Bytes(Vec<u8>),
}

/// One row, read from left to right.
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column.
    pub fn take<T: FromValue>(&mut self) -> Result<T, StoreError> {
        T::from_value(self.0.next().unwrap_or(Value::Null))
    }
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// Reads it.
    fn from_value(value: Value) -> Result<Self, StoreError>;
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Int(number) => Ok(number),
            Value::Null | Value::Text(_) | Value::Bytes(_) => Err(StoreError::Shape("a number")),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Text(text) => Ok(text),
            Value::Null | Value::Int(_) | Value::Bytes(_) => Err(StoreError::Shape("a text")),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Null | Value::Int(_) | Value::Text(_) => Err(StoreError::Shape("bytes")),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        Vec::from_value(value)?.try_into().map_err(|_| StoreError::Shape("as many bytes as it has"))
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        Ok(i64::from_value(value)? != 0)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        i64::from_value(value).map(Self)
    }
}

impl FromValue for TicketId {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        Self::from_i64(i64::from_value(value)?).ok_or(StoreError::Shape("a ticket id"))
    }
}

macro_rules! narrow {
    ($($number:ty),*) => {$(
        impl FromValue for $number {
            fn from_value(value: Value) -> Result<Self, StoreError> {
                i64::from_value(value)?.try_into().map_err(|_| StoreError::Shape("a number in range"))
            }
        }
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Int(number.into())
            }
        }
    )*};
}

narrow!(u8, u16, u32);

macro_rules! wrapped {
    ($($name:ident: $inner:ty),*) => {$(
        impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, StoreError> {
                <$inner>::from_value(value).map(Self)
            }
        }
        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    )*};
}

wrapped!(ProductId: u16, VariationId: u16, ListId: u16, DateId: u16, ZoneId: u16);
wrapped!(EventId: [u8; 16], DeviceId: [u8; 16]);
wrapped!(Hash: [u8; 32], PublicKey: [u8; 32], Sig: [u8; 64]);

impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        i64::from_value(value)?.try_into().map_err(|_| StoreError::Shape("a number in range"))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX)) // counts and sequences stay far below
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.0)
    }
}

impl From<TicketId> for Value {
    fn from(id: TicketId) -> Self {
        Self::Int(id.as_i64())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A value kept as JSON in a TEXT column.
pub struct Json<T>(pub T);

impl<T: Serialize> From<Json<T>> for Value {
    fn from(value: Json<T>) -> Self {
        // Our own types have no maps with other keys than texts: writing them cannot fail.
        Self::Text(serde_json::to_string(&value.0).unwrap_or_default())
    }
}

impl<T: DeserializeOwned> FromValue for Json<T> {
    fn from_value(value: Value) -> Result<Self, StoreError> {
        let text = String::from_value(value)?;
        serde_json::from_str(&text).map(Self).map_err(|_| StoreError::Shape("the JSON it was"))
    }
}
