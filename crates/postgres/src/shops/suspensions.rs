//! The table `agenda_suspensions`. A shop that is locked keeps its own still.

use avvivo_domain::shops::Shop;
use avvivo_kernel::{AccountId, ShopId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// Writes down that a shop is suspended from `now` on, as it says itself. What was open until then ends there.
pub async fn insert(conn: &mut Conn, id: Uuid, shop: &Shop, now: Timestamp) -> Result<(), DbError> {
    let Some(until) = shop.suspension.until else {
        return Ok(());
    };
    end(conn, shop.id, now, now).await?;
    sqlx::query!(
        r#"
        INSERT INTO agenda_suspensions (id, shop_id, start_at, end_at, reason, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $3)
        "#,
        id,
        shop.id.as_uuid(),
        now,
        until,
        shop.suspension.reason.as_deref().unwrap_or_default(),
        shop.suspension.by.map(AccountId::as_uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Has the one that is open, if any, end at another time.
pub(super) async fn end(
    conn: &mut Conn,
    shop: ShopId,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE agenda_suspensions SET end_at = greatest(start_at, $2) WHERE shop_id = $1 AND end_at > $3",
        shop.as_uuid(),
        at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
