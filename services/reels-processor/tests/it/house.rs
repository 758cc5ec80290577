//! Everything a processor needs around it: a database, a bucket, an issuer, a shop that publishes.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use avvivo_app::{
    Policy,
    reels::{create_reel, hide_reel},
};
use avvivo_contracts::{
    events::v1::{Event, ReelStatusChanged, event::Payload},
    jobs::v1::RenderReel,
};
use avvivo_domain::{
    identity::{Caller, Role, UserType},
    reels::{Platform, ReelType},
};
use avvivo_kernel::{ReelId, ShopId};
use avvivo_ports::{Content, ObjectPath, ObjectStore, Upload};
use avvivo_reels_processor::{Config, build_on};
use avvivo_service_kit::{Lifecycle, Metrics, config::load, crypto::install_crypto};
use avvivo_testkit::{Seen, TestDb, wait_for};
use avvivo_wiring::Core;
use axum::body::Body;
use gcp_local::GcpLocal;
use http::Request;
use prost::Message as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::running::{Running, task};

pub(crate) const AUDIENCE: &str = "http://processor.test";
pub(crate) const QUEUE_ACCOUNT: &str = "tasks@avvivo-local.iam.gserviceaccount.com";
/// Enough for the heaviest sample on two cores that others use too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct House {
    pub(crate) db: TestDb,
    pub(crate) gcp: GcpLocal,
    pub(crate) core: Core,
    pub(crate) temp: TempDir,
    pub(crate) shop: ShopId,
}

/// A reel's row, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) status: String,
    pub(crate) stage: Option<String>,
    pub(crate) render_progress: i16,
    pub(crate) render_attempts: i32,
    pub(crate) render_error_code: Option<String>,
    pub(crate) render_error_message: Option<String>,
    pub(crate) lease_token: Option<Uuid>,
    pub(crate) video_url: Option<String>,
    pub(crate) photo_urls: Vec<String>,
    pub(crate) thumbnail_url: Option<String>,
    pub(crate) duration_seconds: i32,
    pub(crate) render_report: Option<Value>,
}

impl House {
    pub(crate) async fn open() -> Self {
        // Clients being made are futures of tens of kilobytes.
        Box::pin(Self::furnish()).await
    }

    async fn furnish() -> Self {
        install_crypto();
        let db = TestDb::create().await;
        let gcp = GcpLocal::start(gcp_local::Config::default()).await.unwrap();
        let temp = TempDir::new().unwrap();
        let env = environment(&db, &gcp, temp.path());
        let config = config(&env);
        let policy = Policy {
            // Tests publish several reels of one shop at once.
            single_processing: false,
            ..Policy::default()
        };
        let core = Core::connect(&config.core, policy, "test").await.unwrap();
        // Neither topic nor queue exists, so what is committed stays in the outbox, where tests look at it.
        core.store.ensure_bucket("local", &[]).await.unwrap();
        let shop = Uuid::from_u128(7);
        sqlx::query(
            "INSERT INTO shops (id, name, slug, plan, plan_tier, status, created_at, updated_at)
             VALUES ($1, 'Modas Flores', 'modas-flores', 'MAXIMA', 'MAXIMA', 'ACTIVE', now(), now())",
        )
        .bind(shop)
        .execute(db.pool())
        .await
        .unwrap();
        Self {
            db,
            gcp,
            core,
            temp,
            shop: shop.into(),
        }
    }

