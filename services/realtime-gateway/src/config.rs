//! Everything about the gateway that is configurable.

use std::time::Duration;

use avvivo_service_kit::{
    ServiceConfig,
    config::{GoogleConfig, Reader, RedisConfig, Section, ServerConfig, ServerOn, TelemetryConfig},
};
use avvivo_wiring::config::BusConfig;

/// The gateway's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public listener.
    pub server: ServerConfig,
    /// Logs, traces, metrics.
    pub telemetry: TelemetryConfig,
    /// Google, or its stand-in.
    pub google: GoogleConfig,
    /// What carries events.
    pub bus: BusConfig,
    /// Where instances add up their connections.
    pub redis: RedisConfig,
    /// Who answers "who is this?".
    pub api: ApiConfig,
    /// Pages that may connect, besides the platform's own.
    pub cors_origins: Vec<String>,
    /// How many connections.
    pub limits: LimitsConfig,
}

impl Section for Config {
    const TITLE: &'static str = "Realtime gateway";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            server: reader.section::<ServerOn<3002>>().0,
            telemetry: reader.section(),
            google: reader.section(),
            bus: reader.section(),
            redis: reader.section(),
            api: reader.section(),
            cors_origins: reader
                .list(
                    "CORS_ORIGINS",
                    "Pages that may call, comma-separated; the same list as the api's.",
                )
                .default(Vec::new(), "the platform's own pages are always allowed"),
            limits: reader.section(),
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

/// How to reach the api's internal gRPC server.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Its address.
    pub url: String,
    /// What our tokens for it are made for.
    pub audience: String,
}

impl Section for ApiConfig {
    const TITLE: &'static str = "Internal gRPC";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            url: reader
                .base_url(
                    "API_INTERNAL_URL",
                    "Address of the api's internal gRPC server.",
                )
                .required_in_production(
                    "http://127.0.0.1:3001".to_owned(),
                    "where the api serves it on the same host",
                ),
            audience: reader
                .text(
                    "INTERNAL_AUDIENCE",
                    "Audience that our tokens for the api are made for.",
                )
                .required_in_production("avvivo-api".to_owned(), "any word both sides know"),
        }
    }
}

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    /// On this instance.
    pub connections: u32,
    /// Of one account on this instance.
    pub connections_per_account: u32,
    /// From one address on this instance.
    pub connections_per_address: u32,
    /// How old one grows, give or take a fifth.
    pub max_age: Duration,
}

impl LimitsConfig {
    /// Connections on this instance, to count with.
    pub(crate) fn most(&self) -> usize {
        usize::try_from(self.connections).unwrap_or(usize::MAX)
    }
}

impl Section for LimitsConfig {
    const TITLE: &'static str = "Connections";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            connections: reader
                .number(
                    "GATEWAY_MAX_CONNECTIONS",
                    "Streams open at once on this instance; further ones are sent elsewhere.",
                )
                .between(1, 1_000_000)
                .default(10_000, "what one core delivers to ten times a second"),
            connections_per_account: reader
                .number(
                    "GATEWAY_MAX_CONNECTIONS_PER_ACCOUNT",
                    "Streams of one account open at once on this instance.",
                )
                .between(1, 1_000)
                .default(
                    20,
                    "a shop's counter, phones and forgotten tabs; more is a loop in a client",
                ),
            connections_per_address: reader
                .number(
                    "GATEWAY_MAX_CONNECTIONS_PER_ADDRESS",
                    "Streams from one address, or one IPv6 /64, open at once on this instance.",
                )
                .between(1, 1_000_000)
                .default(
                    500,
                    "a shopping gallery behind one router; more is one machine that wants to take all places",
                ),
            max_age: reader
                .millis(
                    "GATEWAY_MAX_CONNECTION_AGE_MS",
                    "How old a stream grows, give or take a fifth; then its client comes back.",
                )
                .between(Duration::from_secs(10), Duration::from_hours(24))
                .default(
                    Duration::from_mins(28),
                    "keeps instances evenly full, and is below every platform's limit for a request",
                ),
        }
    }
}
