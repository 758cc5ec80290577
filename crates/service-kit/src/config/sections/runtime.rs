//! Which deployment this process is part of.

use crate::config::{Reader, Section, Source};

/// What `APP_ENV` may say, in any case, and whether that is production. Values are shown as the first word of their kind.
const WORDS: &[(&str, bool)] = &[
    ("production", true),
    ("prod", true),
    ("development", false),
    ("dev", false),
    ("local", false),
    ("test", false),
];

/// Identity of the running revision. Read for every configuration, so that every service documents it.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// Settings meant for local work are refused.
    pub production: bool,
    /// The word `/system/status` has always shown.
    pub node_env: String,
    /// The platform's name for this service.
    pub service: Option<String>,
    /// The platform's name for this revision.
    pub revision: Option<String>,
}

/// Whether one of the names under which deployments say so says production. They are not weighed against each other: a
/// forgotten `APP_ENV=local` must not open what Cloud Run knows to be public. A word nobody knows counts as production;
/// reading the section reports it.
pub(in crate::config) fn is_production(source: &dyn Source) -> bool {
    let said = |name| {
        let value = source.get(name).unwrap_or_default();
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let app_env = said("APP_ENV").is_some_and(|word| {
        let local = WORDS
            .iter()
            .any(|(known, production)| !production && known.eq_ignore_ascii_case(&word));
        !local
    });
    let node_env = said("NODE_ENV").is_some_and(|word| word.eq_ignore_ascii_case("production"));
    app_env || node_env || said("K_SERVICE").is_some() || said("CLOUD_RUN_JOB").is_some()
}

impl Section for RuntimeConfig {
    const TITLE: &'static str = "Runtime";

    fn read(reader: &mut Reader<'_>) -> Self {
        reader
            .choice(
                "APP_ENV",
                "Which deployment this is. Production refuses settings that are meant for local work.",
                WORDS,
            )
            .default(
                false,
                "running on Cloud Run and `NODE_ENV=production` count as production whatever it says",
            );
        let node_env = reader
            .text(
                "NODE_ENV",
                "Shown by `/system/status`; `production` counts as `APP_ENV=production` does.",
            )
            .default(
                "development".to_owned(),
                "what clients of the status page always saw",
            );
        let service = reader
            .text(
                "K_SERVICE",
                "Set by Cloud Run, which is production: the service.",
            )
            .optional();
        reader
            .text(
                "CLOUD_RUN_JOB",
                "Set by Cloud Run, which is production: the job.",
            )
            .optional();
        let revision = reader
            .text("K_REVISION", "Set by Cloud Run: the revision.")
            .optional();
        Self {
            production: reader.production(),
            node_env,
            service,
            revision,
        }
    }
}
