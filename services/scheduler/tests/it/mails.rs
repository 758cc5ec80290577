//! Mails that were left behind, by real programs that are killed: whatever was sent once is sent again to the letter.

use std::{
    future::{IntoFuture as _, pending},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use avvivo_testkit::{Seen, wait_for};
use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

use crate::{
    program::{Program, run},
    world::{PATIENCE, Settings, World},
};

const ORDER: Uuid = Uuid::from_u128(0x0a);

/// Takes mails, and answers only when it is told to.
#[derive(Default)]
struct Resend {
    answers: AtomicBool,
    heard: Mutex<Vec<(String, Value)>>,
}

async fn take(
    State(resend): State<Arc<Resend>>,
    headers: HeaderMap,
    Json(mail): Json<Value>,
) -> Json<Value> {
    let key = headers.get("idempotency-key").unwrap().to_str().unwrap();
    resend.heard.lock().unwrap().push((key.to_owned(), mail));
    if resend.answers.load(Ordering::SeqCst) {
        Json(json!({ "id": key }))
    } else {
        pending().await
    }
}

struct Posting {
    world: World,
    resend: Arc<Resend>,
    settings: Settings,
    _serving: JoinSet<std::io::Result<()>>,
}

impl Posting {
    /// A world where somebody forgot their password, and whoever wrote that down is gone.
    async fn new() -> Self {
        let world = World::new().await;
        let resend = Arc::new(Resend::default());
        let app = Router::new()
            .route("/emails", post(take))
            .with_state(Arc::clone(&resend));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(axum::serve(listener, app).into_future());
        let mut settings = world.settings();
        settings.insert("RESEND_API_KEY", "re_test_key".to_owned());
        settings.insert("RESEND_BASE_URL", url);
        settings.insert("FIREBASE_PROJECT_ID", "local".to_owned());
        let keys = world.gcp.issuer().firebase_jwks_url();
        settings.insert("FIREBASE_JWKS_URL", keys);
        let accounts = "identitytoolkit.googleapis.com/v1/projects/local/accounts";
        let made = reqwest::Client::new()
            .post(format!("{}/{accounts}", world.gcp.url()))
            .bearer_auth("owner")
            .json(&json!({"email": "ana@example.com"}))
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), 200);
        let order = json!({"to": "ana@example.com", "letter": "recover-password"});
        world
            .run(format!(
                "INSERT INTO outbox (id, kind, destination, payload, created_at, next_attempt_at)
                 VALUES ('{ORDER}', 'MAIL', 'recover-password', convert_to('{order}', 'UTF8'), now(), now())"
            ))
            .await;
        Self {
            world,
            resend,
            settings,
            _serving: serving,
        }
    }

    /// What the provider has been sent, once there is so much.
    async fn heard(&self, count: usize) -> Vec<(String, Value)> {
        wait_for("mails", PATIENCE, async || {
            let heard = self.resend.heard.lock().unwrap().clone();
            if heard.len() >= count {
                Seen::Done(heard)
            } else {
                Seen::NotYet(heard.len())
            }
        })
        .await
    }

    async fn left(&self) -> Option<String> {
        self.world
            .text("SELECT count(*)::text FROM outbox WHERE kind = 'MAIL'")
            .await
    }
}

#[tokio::test]
async fn a_program_killed_before_it_heard_the_answer_costs_no_mail_and_sends_no_other() {
    let posting = Posting::new().await;
    let dying = Program::serve(posting.settings.clone()).await;
    posting.heard(1).await;
    dying.kill().await;
    assert_eq!(posting.left().await.as_deref(), Some("1"));

    posting.resend.answers.store(true, Ordering::SeqCst);
    // As if the dead one's claim had run out.
    posting
        .world
        .run("UPDATE outbox SET claimed_until = now() - interval '1 second'")
        .await;
    let next = Program::serve(posting.settings.clone()).await;
    let heard = posting.heard(2).await;
    wait_for("the order to be gone", PATIENCE, async || {
        match posting.left().await.as_deref() {
            Some("0") => Seen::Done(()),
            left => Seen::NotYet(left.map(str::to_owned)),
        }
    })
    .await;
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].0, ORDER.to_string());
    assert!(heard[0].1["text"].as_str().unwrap().contains("oobCode="));
    assert_eq!(posting.heard(2).await.len(), 2);
    next.terminate();
}

#[tokio::test]
async fn a_sweep_sends_what_was_left_behind() {
    let posting = Posting::new().await;
    posting.resend.answers.store(true, Ordering::SeqCst);
    let (code, out, err) = run(&posting.settings, &["--once", "outbox-sweep"]).await;
    assert_eq!(code, Some(0), "{out} {err}");
    assert_eq!(posting.heard(1).await.len(), 1);
    assert_eq!(posting.left().await.as_deref(), Some("0"));
}

#[tokio::test]
async fn who_has_no_mail_provider_leaves_mails_to_others() {
    let mut posting = Posting::new().await;
    posting.settings.remove("RESEND_API_KEY");
    let (code, out, err) = run(&posting.settings, &["--once", "outbox-sweep"]).await;
    assert_eq!(code, Some(0), "{out} {err}");
    assert_eq!(posting.left().await.as_deref(), Some("1"));
    assert!(posting.resend.heard.lock().unwrap().is_empty());
}
