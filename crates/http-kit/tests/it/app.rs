//! A small service behind the pipeline, with identities and a limiter that tests can steer.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use avvivo_http_kit::{
    Authenticate, Bucket, CacheNotice, CacheReply, CacheRule, Caller, Cors, CounterStore,
    IdentityStep, JsonBody, NotAuthenticated, PathParams, PipelineDeps, Problem, Quota, RateLimit,
    RateLimiter, RateVerdict, RawBody, Reply, Require, ResponseCache, Role, RouteTable, pipeline,
};
use avvivo_kernel::{ErrorKind, Fault, RandomIds};
use avvivo_service_kit::Metrics;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const OWN_PAGE: &str = "https://avellanedaenvivo.com.ar";

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
}

pub(crate) struct Admin(Person);

impl Role for Admin {
    type Caller = Person;

    fn admit(caller: Person) -> Result<Self, Problem> {
        if caller.name == "admin" {
            Ok(Self(caller))
        } else {
            Err(Problem::new(
                ErrorKind::Forbidden,
                "auth.forbidden",
                "No podés hacer eso.",
            ))
        }
    }
}

/// A failure with a cause, of the kind given.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) ErrorKind);

#[derive(Debug)]
struct Cause;

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused by secret-host")
    }
}

impl std::error::Error for Cause {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("query failed")
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Cause)
    }
}

impl Fault for Failure {
    fn kind(&self) -> ErrorKind {
        self.0
    }

    fn code(&self) -> &'static str {
        "test.failure"
    }

    fn public_message(&self) -> String {
        "Base de datos temporalmente no disponible.".to_owned()
    }
}

struct Tokens {
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Authenticate for Tokens {
    type Caller = Person;

    async fn authenticate(&self, bearer: &str) -> Result<Person, NotAuthenticated> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match bearer {
            "ana" => Ok(Person { name: "ana" }),
            "admin" => Ok(Person { name: "admin" }),
            "suspended" => Err(NotAuthenticated::Suspended),
            "no-email" => Err(NotAuthenticated::MissingEmail),
            "forged" => Err(Failure(ErrorKind::Unauthenticated).into()),
            "database-away" => Err(Failure(ErrorKind::Unavailable).into()),
            _ => Err(NotAuthenticated::Anonymous),
        }
    }
}

/// Counts without windows.
#[derive(Default)]
struct Counter(Mutex<HashMap<String, u32>>);

#[async_trait]
impl RateLimiter for Counter {
    async fn hit(&self, bucket: Bucket<'_>, quota: Quota) -> RateVerdict {
        let mut buckets = self.0.lock().unwrap();
        let name = format!("{}:{}", bucket.namespace, bucket.key);
        let hits = buckets.entry(name).or_default();
        *hits += 1;
        RateVerdict {
            allowed: *hits <= quota.max,
            remaining: quota.max.saturating_sub(*hits),
            resets_in: Duration::from_millis(6_200),
            store: CounterStore::Memory,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) cache: Arc<ResponseCache>,
    rule: CacheRule,
    pub(crate) computed: Arc<AtomicUsize>,
    pub(crate) gate: Arc<tokio::sync::Notify>,
}

pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) shared: Shared,
    pub(crate) asked_identity: Arc<AtomicUsize>,
    pub(crate) metrics: Metrics,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether caches are told that it depends on a header of the request.
    pub(crate) fn varies_by(&self, name: &str) -> bool {
        self.headers.get_all("vary").iter().any(|by| by == name)
    }
}

const PATTERNS: [&str; 12] = [
    "/shops",
    "/shops/by-letter",
    "/shops/{shopId}",
    "/shops/{shopId}/accept",
    "/reels",
    "/echo",
    "/raw",
    "/me",
    "/admin",
    "/boom",
    "/fails/{kind}",
    "/slow",
];

impl App {
    pub(crate) fn start() -> Self {
        Self::with_quota(Quota {
            max: 3,
            window: Duration::from_secs(10),
        })
    }

