//! Bytes that Redis keeps for a while.

use std::time::Duration;

use redis::{AsyncCommands, SetExpiry, SetOptions};

use crate::{connection::Redis, error::RedisError};

impl Redis {
    /// The bytes under `<prefix>:<namespace>:<part>`, while they live.
    pub async fn get(&self, namespace: &str, part: &str) -> Result<Option<Vec<u8>>, RedisError> {
        let key = self.key(namespace, part);
        self.call(|mut connection| async move { connection.get(key).await })
            .await
    }

    /// Keeps `bytes` for `ttl`, rounded up to a millisecond.
    pub async fn set(
        &self,
        namespace: &str,
        part: &str,
        bytes: &[u8],
        ttl: Duration,
    ) -> Result<(), RedisError> {
        let key = self.key(namespace, part);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let options = SetOptions::default().with_expiration(SetExpiry::PX(ttl_ms));
        self.call(|mut connection| async move { connection.set_options(key, bytes, options).await })
            .await
    }

    /// Forgets what is kept under these parts, together.
    pub async fn forget(&self, namespace: &str, parts: &[&str]) -> Result<(), RedisError> {
        if parts.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = parts.iter().map(|part| self.key(namespace, part)).collect();
        self.call(|mut connection| async move { connection.unlink(keys).await })
            .await
    }
}
