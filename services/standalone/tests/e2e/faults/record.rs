//! What a reader was told, as it was told.

use std::fmt;

use avvivo_contracts::cursor::{Cursor, Place};
use serde_json::Value;
use uuid::Uuid;

use super::wire::Frame;

/// What a reader asked for when it connected.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// What happens from now on.
    Now,
    /// What comes after this: a page said so, or the stream itself.
    After(Cursor),
}

/// What a frame tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum News {
    Message(Uuid),
    /// The second frame of a message.
    Unread {
        conversation: Uuid,
    },
    Read {
        conversation: Uuid,
        read_to: u64,
    },
    /// None that anybody caused.
    Strange(String),
}

/// One thing that happened to a reader.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// It loaded a page of a conversation, and goes on from where that says.
    Page {
        conversation: Uuid,
        messages: Vec<Uuid>,
        cursor: Cursor,
    },
    /// It was let in.
    Opened { asked: Asked, cursor: Cursor },
    /// It was told something.
    Told { news: News, cursor: Cursor },
    /// It was told what it will never be told.
    Gap {
        audience: String,
        from: u64,
        to: u64,
        cursor: Cursor,
    },
    /// It was told where it stands.
    Stands { cursor: Cursor },
    /// It was sent away for good.
    Refused(u16),
    /// It was told something that cannot be read.
    Nonsense(Frame),
}

impl fmt::Display for Entry {
    /// In a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page {
                conversation,
                messages,
                cursor,
            } => write!(
                f,
                "loaded {} messages of {conversation} at {cursor}",
                messages.len()
            ),
            Self::Opened {
                asked: Asked::Now,
                cursor,
            } => write!(f, "let in at {cursor}"),
            Self::Opened {
                asked: Asked::After(asked),
                cursor,
            } => write!(f, "asked for {asked}, let in at {cursor}"),
            Self::Told { news, cursor } => write!(f, "{cursor}: {news:?}"),
            Self::Gap {
                audience,
                from,
                to,
                cursor,
            } => write!(f, "{cursor}: {from} to {to} of {audience} are missing"),
            Self::Stands { cursor } => write!(f, "{cursor}"),
            Self::Refused(status) => write!(f, "sent away with {status}"),
            Self::Nonsense(frame) => write!(f, "{frame:?}"),
        }
    }
}

/// Everything that a reader was told since it was last asked.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) audiences: Vec<String>,
    /// Where it stood before that.
    pub(super) began: Option<Cursor>,
    pub(super) entries: Vec<Entry>,
    /// Where it stands.
    pub(super) stands: Option<Cursor>,
}

impl Record {
    pub(super) fn of(name: String, audiences: Vec<String>) -> Self {
        Self {
            name,
            audiences,
            began: None,
            entries: Vec::new(),
            stands: None,
        }
    }

    pub(super) fn note(&mut self, entry: Entry) {
        match &entry {
            Entry::Opened { cursor, .. }
            | Entry::Told { cursor, .. }
            | Entry::Gap { cursor, .. }
            | Entry::Stands { cursor } => self.stands = Some(cursor.clone()),
            Entry::Page { .. } | Entry::Refused(_) | Entry::Nonsense(_) => {}
        }
        self.entries.push(entry);
    }

    /// Hands out what it has, and begins anew.
    pub(super) fn take(&mut self) -> Self {
        let taken = self.clone();
        self.entries.clear();
        self.began.clone_from(&self.stands);
        taken
    }

    /// Whether it has been told everything up to these numbers.
    pub(super) fn is_at(&self, head: impl Fn(&str) -> u64) -> bool {
        self.audiences.iter().all(|audience| {
            let place = self.stands.as_ref().and_then(|at| at.place(audience));
            place == Some(Place::after(head(audience)))
        })
    }
}

/// How many frames of an audience lie before a place.
pub(super) fn frames(place: Place) -> u64 {
    place.sequence() * 2 + u64::from(place.is_within())
}

/// What a frame of an open stream means; nothing, for one that only keeps the connection alive.
pub(super) fn entry(frame: &Frame, asked: &Asked) -> Option<Entry> {
    let Some(id) = &frame.id else {
        // Beats, and the frame before the end, say nothing about places.
        let is_aside = frame.event.is_empty()
            || frame.event == "chat:ping"
            || frame.event.ends_with(":resync") && frame.data["reason"] != "gap";
        return (!is_aside).then(|| Entry::Nonsense(frame.clone()));
    };
    let understood = Cursor::parse(id).and_then(|cursor| match frame.event.as_str() {
        "" | "realtime:ping" => Some(Entry::Stands { cursor }),
        "chat:connected" | "realtime:connected" => Some(Entry::Opened {
            asked: asked.clone(),
            cursor,
        }),
        "chat:resync" | "realtime:resync" => gap(&frame.data, cursor),
        _ => Some(Entry::Told {
            news: news(frame)?,
            cursor,
        }),
    });
    Some(understood.unwrap_or_else(|| Entry::Nonsense(frame.clone())))
}

fn gap(data: &Value, cursor: Cursor) -> Option<Entry> {
    Some(Entry::Gap {
        audience: data["topic"].as_str()?.to_owned(),
        from: data["from"].as_u64()?,
        to: data["to"].as_u64()?,
        cursor,
    })
}

fn news(frame: &Frame) -> Option<News> {
    let data = &frame.data;
    let conversation = || data["conversationId"].as_str()?.parse().ok();
    Some(match frame.event.as_str() {
        "chat:new_message" => News::Message(data["message"]["id"].as_str()?.parse().ok()?),
        "chat:unread_update" => News::Unread {
            conversation: conversation()?,
        },
        "chat:read" => News::Read {
            conversation: conversation()?,
            read_to: data["readTo"].as_u64()?,
        },
        other => News::Strange(other.to_owned()),
    })
}
