//! A database, a Google, and schedulers over them.

use std::{collections::BTreeMap, time::Duration};

use avvivo_scheduler::{Config, Scheduler};
use avvivo_service_kit::{Lifecycle, config::load, crypto::install_crypto, telemetry};
use avvivo_testkit::{Seen, TestDb, wait_for};
use axum::{Router, body::Body};
use gcp_local::GcpLocal;
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool, Postgres};
use tower::ServiceExt as _;
use uuid::Uuid;

/// Far more than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What callers' tokens are made for.
pub(crate) const AUDIENCE: &str = "https://scheduler.example";
/// Who may start jobs.
pub(crate) const STARTER: &str = "scheduler@local.iam.gserviceaccount.com";

/// Settings by the names of their variables.
pub(crate) type Settings = BTreeMap<&'static str, String>;

pub(crate) struct World {
    pub(crate) db: TestDb,
    pub(crate) gcp: GcpLocal,
}

/// A scheduler in this process.
pub(crate) struct Running {
    pub(crate) scheduler: Scheduler,
    pub(crate) lifecycle: Lifecycle,
}

impl World {
    pub(crate) async fn new() -> Self {
        install_crypto();
        Self {
            db: TestDb::create().await,
            gcp: GcpLocal::start(gcp_local::Config::default()).await.unwrap(),
        }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.db.pool()
    }

    /// What a scheduler of this world reads. Its jobs wait to be asked for.
    pub(crate) fn settings(&self) -> Settings {
        let google = self.gcp.addr().to_string();
        Settings::from([
            ("DATABASE_URL", self.db.url()),
            ("DATABASE_POOL_SIZE", "4".to_owned()),
            ("DATABASE_ACQUIRE_TIMEOUT_MS", "1000".to_owned()),
            ("GOOGLE_CLOUD_PROJECT", "local".to_owned()),
            ("PUBSUB_EMULATOR_HOST", google.clone()),
            ("STORAGE_BASE_URL", self.gcp.url().to_owned()),
            ("CLOUD_TASKS_BASE_URL", self.gcp.url().to_owned()),
            ("GCE_METADATA_HOST", google),
            ("GOOGLE_OIDC_JWKS_URL", self.gcp.issuer().google_jwks_url()),
            ("SCHEDULER_URL", AUDIENCE.to_owned()),
            ("SCHEDULER_CALLERS", STARTER.to_owned()),
            ("SCHEDULER_LOOP", "false".to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("DRAIN_SECONDS", "5".to_owned()),
            ("RUST_LOG", "off".to_owned()),
        ])
    }

    pub(crate) async fn scheduler(&self) -> Running {
        self.scheduler_with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn scheduler_with(&self, change: impl FnOnce(&mut Settings)) -> Running {
        let mut settings = self.settings();
        change(&mut settings);
        let config = load::<Config>(&|name: &str| settings.get(name).cloned())
            .unwrap()
            .config;
        let telemetry = telemetry::init("scheduler-test", &config.telemetry).unwrap();
        let lifecycle = Lifecycle::new(config.server.drain);
        // Clients being made are futures of tens of kilobytes.
        let built = Box::pin(Scheduler::build(&config, &telemetry, &lifecycle)).await;
        lifecycle.set_ready();
        Running {
            scheduler: built.unwrap(),
            lifecycle,
        }
    }

    /// The token of who may start jobs.
    pub(crate) fn token(&self) -> String {
        let issuer = self.gcp.issuer();
        issuer.google_id_token(STARTER, AUDIENCE).unwrap()
    }

    /// Runs statements that arrange rows.
    pub(crate) async fn run(&self, statements: impl Into<String>) {
        let statements = AssertSqlSafe(statements.into());
        sqlx::raw_sql(statements)
            .execute(self.pool())
            .await
            .unwrap();
    }

    pub(crate) async fn text(&self, sql: &'static str) -> Option<String> {
        sqlx::query_scalar(sql)
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// A reel in the feed whose day is over.
    pub(crate) async fn overdue_reel(&self) -> Overdue {
        let (reel, shop) = (random_id(self.pool()).await, random_id(self.pool()).await);
        self.run(format!(
            "INSERT INTO shops (id, name, slug, created_at, updated_at) VALUES ('{shop}', 'Tienda', '{shop}', now(), now());
             INSERT INTO reels (
                 id, shop_id, type, status, platform, duration_seconds, video_url, created_at, expires_at
             )
             VALUES (
                 '{reel}', '{shop}', 'VIDEO', 'ACTIVE', 'TikTok', 10, 'https://media.test/a.mp4',
                 now() - interval '25 hours', now() - interval '1 hour'
             );"
        ))
        .await;
        Overdue { reel, shop }
    }

    /// The queue of renders as Google has it.
    pub(crate) async fn queue(&self) -> Value {
        let queues = format!("{}/v2/projects/local/locations", self.gcp.url());
        let url = format!("{queues}/southamerica-east1/queues/reel-render");
        let answer = reqwest::get(url).await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    pub(crate) async fn status(&self, reel: Uuid) -> String {
        sqlx::query_scalar("SELECT status::text FROM reels WHERE id = $1")
            .bind(reel)
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// Waits until a statement of somebody waits for a lock.
    pub(crate) async fn somebody_waits(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for("a statement that waits for a lock", PATIENCE, async || {
            let waiting: i64 = sqlx::query_scalar(sql)
                .fetch_one(self.pool())
                .await
                .unwrap();
            if waiting > 0 {
                Seen::Done(())
            } else {
                Seen::NotYet(waiting)
            }
        })
        .await;
    }
}

async fn random_id(pool: &PgPool) -> Uuid {
    sqlx::query_scalar("SELECT gen_random_uuid()")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// A reel that expiry is about to take, and its shop.
pub(crate) struct Overdue {
    pub(crate) reel: Uuid,
    shop: Uuid,
}

impl Overdue {
    /// Holds up whoever expires the reel, until this is dropped: its shop's audience is locked.
    pub(crate) async fn hold_up(&self, world: &World) -> sqlx::Transaction<'static, Postgres> {
        let mut held = world.pool().begin().await.unwrap();
        sqlx::query("INSERT INTO audience_sequences (audience, last) VALUES ($1, 1)")
            .bind(format!("shop:{}", self.shop))
            .execute(&mut *held)
            .await
            .unwrap();
        held
    }
}

/// Status, and the body as JSON.
pub(crate) type Answer = (u16, Value);

pub(crate) async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    token: Option<&str>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

impl Running {
    /// Starts a job as Cloud Scheduler does.
    pub(crate) async fn start(&self, world: &World, job: &str) -> Answer {
        let path = format!("/jobs/{job}/run");
        let token = world.token();
        ask(&self.scheduler.router, Method::POST, &path, Some(&token)).await
    }
}
