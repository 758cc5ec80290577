//! What every suite needs: a server, anonymous credentials, and waiting with a limit.

use std::fmt::Debug;
use std::time::Duration;

use gcp_local::{Config, GcpLocal};
use google_cloud_auth::credentials::{Credentials, anonymous};

/// A server in this process, on a free port, that keeps nothing.
pub(crate) async fn server() -> GcpLocal {
    GcpLocal::start(Config::default())
        .await
        .expect("gcp-local starts")
}

pub(crate) fn anonymous() -> Credentials {
    anonymous::Builder::new().build()
}

/// Calls `probe` until it gives `Ok`, at most `limit`; then reports the last `Err` it gave.
pub(crate) async fn wait_for<T, E, F>(what: &str, limit: Duration, mut probe: F) -> T
where
    E: Debug,
    F: AsyncFnMut() -> Result<T, E>,
{
    let started = tokio::time::Instant::now();
    let mut pause = tokio::time::interval(Duration::from_millis(5));
    loop {
        pause.tick().await;
        match probe().await {
            Ok(value) => return value,
            Err(last) => {
                assert!(
                    started.elapsed() < limit,
                    "{what}: not within {limit:?}; last: {last:?}"
                );
            }
        }
    }
}
