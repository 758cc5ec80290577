//! PostgreSQL.

use std::time::Duration;

use secrecy::SecretString;

use crate::config::{Reader, Section};

/// How to reach PostgreSQL and how much of it this process may use.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Connection address, password included.
    pub url: SecretString,
    /// Most connections open at once.
    pub pool_size: u32,
    /// Longest wait for a free connection before a request is answered 503.
    pub acquire_timeout: Duration,
    /// Longest a single statement may run.
    pub statement_timeout: Duration,
}

impl Section for DatabaseConfig {
    const TITLE: &'static str = "Database";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            url: reader
                .secret("DATABASE_URL", "PostgreSQL connection address.")
                .required(),
            pool_size: reader
                .number("DATABASE_POOL_SIZE", "Connections this process may hold.")
                .between(1, 100)
                .default(
                    10,
                    "ten instances stay below the hundred connections of a small server",
                ),
            acquire_timeout: reader
                .millis(
                    "DATABASE_ACQUIRE_TIMEOUT_MS",
                    "Longest wait for a free connection.",
                )
                .between(Duration::from_millis(100), Duration::from_mins(1))
                .default(
                    Duration::from_secs(3),
                    "a client is better served by a quick 503 than by a queue",
                ),
            statement_timeout: reader
                .millis(
                    "DATABASE_STATEMENT_TIMEOUT_MS",
                    "Longest run of one statement.",
                )
                .between(Duration::from_millis(100), Duration::from_mins(10))
                .default(
                    Duration::from_secs(10),
                    "no request needs a query that runs longer",
                ),
        }
    }
}
