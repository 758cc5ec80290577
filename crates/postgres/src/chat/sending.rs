//! Messages, their conversations and what is told of them, in one statement.

use avvivo_domain::chat::{Conversation, Message};
use avvivo_kernel::{AccountId, ConversationId};
use serde_json::Value;

use super::Version;
use crate::{
    Conn, DbError,
    outbox::{Encoded, NewEvent, Occasion, Told, tell},
};

/// Messages to write.
#[derive(Debug, Default)]
pub struct Sending {
    /// Conversations as they are after their messages, each once, with the version that they were made from.
    pub conversations: Vec<(Version, Conversation)>,
    /// Their messages, accepted at the time of the occasion.
    pub messages: Vec<Message>,
    /// What is told of each conversation, in order.
    pub events: Vec<(ConversationId, NewEvent)>,
}

/// Writes messages. Outside a transaction this is one commit. Of a conversation that is no longer the version it was made
/// from nothing is written, and its events have no numbers.
#[expect(
    clippy::too_many_lines,
    reason = "one statement, and each of its parameters on a line"
)]
pub async fn send(conn: &mut Conn, sending: &Sending, occasion: Occasion) -> Result<Told, DbError> {
    let Sending {
        conversations: after,
        messages,
        events,
    } = sending;
    let encoded = Encoded::of(events.iter().map(|(_, event)| event), occasion.at);
    let rows = tell!(
        "
        WITH spoken AS (
            UPDATE chat_conversations AS c
            SET
                last_sequence = after.last_sequence,
                client_read_to = after.client_read_to,
                client_unread = after.client_unread,
                shop_read_to = after.shop_read_to,
                shop_unread = after.shop_unread,
                last_message_preview = after.last_message_preview,
                first_client_message_at = after.first_client_message_at,
                last_client_message_at = after.last_client_message_at,
                last_shop_message_at = after.last_shop_message_at,
                first_shop_response_at = after.first_shop_response_at,
                first_response_seconds = after.first_response_seconds,
                updated_at = after.updated_at
            FROM unnest(
                $8::uuid [], $9::bigint [], $10::bigint [], $11::bigint [], $12::integer [], $13::bigint [], $14::integer [],
                $15::text [], $16::timestamptz [], $17::timestamptz [], $18::timestamptz [], $19::timestamptz [],
                $20::integer [], $21::timestamptz []
            ) AS after (
                id, version, last_sequence, client_read_to, client_unread, shop_read_to, shop_unread,
                last_message_preview, first_client_message_at, last_client_message_at, last_shop_message_at,
                first_shop_response_at, first_response_seconds, updated_at
            )
            WHERE c.id = after.id AND c.xmin::text::bigint = after.version
            RETURNING c.id
        ),
        message AS (
            INSERT INTO chat_messages (
                conversation_id, sequence, id, sender, author_account_id, type, content, attachments, created_at
            )
            SELECT
                m.conversation_id, m.sequence, m.id, m.sender::chat_sender, m.author_account_id,
                m.type::chat_message_type, m.content, m.attachments, $1
            FROM spoken
            JOIN
                unnest(
                    $22::uuid [], $23::bigint [], $24::uuid [], $25::text [], $26::uuid [], $27::text [], $28::text [],
                    $29::jsonb []
                ) AS m (conversation_id, sequence, id, sender, author_account_id, type, content, attachments)
                ON m.conversation_id = spoken.id
        ),
        told AS (
            SELECT event.place, event.id, event.audience, event.event, event.traceparent
            FROM spoken
            JOIN
                unnest($3::uuid [], $4::text [], $5::bytea [], $6::text [], $7::uuid [])
                WITH ORDINALITY AS event (id, audience, event, traceparent, conversation_id, place)
                ON event.conversation_id = spoken.id
        ),
        ",
        occasion,
        &encoded.ids,
        &encoded.audiences,
        &encoded.events,
        &encoded.traceparents as _,
        &column(events, |(conversation, _)| conversation.as_uuid()),
        &column(after, |(_, after)| after.id.as_uuid()),
        &column(after, |(version, _)| version.0),
        &column(after, |(_, after)| after.last_sequence),
        &column(after, |(_, after)| after.client_standing.read_to),
        &column(after, |(_, after)| after.client_standing.unread),
        &column(after, |(_, after)| after.shop_standing.read_to),
        &column(after, |(_, after)| after.shop_standing.unread),
        &column(after, |(_, after)| after.last_message_preview.clone()) as _,
        &column(after, |(_, after)| after.first_client_message_at) as _,
        &column(after, |(_, after)| after.last_client_message_at) as _,
        &column(after, |(_, after)| after.last_shop_message_at) as _,
        &column(after, |(_, after)| after.first_shop_response_at) as _,
        &column(after, |(_, after)| after.first_response_seconds) as _,
        &column(after, |(_, after)| after.updated_at),
        &column(messages, |message| message.conversation.as_uuid()),
        &column(messages, |message| message.sequence),
        &column(messages, |message| message.id.as_uuid()),
        &column(messages, |message| message.sender.as_str().to_owned()),
        &column(messages, |message| message.author.map(AccountId::as_uuid)) as _,
        &column(messages, |message| message.kind.as_str().to_owned()),
        &column(messages, |message| message.content.clone()) as _,
        &column(messages, attachments) as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(encoded.told(rows, occasion))
}

fn column<R, C>(rows: &[R], of: impl Fn(&R) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

fn attachments(message: &Message) -> Option<Value> {
    let files = &message.attachments;
    (!files.is_empty()).then(|| serde_json::to_value(files).unwrap_or_default())
}
