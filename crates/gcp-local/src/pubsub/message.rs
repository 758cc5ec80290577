//! A published message: checked, numbered, shared by all subscriptions that hold it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use prost::Message as _;
use prost_types::Timestamp;

use super::proto::PubsubMessage;
use crate::wire::ApiError;

/// Grows with every publish, also across restarts.
pub(super) type MessageId = i64;

/// Google's bounds on a publish request and on one message.
const MAX_MESSAGES: usize = 1000;
const MAX_REQUEST_BYTES: usize = 10_000_000;
const MAX_ATTRIBUTES: usize = 100;
const MAX_KEY_BYTES: usize = 256;
const MAX_VALUE_BYTES: usize = 1024;
const MAX_ORDERING_KEY_BYTES: usize = 1024;

#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) published: DateTime<Utc>,
    pub(super) body: PubsubMessage,
    pub(super) bytes: usize,
}

impl Message {
    /// Gives `body` its id and its time.
    pub(super) fn publish(id: MessageId, now: DateTime<Utc>, mut body: PubsubMessage) -> Arc<Self> {
        body.message_id = id.to_string();
        body.publish_time = Some(timestamp(now));
        let bytes = body.encoded_len();
        Arc::new(Self {
            id,
            published: now,
            body,
            bytes,
        })
    }

    /// Reads back what [`Message::to_row`] wrote.
    pub(super) fn from_row(id: MessageId, row: &[u8]) -> Result<Arc<Self>, prost::DecodeError> {
        let body = PubsubMessage::decode(row)?;
        let published = body.publish_time.and_then(time).unwrap_or_default();
        Ok(Arc::new(Self {
            id,
            published,
            body,
            bytes: row.len(),
        }))
    }

    pub(super) fn to_row(&self) -> Vec<u8> {
        self.body.encode_to_vec()
    }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

pub(super) fn time(timestamp: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(timestamp.seconds, u32::try_from(timestamp.nanos).ok()?)
}

/// Refuses what Google would.
pub(super) fn check(messages: &[PubsubMessage]) -> Result<(), ApiError> {
    if messages.is_empty() {
        return Err(ApiError::invalid(
            "The publish request contains no messages.",
        ));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(ApiError::invalid(format!(
            "The publish request contains more than {MAX_MESSAGES} messages."
        )));
    }
    if messages
        .iter()
        .map(PubsubMessage::encoded_len)
        .sum::<usize>()
        > MAX_REQUEST_BYTES
    {
        return Err(ApiError::invalid(format!(
            "The publish request is larger than {MAX_REQUEST_BYTES} bytes."
        )));
    }
    messages.iter().try_for_each(check_one)
}

fn check_one(message: &PubsubMessage) -> Result<(), ApiError> {
    if message.data.is_empty() && message.attributes.is_empty() {
        return Err(ApiError::invalid(
            "A message needs data or at least one attribute.",
        ));
    }
    if message.ordering_key.len() > MAX_ORDERING_KEY_BYTES {
        return Err(ApiError::invalid("An ordering key has at most 1024 bytes."));
    }
    if message.attributes.len() > MAX_ATTRIBUTES {
        return Err(ApiError::invalid("A message has at most 100 attributes."));
    }
    let fine = message.attributes.iter().all(|(key, value)| {
        !key.is_empty()
            && key.len() <= MAX_KEY_BYTES
            && !key.starts_with("goog")
            && value.len() <= MAX_VALUE_BYTES
    });
    if !fine {
        return Err(ApiError::invalid(
            "An attribute's key has 1 to 256 bytes and does not start with goog, its value at most \
             1024 bytes.",
        ));
    }
    Ok(())
}
