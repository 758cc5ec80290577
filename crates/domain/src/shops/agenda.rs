//! Suspending an agenda: for how long, and where its streams go.

use std::collections::BTreeSet;

use avvivo_kernel::{Timestamp, time::business_day};
use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;

use super::ShopError;
use crate::fields;

/// When nothing is said.
const DEFAULT_DAYS: f64 = 7.0;
/// A longer suspension is a ban.
const MAX_DAYS: f64 = 365.0;
const SECONDS_A_DAY: f64 = 86_400.0;

/// What a moved stream says of why.
pub const RESCHEDULE_REASON: &str = "Sanción de agenda";
/// What a stream says that found no day.
pub const CONFLICT_NOTE: &str = "Conflicto de agenda por sanción";

/// How long an agenda is suspended: more than nothing, at most a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuspensionDays(TimeDelta);

impl SuspensionDays {
    /// Reads the field of a request: a number of days, fractions allowed; nothing and zero mean seven.
    pub fn read(value: Option<&Value>) -> Result<Self, ShopError> {
        let days = match value {
            None | Some(Value::Null) => DEFAULT_DAYS,
            Some(value) => fields::number(value).ok_or(ShopError::Days)?,
        };
        let days = if days.abs() < f64::EPSILON {
            DEFAULT_DAYS
        } else {
            days
        };
        if !(0.0..=MAX_DAYS).contains(&days) {
            return Err(ShopError::Days);
        }
        let lasts = std::time::Duration::try_from_secs_f64(days * SECONDS_A_DAY).ok();
        let lasts = lasts.and_then(|lasts| TimeDelta::from_std(lasts).ok());
        lasts.map(Self).ok_or(ShopError::Days)
    }

    /// The end of a suspension that begins at `now`.
    pub fn end(self, now: Timestamp) -> Timestamp {
        now + self.0
    }
}

/// A stream of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced<I> {
    /// Which one.
    pub id: I,
    /// When it begins.
    pub at: Timestamp,
}

/// What becomes of a stream that was announced for the time of a suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rescheduled {
    /// It begins then instead; the first time it was announced for is kept once.
    Moved(Timestamp),
    /// Another stream has the day that it would have begun on then: it is `PENDING_REPROGRAMMATION`, with [`CONFLICT_NOTE`].
    Conflict(Timestamp),
}

/// Moves what is announced between `now` and the end of a suspension behind that end: by whole weeks, so that weekday and
/// time stay, and as few as will do. A day, in Buenos Aires, takes one stream.
///
/// `upcoming` are all announced streams of the shop, `live` the beginnings of those under way.
pub fn reschedule<I: Copy>(
    upcoming: &[Announced<I>],
    live: &[Timestamp],
    now: Timestamp,
    until: Timestamp,
) -> Vec<(Announced<I>, Rescheduled)> {
    let falls_inside = |stream: &&Announced<I>| stream.at >= now && stream.at <= until;
    let mut taken: BTreeSet<NaiveDate> = upcoming
        .iter()
        .filter(|stream| !falls_inside(stream))
        .map(|stream| stream.at)
        .chain(live.iter().copied())
        .map(business_day)
        .collect();
    let mut inside: Vec<_> = upcoming.iter().filter(falls_inside).collect();
    inside.sort_by_key(|stream| stream.at);
    inside
        .into_iter()
        .map(|stream| {
            let at = first_week_after(stream.at, until);
            let becomes = if taken.insert(business_day(at)) {
                Rescheduled::Moved(at)
            } else {
                Rescheduled::Conflict(at)
            };
            (*stream, becomes)
        })
        .collect()
}

