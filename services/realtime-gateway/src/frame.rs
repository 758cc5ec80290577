//! Frames of the event stream: an `id:` line, an `event:` line, one `data:` line of JSON, a blank line.
//!
//! An event is rendered once and its bytes are shared by all who read it; the `id:` line before it, which says where a
//! reader stands in each of its audiences, is the reader's own. JSON has no line breaks of its own, which keeps data on one
//! line whatever a text contains.

mod chat;
mod reels;

use std::time::Duration;

use avvivo_contracts::{
    audience::Audience,
    cursor::Cursor,
    events::v1::{Event, event::Payload},
};
use avvivo_kernel::{Timestamp, time::to_wire};
use bytes::Bytes;
use chrono::DateTime;
use serde::Serialize;

use crate::{
    account::Account,
    ending::Ending,
    session::{BEAT_EVERY, Revoked},
    states::Change,
};

/// An event as it is sent: its frames, without the `id:` lines, which say where each reader stands.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Its number in its audience.
    pub(crate) sequence: u64,
    /// When it happened.
    pub(crate) occurred_at: Timestamp,
    parts: Parts,
    /// What it is the latest state of, if that is what it is.
    state: Option<String>,
    /// How long it holds, if it is a state that is not kept.
    holds: Option<Duration>,
    /// Whose rights it says have changed. Clients are told nothing.
    revokes: Option<Revoked>,
}

/// That somebody types, or has stopped, is told to those who sit down for this long.
const TYPING_HOLDS: Duration = Duration::from_secs(6);

/// One frame, without its `id:` line.
#[derive(Debug)]
pub(crate) struct Part {
    /// The name after `event: `.
    pub(crate) name: &'static str,
    /// From `event: ` to the blank line.
    pub(crate) bytes: Bytes,
}

impl Part {
    fn new(name: &'static str, view: &impl Serialize) -> Self {
        Self {
            name,
            bytes: format!("event: {name}\ndata: {}\n\n", json(view)).into(),
        }
    }
}

/// At most two frames. Nearly all events are one.
#[derive(Debug)]
enum Parts {
    None,
    One([Part; 1]),
    Two([Part; 2]),
}

impl Frame {
    /// An event of the bus. None for a kind of event that this version does not know.
    pub(crate) fn of_event(event: &Event, occurred_at: Timestamp) -> Option<Self> {
        let at = to_wire(occurred_at);
        let (mut state, mut holds, mut revokes) = (None, None, None);
        let parts = match event.payload.as_ref()? {
            Payload::ReelStatusChanged(reel) => {
                // How far a render is matters only until it is further.
                state = (reel.status == "PROCESSING").then(|| reel.reel_id.clone());
                one("reel:status", &reels::Moved::new(reel, &at))
            }
            Payload::ReelPublished(reel) => {
                one("reels:published", &reels::Published::new(reel, &at))
            }
            Payload::ReelWithdrawn(reel) => {
                one("reels:withdrawn", &reels::Withdrawn::new(reel, &at))
            }
            Payload::ChatMessageSent(sent) => Parts::Two(chat::message_sent(sent, &at)?),
            Payload::ChatRead(read) => one("chat:read", &chat::Read::new(read, &at)),
            Payload::ChatTyping(typing) => {
                state = Some(format!("{} {}", typing.conversation_id, typing.side));
                holds = Some(TYPING_HOLDS);
                one("chat:typing", &chat::Typing::new(typing, &at))
            }
            Payload::AccessChanged(change) => {
                revokes = Some(Revoked::Account(Account::of(&change.account_id)));
                Parts::None
            }
            // For those who keep lists of shops.
            Payload::ShopChanged(_) => Parts::None,
        };
        Some(Self {
            sequence: event.sequence,
            occurred_at,
            parts,
            state,
            holds,
            revokes,
        })
    }

    /// An event that says nothing to anybody, but has a number.
    pub(crate) fn empty(sequence: u64, occurred_at: Timestamp) -> Self {
        Self {
            sequence,
            occurred_at,
            parts: Parts::None,
            state: None,
            holds: None,
            revokes: None,
        }
    }

    /// The change of state that it is, for one without a number.
    pub(crate) fn into_change(self) -> Option<Change> {
        let Parts::One([Part { name, bytes }]) = self.parts else {
            return None;
        };
        Some(Change {
            of: self.state?,
            name,
            bytes,
            holds: self.holds,
        })
    }

