//! Sections that several services read.

use std::time::Duration;

use avvivo_service_kit::config::{Reader, RedisConfig, Section};

/// The bucket, and how clients see it.
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// The bucket of uploads and outputs.
    pub bucket: String,
    /// What public addresses begin with, instead of Google's own.
    pub public_base_url: Option<String>,
    /// The bucket of pictures in conversations, where it is another one.
    pub chat_bucket: Option<String>,
    /// The bucket of our testers' reports, where it is another one.
    pub reports_bucket: Option<String>,
}

impl Section for BucketConfig {
    const TITLE: &'static str = "Media";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            bucket: reader
                .text(
                    "GCS_BUCKET",
                    "Bucket of uploads and of what is made from them.",
                )
                .required_in_production("avvivo-media".to_owned(), "the stand-in creates it"),
            public_base_url: reader
                .text(
                    "GCS_PUBLIC_BASE_URL",
                    "What public addresses of the bucket begin with.",
                )
                .optional(),
            chat_bucket: reader
                .text(
                    "GCS_CHAT_BUCKET",
                    "Bucket of pictures in conversations; `GCS_BUCKET` unless said.",
                )
                .optional(),
            reports_bucket: reader
                .text(
                    "GCS_REPORTS_BUCKET",
                    "Bucket of testers' reports; `GCS_BUCKET` unless said.",
                )
                .optional(),
        }
    }
}

/// The queue of reels to render.
#[derive(Debug, Clone)]
pub struct RenderQueueConfig {
    /// Where the reels-processor is.
    pub processor_url: String,
    /// Whose token tasks carry.
    pub tasks_service_account: String,
    /// How many renders run at once, over all instances.
    pub concurrency: i32,
}

impl Section for RenderQueueConfig {
    const TITLE: &'static str = "Render queue";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            processor_url: reader
                .text(
                    "REELS_PROCESSOR_URL",
                    "Address of the reels-processor; also the audience of the tokens that tasks carry.",
                )
                .required_in_production("http://127.0.0.1:8081".to_owned(), "its local default"),
            tasks_service_account: reader
                .text("TASKS_SERVICE_ACCOUNT", "Service account whose token tasks carry.")
                .required_in_production(
                    "tasks@avvivo-local.iam.gserviceaccount.com".to_owned(),
                    "the stand-in signs for anybody",
                ),
            concurrency: reader
                .number("REEL_RENDER_CONCURRENCY", "Renders at once, over all instances.")
                .between(1, 1_000)
                .default(10, "each takes a core; more would only make all of them slower"),
        }
    }
}

/// How events travel between processes.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// What was asked for.
    pub requested: BusKind,
    /// What begins the names of the channels on Redis, after the prefix of all keys.
    pub channel: String,
    /// Redis, which has to be there when it is asked for.
    pub redis: RedisConfig,
}

/// What carries events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusKind {
    /// Nothing but what every installation has: Pub/Sub, which is in the process itself where everything is one process.
    Memory,
    /// Channels of Redis.
    Redis,
    /// Pub/Sub.
    PubSub,
}

impl BusKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("memory", Self::Memory),
        ("redis", Self::Redis),
        ("pubsub", Self::PubSub),
    ];

    /// Its word in settings and on the status page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::PubSub => "pubsub",
        }
    }

    /// What is used when this is asked for.
    #[must_use]
    pub fn effective(self) -> Self {
        match self {
            Self::Memory | Self::PubSub => Self::PubSub,
            Self::Redis => Self::Redis,
        }
    }
}

impl Section for BusConfig {
    const TITLE: &'static str = "Event bus";

    fn read(reader: &mut Reader<'_>) -> Self {
        let requested = reader
            .choice(
                "CHAT_REALTIME_BUS",
                "The event bus, the same for all services. `memory` means Pub/Sub too: no bus is without a server.",
                BusKind::WORDS,
            )
            .default(BusKind::PubSub, "it is there wherever Google or its stand-in is");
        let channel = reader
            .text(
                "CHAT_REALTIME_REDIS_CHANNEL",
                "What begins the names of the bus' channels on Redis, after `REDIS_KEY_PREFIX`; the same for all services.",
            )
            .default("chat:events".to_owned(), "as it always was");
        let redis: RedisConfig = reader.section();
        if requested == BusKind::Redis && redis.url.is_none() {
            reader.problem(
                &["CHAT_REALTIME_BUS", "REDIS_URL"],
                "the event bus shall be Redis, but there is no address of one",
            );
        }
        Self {
            requested,
            channel,
            redis,
        }
    }
}

/// How long background loops wait.
#[derive(Debug, Clone, Copy)]
pub struct UploadConfig {
    /// How long a signed upload may be used.
    pub expires_in: Duration,
    /// The largest video that is taken.
    pub max_video_bytes: u64,
}

impl Section for UploadConfig {
    const TITLE: &'static str = "Uploads";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            expires_in: reader
                .millis(
                    "GCS_SIGNED_UPLOAD_EXPIRES_MS",
                    "How long a signed upload may be used.",
                )
                .between(Duration::from_mins(1), Duration::from_hours(24))
                .default(Duration::from_mins(15), "phones upload over slow networks"),
            max_video_bytes: reader
                .megabytes(
                    "REEL_MAX_SOURCE_VIDEO_MB",
                    "The largest video that is taken.",
                )
                .between(1 << 20, 10_240 << 20)
                .default(100 << 20, "seventeen seconds of a good phone's camera"),
        }
    }
}

#[cfg(test)]
mod tests {
    use avvivo_service_kit::config::load;

    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<BusConfig, String> {
        let source = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match load::<BusConfig>(&source) {
            Ok(loaded) => Ok(loaded.config),
            Err(problems) => Err(problems.to_string()),
        }
    }

    #[test]
    fn redis_is_asked_for_together_with_its_address() {
        let problems = read(&[("CHAT_REALTIME_BUS", "redis")]).unwrap_err();
        assert_eq!(
            problems,
            "the configuration has 1 problem(s):\n  - CHAT_REALTIME_BUS, REDIS_URL: the event bus shall be Redis, but there \
             is no address of one"
        );
        let config = read(&[
            ("CHAT_REALTIME_BUS", "Redis"),
            ("REDIS_URL", "redis://127.0.0.1:6379"),
        ]);
        assert_eq!(config.unwrap().requested.effective(), BusKind::Redis);
    }

    #[test]
    fn whoever_asks_for_nothing_or_for_memory_gets_what_is_always_there() {
        for set in [&[][..], &[("CHAT_REALTIME_BUS", "memory")]] {
            assert_eq!(read(set).unwrap().requested.effective(), BusKind::PubSub);
        }
    }
}
