//! Google Cloud, or the local stand-in for it.

use std::path::PathBuf;

use crate::config::{Reader, Section};

/// Which project, and for local work which endpoints instead of Google's.
///
/// Every override is refused in production: a service that talks to a stand-in there would accept anybody's tokens and
/// lose everybody's files.
#[derive(Debug, Clone)]
pub struct GoogleConfig {
    /// Project id.
    pub project: String,
    /// Region of queues and services.
    pub region: String,
    /// `host:port` of a Pub/Sub emulator.
    pub pubsub_emulator_host: Option<String>,
    /// Cloud Storage stand-in.
    pub storage_base_url: Option<String>,
    /// Cloud Tasks stand-in.
    pub cloud_tasks_base_url: Option<String>,
    /// Keys that sign Google's service tokens.
    pub oidc_jwks_url: Option<String>,
    /// Keys that sign people's tokens.
    pub firebase_jwks_url: Option<String>,
    /// `host:port` of a metadata server.
    pub metadata_host: Option<String>,
    /// Service account key that signs upload addresses; production signs through IAM.
    pub signing_key_file: Option<PathBuf>,
}

impl GoogleConfig {
    /// Whether any of Google's endpoints is replaced.
    pub fn is_local(&self) -> bool {
        self.pubsub_emulator_host.is_some()
            || self.storage_base_url.is_some()
            || self.cloud_tasks_base_url.is_some()
            || self.oidc_jwks_url.is_some()
            || self.firebase_jwks_url.is_some()
    }
}

impl Section for GoogleConfig {
    const TITLE: &'static str = "Google Cloud";

    fn read(reader: &mut Reader<'_>) -> Self {
        refuse_auth_emulator(reader);
        Self {
            project: reader
                .text("GOOGLE_CLOUD_PROJECT", "Google Cloud project; links log lines to traces.")
                .required_in_production("avvivo-local".to_owned(), "the stand-in takes any name"),
            region: reader
                .text("GOOGLE_CLOUD_REGION", "Region of queues and services.")
                .default("southamerica-east1".to_owned(), "the nearest to Buenos Aires with all of them"),
            pubsub_emulator_host: reader
                .text("PUBSUB_EMULATOR_HOST", "Pub/Sub stand-in, as `host:port`.")
                .rule("must be host:port", |text| is_host_and_port(text))
                .local_only()
                .optional(),
            storage_base_url: local_url(reader, "STORAGE_BASE_URL", "Cloud Storage stand-in."),
            cloud_tasks_base_url: local_url(reader, "CLOUD_TASKS_BASE_URL", "Cloud Tasks stand-in."),
            oidc_jwks_url: local_url(
                reader,
                "GOOGLE_OIDC_JWKS_URL",
                "Keys of service tokens, instead of Google's.",
            ),
            firebase_jwks_url: local_url(
                reader,
                "FIREBASE_JWKS_URL",
                "Keys of people's tokens, instead of Firebase's.",
            ),
            metadata_host: reader
                .text(
                    "GCE_METADATA_HOST",
                    "Metadata server stand-in, as `host:port`; a path may follow.",
                )
                .rule("must be host:port", |text| {
                    is_host_and_port(text.split_once('/').map_or(text.as_str(), |(host, _)| host))
                })
                .local_only()
                .optional(),
            signing_key_file: reader
                .text(
                    "STORAGE_SIGNING_KEY_FILE",
                    "Service account key that signs upload addresses; production signs through IAM.",
                )
                .local_only()
                .optional()
                .map(PathBuf::from),
        }
    }
}

/// The Firebase Auth emulator signs nothing, so believing it takes a switch that skips the check of signatures, and there is
/// none. Whoever sets its variable, as Firebase's own tools ask for, is told instead of being left with 401s.
fn refuse_auth_emulator(reader: &mut Reader<'_>) {
    reader
        .text(
            "FIREBASE_AUTH_EMULATOR_HOST",
            "Refused: the emulator's tokens are not signed.",
        )
        .rule(
            "must not be set: tokens have to be signed; name the keys of a local issuer in FIREBASE_JWKS_URL",
            |_| false,
        )
        .optional();
}

fn local_url(reader: &mut Reader<'_>, name: &'static str, doc: &'static str) -> Option<String> {
    reader.base_url(name, doc).local_only().optional()
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
