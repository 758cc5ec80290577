//! Reels: one at a time. Lists are in [`lists`], what renderers write in [`render`].

pub mod lists;
pub mod render;
mod row;

use avvivo_domain::reels::{Reel, Source, SourceRole};
use avvivo_kernel::{ReelId, ShopId, Timestamp};
use row::{ReelRow, reels};
use serde_json::Value;

use crate::{Conn, DbError};

/// What answers say of a reel's shop.
#[derive(Debug, Clone, PartialEq)]
pub struct ReelShop {
    /// Which shop.
    pub id: ShopId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its logo.
    pub logo_url: Option<String>,
    /// Its cover.
    pub cover_url: Option<String>,
    /// Its site.
    pub website: Option<String>,
    /// Its address as stored; answers show a part of it.
    pub address_details: Option<Value>,
}

/// A reel together with its shop.
#[derive(Debug, Clone, PartialEq)]
pub struct ReelWithShop {
    /// The reel.
    pub reel: Reel,
    /// Its shop.
    pub shop: ReelShop,
}

/// A reel.
pub async fn find(conn: &mut Conn, id: ReelId) -> Result<Option<Reel>, DbError> {
    let row = reels!("WHERE r.id = $1", id.as_uuid())
        .fetch_optional(conn)
        .await?;
    row.map(Reel::try_from).transpose()
}

/// A reel, locked until the transaction ends.
pub async fn find_for_update(conn: &mut Conn, id: ReelId) -> Result<Option<Reel>, DbError> {
    let row = reels!("WHERE r.id = $1 FOR UPDATE", id.as_uuid())
        .fetch_optional(conn)
        .await?;
    row.map(Reel::try_from).transpose()
}

/// A reel, locked until the transaction ends; none when somebody else has it locked.
pub async fn find_unlocked_for_update(
    conn: &mut Conn,
    id: ReelId,
) -> Result<Option<Reel>, DbError> {
    let row = reels!("WHERE r.id = $1 FOR UPDATE SKIP LOCKED", id.as_uuid())
        .fetch_optional(conn)
        .await?;
    row.map(Reel::try_from).transpose()
}

/// The reels of a shop that are being processed and whose day is not over, with their times of creation.
pub async fn list_in_process(
    conn: &mut Conn,
    shop: ShopId,
    now: Timestamp,
) -> Result<Vec<(ReelId, Timestamp)>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT id, created_at
        FROM reels
        WHERE shop_id = $1 AND status = 'PROCESSING' AND expires_at > $2
        ORDER BY created_at
        "#,
        shop.as_uuid(),
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.created_at))
        .collect())
}

/// Stores a new reel and what it is made from.
pub async fn insert(conn: &mut Conn, reel: &Reel, sources: &[Source]) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO reels (
            id, shop_id, type, status, hidden, platform, preset_label, duration_seconds, editor_state, video_url,
            photo_urls, thumbnail_url, created_at, expires_at, render_version, traceparent
        )
        VALUES (
            $1, $2, $3::text::reel_type, $4::text::reel_status, $5, $6::text::social_platform, $7, $8, $9, $10, $11, $12,
            $13, $14, $15, $16
        )
        "#,
        reel.id.as_uuid(),
        reel.shop_id.as_uuid(),
        reel.kind.as_str(),
        reel.status.as_str(),
        reel.is_hidden(),
        reel.platform.as_str(),
        reel.preset_label,
        i32::try_from(reel.duration_seconds).unwrap_or(i32::MAX),
        reel.editor_state,
        reel.video_url,
        &reel.photo_urls,
        reel.thumbnail_url,
        reel.created_at,
        reel.expires_at,
        i32::try_from(reel.render.version).unwrap_or(i32::MAX),
        reel.traceparent,
    )
    .execute(&mut *conn)
    .await?;
    for source in sources {
        insert_source(conn, reel.id, source).await?;
    }
    Ok(())
}

async fn insert_source(conn: &mut Conn, reel: ReelId, source: &Source) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO reel_sources (reel_id, role, position, path, generation, size_bytes, content_type)
        VALUES ($1, $2::text::reel_source_role, $3, $4, $5, $6, $7)
        "#,
        reel.as_uuid(),
        source.role.as_str(),
        i16::from(source.position),
        source.path,
        source.generation,
        i64::try_from(source.size_bytes).unwrap_or(i64::MAX),
        source.content_type,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a reel is made from: the media in their order, then the overlay.
pub async fn list_sources(conn: &mut Conn, reel: ReelId) -> Result<Vec<Source>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT role::text AS "role!", position, path, generation, size_bytes, content_type
        FROM reel_sources
        WHERE reel_id = $1
        ORDER BY role, position
        "#,
        reel.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let broken = |column, value: &str| DbError::broken("reel_sources", column, reel, value);
            Ok(Source {
                role: SourceRole::parse(&row.role).ok_or_else(|| broken("role", &row.role))?,
                position: u8::try_from(row.position).unwrap_or_default(),
                path: row.path,
                generation: row.generation,
                size_bytes: u64::try_from(row.size_bytes).unwrap_or_default(),
                content_type: row.content_type,
            })
        })
        .collect()
}

/// Takes a reel out of sight. A lease on it is void from now on.
pub async fn set_hidden(conn: &mut Conn, id: ReelId) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE reels
        SET status = 'HIDDEN', hidden = true, lease_token = NULL, lease_taken_at = NULL, lease_until = NULL
        WHERE id = $1
        "#,
        id.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a reel back into sight.
pub async fn set_active(conn: &mut Conn, id: ReelId, expires_at: Timestamp) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE reels SET status = 'ACTIVE', hidden = false, expires_at = $2 WHERE id = $1",
        id.as_uuid(),
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a reel with its sources and views. An id that a client's key gave is remembered: it names no other reel.
pub async fn delete(conn: &mut Conn, id: ReelId, now: Timestamp) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM reels WHERE id = $1", id.as_uuid())
        .execute(&mut *conn)
        .await?;
    if is_of_a_key(id) {
        sqlx::query!(
            "INSERT INTO deleted_reels (id, deleted_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            id.as_uuid(),
            now,
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Whether a reel of this id was there and was deleted.
pub async fn was_deleted(conn: &mut Conn, id: ReelId) -> Result<bool, DbError> {
    if !is_of_a_key(id) {
        return Ok(false);
    }
    Ok(sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM deleted_reels WHERE id = $1) AS \"there!\"",
        id.as_uuid()
    )
    .fetch_one(conn)
    .await?)
}

/// Ids that are drawn never come again; those that are the name of a key do.
fn is_of_a_key(id: ReelId) -> bool {
    id.as_uuid().get_version() == Some(uuid::Version::Sha1)
}

/// Ends the day of up to `limit` reels in the feed, and says which.
pub async fn expire_active(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(ReelId, ShopId)>, DbError> {
    let rows = sqlx::query!(
        r#"
        UPDATE reels
        SET status = 'EXPIRED'
        -- An array and no IN: its rows are then found by their ids, not by reading the whole table.
        WHERE id = ANY(ARRAY(
            SELECT id
            FROM reels
            WHERE status = 'ACTIVE' AND expires_at <= $1
            ORDER BY expires_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING id, shop_id
        "#,
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.shop_id.into()))
        .collect())
}
