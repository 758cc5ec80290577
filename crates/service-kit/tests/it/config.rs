use std::{collections::BTreeMap, ops::ControlFlow, process::ExitCode, time::Duration};

use avvivo_service_kit::config::{
    ConfigArgs, DatabaseConfig, GoogleConfig, HealthcheckToken, LogFormat, Problems, Reader,
    RedisConfig, Reference, RuntimeConfig, Section, ServerConfig, Source, TelemetryConfig, load,
};
use secrecy::ExposeSecret;

struct Everything {
    runtime: RuntimeConfig,
    server: ServerConfig,
    database: DatabaseConfig,
    redis: RedisConfig,
    telemetry: TelemetryConfig,
    google: GoogleConfig,
    source_bytes: u64,
    origins: Vec<String>,
    jobs: bool,
}

impl Section for Everything {
    const TITLE: &'static str = "Reels";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            runtime: reader.section(),
            server: reader.section(),
            database: reader.section(),
            redis: reader.section(),
            telemetry: reader.section(),
            google: reader.section(),
            source_bytes: reader
                .megabytes("REEL_MAX_SOURCE_VIDEO_MB", "Largest accepted source video.")
                .at_least(1024 * 1024)
                .default(100 * 1024 * 1024, "a minute from a good phone"),
            origins: reader
                .list("CORS_ORIGINS", "Origins | besides our own.")
                .default(Vec::new(), "none"),
            jobs: reader
                .flag("ENABLE_STREAMS_CRON", "Run the jobs.")
                .default(true, "they are needed"),
        }
    }
}

struct Environment(BTreeMap<&'static str, &'static str>);

impl Source for Environment {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }
}

/// A sound local environment with `extra` on top.
fn environment(extra: &[(&'static str, &'static str)]) -> Environment {
    let mut values = BTreeMap::from([("DATABASE_URL", "postgres://app:s3cret@db/avvivo")]);
    values.extend(extra.iter().copied());
    Environment(values)
}

fn read(extra: &[(&'static str, &'static str)]) -> Everything {
    load::<Everything>(&environment(extra)).unwrap().config
}

