//! Rows of objects: one a name, its live version.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{json, optional, time, to_json, unsigned};
use crate::storage::checksum::Checksums;
use crate::storage::object::{Access, Object};

const COLUMNS: &str = "bucket, name, generation, metageneration, blob, size, crc32c, md5,
    component_count, attributes, public, created, updated";

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    let public: bool = row.get("public")?;
    Ok(Object {
        bucket: row.get("bucket")?,
        name: row.get("name")?,
        generation: row.get("generation")?,
        metageneration: row.get("metageneration")?,
        blob: row.get("blob")?,
        size: unsigned(row, "size")?,
        checksums: Checksums {
            crc32c: unsigned(row, "crc32c")?,
            md5: optional(row, "md5")?,
        },
        component_count: optional(row, "component_count")?,
        attributes: json(row, "attributes")?,
        access: if public {
            Access::PublicRead
        } else {
            Access::Private
        },
        created: time(row, "created")?,
        updated: time(row, "updated")?,
    })
}

pub(crate) fn find(
    connection: &Connection,
    bucket: &str,
    name: &str,
) -> rusqlite::Result<Option<Object>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM storage_objects WHERE bucket = ?1 AND name = ?2"
        ))?
        .query_row([bucket, name], object)
        .optional()
}

/// Inserts, or replaces the live version.
pub(crate) fn put(connection: &Connection, object: &Object) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO storage_objects
                 (bucket, name, generation, metageneration, blob, size, crc32c, md5,
                  component_count, attributes, public, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute((
            &object.bucket,
            &object.name,
            object.generation,
            object.metageneration,
            &object.blob,
            i64::try_from(object.size).unwrap_or(i64::MAX),
            object.checksums.crc32c,
            object.checksums.md5,
            object.component_count,
            to_json(&object.attributes)?,
            object.access == Access::PublicRead,
            object.created.timestamp_micros(),
            object.updated.timestamp_micros(),
        ))
        .map(drop)
}

pub(crate) fn delete(connection: &Connection, bucket: &str, name: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM storage_objects WHERE bucket = ?1 AND name = ?2")?
        .execute([bucket, name])
        .map(drop)
}

/// Names in `[from, until)` in order of their bytes; no `until` is no end.
pub(crate) fn scan(
    connection: &Connection,
    bucket: &str,
    from: &str,
    until: Option<&str>,
    limit: i64,
) -> rusqlite::Result<Vec<Object>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM storage_objects
             WHERE bucket = ?1 AND name >= ?2 AND (?3 IS NULL OR name < ?3)
             ORDER BY name LIMIT ?4"
        ))?
        .query_map((bucket, from, until, limit), object)?
        .collect()
}

pub(crate) fn exist_in(connection: &Connection, bucket: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM storage_objects WHERE bucket = ?1)")?
        .query_row([bucket], |row| row.get(0))
}
