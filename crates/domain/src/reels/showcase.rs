//! The showcase: a few reels of every age, in an order that changes each hour and is the same on every instance.

use std::cmp::Ordering;

use avvivo_kernel::{ReelId, Timestamp};
use chrono::TimeDelta;
use sha1::{Digest as _, Sha1};

/// A band of ages; the showcase is filled from the youngest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeBand {
    /// Part of the score's seed.
    pub key: &'static str,
    /// Hours, included.
    pub from_hours: i64,
    /// Hours, excluded; none for the oldest band.
    pub to_hours: Option<i64>,
}

/// The bands, youngest first.
pub const BANDS: [AgeBand; 7] = [
    AgeBand {
        key: "h24",
        from_hours: 0,
        to_hours: Some(24),
    },
    AgeBand {
        key: "h48",
        from_hours: 24,
        to_hours: Some(48),
    },
    AgeBand {
        key: "h72",
        from_hours: 48,
        to_hours: Some(72),
    },
    AgeBand {
        key: "h168",
        from_hours: 72,
        to_hours: Some(168),
    },
    AgeBand {
        key: "h336",
        from_hours: 168,
        to_hours: Some(336),
    },
    AgeBand {
        key: "h720",
        from_hours: 336,
        to_hours: Some(720),
    },
    AgeBand {
        key: "legacy",
        from_hours: 720,
        to_hours: None,
    },
];

impl AgeBand {
    /// Creation times of the band at `now`: after the first (none: since ever), up to and including the second.
    pub fn created_between(self, now: Timestamp) -> (Option<Timestamp>, Timestamp) {
        let ago = |hours| now - TimeDelta::hours(hours);
        (self.to_hours.map(ago), ago(self.from_hours))
    }
}

/// The hour that seeds the order, as `YYYY-MM-DDTHH` in UTC.
pub fn hour_key(now: Timestamp) -> String {
    now.format("%Y-%m-%dT%H").to_string()
}

/// Puts a band's reels, given with their creation times, into the hour's order.
pub fn order_band(hour: &str, band: &str, reels: &mut [(ReelId, Timestamp)]) {
    reels.sort_by_cached_key(|(id, created)| Place {
        score: score(hour, band, *id),
        created: *created,
    });
}

/// Lower scores first, the newer first among equals.
#[derive(PartialEq, Eq)]
struct Place {
    score: [u8; 6],
    created: Timestamp,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .cmp(&other.score)
            .then(other.created.cmp(&self.created))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first twelve hex digits of the digest, as the six bytes they are: their order is the same.
fn score(hour: &str, band: &str, id: ReelId) -> [u8; 6] {
    let digest = Sha1::digest(format!("{hour}:{band}:{id}"));
    let mut first = [0; 6];
    first
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    first
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_score_is_the_first_twelve_hex_digits_of_the_digest() {
        let id = ReelId::from(Uuid::nil());
        let digest = Sha1::digest("2026-03-10T12:h24:00000000-0000-0000-0000-000000000000");
        assert_eq!(
            hex::encode(score("2026-03-10T12", "h24", id)),
            hex::encode(digest).chars().take(12).collect::<String>()
        );
    }

    #[test]
    fn the_order_depends_on_the_hour_only() {
        let now: Timestamp = "2026-03-10T12:34:00Z".parse().unwrap();
        let reels: Vec<_> = (0..20)
            .map(|n| (ReelId::from(Uuid::from_u128(n)), now))
            .collect();
        let ordered = |hour: &str, mut reels: Vec<_>| {
            order_band(hour, "h24", &mut reels);
            reels
        };
        let backwards = reels.iter().rev().copied().collect();
        assert_eq!(
            ordered(&hour_key(now), reels.clone()),
            ordered("2026-03-10T12", backwards)
        );
        assert_ne!(
            ordered("2026-03-10T12", reels.clone()),
            ordered("2026-03-10T13", reels)
        );
    }

    #[test]
    fn bands_follow_one_another_without_gaps() {
        for pair in BANDS.windows(2) {
            assert_eq!(pair[0].to_hours, Some(pair[1].from_hours));
        }
    }
}
