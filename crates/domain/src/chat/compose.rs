//! From what a client sent to what a message says.

use serde_json::Value;

use super::{Attachment, AttachmentKind, ChatError, MAX_ATTACHMENTS, MessageType};

/// The longest text, in the units that clients count: JavaScript's, which are UTF-16's.
pub const MAX_CONTENT_UNITS: usize = 2000;
/// Texts longer than this are shortened in lists …
const MAX_PREVIEW_CHARS: usize = 120;
/// … to so much, and three dots.
const CUT_PREVIEW_CHARS: usize = 117;

/// A message as a client sends it.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// Its text.
    pub content: Option<String>,
    /// What the client calls it, in any case.
    pub kind: Option<String>,
    /// Its files; whatever is no file is left out.
    pub attachments: Vec<Value>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Composed {
    /// What it mainly is.
    pub kind: MessageType,
    /// Its text, trimmed; none when there is none.
    pub content: Option<String>,
    /// Its files.
    pub attachments: Vec<Attachment>,
}

/// Reads a message. `SYSTEM` is the platform's word: who else says it means text.
pub fn compose(fields: &Fields) -> Result<Composed, ChatError> {
    let content = fields.content.as_deref().map(str::trim).unwrap_or_default();
    if content.encode_utf16().count() > MAX_CONTENT_UNITS {
        return Err(ChatError::TooLong);
    }
    let attachments: Vec<Attachment> = fields
        .attachments
        .iter()
        .filter_map(Attachment::read)
        .take(MAX_ATTACHMENTS)
        .collect();
    if content.is_empty() && attachments.is_empty() {
        return Err(ChatError::Empty);
    }
    let named = fields.kind.as_deref().map(str::to_ascii_uppercase);
    let named = named.as_deref().and_then(MessageType::parse);
    let kind = match named {
        Some(kind @ (MessageType::Image | MessageType::Video)) => kind,
        _ if attachments.is_empty() => MessageType::Text,
        _ if attachments
            .iter()
            .any(|file| file.is(AttachmentKind::Video)) =>
        {
            MessageType::Video
        }
        _ => MessageType::Image,
    };
    Ok(Composed {
        kind,
        content: (!content.is_empty()).then(|| content.to_owned()),
        attachments,
    })
}

/// What lists show of a message.
pub fn preview(message: &Composed) -> String {
    if let Some(content) = &message.content {
        return shortened(content);
    }
    let has = |kind| message.attachments.iter().any(|file| file.is(kind));
    if message.kind == MessageType::Image || has(AttachmentKind::Image) {
        "[Imagen]".to_owned()
    } else if message.kind == MessageType::Video || has(AttachmentKind::Video) {
        "[Video]".to_owned()
    } else {
        "[Mensaje]".to_owned()
    }
}

fn shortened(content: &str) -> String {
    if content.chars().count() <= MAX_PREVIEW_CHARS {
        return content.to_owned();
    }
    let head: String = content.chars().take(CUT_PREVIEW_CHARS).collect();
    head + "..."
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn say(content: &str, kind: &str, attachments: Vec<Value>) -> Result<Composed, ChatError> {
        compose(&Fields {
            content: Some(content.to_owned()),
            kind: Some(kind.to_owned()),
            attachments,
        })
    }

    #[test]
    fn nobody_speaks_for_the_platform() {
        for word in ["SYSTEM", "system", "System"] {
            assert_eq!(say("hola", word, vec![]).unwrap().kind, MessageType::Text);
        }
    }

    #[test]
    fn what_a_message_is_follows_from_its_files_when_nobody_says() {
        let image = json!({"kind": "image", "url": "u"});
        let video = json!({"kind": "video", "url": "v"});
        let kind = |word, files| say("", word, files).unwrap().kind;
        assert_eq!(kind("TEXT", vec![image.clone()]), MessageType::Image);
        assert_eq!(
            kind("nonsense", vec![image.clone(), video.clone()]),
            MessageType::Video
        );
        assert_eq!(kind("image", vec![video]), MessageType::Image);
        assert_eq!(say("x", "video", vec![]).unwrap().kind, MessageType::Video);
    }

    #[test]
    fn what_is_no_file_is_left_out_and_the_fifth_is_cut_off() {
        let file = |n: u32| json!({"kind": "image", "url": format!(" u{n} ")});
        let sent = vec![
            json!({"kind": "gif", "url": "u"}),
            json!({"kind": "image", "url": "  "}),
            json!({"kind": "image"}),
            json!(7),
            file(1),
            file(2),
            file(3),
            file(4),
            file(5),
        ];
        let urls: Vec<_> = say("", "", sent)
            .unwrap()
            .attachments
            .into_iter()
            .map(|file| file.url)
            .collect();
        assert_eq!(urls, ["u1", "u2", "u3", "u4"]);
        assert_eq!(
            say("  ", "", vec![json!({"kind": "gif"})]),
            Err(ChatError::Empty)
        );
    }

    #[test]
    fn numbers_that_say_nothing_are_left_out() {
        let sent = json!({"kind": "video", "url": "u", "sizeBytes": 0, "durationSeconds": null, "width": 7, "height": -1});
        let file = say("", "", vec![sent]).unwrap().attachments.remove(0);
        assert_eq!(
            serde_json::to_value(&file).unwrap(),
            json!({"kind": "video", "url": "u", "width": 7})
        );
    }

    #[test]
    fn texts_are_counted_as_clients_count_them() {
        assert!(say(&"a".repeat(2000), "", vec![]).is_ok());
        assert_eq!(say(&"a".repeat(2001), "", vec![]), Err(ChatError::TooLong));
        // Two units each.
        assert!(say(&"👗".repeat(1000), "", vec![]).is_ok());
        assert_eq!(say(&"👗".repeat(1001), "", vec![]), Err(ChatError::TooLong));
    }

    #[test]
    fn previews_are_short_and_name_what_has_no_text() {
        let of = |content: &str, kind, files| preview(&say(content, kind, files).unwrap());
        assert_eq!(of("hola", "", vec![]), "hola");
        assert_eq!(of(&"a".repeat(120), "", vec![]), "a".repeat(120));
        assert_eq!(
            of(&"ñ".repeat(121), "", vec![]),
            format!("{}...", "ñ".repeat(117))
        );
        assert_eq!(
            of("", "", vec![json!({"kind": "image", "url": "u"})]),
            "[Imagen]"
        );
        assert_eq!(
            of("", "", vec![json!({"kind": "video", "url": "u"})]),
            "[Video]"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_sent_has_something_to_show(content in "\\PC{0,300}") {
            if let Ok(message) = say(&content, "", vec![]) {
                let shown = preview(&message);
                prop_assert!(!shown.is_empty() && shown.chars().count() <= 120);
                prop_assert_eq!(message.content.as_deref(), Some(content.trim()));
            } else {
                prop_assert!(content.trim().is_empty());
            }
        }
    }
}