fn first_week_after(at: Timestamp, until: Timestamp) -> Timestamp {
    // The clocks of Buenos Aires are not changed, so a week is as long there as anywhere.
    let weeks = until
        .signed_duration_since(at)
        .num_weeks()
        .saturating_add(1);
    at + TimeDelta::weeks(weeks)
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn announced(id: u32, text: &str) -> Announced<u32> {
        Announced { id, at: at(text) }
    }

    #[test]
    fn days_are_a_number_up_to_a_year() {
        let now = at("2026-03-10T12:00:00Z");
        let read = |value: Value| SuspensionDays::read(Some(&value)).map(|days| days.end(now));
        for (value, end) in [
            (json!(null), "2026-03-17T12:00:00Z"),
            (json!(0), "2026-03-17T12:00:00Z"),
            (json!(30), "2026-04-09T12:00:00Z"),
            (json!("2"), "2026-03-12T12:00:00Z"),
            (json!(0.5), "2026-03-11T00:00:00Z"),
            (json!(365), "2027-03-10T12:00:00Z"),
        ] {
            assert_eq!(read(value.clone()), Ok(at(end)), "{value}");
        }
        for value in [
            json!(-1),
            json!("x"),
            json!(366),
            json!(1e300),
            json!(true),
            json!([7]),
        ] {
            assert_eq!(read(value.clone()), Err(ShopError::Days), "{value}");
        }
        assert_eq!(
            SuspensionDays::read(None),
            SuspensionDays::read(Some(&json!(7)))
        );
    }

    #[test]
    fn streams_move_behind_the_suspension_by_whole_weeks() {
        let (now, until) = (at("2026-03-10T12:00:00Z"), at("2026-04-09T12:00:00Z"));
        let upcoming = [
            announced(1, "2026-03-10T11:59:59Z"),
            announced(2, "2026-03-12T22:00:00Z"),
            announced(3, "2026-04-09T12:00:00Z"),
            announced(4, "2026-04-09T12:00:01Z"),
            announced(5, "2026-03-11T22:00:00Z"),
        ];
        assert_eq!(
            reschedule(&upcoming, &[], now, until),
            [
                (upcoming[4], Rescheduled::Moved(at("2026-04-15T22:00:00Z"))),
                (
                    upcoming[1],
                    Rescheduled::Conflict(at("2026-04-09T22:00:00Z"))
                ),
                (upcoming[2], Rescheduled::Moved(at("2026-04-16T12:00:00Z"))),
            ]
        );
    }

    #[test]
    fn a_day_in_buenos_aires_takes_one_stream() {
        let (now, until) = (at("2026-03-10T12:00:00Z"), at("2026-03-17T12:00:00Z"));
        // Eleven in the evening there is the next day in UTC.
        let late = announced(1, "2026-03-12T02:00:00Z");
        let same_day = at("2026-03-18T15:00:00Z");
        assert_eq!(
            reschedule(&[late], &[same_day], now, until),
            [(late, Rescheduled::Conflict(at("2026-03-19T02:00:00Z")))]
        );
        let next_day = at("2026-03-19T15:00:00Z");
        let moved = (late, Rescheduled::Moved(at("2026-03-19T02:00:00Z")));
        assert_eq!(reschedule(&[late], &[next_day], now, until), [moved]);
        let two = [
            announced(1, "2026-03-12T15:00:00Z"),
            announced(2, "2026-03-12T20:00:00Z"),
        ];
        let first = (two[0], Rescheduled::Moved(at("2026-03-19T15:00:00Z")));
        let second = (two[1], Rescheduled::Conflict(at("2026-03-19T20:00:00Z")));
        assert_eq!(reschedule(&two, &[], now, until), [first, second]);
    }

    proptest! {
        #[test]
        fn nothing_stays_inside_and_no_day_is_used_twice(
            hours in proptest::collection::vec(0_i64..2_000, 0..12),
            days in 1_i64..60,
        ) {
            let now = at("2026-03-10T12:00:00Z");
            let until = now + TimeDelta::days(days);
            let upcoming: Vec<_> = (0_u32..).zip(&hours)
                .map(|(id, hours)| Announced { id, at: now + TimeDelta::hours(*hours) })
                .collect();
            let mut used = BTreeSet::new();
            for (stream, becomes) in reschedule(&upcoming, &[], now, until) {
                if let Rescheduled::Moved(at) = becomes {
                    prop_assert!(at > until && at <= until + TimeDelta::weeks(1));
                    prop_assert_eq!(at.weekday(), stream.at.weekday());
                    prop_assert_eq!(at.time(), stream.at.time());
                    prop_assert!(used.insert(business_day(at)));
                }
            }
        }
    }
}
