//! The table `confirmed_chat_uploads`.

use avvivo_kernel::{ConversationId, Timestamp};

use crate::{Conn, DbError, uploads::ConfirmedUpload};

/// Remembers confirmed pictures of a conversation; confirming again renews what is remembered.
pub async fn set_confirmed(
    conn: &mut Conn,
    conversation: ConversationId,
    uploads: &[ConfirmedUpload],
    now: Timestamp,
) -> Result<(), DbError> {
    for upload in uploads {
        sqlx::query!(
            r#"
            INSERT INTO confirmed_chat_uploads (
                path, conversation_id, generation, size_bytes, content_type, confirmed_at
            )
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (path) DO UPDATE
            SET
                generation = EXCLUDED.generation,
                size_bytes = EXCLUDED.size_bytes,
                content_type = EXCLUDED.content_type,
                confirmed_at = EXCLUDED.confirmed_at
            WHERE confirmed_chat_uploads.conversation_id = EXCLUDED.conversation_id
            "#,
            upload.path,
            conversation.as_uuid(),
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

/// Those of these paths that were confirmed for this conversation since a moment.
pub async fn list_confirmed(
    conn: &mut Conn,
    conversation: ConversationId,
    paths: &[String],
    since: Timestamp,
) -> Result<Vec<String>, DbError> {
    Ok(sqlx::query_scalar!(
        "SELECT path FROM confirmed_chat_uploads WHERE conversation_id = $1 AND path = ANY($2) AND confirmed_at >= $3",
        conversation.as_uuid(),
        paths,
        since,
    )
    .fetch_all(conn)
    .await?)
}

/// Forgets confirmations from before a moment, the oldest first, at most `limit`: no message takes their files any more.
pub async fn forget(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        DELETE FROM confirmed_chat_uploads
        WHERE path = ANY(ARRAY(
            SELECT path FROM confirmed_chat_uploads WHERE confirmed_at < $1 ORDER BY confirmed_at LIMIT $2
        ))
        "#,
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(())
}
