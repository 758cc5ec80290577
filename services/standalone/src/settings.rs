//! Who is told what: one table that makes every service's configuration.

use std::collections::BTreeMap;

use avvivo_service_kit::config::{Env, Loaded, Section, Source, load};

use crate::ports::Ports;

/// The project of local installations.
pub(crate) const PROJECT: &str = "avvivo-local";
/// Administers local installations.
pub(crate) const ADMIN_EMAIL: &str = "admin@avvivo.example";
/// What the gateway's tokens are made for.
const INTERNAL_AUDIENCE: &str = "avvivo-api";

/// A service's account.
fn account(name: &str) -> String {
    format!("{name}@{PROJECT}.iam.gserviceaccount.com")
}

/// What everybody depends on.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours {
    pub(crate) database_url: String,
    pub(crate) redis_url: String,
    /// Scheme and authority of gcp-local.
    pub(crate) google_url: String,
    /// The key that signs uploads.
    pub(crate) signing_key_file: String,
    /// Where people find the platform.
    pub(crate) base_url: String,
    /// Who says who people are.
    pub(crate) identity: Identity,
    /// The people that one can be on `/dev/chat`.
    pub(crate) people_file: Option<String>,
    /// Where mails are kept that nobody gets.
    pub(crate) mail_folder: Option<String>,
}

/// Who says who people are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// gcp-local, which signs for anybody.
    Local,
    /// The Firebase project that the environment names.
    Firebase,
}

/// Variables on top of the process' own.
pub(crate) type Variables = BTreeMap<String, String>;

/// Which of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instance {
    First,
    Second,
}

/// The settings of the api.
pub(crate) fn api(to: &Neighbours, ports: &Ports, instance: Instance) -> Variables {
    let (port, grpc) = match instance {
        Instance::First => (ports.api, ports.api_grpc),
        Instance::Second => (ports.second_api, ports.second_api_grpc),
    };
    let mut variables = common(to, "api");
    set(&mut variables, "PORT", &port);
    set(&mut variables, "INTERNAL_GRPC_PORT", &grpc);
    set(&mut variables, "INTERNAL_AUDIENCE", &INTERNAL_AUDIENCE);
    set(&mut variables, "INTERNAL_CALLERS", &account("gateway"));
    outside(to, &mut variables);
    if to.identity == Identity::Local {
        set(&mut variables, "ADMIN_EMAILS", &ADMIN_EMAIL);
    }
    set(&mut variables, "REELS_PROCESSOR_URL", &url(ports.processor));
    set(&mut variables, "TASKS_SERVICE_ACCOUNT", &account("tasks"));
    set(&mut variables, "CORS_ORIGINS", &to.base_url);
    set(&mut variables, "PUBLIC_BACKEND_URL", &to.base_url);
    if let Some(people) = &to.people_file {
        set(&mut variables, "DEV_PEOPLE_FILE", people);
    }
    variables
}

/// The settings of the reels-processor.
pub(crate) fn processor(to: &Neighbours, ports: &Ports) -> Variables {
    let mut variables = common(to, "reels-processor");
    set(&mut variables, "PORT", &ports.processor);
    set(&mut variables, "REELS_PROCESSOR_URL", &url(ports.processor));
    set(&mut variables, "TASKS_SERVICE_ACCOUNT", &account("tasks"));
    variables
}

/// The settings of the scheduler.
pub(crate) fn scheduler(to: &Neighbours, ports: &Ports) -> Variables {
    let mut variables = common(to, "scheduler");
    set(&mut variables, "PORT", &ports.scheduler);
    outside(to, &mut variables);
    set(&mut variables, "SCHEDULER_URL", &url(ports.scheduler));
    set(&mut variables, "SCHEDULER_CALLERS", &account("scheduler"));
    set(&mut variables, "REELS_PROCESSOR_URL", &url(ports.processor));
    set(&mut variables, "TASKS_SERVICE_ACCOUNT", &account("tasks"));
    variables
}

/// The settings of the realtime gateway. Each asks its own api.
pub(crate) fn gateway(to: &Neighbours, ports: &Ports, instance: Instance) -> Variables {
    let (port, grpc) = match instance {
        Instance::First => (ports.gateway, ports.api_grpc),
        Instance::Second => (ports.second_gateway, ports.second_api_grpc),
    };
    let mut variables = common(to, "gateway");
    set(&mut variables, "PORT", &port);
    set(&mut variables, "API_INTERNAL_URL", &url(grpc));
    set(&mut variables, "INTERNAL_AUDIENCE", &INTERNAL_AUDIENCE);
    set(&mut variables, "CORS_ORIGINS", &to.base_url);
    variables
}

/// Who people are, and what becomes of mails to them: for those who write and send them.
fn outside(to: &Neighbours, variables: &mut Variables) {
    if to.identity == Identity::Local {
        set(variables, "FIREBASE_PROJECT_ID", &PROJECT);
        let keys = "service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
        set(
            variables,
            "FIREBASE_JWKS_URL",
            &format!("{}/{keys}", to.google_url),
        );
    }
    if let Some(folder) = &to.mail_folder {
        set(variables, "DEV_MAIL_DIR", folder);
        set(variables, "APP_URL", &to.base_url);
    }
}

fn common(to: &Neighbours, service: &str) -> Variables {
    let google = to.google_url.as_str();
    let authority = google
        .split_once("://")
        .map_or(google, |(_, authority)| authority);
    let mut variables = Variables::new();
    set(&mut variables, "BIND_ADDRESS", &"127.0.0.1");
    set(&mut variables, "DATABASE_URL", &to.database_url);
    set(&mut variables, "REDIS_URL", &to.redis_url);
    set(&mut variables, "GOOGLE_CLOUD_PROJECT", &PROJECT);
    set(&mut variables, "PUBSUB_EMULATOR_HOST", &authority);
    set(&mut variables, "STORAGE_BASE_URL", &google);
    set(&mut variables, "CLOUD_TASKS_BASE_URL", &google);
    set(
        &mut variables,
        "GCE_METADATA_HOST",
        &format!("{authority}/as/{}", account(service)),
    );
    set(
        &mut variables,
        "GOOGLE_OIDC_JWKS_URL",
        &format!("{google}/oauth2/v3/certs"),
    );
    set(
        &mut variables,
        "STORAGE_SIGNING_KEY_FILE",
        &to.signing_key_file,
    );
    set(&mut variables, "GCS_BUCKET", &"avvivo-media");
    set(
        &mut variables,
        "GCS_PUBLIC_BASE_URL",
        &format!("{google}/avvivo-media"),
    );
    variables
}

fn set(variables: &mut Variables, name: &str, value: &impl ToString) {
    variables.insert(name.to_owned(), value.to_string());
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Variables over the process' own environment.
struct Over<'v> {
    variables: &'v Variables,
    environment: Env,
}

impl Source for Over<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .cloned()
            .or_else(|| self.environment.get(name))
    }
}

/// A service's configuration from its variables, which win over the process' own.
pub(crate) fn read<C: Section>(variables: &Variables) -> anyhow::Result<C> {
    let source = Over {
        variables,
        environment: Env::from_process(),
    };
    let Loaded { config, .. } =
        load(&source).map_err(|problems| anyhow::anyhow!("{}:\n{problems}", C::TITLE))?;
    Ok(config)
}
