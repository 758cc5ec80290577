//! Rendering as a state machine: who may start, what a failure means, when it is given up.

use avvivo_kernel::{LeaseToken, Timestamp};
use chrono::TimeDelta;

use super::{Lease, MAX_RENDER_ATTEMPTS, Reel, ReelStatus, RenderFailure};

/// How long a lease lasts without being renewed. Renewed every third of it, so that one lost renewal does no harm.
pub const LEASE_TTL: TimeDelta = TimeDelta::seconds(60);

/// What a worker that was handed a job is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Go: this is your lease, and this your attempt, counted from 1.
    Granted {
        /// Name it in every write.
        lease: Lease,
        /// Which attempt this is.
        attempt: u32,
    },
    /// There is nothing to do: it is finished, hidden, expired, or the job is of a version that there has never been.
    NothingToDo,
    /// Somebody else is at it.
    Busy {
        /// Until when, at the least.
        until: Timestamp,
    },
    /// All attempts are used up: give it up.
    Exhausted,
}

/// Decides whether a worker may render `reel` for a job of `version`. A job of an older version is as good as the latest: it
/// may only have waited its turn for so long that another was made. What is done is told by the status, and the lease lets
/// one in at a time.
pub fn claim(reel: &Reel, version: u32, token: LeaseToken, now: Timestamp) -> Claim {
    let wanted = reel.status == ReelStatus::Processing && version <= reel.render.version;
    if !wanted || reel.expires_at <= now {
        return Claim::NothingToDo;
    }
    match &reel.render.lease {
        Some(lease) if lease.until > now => Claim::Busy { until: lease.until },
        _ if reel.render.attempts >= MAX_RENDER_ATTEMPTS => Claim::Exhausted,
        _ => Claim::Granted {
            lease: Lease {
                token,
                taken_at: now,
                until: now + LEASE_TTL,
            },
            attempt: reel.render.attempts.saturating_add(1),
        },
    }
}

/// Whether the same rendering, tried again, may end differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultClass {
    /// It may: the store was away, the machine was busy.
    Transient,
    /// It may not: the file itself is the trouble.
    Permanent,
}

/// What a failed attempt means for the reel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// It stays PROCESSING, free for the next attempt.
    TryAgain(RenderFailure),
    /// It is hidden for good and its quota is given back.
    GivenUp(RenderFailure),
}

/// Decides what follows from attempt number `attempts` failing.
pub fn fail(attempts: u32, class: FaultClass, failure: RenderFailure) -> Failed {
    match class {
        FaultClass::Transient if attempts < MAX_RENDER_ATTEMPTS => Failed::TryAgain(failure),
        FaultClass::Transient | FaultClass::Permanent => Failed::GivenUp(failure),
    }
}

/// The failure of a reel whose attempts ran out without any of them reporting.
pub fn exhausted() -> RenderFailure {
    RenderFailure {
        code: "render.exhausted".to_owned(),
        message: "No pudimos procesar tu historia. Probá subirla de nuevo.".to_owned(),
    }
}

/// The failure of a reel whose day ended before it was rendered.
pub fn overdue() -> RenderFailure {
    RenderFailure {
        code: "render.overdue".to_owned(),
        message: "Tu historia venció antes de terminar de procesarse.".to_owned(),
    }
}

/// The failure of a reel that was given up because it took too long and another was wanted.
pub fn stale() -> RenderFailure {
    RenderFailure {
        code: "render.stale".to_owned(),
        message: "Tu historia tardó demasiado en procesarse.".to_owned(),
    }
}

/// Whether giving a reel up gave its shop anything back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refund {
    /// One more reel may be published now than before.
    Given,
    /// Nothing was paid, it was given back before, or the day it was of is over.
    Nothing,
}

/// The failure as the shop reads it: only what was given back is said to be.
#[must_use]
pub fn with_refund(failure: RenderFailure, refund: Refund) -> RenderFailure {
    match refund {
        Refund::Given => RenderFailure {
            message: format!("{} Te devolvimos el cupo.", failure.message),
            ..failure
        },
        Refund::Nothing => failure,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::reels::{
        ReelType,
        create::{Draft, Media, create},
    };

    fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn reel() -> Reel {
        let draft = Draft {
            id: Uuid::from_u128(1).into(),
            shop_id: Uuid::from_u128(2).into(),
            platform: crate::reels::Platform::Instagram,
            preset_label: None,
            duration_seconds: 10,
            editor_state: None,
            thumbnail_url: None,
            media: Media::Video("v".to_owned()),
            traceparent: None,
        };
        create(draft, now())
    }

    fn token() -> LeaseToken {
        Uuid::from_u128(9).into()
    }

    fn leased(until: TimeDelta) -> Reel {
        let mut reel = reel();
        reel.render.lease = Some(Lease {
            token: token(),
            taken_at: now(),
            until: now() + until,
        });
        reel
    }

    #[test]
    fn a_free_reel_is_granted_and_the_attempt_counted() {
        assert_eq!(reel().kind, ReelType::Video);
        let Claim::Granted { lease, attempt } = claim(&reel(), 1, token(), now()) else {
            panic!()
        };
        assert_eq!(
            (lease.token, lease.until, attempt),
            (token(), now() + LEASE_TTL, 1)
        );
    }

    #[test]
    fn a_second_worker_is_told_that_it_is_busy_until_the_lease_runs_out() {
        let busy = leased(TimeDelta::seconds(5));
        assert!(matches!(
            claim(&busy, 1, token(), now()),
            Claim::Busy { .. }
        ));
        let free = leased(TimeDelta::zero());
        assert!(matches!(
            claim(&free, 1, token(), now()),
            Claim::Granted { .. }
        ));
    }

    #[test]
    fn a_job_that_waited_until_another_was_made_is_as_good_as_that() {
        let mut requeued = reel();
        requeued.render.version = 3;
        for version in [1, 2, 3] {
            let granted = matches!(
                claim(&requeued, version, token(), now()),
                Claim::Granted { .. }
            );
            assert!(granted, "{version}");
        }
        assert_eq!(claim(&requeued, 4, token(), now()), Claim::NothingToDo);
    }

    #[test]
    fn only_what_was_given_back_is_said_to_be() {
        let told = |refund| with_refund(overdue(), refund).message;
        assert_eq!(told(Refund::Nothing), overdue().message);
        assert!(told(Refund::Given).ends_with(". Te devolvimos el cupo."));
    }

    #[test]
    fn nothing_is_done_for_reels_that_are_hidden_done_or_expired() {
        for status in [ReelStatus::Hidden, ReelStatus::Active, ReelStatus::Expired] {
            let reel = Reel { status, ..reel() };
            assert_eq!(
                claim(&reel, 1, token(), now()),
                Claim::NothingToDo,
                "{status:?}"
            );
        }
        assert_eq!(claim(&reel(), 2, token(), now()), Claim::NothingToDo);
        assert_eq!(
            claim(&reel(), 1, token(), reel().expires_at),
            Claim::NothingToDo
        );
    }

    #[test]
    fn after_five_attempts_it_is_given_up() {
        let mut reel = reel();
        reel.render.attempts = 5;
        assert_eq!(claim(&reel, 1, token(), now()), Claim::Exhausted);
        let failure = exhausted();
        assert_eq!(
            fail(4, FaultClass::Transient, failure.clone()),
            Failed::TryAgain(failure.clone())
        );
        assert_eq!(
            fail(5, FaultClass::Transient, failure.clone()),
            Failed::GivenUp(failure.clone())
        );
        assert_eq!(
            fail(1, FaultClass::Permanent, failure.clone()),
            Failed::GivenUp(failure)
        );
    }
}
