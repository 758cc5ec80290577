//! `POST …:publish` and its like.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::pubsub::engine::{Engine, parse_ack_ids};
use crate::pubsub::name::{self, Kind};
use crate::pubsub::received::{self, Published};
use crate::wire::ApiError;
use crate::wire::json::parse;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Publish {
    messages: Vec<Published>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Pull {
    max_messages: i32,
    return_immediately: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Acks {
    ack_ids: Vec<String>,
    ack_deadline_seconds: i32,
}

pub(super) async fn run(
    engine: &Arc<Engine>,
    name: &str,
    verb: &str,
    body: &[u8],
) -> Result<Value, ApiError> {
    match (name::kind(name), verb) {
        (Some(Kind::Topic), "publish") => {
            let publish: Publish = parse(body)?;
            let messages = publish
                .messages
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?;
            let ids = engine.publish(name.to_owned(), messages).await?;
            Ok(json!({ "messageIds": ids }))
        }
        (Some(Kind::Subscription), "pull") => {
            let pull: Pull = parse(body)?;
            let deliveries = engine
                .pull(name, pull.max_messages, pull.return_immediately)
                .await?;
            let settings = engine.subscription(name)?.settings();
            let received: Vec<_> = deliveries
                .iter()
                .map(|d| received::json(d, &settings.config))
                .collect();
            Ok(if received.is_empty() {
                json!({})
            } else {
                json!({ "receivedMessages": received })
            })
        }
        (Some(Kind::Subscription), "acknowledge") => {
            let acks: Acks = parse(body)?;
            engine
                .acknowledge(name, &parse_ack_ids(&acks.ack_ids)?)
                .await?;
            Ok(json!({}))
        }
        (Some(Kind::Subscription), "modifyAckDeadline") => {
            let acks: Acks = parse(body)?;
            let ack_ids = parse_ack_ids(&acks.ack_ids)?;
            engine
                .modify_ack_deadline(name, &ack_ids, acks.ack_deadline_seconds)
                .await?;
            Ok(json!({}))
        }
        (Some(Kind::Subscription), "modifyPushConfig") => {
            engine
                .update_subscription(name, &parse(body)?, "pushConfig")
                .await?;
            Ok(json!({}))
        }
        _ => Err(ApiError::unimplemented(format!(
            "gcp-local does not serve {name}:{verb}."
        ))),
    }
}
