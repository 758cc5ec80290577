//! A delivery as consumers see it, over gRPC and, for pulls and pushes, as JSON.

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::backlog::Delivery;
use super::config::SubscriptionConfig;
use super::message::Message;
use super::proto::{PubsubMessage, ReceivedMessage};
use crate::wire::ApiError;
use crate::wire::json::{decode_bytes, encode_bytes, format_time};

/// The attempt is shown only where a dead-letter policy gives it a meaning, as at Google.
fn shown_attempt(delivery: &Delivery, config: &SubscriptionConfig) -> Option<u32> {
    config.dead_letter_policy.as_ref().map(|_| delivery.attempt)
}

pub(super) fn grpc(delivery: &Delivery, config: &SubscriptionConfig) -> ReceivedMessage {
    ReceivedMessage {
        ack_id: delivery.ack_id.to_string(),
        message: Some(delivery.message.body.clone()),
        delivery_attempt: shown_attempt(delivery, config)
            .and_then(|attempt| i32::try_from(attempt).ok())
            .unwrap_or_default(),
    }
}

/// An element of a pull's `receivedMessages`.
pub(super) fn json(delivery: &Delivery, config: &SubscriptionConfig) -> Value {
    json!(Received {
        ack_id: delivery.ack_id.to_string(),
        message: View::from(delivery.message.as_ref()),
        delivery_attempt: shown_attempt(delivery, config),
    })
}

/// The body of a push. Google repeats id and time in snake case.
pub(super) fn push_envelope(delivery: &Delivery, config: &SubscriptionConfig) -> Value {
    let view = View::from(delivery.message.as_ref());
    json!(Envelope {
        message: Pushed {
            message_id: view.message_id,
            publish_time: view.publish_time.clone(),
            view,
        },
        subscription: &config.name,
        delivery_attempt: shown_attempt(delivery, config),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Received<'a> {
    ack_id: String,
    message: View<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_attempt: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    message: Pushed<'a>,
    subscription: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_attempt: Option<u32>,
}

#[derive(Serialize)]
struct Pushed<'a> {
    message_id: &'a str,
    publish_time: String,
    #[serde(flatten)]
    view: View<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    data: String,
    attributes: &'a HashMap<String, String>,
    message_id: &'a str,
    publish_time: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    ordering_key: &'a str,
}

impl<'a> From<&'a Message> for View<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            data: encode_bytes(&message.body.data),
            attributes: &message.body.attributes,
            message_id: &message.body.message_id,
            publish_time: format_time(message.published),
            ordering_key: &message.body.ordering_key,
        }
    }
}

/// A message of a publish request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Published {
    data: String,
    attributes: HashMap<String, String>,
    ordering_key: String,
}

impl TryFrom<Published> for PubsubMessage {
    type Error = ApiError;

    fn try_from(published: Published) -> Result<Self, ApiError> {
        let data = decode_bytes(&published.data)
            .ok_or_else(|| ApiError::invalid("A message's data is not base64."))?;
        Ok(Self {
            data: Bytes::from(data),
            attributes: published.attributes,
            ordering_key: published.ordering_key,
            ..Self::default()
        })
    }
}
