//! Sections that several services read.

use std::time::Duration;

use avvivo_service_kit::config::{Reader, Section};

/// The bucket, and how clients see it.
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// The bucket of uploads and outputs.
    pub bucket: String,
    /// What public addresses begin with, instead of Google's own.
    pub public_base_url: Option<String>,
    /// The bucket of pictures in conversations, where it is another one.
    pub chat_bucket: Option<String>,
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
