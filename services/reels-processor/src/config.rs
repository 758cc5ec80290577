//! What the processor reads from its environment.

use std::{path::PathBuf, time::Duration};

use avvivo_media::{Limits, Settings, Threads};
use avvivo_service_kit::{
    ServiceConfig,
    config::{Reader, Section, ServerConfig, ServerOn, TelemetryConfig},
};
use avvivo_wiring::core::CoreConfig;

const MIB: u64 = 1 << 20;

/// Everything.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub server: ServerConfig,
    /// Logs, traces, metrics.
    pub telemetry: TelemetryConfig,
    /// Database, Google, bucket, queue.
    pub core: CoreConfig,
    /// Rendering.
    pub render: RenderConfig,
}

impl Section for Config {
    const TITLE: &'static str = "reels-processor";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            server: reader.section::<ServerOn<8081>>().0,
            telemetry: reader.section(),
            core: reader.section(),
            render: reader.section(),
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

/// How much one reel may cost, and where it is worked on.
#[derive(Debug, Clone)]
pub struct RenderConfig {
    /// The longest video that is taken without a trim.
    pub max_video: Duration,
    /// The largest video that is taken.
    pub max_video_bytes: u64,
    /// How long one download may take.
    pub download_timeout: Duration,
    /// How long one ffmpeg process may take.
    pub process_timeout: Duration,
    /// Threads of a decoder and of an encoder.
    pub threads: u8,
    /// Renders at once in this process.
    pub concurrency: usize,
    /// How many reels `--once` takes.
    pub batch: u32,
    /// Where sources and outputs are kept meanwhile.
    pub temp_dir: PathBuf,
    /// The ffmpeg program.
    pub ffmpeg: PathBuf,
    /// The ffprobe program.
    pub ffprobe: PathBuf,
    /// Start only where ffmpeg can be shut in completely.
    pub require_isolation: bool,
}

impl Section for RenderConfig {
    const TITLE: &'static str = "Rendering";

