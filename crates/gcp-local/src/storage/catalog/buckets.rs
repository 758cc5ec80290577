//! Rows of buckets.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{json, time, to_json};
use crate::storage::bucket::Bucket;

const COLUMNS: &str = "name, project, metageneration, settings, created, updated";

fn bucket(row: &Row<'_>) -> rusqlite::Result<Bucket> {
    Ok(Bucket {
        name: row.get("name")?,
        project: row.get("project")?,
        metageneration: row.get("metageneration")?,
        settings: json(row, "settings")?,
        created: time(row, "created")?,
        updated: time(row, "updated")?,
    })
}

pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Bucket>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM storage_buckets WHERE name = ?1"
        ))?
        .query_row([name], bucket)
        .optional()
}

/// Inserts or replaces.
pub(crate) fn put(connection: &Connection, bucket: &Bucket) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO storage_buckets (name, project, metageneration, settings, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (name) DO UPDATE SET
                 metageneration = excluded.metageneration,
                 settings = excluded.settings,
                 updated = excluded.updated",
        )?
        .execute((
            &bucket.name,
            &bucket.project,
            bucket.metageneration,
            to_json(&bucket.settings)?,
            bucket.created.timestamp_micros(),
            bucket.updated.timestamp_micros(),
        ))
        .map(drop)
}

pub(crate) fn delete(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM storage_buckets WHERE name = ?1")?
        .execute([name])
        .map(drop)
}

/// Names at or after `from` that start with `prefix`, in order.
pub(crate) fn list(
    connection: &Connection,
    prefix: &str,
    from: &str,
    limit: i64,
) -> rusqlite::Result<Vec<Bucket>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM storage_buckets
             WHERE name >= max(?1, ?2) AND substr(name, 1, length(?1)) = ?1
             ORDER BY name LIMIT ?3"
        ))?
        .query_map((prefix, from, limit), bucket)?
        .collect()
}
