//! The table `favorites`: the shops that people keep.

use avvivo_kernel::{AccountId, ShopId, Timestamp};

use crate::{Conn, DbError};

/// A shop as lists of favourites show it, in whatever state it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FavoriteShop {
    /// Which one.
    pub shop: ShopId,
    /// Its name.
    pub name: String,
    /// Its logo.
    pub logo_url: Option<String>,
    /// Where it says it is.
    pub address_display: Option<String>,
    /// `LIT`, `DIMMED` or `HIDDEN`.
    pub visibility: String,
    /// How it stands.
    pub status: String,
}

/// Keeps a shop; once, however often. Whether there is such a shop.
pub async fn add(
    conn: &mut Conn,
    account: AccountId,
    shop: ShopId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let known = sqlx::query_scalar!(
        r#"
        WITH wanted AS (
            SELECT id FROM shops WHERE id = $2
        ),
        added AS (
            INSERT INTO favorites (account_id, shop_id, created_at)
            SELECT $1, id, $3 FROM wanted
            ON CONFLICT (account_id, shop_id) DO NOTHING
        )
        SELECT EXISTS (SELECT 1 FROM wanted) AS "known!"
        "#,
        account.as_uuid(),
        shop.as_uuid(),
        now,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::from);
    match known {
        // It was deleted while this was on its way.
        Err(error) if error.violates("favorites_shop_id_fkey") => Ok(false),
        known => known,
    }
}

/// Keeps a shop no longer.
pub async fn remove(conn: &mut Conn, account: AccountId, shop: ShopId) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM favorites WHERE account_id = $1 AND shop_id = $2",
        account.as_uuid(),
        shop.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The ids of the shops that somebody keeps, the newest first.
pub async fn list_ids(
    conn: &mut Conn,
    account: AccountId,
    limit: i64,
) -> Result<Vec<ShopId>, DbError> {
    let ids = sqlx::query_scalar!(
        "
        SELECT shop_id FROM favorites
        WHERE account_id = $1 ORDER BY created_at DESC, shop_id DESC LIMIT $2
        ",
        account.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ShopId::from).collect())
}

/// The shops that somebody keeps, the newest first.
pub async fn list(
    conn: &mut Conn,
    account: AccountId,
    limit: i64,
) -> Result<Vec<FavoriteShop>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT
            s.id,
            s.name,
            s.logo_url,
            s.address_display,
            s.visibility::text AS "visibility!",
            s.status::text AS "status!"
        FROM favorites AS f
        INNER JOIN shops AS s ON s.id = f.shop_id
        WHERE f.account_id = $1
        ORDER BY f.created_at DESC, f.shop_id DESC
        LIMIT $2
        "#,
        account.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let shops = rows.into_iter().map(|row| FavoriteShop {
        shop: row.id.into(),
        name: row.name,
        logo_url: row.logo_url,
        address_display: row.address_display,
        visibility: row.visibility,
        status: row.status,
    });
    Ok(shops.collect())
}
