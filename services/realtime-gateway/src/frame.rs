//! Frames of the event stream: an `event:` line, perhaps `id:` and `retry:`, one `data:` line of JSON, a blank line.
//!
//! An event is rendered once and its bytes are shared by all who read it. `id:` names the event within the connection:
//! a connection hears at most one audience of each class, so class and number together are unique there. JSON has no
//! line breaks of its own, which keeps data on one line whatever a text contains.

use std::{fmt::Write as _, time::Duration};

use avvivo_contracts::{
    audience,
    events::v1::{Event, ReelPublished, ReelStatusChanged, ReelWithdrawn, event::Payload},
};
use avvivo_kernel::{Timestamp, time::to_wire};
use bytes::Bytes;
use chrono::DateTime;
use serde::Serialize;

use crate::ending::{Ending, Missed};

/// Rendered bytes, and what is measured when they are written.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The event's name.
    pub(crate) name: &'static str,
    /// The frame as it is sent.
    pub(crate) bytes: Bytes,
    /// When it happened.
    pub(crate) occurred_at: Timestamp,
}

impl Frame {
    /// An event of the bus. None for a kind of event that this version does not know.
    pub(crate) fn of_event(event: &Event, occurred_at: Timestamp) -> Option<Self> {
        let at = to_wire(occurred_at);
        let (name, data) = match event.payload.as_ref()? {
            Payload::ReelStatusChanged(reel) => ("reel:status", json(&ReelStatus::new(reel, &at))),
            Payload::ReelPublished(reel) => ("reels:published", json(&Published::new(reel, &at))),
            Payload::ReelWithdrawn(reel) => ("reels:withdrawn", json(&Withdrawn::new(reel, &at))),
        };
        let class = audience::class(&event.audience);
        let id = format!("{class}-{}", event.sequence);
        Some(Self {
            name,
            bytes: render(name, Some(&id), None, &data),
            occurred_at,
        })
    }

    /// Tells readers to fetch again what they show, for something may have passed them by.
    pub(crate) fn missed(missed: Missed, at: Timestamp) -> Self {
        Self {
            name: RESYNC,
            bytes: render(RESYNC, None, None, &json(&Resync::new(missed.as_str(), at))),
            occurred_at: at,
        }
    }
}

const RESYNC: &str = "chat:resync";

/// The first frame of every stream.
pub(crate) fn connected(channel: &str, at: Timestamp) -> Bytes {
    let at = to_wire(at);
    render(
        "chat:connected",
        None,
        None,
        &json(&Connected {
            ok: true,
            channel,
            at: &at,
        }),
    )
}

/// Keeps the connection from looking idle.
pub(crate) fn ping(at: Timestamp) -> Bytes {
    render("chat:ping", None, None, &json(&Ping { at: &to_wire(at) }))
}

/// The last frame of a stream that ends from our side: why, and when to come back.
pub(crate) fn ended(ending: Ending, retry: Duration, at: Timestamp) -> Bytes {
    render(
        RESYNC,
        None,
        Some(retry),
        &json(&Resync::new(ending.as_str(), at)),
    )
}

/// The moment that a protobuf timestamp means; none for one out of range.
pub(crate) fn moment(at: prost_types::Timestamp) -> Option<Timestamp> {
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
}

fn render(name: &str, id: Option<&str>, retry: Option<Duration>, data: &str) -> Bytes {
    let mut text = String::with_capacity(data.len() + 64);
    // Writing to a `String` cannot fail.
    writeln!(text, "event: {name}").unwrap_or_default();
    if let Some(id) = id {
        writeln!(text, "id: {id}").unwrap_or_default();
    }
    if let Some(retry) = retry {
        writeln!(text, "retry: {}", retry.as_millis()).unwrap_or_default();
    }
    write!(text, "data: {data}\n\n").unwrap_or_default();
    text.into()
}

/// The shapes below have string keys only and cannot fail; an empty object costs less than an unwrap.
fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_else(|_| "{}".to_owned())
}

/// Protobuf has no absent text.
fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[derive(Serialize)]
struct Connected<'a> {
    ok: bool,
    channel: &'a str,
    at: &'a str,
}

#[derive(Serialize)]
struct Ping<'a> {
    at: &'a str,
}

#[derive(Serialize)]
struct Resync {
    reason: &'static str,
    at: String,
}

