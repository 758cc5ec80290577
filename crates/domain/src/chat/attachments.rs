//! Files that go with a message.

use serde::{Deserialize, Serialize};

wire_enum! {
    /// What a file is.
    AttachmentKind {
        /// A picture.
        Image = "image",
        /// A video.
        Video = "video",
    }
}

/// Files of one message; more are cut off, as ever.
pub const MAX_ATTACHMENTS: usize = 4;

/// A file that goes with a message, as clients are told of it and as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// `image` or `video`.
    pub kind: String,
    /// Its public address.
    pub url: String,
    /// Its size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// How long it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
}

impl Attachment {
    /// Reads what a client sent; none for what is no file that we know.
    pub(super) fn read(sent: &serde_json::Value) -> Option<Self> {
        let text = |name: &str| sent.get(name)?.as_str();
        let kind = AttachmentKind::parse(text("kind")?)?;
        let url = text("url")?.trim();
        if url.is_empty() {
            return None;
        }
        let whole = |name: &str| sent.get(name)?.as_u64().filter(|&number| number > 0);
        let duration = sent
            .get("durationSeconds")
            .and_then(serde_json::Value::as_f64);
        Some(Self {
            kind: kind.as_str().to_owned(),
            url: url.to_owned(),
            size_bytes: whole("sizeBytes"),
            duration_seconds: duration.filter(|&seconds| seconds > 0.0),
            width: whole("width"),
            height: whole("height"),
        })
    }

    /// What it is.
    pub fn is(&self, kind: AttachmentKind) -> bool {
        self.kind == kind.as_str()
    }
}
