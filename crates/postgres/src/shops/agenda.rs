//! The lives of a shop whose agenda is suspended.

use avvivo_domain::shops::agenda::{Announced, CONFLICT_NOTE, RESCHEDULE_REASON, Rescheduled};
use avvivo_kernel::{ShopId, StreamId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// What a shop has announced, and when what is under way began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agenda {
    /// Announced lives.
    pub upcoming: Vec<Announced<StreamId>>,
    /// Beginnings of those under way.
    pub live: Vec<Timestamp>,
}

/// The agenda of a shop, its lives locked until the transaction ends.
pub async fn lock(conn: &mut Conn, shop: ShopId) -> Result<Agenda, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT id, scheduled_at, status = 'LIVE' AS "live!"
        FROM streams
        WHERE shop_id = $1 AND status IN ('UPCOMING', 'LIVE')
        ORDER BY id
        FOR UPDATE
        "#,
        shop.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut agenda = Agenda::default();
    for row in rows {
        if row.live {
            agenda.live.push(row.scheduled_at);
        } else {
            agenda.upcoming.push(Announced {
                id: row.id.into(),
                at: row.scheduled_at,
            });
        }
    }
    Ok(agenda)
}

/// Moves lives that are locked, all of one sanction under the name `batch`, and the reminders of those that have a new time.
pub async fn reschedule(
    conn: &mut Conn,
    batch: Uuid,
    moves: &[Rescheduled<StreamId>],
) -> Result<(), DbError> {
    let (ids, times): (Vec<Uuid>, Vec<Option<Timestamp>>) = moves
        .iter()
        .map(|moved| match moved {
            Rescheduled::Moved(stream) => (stream.id.as_uuid(), Some(stream.at)),
            Rescheduled::Conflict(id) => (id.as_uuid(), None),
        })
        .unzip();
    sqlx::query!(
        r#"
        WITH moved AS (
            SELECT id, at FROM unnest($1::uuid [], $2::timestamptz []) AS given (id, at)
        ),
        reminded AS (
            UPDATE reminders AS r
            SET notify_at = r.notify_at + (moved.at - s.scheduled_at)
            FROM moved
            JOIN streams AS s ON s.id = moved.id
            WHERE r.stream_id = moved.id AND r.status = 'ACTIVE' AND moved.at IS NOT NULL
        ),
        told AS (
            UPDATE notifications AS n
            SET notify_at = n.notify_at + (moved.at - s.scheduled_at)
            FROM moved
            JOIN streams AS s ON s.id = moved.id
            WHERE n.ref_id = moved.id AND n.type = 'REMINDER' AND n.status = 'QUEUED' AND moved.at IS NOT NULL
        )
        UPDATE streams AS s
        SET
            status = CASE WHEN moved.at IS NULL THEN 'PENDING_REPROGRAMMATION'::stream_status ELSE s.status END,
            original_scheduled_at = CASE
                WHEN moved.at IS NULL THEN s.original_scheduled_at ELSE coalesce(s.original_scheduled_at, s.scheduled_at)
            END,
            scheduled_end_planned = s.scheduled_end_planned + (coalesce(moved.at, s.scheduled_at) - s.scheduled_at),
            scheduled_at = coalesce(moved.at, s.scheduled_at),
            pending_reprogram_note = CASE WHEN moved.at IS NULL THEN $3 ELSE s.pending_reprogram_note END,
            reprogram_reason = $4,
            reprogram_batch_id = $5
        FROM moved
        WHERE s.id = moved.id
        "#,
        &ids,
        &times as _,
        CONFLICT_NOTE,
        RESCHEDULE_REASON,
        batch,
    )
    .execute(conn)
    .await?;
    Ok(())
}
