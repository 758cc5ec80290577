//! Which deployment this process is part of.

use crate::config::{Reader, Section};

/// Identity of the running revision.
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

impl Section for RuntimeConfig {
    const TITLE: &'static str = "Runtime";

    fn read(reader: &mut Reader<'_>) -> Self {
        const WORDS: &[(&str, bool)] = &[("production", true), ("development", false)];
        let declared = reader
            .choice(
                "APP_ENV",
                "Refuses settings that are meant for local work.",
                WORDS,
            )
            .default(
                false,
                "running on Cloud Run counts as production without it",
            );
        Self {
            production: declared || reader.production(),
            node_env: reader
                .text("NODE_ENV", "Shown by `/system/status`, changes nothing.")
                .default(
                    "development".to_owned(),
                    "what clients of the status page always saw",
                ),
            service: reader
                .text("K_SERVICE", "Set by Cloud Run: the service.")
                .optional(),
            revision: reader
                .text("K_REVISION", "Set by Cloud Run: the revision.")
                .optional(),
        }
    }
}
