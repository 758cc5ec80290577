//! The table `penalties`: what the platform before this one gave out. Nothing is added here.

use std::collections::HashMap;

use avvivo_kernel::{ShopId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// How many of a shop are shown.
const SHOWN: i64 = 50;

/// A penalty of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Which one.
    pub id: Uuid,
    /// What for.
    pub reason: String,
    /// When it was given.
    pub created_at: Timestamp,
    /// Whether it was still in force.
    pub active: bool,
}

/// The penalties of these shops, those that have any: of each the newest, at most fifty.
pub async fn list(
    conn: &mut Conn,
    shops: &[ShopId],
) -> Result<HashMap<ShopId, Vec<Penalty>>, DbError> {
    let ids: Vec<Uuid> = shops.iter().map(|shop| shop.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"
        SELECT newest.shop_id, newest.id, newest.reason, newest.created_at, newest.active
        FROM unnest($1::uuid []) AS s (id)
        CROSS JOIN LATERAL (
            SELECT p.shop_id, p.id, p.reason, p.created_at, p.active
            FROM penalties AS p
            WHERE p.shop_id = s.id
            ORDER BY p.created_at DESC, p.id DESC
            LIMIT $2
        ) AS newest
        ORDER BY newest.created_at DESC, newest.id DESC
        "#,
        &ids,
        SHOWN,
    )
    .fetch_all(conn)
    .await?;
    let mut penalties: HashMap<ShopId, Vec<Penalty>> = HashMap::new();
    for row in rows {
        penalties
            .entry(row.shop_id.into())
            .or_default()
            .push(Penalty {
                id: row.id,
                reason: row.reason,
                created_at: row.created_at,
                active: row.active,
            });
    }
    Ok(penalties)
}