    fn read(reader: &mut Reader<'_>) -> Self {
        let (max_video, max_video_bytes) = read_source_bounds(reader);
        let (download_timeout, process_timeout) = read_timeouts(reader);
        Self {
            max_video,
            max_video_bytes,
            download_timeout,
            process_timeout,
            threads: reader
                .number(
                    "REEL_FFMPEG_THREADS",
                    "Threads of a decoder and of an encoder.",
                )
                .between(1, Threads::MOST)
                .default(2, "halves the wait for two per cent more CPU time"),
            concurrency: reader
                .number("REEL_WORKER_CONCURRENCY", "Renders at once in one process.")
                .between(1, 64)
                .default(
                    1,
                    "one render uses the cores there are; two would both be late",
                ),
            batch: reader
                .number(
                    "REEL_WORKER_BATCH",
                    "Reels that one `--once` run takes at most.",
                )
                .between(1, 1_000)
                .default(50, "about half an hour of work on two cores"),
            temp_dir: read_path(
                reader.text(
                    "REEL_WORKER_TEMP_DIR",
                    "Folder for sources and outputs while they are worked on.",
                ),
                "/tmp",
                "every host has it",
            ),
            ffmpeg: read_path(
                reader.text("FFMPEG_PATH", "The ffmpeg program."),
                "/usr/bin/ffmpeg",
                "where Debian puts it",
            ),
            ffprobe: read_path(
                reader.text("FFPROBE_PATH", "The ffprobe program."),
                "/usr/bin/ffprobe",
                "where Debian puts it",
            ),
            require_isolation: read_isolation(reader),
        }
    }
}

fn read_source_bounds(reader: &mut Reader<'_>) -> (Duration, u64) {
    let seconds = reader
        .seconds(
            "REEL_MAX_SOURCE_VIDEO_SECONDS",
            "The longest video that is taken without a trim.",
        )
        .between(Duration::from_secs(5), Duration::from_mins(1))
        .default(Duration::from_secs(17), "what the editor trims to");
    let bytes = reader
        .megabytes(
            "REEL_MAX_SOURCE_VIDEO_MB",
            "The largest video that is taken.",
        )
        .between(MIB, 10_240 * MIB)
        .default(100 * MIB, "seventeen seconds of a good phone's camera");
    (seconds, bytes)
}

fn read_timeouts(reader: &mut Reader<'_>) -> (Duration, Duration) {
    let download = reader
        .millis(
            "REEL_WORKER_DOWNLOAD_TIMEOUT_MS",
            "How long the download of one file may take.",
        )
        .between(Duration::from_secs(30), Duration::from_mins(10))
        .default(
            Duration::from_mins(3),
            "100 MB at 5 Mbit/s, far below what a store gives",
        );
    let process = reader
        .millis(
            "REEL_WORKER_PROCESS_TIMEOUT_MS",
            "How long one ffmpeg process may take.",
        )
        .between(Duration::from_mins(2), Duration::from_mins(25))
        .default(
            Duration::from_mins(15),
            "ten times what the heaviest source takes on one core",
        );
    (download, process)
}

fn read_isolation(reader: &mut Reader<'_>) -> bool {
    let production = reader.production();
    reader
        .flag(
            "REEL_REQUIRE_ISOLATION",
            "Do not start where ffmpeg keeps the network or runs as root: `unshare` and `setpriv` must work.",
        )
        .default(
            production,
            "on in production, where strangers upload; elsewhere it is a warning",
        )
}

fn read_path(
    variable: avvivo_service_kit::config::Var<'_, '_, String>,
    default: &str,
    reason: &'static str,
) -> PathBuf {
    variable
        .rule("must be absolute", |path| path.starts_with('/'))
        .default(default.to_owned(), reason)
        .into()
}

impl RenderConfig {
    /// The same as `avvivo-media` wants it.
    pub(crate) fn media(&self) -> Settings {
        /// More than twice the capped rate of the video with its sound, so only a fault reaches it.
        const OUTPUT_BYTES_PER_SECOND: u64 = 2 * MIB;
        /// Three times what a second of the heaviest source costs.
        const CPU_SECONDS_PER_SECOND: u32 = 18;
        let usual = Limits::default();
        let output_bytes = OUTPUT_BYTES_PER_SECOND.saturating_mul(self.max_video.as_secs());
        let limits = Limits {
            video_bytes: self.max_video_bytes,
            reel_duration: self.max_video,
            render_wall: self.process_timeout,
            output_bytes: usual.output_bytes.max(output_bytes),
            render_cpu: usual
                .render_cpu
                .max(self.max_video * CPU_SECONDS_PER_SECOND),
            ..usual
        };
        Settings {
            ffmpeg: self.ffmpeg.clone(),
            ffprobe: self.ffprobe.clone(),
            limits,
            threads: Threads::clamped(self.threads),
        }
    }
}

#[cfg(test)]
mod tests {
    use avvivo_service_kit::config::load;

    use super::*;

    fn with(pairs: &[(&str, &str)]) -> RenderConfig {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let source = move |name: &str| {
            let found = pairs.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        load::<RenderConfig>(&source).unwrap().config
    }

    #[test]
    fn the_bounds_of_a_source_reach_the_renderer() {
        let settings = with(&[
            ("REEL_MAX_SOURCE_VIDEO_SECONDS", "30"),
            ("REEL_MAX_SOURCE_VIDEO_MB", "7"),
        ])
        .media();
        assert_eq!(settings.limits.reel_duration, Duration::from_secs(30));
        assert_eq!(settings.limits.video_bytes, 7 * MIB);
        assert_eq!(settings.limits.output_bytes, 60 * MIB);
        assert_eq!(settings.limits.render_cpu, Duration::from_mins(9));
    }

    #[test]
    fn strangers_files_are_decoded_in_isolation() {
        let required = |pairs| with(pairs).require_isolation;
        assert!(required(&[("APP_ENV", "production")]));
        assert!(!required(&[]));
        assert!(required(&[("REEL_REQUIRE_ISOLATION", "true")]));
        assert!(!required(&[
            ("APP_ENV", "production"),
            ("REEL_REQUIRE_ISOLATION", "false")
        ]));
    }

    #[test]
    fn short_reels_keep_the_usual_bounds() {
        let usual = Limits::default();
        let limits = with(&[("REEL_MAX_SOURCE_VIDEO_SECONDS", "5")])
            .media()
            .limits;
        assert_eq!(limits.render_cpu, usual.render_cpu);
        assert_eq!(limits.output_bytes, usual.output_bytes);
    }
}
