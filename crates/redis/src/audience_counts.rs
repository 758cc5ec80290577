//! How many hear what, over all gateways: who is there, how many watch.
//!
//! Each gateway writes how many it has, and says again now and then; what is not said again runs out, so that a gateway that
//! died is not counted for long. Nothing is written for anybody who comes or goes but a number.

use avvivo_kernel::Timestamp;
use chrono::TimeDelta;
use redis::pipe;

use crate::{connection::Redis, error::RedisError};

const NAMESPACE: &str = "heard";

/// How long a count is good. Whoever counts says it again twice in that time.
pub const COUNT_HOLDS: TimeDelta = TimeDelta::seconds(45);
/// Audiences of one round trip.
const AT_ONCE: usize = 500;

impl Redis {
    /// Says how many hear each audience at `instance`.
    pub async fn report_counts(
        &self,
        instance: &str,
        counts: &[(impl AsRef<str> + Sync, u32)],
        now: Timestamp,
    ) -> Result<(), RedisError> {
        let until = (now + COUNT_HOLDS).timestamp_millis();
        for some in counts.chunks(AT_ONCE) {
            let mut commands = pipe();
            for (audience, count) in some {
                let key = self.key(NAMESPACE, audience.as_ref());
                if *count == 0 {
                    commands.hdel(&key, instance).ignore();
                } else {
                    commands
                        .hset(&key, instance, format!("{until}:{count}"))
                        .ignore()
                        .pexpire(&key, COUNT_HOLDS.num_milliseconds())
                        .ignore();
                }
            }
            self.call(
                |mut connection| async move { commands.query_async::<()>(&mut connection).await },
            )
            .await?;
        }
        Ok(())
    }

    /// How many hear each audience, in their order.
    pub async fn counts(
        &self,
        audiences: &[impl AsRef<str> + Sync],
        now: Timestamp,
    ) -> Result<Vec<u64>, RedisError> {
        let mut counts = Vec::with_capacity(audiences.len());
        for some in audiences.chunks(AT_ONCE) {
            let mut commands = pipe();
            for audience in some {
                commands.hvals(self.key(NAMESPACE, audience.as_ref()));
            }
            let reports: Vec<Vec<String>> = self
                .call(|mut connection| async move { commands.query_async(&mut connection).await })
                .await?;
            counts.extend(reports.iter().map(|reports| sum(reports, now)));
        }
        Ok(counts)
    }
}

fn sum(reports: &[String], now: Timestamp) -> u64 {
    let count = |report: &String| {
        let (until, count) = report.split_once(':')?;
        let holds = until.parse::<i64>().ok()? > now.timestamp_millis();
        count.parse::<u32>().ok().filter(|_| holds)
    };
    reports.iter().filter_map(count).map(u64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_out_or_cannot_be_read_is_not_counted() {
        let now = Timestamp::from_timestamp_millis(1_000).unwrap();
        let reports = ["1001:3", "1000:5", "x:1", "9999:4", "", "7"].map(str::to_owned);
        assert_eq!(sum(&reports, now), 7);
    }
}