impl Resync {
    fn new(reason: &'static str, at: Timestamp) -> Self {
        Self {
            reason,
            at: to_wire(at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReelStatus<'a> {
    reel_id: &'a str,
    shop_id: &'a str,
    status: &'a str,
    stage: Option<&'a str>,
    progress: u32,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    at: &'a str,
}

impl<'a> ReelStatus<'a> {
    fn new(reel: &'a ReelStatusChanged, at: &'a str) -> Self {
        Self {
            reel_id: &reel.reel_id,
            shop_id: &reel.shop_id,
            status: &reel.status,
            stage: present(&reel.stage),
            progress: reel.progress,
            error_code: present(&reel.error_code),
            error_message: present(&reel.error_message),
            at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published<'a> {
    reel_id: &'a str,
    shop_id: &'a str,
    r#type: &'a str,
    video_url: Option<&'a str>,
    photo_urls: &'a [String],
    thumbnail_url: Option<&'a str>,
    expires_at: Option<String>,
    at: &'a str,
}

impl<'a> Published<'a> {
    fn new(reel: &'a ReelPublished, at: &'a str) -> Self {
        Self {
            reel_id: &reel.reel_id,
            shop_id: &reel.shop_id,
            r#type: &reel.r#type,
            video_url: present(&reel.video_url),
            photo_urls: &reel.photo_urls,
            thumbnail_url: present(&reel.thumbnail_url),
            expires_at: reel.expires_at.and_then(moment).map(to_wire),
            at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Withdrawn<'a> {
    reel_id: &'a str,
    shop_id: &'a str,
    at: &'a str,
}

impl<'a> Withdrawn<'a> {
    fn new(reel: &'a ReelWithdrawn, at: &'a str) -> Self {
        Self {
            reel_id: &reel.reel_id,
            shop_id: &reel.shop_id,
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-03-10T14:25:01.5Z".parse().unwrap()
    }

    fn rendered(audience: &str, payload: Payload) -> String {
        let event = Event {
            audience: audience.to_owned(),
            sequence: 7,
            payload: Some(payload),
            ..Event::default()
        };
        let frame = Frame::of_event(&event, at()).unwrap();
        String::from_utf8(frame.bytes.to_vec()).unwrap()
    }

    #[test]
    fn absent_texts_are_null_and_line_breaks_stay_inside_the_data() {
        let reel = ReelStatusChanged {
            reel_id: "r".to_owned(),
            shop_id: "s".to_owned(),
            status: "HIDDEN".to_owned(),
            progress: 40,
            error_message: "Dos\nrenglones\r".to_owned(),
            ..ReelStatusChanged::default()
        };
        assert_eq!(
            rendered("shop:s", Payload::ReelStatusChanged(reel)),
            "event: reel:status\nid: shop-7\ndata: {\"reelId\":\"r\",\"shopId\":\"s\",\"status\":\"HIDDEN\",\
             \"stage\":null,\"progress\":40,\"errorCode\":null,\"errorMessage\":\"Dos\\nrenglones\\r\",\
             \"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
        );
    }

    #[test]
    fn a_published_reel_names_its_media() {
        let reel = ReelPublished {
            reel_id: "r".to_owned(),
            shop_id: "s".to_owned(),
            r#type: "PHOTO_SET".to_owned(),
            photo_urls: vec!["https://a/1".to_owned(), "https://a/2".to_owned()],
            expires_at: Some(prost_types::Timestamp {
                seconds: 1_800_000_000,
                nanos: 0,
            }),
            ..ReelPublished::default()
        };
        assert_eq!(
            rendered(audience::PUBLIC_REELS, Payload::ReelPublished(reel)),
            "event: reels:published\nid: public-7\ndata: {\"reelId\":\"r\",\"shopId\":\"s\",\"type\":\"PHOTO_SET\",\
             \"videoUrl\":null,\"photoUrls\":[\"https://a/1\",\"https://a/2\"],\"thumbnailUrl\":null,\
             \"expiresAt\":\"2027-01-15T08:00:00.000Z\",\"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
        );
    }

    #[test]
    fn the_frames_around_events_have_their_specified_words() {
        let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(
            text(connected("client:a", at())),
            "event: chat:connected\ndata: {\"ok\":true,\"channel\":\"client:a\",\"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
        );
        assert_eq!(
            text(ping(at())),
            "event: chat:ping\ndata: {\"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
        );
        assert_eq!(
            text(ended(Ending::Slow, Duration::from_millis(2_345), at())),
            "event: chat:resync\nretry: 2345\ndata: {\"reason\":\"slow\",\"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
        );
    }

    #[test]
    fn an_event_of_a_later_version_is_no_frame() {
        assert!(Frame::of_event(&Event::default(), at()).is_none());
    }
}
