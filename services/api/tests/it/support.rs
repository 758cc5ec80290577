//! An api with everything around it.

pub(crate) mod answer;
pub(crate) mod files;
pub(crate) mod outside;
pub(crate) mod people;
pub(crate) mod rows;
pub(crate) mod still;

use std::{collections::BTreeMap, time::Duration};

use avvivo_api::{Api, Config};
use avvivo_service_kit::{
    Lifecycle, config::load, crypto::install_crypto, grpc::GrpcServices, telemetry,
};
use avvivo_testkit::{Seen, TestDb, TestRedis, wait_for};
use avvivo_wiring::Core;
use axum::Router;
use gcp_local::GcpLocal;
use http::Method;
use tempfile::TempDir;
use tower::ServiceExt as _;

use answer::{Answer, Ask};

/// Far more than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What begins the public addresses of files; nothing listens there, and nobody ever asks.
pub(crate) const MEDIA: &str = "https://media.example";
pub(crate) const BUCKET: &str = "avvivo-media";
pub(crate) const PROJECT: &str = "local";
pub(crate) const GATEWAY: &str = "gateway@local.iam.gserviceaccount.com";
pub(crate) const INTERNAL_AUDIENCE: &str = "avvivo-api";
pub(crate) const HEALTHCHECK_TOKEN: &str = "let-me-see";

/// Settings by the names of their variables.
pub(crate) type Settings = BTreeMap<&'static str, String>;

/// A running api and its neighbours.
pub(crate) struct TestApp {
    pub(crate) db: TestDb,
    pub(crate) gcp: GcpLocal,
    pub(crate) redis: TestRedis,
    pub(crate) core: Core,
    pub(crate) grpc: GrpcServices,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) router: Router,
    settings: Settings,
    /// The key that signs uploads is in here.
    _folder: TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        // Clients being made are futures of tens of kilobytes.
        Box::pin(Self::furnish(change)).await
    }

    async fn furnish(change: impl FnOnce(&mut Settings)) -> Self {
        install_crypto();
        let db = TestDb::create().await;
        let redis = TestRedis::create().await;
        let gcp = GcpLocal::start(gcp_local::Config::default()).await.unwrap();
        let folder = TempDir::new().unwrap();
        let key = folder.path().join("signing-key.json");
        std::fs::write(&key, gcp.service_account_key()).unwrap();
        let mut settings = settings(&gcp);
        settings.insert("DATABASE_URL", db.url());
        settings.insert("REDIS_URL", redis.url().to_owned());
        settings.insert("REDIS_KEY_PREFIX", redis.prefix().to_owned());
        settings.insert("STORAGE_SIGNING_KEY_FILE", key.display().to_string());
        change(&mut settings);
        let config = config(&settings);
        // Before the api listens for events, so that it need not try twice.
        let early = Core::connect(&config.core, config.policy(), "test").await;
        early.unwrap().prepare(&[]).await.unwrap();
        let (api, lifecycle) = build(&config).await;
        Self {
            db,
            gcp,
            redis,
            core: api.core,
            grpc: api.grpc,
            lifecycle,
            router: api.router,
            settings,
            _folder: folder,
        }
    }

    /// What it was started with.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// Another instance over the same neighbours.
    pub(crate) async fn second_instance(&self, change: impl FnOnce(&mut Settings)) -> Router {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Box::pin(build(&config(&settings))).await.0.router
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask::new(&self.router, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Method::POST, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Ask<'_> {
        self.ask(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Method::DELETE, path)
    }

    /// Returns once the api hears the events that invalidate its caches.
    pub(crate) async fn hears_events(&self) {
        hears_events(&self.router).await;
    }
}

/// Returns once an instance hears the events that invalidate its caches.
pub(crate) async fn hears_events(instance: &Router) {
    wait_for("the event bus to be heard", PATIENCE, async || {
        let asked = Ask::new(instance, Method::GET, "/ready");
        let body = asked.bearer(HEALTHCHECK_TOKEN).await.json();
        if body["dependencies"][1]["up"] == true {
            Seen::Done(())
        } else {
            Seen::NotYet(body)
        }
    })
    .await;
}

/// What an api beside this Google reads, but for its database and Redis.
pub(crate) fn settings(gcp: &GcpLocal) -> Settings {
    let address = gcp.addr().to_string();
    Settings::from([
        ("DATABASE_POOL_SIZE", "4".to_owned()),
        ("GOOGLE_CLOUD_PROJECT", PROJECT.to_owned()),
        ("PUBSUB_EMULATOR_HOST", address.clone()),
        ("STORAGE_BASE_URL", gcp.url().to_owned()),
        ("CLOUD_TASKS_BASE_URL", gcp.url().to_owned()),
        ("GCE_METADATA_HOST", address),
        ("GOOGLE_OIDC_JWKS_URL", gcp.issuer().google_jwks_url()),
        ("FIREBASE_JWKS_URL", gcp.issuer().firebase_jwks_url()),
        ("FIREBASE_PROJECT_ID", PROJECT.to_owned()),
        ("GCS_BUCKET", BUCKET.to_owned()),
        ("GCS_PUBLIC_BASE_URL", MEDIA.to_owned()),
        ("INTERNAL_AUDIENCE", INTERNAL_AUDIENCE.to_owned()),
        ("INTERNAL_CALLERS", GATEWAY.to_owned()),
        ("HEALTHCHECK_TOKEN", HEALTHCHECK_TOKEN.to_owned()),
        ("DRAIN_SECONDS", "2".to_owned()),
        ("RUST_LOG", "off".to_owned()),
    ])
}

fn config(settings: &Settings) -> Config {
    load::<Config>(&|name: &str| settings.get(name).cloned())
        .unwrap()
        .config
}

async fn build(config: &Config) -> (Api, Lifecycle) {
    let telemetry = telemetry::init("api-test", &config.telemetry).unwrap();
    let lifecycle = Lifecycle::new(config.server.drain);
    let api = Api::build(config, &telemetry, &lifecycle).await.unwrap();
    lifecycle.set_ready();
    (api, lifecycle)
}

/// Asks a router that is not a [`TestApp`]'s own.
pub(crate) async fn get_from(router: &Router, path: &str) -> Answer {
    Ask::new(router, Method::GET, path).await
}

/// One request as it is.
pub(crate) async fn send(router: &Router, request: http::Request<axum::body::Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    Answer::read(response).await
}
