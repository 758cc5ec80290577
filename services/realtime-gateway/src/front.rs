//! The door: takes in those who ask for a stream on HTTP/1.1, and hands on everybody else.
//!
//! Whoever is taken in goes through the same routes as everybody: pages that we do not know, tokens, limits, everything is
//! decided there, once. Only the bytes of what is opened go another way. What is no stream after all, a refusal, is said in
//! one piece.

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use avvivo_kernel::{Clock, Timestamp};
use avvivo_service_kit::lifecycle::{Door, Visitor};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    response::Response,
};
use http::{
    HeaderName, Method, Request, Version,
    header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT, TRANSFER_ENCODING, UPGRADE},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use tower::ServiceExt as _;

use crate::{
    reactor::{Newcomer, Reactors},
    session::{Opening, Session},
    stream::{CHAT, TOPICS},
};

/// As many as the HTTP server takes.
const MAX_HEADERS: usize = 100;
/// No refusal is longer.
const MAX_REFUSAL: usize = 64 << 10;
/// Requests that are read and looked at together. Each takes forty times the memory meanwhile that its stream takes
/// afterwards, and an allocator keeps what it once had: a burst needs not have all of it at once.
const TURNS: usize = 64;
/// Bytes that tell a request for a stream from others.
const FIRST: usize = 32;
/// Whoever has waited so long no longer does: those before wait for something else.
const PATIENCE: Duration = Duration::from_secs(1);
/// They change how a request is read; that is left to those who know.
const NOT_OURS: [HeaderName; 4] = [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT, UPGRADE];

/// Says in a request's extensions that its stream can be carried without the HTTP server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByReactor;

/// A stream that a route has opened, in the extensions of its answer, to be carried by whoever finds it there.
#[derive(Clone)]
pub(crate) struct Opened(Arc<Mutex<Option<(Session, Opening)>>>);

impl Opened {
    pub(crate) fn new(session: Session, opening: Opening) -> Self {
        Self(Arc::new(Mutex::new(Some((session, opening)))))
    }

    fn take(&self) -> Option<(Session, Opening)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The door of the gateway's listener.
pub(crate) struct Front {
    pub(crate) router: Router,
    pub(crate) reactors: Arc<Reactors>,
    pub(crate) clock: Arc<dyn Clock>,
    turns: Semaphore,
}

#[async_trait]
impl Door for Front {
    async fn receive(&self, mut visitor: Visitor) -> Option<Visitor> {
        match self.hear(&mut visitor).await {
            Ok(Some((request, turn))) => {
                // In a box: many more wait for their turn than have it.
                Box::pin(self.see_to(visitor, *request, turn)).await;
                None
            }
            Ok(None) => Some(visitor),
            Err(error) => {
                tracing::debug!(peer = %visitor.peer(), %error, "nobody asked for anything");
                None
            }
        }
    }
}

/// Something that one waits for in turn; over when dropped.
type Turn<'f> = Option<SemaphorePermit<'f>>;

impl Front {
    pub(crate) fn new(router: Router, reactors: Arc<Reactors>, clock: Arc<dyn Clock>) -> Self {
        Self {
            router,
            reactors,
            clock,
            turns: Semaphore::new(TURNS),
        }
    }

    /// What a visitor asks for, and its turn; nothing, when it does not ask for a stream: whoever asks how this instance is
    /// must not wait behind those who ask for streams.
    async fn hear(
        &self,
        visitor: &mut Visitor,
    ) -> io::Result<Option<(Box<Request<()>>, Turn<'_>)>> {
        let mut first = [0; FIRST];
        let seen = visitor.peek(&mut first).await?;
        if !may_be_ours(first.get(..seen).unwrap_or_default()) {
            return Ok(None);
        }
        loop {
            visitor.has_more().await?;
            let turn = self.turn().await;
            visitor.listen()?;
            match look(visitor.said()) {
                Look::Ours(request) => return Ok(Some((request, turn))),
                // Whoever speaks slowly keeps nobody waiting.
                Look::Unsure => {}
                Look::NotOurs => return Ok(None),
            }
        }
    }

    async fn turn(&self) -> Turn<'_> {
        // The semaphore is never closed.
        timeout(PATIENCE, self.turns.acquire()).await.ok()?.ok()
    }

    /// Has the routes decide. The turn is over when they have: whoever takes their time to hear it keeps nobody waiting.
    async fn see_to(&self, visitor: Visitor, request: Request<()>, turn: Turn<'_>) {
        let mut request = request.map(|()| Body::empty());
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(visitor.peer()));
        extensions.insert(ByReactor);
        // Routers do not fail.
        let Ok(response) = self.router.clone().oneshot(request).await;
        drop(turn);
        if let Err(error) = self.answer(visitor, response).await {
            tracing::debug!(%error, "an answer did not arrive");
        }
    }

    async fn answer(&self, visitor: Visitor, mut response: Response) -> io::Result<()> {
        let opened = response.extensions_mut().remove::<Opened>();
        if let Some((session, opening)) = opened.and_then(|opened| opened.take()) {
            // The router believes that the body it saw is all there is. The stream's end is the connection's.
            response.headers_mut().remove(CONTENT_LENGTH);
            let mut first = head(&response, self.clock.now());
            first.extend_from_slice(&opening.greeting);
            let (socket, slot) = visitor.take()?;
            self.reactors.open(Newcomer {
                socket,
                slot,
                session,
                opening,
                first,
            });
            return Ok(());
        }
        let (mut parts, body) = response.into_parts();
        let body = to_bytes(body, MAX_REFUSAL)
            .await
            .map_err(io::Error::other)?;
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
        parts
            .headers
            .insert(CONNECTION, http::HeaderValue::from_static("close"));
        let mut all = head(&Response::from_parts(parts, ()), self.clock.now());
        all.extend_from_slice(&body);
        visitor.dismiss(&all).await
    }
}

