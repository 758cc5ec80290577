//! The data plane's messages of `google.pubsub.v1`, by the field numbers of Google's published
//! protobuf files. Fields that only exactly-once delivery uses are left out; protobuf skips them.

use std::collections::HashMap;

use bytes::Bytes;
use prost::Message;
use prost_types::Timestamp;

#[derive(Clone, PartialEq, Message)]
pub(super) struct PubsubMessage {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) data: Bytes,
    #[prost(map = "string, string", tag = "2")]
    pub(super) attributes: HashMap<String, String>,
    #[prost(string, tag = "3")]
    pub(super) message_id: String,
    #[prost(message, optional, tag = "4")]
    pub(super) publish_time: Option<Timestamp>,
    #[prost(string, tag = "5")]
    pub(super) ordering_key: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PublishRequest {
    #[prost(string, tag = "1")]
    pub(super) topic: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) messages: Vec<PubsubMessage>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PublishResponse {
    #[prost(string, repeated, tag = "1")]
    pub(super) message_ids: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReceivedMessage {
    #[prost(string, tag = "1")]
    pub(super) ack_id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) message: Option<PubsubMessage>,
    #[prost(int32, tag = "3")]
    pub(super) delivery_attempt: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamingPullRequest {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) ack_ids: Vec<String>,
    #[prost(int32, repeated, packed = "false", tag = "3")]
    pub(super) modify_deadline_seconds: Vec<i32>,
    #[prost(string, repeated, tag = "4")]
    pub(super) modify_deadline_ack_ids: Vec<String>,
    #[prost(int32, tag = "5")]
    pub(super) stream_ack_deadline_seconds: i32,
    #[prost(int64, tag = "7")]
    pub(super) max_outstanding_messages: i64,
    #[prost(int64, tag = "8")]
    pub(super) max_outstanding_bytes: i64,
    #[prost(int64, tag = "10")]
    pub(super) protocol_version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamingPullResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) received_messages: Vec<ReceivedMessage>,
    #[prost(message, optional, tag = "4")]
    pub(super) subscription_properties: Option<SubscriptionProperties>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct SubscriptionProperties {
    #[prost(bool, tag = "2")]
    pub(super) message_ordering_enabled: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PullRequest {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(bool, tag = "2")]
    pub(super) return_immediately: bool,
    #[prost(int32, tag = "3")]
    pub(super) max_messages: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PullResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) received_messages: Vec<ReceivedMessage>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AcknowledgeRequest {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) ack_ids: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ModifyAckDeadlineRequest {
    #[prost(string, tag = "1")]
    pub(super) subscription: String,
    #[prost(int32, tag = "3")]
    pub(super) ack_deadline_seconds: i32,
    #[prost(string, repeated, tag = "4")]
    pub(super) ack_ids: Vec<String>,
}

/// `google.protobuf.Empty`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Empty {}
