//! Somebody is typing, or has stopped. A courtesy: nothing is written, and when the bus is away nobody is told.

use std::time::Duration;

use avvivo_contracts::{
    audience::Audience,
    events::v1::{ChatTyping, Event, event::Payload},
};
use avvivo_domain::chat::{ChatError, Side};
use avvivo_kernel::ConversationId;
use avvivo_ports::OutboundEvent;
use avvivo_postgres::chat;
use prost::Message as _;

use super::Participant;
use crate::{AppError, Deps, announce::stamp};

/// How long it holds. Whoever goes on typing says so every few seconds.
pub const HOLDS: Duration = Duration::from_secs(6);
/// Told later, it is no longer true.
const BUS_LIMIT: Duration = Duration::from_secs(1);

/// Tells the other side of a conversation that `who` is typing, or no longer is.
pub async fn run(
    deps: &Deps,
    who: Participant,
    conversation: ConversationId,
    is_typing: bool,
) -> Result<(), AppError> {
    let mut conn = deps.db.acquire().await?;
    let parties = chat::find_parties(&mut conn, conversation, who.lookup)
        .await?
        .ok_or(ChatError::NotFound)?;
    drop(conn);
    let other = match who.lookup.side() {
        Side::Client => Audience::Shop(parties.shop),
        Side::Shop => Audience::Client(parties.client),
    };
    let holds = if is_typing { HOLDS } else { Duration::ZERO };
    let typing = ChatTyping {
        conversation_id: conversation.to_string(),
        side: who.lookup.side().as_str().to_owned(),
        expires_in_ms: u32::try_from(holds.as_millis()).unwrap_or_default(),
    };
    tell(deps, other, Payload::ChatTyping(typing)).await;
    Ok(())
}

/// Tells an audience how something is, without a number and without keeping it.
async fn tell(deps: &Deps, audience: Audience, payload: Payload) {
    let audience = audience.to_string();
    let id = deps.event_id();
    let event = Event {
        id: id.to_string(),
        audience: audience.clone(),
        sequence: 0,
        occurred_at: Some(stamp(deps.now())),
        traceparent: (deps.traceparent)().unwrap_or_default(),
        payload: Some(payload),
    };
    let event = OutboundEvent {
        id,
        audience,
        payload: event.encode_to_vec().into(),
    };
    let publishing = deps.bus.publish(vec![event]);
    let told = match tokio::time::timeout(BUS_LIMIT, publishing).await {
        Ok(outcomes) => outcomes
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(|error| error.to_string()),
        Err(elapsed) => Err(elapsed.to_string()),
    };
    if let Err(error) = told {
        tracing::debug!(error, "a courtesy was not passed on");
    }
}
