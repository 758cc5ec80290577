//! `GET /chat/events/stream`: from a request to an open stream, or to a problem before it begins.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use avvivo_http_kit::{Authenticate, Caller, NotAuthenticated, Problem, QueryParams};
use avvivo_kernel::{ErrorKind, Fault};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderName, HeaderValue, Version,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    api::{Api, Refusal},
    bus::Hearing,
    connection::{Connection, Surroundings},
    places::{Crowded, Places},
};

/// Where clients have always connected.
pub(crate) const PATH: &str = "/chat/events/stream";

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    shop_id: Option<String>,
}

/// Opens a stream.
pub(crate) async fn open(
    State(entrance): State<Entrance>,
    Caller(Bearer(bearer)): Caller<Bearer>,
    QueryParams(wanted): QueryParams<Wanted>,
    version: Version,
) -> Result<Response, Problem> {
    entrance.is_open()?;
    let reservation = entrance.places.reserve().map_err(crowded)?;
    let shop = wanted.shop_id.as_deref().filter(|shop| !shop.is_empty());
    let grant = entrance
        .api
        .authorize(&bearer, shop)
        .await
        .map_err(refused)?;
    let place = reservation.assign(grant.account.clone()).map_err(crowded)?;
    let connection = Connection::open(entrance.around, &grant, place);
    let mut response = Body::from_stream(connection.into_body()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, UNCACHED);
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    if version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
    }
    Ok(response)
}

impl Entrance {
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
