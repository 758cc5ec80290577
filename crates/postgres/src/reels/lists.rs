//! Reels in numbers, newest first. A shop's details are read once a shop, not once a reel.

use std::collections::HashMap;

use avvivo_domain::reels::{Reel, showcase::AgeBand};
use avvivo_kernel::{ReelId, ShopId, Timestamp};
use uuid::Uuid;

use super::{
    ReelShop, ReelWithShop,
    row::{ReelRow, listed_reels, reels},
};
use crate::{Conn, DbError};

/// The public feed, but for shops that are out of sight. Without editor's states.
///
/// Nothing is added to the end of a reel's day but a reason not to search by it: the planner, which takes the two conditions
/// for unrelated, believes that few reels are left, and would read and sort the whole feed for its first page.
pub async fn list_feed(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ReelWithShop>, DbError> {
    let rows = listed_reels!(
        r#"
        WHERE
            r.status = 'ACTIVE'
            AND r.expires_at + interval '0' >= $1
            AND r.shop_id <> ALL(ARRAY(SELECT id FROM shops WHERE status IN ('HIDDEN', 'BANNED')))
        ORDER BY r.created_at DESC
        LIMIT $2
        "#,
        now,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    with_shops(conn, rows).await
}

/// Whole reels, as many as fit.
#[derive(Debug, Clone, PartialEq)]
pub struct WholePage {
    /// The reels, newest first.
    pub reels: Vec<ReelWithShop>,
    /// Whether older ones may follow.
    pub more: bool,
}

/// Everything, for administrators: the newest `limit`, older than `before` when that is given. Fewer when their editor's
/// states and reports, up to a megabyte each, come to more than `most_bytes`; but never none.
pub async fn list_all(
    conn: &mut Conn,
    before: Option<(Timestamp, ReelId)>,
    limit: i64,
    most_bytes: i64,
) -> Result<WholePage, DbError> {
    let (created_at, id) = before.unzip();
    let sizes = sqlx::query!(
        r#"
        SELECT
            r.id,
            (octet_length(coalesce(r.editor_state::text, '')) + octet_length(coalesce(r.render_report::text, '')))::bigint
                AS "bytes!"
        FROM reels AS r
        WHERE $1::timestamptz IS NULL OR (r.created_at, r.id) < ($1, $2)
        ORDER BY r.created_at DESC, r.id DESC
        LIMIT $3
        "#,
        created_at,
        id.map(ReelId::as_uuid),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut room = most_bytes;
    let fitting: Vec<Uuid> = sizes
        .iter()
        .enumerate()
        .take_while(|(place, row)| {
            room = room.saturating_sub(row.bytes);
            *place == 0 || room >= 0
        })
        .map(|(_, row)| row.id)
        .collect();
    let full = i64::try_from(sizes.len()).is_ok_and(|found| found >= limit);
    let rows = reels!(
        "WHERE r.id = ANY($1) ORDER BY r.created_at DESC, r.id DESC",
        &fitting,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(WholePage {
        more: full || fitting.len() < sizes.len(),
        reels: with_shops(conn, rows).await?,
    })
}

/// A shop's own, in every status. Without editor's states.
pub async fn list_of_shop(
    conn: &mut Conn,
    shop: ShopId,
    limit: i64,
) -> Result<Vec<ReelWithShop>, DbError> {
    let rows = listed_reels!(
        "WHERE r.shop_id = $1 ORDER BY r.created_at DESC LIMIT $2",
        shop.as_uuid(),
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    with_shops(conn, rows).await
}

/// These reels, in this order; those that are gone are left out. Without editor's states.
pub async fn list_by_ids(conn: &mut Conn, ids: &[ReelId]) -> Result<Vec<ReelWithShop>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows = listed_reels!(
        "JOIN unnest($1::uuid []) WITH ORDINALITY AS wanted (id, place) ON wanted.id = r.id ORDER BY wanted.place",
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    with_shops(conn, rows).await
}

/// The newest reels of an age that the showcase may show: finished ones of shops that are in sight, whether or not their day
/// is over.
pub async fn list_showcase_candidates(
    conn: &mut Conn,
    band: AgeBand,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(ReelId, Timestamp)>, DbError> {
    let (after, until) = band.created_between(now);
    let rows = sqlx::query!(
        r#"
        SELECT id, created_at
        FROM reels
        WHERE
            status IN ('ACTIVE', 'EXPIRED')
            AND (video_url IS NOT NULL OR cardinality(photo_urls) > 0)
            AND shop_id <> ALL(ARRAY(SELECT s.id FROM shops AS s WHERE s.status IN ('HIDDEN', 'BANNED')))
            AND ($1::timestamptz IS NULL OR created_at > $1)
            AND created_at <= $2
        ORDER BY created_at DESC
        LIMIT $3
        "#,
        after,
        until,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.created_at))
        .collect())
}

/// A reel with its shop, whole.
pub async fn find_with_shop(conn: &mut Conn, id: ReelId) -> Result<Option<ReelWithShop>, DbError> {
    let rows = reels!("WHERE r.id = $1 LIMIT 1", id.as_uuid())
        .fetch_all(&mut *conn)
        .await?;
    Ok(with_shops(conn, rows).await?.pop())
}

async fn with_shops(conn: &mut Conn, rows: Vec<ReelRow>) -> Result<Vec<ReelWithShop>, DbError> {
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.shop_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let shops = shops_by_id(conn, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let reel = Reel::try_from(row)?;
            let shop = shops
                .get(&reel.shop_id)
                .cloned()
                .ok_or_else(|| DbError::broken("reels", "shop_id", reel.id, reel.shop_id))?;
            Ok(ReelWithShop { reel, shop })
        })
        .collect()
}

async fn shops_by_id(conn: &mut Conn, ids: &[Uuid]) -> Result<HashMap<ShopId, ReelShop>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT id, name, slug, logo_url, cover_url, website, address_details
        FROM shops
        WHERE id = ANY($1)
        "#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let shop = ReelShop {
                id: row.id.into(),
                name: row.name,
                slug: row.slug,
                logo_url: row.logo_url,
                cover_url: row.cover_url,
                website: row.website,
                address_details: row.address_details,
            };
            (shop.id, shop)
        })
        .collect())
}
