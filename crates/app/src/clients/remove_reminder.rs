//! A buyer no longer wants to be reminded of a live.

use avvivo_kernel::{AccountId, StreamId};
use avvivo_postgres::{notifications, reminders};

use super::MAX_IDS;
use crate::{AppError, Deps};

/// The lives they are reminded of afterwards, what comes next first. What cannot be a live never was one of them.
pub async fn run(
    deps: &Deps,
    account: AccountId,
    stream: Option<StreamId>,
) -> Result<Vec<StreamId>, AppError> {
    let mut tx = deps.db.begin().await?;
    if let Some(stream) = stream {
        reminders::cancel(&mut tx, account, stream).await?;
        notifications::cancel_reminder(&mut tx, account, stream).await?;
    }
    let all = reminders::list_ids(&mut tx, account, MAX_IDS).await?;
    deps.commit(tx).await?;
    Ok(all)
}
