//! When to stop asking a server that does not answer, and when to ask again.
//!
//! Closed: commands go through, failures in a row are counted. Open: commands are refused without being sent. Once the
//! pause is over one caller is told to start a probe; commands stay refused until it succeeds, so that nobody's request
//! pays for finding out. Each failed probe doubles the pause up to a bound.
//!
//! Pure: time comes in.

use std::time::{Duration, Instant};

/// Failures in a row that open the circuit: one is a hiccup, three are a state.
const FAILURES_TO_OPEN: u32 = 3;
/// First pause: a restarted Redis is back within a second or two.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause: recovery is noticed within this time, and a dead server sees few probes.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    /// Send the command.
    Go,
    /// Do without.
    Refused,
    /// Do without, and start the probe.
    RefusedButProbe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, pause: Duration },
    Probing { pause: Duration },
}

/// The circuit.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Closed { failures: 0 },
        }
    }

    /// Whether commands go through.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    pub(crate) fn permit(&mut self, now: Instant) -> Permit {
        match self.state {
            State::Closed { .. } => Permit::Go,
            State::Open { until, pause } if now >= until => {
                self.state = State::Probing { pause };
                Permit::RefusedButProbe
            }
            State::Open { .. } | State::Probing { .. } => Permit::Refused,
        }
    }

    /// A command was answered. One that was sent before the circuit opened does not close it: only the probe does.
    pub(crate) fn command_succeeded(&mut self) {
        if self.is_closed() {
            self.state = State::Closed { failures: 0 };
        }
    }

    /// A command failed for a reason that concerns the server. True when this opened the circuit.
    pub(crate) fn command_failed(&mut self, now: Instant) -> bool {
        let State::Closed { failures } = self.state else {
            return false;
        };
        let failures = failures + 1;
        self.state = if failures < FAILURES_TO_OPEN {
            State::Closed { failures }
        } else {
            State::Open {
                until: now + FIRST_PAUSE,
                pause: FIRST_PAUSE,
            }
        };
        !self.is_closed()
    }

    pub(crate) fn probe_succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    pub(crate) fn probe_failed(&mut self, now: Instant) {
        if let State::Probing { pause } = self.state {
            let pause = (pause * 2).min(LONGEST_PAUSE);
            self.state = State::Open {
                until: now + pause,
                pause,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        let opened: Vec<bool> = (0..FAILURES_TO_OPEN)
            .map(|_| breaker.command_failed(now))
            .collect();
        assert_eq!(opened, [false, false, true]);
        breaker
    }

    #[test]
    fn only_failures_in_a_row_open_the_circuit() {
        let (mut breaker, now) = (Breaker::new(), Instant::now());
        for _ in 0..10 {
            breaker.command_failed(now);
            breaker.command_failed(now);
            breaker.command_succeeded();
        }
        assert_eq!(breaker.permit(now), Permit::Go);
        assert_eq!(opened(now).permit(now), Permit::Refused);
    }

    #[test]
    fn after_the_pause_exactly_one_caller_starts_the_probe() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.permit(now + FIRST_PAUSE), Permit::RefusedButProbe);
        assert_eq!(breaker.permit(now + FIRST_PAUSE), Permit::Refused);
        breaker.probe_succeeded();
        assert_eq!(breaker.permit(now), Permit::Go);
    }

    #[test]
    fn failed_probes_come_ever_less_often_but_never_stop() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        let mut pauses = Vec::new();
        let mut pause = FIRST_PAUSE;
        for _ in 0..6 {
            assert_eq!(
                breaker.permit(now + pause.saturating_sub(Duration::from_millis(1))),
                Permit::Refused
            );
            now += pause;
            assert_eq!(breaker.permit(now), Permit::RefusedButProbe);
            breaker.probe_failed(now);
            pauses.push(pause.as_millis());
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 2_000, 2_000]);
    }

    #[test]
    fn an_answer_from_before_the_outage_does_not_close_the_circuit() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.command_succeeded();
        assert_eq!(breaker.permit(now), Permit::Refused);
    }
}
