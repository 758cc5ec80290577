//! Several checks on one platform. One that fails does not hide the others; the test fails at the end, naming them.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use tokio::time::{Instant, timeout};

/// No scenario takes longer, on two cores that others use too.
const LIMIT: Duration = Duration::from_mins(4);

/// What has been checked so far.
#[derive(Default)]
pub(crate) struct Scenarios {
    failed: Vec<&'static str>,
}

impl Scenarios {
    /// Checks one thing. `name` says what must hold.
    pub(crate) async fn check(&mut self, name: &'static str, scenario: impl Future<Output = ()>) {
        let began = Instant::now();
        let ended = timeout(LIMIT, AssertUnwindSafe(scenario).catch_unwind()).await;
        let word = match ended {
            Ok(Ok(())) => "ok",
            Ok(Err(_)) => "FAILED",
            Err(_) => "TOO LATE",
        };
        if word != "ok" {
            self.failed.push(name);
        }
        eprintln!("{word} {name} ({:.1} s)", began.elapsed().as_secs_f64());
    }

    /// Fails the test if any check has failed. `logs` are shown then.
    pub(crate) fn finish(self, logs: impl FnOnce() -> String) {
        assert!(
            self.failed.is_empty(),
            "failed: {:?}\n{}",
            self.failed,
            logs()
        );
    }
}
