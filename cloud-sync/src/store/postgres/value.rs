//! Our values on PostgreSQL's wire.
//!
//! Columns are BIGINT, TEXT and BYTEA; comparisons with literals make parameters of
//! INTEGER too. Anything else is a mistake in a statement and fails.

use super::super::{Row, StoreError, Value};
use super::shape;
use bytes::BytesMut;
use std::error::Error;
use tokio_postgres::types::{IsNull, ToSql, Type, WrongType, to_sql_checked};

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Int(number) if *kind == Type::INT8 => number.to_sql(kind, out),
            Self::Text(text) if *kind == Type::TEXT => text.to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            Self::Int(_) => Err(WrongType::new::<i64>(kind.clone()).into()),
            Self::Text(_) => Err(WrongType::new::<String>(kind.clone()).into()),
            Self::Bytes(_) => Err(WrongType::new::<Vec<u8>>(kind.clone()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // decided by the value
    }

    to_sql_checked!();
}

/// A row as every backend gives it.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let values = row.columns().iter().enumerate().map(|(place, column)| {
        let kind = column.type_();
        let value = match *kind {
            Type::INT8 => row.try_get::<_, Option<i64>>(place).map(|v| v.map(Value::Int)),
            Type::INT4 => row.try_get::<_, Option<i32>>(place).map(|v| v.map(|v| Value::Int(v.into()))),
            Type::TEXT => row.try_get::<_, Option<String>>(place).map(|v| v.map(Value::Text)),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place).map(|v| v.map(Value::Bytes)),
            _ => return Err(shape(kind)),
        };
        value.map(|v| v.unwrap_or(Value::Null)).map_err(|_| shape(kind))
    });
    Ok(Row::new(values.collect::<Result<_, _>>()?))
}
