//! Credentials that give out tokens, built anew when they fail for good.
//!
//! google-cloud-auth does the caching: one task a token fetches it, renews it four minutes before
//! it expires, and serves every caller from memory, so there is no stampede. What it does not do
//! is recover from an answer that it takes for final, such as a metadata server that is not ready
//! yet; here the credentials are then built anew, at most every few seconds.

use std::time::Duration;

use google_cloud_auth::build_errors;
use google_cloud_auth::errors::CredentialsError;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::environment::CALL_LIMIT;
use crate::fault;

/// Failed credentials are not asked again sooner than this, however many callers there are.
const REBUILD_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Source<C> {
    current: Mutex<Option<Built<C>>>,
}

#[derive(Debug, Clone)]
struct Built<C> {
    credentials: C,
    at: Instant,
}

impl<C: Clone> Source<C> {
    pub(crate) fn new() -> Self {
        Self {
            current: Mutex::new(None),
        }
    }

    /// What the credentials say when they are asked, or why they say nothing.
    pub(crate) async fn ask<T, F>(
        &self,
        build: impl FnOnce() -> Result<C, build_errors::Error>,
        ask: impl FnOnce(C) -> F,
    ) -> Result<T, String>
    where
        F: Future<Output = Result<T, CredentialsError>>,
    {
        let current = self.current(build).await?;
        match tokio::time::timeout(CALL_LIMIT, ask(current.credentials)).await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(error)) => {
                self.discard(current.at).await;
                Err(fault::reason(&error))
            }
            Err(_elapsed) => Err("no answer in time".to_owned()),
        }
    }

    async fn current(
        &self,
        build: impl FnOnce() -> Result<C, build_errors::Error>,
    ) -> Result<Built<C>, String> {
        let mut current = self.current.lock().await;
        if let Some(there) = &*current {
            return Ok(there.clone());
        }
        let new = Built {
            credentials: build().map_err(|error| error.to_string())?,
            at: Instant::now(),
        };
        *current = Some(new.clone());
        Ok(new)
    }

    /// Lets go of failed credentials, unless they are so young that their failure still counts.
    async fn discard(&self, failed: Instant) {
        let mut current = self.current.lock().await;
        let is_current = current.as_ref().is_some_and(|it| it.at == failed);
        if is_current && failed.elapsed() >= REBUILD_AFTER {
            *current = None;
        }
    }
}
