//! Keeping a shop from scheduling for a while. What it announced for that time is moved in the same commit.

use avvivo_domain::{
    audit::AuditAction,
    clients::reminder::Reminder,
    identity::Caller,
    shops::{
        agenda::{Rescheduled, SuspensionDays, reschedule},
        transitions::suspend_agenda,
    },
};
use avvivo_kernel::{ShopId, StreamId, time::to_wire};
use avvivo_postgres::shops::{
    ListedShop,
    agenda::{self, Agenda, Move},
};
use serde_json::{Value, json};

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
    let lives = agenda::lock(&mut change.tx, id).await?;
    let moves = reschedule(&lives.upcoming, &lives.live, now, days.end(now));
    let moves: Vec<Move> = moves.iter().map(|moved| told(&lives, moved)).collect();
    agenda::reschedule(&mut change.tx, deps.ids.uuid(), &moves).await?;
    let pair = (Some(&before), Some(&after));
    if let Some(entry) = change.entry(AuditAction::AgendaSuspended, pair, reason) {
        let entry = entry.with("lives", scheduled(&lives, &moves), rescheduled(&moves));
        change.write_down(&entry, pair).await?;
    }
    change.commit_and_show(after).await
}

/// What becomes of a live, with what its reminders say.
fn told(lives: &Agenda, moved: &Rescheduled<StreamId>) -> Move {
    match moved {
        Rescheduled::Moved(live) => {
            let title = lives.titles.get(&live.id).map_or("", String::as_str);
            Move {
                stream: live.id,
                to: Some((live.at, Reminder::of(title, live.at))),
            }
        }
        Rescheduled::Conflict(stream) => Move {
            stream: *stream,
            to: None,
        },
    }
}

/// Lives that are moved, as they were, for the audit.
fn scheduled(lives: &Agenda, moves: &[Move]) -> Value {
    let is_among = |id| moves.iter().any(|known| known.stream == id);
    lives
        .upcoming
        .iter()
        .filter(|live| is_among(live.id))
        .map(|live| json!({"id": live.id, "scheduledAt": to_wire(live.at)}))
        .collect()
}

/// The same as they are; without a time where there was no day for them.
fn rescheduled(moves: &[Move]) -> Value {
    moves
        .iter()
        .map(|moved| {
            let at = moved.to.as_ref().map(|(at, _)| to_wire(*at));
            json!({"id": moved.stream, "scheduledAt": at})
        })
        .collect()
}
