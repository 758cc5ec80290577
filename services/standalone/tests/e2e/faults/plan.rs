//! What a run is made of: a seed, from which every decision follows, and how long it lasts.

use std::time::Duration;

use avvivo_service_kit::config::{Env, Source as _};
use rand::{SeedableRng as _, rngs::StdRng};

/// The same decisions again.
const SEED: &str = "AVVIVO_FAULT_SEED";
/// How long there are faults, in seconds.
const SECONDS: &str = "AVVIVO_FAULT_SECONDS";

/// How long there are faults unless somebody says otherwise: with its start and its judgements that makes a minute.
const USUAL: Duration = Duration::from_secs(40);

/// After this the world is healed, what was heard is judged, and the rest goes on from there: so a run of hours is found
/// out within a minute, and what it remembers is bounded.
const ROUND: Duration = Duration::from_secs(20);

/// What a run is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    seed: u64,
    length: Duration,
}

impl Plan {
    /// What the environment says; a seed of its own where it says nothing.
    pub(super) fn of_process() -> Self {
        let environment = Env::from_process();
        let number = |name| {
            let text = environment.get(name)?;
            Some(
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
            )
        };
        Self {
            seed: number(SEED).unwrap_or_else(rand::random),
            length: number(SECONDS).map_or(USUAL, Duration::from_secs),
        }
    }

    /// What one actor decides by. However the others are scheduled, it decides the same again.
    pub(super) fn dice(self, actor: &str) -> StdRng {
        let name = actor.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        StdRng::seed_from_u64(self.seed ^ name)
    }

    /// How long each round is.
    pub(super) fn rounds(self) -> impl Iterator<Item = Duration> {
        let mut left = self.length;
        std::iter::from_fn(move || {
            let round = left.min(ROUND);
            left -= round;
            (!round.is_zero()).then_some(round)
        })
    }

    /// How to have it again.
    pub(super) fn again(self) -> String {
        let seconds = self.length.as_secs();
        format!("{SEED}={} {SECONDS}={seconds}", self.seed)
    }
}
