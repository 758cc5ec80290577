//! The streams: from a request to an open stream, or to a problem before it begins.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use avvivo_contracts::cursor::Cursor;
use avvivo_http_kit::{Authenticate, Caller, NotAuthenticated, Problem, QueryParams};
use avvivo_kernel::{ErrorKind, Fault};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    api::{Api, Credentials, Refusal, Wanted},
    bus::Hearing,
    connection::{Connection, Surroundings},
    frame::Dialect,
    hub::Resume,
    places::{Crowded, Places},
};

/// Where clients have always connected.
pub(crate) const CHAT: &str = "/chat/events/stream";
/// Several topics on one connection.
pub(crate) const TOPICS: &str = "/realtime/stream";

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const UNCACHED: HeaderValue = HeaderValue::from_static("no-cache, no-transform");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Something is away: it is back within seconds, or somebody has to look at it.
const BACK_SOON: Duration = Duration::from_secs(5);
/// Somebody has too many connections: they have to close one first.
const BACK_LATER: Duration = Duration::from_secs(30);

/// What opening a stream takes.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub(crate) api: Arc<Api>,
    pub(crate) hearing: Hearing,
    pub(crate) places: Arc<Places>,
    pub(crate) around: Arc<Surroundings>,
}

/// The client's token as it came. The api judges it, together with the shop that is asked for.
#[derive(Clone)]
pub(crate) struct Bearer(SecretString);

/// Lets every token through to the handler.
pub(crate) struct Unjudged;

#[async_trait]
impl Authenticate for Unjudged {
    type Caller = Bearer;

    async fn authenticate(&self, bearer: &str) -> Result<Bearer, NotAuthenticated> {
        Ok(Bearer(bearer.into()))
    }
}

/// The query of the stream that clients have always had.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatQuery {
    shop_id: Option<String>,
    /// The `X-Realtime-Cursor` of an answer: the stream goes on from there.
    since: Option<String>,
}

/// The query of a stream of topics.
#[derive(Deserialize)]
pub(crate) struct TopicsQuery {
    /// Names with commas between them.
    topics: Option<String>,
    /// Instead of a token, with topics of its own. A secret.
    ticket: Option<SecretString>,
    since: Option<String>,
}

/// Where the stream goes on. What a browser says by itself when it comes back is later than what its page once said.
fn resume(headers: &HeaderMap, since: Option<&str>) -> Resume {
    let said = headers
        .get(LAST_EVENT_ID)
        .map(|id| id.to_str().unwrap_or("?"))
        .or(since)
        .filter(|said| !said.is_empty());
    match said {
        None => Resume::Now,
        Some(said) => Cursor::parse(said).map_or(Resume::Unknown, Resume::From),
    }
}

/// Opens the stream of the caller's own channel.
pub(crate) async fn open_chat(
    State(entrance): State<Entrance>,
    Caller(Bearer(bearer)): Caller<Bearer>,
    QueryParams(query): QueryParams<ChatQuery>,
    headers: HeaderMap,
    version: Version,
) -> Result<Response, Problem> {
    let shop = query.shop_id.as_deref().filter(|shop| !shop.is_empty());
    let asked = Asked {
        dialect: Dialect::Chat,
        credentials: Credentials::Bearer(bearer),
        wanted: Wanted::OwnChannel { shop },
        resume: resume(&headers, query.since.as_deref()),
        version,
    };
    entrance.open(asked).await
}

/// Opens a stream of several topics. A ticket comes before a token.
pub(crate) async fn open_topics(
    State(entrance): State<Entrance>,
    bearer: Option<Caller<Bearer>>,
    QueryParams(query): QueryParams<TopicsQuery>,
    headers: HeaderMap,
    version: Version,
) -> Result<Response, Problem> {
    let credentials = match (query.ticket, bearer) {
        (Some(ticket), _) => Credentials::Ticket(ticket),
        (None, Some(Caller(Bearer(token)))) => Credentials::Bearer(token),
        (None, None) => return Err(Refusal::Anonymous.into()),
    };
    let topics = query.topics.unwrap_or_default();
    let topics = topics.split(',').filter(|topic| !topic.is_empty());
    let asked = Asked {
        dialect: Dialect::Realtime,
        credentials,
        wanted: Wanted::Topics(topics.map(str::to_owned).collect()),
        resume: resume(&headers, query.since.as_deref()),
        version,
    };
    entrance.open(asked).await
}

/// A stream that somebody wants.
struct Asked<'a> {
    dialect: Dialect,
    credentials: Credentials,
    wanted: Wanted<'a>,
    resume: Resume,
    version: Version,
}

impl Entrance {
    async fn open(self, asked: Asked<'_>) -> Result<Response, Problem> {
        self.is_open()?;
        let reservation = self.places.reserve().map_err(crowded)?;
        let grant = self
            .api
            .authorize(&asked.credentials, asked.wanted)
            .await
            .map_err(refused)?;
        let place = reservation.assign(grant.account.clone()).map_err(crowded)?;
        let from = (&grant, &asked.resume);
        let connection = Connection::open(self.around, asked.dialect, from, place);
        let mut response = Body::from_stream(connection.into_body()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, EVENT_STREAM);
        headers.insert(CACHE_CONTROL, UNCACHED);
        headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        if asked.version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        Ok(response)
    }

    /// Whether a stream that began now would hear anything.
    fn is_open(&self) -> Result<(), Problem> {
        if self.around.stopping.is_cancelled() {
            return Err(closed("stream.draining"));
        }
        self.hearing.check().map_err(|down| closed(down.code))
    }
}

fn closed(code: &'static str) -> Problem {
    let message = "Las novedades en vivo están demoradas. Probá de nuevo en unos segundos.";
    Problem::new(ErrorKind::Unavailable, code, message).retry_after(BACK_SOON)
}

fn crowded(crowded: Crowded) -> Problem {
    let wait = match crowded {
        Crowded::Instance => BACK_SOON,
        Crowded::Account => BACK_LATER,
    };
    Problem::from(crowded).retry_after(wait)
}

fn refused(refusal: Refusal) -> Problem {
    let (kind, is_about_the_shop) = (refusal.kind(), matches!(refusal, Refusal::NotTheirShop));
    let problem = Problem::from(refusal);
    if kind == ErrorKind::Unavailable {
        return problem.retry_after(BACK_SOON);
    }
    if is_about_the_shop {
        // Clients of the chat look for this member.
        return problem.member("error", serde_json::Map::new());
    }
    problem
}
