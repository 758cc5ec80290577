//! How many hear what, over all gateways: who is there, how many watch.
//!
//! Each gateway keeps its counts in a hash of its own, which runs out as a whole when the gateway no longer says that it is
//! there. So what is written is what changes, however many there are of whom nothing changes. Sums are over the gateways that
//! report what they have open ([`Redis::report_gateway`]).

use redis::{AsyncCommands, cmd, pipe};

use crate::{connection::Redis, error::RedisError};

const NAMESPACE: &str = "heard";

/// How long counts are good. Whoever counts says four times in that time that it is still there.
const HOLDS_MILLISECONDS: i64 = 45_000;
/// Stands in a hash for as long as nothing of it was forgotten. No audience is called so.
const MARK: &str = "";
/// Audiences of one command.
const AT_ONCE: usize = 500;

impl Redis {
    /// Says how many hear each audience at `instance`.
    pub async fn report_counts(
        &self,
        instance: &str,
        counts: &[(impl AsRef<str> + Sync, u32)],
    ) -> Result<(), RedisError> {
        let key = self.key(NAMESPACE, instance);
        for some in counts.chunks(AT_ONCE) {
            let (gone, there): (Vec<_>, Vec<_>) = some
                .iter()
                .map(|(audience, count)| (audience.as_ref(), *count))
                .partition(|(_, count)| *count == 0);
            let mut commands = pipe();
            if !gone.is_empty() {
                let gone: Vec<&str> = gone.iter().map(|(audience, _)| *audience).collect();
                commands.hdel(&key, gone).ignore();
            }
            if !there.is_empty() {
                commands.hset_multiple(&key, &there).ignore();
            }
            commands.pexpire(&key, HOLDS_MILLISECONDS).ignore();
            self.call(
                |mut connection| async move { commands.query_async::<()>(&mut connection).await },
            )
            .await?;
        }
        Ok(())
    }

    /// Says that `instance` is still there. Answers whether all that it said is, too; where it is not, everything has to be said
    /// again: at the beginning, after it was away for too long, and when Redis has forgotten everything, even if it has said
    /// something since.
    pub async fn keep_counts(&self, instance: &str) -> Result<bool, RedisError> {
        let key = self.key(NAMESPACE, instance);
        let mut commands = pipe();
        commands
            .hset_nx(&key, MARK, 1)
            .pexpire(&key, HOLDS_MILLISECONDS)
            .ignore();
        let (is_new,): (bool,) = self
            .call(|mut connection| async move { commands.query_async(&mut connection).await })
            .await?;
        Ok(!is_new)
    }

    /// Takes the counts of `instance` away.
    pub(crate) async fn forget_counts(&self, instance: &str) -> Result<(), RedisError> {
        let key = self.key(NAMESPACE, instance);
        self.call(|mut connection| async move { connection.del(key).await })
            .await
    }

    /// How many hear each audience, in their order.
    pub async fn counts(
        &self,
        audiences: &[impl AsRef<str> + Sync],
    ) -> Result<Vec<u64>, RedisError> {
        if audiences.is_empty() {
            return Ok(Vec::new());
        }
        let gateways = self.gateways().await?;
        if gateways.is_empty() {
            return Ok(vec![0; audiences.len()]);
        }
        let mut counts = Vec::with_capacity(audiences.len());
        for some in audiences.chunks(AT_ONCE) {
            let names: Vec<&str> = some.iter().map(AsRef::as_ref).collect();
            let mut commands = pipe();
            for gateway in &gateways {
                let key = self.key(NAMESPACE, gateway);
                commands.add_command(cmd("HMGET").arg(key).arg(&names).clone());
            }
            let reports: Vec<Vec<Option<u32>>> = self
                .call(|mut connection| async move { commands.query_async(&mut connection).await })
                .await?;
            let of_all = |audience: usize| {
                let counts = reports.iter().filter_map(|report| *report.get(audience)?);
                counts.map(u64::from).sum::<u64>()
            };
            counts.extend((0..some.len()).map(of_all));
        }
        Ok(counts)
    }
}
