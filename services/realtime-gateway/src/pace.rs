//! Time in steps of a tenth of a second: four bytes where an instant takes sixteen, and as exact as anything here needs.

use std::time::Duration;

use tokio::time::Instant;

/// One step.
pub(crate) const STEP: Duration = Duration::from_millis(100);

/// A moment, in steps since the process began. They last for thirteen years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Tick(pub(crate) u32);

impl Tick {
    /// So much later, at least one step for anything at all.
    pub(crate) fn after(self, wait: Duration) -> Self {
        let steps = wait.as_nanos().div_ceil(STEP.as_nanos());
        Self(
            self.0
                .saturating_add(u32::try_from(steps).unwrap_or(u32::MAX)),
        )
    }

    /// The time from an earlier moment to this.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        STEP * self.0.saturating_sub(earlier.0)
    }
}

/// Says what time it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    origin: Instant,
}

impl Pace {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// The step that we are in.
    pub(crate) fn now(self) -> Tick {
        let steps = self.origin.elapsed().as_nanos() / STEP.as_nanos();
        Tick(u32::try_from(steps).unwrap_or(u32::MAX))
    }

    /// When a step begins.
    pub(crate) fn instant(self, tick: Tick) -> Instant {
        self.origin + STEP * tick.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_is_over_when_the_next_begins() {
        let pace = Pace::begin();
        let later = pace.now().after(Duration::from_millis(250));
        assert_eq!(later, Tick(3));
        tokio::time::sleep_until(pace.instant(later)).await;
        assert_eq!(pace.now(), later);
        assert_eq!(later.after(Duration::ZERO), later);
    }
}
