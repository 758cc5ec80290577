//! What each gateway has open, so that the api can tell the sum. A gateway reports every few seconds; one that died without
//! taking its leave is not counted after [`FRESH_FOR`], and the next report of any other clears it away.

use avvivo_kernel::Timestamp;
use chrono::TimeDelta;
use redis::{AsyncCommands, pipe};

use crate::{connection::Redis, error::RedisError};

/// Where the reports are: a hash with one field an instance.
const NAMESPACE: &str = "realtime";
const HASH: &str = "gateways";

/// Three reports in a row would have to fail.
const FRESH_FOR: TimeDelta = TimeDelta::seconds(35);

/// What is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GatewayCounts {
    /// Streams.
    pub connections: u64,
    /// Channels with at least one stream.
    pub channels: u64,
}

/// What is open over all gateways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GatewayTotals {
    /// Gateways that reported lately.
    pub instances: u64,
    /// Their streams.
    pub connections: u64,
    /// Their channels; one that is open on two gateways counts twice.
    pub channels: u64,
}

impl Redis {
    /// Reports what `instance` has open, and clears away those that no longer report.
    pub async fn report_gateway(
        &self,
        instance: &str,
        counts: GatewayCounts,
        now: Timestamp,
    ) -> Result<(), RedisError> {
        let key = self.key(NAMESPACE, HASH);
        let dead: Vec<String> = self
            .gateway_reports()
            .await?
            .into_iter()
            .filter(|(_, report)| fresh(report, now).is_none())
            .map(|(instance, _)| instance)
            .collect();
        let report = format!(
            "{}:{}:{}",
            now.timestamp_millis(),
            counts.connections,
            counts.channels
        );
        let instance = instance.to_owned();
        self.call(|mut connection| async move {
            let mut commands = pipe();
            if !dead.is_empty() {
                commands.hdel(&key, dead).ignore();
            }
            commands.hset(&key, instance, report).ignore();
            commands.query_async(&mut connection).await
        })
        .await
    }

    /// Takes the leave of `instance`, and its counts with it.
    pub async fn forget_gateway(&self, instance: &str) -> Result<(), RedisError> {
        self.forget_counts(instance).await?;
        let key = self.key(NAMESPACE, HASH);
        let instance = instance.to_owned();
        self.call(|mut connection| async move { connection.hdel(key, instance).await })
            .await
    }

    /// What is open over all gateways that reported lately.
    pub async fn gateway_totals(&self, now: Timestamp) -> Result<GatewayTotals, RedisError> {
        let reports = self.gateway_reports().await?;
        let counted = reports.iter().filter_map(|(_, report)| fresh(report, now));
        Ok(
            counted.fold(GatewayTotals::default(), |sum, counts| GatewayTotals {
                instances: sum.instances.saturating_add(1),
                connections: sum.connections.saturating_add(counts.connections),
                channels: sum.channels.saturating_add(counts.channels),
            }),
        )
    }

    /// The instances that have reported and are not cleared away yet.
    pub(crate) async fn gateways(&self) -> Result<Vec<String>, RedisError> {
        let key = self.key(NAMESPACE, HASH);
        self.call(|mut connection| async move { connection.hkeys(key).await })
            .await
    }

    async fn gateway_reports(&self) -> Result<Vec<(String, String)>, RedisError> {
        let key = self.key(NAMESPACE, HASH);
        self.call(|mut connection| async move { connection.hgetall(key).await })
            .await
    }
}

/// A report that is readable and not too old.
fn fresh(report: &str, now: Timestamp) -> Option<GatewayCounts> {
    let mut numbers = report.split(':').map(str::parse::<u64>);
    let (Some(Ok(at)), Some(Ok(connections)), Some(Ok(channels)), None) = (
        numbers.next(),
        numbers.next(),
        numbers.next(),
        numbers.next(),
    ) else {
        return None;
    };
    let age = now
        .timestamp_millis()
        .saturating_sub(i64::try_from(at).ok()?);
    (age <= FRESH_FOR.num_milliseconds()).then_some(GatewayCounts {
        connections,
        channels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_unreadable_reports_are_not_counted() {
        let now = Timestamp::from_timestamp_millis(100_000).unwrap();
        let counts = GatewayCounts {
            connections: 3,
            channels: 2,
        };
        assert_eq!(fresh("100000:3:2", now), Some(counts));
        assert_eq!(fresh("65000:3:2", now), Some(counts));
        for other in ["64999:3:2", "", "1:2", "100000:3:2:9", "x:3:2"] {
            assert_eq!(fresh(other, now), None, "{other}");
        }
    }
}
