//! Reels whose day is over leave the feed.

use avvivo_domain::reels::ReelStatus;
use avvivo_postgres::reels;
use serde_json::{Value, json};

use crate::{AppError, Deps, announce};

/// How many a pass takes.
const BATCH: i64 = 200;

/// One pass. It answers how many reels expired.
pub async fn pass(deps: &Deps) -> Result<Value, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let mut expired = reels::expire_active(&mut tx, now, BATCH).await?;
    // Audiences are locked in one order: shops by their ids, the public one last.
    expired.sort_unstable_by_key(|(_, shop)| *shop);
    for (reel, shop) in &expired {
        let news = announce::ReelNews {
            reel: *reel,
            shop: *shop,
            status: ReelStatus::Expired,
            stage: None,
            progress: 100,
            failure: None,
        };
        announce::reel_status(deps, &mut tx, news, now).await?;
    }
    for (reel, shop) in &expired {
        announce::reel_withdrawn(deps, &mut tx, (*reel, *shop), now).await?;
    }
    deps.commit(tx).await?;
    Ok(json!({"expired": expired.len()}))
}
