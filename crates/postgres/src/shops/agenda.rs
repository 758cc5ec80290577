//! The lives of a shop whose agenda is suspended.

use std::collections::HashMap;

use avvivo_domain::{
    clients::reminder::Reminder,
    shops::agenda::{Announced, CONFLICT_NOTE, RESCHEDULE_REASON},
};
use avvivo_kernel::{AccountId, ShopId, StreamId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// What a shop has announced, and when what is under way began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agenda {
    /// Announced lives.
    pub upcoming: Vec<Announced<StreamId>>,
    /// What those are called.
    pub titles: HashMap<StreamId, String>,
    /// Beginnings of those under way.
    pub live: Vec<Timestamp>,
}

/// What becomes of a live, and of those who want to be reminded of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Which one, as it was announced.
    pub live: Announced<StreamId>,
    /// When it begins instead; or would, if that day were not taken.
    pub target: Timestamp,
    /// What its reminders become; none when it found no day.
    pub reminder: Option<Reminder>,
}

impl Move {
    /// When it begins instead, if it found a day.
    pub fn to(&self) -> Option<Timestamp> {
        self.reminder.as_ref().map(|_| self.target)
    }
}

/// The agenda of a shop, its lives locked until the transaction ends.
pub async fn lock(conn: &mut Conn, shop: ShopId) -> Result<Agenda, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT id, title, scheduled_at, status = 'LIVE' AS "live!"
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
            let id = row.id.into();
            agenda.upcoming.push(Announced {
                id,
                at: row.scheduled_at,
            });
            agenda.titles.insert(id, row.title);
        }
    }
    Ok(agenda)
}

/// Moves lives that are locked, all of one sanction under the name `batch`. Their reminders go with them; of a live that found
/// no day, nobody is reminded until it has one.
pub async fn reschedule(conn: &mut Conn, batch: Uuid, moves: &[Move]) -> Result<(), DbError> {
    // One statement after the other, in the order in which whoever asks to be reminded takes the rows.
    move_streams(&mut *conn, batch, moves).await?;
    move_reminders(&mut *conn, moves).await?;
    move_notifications(conn, moves).await
}

async fn move_streams(conn: &mut Conn, batch: Uuid, moves: &[Move]) -> Result<(), DbError> {
    let times: Vec<_> = moves.iter().map(Move::to).collect();
    sqlx::query!(
        r#"
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
        FROM unnest($1::uuid [], $2::timestamptz []) AS moved (id, at)
        WHERE s.id = moved.id
        "#,
        &ids(moves),
        &times as _,
        CONFLICT_NOTE,
        RESCHEDULE_REASON,
        batch,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn move_reminders(conn: &mut Conn, moves: &[Move]) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE reminders AS r
        SET notify_at = moved.notify_at
        FROM unnest($1::uuid [], $2::timestamptz []) AS moved (stream_id, notify_at)
        WHERE r.stream_id = moved.stream_id AND r.status = 'ACTIVE'
        "#,
        &ids(moves),
        &notified(moves) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn move_notifications(conn: &mut Conn, moves: &[Move]) -> Result<(), DbError> {
    let messages: Vec<_> = moves
        .iter()
        .map(|moved| moved.reminder.as_ref().map(|told| told.message.clone()))
        .collect();
    sqlx::query!(
        r#"
        UPDATE notifications AS n
        SET
            status = CASE WHEN moved.notify_at IS NULL THEN 'CANCELED'::notification_status ELSE n.status END,
            notify_at = coalesce(moved.notify_at, n.notify_at),
            message = coalesce(moved.message, n.message)
        FROM unnest($1::uuid [], $2::timestamptz [], $3::text []) AS moved (stream_id, notify_at, message)
        WHERE n.ref_id = moved.stream_id AND n.type = 'REMINDER' AND n.status = 'QUEUED'
        "#,
        &ids(moves),
        &notified(moves) as _,
        &messages as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down what an administrator's sanction did to lives, an event each under these ids.
pub async fn insert_events(
    conn: &mut Conn,
    (shop, by): (ShopId, AccountId),
    moves: &[Move],
    events: &[Uuid],
    now: Timestamp,
) -> Result<(), DbError> {
    let from: Vec<_> = moves.iter().map(|moved| moved.live.at).collect();
    let targets: Vec<_> = moves.iter().map(|moved| moved.target).collect();
    let found_a_day: Vec<_> = moves.iter().map(|live| live.to().is_some()).collect();
    sqlx::query!(
        r#"
        INSERT INTO live_schedule_events (
            id, live_id, shop_id, action, from_scheduled_at, to_scheduled_at, reason, actor_type, actor_id, created_at
        )
        SELECT
            event.id,
            event.live_id,
            $6,
            CASE WHEN event.moved THEN 'AUTO_REPROGRAM' ELSE 'SET_PENDING_REPROGRAM' END::live_schedule_action,
            event.from_at,
            event.target,
            $7,
            'ADMIN',
            $8,
            $9
        FROM unnest($1::uuid [], $2::uuid [], $3::timestamptz [], $4::timestamptz [], $5::boolean [])
            AS event (id, live_id, from_at, target, moved)
        "#,
        events,
        &ids(moves),
        &from,
        &targets,
        &found_a_day,
        shop.as_uuid(),
        RESCHEDULE_REASON,
        by.as_uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn ids(moves: &[Move]) -> Vec<Uuid> {
    moves.iter().map(|moved| moved.live.id.as_uuid()).collect()
}

fn notified(moves: &[Move]) -> Vec<Option<Timestamp>> {
    moves
        .iter()
        .map(|moved| moved.reminder.as_ref().map(|told| told.notify_at))
        .collect()
}
