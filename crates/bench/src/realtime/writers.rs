//! The writers: what is posted becomes an event of its topic, numbered, kept, and published on the bus, as an api and its relay
//! would, but without a database. The answer comes when the bus has it.

use anyhow::Context as _;
use avvivo_contracts::{
    audience::Audience,
    events::v1::{Event, ReelPublished, event::Payload},
};
use avvivo_kernel::{Clock as _, IdSource as _, RandomIds, SystemClock};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use prost::Message as _;
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use tokio::net::TcpListener;

use super::{api::audience_of, past::Past};
use crate::endpoint;

/// What begins the names of the bus' channels; the gateway is told the same.
pub(super) const PREFIX: &str = "bench";
pub(super) const CHANNEL: &str = "events";

/// Serves them on a listener for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, redis: MultiplexedConnection, past: Past) {
    endpoint::serve(listener, move |request| {
        publish(request, redis.clone(), past.clone())
    })
    .await;
}

/// Publishes the body to the topic that the path ends with.
async fn publish(
    request: Request<Incoming>,
    mut redis: MultiplexedConnection,
    past: Past,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let topic = parts.uri.path().rsplit('/').next().unwrap_or_default();
    let audience = audience_of(topic);
    let body = body.collect().await?.to_bytes();
    let body = String::from_utf8(body.into()).context("not a text")?;
    let event = past.commit(audience, |number| event(audience, number, body).into());
    let channel = format!("{PREFIX}:{CHANNEL}:{}", audience.class());
    let heard: u32 = redis.publish(channel, &*event).await?;
    anyhow::ensure!(heard > 0, "nobody listens to the bus");
    Ok(Response::new(Full::default()))
}

/// An event that is one frame, with the text in it once.
fn event(audience: Audience, number: u64, text: String) -> Vec<u8> {
    let now = SystemClock.now();
    let reel = ReelPublished {
        reel_id: RandomIds.uuid().to_string(),
        shop_id: audience.to_string(),
        r#type: "VIDEO".to_owned(),
        video_url: text,
        ..ReelPublished::default()
    };
    let event = Event {
        id: RandomIds.uuid().to_string(),
        audience: audience.to_string(),
        sequence: number,
        occurred_at: Some(prost_types::Timestamp {
            seconds: now.timestamp(),
            nanos: i32::try_from(now.timestamp_subsec_nanos()).unwrap_or_default(),
        }),
        payload: Some(Payload::ReelPublished(reel)),
        ..Event::default()
    };
    event.encode_to_vec()
}
