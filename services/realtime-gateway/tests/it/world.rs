//! A gateway with everything around it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use avvivo_gcp::{Environment, LocalServer, PubSubBus, PubSubConfig};
use avvivo_realtime_gateway::{Config, Gateway};
use avvivo_service_kit::{
    Lifecycle, Telemetry,
    config::{GoogleConfig, load},
    crypto::install_crypto,
    telemetry,
};
use avvivo_wiring::Google;
use gcp_local::GcpLocal;
use tokio::net::TcpListener;

use crate::{
    api::{self, Past},
    sse::Sse,
};

pub(crate) const PROJECT: &str = "local";
const GATEWAY_ACCOUNT: &str = "gateway@local.iam.gserviceaccount.com";

/// Far more than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Settings by the names of their variables.
pub(crate) type Settings = BTreeMap<&'static str, String>;

/// A running gateway, the Pub/Sub it hears and the api it asks.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) telemetry: Telemetry,
    pub(crate) bus: PubSubBus,
    /// What the writers committed.
    pub(crate) past: Past,
    google: SocketAddr,
    _google: Option<GcpLocal>,
}

/// What a gateway needs to find its neighbours.
pub(crate) fn settings(google: SocketAddr, api: &str) -> Settings {
    let (host, url) = (google.to_string(), format!("http://{google}"));
    BTreeMap::from([
        ("GOOGLE_CLOUD_PROJECT", PROJECT.to_owned()),
        ("PUBSUB_EMULATOR_HOST", host.clone()),
        ("STORAGE_BASE_URL", url.clone()),
        ("CLOUD_TASKS_BASE_URL", url.clone()),
        ("GOOGLE_OIDC_JWKS_URL", format!("{url}/oauth2/v3/certs")),
        ("GCE_METADATA_HOST", format!("{host}/as/{GATEWAY_ACCOUNT}")),
        ("API_INTERNAL_URL", api.to_owned()),
        ("DRAIN_SECONDS", "2".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
    ])
}

/// An api that believes the tokens of the Google at `google`.
pub(crate) async fn start_api(
    google: SocketAddr,
    audience: &str,
    past: Past,
) -> (Lifecycle, String) {
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    let settings = settings(google, "");
    let config = load::<GoogleConfig>(&|name: &str| settings.get(name).cloned()).unwrap();
    let verifier = Google::new(&config.config)
        .unwrap()
        .services(audience, &[GATEWAY_ACCOUNT])
        .unwrap();
    let url = api::serve(&lifecycle, verifier, past).await;
    (lifecycle, url)
}

/// What writers publish with.
pub(crate) async fn publisher(google: SocketAddr) -> PubSubBus {
    let server = LocalServer::at(&format!("http://{google}"), None);
    let bus = PubSubBus::connect(&Environment::Local(server), PubSubConfig::new(PROJECT)).await;
    bus.unwrap()
}

impl World {
    /// Everything in this process, once the bus is heard.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let google = GcpLocal::start(gcp_local::Config::default()).await.unwrap();
        let address = google.addr();
        let world = Self::assemble(address, Some(google), change).await;
        world.heard().await;
        world
    }

    /// On a Google that is elsewhere, whether or not it can be heard.
    pub(crate) async fn start_on(google: SocketAddr, change: impl FnOnce(&mut Settings)) -> Self {
        Self::assemble(google, None, change).await
    }

    async fn assemble(
        google: SocketAddr,
        own_google: Option<GcpLocal>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::assemble_with(google, own_google, Past::default(), change).await
    }

    async fn assemble_with(
        google: SocketAddr,
        own_google: Option<GcpLocal>,
        past: Past,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        install_crypto();
        let (_api, api_url) = start_api(google, "avvivo-api", past.clone()).await;
        let mut settings = settings(google, &api_url);
        change(&mut settings);
        let loaded = load::<Config>(&|name: &str| settings.get(name).cloned()).unwrap();
        let telemetry = telemetry::init("gateway-test", &loaded.config.telemetry).unwrap();
        let lifecycle = Lifecycle::new(loaded.config.server.drain);
        let gateway = Gateway::build(&loaded.config, &telemetry, &lifecycle)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        gateway.serve(&lifecycle, listener).unwrap();
        lifecycle.set_ready();
        Self {
            url,
            gateway: Arc::new(gateway),
            lifecycle,
            telemetry,
            bus: publisher(google).await,
            past,
            google,
            _google: own_google,
        }
    }

    /// Another instance beside this one.
    pub(crate) async fn another(&self) -> Self {
        self.another_with(|_| {}).await
    }

    /// Another instance, with other settings.
    pub(crate) async fn another_with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let other = Self::assemble_with(self.google, None, self.past.clone(), change).await;
        other.heard().await;
        other
    }

    /// Returns when the gateway says that it is ready.
    pub(crate) async fn heard(&self) {
        wait_for_ready(&self.url, true).await;
    }

    /// A stream that is open, its greeting read.
    pub(crate) async fn connect(&self, token: &str) -> Sse {
        let mut stream = Sse::open(&self.url, token).await;
        assert_eq!(stream.next().await.event, "chat:connected");
        stream
    }
}

/// Returns when `/ready` answers as wanted.
pub(crate) async fn wait_for_ready(url: &str, ready: bool) {
    use avvivo_testkit::{Seen, wait_for};
    let what = if ready {
        "the gateway to be ready"
    } else {
        "the gateway to be unready"
    };
    wait_for(what, PATIENCE, async || {
        match reqwest::get(format!("{url}/ready")).await {
            Ok(answer) if answer.status().is_success() == ready => Seen::Done(()),
            answer => Seen::NotYet(answer.map(|answer| answer.status())),
        }
    })
    .await;
}
