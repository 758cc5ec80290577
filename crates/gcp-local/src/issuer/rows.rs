//! Signing keys on disk, so that tokens outlive a restart.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

/// The tables, step by step.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE issuer_keys (
        kid TEXT PRIMARY KEY,
        style TEXT NOT NULL,
        pem TEXT NOT NULL,
        -- Microseconds since 1970; NULL while the key signs.
        published_until INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX issuer_keys_current ON issuer_keys (style) WHERE published_until IS NULL;
"];

/// A key as it was left.
pub(super) struct KeyRow {
    pub(super) style: String,
    pub(super) kid: String,
    pub(super) pem: String,
    pub(super) published_until: Option<DateTime<Utc>>,
}

/// Whether rows are kept in a file.
pub(super) fn outlive_the_process(connection: &Connection) -> bool {
    connection.path().is_some_and(|path| !path.is_empty())
}

/// Keys that still matter, after forgetting those that do not.
pub(super) fn keys(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Vec<KeyRow>> {
    connection.execute(
        "DELETE FROM issuer_keys WHERE published_until <= ?1",
        [now.timestamp_micros()],
    )?;
    let mut statement =
        connection.prepare("SELECT style, kid, pem, published_until FROM issuer_keys")?;
    let rows = statement.query_map([], |row| {
        let until: Option<i64> = row.get(3)?;
        Ok(KeyRow {
            style: row.get(0)?,
            kid: row.get(1)?,
            pem: row.get(2)?,
            published_until: until.and_then(DateTime::from_timestamp_micros),
        })
    })?;
    rows.collect()
}

/// Retires the signing key of a style, if there is one, and puts another in its place.
pub(super) fn replace(
    connection: &Connection,
    key: &KeyRow,
    former_until: DateTime<Utc>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE issuer_keys SET published_until = ?2 WHERE style = ?1 AND published_until IS NULL")?
        .execute(params![key.style, former_until.timestamp_micros()])?;
    connection
        .prepare_cached("INSERT INTO issuer_keys (kid, style, pem) VALUES (?1, ?2, ?3)")?
        .execute(params![key.kid, key.style, key.pem])
        .map(drop)
}
