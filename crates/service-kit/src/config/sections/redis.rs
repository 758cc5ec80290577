//! Redis, which every service can do without.

use secrecy::SecretString;

use crate::config::{Reader, Section};

/// How to reach Redis. Without an address, limits and caches live in each process.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `redis://` or `rediss://` address, password included.
    pub url: Option<SecretString>,
    /// Put before every key and channel, without trailing colons; empty means no prefix.
    pub key_prefix: String,
    /// Use TLS even when the address says `redis://`.
    pub tls: bool,
}

impl Section for RedisConfig {
    const TITLE: &'static str = "Redis";

    fn read(reader: &mut Reader<'_>) -> Self {
        let key_prefix = reader
            .text(
                "REDIS_KEY_PREFIX",
                "Stands before every key and channel; empty for none.",
            )
            .allow_empty()
            .default("avvivo".to_owned(), "several systems may share one server");
        Self {
            url: reader
                .secret(
                    "REDIS_URL",
                    "Redis address; without it limits and caches are per process.",
                )
                .optional(),
            key_prefix: key_prefix.trim_end_matches(':').to_owned(),
            tls: reader
                .flag(
                    "REDIS_TLS",
                    "Use TLS even when the address says `redis://`.",
                )
                .default(false, "private networks and local servers speak plain"),
        }
    }
}
