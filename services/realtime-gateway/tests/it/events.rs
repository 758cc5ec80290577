//! Events as writers announce them.

use avvivo_contracts::{
    audience::Audience,
    events::v1::{
        AccessChanged, ChatConversation, ChatMessage, ChatMessageSent, ChatRead, Event,
        ReelPublished, ReelStatusChanged, ReelWithdrawn, event::Payload,
    },
};
use avvivo_gcp::PubSubBus;
use avvivo_kernel::{Clock as _, EventId, IdSource as _, RandomIds, SystemClock};
use avvivo_ports::{EventBus as _, OutboundEvent};
use prost::Message as _;

use crate::people::SHOP_ID;

pub(crate) const PUBLIC: &str = "public:reels";

/// A reel of `shop` at `progress`, for its shop.
pub(crate) fn status(shop: &str, sequence: u64, progress: u32) -> Event {
    let payload = Payload::ReelStatusChanged(ReelStatusChanged {
        reel_id: "reel-1".to_owned(),
        shop_id: shop.to_owned(),
        status: "PROCESSING".to_owned(),
        stage: "RENDER_VIDEO".to_owned(),
        progress,
        ..ReelStatusChanged::default()
    });
    event(&format!("shop:{shop}"), sequence, payload)
}

/// A reel that entered the feed, with photos of so many bytes in all.
pub(crate) fn published(sequence: u64, photo_bytes: usize) -> Event {
    let payload = Payload::ReelPublished(ReelPublished {
        reel_id: "reel-1".to_owned(),
        shop_id: SHOP_ID.to_owned(),
        r#type: "VIDEO".to_owned(),
        video_url: "https://media.test/1.mp4".to_owned(),
        photo_urls: vec!["x".repeat(photo_bytes)],
        ..ReelPublished::default()
    });
    event(PUBLIC, sequence, payload)
}

/// A reel that left the feed.
pub(crate) fn withdrawn(sequence: u64) -> Event {
    let payload = Payload::ReelWithdrawn(ReelWithdrawn {
        reel_id: "reel-1".to_owned(),
        shop_id: SHOP_ID.to_owned(),
    });
    event(PUBLIC, sequence, payload)
}

/// Somebody has read; the smallest event of the chat.
pub(crate) fn message(audience: &str, sequence: u64) -> Event {
    let payload = Payload::ChatRead(ChatRead {
        conversation_id: "c".to_owned(),
        reader: "SHOP".to_owned(),
        read_to: sequence,
        unread_count: 0,
    });
    event(audience, sequence, payload)
}

/// A message, which is two frames.
pub(crate) fn sent(audience: &str, sequence: u64) -> Event {
    let payload = Payload::ChatMessageSent(ChatMessageSent {
        message: Some(ChatMessage {
            id: format!("m{sequence}"),
            ..ChatMessage::default()
        }),
        conversation: Some(ChatConversation::default()),
        recipient: "SHOP".to_owned(),
        unread_delta: 1,
    });
    event(audience, sequence, payload)
}

/// The rights of an account have changed.
pub(crate) fn access_changed(account: &str, sequence: u64) -> Event {
    let account_id = account.to_owned();
    event(
        &Audience::ControlAccess.to_string(),
        sequence,
        Payload::AccessChanged(AccessChanged { account_id }),
    )
}

/// An event of an audience.
pub(crate) fn event(audience: &str, sequence: u64, payload: Payload) -> Event {
    let now = SystemClock.now();
    Event {
        id: RandomIds.uuid().to_string(),
        audience: audience.to_owned(),
        sequence,
        occurred_at: Some(prost_types::Timestamp {
            seconds: now.timestamp(),
            nanos: i32::try_from(now.timestamp_subsec_nanos()).unwrap(),
        }),
        traceparent: String::new(),
        payload: Some(payload),
    }
}

/// Publishes `events` in one batch, all of which the bus takes.
pub(crate) async fn publish(bus: &PubSubBus, events: &[Event]) {
    let batch = events.iter().map(|event| OutboundEvent {
        id: EventId::from(event.id.parse::<uuid::Uuid>().unwrap()),
        audience: event.audience.clone(),
        payload: event.encode_to_vec().into(),
    });
    for answer in bus.publish(batch.collect()).await {
        answer.unwrap();
    }
}
