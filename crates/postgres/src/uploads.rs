//! Uploads that were confirmed, and objects that are to be deleted.

use std::collections::HashMap;

use avvivo_kernel::{ShopId, Timestamp};

use crate::{Conn, DbError};

/// An upload as it was when the client confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedUpload {
    /// The object's name.
    pub path: String,
    /// Its version.
    pub generation: i64,
    /// Its size.
    pub size_bytes: u64,
    /// Its declared type.
    pub content_type: String,
}

/// Remembers confirmed uploads of a shop; confirming again renews what is remembered.
pub async fn set_confirmed(
    conn: &mut Conn,
    shop: ShopId,
    uploads: &[ConfirmedUpload],
    now: Timestamp,
) -> Result<(), DbError> {
    for upload in uploads {
        sqlx::query!(
            r#"
            INSERT INTO confirmed_uploads (path, shop_id, generation, size_bytes, content_type, confirmed_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (path) DO UPDATE
            SET
                generation = EXCLUDED.generation,
                size_bytes = EXCLUDED.size_bytes,
                content_type = EXCLUDED.content_type,
                confirmed_at = EXCLUDED.confirmed_at
            WHERE confirmed_uploads.shop_id = EXCLUDED.shop_id
            "#,
            upload.path,
            shop.as_uuid(),
            upload.generation,
            i64::try_from(upload.size_bytes).unwrap_or(i64::MAX),
            upload.content_type,
            now,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The versions under which these paths were confirmed; paths that were not are left out.
pub async fn confirmed_generations(
    conn: &mut Conn,
    paths: &[String],
) -> Result<HashMap<String, i64>, DbError> {
    let rows = sqlx::query!(
        "SELECT path, generation FROM confirmed_uploads WHERE path = ANY($1)",
        paths
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.path, row.generation))
        .collect())
}

/// Forgets confirmations older than `before`, up to `limit`, and puts their objects on the list of things to delete; those
/// that a reel is still to be rendered from come later.
pub async fn forget_unused(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        r#"
        WITH old AS (
            DELETE FROM confirmed_uploads
            -- An array and no IN: its rows are then found by their keys, not by reading the whole table.
            WHERE path = ANY(ARRAY(
                SELECT c.path
                FROM confirmed_uploads AS c
                WHERE
                    c.confirmed_at < $1
                    AND NOT EXISTS (
                        SELECT 1
                        FROM reel_sources AS s
                        JOIN reels AS r ON r.id = s.reel_id
                        WHERE s.path = c.path AND r.status = 'PROCESSING'
                    )
                ORDER BY c.confirmed_at
                LIMIT $2
                FOR UPDATE OF c SKIP LOCKED
            ))
            RETURNING path
        )
        INSERT INTO object_tombstones (path, delete_after)
        SELECT old.path, $1
        FROM old
        ORDER BY old.path
        ON CONFLICT (path) DO UPDATE SET delete_after = least(object_tombstones.delete_after, EXCLUDED.delete_after)
        "#,
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Puts objects on the list of things to delete. A path may be named twice; the earlier of two times counts. Rows are locked in
/// one order, so that two who share files wait for each other and not for ever.
pub async fn bury(
    conn: &mut Conn,
    paths: &[String],
    delete_after: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO object_tombstones (path, delete_after)
        SELECT DISTINCT path, $2::timestamptz FROM unnest($1::text []) AS path
        ORDER BY path
        ON CONFLICT (path) DO UPDATE SET delete_after = least(object_tombstones.delete_after, EXCLUDED.delete_after)
        "#,
        paths,
        delete_after,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Objects whose time has come, but for those that a reel is still to be rendered from.
pub async fn list_due_tombstones(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<String>, DbError> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT t.path
        FROM object_tombstones AS t
        WHERE
            t.delete_after <= $1
            AND NOT EXISTS (
                SELECT 1
                FROM reel_sources AS s
                JOIN reels AS r ON r.id = s.reel_id
                WHERE s.path = t.path AND r.status = 'PROCESSING'
            )
        ORDER BY t.delete_after
        LIMIT $2
        "#,
        now,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Takes objects that were deleted, or that are wanted after all, off the list. Rows are locked in the order of [`bury`].
pub async fn remove_tombstones(conn: &mut Conn, paths: &[String]) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        WITH condemned AS (
            SELECT path FROM object_tombstones WHERE path = ANY($1) ORDER BY path FOR UPDATE
        )
        DELETE FROM object_tombstones AS t
        USING condemned
        WHERE t.path = condemned.path
        "#,
        paths
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leaves objects that could not be deleted on the list, for another try at `delete_after`.
pub async fn postpone_tombstones(
    conn: &mut Conn,
    paths: &[String],
    delete_after: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE object_tombstones SET delete_after = $2 WHERE path = ANY($1)",
        paths,
        delete_after,
    )
    .execute(conn)
    .await?;
    Ok(())
}
