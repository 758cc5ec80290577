//! A client of the event stream, as strict as the strictest parser.

use avvivo_contracts::cursor::Cursor;
use reqwest::{Client, Response};
use serde_json::Value;

use crate::world::PATIENCE;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) event: String,
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<u64>,
    pub(crate) data: Value,
}

impl Heard {
    /// The number of the last event of `audience` that was read, as the event's id says.
    pub(crate) fn read_to(&self, audience: &str) -> u64 {
        let id = self.id.as_deref().expect("no id");
        let cursor = Cursor::parse(id).expect(id);
        cursor.place(audience).expect(id).sequence()
    }
}

/// An open stream.
pub(crate) struct Sse {
    response: Response,
    unread: Vec<u8>,
}

/// Asks for a stream, and takes whatever the answer is.
pub(crate) async fn ask(url: &str, token: &str, query: &str) -> Response {
    let request = Client::new()
        .get(format!("{url}/chat/events/stream{query}"))
        .bearer_auth(token);
    tokio::time::timeout(PATIENCE, request.send())
        .await
        .unwrap()
        .unwrap()
}

/// Asks for a stream as a browser does that comes back.
pub(crate) async fn come_back(url: &str, token: &str, last_event_id: &str) -> Sse {
    let request = Client::new()
        .get(format!("{url}/chat/events/stream"))
        .header("last-event-id", last_event_id)
        .bearer_auth(token);
    Sse::of(request.send().await.unwrap())
}

/// Opens a stream over HTTP/2, which the HTTP server carries.
pub(crate) async fn open_over_http2(url: &str, token: &str) -> Sse {
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let request = client
        .get(format!("{url}/chat/events/stream"))
        .bearer_auth(token);
    let response = request.send().await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    Sse::of(response)
}

/// Opens a stream of topics.
pub(crate) async fn open_topics(url: &str, token: &str, topics: &str) -> Sse {
    topics_with(Client::new(), url, token, topics).await
}

/// The same over HTTP/2.
pub(crate) async fn open_topics_over_http2(url: &str, token: &str, topics: &str) -> Sse {
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    topics_with(client, url, token, topics).await
}

async fn topics_with(client: Client, url: &str, token: &str, topics: &str) -> Sse {
    let request = client
        .get(format!("{url}/realtime/stream?topics={topics}"))
        .bearer_auth(token);
    Sse::of(request.send().await.unwrap())
}

impl Sse {
    pub(crate) async fn open(url: &str, token: &str) -> Self {
        Self::of(ask(url, token, "").await)
    }

    pub(crate) fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        Self {
            response,
            unread: Vec::new(),
        }
    }

    /// The next event; the test fails when there is none.
    pub(crate) async fn next(&mut self) -> Heard {
        let next = tokio::time::timeout(PATIENCE, self.next_or_end()).await;
        next.expect("nothing was heard in time")
            .expect("the stream ended")
    }

    /// The next event, or none at the end of the stream.
    pub(crate) async fn next_or_end(&mut self) -> Option<Heard> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = self.unread.drain(..end + 2).collect();
                return Some(parse(std::str::from_utf8(&frame).unwrap().trim_end()));
            }
            let Some(chunk) = self.response.chunk().await.unwrap() else {
                assert!(self.unread.is_empty(), "the stream ended within an event");
                return None;
            };
            self.unread.extend_from_slice(&chunk);
        }
    }

    /// Fails unless the stream ends here.
    pub(crate) async fn ends(&mut self) {
        let next = tokio::time::timeout(PATIENCE, self.next_or_end()).await;
        assert_eq!(next.expect("the stream went on"), None);
    }
}

/// Perhaps `id:` and `retry:`, then `event:`, one `data:` last, as the oldest clients expect the two side by side.
pub(crate) fn parse(frame: &str) -> Heard {
    let mut lines = frame.lines().peekable();
    let mut take = |name: &str| {
        let value = lines.peek()?.strip_prefix(name)?.strip_prefix(": ")?;
        lines.next();
        Some(value.to_owned())
    };
    let (id, retry) = (take("id"), take("retry"));
    let heard = Heard {
        id,
        retry: retry.map(|retry| retry.parse().unwrap()),
        event: take("event").expect(frame),
        data: serde_json::from_str(&take("data").expect(frame)).unwrap(),
    };
    assert_eq!(lines.next(), None, "{frame}");
    heard
}
