//! How far an attempt is: told by whoever works, written down by whoever watches, and not too often.

use std::time::Duration;

use avvivo_domain::reels::Stage;
use tokio::{sync::watch, time::Instant};

/// A step that is worth a write by itself.
const STEP_POINTS: u8 = 4;
/// Smaller steps are written when the last write is this old.
const STEP_TIME: Duration = Duration::from_millis(1_500);
/// A hundred means published, which is for the commit that publishes to say.
const MOST: u8 = 99;

/// A point on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) stage: Stage,
    pub(crate) percent: u8,
}

/// Tells how far the work is. Telling is cheap and never waits; what nobody has looked at yet is replaced.
#[derive(Debug, Clone)]
pub(crate) struct Progress(watch::Sender<Reached>);

/// Both ends, at the start of the work.
pub(crate) fn channel() -> (Progress, watch::Receiver<Reached>) {
    let start = Reached {
        stage: Stage::Start,
        percent: 0,
    };
    let (sender, mut receiver) = watch::channel(start);
    // The start is news too.
    receiver.mark_changed();
    (Progress(sender), receiver)
}

impl Progress {
    /// The work goes on to another stage.
    pub(crate) fn enter(&self, stage: Stage) {
        self.0.send_replace(Reached { stage, percent: 0 });
    }

    /// The work got on within its stage.
    pub(crate) fn advance(&self, percent: u8) {
        self.0.send_if_modified(|reached| {
            let percent = percent.min(MOST);
            let on = percent > reached.percent;
            if on {
                reached.percent = percent;
            }
            on
        });
    }
}

/// Decides which points are written. What is written never goes back within a stage.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    last: Option<(Reached, Instant)>,
}

impl Throttle {
    /// Whether `reached` is to be written now.
    pub(crate) fn admits(&mut self, reached: Reached, now: Instant) -> bool {
        let admits = self.last.is_none_or(|(last, at)| {
            let points = reached.percent.saturating_sub(last.percent);
            let late = now.duration_since(at) >= STEP_TIME;
            reached.stage != last.stage || points >= STEP_POINTS || (points > 0 && late)
        });
        if admits {
            self.last = Some((reached, now));
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_steps_are_written_at_once_small_ones_after_a_while_and_no_step_back() {
        let began = Instant::now();
        let mut throttle = Throttle::default();
        let mut admits = |percent, millis| {
            let reached = Reached {
                stage: Stage::RenderVideo,
                percent,
            };
            throttle.admits(reached, began + Duration::from_millis(millis))
        };
        assert!(admits(0, 0), "the first");
        assert!(!admits(3, 100), "small and soon");
        assert!(admits(4, 100), "four points");
        assert!(!admits(5, 1_599), "a little too soon");
        assert!(admits(5, 1_600), "small, but late enough");
        assert!(!admits(5, 9_000), "nothing new");
        assert!(!admits(2, 9_000), "back");
    }

    #[test]
    fn a_new_stage_is_always_written() {
        let now = Instant::now();
        let mut throttle = Throttle::default();
        assert!(throttle.admits(
            Reached {
                stage: Stage::Start,
                percent: 0
            },
            now
        ));
        assert!(throttle.admits(
            Reached {
                stage: Stage::RenderVideo,
                percent: 0
            },
            now
        ));
    }

    #[test]
    fn a_hundred_is_left_to_the_commit_that_publishes() {
        let (progress, mut receiver) = channel();
        assert!(receiver.has_changed().unwrap(), "the start is news");
        progress.enter(Stage::RenderVideo);
        progress.advance(100);
        progress.advance(40);
        assert_eq!(
            *receiver.borrow_and_update(),
            Reached {
                stage: Stage::RenderVideo,
                percent: MOST
            }
        );
    }
}
