//! Waiting for what other tasks and processes do.

use std::{fmt::Debug, time::Duration};

use tokio::time::{Instant, sleep, timeout};

/// What one look at the world gave.
#[derive(Debug)]
pub enum Seen<T, S> {
    /// What was waited for.
    Done(T),
    /// Not yet; the value is reported when the time is up.
    NotYet(S),
}

/// The first pause between two looks; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause, which is also about how late a condition may be noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `look` is done, and fails the test after `limit` with what was seen last.
///
/// `what` completes the sentence "waited for …".
///
/// ```
/// use std::time::Duration;
/// use avvivo_testkit::{Seen, wait_for};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let mut rows = 0;
/// let found = wait_for("three rows", Duration::from_secs(5), async || {
///     rows += 1;
///     if rows == 3 { Seen::Done(rows) } else { Seen::NotYet(rows) }
/// })
/// .await;
/// assert_eq!(found, 3);
/// # });
/// ```
pub async fn wait_for<T, S: Debug>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Seen<T, S>,
) -> T {
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    let mut last = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, look()).await {
            Ok(Seen::Done(value)) => return value,
            Ok(Seen::NotYet(seen)) => last = Some(seen),
            // A look that hangs must not hide what the looks before it saw.
            Err(_) => {}
        }
        if Instant::now() >= deadline {
            match last {
                Some(seen) => panic!("waited {limit:?} for {what}; last saw {seen:?}"),
                None => panic!("waited {limit:?} for {what}; not one look ended"),
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_when_the_condition_holds() {
        let mut looks = 0;
        let looked = wait_for("five looks", Duration::from_secs(1), async || {
            looks += 1;
            if looks == 5 {
                Seen::Done(looks)
            } else {
                Seen::NotYet(looks)
            }
        })
        .await;
        assert_eq!(looked, 5);
    }

    #[tokio::test]
    #[should_panic(expected = "waited 20ms for the moon; last saw \"clouds\"")]
    async fn waiting_in_vain_tells_what_was_seen_last() {
        wait_for("the moon", Duration::from_millis(20), async || {
            Seen::<(), _>::NotYet("clouds")
        })
        .await;
    }

    #[tokio::test]
    #[should_panic(expected = "waited 20ms for an answer; not one look ended")]
    async fn a_look_that_hangs_does_not_hang_the_test() {
        wait_for("an answer", Duration::from_millis(20), async || {
            std::future::pending::<Seen<(), ()>>().await
        })
        .await;
    }
}
