//! Rows of resumable upload sessions. How much has arrived is not here: the length of the session's
//! blob says it, so that a killed server cannot claim bytes it does not have.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{from_json, json, optional, time, to_json};
use crate::storage::object::Object;
use crate::storage::sessions::{Session, UploadRequest};

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    let finished: Option<String> = optional(row, "finished")?;
    Ok(Session {
        blob: row.get("blob")?,
        request: json(row, "request")?,
        finished: finished
            .map(|object| from_json("finished", &object))
            .transpose()?,
        created: time(row, "created")?,
    })
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<Session>> {
    connection
        .prepare_cached(
            "SELECT blob, request, finished, created FROM storage_uploads WHERE id = ?1",
        )?
        .query_row([id], session)
        .optional()
}

pub(crate) fn insert(
    connection: &Connection,
    id: &str,
    blob: &str,
    request: &UploadRequest,
    created: DateTime<Utc>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO storage_uploads (id, blob, request, created) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((id, blob, to_json(request)?, created.timestamp_micros()))
        .map(drop)
}

/// The session's blob now belongs to `object`; the session remembers what it made, for a client
/// that lost the answer.
pub(crate) fn finish(connection: &Connection, id: &str, object: &Object) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE storage_uploads SET blob = NULL, finished = ?2 WHERE id = ?1")?
        .execute((id, to_json(object)?))
        .map(drop)
}

/// Answers the blob that was still the session's own.
pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let blob: Option<Option<String>> = connection
        .prepare_cached("DELETE FROM storage_uploads WHERE id = ?1 RETURNING blob")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(blob.flatten())
}

/// Forgets sessions started before `deadline`; answers ids and blobs to remove.
pub(crate) fn expire(
    connection: &Connection,
    deadline: DateTime<Utc>,
) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    connection
        .prepare_cached("DELETE FROM storage_uploads WHERE created < ?1 RETURNING id, blob")?
        .query_map([deadline.timestamp_micros()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}