    /// The environment of a processor in this house.
    pub(crate) fn environment(&self) -> HashMap<&'static str, String> {
        environment(&self.db, &self.gcp, self.temp.path())
    }

    /// A processor in this process.
    pub(crate) async fn processor(&self) -> Running {
        self.processor_on(self.core.store.clone()).await
    }

    /// The same over another store.
    pub(crate) async fn processor_on(&self, store: Arc<dyn ObjectStore>) -> Running {
        self.processor_told(&self.environment(), store).await
    }

    /// The same with other settings.
    pub(crate) async fn processor_told(
        &self,
        env: &HashMap<&'static str, String>,
        store: Arc<dyn ObjectStore>,
    ) -> Running {
        let mut core = self.core.clone();
        core.deps.store = store;
        let lifecycle = Lifecycle::new(PATIENCE);
        let metrics = Metrics::isolated().unwrap();
        let config = config(env);
        let processor = build_on(core, &config, &metrics, &lifecycle).await.unwrap();
        lifecycle.set_ready();
        Running {
            processor,
            lifecycle,
        }
    }

    /// Uploads a file as the shop's phone would, and answers its public address.
    pub(crate) async fn upload(&self, file: &Path, content_type: &str) -> String {
        let name = file.file_name().unwrap().to_str().unwrap();
        let path = ObjectPath::new(format!(
            "shops/{}/{}-{name}",
            self.shop,
            self.core.deps.ids.uuid()
        ));
        let upload = Upload {
            content: Content::File(file),
            path: path.clone(),
            content_type,
            cache_control: "private",
        };
        self.core.store.upload(upload).await.unwrap();
        self.core.store.public_url(&path)
    }

    /// Publishes a video; it waits for its renderer.
    pub(crate) async fn publish_video(&self, file: &Path) -> ReelId {
        let url = self.upload(file, "video/mp4").await;
        let command = create_reel::CreateReel {
            video_url: Some(url),
            ..self.command(ReelType::Video)
        };
        create_reel::run(&self.core.deps, command)
            .await
            .unwrap()
            .reel
            .id
    }

    /// Publishes `count` photos under an overlay.
    pub(crate) async fn publish_photos(&self, file: &Path, count: usize, overlay: &Path) -> ReelId {
        let mut photo_urls = Vec::new();
        for _ in 0..count {
            photo_urls.push(self.upload(file, "image/jpeg").await);
        }
        let overlay = self.upload(overlay, "image/png").await;
        let command = create_reel::CreateReel {
            photo_urls,
            editor_state: Some(json!({"fit": "cover", "renderOverlayUrl": overlay, "mine": [1]})),
            ..self.command(ReelType::PhotoSet)
        };
        create_reel::run(&self.core.deps, command)
            .await
            .unwrap()
            .reel
            .id
    }

    pub(crate) async fn hide(&self, reel: ReelId) {
        hide_reel::run(&self.core.deps, &self.owner(), reel)
            .await
            .unwrap();
    }

    fn command(&self, kind: ReelType) -> create_reel::CreateReel {
        create_reel::CreateReel {
            caller: self.owner(),
            shop: self.shop,
            kind,
            video_url: None,
            photo_urls: Vec::new(),
            thumbnail_url: None,
            duration_seconds: 10,
            platform: Platform::Instagram,
            preset_label: None,
            editor_state: None,
            admin_override: false,
            idempotency_key: None,
        }
    }

    fn owner(&self) -> Caller {
        Caller {
            account_id: Uuid::from_u128(1).into(),
            uid: "owner".to_owned(),
            email: "owner@example.com".to_owned(),
            email_verified: true,
            user_type: UserType::Shop,
            role: Role::Store,
            admin_role: None,
            shop_id: Some(self.shop),
            token_expires_at: self.core.deps.clock.now(),
        }
    }

    pub(crate) fn token(&self) -> String {
        self.gcp
            .issuer()
            .google_id_token(QUEUE_ACCOUNT, AUDIENCE)
            .unwrap()
    }

    /// A task as the queue brings it.
    pub(crate) fn task(&self, reel: ReelId) -> Request<Body> {
        task(Some(&self.token()), message(reel).encode_to_vec())
    }

    pub(crate) async fn row(&self, reel: ReelId) -> Row {
        sqlx::query_as(
            "SELECT status::text, render_stage::text AS stage, render_progress, render_attempts, render_error_code,
                    render_error_message, lease_token, video_url, photo_urls, thumbnail_url, duration_seconds,
                    render_report
             FROM reels WHERE id = $1",
        )
        .bind(reel.as_uuid())
        .fetch_one(self.db.pool())
        .await
        .unwrap()
    }

    /// Waits until ffmpeg is at work on the reel.
    pub(crate) async fn rendering(&self, reel: ReelId) -> Row {
        wait_for("the render to get going", PATIENCE, async || {
            let row = self.row(reel).await;
            if row.stage.as_deref() == Some("RENDER_VIDEO") && row.render_progress > 0 {
                Seen::Done(row)
            } else {
                Seen::NotYet(row)
            }
        })
        .await
    }

    /// The events of the outbox, in their order, with the trace each belongs to.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let rows: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM outbox WHERE kind = 'EVENT' ORDER BY position")
                .fetch_all(self.db.pool())
                .await
                .unwrap();
        rows.iter()
            .map(|row| Event::decode(row.as_slice()).unwrap())
            .collect()
    }

    pub(crate) async fn status_events(&self) -> Vec<ReelStatusChanged> {
        let events = self.events().await.into_iter();
        events
            .filter_map(|event| match event.payload {
                Some(Payload::ReelStatusChanged(news)) => Some(news),
                _ => None,
            })
            .collect()
    }

    /// Outputs in the bucket.
    pub(crate) async fn stored_outputs(&self) -> Vec<String> {
        let stored = self.core.store.list("processed/", 100).await.unwrap();
        stored.iter().map(|path| path.as_str().to_owned()).collect()
    }

    /// Outputs on the list of things to delete.
    pub(crate) async fn buried_outputs(&self) -> Vec<String> {
        let query =
            "SELECT path FROM object_tombstones WHERE path LIKE 'processed/%' ORDER BY path";
        sqlx::query_scalar(query)
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }

    /// Folders of attempts that are still there.
    pub(crate) fn job_folders(&self) -> usize {
        let mut found = 0;
        for base in std::fs::read_dir(self.temp.path()).unwrap() {
            for run in std::fs::read_dir(base.unwrap().path()).unwrap() {
                let Ok(jobs) = std::fs::read_dir(run.unwrap().path()) else {
                    continue;
                };
                found += jobs
                    .filter(|job| {
                        job.as_ref()
                            .unwrap()
                            .file_name()
                            .to_string_lossy()
                            .starts_with("job-")
                    })
                    .count();
            }
        }
        found
    }
}

