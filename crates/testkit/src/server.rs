//! Where the shared servers are.

/// The address of a shared server, from the environment that `cargo xtask test` prepares.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration but this"
)]
pub(crate) fn address(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: run tests with scripts/test (or `cargo xtask test`), which starts \
             throw-away PostgreSQL and Redis servers for them"
        )
    })
}
