//! What each process is told.

use std::collections::BTreeMap;

use avvivo_service_kit::config::{GoogleConfig, Section, load};
use avvivo_wiring::{Bus as EventBus, Google, config::BusConfig};

use super::{Bus, Cluster, Member};

type Variables = BTreeMap<String, String>;

const PROJECT: &str = "avvivo-local";
const AUDIENCE: &str = "avvivo-api";

fn account(name: &str) -> String {
    format!("{name}@{PROJECT}.iam.gserviceaccount.com")
}

fn set<const N: usize>(variables: &mut Variables, pairs: [(&str, String); N]) {
    variables.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
}

fn section<C: Section>(variables: &Variables) -> C {
    let source = |name: &str| variables.get(name).cloned();
    load(&source).unwrap().config
}

impl Cluster {
    pub(super) fn variables(&self, member: Member) -> Variables {
        match member {
            Member::Google => self.google(),
            Member::Api(number) => self.api(number),
            Member::Gateway(number) => self.gateway(number),
        }
    }

    /// The bus, as an api reaches it.
    pub(in crate::faults) async fn event_bus(&self) -> EventBus {
        let variables = self.api(0);
        let google = Google::new(&section::<GoogleConfig>(&variables)).unwrap();
        EventBus::connect(&section::<BusConfig>(&variables), &google, "faults")
            .await
            .unwrap()
    }

    fn google(&self) -> Variables {
        let mut variables = Variables::new();
        let data = self.home.path().join("google");
        set(
            &mut variables,
            [
                ("GCP_LOCAL_LISTEN", self.address(Member::Google).to_string()),
                ("GCP_LOCAL_DATA_DIR", data.display().to_string()),
                ("GCP_LOCAL_PROJECT", PROJECT.to_owned()),
            ],
        );
        variables
    }

    fn api(&self, number: usize) -> Variables {
        let mut variables = self.common("api");
        let google = self.url(Member::Google);
        let keys = "service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
        // Nobody is sent anything to render, and the writers are one address in a hurry.
        let (nowhere, any) = ("http://127.0.0.1:9".to_owned(), "1000000".to_owned());
        set(
            &mut variables,
            [
                ("PORT", self.ports[&Member::Api(number)].to_string()),
                ("INTERNAL_GRPC_PORT", self.internal[number].to_string()),
                ("INTERNAL_AUDIENCE", AUDIENCE.to_owned()),
                ("INTERNAL_CALLERS", account("gateway")),
                ("FIREBASE_PROJECT_ID", PROJECT.to_owned()),
                ("FIREBASE_JWKS_URL", format!("{google}/{keys}")),
                ("REELS_PROCESSOR_URL", nowhere),
                ("TASKS_SERVICE_ACCOUNT", account("tasks")),
                ("RATE_LIMIT_MAX", any.clone()),
                ("CHAT_RATE_LIMIT_MAX", any),
            ],
        );
        variables
    }

    fn gateway(&self, number: usize) -> Variables {
        let mut variables = self.common("gateway");
        let api = format!("http://127.0.0.1:{}", self.internal[number]);
        set(
            &mut variables,
            [
                ("PORT", self.ports[&Member::Gateway(number)].to_string()),
                ("API_INTERNAL_URL", api),
                ("INTERNAL_AUDIENCE", AUDIENCE.to_owned()),
            ],
        );
        variables
    }

    fn common(&self, service: &str) -> Variables {
        let google = self.address(Member::Google).to_string();
        let bus = match self.bus {
            Bus::PubSub => "pubsub",
            Bus::Redis => "redis",
        };
        let mut variables = Variables::new();
        set(
            &mut variables,
            [
                ("BIND_ADDRESS", "127.0.0.1".to_owned()),
                ("RUST_LOG", "info".to_owned()),
                ("DRAIN_SECONDS", "3".to_owned()),
                ("DATABASE_URL", self.database_url.clone()),
                ("REDIS_URL", self.redis.url().to_owned()),
                ("CHAT_REALTIME_BUS", bus.to_owned()),
                ("GOOGLE_CLOUD_PROJECT", PROJECT.to_owned()),
                ("PUBSUB_EMULATOR_HOST", google.clone()),
                ("STORAGE_BASE_URL", format!("http://{google}")),
                ("CLOUD_TASKS_BASE_URL", format!("http://{google}")),
                (
                    "GCE_METADATA_HOST",
                    format!("{google}/as/{}", account(service)),
                ),
                (
                    "GOOGLE_OIDC_JWKS_URL",
                    format!("http://{google}/oauth2/v3/certs"),
                ),
                ("GCS_BUCKET", "avvivo-media".to_owned()),
            ],
        );
        variables
    }
}
