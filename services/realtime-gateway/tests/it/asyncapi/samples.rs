//! Every event twice: with all that can be said, and with what is always said.

use avvivo_contracts::events::v1::{
    AccessChanged, ChatAttachment, ChatConversation, ChatMessage, ChatMessageSent, ChatRead,
    ChatTyping, ReelPublished, ReelStatusChanged, ReelWithdrawn, ShopChanged, event::Payload,
};

const REEL: &str = "7d0c4b5e-1111-7222-8333-944455566677";
const SHOP: &str = "05000000-0000-7000-8000-000000000001";
const ACCOUNT: &str = "0a000000-0000-7000-8000-000000000015";
const CONVERSATION: &str = "3f5c1a52-0d1e-7c55-8d0e-6d1b8a0f7a10";
const MESSAGE: &str = "019cd8a1-6f2c-7d3e-9a41-1b2c3d4e5f60";

const MOMENT: prost_types::Timestamp = prost_types::Timestamp {
    seconds: 1_800_000_000,
    nanos: 892_000_000,
};

/// With all their fields.
pub(super) fn full() -> Vec<Payload> {
    vec![
        Payload::ReelStatusChanged(ReelStatusChanged {
            status: "ACTIVE".to_owned(),
            stage: "FAILED_PERMANENT".to_owned(),
            progress: 100,
            error_code: "reel.too_long".to_owned(),
            error_message: "El video dura más de 17 segundos.".to_owned(),
            ..bare_status()
        }),
        Payload::ReelPublished(ReelPublished {
            video_url: "https://media.example/1.mp4".to_owned(),
            photo_urls: vec!["https://media.example/1.jpg".to_owned()],
            thumbnail_url: "https://media.example/2.jpg".to_owned(),
            expires_at: Some(MOMENT),
            ..bare_published()
        }),
        Payload::ReelWithdrawn(withdrawn()),
        Payload::ChatMessageSent(full_message()),
        Payload::ChatRead(ChatRead {
            read_to: 12,
            unread_count: 3,
            ..bare_read()
        }),
        Payload::ChatTyping(ChatTyping {
            expires_in_ms: 6_000,
            ..typing()
        }),
        Payload::AccessChanged(access_changed()),
        Payload::ShopChanged(shop_changed()),
    ]
}

/// With what their writers always set.
pub(super) fn bare() -> Vec<Payload> {
    vec![
        Payload::ReelStatusChanged(bare_status()),
        Payload::ReelPublished(bare_published()),
        Payload::ReelWithdrawn(withdrawn()),
        Payload::ChatMessageSent(bare_message()),
        Payload::ChatRead(bare_read()),
        Payload::ChatTyping(typing()),
        Payload::AccessChanged(access_changed()),
        Payload::ShopChanged(shop_changed()),
    ]
}

fn bare_status() -> ReelStatusChanged {
    ReelStatusChanged {
        reel_id: REEL.to_owned(),
        shop_id: SHOP.to_owned(),
        // Not the state of a render, of which a reader who is behind gets the last only.
        status: "HIDDEN".to_owned(),
        ..ReelStatusChanged::default()
    }
}

fn bare_published() -> ReelPublished {
    ReelPublished {
        reel_id: REEL.to_owned(),
        shop_id: SHOP.to_owned(),
        r#type: "PHOTO_SET".to_owned(),
        ..ReelPublished::default()
    }
}

fn withdrawn() -> ReelWithdrawn {
    ReelWithdrawn {
        reel_id: REEL.to_owned(),
        shop_id: SHOP.to_owned(),
    }
}

fn bare_message() -> ChatMessageSent {
    ChatMessageSent {
        message: Some(ChatMessage {
            id: MESSAGE.to_owned(),
            conversation_id: CONVERSATION.to_owned(),
            sequence: 1,
            sender_type: "SYSTEM".to_owned(),
            message_type: "SYSTEM".to_owned(),
            ..ChatMessage::default()
        }),
        conversation: Some(ChatConversation {
            id: CONVERSATION.to_owned(),
            ..ChatConversation::default()
        }),
        recipient: "CLIENT".to_owned(),
        unread_delta: 0,
    }
}

fn full_message() -> ChatMessageSent {
    let bare = bare_message();
    ChatMessageSent {
        message: bare.message.map(|message| ChatMessage {
            sender_type: "SHOP".to_owned(),
            sender_account_id: ACCOUNT.to_owned(),
            message_type: "VIDEO".to_owned(),
            content: "Así se ve puesto\ncon «comillas» y \u{2028} renglones".to_owned(),
            attachments: vec![ChatAttachment {
                kind: "video".to_owned(),
                url: "https://media.example/chat/1.mp4".to_owned(),
                size_bytes: 48_213,
                duration_seconds: 4.5,
                width: 1_080,
                height: 1_350,
            }],
            created_at: Some(MOMENT),
            ..message
        }),
        conversation: bare.conversation.map(|conversation| ChatConversation {
            updated_at: Some(MOMENT),
            last_message_preview: "Así se ve puesto".to_owned(),
            first_response_seconds: Some(95),
            unread_count: 3,
            ..conversation
        }),
        recipient: "SHOP".to_owned(),
        unread_delta: 1,
    }
}

fn typing() -> ChatTyping {
    ChatTyping {
        conversation_id: CONVERSATION.to_owned(),
        side: "CLIENT".to_owned(),
        ..ChatTyping::default()
    }
}

fn shop_changed() -> ShopChanged {
    ShopChanged {
        shop_id: SHOP.to_owned(),
    }
}

fn access_changed() -> AccessChanged {
    AccessChanged {
        account_id: ACCOUNT.to_owned(),
    }
}

/// The smallest event.
pub(super) fn bare_read() -> ChatRead {
    ChatRead {
        conversation_id: CONVERSATION.to_owned(),
        reader: "CLIENT".to_owned(),
        ..ChatRead::default()
    }
}
