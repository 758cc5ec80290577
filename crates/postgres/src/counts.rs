//! Counts, which the database keeps with a sign.

use std::{fmt::Display, num::TryFromIntError};

use crate::DbError;

/// A count as the database keeps it; more than it can is as much as it can.
pub(crate) fn stored(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A count that the database kept.
pub(crate) fn counted(
    (table, column): (&'static str, &'static str),
    id: impl Display,
    value: i32,
) -> Result<u32, DbError> {
    u32::try_from(value).map_err(|_: TryFromIntError| DbError::broken(table, column, id, value))
}
