//! Keeping a shop from scheduling for a while. What it announced for that time is moved in the same commit.

use avvivo_domain::{
    audit::AuditAction,
    clients::reminder::Reminder,
    identity::Caller,
    shops::{
        agenda::{Announced, Rescheduled, SuspensionDays, reschedule},
        transitions::suspend_agenda,
    },
};
use avvivo_kernel::{ShopId, StreamId, time::to_wire};
use avvivo_postgres::shops::{
    ListedShop,
    agenda::{self, Agenda, Move},
    suspensions,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::Change;
use crate::{AppError, Deps};

/// Suspends the agenda and moves its lives.
pub async fn run(
    deps: &Deps,
    admin: &Caller,
    id: ShopId,
    (days, reason): (SuspensionDays, Option<String>),
) -> Result<ListedShop, AppError> {
    let (mut change, before) = Change::of(deps, admin, id).await?;
    let now = change.now;
    let by = Some(admin.account_id);
    let after = suspend_agenda(&before, days, reason.clone(), by, now)?;
    change.store(&before, &after).await?;
    suspensions::insert(&mut change.tx, deps.ids.uuid(), &after, now).await?;
    let lives = agenda::lock(&mut change.tx, id).await?;
    let moves = reschedule(&lives.upcoming, &lives.live, now, days.end(now));
    let moves: Vec<Move> = moves
        .into_iter()
        .map(|(live, becomes)| told(&lives, live, becomes))
        .collect();
    agenda::reschedule(&mut change.tx, deps.ids.uuid(), &moves).await?;
    let events: Vec<Uuid> = moves.iter().map(|_| deps.ids.uuid()).collect();
    let by = (id, admin.account_id);
    agenda::insert_events(&mut change.tx, by, &moves, &events, now).await?;
    let pair = (Some(&before), Some(&after));
    if let Some(entry) = change.entry(AuditAction::AgendaSuspended, pair, reason) {
        let entry = entry.with("lives", scheduled(&moves), rescheduled(&moves));
        change.write_down(&entry, pair).await?;
    }
    change.commit_and_show(after).await
}

/// What becomes of a live, with what its reminders say.
fn told(lives: &Agenda, live: Announced<StreamId>, becomes: Rescheduled) -> Move {
    let title = lives.titles.get(&live.id).map_or("", String::as_str);
    let (target, reminder) = match becomes {
        Rescheduled::Moved(at) => (at, Some(Reminder::of(title, at))),
        Rescheduled::Conflict(at) => (at, None),
    };
    Move {
        live,
        target,
        reminder,
    }
}

/// Lives as they were, for the audit.
fn scheduled(moves: &[Move]) -> Value {
    moves
        .iter()
        .map(|moved| json!({"id": moved.live.id, "scheduledAt": to_wire(moved.live.at)}))
        .collect()
}

/// The same as they are; without a time where there was no day for them.
fn rescheduled(moves: &[Move]) -> Value {
    moves
        .iter()
        .map(|moved| json!({"id": moved.live.id, "scheduledAt": moved.to().map(to_wire)}))
        .collect()
}
