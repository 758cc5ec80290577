//! What all services share. Every field is a handle: cloning the state is cheap.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::issuer::Issuer;
use crate::storage::ServiceAccount;
use crate::store::Store;

#[derive(Clone)]
pub(crate) struct State {
    /// Rows of all services: one SQLite database, one writer.
    pub(crate) store: Store,
    /// A folder that lives at least as long as the server; object bytes are files below it.
    pub(crate) data_dir: Arc<Path>,
    /// Signs the tokens that tasks and pushes carry.
    pub(crate) issuer: Issuer,
    /// Whose signatures on URLs count.
    pub(crate) service_account: ServiceAccount,
    pub(crate) clock: Clock,
    /// Delivers pushes and tasks; follows no redirect, because Google's do not count as success.
    pub(crate) deliveries: reqwest::Client,
    /// Owner of every background task; [`crate::GcpLocal::shutdown`] awaits it.
    pub(crate) background: TaskTracker,
    /// Cancelled when the server is to stop: long streams and background tasks watch it.
    pub(crate) stop: CancellationToken,
    /// Scheme and authority under which clients reach this server, without a trailing slash.
    pub(crate) public_url: Arc<str>,
    /// The project that names without one belong to.
    pub(crate) project: Arc<str>,
}
