//! Keeping a shop from scheduling for a while. What it announced for that time is moved in the same commit.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    shops::{
        Shop,
        agenda::{SuspensionDays, reschedule},
        transitions::suspend_agenda,
    },
};
use avvivo_kernel::ShopId;
use avvivo_postgres::shops::agenda;

use super::change::Change;
use crate::{AppError, Deps};

/// Suspends the agenda and moves its lives.
pub async fn run(
    deps: &Deps,
    admin: &Caller,
    id: ShopId,
    (days, reason): (SuspensionDays, Option<String>),
) -> Result<Shop, AppError> {
    let (mut change, before) = Change::of(deps, admin, id).await?;
    let now = change.now;
    let by = Some(admin.account_id);
    let after = suspend_agenda(&before, days, reason.clone(), by, now)?;
    change
        .save((&before, &after), AuditAction::AgendaSuspended, reason)
        .await?;
    let lives = agenda::lock(&mut change.tx, id).await?;
    let moves = reschedule(&lives.upcoming, &lives.live, now, days.end(now));
    agenda::reschedule(&mut change.tx, deps.ids.uuid(), &moves).await?;
    change.commit().await?;
    Ok(after)
}
