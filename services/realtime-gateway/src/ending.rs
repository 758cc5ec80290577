//! Why a stream ends, and when to come back.

use std::time::Duration;

/// A stream's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client went away.
    Client,
    /// The token ran out; the client comes back with a new one.
    Expired,
    /// It grew old; elsewhere there may be more room.
    Aged,
    /// This instance is being replaced.
    Draining,
    /// The account's rights have changed; what is left of them is found out when the client comes back.
    Revoked,
    /// There is no room, or nobody to ask, just now.
    Busy,
    /// The account or the address has all the streams it may have.
    Crowded,
    /// The client took nothing for too long. It is not told: it would not hear it.
    Stalled,
}

/// 0.5 to 2 s: nothing is wrong here, coming back is cheap, and somebody may be looking at the screen.
const SOON: Span = Span {
    least: Duration::from_millis(500),
    more: Duration::from_millis(1_500),
};
/// 2 to 15 s: many come back at once, and the others need time to take them in.
const LATER: Span = Span {
    least: Duration::from_secs(2),
    more: Duration::from_secs(13),
};

/// 30 to 60 s: somebody has to close one first, or one has to grow old.
const MUCH_LATER: Span = Span {
    least: Duration::from_secs(30),
    more: Duration::from_secs(30),
};

/// Waits from `least` to `least + more`.
struct Span {
    least: Duration,
    more: Duration,
}

impl Ending {
    /// The word in metrics, and in the stream's last event where the client is told.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Expired => "expired",
            Self::Aged => "aged",
            Self::Draining => "draining",
            Self::Revoked => "revoked",
            Self::Busy => "busy",
            Self::Crowded => "crowded",
            Self::Stalled => "stalled",
        }
    }

    /// How long the client shall wait before it connects again; `roll` (0 to 1) spreads them.
    pub(crate) fn retry(self, roll: f64) -> Duration {
        let span = match self {
            Self::Client | Self::Expired | Self::Aged | Self::Revoked | Self::Stalled => SOON,
            Self::Draining | Self::Busy => LATER,
            Self::Crowded => MUCH_LATER,
        };
        span.least + span.more.mul_f64(roll.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_come_back_spread_over_the_span_of_their_reason() {
        assert_eq!(Ending::Expired.retry(0.0), Duration::from_millis(500));
        assert_eq!(Ending::Expired.retry(1.0), Duration::from_secs(2));
        assert_eq!(Ending::Draining.retry(0.0), Duration::from_secs(2));
        assert_eq!(Ending::Draining.retry(7.0), Duration::from_secs(15));
    }
}