fn problems(environment: &dyn Source) -> Vec<String> {
    let problems: Problems = load::<Everything>(environment).err().unwrap();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn an_almost_empty_environment_gives_the_documented_defaults() {
    let config = read(&[]);
    assert_eq!(config.server.address().to_string(), "0.0.0.0:3000");
    assert_eq!(config.server.drain, Duration::from_secs(8));
    assert_eq!(config.database.pool_size, 10);
    assert!(config.redis.url.is_none());
    assert_eq!(config.redis.key_prefix, "avvivo");
    assert_eq!(config.telemetry.format, LogFormat::Text);
    assert_eq!(config.runtime.node_env, "development");
    assert!(!config.runtime.production && !config.google.is_local());
    assert_eq!(config.source_bytes, 104_857_600);
}

#[test]
fn values_are_read_in_their_units() {
    let config = read(&[
        ("PORT", " 8080 "),
        ("DATABASE_ACQUIRE_TIMEOUT_MS", "1500"),
        ("REEL_MAX_SOURCE_VIDEO_MB", "10"),
        ("CORS_ORIGINS", "https://a.example, ,https://b.example"),
        ("ENABLE_STREAMS_CRON", "Off"),
        ("REDIS_URL", "redis://cache"),
        ("REDIS_TLS", "yes"),
        ("REDIS_KEY_PREFIX", "shops::"),
        ("STORAGE_BASE_URL", "http://127.0.0.1:4443/"),
    ]);
    assert_eq!(config.server.port, 8080);
    assert_eq!(
        config.database.acquire_timeout,
        Duration::from_millis(1_500)
    );
    assert_eq!(config.source_bytes, 10 * 1024 * 1024);
    assert_eq!(config.origins, ["https://a.example", "https://b.example"]);
    assert!(!config.jobs && config.redis.tls);
    assert_eq!(config.redis.url.unwrap().expose_secret(), "redis://cache");
    assert_eq!(config.redis.key_prefix, "shops");
    assert_eq!(
        config.google.storage_base_url.as_deref(),
        Some("http://127.0.0.1:4443")
    );
}

#[test]
fn an_empty_value_counts_as_unset_but_an_empty_prefix_means_none() {
    let config = read(&[("REDIS_URL", ""), ("PORT", " "), ("REDIS_KEY_PREFIX", "")]);
    assert!(config.redis.url.is_none());
    assert_eq!(config.server.port, 3000);
    assert_eq!(config.redis.key_prefix, "");
}

#[test]
fn every_problem_is_reported_at_once() {
    let broken = Environment(BTreeMap::from([
        ("PORT", "http"),
        ("DATABASE_POOL_SIZE", "0"),
        ("LOG_FORMAT", "xml"),
        ("ENABLE_STREAMS_CRON", "maybe"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("RUST_LOG", "=["),
    ]));
    insta::assert_snapshot!(problems(&broken).join("\n"), @r"
    PORT: `http` is not a valid number
    DATABASE_URL: is required
    DATABASE_POOL_SIZE: `0` must be from 1 to 100
    RUST_LOG: `=[` must be valid directives
    LOG_FORMAT: `xml` is not json or text
    OTEL_TRACES_SAMPLER_ARG: `1.5` must be from 0 to 1
    ENABLE_STREAMS_CRON: `maybe` is not true, 1, yes, on, false, 0, no or off
    ");
}

#[test]
fn local_settings_stop_a_production_start() {
    let overrides = [
        ("PUBSUB_EMULATOR_HOST", "127.0.0.1:8085"),
        ("STORAGE_BASE_URL", "https://127.0.0.1:1"),
        ("CLOUD_TASKS_BASE_URL", "https://127.0.0.1:1"),
        ("GOOGLE_OIDC_JWKS_URL", "https://127.0.0.1:1/keys"),
        ("FIREBASE_JWKS_URL", "https://127.0.0.1:1/keys"),
        ("GCE_METADATA_HOST", "127.0.0.1:1"),
        ("STORAGE_SIGNING_KEY_FILE", "/keys/a.json"),
    ];
    for production in [
        ("APP_ENV", "production"),
        ("APP_ENV", " Production "),
        ("APP_ENV", "PROD"),
        ("NODE_ENV", "production"),
        ("NODE_ENV", "Production"),
        ("K_SERVICE", "api"),
        ("CLOUD_RUN_JOB", "render"),
    ] {
        for setting in overrides {
            assert!(
                load::<Everything>(&environment(&[setting])).is_ok(),
                "{setting:?}"
            );
            let all = [production, ("GOOGLE_CLOUD_PROJECT", "shops"), setting];
            let name = setting.0;
            let expected = format!("{name}: is for local work and must not be set in production");
            assert_eq!(problems(&environment(&all)), [expected]);
        }
    }
}

#[test]
fn an_unknown_environment_is_a_problem_and_counts_as_production() {
    let misspelt = environment(&[
        ("APP_ENV", "produccion"),
        ("STORAGE_BASE_URL", "https://127.0.0.1:1"),
    ]);
    let problems = problems(&misspelt).join("\n");
    let told =
        "APP_ENV: `produccion` is not production or prod or development or dev or local or test";
    assert!(problems.contains(told), "{problems}");
    assert!(
        problems.contains("STORAGE_BASE_URL: is for local work"),
        "{problems}"
    );
    for local in ["development", "Dev", "LOCAL", "test", ""] {
        let config = read(&[("APP_ENV", local), ("STORAGE_BASE_URL", "http://a")]);
        assert!(!config.runtime.production, "{local}");
    }
    let contradicted = read(&[
        ("APP_ENV", "local"),
        ("NODE_ENV", "production"),
        ("GOOGLE_CLOUD_PROJECT", "shops"),
    ]);
    assert!(contradicted.runtime.production);
}

#[test]
fn every_configuration_documents_and_checks_which_deployment_it_is() {
    let variables = Reference::of::<RedisConfig>();
    let names = variables.variables().iter().map(|variable| variable.name);
    assert!(names.into_iter().any(|name| name == "APP_ENV"));
    let misspelt = environment(&[("APP_ENV", "live")]);
    let refused = load::<RedisConfig>(&misspelt).err().unwrap();
    assert!(refused.to_string().contains("APP_ENV"), "{refused}");
}

#[test]
fn an_issuer_that_signs_nothing_is_refused_with_the_way_out() {
    let emulator = [("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099")];
    let told = problems(&environment(&emulator)).join("\n");
    assert!(told.contains("FIREBASE_AUTH_EMULATOR_HOST"), "{told}");
    assert!(told.contains("FIREBASE_JWKS_URL"), "{told}");
}

#[test]
fn a_missing_token_closes_the_metrics_in_production_only() {
    let token = |extra: &[_]| read(extra).server.healthcheck_token;
    let production = [("APP_ENV", "prod"), ("GOOGLE_CLOUD_PROJECT", "shops")];
    assert!(matches!(token(&[]), HealthcheckToken::Unneeded));
    assert!(matches!(token(&production), HealthcheckToken::Missing));
    let set = [("HEALTHCHECK_TOKEN", "hunter2")];
    assert!(matches!(token(&set), HealthcheckToken::Set(_)));
}

#[test]
fn production_has_no_default_project_and_logs_json() {
    let production = [("K_SERVICE", "api")];
    let expected = ["GOOGLE_CLOUD_PROJECT: is required in production"];
    assert_eq!(problems(&environment(&production)), expected);
    let config = read(&[("K_SERVICE", "api"), ("GOOGLE_CLOUD_PROJECT", "shops")]);
    assert_eq!(config.telemetry.format, LogFormat::Json);
    assert_eq!(config.runtime.service.as_deref(), Some("api"));
    assert!(config.runtime.production);
}

#[test]
fn secrets_are_shown_nowhere() {
    let extra = [
        ("REDIS_URL", "redis://:hunter2@cache"),
        ("HEALTHCHECK_TOKEN", "hunter2"),
    ];
    let loaded = load::<Everything>(&environment(&extra)).unwrap();
    let shown = format!(
        "{}{}{:?}{:?}{:?}",
        loaded.reference.to_values(),
        loaded.reference.to_markdown(),
        loaded.reference,
        loaded.config.redis,
        loaded.config.database,
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("s3cret"),
        "{shown}"
    );
    assert!(
        loaded
            .reference
            .to_values()
            .contains("REDIS_URL = (secret)\n")
    );
}

#[test]
fn check_config_prints_and_says_whether_it_is_sound() {
    let check = ConfigArgs { check_config: true };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = check.load_with::<ServerConfig>(&environment(&[]), &mut out, &mut err);
    assert!(matches!(end, ControlFlow::Break(ExitCode::SUCCESS)));
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
    APP_ENV = development
    NODE_ENV = development
    K_SERVICE = (not set)
    CLOUD_RUN_JOB = (not set)
    K_REVISION = (not set)
    PORT = 3000
    BIND_ADDRESS = 0.0.0.0
    DRAIN_SECONDS = 8
    HEALTHCHECK_TOKEN = (not set)
    ");

    for args in [check, ConfigArgs::default()] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let broken = environment(&[("PORT", "-1"), ("DRAIN_SECONDS", "soon")]);
        let end = args.load_with::<ServerConfig>(&broken, &mut out, &mut err);
        assert!(matches!(end, ControlFlow::Break(code) if code == ExitCode::FAILURE));
        assert_eq!(String::from_utf8(err).unwrap().lines().count(), 3);
        assert!(out.is_empty());
    }
}

#[test]
fn the_reference_documents_what_the_code_reads() {
    let text = Reference::of::<Everything>().to_markdown();
    assert_eq!(
        text.matches("`GOOGLE_CLOUD_PROJECT`").count(),
        1,
        "shared variables stand once"
    );
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            ["DATABASE_", "REEL_", "CORS", "PUBSUB"]
                .iter()
                .any(|name| line.contains(name))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    | `DATABASE_URL` | text | **required** | PostgreSQL connection address. Secret. |
    | `DATABASE_POOL_SIZE` | number; must be from 1 to 100 | `10` | Connections this process may hold. Default: ten instances stay below the hundred connections of a small server. |
    | `DATABASE_ACQUIRE_TIMEOUT_MS` | milliseconds; must be from 100 to 60000 | `3000` | Longest wait for a free connection. Default: a client is better served by a quick 503 than by a queue. |
    | `DATABASE_STATEMENT_TIMEOUT_MS` | milliseconds; must be from 100 to 600000 | `10000` | Longest run of one statement. Default: no request needs a query that runs longer. |
    | `PUBSUB_EMULATOR_HOST` | text; must be host:port | unset | Pub/Sub stand-in, as `host:port`. Local work only: refused in production. |
    | `REEL_MAX_SOURCE_VIDEO_MB` | MiB; must be at least 1 | `100` | Largest accepted source video. Default: a minute from a good phone. |
    | `CORS_ORIGINS` | comma-separated list | empty | Origins \| besides our own. Default: none. |
    ");
}

#[test]
fn a_default_outside_its_own_bounds_is_found_on_the_first_run() {
    struct Careless;

    impl Section for Careless {
        const TITLE: &'static str = "Careless";

        fn read(reader: &mut Reader<'_>) -> Self {
            let _: u8 = reader
                .number("N", "n")
                .between(1, 5)
                .default(9, "nobody looked");
            Self
        }
    }

    let problems = load::<Careless>(&environment(&[])).err().unwrap();
    assert!(
        problems.to_string().contains("N: has a default"),
        "{problems}"
    );
}

#[test]
fn variables_that_contradict_each_other_are_named_together() {
    struct Bus;

    impl Section for Bus {
        const TITLE: &'static str = "Bus";

        fn read(reader: &mut Reader<'_>) -> Self {
            let bus = reader.text("CHAT_REALTIME_BUS", "Which bus.").optional();
            let redis: RedisConfig = reader.section();
            if bus.as_deref() == Some("redis") && redis.url.is_none() {
                reader.problem(
                    &["CHAT_REALTIME_BUS", "REDIS_URL"],
                    "a Redis bus needs a Redis",
                );
            }
            Self
        }
    }

    let problems = load::<Bus>(&environment(&[("CHAT_REALTIME_BUS", "redis")]))
        .err()
        .unwrap();
    let text = problems.to_string();
    assert!(
        text.ends_with("CHAT_REALTIME_BUS, REDIS_URL: a Redis bus needs a Redis"),
        "{text}"
    );
}
