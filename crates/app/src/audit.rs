//! What somebody may have to answer for: written with the change it is about, read by administrators.

use avvivo_domain::audit::AuditEntry;
use avvivo_kernel::Timestamp;
use avvivo_postgres::{
    DbError, Transaction,
    audit::{self, Filter, Recorded},
};
use uuid::Uuid;

use crate::{AppError, Deps};

/// Writes an entry, in the transaction of what it is about.
pub(crate) async fn write(
    deps: &Deps,
    tx: &mut Transaction,
    entry: &AuditEntry,
) -> Result<(), DbError> {
    audit::insert(tx, deps.ids.uuid(), entry).await
}

/// The newest entries, older than `before` when that is given.
pub async fn list(
    deps: &Deps,
    filter: Filter,
    before: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Recorded>, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(audit::list(&mut conn, filter, before, limit).await?)
}
