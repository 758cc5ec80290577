//! The object store itself: what Cloud Storage does, whatever protocol asks for it.
//!
//! Bytes go to [`Blobs`], rows to the shared store, and a row is the commit point of both. Checks
//! that a request's outcome depends on are made inside the transaction that acts on them.

mod buckets;
mod copying;
mod listing;
mod objects;
mod publishing;

pub(crate) use copying::{ComposeSource, CopySource};
pub(crate) use listing::ListQuery;
pub(crate) use objects::ObjectUpdate;
pub(crate) use publishing::{NewObject, Origin, Stored};

use chrono::{DateTime, SubsecRound as _, Utc};
use rusqlite::Connection;

use super::blob::Blobs;
use super::catalog;
use super::error::StorageError;
use super::sessions::LiveSessions;
use crate::clock::Clock;
use crate::store::Store;

/// Handle to the object store; clones share it.
#[derive(Clone)]
pub(crate) struct Engine {
    store: Store,
    blobs: Blobs,
    clock: Clock,
    sessions: LiveSessions,
}

impl Engine {
    /// Opens the rows and removes the files that a crash left unnamed.
    pub(crate) async fn open(
        store: Store,
        blobs: Blobs,
        clock: Clock,
    ) -> Result<Self, StorageError> {
        store.migrate("storage", catalog::MIGRATIONS).await?;
        let named = store.read(catalog::named_blobs).await?;
        let sweeping = blobs.clone();
        let removed = tokio::task::spawn_blocking(move || sweeping.sweep(&named))
            .await
            .map_err(std::io::Error::from)??;
        if removed > 0 {
            tracing::info!(removed, "swept files of uploads that never finished");
        }
        Ok(Self {
            store,
            blobs,
            clock,
            sessions: LiveSessions::default(),
        })
    }

    /// The time to the microsecond, which is what rows keep: an answer and a later look at the same
    /// object agree.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn sessions(&self) -> &LiveSessions {
        &self.sessions
    }

    /// One transaction that may refuse. It must refuse before it writes: a refusal is an answer,
    /// not an error of the database, and undoes nothing.
    async fn decide<T, F>(&self, work: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<Result<T, StorageError>> + Send + 'static,
    {
        self.store.write(work).await?
    }
}
