//! Everything about the api that is configurable.

mod account_mail;
mod limits;
mod pages;
mod shops;

use avvivo_app::{Outside, Policy};
use avvivo_domain::identity::AdminEmails;
use avvivo_http_kit::Quota;
use avvivo_service_kit::{
    ServiceConfig,
    config::{Reader, RedisConfig, Section, ServerConfig, TelemetryConfig},
};
use avvivo_wiring::{config::UploadConfig, core::CoreConfig, outside::OutsideConfig};
use chrono::TimeDelta;
use std::time::Duration;

use limits::Variable;

pub use account_mail::AccountMailConfig;
pub use pages::{AddressConfig, TestersConfig};
pub use shops::{RegistrationConfig, ShopsConfig};

/// The api's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public listener.
    pub server: ServerConfig,
    /// Logs, traces, metrics.
    pub telemetry: TelemetryConfig,
    /// Database, Google, media, renders.
    pub core: CoreConfig,
    /// Who sends mails, administers people and knows the map.
    pub outside: OutsideConfig,
    /// Limits and counts shared by instances.
    pub redis: RedisConfig,
    /// Files.
    pub uploads: UploadConfig,
    /// Who people are.
    pub identity: IdentityConfig,
    /// What web pages and clients may do.
    pub edge: EdgeConfig,
    /// The rules of reels.
    pub reels: ReelsConfig,
    /// The lists of shops.
    pub shops: ShopsConfig,
    /// Shops that register themselves.
    pub registration: RegistrationConfig,
    /// Mails that strangers may cause.
    pub account_mail: AccountMailConfig,
    /// Where people find us.
    pub addresses: AddressConfig,
    /// What is only there for those who test.
    pub testers: TestersConfig,
    /// The server that answers the gateway.
    pub internal: InternalConfig,
    /// What `/system/status` says of other services.
    pub status: StatusConfig,
    /// What exists only where people develop.
    pub dev: DevConfig,
}

impl Section for Config {
    const TITLE: &'static str = "api";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            server: reader.section(),
            telemetry: reader.section(),
            core: reader.section(),
            outside: reader.section(),
            redis: reader.section(),
            uploads: reader.section(),
            identity: reader.section(),
            edge: reader.section(),
            reels: reader.section(),
            shops: reader.section(),
            registration: reader.section(),
            account_mail: reader.section(),
            addresses: reader.section(),
            testers: reader.section(),
            internal: reader.section(),
            status: reader.section(),
            dev: reader.section(),
        }
    }
}

impl ServiceConfig for Config {
    fn server(&self) -> &ServerConfig {
        &self.server
    }

    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }
}

impl Config {
    /// The numbers that use cases want.
    pub fn policy(&self) -> Policy {
        Policy {
            admin_emails: AdminEmails::new(self.identity.admin_emails.iter().map(String::as_str)),
            max_video_bytes: self.uploads.max_video_bytes,
            upload_expires_in: self.uploads.expires_in,
            single_processing: self.reels.single_processing,
            stale_after: TimeDelta::from_std(self.reels.stale_after).unwrap_or(TimeDelta::MAX),
            showcase_per_band: self.reels.showcase_per_band,
            address_defaults: self.registration.address.clone(),
            outside: Outside::default(),
        }
    }
}

/// Who people are.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// Who administers.
    pub admin_emails: Vec<String>,
}

impl Section for IdentityConfig {
    const TITLE: &'static str = "Identity";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            admin_emails: reader
                .list(
                    "ADMIN_EMAILS",
                    "Verified addresses whose owners administer.",
                )
                .default(Vec::new(), "nobody administers unless named"),
        }
    }
}

/// What web pages and clients may do.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// Web pages that may call besides the fixed ones.
    pub cors_origins: Vec<String>,
    /// The limit for everything but GET.
    pub rate_limit: Quota,
    /// How many messages one account may send.
    pub chat_limit: Quota,
    /// Bytes of cached answers.
    pub cache_bytes: u64,
    /// The longest that any of them is kept.
    pub cache_max_age: Duration,
}

impl Section for EdgeConfig {
    const TITLE: &'static str = "Edge";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            cors_origins: reader
                .list(
                    "CORS_ORIGINS",
                    "Web origins that may call, besides the platform's own.",
                )
                .default(Vec::new(), "the platform's own pages are always allowed"),
            rate_limit: quota(
                reader,
                (
                    "RATE_LIMIT_MAX",
                    "Requests other than GET in one window, per client.",
                    80,
                    "several people behind one shop's router",
                ),
                "RATE_LIMIT_WINDOW_MS",
            ),
            chat_limit: quota(
                reader,
                (
                    "CHAT_RATE_LIMIT_MAX",
                    "Messages of one account in one window.",
                    30,
                    "faster than anybody types, slower than a loop",
                ),
                "CHAT_RATE_LIMIT_WINDOW_MS",
            ),
            cache_bytes: reader
                .megabytes(
                    "RESPONSE_CACHE_MB",
                    "Memory for cached answers; without any, every answer is computed.",
                )
                .between(0, 4_096 << 20)
                .default(
                    16 << 20,
                    "every list at every limit fits several times over",
                ),
            cache_max_age: reader
                .millis(
                    "RESPONSE_CACHE_MAX_AGE_MS",
                    "Longest that cached answers are kept when no event says that they changed; most are kept for less.",
                )
                .between(Duration::from_millis(100), Duration::from_hours(24))
                .default(Duration::from_mins(2), "what the map is kept for"),
        }
    }
}

