//! The rows behind buckets, objects and upload sessions. All SQL of this service is below here, as
//! functions over the store's connection; who calls them decides, inside the same transaction.

pub(crate) mod buckets;
pub(crate) mod objects;
pub(crate) mod uploads;

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, Type};
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Applied in order, each once; only ever appended to.
pub(crate) const MIGRATIONS: &[&str] = &["
    CREATE TABLE storage_buckets (
        name TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        metageneration INTEGER NOT NULL,
        settings TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE storage_objects (
        bucket TEXT NOT NULL REFERENCES storage_buckets (name),
        name TEXT NOT NULL,
        generation INTEGER NOT NULL,
        metageneration INTEGER NOT NULL,
        blob TEXT NOT NULL,
        size INTEGER NOT NULL,
        crc32c INTEGER NOT NULL,
        md5 BLOB,
        component_count INTEGER,
        attributes TEXT NOT NULL,
        public INTEGER NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        PRIMARY KEY (bucket, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE storage_uploads (
        id TEXT PRIMARY KEY,
        blob TEXT,
        request TEXT NOT NULL,
        finished TEXT,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX storage_uploads_by_age ON storage_uploads (created);
    -- One row: the last generation handed out, so that none repeats even if the clock steps back.
    CREATE TABLE storage_generation (last INTEGER NOT NULL) STRICT;
    INSERT INTO storage_generation VALUES (0);
"];

/// A generation that is greater than all before, and the time in microseconds where possible.
pub(crate) fn next_generation(
    connection: &Connection,
    now: DateTime<Utc>,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE storage_generation SET last = max(last + 1, ?1) RETURNING last")?
        .query_row([now.timestamp_micros()], |row| row.get(0))
}

/// Every blob that some row names.
pub(crate) fn named_blobs(
    connection: &Connection,
) -> rusqlite::Result<std::collections::HashSet<String>> {
    connection
        .prepare(
            "SELECT blob FROM storage_objects
             UNION ALL
             SELECT blob FROM storage_uploads WHERE blob IS NOT NULL",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<DateTime<Utc>> {
    let micros: i64 = row.get(column)?;
    DateTime::from_timestamp_micros(micros).ok_or_else(|| broken(column, "not a time"))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    from_json(column, &row.get::<_, String>(column)?)
}

fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| broken(column, error))
}

fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn unsigned<T: TryFrom<i64>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let value: i64 = row.get(column)?;
    T::try_from(value).map_err(|_| broken(column, "out of range"))
}

fn optional<T: FromSql>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    row.get(column)
}

fn broken(
    column: &str,
    problem: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    tracing::error!(column, "a storage row is broken");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, problem.into())
}
