//! The streams: from a request to an open stream, to a stream that ends at once and says when to come back, or to a problem.

use std::sync::Arc;

use async_trait::async_trait;
use avvivo_contracts::cursor::Cursor;
use avvivo_http_kit::{Authenticate, Caller, ClientIp, NotAuthenticated, Problem, QueryParams};
use avvivo_kernel::{ErrorKind, Fault};
use axum::{
    Extension,
    body::Body,
    extract::{FromRequestParts, State},
    response::Response,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    api::{Api, Credentials, Wanted},
    bus::Hearing,
    connection::Connection,
    ending::Ending,
    frame::Dialect,
    front::{ByReactor, Opened},
    grants::{Key, Right, Since},
    hub::Resume,
    instruments::since as passed,
    places::{Crowded, Place, Places},
    refusal::Refusal,
    seats::Seats,
    session::{Session, Surroundings},
};

/// Where clients have always connected.
pub(crate) const CHAT: &str = "/chat/events/stream";
/// Several topics on one connection.
pub(crate) const TOPICS: &str = "/realtime/stream";

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const UNCACHED: HeaderValue = HeaderValue::from_static("no-cache, no-transform");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

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
    way: Way,
) -> Result<Response, Problem> {
    let shop = query.shop_id.as_deref().filter(|shop| !shop.is_empty());
    let asked = Asked {
        dialect: Dialect::Chat,
        credentials: Credentials::Bearer(bearer),
        wanted: Wanted::OwnChannel { shop },
        resume: resume(&way.headers, query.since.as_deref()),
        way,
    };
    entrance.open(asked).await
}

/// Opens a stream of several topics. A ticket comes before a token.
pub(crate) async fn open_topics(
    State(entrance): State<Entrance>,
    bearer: Option<Caller<Bearer>>,
    QueryParams(query): QueryParams<TopicsQuery>,
    way: Way,
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
        resume: resume(&way.headers, query.since.as_deref()),
        way,
    };
    entrance.open(asked).await
}

/// A stream that somebody wants.
struct Asked<'a> {
    dialect: Dialect,
    credentials: Credentials,
    wanted: Wanted<'a>,
    resume: Resume,
    way: Way,
}

/// How a stream is carried, and what a client says about where it was.
#[derive(FromRequestParts)]
pub(crate) struct Way {
    headers: HeaderMap,
    version: Version,
    client: ClientIp,
    by_reactor: Option<Extension<ByReactor>>,
}

/// Why somebody gets no stream.
enum Closed {
    /// Something is away or full here: they shall come back. Any status but 200 would keep a browser away for good.
    Later {
        /// A stable code.
        code: &'static str,
        ending: Ending,
    },
    /// They would be told the same again.
    Refused(Problem),
}

impl Entrance {
    async fn open(self, asked: Asked<'_>) -> Result<Response, Problem> {
        let (around, dialect) = (Arc::clone(&self.around), asked.dialect);
        match self.try_open(asked).await {
            Ok(response) => Ok(response),
            Err(Closed::Refused(problem)) => Err(problem),
            Err(Closed::Later { code, ending }) => {
                around.instruments.shed(code);
                let retry = ending.retry(rand::random());
                let last = dialect.shed(code, ending, retry, around.clock.now());
                Ok(event_stream(last.into()))
            }
        }
    }

    async fn try_open(self, asked: Asked<'_>) -> Result<Response, Closed> {
        self.is_open()?;
        let mut place = self.places.reserve(asked.way.client.network())?;
        let (seats, since) = self.seats(&asked, &mut place).await?;
        let (session, opening) = Session::open(&self.around, asked.dialect, (seats, since), place);
        let mut response = if asked.way.by_reactor.is_some() {
            let mut response = event_stream(Body::empty());
            response
                .extensions_mut()
                .insert(Opened::new(session, opening));
            response
        } else {
            let connection = Connection::new(self.around, session, opening);
            event_stream(Body::from_stream(connection.into_body()))
        };
        if asked.way.version < Version::HTTP_2 {
            let keep_alive = HeaderValue::from_static("keep-alive");
            response.headers_mut().insert(CONNECTION, keep_alive);
        }
        Ok(response)
    }

    /// Seats somebody: by what was granted lately to the same token for the same, if this instance also knows how far all
    /// of it is; or by what the api says. And since when that is known to be right. Nobody is seated before there is a place
    /// for the account: whoever comes too often would fill the hub with topics.
    async fn seats(&self, asked: &Asked<'_>, place: &mut Place) -> Result<(Seats, Since), Closed> {
        let around = &self.around;
        let since = around.grants.now();
        let key = Key::of(&asked.credentials, &asked.wanted);
        if let Some(grant) = key.and_then(|key| around.grants.get(key, around.pace.now())) {
            place.assign(grant.right.account)?;
            if let Some(seats) = around.hub.rejoin(grant, &asked.resume) {
                around.instruments.authorized("kept");
                return Ok((seats, since));
            }
        }
        let granted = self
            .api
            .authorize(&asked.credentials, &asked.wanted)
            .await?;
        place.assign(granted.account)?;
        let valid_for = passed(around.clock.now(), granted.expires_at);
        let right = Right {
            key: key.unwrap_or(Key::NONE),
            account: granted.account,
            channel: granted.channel,
            ends_at: around.pace.now().after(valid_for),
        };
        let seats = around.hub.join(right, &granted.starts, &asked.resume);
        around.instruments.authorized("asked");
        around.grants.keep(seats.grant(), since);
        Ok((seats, since))
    }

    /// Whether a stream that began now would hear anything.
    fn is_open(&self) -> Result<(), Closed> {
        if self.around.stopping.is_cancelled() {
            return Err(Closed::later("stream.draining"));
        }
        self.hearing
            .check()
            .map_err(|down| Closed::later(down.code))
    }
}

fn event_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, UNCACHED);
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

impl Closed {
    fn later(code: &'static str) -> Self {
        Self::Later {
            code,
            ending: Ending::Busy,
        }
    }
}

impl From<Crowded> for Closed {
    fn from(crowded: Crowded) -> Self {
        let ending = match crowded {
            Crowded::Instance | Crowded::Rush => Ending::Busy,
            Crowded::Account | Crowded::Address => Ending::Crowded,
        };
        Self::Later {
            code: crowded.code(),
            ending,
        }
    }
}

impl From<Refusal> for Closed {
    fn from(refusal: Refusal) -> Self {
        if refusal.kind() == ErrorKind::Unavailable {
            tracing::warn!(error = %refusal, "nobody can say who may hear what");
            return Self::later(refusal.code());
        }
        let is_about_the_shop = matches!(refusal, Refusal::NotTheirShop);
        let problem = Problem::from(refusal);
        Self::Refused(if is_about_the_shop {
            // Clients of the chat look for this member.
            problem.member("error", serde_json::Map::new())
        } else {
            problem
        })
    }
}