/// A limit with a window of its own.
fn quota(reader: &mut Reader<'_>, max: Variable<u32>, window: &'static str) -> Quota {
    let (short, why) = (Duration::from_secs(10), "short, so that nobody waits long");
    Quota {
        max: limits::most(reader, max),
        window: limits::window(reader, (window, "Length of that window.", short, why)),
    }
}

/// The rules of reels that are configurable.
#[derive(Debug, Clone)]
pub struct ReelsConfig {
    /// Whether a shop's reels are processed one at a time.
    pub single_processing: bool,
    /// A reel in process for longer no longer blocks its shop.
    pub stale_after: Duration,
    /// How many reels of each age compete for the showcase.
    pub showcase_per_band: u32,
}

impl Section for ReelsConfig {
    const TITLE: &'static str = "Reels";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            single_processing: reader
                .flag(
                    "REEL_SINGLE_PROCESSING_PER_SHOP",
                    "One reel of a shop is processed at a time.",
                )
                .default(true, "a shop that publishes twice by mistake pays once"),
            stale_after: reader
                .minutes(
                    "REEL_PROCESSING_STALE_MINUTES",
                    "After this a reel in process blocks its shop no more.",
                )
                .between(Duration::from_mins(15), Duration::from_hours(24))
                .default(
                    Duration::from_mins(45),
                    "longer than any render with all its attempts",
                ),
            showcase_per_band: reader
                .number(
                    "REELS_SHOWCASE_FETCH_PER_BUCKET",
                    "Reels of each age that compete for the showcase.",
                )
                .between(20, 10_000)
                .default(120, "enough that the order feels new each hour"),
        }
    }
}

/// The server that answers the gateway.
#[derive(Debug, Clone)]
pub struct InternalConfig {
    /// Its port.
    pub port: u16,
    /// What the gateway's tokens must be made for.
    pub audience: String,
    /// Whose tokens are accepted.
    pub callers: Vec<String>,
}

impl Section for InternalConfig {
    const TITLE: &'static str = "Internal gRPC";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            port: reader
                .number(
                    "INTERNAL_GRPC_PORT",
                    "Port of the gRPC server for our own services; 0 takes a free one.",
                )
                .default(3001, "beside the public port"),
            audience: reader
                .text(
                    "INTERNAL_AUDIENCE",
                    "Audience that callers' tokens must be made for.",
                )
                .required_in_production("avvivo-api".to_owned(), "any word both sides know"),
            callers: reader
                .list("INTERNAL_CALLERS", "Service accounts that may call.")
                // Whoever registers a project of that name with Google could call us.
                .required_in_production(
                    vec!["gcp-local@avvivo-local.iam.gserviceaccount.com".to_owned()],
                    "the account of the local stand-in",
                ),
        }
    }
}

/// What `/system/status` says of other services, under the names of the old system. It is this process' configuration, as
/// it was there: set the same as the scheduler's, for the page cannot ask the scheduler.
#[derive(Debug, Clone)]
pub struct StatusConfig {
    /// `NODE_ENV`, which the admin's page shows.
    pub environment: String,
    /// Reminders.
    pub notifications: Schedule,
    /// How far ahead reminders look.
    pub notification_window_minutes: u32,
    /// Sanctions.
    pub sanctions: Schedule,
    /// Lives.
    pub streams: Schedule,
}

/// Whether and how often something runs.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Whether.
    pub enabled: bool,
    /// How often.
    pub interval_minutes: u32,
}

impl Section for StatusConfig {
    const TITLE: &'static str = "Status page";

    fn read(reader: &mut Reader<'_>) -> Self {
        let why = "what the admin's page has always shown";
        let mut schedule = |enabled, minutes, default| Schedule {
            enabled: reader
                .flag(
                    enabled,
                    "Whether the status page says that the job runs; changes nothing.",
                )
                .default(false, why),
            interval_minutes: reader
                .number(
                    minutes,
                    "How often the status page says that the job runs; changes nothing.",
                )
                .between(1, 1_440)
                .default(default, why),
        };
        let notifications = schedule("ENABLE_NOTIFICATION_CRON", "NOTIFICATION_CRON_MINUTES", 5);
        let sanctions = schedule("ENABLE_SANCTIONS_CRON", "SANCTIONS_CRON_MINUTES", 30);
        let streams = schedule("ENABLE_STREAMS_CRON", "STREAMS_CRON_MINUTES", 5);
        Self {
            environment: reader
                .text(
                    "NODE_ENV",
                    "Shown by `/system/status`; `production` counts as `APP_ENV=production` does.",
                )
                .default("development".to_owned(), why),
            notifications,
            notification_window_minutes: reader
                .number(
                    "NOTIFICATION_WINDOW_MINUTES",
                    "How far ahead the status page says that reminders look; changes nothing.",
                )
                .between(1, 1_440)
                .default(15, why),
            sanctions,
            streams,
        }
    }
}

/// What exists only where people develop.
#[derive(Debug, Clone)]
pub struct DevConfig {
    /// The people that one can be on `/dev/chat`.
    pub people_file: Option<String>,
}

impl Section for DevConfig {
    const TITLE: &'static str = "Development";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            people_file: reader
                .text(
                    "DEV_PEOPLE_FILE",
                    "People that one can be on `/dev/chat`, with their tokens; without it there is no such page.",
                )
                .local_only()
                .optional(),
        }
    }
}
