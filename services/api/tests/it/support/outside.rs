//! Those outside, on real sockets: Resend and a map, which can be told to be away.

use std::{
    collections::{BTreeMap, VecDeque},
    future::IntoFuture as _,
    sync::{Arc, Mutex},
};

use avvivo_testkit::{Seen, wait_for};
use axum::{
    Json, Router,
    extract::{Query, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{PATIENCE, Settings};

async fn serve(app: Router) -> (String, JoinSet<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(axum::serve(listener, app).into_future());
    (url, serving)
}

/// A mail, as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) key: String,
    pub(crate) mail: Value,
}

impl Heard {
    pub(crate) fn part(&self, name: &str) -> &str {
        self.mail[name].as_str().unwrap()
    }

    pub(crate) fn to(&self) -> &str {
        self.mail["to"][0].as_str().unwrap()
    }
}

#[derive(Default)]
struct Post {
    /// With what the next requests are answered instead.
    faults: VecDeque<u16>,
    heard: Vec<Heard>,
    /// By their keys.
    taken: BTreeMap<String, Value>,
}

/// Resend, for as long as this lives.
pub(crate) struct FakeResend {
    url: String,
    post: Arc<Mutex<Post>>,
    _serving: JoinSet<std::io::Result<()>>,
}

impl FakeResend {
    pub(crate) async fn start() -> Self {
        let kept = Arc::new(Mutex::new(Post::default()));
        let app = Router::new()
            .route("/emails", post(take))
            .with_state(Arc::clone(&kept));
        let (url, serving) = serve(app).await;
        Self {
            url,
            post: kept,
            _serving: serving,
        }
    }

    /// Has an api send its mails here.
    pub(crate) fn configure(&self, settings: &mut Settings) {
        settings.insert("RESEND_API_KEY", "re_test_key".to_owned());
        settings.insert("RESEND_BASE_URL", self.url.clone());
        settings.insert("APP_URL", "https://app.test".to_owned());
    }

    pub(crate) fn answers_next(&self, statuses: &[u16]) {
        self.post.lock().unwrap().faults.extend(statuses);
    }

    /// Every request, taken or not.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.post.lock().unwrap().heard.clone()
    }

    /// The mails that it took, once there are so many.
    pub(crate) async fn mails(&self, count: usize) -> Vec<Heard> {
        wait_for("mails", PATIENCE, async || {
            let post = self.post.lock().unwrap();
            let taken: Vec<_> = post
                .taken
                .iter()
                .map(|(key, mail)| Heard {
                    key: key.clone(),
                    mail: mail.clone(),
                })
                .collect();
            if taken.len() >= count {
                Seen::Done(taken)
            } else {
                Seen::NotYet(taken.len())
            }
        })
        .await
    }

    pub(crate) async fn mail(&self) -> Heard {
        let mut mails = self.mails(1).await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }
}

async fn take(
    State(post): State<Arc<Mutex<Post>>>,
    headers: HeaderMap,
    Json(mail): Json<Value>,
) -> Response {
    assert_eq!(headers["authorization"], "Bearer re_test_key");
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut post = post.lock().unwrap();
    post.heard.push(Heard {
        key: key.clone(),
        mail: mail.clone(),
    });
    let problem = |status: u16, name: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        (status, Json(json!({ "name": name }))).into_response()
    };
    if let Some(status) = post.faults.pop_front() {
        return problem(status, "application_error");
    }
    let first = post
        .taken
        .entry(key.clone())
        .or_insert_with(|| mail.clone());
    if *first != mail {
        return problem(409, "invalid_idempotent_request");
    }
    Json(json!({ "id": key })).into_response()
}

/// A map that knows one address, for as long as this lives.
pub(crate) struct FakeMap {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<std::io::Result<()>>,
}

/// Where that is.
pub(crate) const KNOWN: (&str, f64, f64) =
    ("Helguera 1, CABA, CABA, Argentina", -34.6281, -58.4779);

impl FakeMap {
    pub(crate) async fn start() -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let app = Router::new()
            .route("/search", get(search))
            .with_state(Arc::clone(&asked));
        let (url, serving) = serve(app).await;
        Self {
            url,
            asked,
            _serving: serving,
        }
    }

    pub(crate) fn configure(&self, settings: &mut Settings) {
        settings.insert("SELF_REGISTER_GEOCODE_URL", format!("{}/search", self.url));
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn search(
    State(asked): State<Arc<Mutex<Vec<String>>>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    asked.lock().unwrap().push(query["q"].clone());
    let (address, lat, lng) = KNOWN;
    Json(if query["q"] == address {
        json!([{ "lat": lat.to_string(), "lon": lng.to_string() }])
    } else {
        json!([])
    })
}