/// What somebody has said so far.
enum Look {
    /// A whole request for a stream.
    Ours(Box<Request<()>>),
    /// It may become one.
    Unsure,
    /// It will not.
    NotOurs,
}

fn look(said: &[u8]) -> Look {
    if !may_be_ours(said) {
        return Look::NotOurs;
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(said) {
        // Whoever says more than a head says what is not for us.
        Ok(httparse::Status::Complete(length)) if length == said.len() => {
            request(&parsed).map_or(Look::NotOurs, |request| Look::Ours(Box::new(request)))
        }
        Ok(httparse::Status::Partial) => Look::Unsure,
        Ok(httparse::Status::Complete(_)) | Err(_) => Look::NotOurs,
    }
}

fn may_be_ours(said: &[u8]) -> bool {
    [CHAT, TOPICS].iter().any(|path| may_be_for(path, said))
}

/// Whether what was said is, or may become, the first line of a request for this path.
fn may_be_for(path: &str, said: &[u8]) -> bool {
    let mut expected = b"GET ".iter().chain(path.as_bytes());
    let mut said = said.iter();
    loop {
        match (expected.next(), said.next()) {
            (Some(expected), Some(said)) if expected == said => {}
            (Some(_), Some(_)) => return false,
            (None, next) => return next.is_none_or(|next| b" ?".contains(next)),
            (_, None) => return true,
        }
    }
}

fn request(parsed: &httparse::Request<'_, '_>) -> Option<Request<()>> {
    let version = match parsed.version? {
        0 => Version::HTTP_10,
        1 => Version::HTTP_11,
        _ => return None,
    };
    let mut request = Request::builder()
        .method(Method::GET)
        .version(version)
        .uri(parsed.path?);
    for header in &*parsed.headers {
        request = request.header(header.name, header.value);
    }
    let request = request.body(()).ok()?;
    let is_ours = NOT_OURS
        .iter()
        .all(|name| !request.headers().contains_key(name));
    is_ours.then_some(request)
}

/// The head of an answer, as it is written.
fn head<B>(response: &Response<B>, now: Timestamp) -> Vec<u8> {
    let status = response.status();
    let mut head = String::with_capacity(512);
    let reason = status.canonical_reason().unwrap_or_default();
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT");
    // Writing to memory cannot fail.
    write!(
        head,
        "HTTP/1.1 {} {reason}\r\n{DATE}: {date}\r\n",
        status.as_u16()
    )
    .unwrap_or_default();
    let mut head = head.into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(said: impl AsRef<[u8]>) -> &'static str {
        match look(said.as_ref()) {
            Look::Ours(_) => "ours",
            Look::Unsure => "unsure",
            Look::NotOurs => "not ours",
        }
    }

    #[test]
    fn a_request_for_a_stream_is_known_at_every_byte() {
        let whole = "GET /realtime/stream?topics=chat HTTP/1.1\r\nhost: a\r\nauthorization: Bearer x\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(looked(&whole.as_bytes()[..end]), "unsure", "{end}");
        }
        assert_eq!(looked(whole), "ours");
        assert_eq!(looked("GET /chat/events/stream HTTP/1.0\r\n\r\n"), "ours");
    }

    #[test]
    fn everything_else_is_handed_on_as_early_as_can_be() {
        for other in [
            "P",
            "GET /health",
            "GET /chat/events/streams",
            "GET /realtime/stream/x HTTP/1.1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /realtime/stream HTTP/1.1\r\ncontent-length: 3\r\n\r\n",
            "GET /realtime/stream HTTP/1.1\r\nexpect: 100-continue\r\n\r\n",
            "GET /realtime/stream HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "GET /realtime/stream HTTP/1.1\r\nbad header\r\n\r\n",
            "GET /realtime/stream HTTP/2.0\r\n\r\n",
        ] {
            assert_eq!(looked(other), "not ours", "{other:?}");
        }
    }

    #[test]
    fn a_head_is_written_as_it_is_read() {
        let answer = Response::builder()
            .status(503)
            .header("retry-after", "5")
            .body(())
            .unwrap();
        let text = String::from_utf8(head(&answer, Timestamp::UNIX_EPOCH)).unwrap();
        assert!(
            text.starts_with(
                "HTTP/1.1 503 Service Unavailable\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            ),
            "{text}"
        );
        assert!(text.ends_with("\r\nretry-after: 5\r\n\r\n"), "{text}");
    }
}
