//! Reels in PROCESSING that nobody works on: back into the queue, or given up.

use avvivo_domain::reels::{
    MAX_RENDER_ATTEMPTS, Reel, ReelStatus, RenderFailure, RenderState, Stage,
    render::{exhausted, overdue},
};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{Transaction, reels::render};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    AppError, Deps, announce,
    reels::{create_reel::push_render_job, give_up},
};

/// How many a pass takes.
const BATCH: i64 = 50;
/// Nobody has touched it for this long. The queue's own retries come sooner, so this finds what the queue has forgotten.
const IDLE: TimeDelta = TimeDelta::minutes(10);

/// One pass. It answers how many reels it put back and gave up.
pub async fn pass(deps: &Deps) -> Result<Value, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let stuck = render::lock_stuck(&mut tx, now, now - IDLE, BATCH).await?;
    let mut stuck: Vec<_> = stuck
        .into_iter()
        .map(|reel| (hopeless(&reel, now), reel))
        .collect();
    // Locks are taken in one order: shops by their ids, and of a shop the wallet, which a refund needs, before the audience.
    stuck.sort_by_key(|(hopeless, reel)| (reel.shop_id, hopeless.is_none()));
    let (mut requeued, mut given_up) = (0, 0);
    for (hopeless, reel) in stuck {
        if let Some(failure) = hopeless {
            give_up(deps, &mut tx, &reel, &failure, now).await?;
            given_up += 1;
        } else {
            requeue(deps, &mut tx, reel, now).await?;
            requeued += 1;
        }
    }
    deps.commit(tx).await?;
    Ok(json!({"requeued": requeued, "givenUp": given_up}))
}

/// Why trying again cannot help, if so.
fn hopeless(reel: &Reel, now: Timestamp) -> Option<RenderFailure> {
    if reel.expires_at <= now {
        Some(overdue())
    } else if reel.render.attempts >= MAX_RENDER_ATTEMPTS {
        Some(exhausted())
    } else {
        None
    }
}

async fn requeue(
    deps: &Deps,
    tx: &mut Transaction,
    reel: Reel,
    now: Timestamp,
) -> Result<(), AppError> {
    // A new version makes a new job: the queue remembers the old one's name and would take it for a repeat.
    let version = reel.render.version.saturating_add(1);
    let render = RenderState {
        version,
        ..reel.render.clone()
    };
    let reel = Reel { render, ..reel };
    render::set_requeued(tx, reel.id, version, now).await?;
    push_render_job(deps, tx, &reel, now).await?;
    let news = announce::ReelNews {
        status: ReelStatus::Processing,
        stage: Some(Stage::Requeued),
        progress: 0,
        failure: None,
        ..announce::ReelNews::of(&reel)
    };
    announce::reel_status(deps, tx, news, now).await?;
    Ok(())
}
