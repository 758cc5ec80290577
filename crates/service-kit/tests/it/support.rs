//! Waiting, the only way tests here wait.

use std::time::Duration;

use tokio::time::Instant;

/// Far more than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Polls until `condition` gives a value, and fails the test after [`LIMIT`].
pub(crate) async fn wait_for<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(began.elapsed() < LIMIT, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fails the test when `future` takes longer than [`LIMIT`].
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    let output = tokio::time::timeout(LIMIT, future).await.ok();
    assert!(output.is_some(), "waited too long for {what}");
    output.unwrap()
}
