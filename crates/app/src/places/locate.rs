//! Asking the map about one shop.

use avvivo_domain::shops::location::{self, Question};
use avvivo_kernel::Timestamp;
use avvivo_ports::{GeocodeError, Geocoder};
use avvivo_postgres::{
    outbox::Pending,
    places::{self, Looked},
    shops::{lists, write},
};
use chrono::TimeDelta;

use super::Asked;
use crate::{
    Deps, announce,
    outbox::{NotTaken, Ran},
};

/// Houses do not move.
const FOUND_LIFE: TimeDelta = TimeDelta::days(180);
/// Maps learn new streets.
const NOT_FOUND_LIFE: TimeDelta = TimeDelta::days(1);
/// A map that was away for so long is somebody's to look at.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(3);

/// Finds the point of a claimed row's shop, and puts it there.
pub(crate) async fn run(deps: &Deps, map: &dyn Geocoder, row: &Pending) -> Result<Ran, NotTaken> {
    let asked: Asked =
        serde_json::from_slice(&row.payload).map_err(|_| NotTaken::never("not a question"))?;
    let now = deps.now();
    if now - row.created_at > GIVE_UP_AFTER {
        return Err(NotTaken::never("the map could not be asked for days"));
    }
    if let Some(point) = point(deps, map, &asked, now).await? {
        put(deps, asked, point, now).await?;
    }
    Ok(Ran::Done)
}

async fn point(
    deps: &Deps,
    map: &dyn Geocoder,
    asked: &Asked,
    now: Timestamp,
) -> Result<Option<(f64, f64)>, NotTaken> {
    let mut conn = deps.db.acquire().await?;
    let known = places::find(&mut conn, &asked.key).await?;
    drop(conn);
    if let Some(known) = known.filter(|known| is_fresh(known, now)) {
        return Ok(known.point);
    }
    let found = map.locate(&asked.address).await.map_err(not_asked)?;
    let point = found.map(|at| (at.latitude(), at.longitude()));
    let mut conn = deps.db.acquire().await?;
    places::keep(&mut conn, &asked.key, Looked { point, at: now }).await?;
    Ok(point)
}

fn is_fresh(known: &Looked, now: Timestamp) -> bool {
    let life = known.point.map_or(NOT_FOUND_LIFE, |_| FOUND_LIFE);
    now - known.at < life
}

async fn put(deps: &Deps, asked: Asked, point: (f64, f64), now: Timestamp) -> Result<(), NotTaken> {
    let question = Question {
        address: asked.address,
        key: asked.key,
    };
    let mut tx = deps.db.begin().await?;
    let Some(before) = lists::find_for_update(&mut tx, asked.shop).await? else {
        return Ok(());
    };
    let Some(after) = location::located(&before, &question, point, now) else {
        return Ok(());
    };
    write::save(&mut tx, &before, &after).await?;
    announce::shop_changed(deps, &mut tx, asked.shop, now).await?;
    Ok(deps.commit(tx).await?)
}

fn not_asked(error: GeocodeError) -> NotTaken {
    let wait = match &error {
        GeocodeError::Unavailable { retry_after, .. } => *retry_after,
        GeocodeError::Timeout => None,
    };
    NotTaken::from(error).not_before(wait)
}