pub(crate) fn message(reel: ReelId) -> RenderReel {
    RenderReel {
        reel_id: reel.to_string(),
        version: 1,
        traceparent: String::new(),
    }
}

fn environment(db: &TestDb, gcp: &GcpLocal, temp: &Path) -> HashMap<&'static str, String> {
    let address = gcp.addr().to_string();
    HashMap::from([
        ("DATABASE_URL", db.url()),
        ("DATABASE_POOL_SIZE", "4".to_owned()),
        ("GOOGLE_CLOUD_PROJECT", "local".to_owned()),
        ("PUBSUB_EMULATOR_HOST", address.clone()),
        ("STORAGE_BASE_URL", gcp.url().to_owned()),
        ("CLOUD_TASKS_BASE_URL", gcp.url().to_owned()),
        ("GCE_METADATA_HOST", address),
        ("GOOGLE_OIDC_JWKS_URL", gcp.issuer().google_jwks_url()),
        ("GCS_BUCKET", "media".to_owned()),
        ("GCS_PUBLIC_BASE_URL", format!("{}/media", gcp.url())),
        ("REELS_PROCESSOR_URL", AUDIENCE.to_owned()),
        ("TASKS_SERVICE_ACCOUNT", QUEUE_ACCOUNT.to_owned()),
        ("REEL_WORKER_TEMP_DIR", temp.to_str().unwrap().to_owned()),
        ("BIND_ADDRESS", "127.0.0.1".to_owned()),
        ("RUST_LOG", "info".to_owned()),
    ])
}

pub(crate) fn config(env: &HashMap<&'static str, String>) -> Config {
    load::<Config>(&|name: &str| env.get(name).cloned())
        .unwrap()
        .config
}
