//! A client of the event stream.

use reqwest::{Client, Response};
use serde_json::Value;
use uuid::Uuid;

use super::PATIENCE;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) event: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

impl Frame {
    /// Whether it is `event`, about this reel.
    pub(crate) fn is(&self, event: &str, reel: Uuid) -> bool {
        self.event == event && self.data["reelId"] == reel.to_string()
    }
}

/// An open stream.
pub(crate) struct Sse {
    response: Response,
    unread: Vec<u8>,
}

impl Sse {
    /// Opens a stream and reads the greeting: whatever happens from here on is heard.
    pub(crate) async fn open(url: &str, token: &str) -> Self {
        Self::resume(url, token, None).await
    }

    /// The same, going on after an event.
    pub(crate) async fn resume(url: &str, token: &str, last_event_id: Option<&str>) -> Self {
        let mut request = Client::new()
            .get(format!("{url}/chat/events/stream"))
            .bearer_auth(token);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{response:?}");
        let mut stream = Self {
            response,
            unread: Vec::new(),
        };
        assert_eq!(stream.next().await.event, "chat:connected");
        stream
    }

    /// Everything up to and including the first frame that `is_last`.
    pub(crate) async fn until(&mut self, is_last: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut heard = Vec::new();
        let listening = async {
            loop {
                heard.push(self.next().await);
                if heard.last().is_some_and(&is_last) {
                    return;
                }
            }
        };
        let ended = tokio::time::timeout(PATIENCE, listening).await;
        assert!(
            ended.is_ok(),
            "not heard within {PATIENCE:?}; heard {heard:#?}"
        );
        heard
    }

    async fn next(&mut self) -> Frame {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = self.unread.drain(..end + 2).collect();
                return parse(std::str::from_utf8(&frame).unwrap());
            }
            let chunk = self.response.chunk().await.unwrap();
            self.unread.extend(chunk.expect("the stream ended"));
        }
    }
}

fn parse(frame: &str) -> Frame {
    let field = |name: &str| {
        let mut lines = frame.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    Frame {
        event: field("event").expect(frame).to_owned(),
        id: field("id").map(str::to_owned),
        data: serde_json::from_str(field("data").expect(frame)).unwrap(),
    }
}
