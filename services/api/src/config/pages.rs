//! Where people find us, and what is only there for those who test.

use avvivo_service_kit::config::{Reader, Section};
use secrecy::SecretString;

/// Where we are while nobody said where.
const HERE: &str = "http://localhost:3000";

/// The addresses that we write into pages and answers. They are never taken from a request, which can say anything.
#[derive(Debug, Clone)]
pub struct AddressConfig {
    /// Of the pages that are shared.
    pub share: String,
    /// Of the api.
    pub backend: String,
}

impl Section for AddressConfig {
    const TITLE: &'static str = "Addresses";

    fn read(reader: &mut Reader<'_>) -> Self {
        let backend = reader
            .base_url("PUBLIC_BACKEND_URL", "Where the api is, for everybody.")
            .optional();
        let share = reader
            .base_url(
                "PUBLIC_SHARE_URL",
                "What addresses of shared pages begin with; `PUBLIC_BACKEND_URL` unless said.",
            )
            .optional();
        if reader.production() && backend.is_none() {
            reader.problem(
                &["PUBLIC_BACKEND_URL"],
                "is required in production: shared pages and reports name it",
            );
        }
        let backend = backend.unwrap_or_else(|| HERE.to_owned());
        Self {
            share: share.unwrap_or_else(|| backend.clone()),
            backend,
        }
    }
}

/// What is only there for those who test.
#[derive(Debug, Clone)]
pub struct TestersConfig {
    /// What the tool that uploads reports knows; without it there are no reports.
    pub reports_token: Option<SecretString>,
    /// Whether administrators may throw everything away.
    pub reset: bool,
}

impl Section for TestersConfig {
    const TITLE: &'static str = "Testers";

    fn read(reader: &mut Reader<'_>) -> Self {
        let reset = reader
            .flag(
                "TESTPANEL_RESET_ENABLED",
                "Administrators may throw away all shops and everybody who buys, with `POST /testpanel/reset`.",
            )
            .local_only()
            .default(false, "nobody loses anything by mistake");
        Self {
            reports_token: reader
                .secret(
                    "QA_REPORT_UPLOAD_TOKEN",
                    "Token of the tool that uploads testers' reports; without it they can be neither uploaded nor read.",
                )
                .optional(),
            // A start with both is refused; this is for whoever does not look at the problems.
            reset: reset && !reader.production(),
        }
    }
}