    /// Its frames.
    pub(crate) fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::None => &[],
            Parts::One(one) => one,
            Parts::Two(two) => two,
        }
    }

    /// The event's name; that of its first frame, if it has two.
    pub(crate) fn name(&self) -> &'static str {
        self.parts().first().map_or("", |part| part.name)
    }

    /// What it is the latest state of; a reader who is behind needs only the last of those.
    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Whose rights have changed, if that is what it says.
    pub(crate) fn revokes(&self) -> Option<Revoked> {
        self.revokes
    }

    /// Bytes of its frames.
    pub(crate) fn len(&self) -> usize {
        self.parts().iter().map(|part| part.bytes.len()).sum()
    }

    /// An event of so many bytes.
    #[cfg(test)]
    pub(crate) fn for_tests(sequence: u64, bytes: usize) -> Self {
        let bytes = "x".repeat(bytes).into();
        Self {
            parts: Parts::One([Part {
                name: "test",
                bytes,
            }]),
            ..Self::empty(sequence, Timestamp::default())
        }
    }
}

fn one(name: &'static str, view: &impl Serialize) -> Parts {
    Parts::One([Part::new(name, view)])
}

/// What only the connection itself can say, in the words of the stream it is. The old stream's words begin with `chat:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `GET /chat/events/stream`.
    Chat,
    /// `GET /realtime/stream`.
    Realtime,
}

impl Dialect {
    /// The first frame of a stream: who is told, from where, and when to come back after a fault of the network.
    pub(crate) fn connected(
        self,
        channel: Option<Audience>,
        cursor: &Cursor,
        retry: Duration,
        at: Timestamp,
    ) -> Bytes {
        let (name, beat_in_ms) = match self {
            Self::Chat => ("chat:connected", None),
            Self::Realtime => ("realtime:connected", Some(BEAT_EVERY.as_millis())),
        };
        let view = json(&Connected {
            ok: true,
            channel: &channel
                .map(|channel| channel.to_string())
                .unwrap_or_default(),
            beat_in_ms: beat_in_ms.and_then(|millis| u64::try_from(millis).ok()),
            at: &to_wire(at),
        });
        let retry = retry.as_millis();
        format!("id: {cursor}\nretry: {retry}\nevent: {name}\ndata: {view}\n\n").into()
    }

    /// Keeps the connection from looking idle, to proxies and to pages: those cannot see anything but events. Where there is
    /// no old client to please, it also says where the reader stands.
    pub(crate) fn beat(self, cursor: &Cursor, at: Timestamp) -> Bytes {
        let view = json(&Ping { at: &to_wire(at) });
        match self {
            Self::Chat => format!("event: chat:ping\ndata: {view}\n\n").into(),
            Self::Realtime => {
                format!("id: {cursor}\nevent: realtime:ping\ndata: {view}\n\n").into()
            }
        }
    }

    /// Something is missing before what follows: fetch again what depends on it.
    pub(crate) fn gap(self, gap: &Gap, cursor: &Cursor, at: Timestamp) -> Bytes {
        let view = json(&Resync {
            reason: "gap",
            at: to_wire(at),
            topic: Some(gap.topic.to_string()),
            from: Some(gap.from),
            to: Some(gap.to),
            ..Resync::default()
        });
        format!("id: {cursor}\nevent: {}\ndata: {view}\n\n", self.resync()).into()
    }

    /// The last frame of a stream that ends from our side: why, and when to come back.
    pub(crate) fn ended(self, ending: Ending, retry: Duration, at: Timestamp) -> Bytes {
        self.last(ending, None, retry, at)
    }

    /// The only frame of a stream that could not be opened: why, and when to come back.
    pub(crate) fn shed(
        self,
        code: &'static str,
        ending: Ending,
        retry: Duration,
        at: Timestamp,
    ) -> Bytes {
        self.last(ending, Some(code), retry, at)
    }

    fn last(
        self,
        ending: Ending,
        code: Option<&'static str>,
        retry: Duration,
        at: Timestamp,
    ) -> Bytes {
        let view = json(&Resync {
            reason: ending.as_str(),
            at: to_wire(at),
            code,
            retry_in_ms: u64::try_from(retry.as_millis()).ok(),
            ..Resync::default()
        });
        let (name, retry) = (self.resync(), retry.as_millis());
        format!("retry: {retry}\nevent: {name}\ndata: {view}\n\n").into()
    }

    fn resync(self) -> &'static str {
        match self {
            Self::Chat => "chat:resync",
            Self::Realtime => "realtime:resync",
        }
    }
}

/// Numbers of an audience that a reader will never get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    /// The audience.
    pub(crate) topic: Audience,
    /// The first that is missing.
    pub(crate) from: u64,
    /// The last that is missing.
    pub(crate) to: u64,
}

/// The moment that a protobuf timestamp means; none for one out of range.
pub(crate) fn moment(at: prost_types::Timestamp) -> Option<Timestamp> {
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
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
#[serde(rename_all = "camelCase")]
struct Connected<'a> {
    ok: bool,
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    beat_in_ms: Option<u64>,
    at: &'a str,
}

#[derive(Serialize)]
struct Ping<'a> {
    at: &'a str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resync {
    reason: &'static str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// The same as the `retry:` line, which pages cannot see.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
}

#[cfg(test)]
mod tests;
