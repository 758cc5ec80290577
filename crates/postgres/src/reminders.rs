//! The table `reminders`: the lives that people want to be reminded of.

use avvivo_domain::clients::reminder::Live;
use avvivo_kernel::{AccountId, ShopId, StreamId, Timestamp};

use crate::{Conn, DbError};

/// A live as lists of reminders show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemindedLive {
    /// Which one.
    pub stream: StreamId,
    /// As it is announced.
    pub title: String,
    /// How it stands.
    pub status: String,
    /// When it begins.
    pub scheduled_at: Timestamp,
    /// When the reminder goes out.
    pub notify_at: Option<Timestamp>,
    /// Whose it is.
    pub shop: ShopId,
    /// What they are called.
    pub shop_name: String,
    /// Their logo.
    pub shop_logo_url: Option<String>,
}

/// A live to be reminded of, which stays as it is until the transaction ends: whoever calls it off afterwards finds the
/// reminder.
pub async fn find_live_for_share(
    conn: &mut Conn,
    stream: StreamId,
) -> Result<Option<Live>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT title, status = 'UPCOMING' AS "upcoming!", scheduled_at
        FROM streams
        WHERE id = $1
        FOR SHARE
        "#,
        stream.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Live {
        title: row.title,
        upcoming: row.upcoming,
        scheduled_at: row.scheduled_at,
    }))
}

/// Makes sure of a reminder that goes out at that time.
pub async fn ensure(
    conn: &mut Conn,
    (account, stream): (AccountId, StreamId),
    notify_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO reminders (account_id, stream_id, notify_at, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (account_id, stream_id) DO UPDATE SET status = 'ACTIVE', notify_at = EXCLUDED.notify_at
        "#,
        account.as_uuid(),
        stream.as_uuid(),
        notify_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Calls a reminder off, one that went out, too.
pub async fn cancel(conn: &mut Conn, account: AccountId, stream: StreamId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE reminders SET status = 'CANCELED' WHERE account_id = $1 AND stream_id = $2 AND status <> 'CANCELED'",
        account.as_uuid(),
        stream.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The ids of the lives that somebody is to be reminded of, what comes next first.
pub async fn list_ids(
    conn: &mut Conn,
    account: AccountId,
    limit: i64,
) -> Result<Vec<StreamId>, DbError> {
    let ids = sqlx::query_scalar!(
        "
        SELECT stream_id FROM reminders
        WHERE account_id = $1 AND status = 'ACTIVE' ORDER BY notify_at, stream_id LIMIT $2
        ",
        account.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(StreamId::from).collect())
}

/// The lives that somebody is to be reminded of, what comes next first.
pub async fn list(
    conn: &mut Conn,
    account: AccountId,
    limit: i64,
) -> Result<Vec<RemindedLive>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT
            l.id,
            l.title,
            l.status::text AS "status!",
            l.scheduled_at,
            r.notify_at,
            s.id AS shop_id,
            s.name AS shop_name,
            s.logo_url AS shop_logo_url
        FROM reminders AS r
        INNER JOIN streams AS l ON l.id = r.stream_id
        INNER JOIN shops AS s ON s.id = l.shop_id
        WHERE r.account_id = $1 AND r.status = 'ACTIVE'
        ORDER BY r.notify_at, r.stream_id
        LIMIT $2
        "#,
        account.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let lives = rows.into_iter().map(|row| RemindedLive {
        stream: row.id.into(),
        title: row.title,
        status: row.status,
        scheduled_at: row.scheduled_at,
        notify_at: row.notify_at,
        shop: row.shop_id.into(),
        shop_name: row.shop_name,
        shop_logo_url: row.shop_logo_url,
    });
    Ok(lives.collect())
}
