//! The table `notifications`: what people are told inside the product.

use avvivo_domain::{clients::reminder::Reminder, notifications::NotificationKind};
use avvivo_kernel::{AccountId, StreamId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// A notification as its list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub message: String,
    /// What kind of thing it is about.
    pub kind: NotificationKind,
    /// What it is about.
    pub ref_id: Option<Uuid>,
    /// When it goes out.
    pub notify_at: Option<Timestamp>,
    /// `QUEUED`, `SENT`, `FAILED` or `CANCELED`.
    pub status: String,
    /// Whether it was read.
    pub read: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

struct NotificationRow {
    id: Uuid,
    message: String,
    kind: String,
    ref_id: Option<Uuid>,
    notify_at: Option<Timestamp>,
    status: String,
    read: bool,
    created_at: Timestamp,
}

/// Queues the notification of a reminder. The one there is, if there is one, is given this time and text; one that went out
/// goes out again.
pub async fn queue_reminder(
    conn: &mut Conn,
    id: Uuid,
    (account, stream): (AccountId, StreamId),
    reminder: &Reminder,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO notifications AS n (id, account_id, message, type, ref_id, notify_at, created_at)
        VALUES ($1, $2, $3, 'REMINDER', $4, $5, $6)
        ON CONFLICT (ref_id, account_id) WHERE type = 'REMINDER' AND status IN ('QUEUED', 'SENT') DO UPDATE
        SET
            message = EXCLUDED.message,
            notify_at = EXCLUDED.notify_at,
            status = 'QUEUED',
            sent_at = NULL,
            read = n.read AND n.status = 'QUEUED',
            created_at = CASE WHEN n.status = 'QUEUED' THEN n.created_at ELSE EXCLUDED.created_at END
        "#,
        id,
        account.as_uuid(),
        reminder.message,
        stream.as_uuid(),
        reminder.notify_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Withdraws the notification of somebody's reminder, one that went out, too.
pub async fn cancel_reminder(
    conn: &mut Conn,
    account: AccountId,
    stream: StreamId,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE notifications
        SET status = 'CANCELED'
        WHERE ref_id = $2 AND account_id = $1 AND type = 'REMINDER' AND status IN ('QUEUED', 'SENT')
        "#,
        account.as_uuid(),
        stream.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody's notifications, the newest first.
pub async fn list(
    conn: &mut Conn,
    account: AccountId,
    limit: i64,
) -> Result<Vec<Notification>, DbError> {
    let rows = sqlx::query_as!(
        NotificationRow,
        r#"
        SELECT
            id,
            message,
            type::text AS "kind!",
            ref_id,
            notify_at,
            status::text AS "status!",
            read,
            created_at
        FROM notifications
        WHERE account_id = $1
        ORDER BY created_at DESC, id DESC
        LIMIT $2
        "#,
        account.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Notification::try_from).collect()
}

impl TryFrom<NotificationRow> for Notification {
    type Error = DbError;

    fn try_from(row: NotificationRow) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id,
            message: row.message,
            kind: NotificationKind::parse(&row.kind)
                .ok_or_else(|| DbError::broken("notifications", "type", row.id, &row.kind))?,
            ref_id: row.ref_id,
            notify_at: row.notify_at,
            status: row.status,
            read: row.read,
            created_at: row.created_at,
        })
    }
}

/// The administrators who may sign in, in a stable order.
pub async fn list_admins(conn: &mut Conn) -> Result<Vec<AccountId>, DbError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM accounts WHERE user_type = 'ADMIN' AND status = 'ACTIVE' ORDER BY id"
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AccountId::from).collect())
}

/// A notice for administrators.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// What kind of thing it is about.
    pub kind: NotificationKind,
    /// What they read.
    pub message: &'a str,
    /// What it is about.
    pub ref_id: Uuid,
}

/// Queues a notice for each of these administrators, under an id each.
pub async fn insert_for_admins(
    conn: &mut Conn,
    admins: &[(Uuid, AccountId)],
    notice: Notice<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    let (ids, accounts): (Vec<Uuid>, Vec<Uuid>) = admins
        .iter()
        .map(|(id, account)| (*id, account.as_uuid()))
        .unzip();
    sqlx::query!(
        r#"
        INSERT INTO notifications (id, account_id, message, type, ref_id, created_at)
        SELECT id, account_id, $3, $4::text::notification_type, $5, $6
        FROM unnest($1::uuid [], $2::uuid []) AS given (id, account_id)
        "#,
        &ids,
        &accounts,
        notice.message,
        notice.kind.as_str(),
        notice.ref_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
