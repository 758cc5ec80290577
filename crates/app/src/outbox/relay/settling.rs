//! What becomes of rows once the bus or the queue has answered: forgotten, given back, tried again later, or set aside. Many
//! at once, for each statement is a commit.

use avvivo_kernel::EventId;
use avvivo_postgres::{
    Conn, DbError,
    outbox::{self, Pending, PendingKind, Postponed},
};
use chrono::TimeDelta;

use super::{super::NotTaken, Relay};

/// The first wait after a failed hand-over; it doubles from there.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(500);
/// The longest wait: an outage should not delay anything for much longer than it lasts.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);
/// The longest wait of an errand: whom it is for is asked at a slow pace, and may be away for hours.
const LONGEST_WAIT_OF_ERRANDS: TimeDelta = TimeDelta::minutes(5);
/// Whoever says how long to wait is believed up to this.
const LONGEST_WISH: TimeDelta = TimeDelta::hours(1);
/// What is kept of an error.
const MAX_REASON_CHARS: usize = 300;

/// What draining did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DrainReport {
    /// Rows that were confirmed.
    pub handed_over: usize,
    /// Rows that will be tried again.
    pub postponed: usize,
    /// Rows that will never be taken, set aside.
    pub refused: usize,
}

impl DrainReport {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            handed_over: self.handed_over + other.handed_over,
            postponed: self.postponed + other.postponed,
            refused: self.refused + other.refused,
        }
    }
}

/// Rows that were answered and are still in the table.
#[derive(Default)]
pub(super) struct Answered {
    confirmed: Vec<EventId>,
    /// Claimed and not tried.
    back: Vec<EventId>,
    failed: Vec<(Pending, NotTaken)>,
}

impl Answered {
    /// Rows whose claims are given up.
    pub(super) fn untried(back: Vec<EventId>) -> Self {
        Self {
            back,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.confirmed.len() + self.back.len() + self.failed.len()
    }

    pub(super) fn any_untried(&self) -> bool {
        !self.back.is_empty()
    }

    pub(super) fn any_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.confirmed.extend(other.confirmed);
        self.back.extend(other.back);
        self.failed.extend(other.failed);
    }
}

impl Relay {
    /// Sorts rows by their answers, which have just come.
    pub(super) fn sort(
        &self,
        answers: impl IntoIterator<Item = (Pending, Result<(), NotTaken>)>,
    ) -> Answered {
        let now = self.clock.now();
        let mut sorted = Answered::default();
        for (row, answer) in answers {
            match answer {
                Ok(()) => {
                    match row.what {
                        PendingKind::Event { .. } | PendingKind::Job { .. } => {
                            self.meters.confirmed(row.created_at, now);
                        }
                        PendingKind::Errand { errand, .. } => self.meters.ran(errand),
                    }
                    sorted.confirmed.push(row.id);
                }
                Err(trouble) => sorted.failed.push((row, trouble)),
            }
        }
        sorted
    }

    /// Forgets what was confirmed, and puts back what was not.
    pub(super) async fn settle(&self, answered: Answered) -> Result<DrainReport, DbError> {
        let mut report = DrainReport {
            handed_over: answered.confirmed.len(),
            ..DrainReport::default()
        };
        if answered.len() == 0 {
            return Ok(report);
        }
        let mut conn = self.db.acquire().await?;
        if !answered.confirmed.is_empty() {
            outbox::confirm(&mut conn, &answered.confirmed).await?;
        }
        if !answered.back.is_empty() {
            outbox::release(&mut conn, &answered.back).await?;
        }
        let (again, never): (Vec<_>, Vec<_>) = answered
            .failed
            .into_iter()
            .partition(|(_, trouble)| trouble.again);
        if !again.is_empty() {
            report.postponed = again.len();
            self.postpone(&mut conn, again).await?;
        }
        for (row, trouble) in never {
            report.refused += 1;
            self.set_aside(&mut conn, &row, &trouble).await?;
        }
        Ok(report)
    }

    async fn postpone(
        &self,
        conn: &mut Conn,
        rows: Vec<(Pending, NotTaken)>,
    ) -> Result<(), DbError> {
        let now = self.clock.now();
        let mut postponed = Vec::with_capacity(rows.len());
        for (row, trouble) in rows {
            let next_attempt_at = now + wait(&row, &trouble);
            if matches!(row.what, PendingKind::Event { .. }) {
                self.nudge.close_until(next_attempt_at);
            }
            postponed.push(Postponed {
                id: row.id,
                next_attempt_at,
                reason: shortened(&trouble.reason),
            });
        }
        if let Some(first) = postponed.first() {
            let (count, reason) = (postponed.len(), &first.reason);
            tracing::warn!(outbox.id = %first.id, count, reason, "outbox rows postponed");
        }
        let count = u64::try_from(postponed.len()).unwrap_or_default();
        self.meters.retries.add(count, &[]);
        outbox::postpone(conn, &postponed).await
    }

    async fn set_aside(
        &self,
        conn: &mut Conn,
        row: &Pending,
        trouble: &NotTaken,
    ) -> Result<(), DbError> {
        let reason = shortened(&trouble.reason);
        tracing::error!(outbox.id = %row.id, reason, "outbox row refused and set aside");
        self.meters.refused.add(1, &[]);
        outbox::set_refused(conn, row.id, &reason, self.clock.now()).await
    }
}

fn shortened(reason: &str) -> String {
    reason.chars().take(MAX_REASON_CHARS).collect()
}

/// How long a row waits until it is tried again.
fn wait(row: &Pending, trouble: &NotTaken) -> TimeDelta {
    let longest = match row.what {
        PendingKind::Event { .. } | PendingKind::Job { .. } => LONGEST_WAIT,
        PendingKind::Errand { .. } => LONGEST_WAIT_OF_ERRANDS,
    };
    let wished = trouble.wait.map(TimeDelta::from_std);
    let wished = wished.and_then(Result::ok).unwrap_or_default();
    wait_after(row.attempts, longest).max(wished.min(LONGEST_WISH))
}

fn wait_after(attempts: u32, longest: TimeDelta) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    let factor = 1_i32.checked_shl(doublings).unwrap_or(i32::MAX);
    FIRST_WAIT
        .checked_mul(factor)
        .map_or(longest, |wait| wait.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<i64> = (1..=10)
            .map(|attempt| wait_after(attempt, LONGEST_WAIT).num_milliseconds())
            .collect();
        assert_eq!(
            waits,
            [
                500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000
            ]
        );
    }
}
