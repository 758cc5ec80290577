//! Reading reels.

use std::collections::HashSet;

use avvivo_domain::{
    identity::Caller,
    reels::{
        ReelError,
        showcase::{AgeBand, BANDS, hour_key, order_band},
    },
};
use avvivo_kernel::{ReelId, ShopId, Timestamp};
use avvivo_postgres::{
    Conn,
    reels::{
        ReelWithShop,
        lists::{self, WholePage},
    },
};

use crate::{AppError, Deps};

/// The public feed, newest first.
pub async fn feed(deps: &Deps, limit: i64) -> Result<Vec<ReelWithShop>, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(lists::list_feed(&mut conn, deps.now(), limit).await?)
}

/// What a page of whole reels may weigh: a few ordinary pages, and not a thousand editor's states of a megabyte.
const MOST_PAGE_BYTES: i64 = 8 * 1024 * 1024;

/// Everything, newest first, a page at a time.
pub async fn all(
    deps: &Deps,
    before: Option<(Timestamp, ReelId)>,
    limit: i64,
) -> Result<WholePage, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(lists::list_all(&mut conn, before, limit, MOST_PAGE_BYTES).await?)
}

/// A shop's own reels, for its owner and administrators.
pub async fn of_shop(
    deps: &Deps,
    caller: &Caller,
    shop: ShopId,
    limit: i64,
) -> Result<Vec<ReelWithShop>, AppError> {
    caller.must_run_shop(shop)?;
    let mut conn = deps.db.acquire().await?;
    Ok(lists::list_of_shop(&mut conn, shop, limit).await?)
}

/// One reel, for its owner and administrators.
pub async fn one(deps: &Deps, caller: &Caller, id: ReelId) -> Result<ReelWithShop, AppError> {
    let mut conn = deps.db.acquire().await?;
    let found = lists::find_with_shop(&mut conn, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    caller.must_own(found.reel.shop_id)?;
    Ok(found)
}

/// The showcase of this hour: reels of every age, the youngest ages first.
pub async fn showcase(deps: &Deps, limit: usize) -> Result<Vec<ReelWithShop>, AppError> {
    let now = deps.now();
    let hour = hour_key(now);
    let mut conn = deps.db.acquire().await?;
    let mut chosen: Vec<ReelId> = Vec::with_capacity(limit);
    let per_band = i64::from(deps.policy.showcase_per_band);
    for band in BANDS {
        if chosen.len() < limit {
            let ordered = candidates(&mut conn, band, (&hour, band.key), now, per_band).await?;
            chosen.extend(ordered.into_iter().take(limit.saturating_sub(chosen.len())));
        }
    }
    if chosen.len() < limit {
        // Bands look at their newest only, so older ones may have been passed over.
        let everything = AgeBand {
            key: "fallback",
            from_hours: 0,
            to_hours: None,
        };
        let twice = per_band.saturating_mul(2);
        let ordered =
            candidates(&mut conn, everything, (&hour, everything.key), now, twice).await?;
        let known: HashSet<ReelId> = chosen.iter().copied().collect();
        let fresh = ordered.into_iter().filter(|id| !known.contains(id));
        chosen.extend(fresh.take(limit.saturating_sub(known.len())));
    }
    Ok(lists::list_by_ids(&mut conn, &chosen).await?)
}

async fn candidates(
    conn: &mut Conn,
    band: AgeBand,
    (hour, key): (&str, &str),
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ReelId>, AppError> {
    let mut reels = lists::list_showcase_candidates(conn, band, now, limit).await?;
    order_band(hour, key, &mut reels);
    Ok(reels.into_iter().map(|(id, _)| id).collect())
}
