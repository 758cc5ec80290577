//! What renderers and their reconcilers write. Every write of a renderer names its lease; `false` means that the lease is
//! lost and nothing was written.

use avvivo_domain::reels::{Lease, Reel, RenderFailure, Stage};
use avvivo_kernel::{LeaseToken, ReelId, Timestamp};
use serde_json::Value;

use super::row::{ReelRow, reels};
use crate::{Conn, DbError};

/// Stores a granted lease on a reel that is locked.
pub async fn set_claimed(
    conn: &mut Conn,
    id: ReelId,
    lease: &Lease,
    attempt: u32,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE reels
        SET
            lease_token = $2,
            lease_taken_at = $3,
            lease_until = $4,
            render_attempts = $5,
            render_stage = 'CLAIMED',
            render_progress = 0,
            render_error_code = NULL,
            render_error_message = NULL
        WHERE id = $1
        "#,
        id.as_uuid(),
        lease.token.as_uuid(),
        lease.taken_at,
        lease.until,
        i32::try_from(attempt).unwrap_or(i32::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lengthens a lease.
pub async fn renew(
    conn: &mut Conn,
    id: ReelId,
    token: LeaseToken,
    until: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "UPDATE reels SET lease_until = $3 WHERE id = $1 AND lease_token = $2 AND status = 'PROCESSING'",
        id.as_uuid(),
        token.as_uuid(),
        until,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores how far a rendering is, and lengthens its lease by the way.
pub async fn set_progress(
    conn: &mut Conn,
    (id, token): (ReelId, LeaseToken),
    stage: Stage,
    progress: u8,
    lease_until: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE reels
        SET render_stage = $3::text::render_stage, render_progress = $4, lease_until = $5
        WHERE id = $1 AND lease_token = $2 AND status = 'PROCESSING'
        "#,
        id.as_uuid(),
        token.as_uuid(),
        stage.as_str(),
        i16::from(progress),
        lease_until,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a finished rendering puts in place of the raw uploads.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// The video, for a video reel.
    pub video_url: Option<String>,
    /// The photos, for a photo set.
    pub photo_urls: Vec<String>,
    /// A still.
    pub thumbnail_url: Option<String>,
    /// The real length of a video, rounded to seconds.
    pub duration_seconds: Option<u32>,
    /// What the renderer did.
    pub report: Value,
}

/// Publishes a finished reel, if the lease still holds and nobody hid it meanwhile.
pub async fn set_rendered(
    conn: &mut Conn,
    (id, token): (ReelId, LeaseToken),
    outputs: &Outputs,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE reels
        SET
            status = 'ACTIVE',
            video_url = $3,
            photo_urls = $4,
            thumbnail_url = $5,
            duration_seconds = coalesce($6, duration_seconds),
            render_report = $7,
            render_stage = 'DONE',
            render_progress = 100,
            rendered_at = $8,
            lease_token = NULL,
            lease_taken_at = NULL,
            lease_until = NULL
        WHERE id = $1 AND lease_token = $2 AND status = 'PROCESSING' AND expires_at > $8
        "#,
        id.as_uuid(),
        token.as_uuid(),
        outputs.video_url,
        &outputs.photo_urls,
        outputs.thumbnail_url,
        outputs
            .duration_seconds
            .map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)),
        outputs.report,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Frees a reel after a failed attempt that will be followed by another.
pub async fn set_failed_once(
    conn: &mut Conn,
    (id, token): (ReelId, LeaseToken),
    failure: &RenderFailure,
    now: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE reels
        SET
            render_stage = 'ERROR',
            render_progress = 0,
            render_error_code = $3,
            render_error_message = $4,
            render_failed_at = $5,
            lease_token = NULL,
            lease_taken_at = NULL,
            lease_until = NULL
        WHERE id = $1 AND lease_token = $2 AND status = 'PROCESSING'
        "#,
        id.as_uuid(),
        token.as_uuid(),
        failure.code,
        failure.message,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Frees a reel whose renderer is going away on purpose: the attempt does not count.
pub async fn give_back(
    conn: &mut Conn,
    (id, token): (ReelId, LeaseToken),
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        r#"
        UPDATE reels
        SET
            render_stage = 'REQUEUED',
            render_progress = 0,
            render_attempts = greatest(render_attempts - 1, 0),
            lease_token = NULL,
            lease_taken_at = NULL,
            lease_until = NULL
        WHERE id = $1 AND lease_token = $2 AND status = 'PROCESSING'
        "#,
        id.as_uuid(),
        token.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a reel that is locked up for good: it is hidden and says why.
pub async fn set_given_up(
    conn: &mut Conn,
    id: ReelId,
    failure: &RenderFailure,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE reels
        SET
            status = 'HIDDEN',
            hidden = true,
            render_stage = 'FAILED_PERMANENT',
            render_progress = 0,
            render_error_code = $2,
            render_error_message = $3,
            render_failed_at = $4,
            lease_token = NULL,
            lease_taken_at = NULL,
            lease_until = NULL
        WHERE id = $1
        "#,
        id.as_uuid(),
        failure.code,
        failure.message,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a reel that is locked into the queue anew, under a new version of its job.
pub async fn set_requeued(
    conn: &mut Conn,
    id: ReelId,
    version: u32,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE reels
        SET
            render_version = $2,
            render_requeued_at = $3,
            render_stage = 'REQUEUED',
            render_progress = 0,
            lease_token = NULL,
            lease_taken_at = NULL,
            lease_until = NULL
        WHERE id = $1
        "#,
        id.as_uuid(),
        i32::try_from(version).unwrap_or(i32::MAX),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Reels in PROCESSING that nobody is working on and that have been waiting since before `idle_since`, or whose day is over:
/// the oldest `limit`, locked; those that somebody else has locked are left out.
pub async fn lock_stuck(
    conn: &mut Conn,
    now: Timestamp,
    idle_since: Timestamp,
    limit: i64,
) -> Result<Vec<Reel>, DbError> {
    let rows = reels!(
        r#"
        WHERE
            r.status = 'PROCESSING'
            AND (
                r.expires_at <= $1
                OR (
                    coalesce(r.lease_until, $1) <= $1
                    AND greatest(r.created_at, r.render_failed_at, r.lease_until, r.render_requeued_at) < $2
                )
            )
        ORDER BY r.created_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
        "#,
        now,
        idle_since,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Reel::try_from).collect()
}

/// Reels that wait for a renderer, oldest first, for one that is started by hand.
pub async fn list_waiting(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(ReelId, u32)>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT id, render_version
        FROM reels
        WHERE status = 'PROCESSING' AND expires_at > $1 AND coalesce(lease_until, $1) <= $1
        ORDER BY created_at
        LIMIT $2
        "#,
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                row.id.into(),
                u32::try_from(row.render_version).unwrap_or_default(),
            )
        })
        .collect())
}

/// How many reels wait or are being rendered, and the age of the oldest of them in seconds.
pub async fn backlog(conn: &mut Conn, now: Timestamp) -> Result<(i64, i64), DbError> {
    let row = sqlx::query!(
        r#"
        SELECT
            count(*) AS "waiting!",
            coalesce(extract(EPOCH FROM $1 - min(created_at)), 0)::bigint AS "oldest_seconds!"
        FROM reels
        WHERE status = 'PROCESSING'
        "#,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.waiting, row.oldest_seconds))
}
