//! A buyer wants to be reminded of a live.

use avvivo_domain::clients::reminder::remind;
use avvivo_kernel::{AccountId, StreamId};
use avvivo_postgres::{notifications, reminders};

use super::MAX_IDS;
use crate::{AppError, Deps};

/// The lives they are reminded of afterwards, what comes next first.
pub async fn run(
    deps: &Deps,
    account: AccountId,
    stream: StreamId,
) -> Result<Vec<StreamId>, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let live = reminders::find_live_for_share(&mut tx, stream).await?;
    let reminder = remind(live.as_ref())?;
    let whose = (account, stream);
    reminders::ensure(&mut tx, whose, reminder.notify_at, now).await?;
    let id = deps.ids.uuid();
    notifications::queue_reminder(&mut tx, id, whose, &reminder, now).await?;
    let all = reminders::list_ids(&mut tx, account, MAX_IDS).await?;
    deps.commit(tx).await?;
    Ok(all)
}
