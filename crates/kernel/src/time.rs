//! The clock, timestamps on the wire, and the business calendar of Buenos Aires.

use chrono::{DateTime, Datelike as _, NaiveDate, SecondsFormat, TimeZone, Utc};
use chrono_tz::{America::Argentina::Buenos_Aires, Tz};

/// A moment, in UTC.
pub type Timestamp = DateTime<Utc>;

/// The zone in which business days and weeks are counted.
pub const BUSINESS_ZONE: Tz = Buenos_Aires;

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The present moment, cut to microseconds, which is what the database keeps.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let now = Utc::now();
        // A value that went through the database must equal the value that was written.
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}

/// ISO 8601 in UTC with milliseconds and `Z`, as clients read it.
pub fn to_wire(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment as clients write it, if the wire and the database can have it: of the years 1 to 9999.
pub fn from_wire(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(is_storable)
}

/// Whether the wire and the database can have a moment: of the years 1 to 9999.
pub fn is_storable(at: &Timestamp) -> bool {
    (1..=9999).contains(&at.year())
}

/// The business day that `at` falls on.
pub fn business_day(at: Timestamp) -> NaiveDate {
    BUSINESS_ZONE
        .from_utc_datetime(&at.naive_utc())
        .date_naive()
}

/// `YYYY-MM-DD HH:mm:ss` on the clocks of Buenos Aires.
pub fn business_clock(at: Timestamp) -> String {
    BUSINESS_ZONE
        .from_utc_datetime(&at.naive_utc())
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_business_day_turns_at_midnight_in_buenos_aires() {
        assert_eq!(
            business_day(at("2026-03-10T02:59:59Z")).to_string(),
            "2026-03-09"
        );
        assert_eq!(
            business_day(at("2026-03-10T03:00:00Z")).to_string(),
            "2026-03-10"
        );
    }

    #[test]
    fn moments_that_no_calendar_has_are_not_read() {
        assert_eq!(
            from_wire("2026-03-10T00:00:00-03:00"),
            Some(at("2026-03-10T03:00:00Z"))
        );
        for text in [
            "-4714-01-01T00:00:00Z",
            "0000-12-31T23:59:59Z",
            "+10000-01-01T00:00:00Z",
            "x",
        ] {
            assert_eq!(from_wire(text), None, "{text}");
        }
    }

    #[test]
    fn wire_timestamps_have_milliseconds_and_a_z() {
        assert_eq!(
            to_wire(at("2026-03-10T03:00:00.120456Z")),
            "2026-03-10T03:00:00.120Z"
        );
    }
}