    pub(crate) fn with_quota(quota: Quota) -> Self {
        Self::with(quota, 64 << 20)
    }

    /// With room for so many bytes of bodies together.
    pub(crate) fn with(quota: Quota, room_bytes: usize) -> Self {
        let cache = Arc::new(ResponseCache::new(1 << 20));
        let rule = cache.rule("shops", Duration::from_secs(30), &["shops"]);
        let shared = Shared {
            cache,
            rule,
            computed: Arc::default(),
            gate: Arc::default(),
        };
        let asked = Arc::new(AtomicUsize::new(0));
        let metrics = Metrics::isolated().unwrap();
        let deps = PipelineDeps {
            routes: RouteTable::new(PATTERNS)
                .unwrap()
                .body_limit(Method::POST, "/reels", 1 << 20)
                .unwrap()
                .bodies_together(room_bytes),
            cors: Cors::new(" https://extra.example , ,"),
            rate_limit: Some(RateLimit::new(Arc::new(Counter::default()), quota)),
            identity: Some(IdentityStep::new(Tokens {
                asked: Arc::clone(&asked),
            })),
            ids: Arc::new(RandomIds),
            metrics: metrics.clone(),
        };
        let router = pipeline(routes(shared.clone()), deps);
        Self {
            router,
            shared,
            asked_identity: asked,
            metrics,
        }
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        answer(response).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, &[], "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(request(
            Method::POST,
            path,
            &[("content-type", "application/json")],
            body,
        ))
        .await
    }
}

pub(crate) fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

pub(crate) async fn answer(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/shops", get(list))
        .route("/shops/by-letter", get(async || Reply::ok("letters")))
        .route("/shops/{shopId}", get(show).put(show))
        .route("/shops/{shopId}/accept", post(show))
        .route("/reels", post(draft))
        .route("/echo", post(echo))
        .route("/raw", post(async |raw: RawBody| raw.0))
        .route(
            "/me",
            get(async |caller: Caller<Person>| Reply::ok(caller.0.name)),
        )
        .route(
            "/admin",
            get(async |admin: Require<Admin>| Reply::ok(admin.0.0.name)),
        )
        .route("/boom", get(boom).post(boom))
        .route("/fails/{kind}", get(fail))
        .route("/slow", get(slow))
        .with_state(shared)
}

async fn list(State(shared): State<Shared>, notice: CacheNotice) -> Result<CacheReply, Problem> {
    let count = Arc::clone(&shared.computed);
    // Long enough to be worth compressing.
    let compute = || async move {
        let number = count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Problem>(json!([number, "luna azul ".repeat(200)]))
    };
    shared
        .cache
        .respond(notice, &shared.rule, [80_u32.into()], compute)
        .await
}

async fn show(PathParams(id): PathParams<String>) -> Reply<String> {
    Reply::ok(id)
}

#[derive(Debug, Deserialize)]
struct Draft {
    title: Option<String>,
    #[serde(default)]
    edits: Vec<Edit>,
}

#[derive(Debug, Deserialize)]
struct Edit {
    start: u32,
}

async fn draft(JsonBody(draft): JsonBody<Draft>) -> Reply<Value> {
    let starts: Vec<u32> = draft.edits.iter().map(|edit| edit.start).collect();
    Reply::ok(json!({ "title": draft.title, "starts": starts }))
}

async fn echo(JsonBody(body): JsonBody<Value>) -> Reply<Value> {
    Reply::ok(body)
}

async fn boom() -> Reply<()> {
    panic!("kaboom")
}

async fn fail(PathParams(kind): PathParams<String>) -> Result<Reply<()>, Problem> {
    let kind = match kind.as_str() {
        "internal" => ErrorKind::Internal,
        "unavailable" => ErrorKind::Unavailable,
        "conflict" => ErrorKind::Conflict,
        _ => return Ok(Reply::ok(())),
    };
    Err(Failure(kind).into())
}

async fn slow(State(shared): State<Shared>) -> Reply<&'static str> {
    shared.gate.notified().await;
    Reply::ok("done")
}
