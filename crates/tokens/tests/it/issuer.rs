//! An issuer of our own: RSA keys, tokens, and a key server whose answers a test can change and count.

use std::{
    future::{IntoFuture, pending},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use avvivo_kernel::{Clock, Timestamp};
use aws_lc_rs::{encoding::AsDer, rsa};
use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// A clock that stands still until told otherwise.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Utc::now())))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An RSA key with a name.
pub(crate) struct SigningKey {
    pub(crate) id: &'static str,
    key: EncodingKey,
}

impl SigningKey {
    pub(crate) fn generate(id: &'static str) -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Self {
            id,
            key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap();
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(Algorithm::RS256, claims)
    }

    pub(crate) fn sign_as(&self, algorithm: Algorithm, claims: &Value) -> String {
        self.sign_with(&header(algorithm, self.id), claims)
    }

    pub(crate) fn sign_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }
}

pub(crate) fn header(algorithm: Algorithm, kid: &str) -> Header {
    Header {
        kid: Some(kid.to_owned()),
        ..Header::new(algorithm)
    }
}

/// The key most tests sign with.
pub(crate) fn key_one() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate("one"))
}

/// How long its answers say that keys are fresh: not what is assumed of an answer that does not say.
pub(crate) const FRESH_SECONDS: i64 = 7200;

/// What the key server does next.
#[derive(Clone)]
pub(crate) enum Answer {
    Keys(Vec<Value>),
    Failure,
    Silence,
    Raw(String),
}

struct Script {
    answer: Answer,
    fetches: usize,
    /// How long an answer takes: long enough that concurrent callers really overlap.
    delay: Duration,
}

/// A key server on a real socket.
pub(crate) struct Issuer {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    _server: JoinSet<std::io::Result<()>>,
}

impl Issuer {
    pub(crate) async fn serving(answer: Answer) -> Self {
        let delay = Duration::from_millis(20);
        let script = Arc::new(Mutex::new(Script {
            answer,
            fetches: 0,
            delay,
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = Arc::clone(&script);
        let app = Router::new().route("/keys", get(move || respond(Arc::clone(&shared))));
        let mut server = JoinSet::new();
        server.spawn(axum::serve(listener, app).into_future());
        Self {
            url,
            script,
            _server: server,
        }
    }

    pub(crate) async fn with_key_one() -> Self {
        Self::serving(Answer::Keys(vec![key_one().jwk()])).await
    }

    pub(crate) fn now_answers(&self, answer: Answer) {
        self.script.lock().unwrap().answer = answer;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.script.lock().unwrap().fetches
    }
}

async fn respond(script: Arc<Mutex<Script>>) -> impl IntoResponse {
    let (answer, delay) = {
        let mut script = script.lock().unwrap();
        script.fetches += 1;
        (script.answer.clone(), script.delay)
    };
    tokio::time::sleep(delay).await;
    let caching = [(
        "cache-control",
        format!("public, max-age={FRESH_SECONDS}, must-revalidate"),
    )];
    match answer {
        Answer::Keys(keys) => (caching, json!({ "keys": keys }).to_string()).into_response(),
        Answer::Raw(body) => (caching, body).into_response(),
        Answer::Failure => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Answer::Silence => pending().await,
    }
}

/// `base` with the members of `changes` on top; a null removes.
pub(crate) fn with(mut base: Value, changes: Value) -> Value {
    let (Value::Object(base_map), Value::Object(changes)) = (&mut base, changes) else {
        panic!("claims are objects")
    };
    for (name, value) in changes {
        if value.is_null() {
            base_map.remove(&name);
        } else {
            base_map.insert(name, value);
        }
    }
    base
}
