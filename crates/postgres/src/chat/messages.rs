//! The table `chat_messages`.

use avvivo_domain::chat::{Attachment, Message, MessageType, Sender, Side};
use avvivo_kernel::{AccountId, ConversationId, MessageId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::{Conn, DbError};

struct MessageRow {
    id: Uuid,
    conversation_id: Uuid,
    sequence: i64,
    sender: String,
    author_account_id: Option<Uuid>,
    kind: String,
    content: Option<String>,
    attachments: Option<Value>,
    created_at: Timestamp,
}

impl TryFrom<MessageRow> for Message {
    type Error = DbError;

    fn try_from(row: MessageRow) -> Result<Self, DbError> {
        let broken = |column, value: &str| {
            DbError::broken("chat_messages", column, row.id, value.to_owned())
        };
        let attachments = match row.attachments {
            Some(kept) => serde_json::from_value::<Vec<Attachment>>(kept)
                .map_err(|error| broken("attachments", &error.to_string()))?,
            None => Vec::new(),
        };
        Ok(Self {
            id: row.id.into(),
            conversation: row.conversation_id.into(),
            sequence: row.sequence,
            sender: Sender::parse(&row.sender).ok_or_else(|| broken("sender", &row.sender))?,
            author: row.author_account_id.map(AccountId::from),
            kind: MessageType::parse(&row.kind).ok_or_else(|| broken("type", &row.kind))?,
            content: row.content,
            attachments,
            created_at: row.created_at,
        })
    }
}

/// Selects messages, `m`, by what follows `FROM chat_messages AS m`.
macro_rules! messages {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            MessageRow,
            r#"
            SELECT
                m.id,
                m.conversation_id,
                m.sequence,
                m.sender::text AS "sender!",
                m.author_account_id,
                m.type::text AS "kind!",
                m.content,
                m.attachments,
                m.created_at
            FROM chat_messages AS m
            "# + $tail
            $(, $argument)*
        )
    };
}

/// The message of that id in that conversation.
pub async fn find(
    conn: &mut Conn,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Option<Message>, DbError> {
    let row = messages!(
        "WHERE m.id = $1 AND m.conversation_id = $2",
        id.as_uuid(),
        conversation.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Message::try_from).transpose()
}

/// Which of these there are, in whatever conversation.
pub async fn list_known(conn: &mut Conn, ids: &[MessageId]) -> Result<Vec<MessageId>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let known = sqlx::query_scalar!("SELECT id FROM chat_messages WHERE id = ANY($1)", &ids)
        .fetch_all(conn)
        .await?;
    Ok(known.into_iter().map(MessageId::from).collect())
}

/// Where a page of messages ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// The newest.
    End,
    /// Those before this place.
    Sequence(i64),
    /// Those strictly before this moment, as old clients page.
    Moment(Timestamp),
}

/// The newest messages before `before`, oldest first.
pub async fn list(
    conn: &mut Conn,
    conversation: ConversationId,
    before: Before,
    limit: i64,
) -> Result<Vec<Message>, DbError> {
    let (sequence, moment) = match before {
        Before::End => (None, None),
        Before::Sequence(sequence) => (Some(sequence), None),
        Before::Moment(moment) => (None, Some(moment)),
    };
    let mut rows = messages!(
        "
        WHERE
            m.conversation_id = $1
            AND m.sequence < coalesce($2, 9223372036854775807)
            AND ($3::timestamptz IS NULL OR m.created_at < $3)
        ORDER BY m.sequence DESC
        LIMIT $4
        ",
        conversation.as_uuid(),
        sequence,
        moment,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.reverse();
    rows.into_iter().map(Message::try_from).collect()
}

/// How many messages `side` wrote after a place.
pub async fn count_after(
    conn: &mut Conn,
    conversation: ConversationId,
    side: Side,
    place: i64,
) -> Result<i32, DbError> {
    let count = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!"
        FROM chat_messages
        WHERE conversation_id = $1 AND sequence > $2 AND sender = $3::text::chat_sender
        "#,
        conversation.as_uuid(),
        place,
        side.sender().as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}
