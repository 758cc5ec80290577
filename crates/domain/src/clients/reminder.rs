//! Reminding a buyer of a live.

use avvivo_kernel::{Timestamp, time::BUSINESS_ZONE};
use chrono::{Datelike, TimeDelta, Timelike};

use super::ClientError;

/// How long before a live its reminders go out.
const LEAD: TimeDelta = TimeDelta::minutes(15);

const MONTHS: [&str; 12] = [
    "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic",
];

/// A live that somebody wants to be reminded of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// As it is announced.
    pub title: String,
    /// Whether it is announced and has not begun.
    pub upcoming: bool,
    /// When it begins.
    pub scheduled_at: Timestamp,
}

/// A reminder: what to keep, and the notification to queue. One that is queued already is given this time and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// When it goes out.
    pub notify_at: Timestamp,
    /// What it says.
    pub message: String,
}

/// Decides on a reminder of a live, if there is such a live.
pub fn remind(live: Option<&Live>) -> Result<Reminder, ClientError> {
    let live = live.ok_or(ClientError::LiveNotFound)?;
    if !live.upcoming {
        return Err(ClientError::LiveNotUpcoming);
    }
    Ok(Reminder::of(&live.title, live.scheduled_at))
}

impl Reminder {
    /// Of a live of that title at that time.
    pub fn of(title: &str, scheduled_at: Timestamp) -> Self {
        let when = in_words(scheduled_at);
        Self {
            notify_at: scheduled_at - LEAD,
            message: format!("Recordatorio activo: {title} ({when})."),
        }
    }
}

/// A moment as people in Buenos Aires write it: `8 mar 2026, 7:00 p. m.`
pub fn in_words(at: Timestamp) -> String {
    let local = at.with_timezone(&BUSINESS_ZONE);
    let month = MONTHS
        .iter()
        .zip(1_u32..)
        .find_map(|(name, number)| (number == local.month()).then_some(*name))
        .unwrap_or_default();
    let (afternoon, hour) = local.hour12();
    let half = if afternoon { "p. m." } else { "a. m." };
    format!(
        "{} {month} {}, {hour}:{:02} {half}",
        local.day(),
        local.year(),
        local.minute()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(upcoming: bool, at: &str) -> Live {
        Live {
            title: "Liquidación de verano".to_owned(),
            upcoming,
            scheduled_at: at.parse().unwrap(),
        }
    }

    #[test]
    fn a_reminder_goes_out_a_quarter_of_an_hour_before_in_local_time() {
        let reminder = remind(Some(&live(true, "2026-03-08T22:00:00Z"))).unwrap();
        let sent: Timestamp = "2026-03-08T21:45:00Z".parse().unwrap();
        assert_eq!(reminder.notify_at, sent);
        assert_eq!(
            reminder.message,
            "Recordatorio activo: Liquidación de verano (8 mar 2026, 7:00 p. m.)."
        );
    }

    #[test]
    fn only_announced_lives_are_reminded_of() {
        assert_eq!(remind(None), Err(ClientError::LiveNotFound));
        assert_eq!(
            remind(Some(&live(false, "2026-03-08T22:00:00Z"))),
            Err(ClientError::LiveNotUpcoming)
        );
    }

    #[test]
    fn moments_are_written_as_in_buenos_aires() {
        for (at, words) in [
            ("2026-01-01T02:30:00Z", "31 dic 2025, 11:30 p. m."),
            ("2026-09-05T03:05:00Z", "5 sept 2026, 12:05 a. m."),
            ("2026-09-05T15:00:00Z", "5 sept 2026, 12:00 p. m."),
            ("2026-07-05T12:00:00Z", "5 jul 2026, 9:00 a. m."),
        ] {
            assert_eq!(in_words(at.parse().unwrap()), words);
        }
    }
}
